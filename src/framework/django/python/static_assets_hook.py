"""Makes a Django app link to the published static files if its settings ignore STATIC_URL.

Every Python process of the image runs this when it starts. So it imports nothing but sys and os before Django is
imported, and it never breaks a start. Python 2.7 syntax.
"""

import os
import sys

# The build writes here what differs from the app's own settings besides STATIC_URL.
BAKED = {}
# The build writes here the path of a file: the environment of a process that the image's entrypoint does not start.
PIN = None

_watched = {}


def install(on_settings=None):
    """Calls `on_settings` (default: `apply`) with every settings object that Django makes."""
    if on_settings is None:
        if os.environ.get("STATIC_ASSETS_INJECT") == "off" or not os.environ.get("STATIC_URL"):
            return
        on_settings = apply
    watch("django.conf", lambda conf: _patch(conf, on_settings))


def load_pin():
    """Sets the variables that the image's entrypoint sets (see src/launch/pin.rs). Never raises."""
    try:
        if PIN and os.path.isfile(PIN):
            import io

            with io.open(PIN, encoding="utf-8") as file:
                _apply_pin(str(file.read()).splitlines())
    except Exception as error:
        _complain(error)


def _apply_pin(lines):
    pin = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    version, base = pin.get("STATIC_ASSETS_VERSION"), os.environ.get("STATIC_ASSETS_PUBLIC_URL", "").rstrip("\r\n")
    if version and "STATIC_URL" in pin and _is_base(base):
        pin["STATIC_URL"] = "%s/%s/" % (base.rstrip("/"), version)
    for name, value in pin.items():
        if name == "STATIC_ASSETS_VERSION" or not os.environ.get(name):
            os.environ[name] = value


def _is_base(url):
    """Follows the rule of src/launch/pin.rs."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    host = url.split("://", 1)[1][:1] if url.startswith(("https://", "http://")) else ""
    is_plain = all(letter in letters + "/:.%_~+=,-" for letter in url)
    return is_plain and (is_path(url) or (host != "" and host in letters))


def watch(name, callback):
    """Calls back with the module `name` after each execution of it, and now if it is already imported."""
    if sys.version_info < (3, 4):
        return
    _watched[name] = callback
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if name in sys.modules:
        _notify(name, sys.modules[name])


class _Finder(object):
    """Stays on sys.meta_path, because a module that is reloaded needs its patch again."""

    def __init__(self):
        self.finding = set()

    def find_spec(self, name, path=None, target=None):
        # While we ask other import hooks (wrapt, ddtrace, newrelic), they ask all of sys.meta_path again.
        if name not in _watched or name in self.finding:
            return None
        self.finding.add(name)
        try:
            for finder in list(sys.meta_path):
                find_spec = getattr(finder, "find_spec", None)
                spec = find_spec(name, path, target) if find_spec and finder is not self else None
                if spec is not None:
                    _notify_after_exec(spec.loader, name)
                    return spec
        finally:
            self.finding.discard(name)
        return None


def _notify_after_exec(loader, name):
    # The loader itself stays in place, so module.__loader__ and its resources stay as they were.
    try:
        exec_module = loader.exec_module

        def exec_and_notify(module):
            exec_module(module)
            if module.__name__ == name:
                _notify(name, module)

        loader.exec_module = exec_and_notify
    except Exception as error:
        _complain(error)


def _notify(name, module):
    try:
        _watched[name](module)
    except Exception as error:
        _complain(error)


def _patch(conf, on_settings):
    _call_after(conf.Settings, "__init__", lambda settings: on_settings(settings))
    _call_after(conf.LazySettings, "configure", lambda lazy: on_settings(lazy._wrapped))


def _call_after(owner, name, callback):
    original = getattr(owner, name)
    if hasattr(original, "static_assets"):
        original.static_assets["callback"] = callback
        return
    state = {"callback": callback}

    def wrapper(self, *args, **kwargs):
        original(self, *args, **kwargs)
        state["callback"](self)

    wrapper.__name__, wrapper.__doc__, wrapper.__wrapped__ = name, original.__doc__, original
    wrapper.static_assets = state
    setattr(owner, name, wrapper)


def apply(settings):
    """Points `settings` at STATIC_URL of the environment. Never raises."""
    try:
        _keep_manifest()
        if not _stays_out(settings):
            _compare_storage(settings)
            _apply_url(settings, os.environ["STATIC_URL"].rstrip("/") + "/")
            _apply_baked(settings)
    except Exception as error:
        _complain(error)


def _stays_out(settings):
    return (
        settings.DEBUG
        or _command() in (["test"], ["collectstatic"])
        or "pytest" in sys.modules
        or "_pytest" in sys.modules
        or any(name.startswith("PYTEST_") for name in os.environ)
        or os.environ.get("STATIC_ASSETS_INJECT") == "off"
        or not os.environ.get("STATIC_URL")
    )


def _keep_manifest():
    """Ends a collectstatic of the running app: its manifest would name files that the build did not publish."""
    is_pinned = os.environ.get("STATIC_ASSETS_VERSION") and os.environ.get("STATIC_ASSETS_INJECT") != "off"
    if is_pinned and BAKED.get("manifest") and _command() == ["collectstatic"]:
        _say("collectstatic was skipped: the build has collected and published the files of this image")
        sys.exit(0)


def _compare_storage(settings):
    """Settings may choose the storage by a variable that only the running app has."""
    checked, used = BAKED.get("checked"), backend(settings)
    if checked and used != checked:
        _say(
            "the running app uses the staticfiles storage %s, but the build checked the links of %s, so pages may link "
            "to files that are not there. Set the variable that chooses the storage in the build, too, then build "
            'again: STATIC_ASSETS_BUILD_ENV="NAME=value"' % (used, checked)
        )


def _command():
    program = os.path.basename(sys.argv[0]) if getattr(sys, "argv", None) else ""
    return sys.argv[1:2] if program.startswith(("manage", "django-admin", "__main__")) else []


def _apply_url(settings, url):
    own = settings.STATIC_URL
    own = "" if own is None else str(own)
    version = os.environ.get("STATIC_ASSETS_VERSION")
    if is_path(url) and not (version and "/%s/" % version in url):
        # The fallback: STATIC_URL=/static/ serves from the app again, at the path where the app serves.
        if not own or "//" not in own:
            return
    elif own != url:
        # WhiteNoise and its fork would serve at the path of the new URL only.
        # https://whitenoise.readthedocs.io/en/stable/django.html#WHITENOISE_STATIC_PREFIX
        for name in ("WHITENOISE_STATIC_PREFIX", "SERVESTATIC_STATIC_PREFIX"):
            if not hasattr(settings, name):
                setattr(settings, name, local_prefix(settings, own))
    settings.STATIC_URL = url
    if same_url(getattr(settings, "COMPRESS_URL", None), own):
        settings.COMPRESS_URL = url
    if same_url(_options(settings).get("base_url"), own):
        _set_option(settings, "base_url", url)


def same_url(one, other):
    return bool(one) and str(one).rstrip("/") == str(other).rstrip("/")


def is_path(url):
    return url.startswith("/") and not url.startswith("//")


def local_prefix(settings, url):
    from urllib.parse import urlparse

    path = urlparse(url).path
    script_name = (getattr(settings, "FORCE_SCRIPT_NAME", None) or "").rstrip("/")
    return path[len(script_name) :] if path.startswith(script_name) else path


def _apply_baked(settings):
    if "storage" in BAKED:
        set_staticfiles_storage(settings, {"BACKEND": _backend()})
    for name, folder in BAKED.get("folders", {}).items():
        setattr(settings, name, like(getattr(settings, name, None), beside(folder)))
        if name == "STATIC_ROOT" and "location" in _options(settings):
            _set_option(settings, "location", beside(folder))
    for name, value in BAKED.get("settings", {}).items():
        setattr(settings, name, value)


def beside(path):
    """Resolves a path relative to this file, because the app may run in another directory than it was built in."""
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), path))


def backend(settings):
    """The dotted name of the staticfiles storage in any Django version."""
    if hasattr(settings, "STORAGES"):
        return settings.STORAGES.get("staticfiles", {}).get("BACKEND")
    return getattr(settings, "STATICFILES_STORAGE", None)


def _options(settings):
    return getattr(settings, "STORAGES", {}).get("staticfiles", {}).get("OPTIONS") or {}


def _set_option(settings, name, value):
    options = dict(_options(settings))
    options[name] = value
    set_staticfiles_storage(settings, dict(settings.STORAGES["staticfiles"], OPTIONS=options))


def _backend():
    return __name__ + ".Storage" if BAKED.get("naming") else BAKED["storage"]


def __getattr__(name):
    """Makes the class `Storage`: the baked storage with the naming attributes of the app's own storage."""
    if name != "Storage":
        raise AttributeError(name)
    from django.utils.module_loading import import_string

    globals()[name] = type(name, (import_string(BAKED["storage"]),), dict(BAKED["naming"]))
    return globals()[name]


def set_staticfiles_storage(settings, entry):
    """Replaces the staticfiles storage in any Django version. The app's own dict stays as it is."""
    if hasattr(settings, "STORAGES"):
        settings.STORAGES = dict(settings.STORAGES, staticfiles=entry)
    if hasattr(settings, "STATICFILES_STORAGE"):
        # Not by setattr, which in Django 4.2 warns about the deprecated name.
        settings.__dict__["STATICFILES_STORAGE"] = entry["BACKEND"]


def like(own, path):
    """Converts `path` to the type of `own`: settings hold strings or pathlib paths."""
    return type(own)(path) if hasattr(own, "joinpath") else path


def chain_sitecustomize(path):
    """Runs the sitecustomize that the one at `path` hides: Python imports only the first on sys.path."""
    here = os.path.dirname(os.path.abspath(path))
    folders = [os.path.abspath(folder) for folder in sys.path]
    # Not those before ours: a wrapper such as newrelic-admin has already run, and runs ours.
    after = sys.path[folders.index(here) + 1 :] if here in folders else []
    after = [folder for folder in after if os.path.abspath(folder) != here]
    if sys.version_info < (3, 4):
        _chain_python2(after)
        return
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("sitecustomize", after)
    if spec is None or not hasattr(spec.loader, "exec_module"):
        return
    module = type(sys)("sitecustomize")
    module.__file__, module.__loader__, module.__spec__ = spec.origin, spec.loader, spec
    ours = sys.modules.get("sitecustomize")
    sys.modules["sitecustomize"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules["sitecustomize"] = ours
        raise


def _chain_python2(folders):
    import imp

    try:
        found = imp.find_module("sitecustomize", folders)
    except ImportError:
        return
    imp.load_module("sitecustomize", *found)


def _complain(error):
    _say("%s: %s" % (type(error).__name__, str(error).replace("\n", " ")))


def _say(text):
    try:
        sys.stderr.write("static-assets: %s\n" % text)
    except Exception:
        pass
