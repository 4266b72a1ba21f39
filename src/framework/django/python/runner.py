"""Runs the app's own collectstatic into a folder of the build, and reports what it saw.

    python runner.py REQUEST.json

One start of the app's Django does it all. The runner reports facts and decides nothing but the storage
that collects. Everything it needs to change is changed between the app's settings and Django: manage.py,
the settings module and the command are the app's own.
"""

import atexit
import gc
import json
import os
import platform
import py_compile
import re
import runpy
import socket
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import static_assets_hook as hook  # noqa: E402

sys.path.remove(HERE)

# The app may have a module called `runner`: ours goes by a name of its own.
NAME = "static_assets_runner"

URL_VARIABLES = (
    "STATIC_URL",
    "STATIC_ASSETS_VERSION",
    "RELEASE_VERSION",
    "DJANGO_STATIC_URL",
    "STATIC_HOST",
    "DJANGO_STATIC_HOST",
)
SECRET_KEYS = ("SECRET_KEY", "DJANGO_SECRET_KEY")

PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
# Compressing takes most of the time of a collectstatic; the names and contents are those of the parent.
WITHOUT_COMPRESSION = {
    "whitenoise.storage.CompressedStaticFilesStorage": PLAIN,
    "whitenoise.storage.CompressedManifestStaticFilesStorage": MANIFEST,
}
NAMING_ATTRIBUTES = (
    "manifest_name",
    "manifest_strict",
    "keep_intermediate_files",
    "max_post_process_passes",
    "support_js_module_import_aggregation",
)
NAMING_METHODS = ("file_hash", "hashed_name", "stored_name")

COMPRESSOR_STORAGES = {
    "COMPRESS_STORAGE": "compressor.storage.CompressorFileStorage",
    "COMPRESS_OFFLINE_MANIFEST_STORAGE": "compressor.storage.OfflineManifestFileStorage",
}
ABSOLUTE_FILTER = "compressor.filters.css_default.CssAbsoluteFilter"
RELATIVE_FILTER = "compressor.filters.css_default.CssRelativeFilter"

SAMPLES = 8

current = None


class Environment(os._Environ):
    """os.environ that notes which variables are asked for by name.

    A copy of the whole environment asks for all of them, one after the other in the order of iteration.
    """

    # Instances are made by changing the class of os.environ, which modules hold references to.
    asked = set()
    quiet = False
    upcoming = ()

    @classmethod
    def observe(cls):
        os.environ.__class__ = cls

    def __iter__(self):
        names = list(super().__iter__())
        type(self).upcoming = names[::-1]
        return iter(names)

    def __getitem__(self, name):
        cls = type(self)
        if cls.upcoming and cls.upcoming[-1] == name:
            cls.upcoming.pop()
        elif not cls.quiet:
            cls.upcoming = ()
            cls.asked.add(name)
        try:
            return super().__getitem__(name)
        except KeyError as error:
            error.static_assets_variable = name
            raise


class NetworkBlocked(BaseException):
    """Not an Exception: clients of object stores catch those and retry for a minute or more."""


class NoNetwork:
    def __enter__(self):
        self.saved = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

        def refuse(*args, **kwargs):
            raise NetworkBlocked("the storage asks the network for a URL")

        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse

    def __exit__(self, *exception):
        socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = self.saved


class Run:
    """One collectstatic: the settings on their way in, the command, the facts on their way out."""

    def __init__(self, request):
        self.request = request
        self.into = request["into"]
        # None: nothing is published. The app then keeps its URLs, and gets no hook.
        self.url = request["url"]
        self.own = {}
        self.storage = None
        self.collector = None
        self.compressor_settings = {}
        self.dummies = {}
        self.step = "start"
        self.since = time.monotonic()
        self.report = {
            "python": platform.python_version(),
            "django": None,
            "settings_module": None,
            "debug": False,
            "static_url": {"own": None},
            "static_root": None,
            "static_root_holds_sources": False,
            "storage": None,
            "ignored_staticfiles_storage": None,
            "whitenoise": False,
            "compressor": None,
            "read": [],
            "dummies": [],
            "inject": {"storage": None, "static_root": False, "baked": "{}"},
            "runtime_files": [],
            "by_products": [],
            "checks": [],
            "emission": {
                "own": {"samples": [], "error": None},
                "injected": {"samples": [], "error": None},
            },
            "collected": False,
            "compressed": False,
            "seconds": {"settings": 0.0, "collect": 0.0, "compress": 0.0},
            "failure": None,
        }

    def install(self):
        global current
        current = self
        sys.modules[NAME] = sys.modules[__name__]
        for name in SECRET_KEYS:
            if name not in os.environ:
                os.environ[name] = self.dummies[name] = random_secret()
        Environment.observe()
        hook.install(on_settings=self.on_settings)
        hook.watch("django.core.management", self.on_management)
        hook.watch("compressor.conf", self.on_compressor)

    def on_settings(self, settings):
        names = ("STATIC_ROOT", "STATIC_URL", "STORAGES", "STATICFILES_STORAGE", "COMPRESS_URL", "COMPRESS_ROOT")
        self.own = {name: getattr(settings, name) for name in names if hasattr(settings, name)}
        self.describe_settings(settings)
        settings.STATIC_ROOT = hook.like(settings.STATIC_ROOT, self.into)
        if self.own_entry():
            hook.set_staticfiles_storage(settings, dict(self.own_entry(), BACKEND=NAME + ".collecting_storage"))
        if self.url:
            settings.STATIC_URL = self.url
            if hook.same_url(self.own.get("COMPRESS_URL"), self.own["STATIC_URL"]):
                settings.COMPRESS_URL = self.url
        if not settings.SECRET_KEY:
            settings.SECRET_KEY = random_secret()

    def describe_settings(self, settings):
        import django

        report = self.report
        report["settings_module"] = getattr(settings, "SETTINGS_MODULE", None)
        report["debug"] = bool(settings.DEBUG)
        report["static_url"] = {"own": effective_url(settings)}
        report["static_root"] = absolute(settings.STATIC_ROOT)
        report["whitenoise"] = "whitenoise.middleware.WhiteNoiseMiddleware" in (settings.MIDDLEWARE or ())
        legacy = settings.is_overridden("STATICFILES_STORAGE")
        if legacy and django.VERSION >= (5, 1):
            report["ignored_staticfiles_storage"] = settings.STATICFILES_STORAGE
            legacy = False
        self.storage_setting = (
            "STATICFILES_STORAGE" if legacy else "STORAGES" if settings.is_overridden("STORAGES") else "default"
        )
        for name, value in self.dummies.items():
            if settings.SECRET_KEY == value:
                Environment.asked.add(name)

    def own_entry(self):
        """The staticfiles storage of the app's settings, as STORAGES has it since Django 4.2."""
        if "STORAGES" in self.own:
            return self.own["STORAGES"].get("staticfiles")
        return {"BACKEND": self.own["STATICFILES_STORAGE"]}

    def own_root(self):
        """Where the app's own storage looks for files at run time."""
        options = (self.own_entry() or {}).get("OPTIONS") or {}
        return absolute(options.get("location")) or self.report["static_root"]

    def collecting_storage(self, options):
        # Only now, because the module of the storage may need the settings, or the apps to be loaded.
        self.storage = Storage(self.own_entry()["BACKEND"])
        self.report["storage"] = dict(self.storage.describe(), setting=self.storage_setting)
        for name in ("location", "base_url") if self.url else ("location",):
            options.pop(name, None)
        return self.storage.collector(options, self.into)

    def on_compressor(self, module):
        from django.conf import settings
        from django.utils.module_loading import import_string

        settings.COMPRESS_ROOT = self.into
        for name, local in COMPRESSOR_STORAGES.items():
            own = getattr(settings, name, local)
            if own != local and not is_local(import_string(own)):
                self.compressor_settings[name] = local
                setattr(settings, name, local)
        if self.url:
            self.compress_for_publishing(settings)

    def compress_for_publishing(self, settings):
        """Compressed files that are the same in every build, and link to the published ones."""
        if settings.COMPRESS_CSS_HASHING_METHOD == "mtime":
            settings.COMPRESS_CSS_HASHING_METHOD = "content"
        if isinstance(settings.COMPRESS_FILTERS, dict):
            settings.COMPRESS_FILTERS = {
                kind: [RELATIVE_FILTER if name == ABSOLUTE_FILTER else name for name in filters]
                for kind, filters in settings.COMPRESS_FILTERS.items()
            }
        if isinstance(settings.COMPRESS_OFFLINE_CONTEXT, dict):
            settings.COMPRESS_OFFLINE_CONTEXT = {
                name: self.url if value == self.own["STATIC_URL"] else value
                for name, value in settings.COMPRESS_OFFLINE_CONTEXT.items()
            }

    def on_management(self, management):
        original = management.ManagementUtility.execute
        if hasattr(original, "static_assets"):
            return

        def execute(utility):
            if utility.argv[1:2] == ["collectstatic"]:
                self.execute(utility, original)
            else:
                original(utility)

        execute.static_assets = True
        management.ManagementUtility.execute = execute

    def execute(self, utility, original):
        from django.conf import settings

        fetch_command = utility.fetch_command

        def fetch_and_begin(name):
            if settings.configured:
                self.begin("collectstatic", "settings")
            return fetch_command(name)

        utility.fetch_command = fetch_and_begin
        try:
            self.step = "settings"
            original(utility)
            self.report["collected"] = True
            self.collector = used_storage()
            self.names = sample(self.collector, self.into)
            self.begin("compress", "collect")
            self.compress(utility, fetch_command)
            self.begin("done", "compress")
            self.observe()
        except BaseException as error:
            self.fail(error)
            raise

    def begin(self, step, ended):
        now = time.monotonic()
        self.report["seconds"][ended] = round(now - self.since, 3)
        self.step, self.since = step, now

    def compress(self, utility, fetch_command):
        from django.conf import settings
        from django.core.management import get_commands

        enabled = bool(getattr(settings, "COMPRESS_ENABLED", False))
        offline = bool(getattr(settings, "COMPRESS_OFFLINE", False))
        if "compress" not in get_commands() or not hasattr(settings, "COMPRESS_OUTPUT_DIR"):
            return
        self.report["compressor"] = {"enabled": enabled, "offline": offline}
        if enabled and offline:
            fetch_command("compress").run_from_argv([utility.argv[0], "compress"])
            self.report["compressed"] = True
            self.sort_manifest(compressor_manifest())

    def sort_manifest(self, path):
        """django-compressor's threads fill it in another order each time, which would make another version."""
        path = os.path.join(self.into, path)
        with open(path) as file:
            manifest = json.load(file)
        with open(path, "w") as file:
            json.dump(manifest, file, indent=2, sort_keys=True)

    def observe(self):
        """What Django says about the collected files and their URLs: no failure of the app's."""
        self.report["checks"] = staticfiles_checks()
        self.report["static_root_holds_sources"] = holds_sources(self.report["static_root"])
        self.report["by_products"] = by_products(self.into, source_names)
        moved = self.describe_runtime_files()
        if self.url:
            self.bake(moved)
            self.report["emission"] = Emission(self).measure()
            self.write_hook()

    def describe_runtime_files(self):
        """Which collected files the app reads by itself; returns the settings that only the hook can make true."""
        moved = {}
        for path, setting, root in self.runtime_files():
            if not self.in_image(root):
                if not self.url:
                    continue
                moved[setting] = self.request["folder_beside_hook"]
                root = os.path.normpath(os.path.join(self.request["inject_at"], moved[setting]))
            self.report["runtime_files"].append({"path": path, "destination": os.path.join(root, path)})
        return moved

    def bake(self, moved):
        self.baked = dict(self.storage.baked() if self.storage else {})
        if moved:
            self.baked["folders"] = moved
        if self.compressor_settings:
            self.baked["settings"] = self.compressor_settings
        self.report["inject"] = {
            "storage": self.baked.get("storage"),
            "static_root": bool(moved),
            "baked": repr(self.baked),
        }

    def runtime_files(self):
        manifest = getattr(self.collector, "manifest_name", None)
        if manifest and os.path.isfile(os.path.join(self.into, manifest)):
            yield manifest, "STATIC_ROOT", self.own_root()
        if self.report["compressed"]:
            manifest = compressor_manifest()
            root = absolute(self.own.get("COMPRESS_ROOT"))
            yield manifest, "COMPRESS_ROOT" if root else "STATIC_ROOT", root or self.report["static_root"]

    def write_hook(self):
        """The hook as it is at launch, compiled: every start of Python would do that otherwise.

        The byte code is checked against no time, because the lifecycle resets those.
        """
        folder = self.request["inject"]
        path = os.path.join(folder, "static_assets_hook.py")
        with open(path) as file:
            source = file.read()
        with open(path, "w") as file:
            source = source.replace("BAKED = {}", "BAKED = " + repr(self.baked), 1)
            file.write(source.replace("PIN = None", "PIN = " + repr(self.request["pin"]), 1))
        for name in ("sitecustomize.py", "static_assets_hook.py"):
            # Python puts its path in when it loads it.
            py_compile.compile(
                os.path.join(folder, name),
                dfile=name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )

    def in_image(self, folder):
        app = os.path.realpath(self.request["app"])
        return bool(folder) and os.path.join(os.path.realpath(folder), "").startswith(os.path.join(app, ""))

    def fail(self, error):
        if self.report["failure"] is None:
            self.report["failure"] = Failure(error, self.request["app"]).describe(self)

    def write(self):
        """Atomic: a reader finds the whole report or none."""
        django = sys.modules.get("django")
        self.report["django"] = django.get_version() if hasattr(django, "get_version") else None
        self.report["read"] = [name for name in URL_VARIABLES if name in Environment.asked]
        self.report["dummies"] = [name for name in self.dummies if name in Environment.asked]
        path = self.request["report"]
        descriptor, scratch = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".report")
        # File names and messages may hold what no UTF-8 can.
        text = json.dumps(self.report, default=str, ensure_ascii=False)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
        os.replace(scratch, path)


class Storage:
    """A staticfiles storage class of the app, judged without an instance: S3ManifestStaticStorage asks S3 for one."""

    def __init__(self, backend):
        from django.contrib.staticfiles.storage import ManifestFilesMixin
        from django.utils.module_loading import import_string

        self.own = import_string(backend)
        self.mro = [dotted(cls) for cls in self.own.__mro__ if cls is not object]
        self.local = is_local(self.own)
        self.manifest = issubclass(self.own, ManifestFilesMixin)
        self.naming = {} if self.local else overridden(self.own, NAMING_ATTRIBUTES)
        self.collected_with = self.choose()

    def choose(self):
        from django.conf import settings

        if not self.local:
            return MANIFEST if self.manifest else PLAIN
        if getattr(settings, "WHITENOISE_KEEP_ONLY_HASHED_FILES", False):
            return dotted(self.own)
        return WITHOUT_COMPRESSION.get(dotted(self.own), dotted(self.own))

    def collector(self, options, into):
        from django.utils.module_loading import import_string

        cls = self.own if self.collected_with == dotted(self.own) else import_string(self.collected_with)
        if self.naming:
            cls = type(cls.__name__, (cls,), dict(self.naming))
        storage = cls(**(options if self.local else {}))
        relocate(storage, into)
        return storage

    def baked(self):
        if self.local:
            return {}
        baked = {"storage": self.collected_with}
        if self.naming:
            baked["naming"] = self.naming
        return baked

    def describe(self):
        return {
            "own": dotted(self.own),
            "classes": self.mro,
            "local": self.local,
            "manifest": self.manifest,
            "collected_with": self.collected_with,
            "naming": self.naming,
            "naming_methods": [] if self.local else sorted(overridden(self.own, NAMING_METHODS)),
        }


class Emission:
    """What `static()` gives for some of the collected names, asked from fresh storages in the launch environment."""

    def __init__(self, run):
        self.run = run

    def measure(self):
        from django.conf import settings

        self.restore(settings)
        own = self.samples()
        Environment.quiet = True
        hook.BAKED = self.run.baked
        # The hook stays out of collectstatic; and it sees DEBUG when the settings load, not what becomes of it.
        argv, debug = sys.argv, settings.DEBUG
        sys.argv, settings.DEBUG = argv[:1], self.run.report["debug"]
        try:
            hook.apply(settings._wrapped)
        finally:
            sys.argv, settings.DEBUG = argv, debug
        settings._wrapped = settings._wrapped  # clears the cached values
        if self.moved_root():
            settings.STATIC_ROOT = self.run.into
        return {"own": own, "injected": self.samples()}

    def restore(self, settings):
        for name in ("STATIC_ROOT", "STATIC_URL", "STORAGES", "STATICFILES_STORAGE"):
            if name in self.run.own:
                set_quietly(settings, name, self.run.own[name])
        # The files get there after this process has ended.
        if self.run.in_image(self.run.own_root()):
            settings.STATIC_ROOT = hook.like(settings.STATIC_ROOT, self.run.into)

    def samples(self):
        samples = []
        try:
            with NoNetwork():
                storage = self.fresh_storage()
                for name in self.run.names:
                    samples.append({"name": name, "url": str(storage.url(name))})
        except (Exception, NetworkBlocked) as error:
            return {"samples": samples, "error": "%s: %s" % (type(error).__name__, error)}
        return {"samples": samples, "error": None}

    def fresh_storage(self):
        from django.conf import settings
        from django.utils.module_loading import import_string

        if hasattr(settings, "STORAGES"):
            entry = settings.STORAGES["staticfiles"]
        else:
            entry = {"BACKEND": settings.STATICFILES_STORAGE}
        return import_string(entry["BACKEND"])(**self.options(entry))

    def options(self, entry):
        options = dict(entry.get("OPTIONS") or {})
        location = absolute(options.get("location"))
        if location and (self.run.in_image(location) or location == self.moved_root()):
            options["location"] = self.run.into
        return options

    def moved_root(self):
        moved = self.run.baked.get("folders", {}).get("STATIC_ROOT")
        return moved and hook.beside(moved)


class Failure:
    def __init__(self, error, app):
        # Commands print a CommandError and exit while they handle it.
        context = error.__context__
        if isinstance(error, SystemExit) and context is not None:
            error = unknown_command() if context.args == ("collectstatic",) else context
        self.error = error
        self.app = os.path.realpath(app)

    def describe(self, run):
        return {
            "step": run.step,
            "type": dotted(type(self.error)),
            "mro": [dotted(cls) for cls in type(self.error).__mro__ if cls is not object],
            "message": self.message(),
            "missing_module": self.missing_module(),
            "missing_variable": self.missing_variable(),
            "file": self.file(),
        }

    def message(self):
        return "\n".join([str(self.error), *getattr(self.error, "__notes__", ())])

    def chain(self):
        error, seen = self.error, set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            error = error.__cause__ or error.__context__

    def missing_module(self):
        if not isinstance(self.error, ImportError):
            return None
        if isinstance(self.error, ModuleNotFoundError) and self.error.name:
            return self.error.name
        found = re.match(r"No module named '?([\w.]+)", str(self.error))
        return found and found.group(1)

    def missing_variable(self):
        message = str(self.error)
        for error in self.chain():
            name = getattr(error, "static_assets_variable", None)
            if name and name in message:
                return name
        for pattern in MISSING_VARIABLE:
            found = re.search(pattern, message)
            if found:
                return found.group(1)
        return self.missing_field()

    def missing_field(self):
        """pydantic: the variable of the first missing field of a BaseSettings."""
        try:
            missing = [e["loc"][0] for e in self.error.errors() if e["type"] in ("missing", "value_error.missing")]
        except Exception:
            return None
        if not missing:
            return None
        prefix = ""
        for frame in frames(self.error):
            model = next((value for name, value in frame.f_locals.items() if name.endswith("self__")), None)
            prefix = getattr(type(model), "model_config", {}).get("env_prefix", "") or prefix
        return (prefix + str(missing[0])).upper()

    def file(self):
        """The innermost line of the app itself, as `path:line`."""
        for error in self.chain():
            lines = []
            traceback = error.__traceback__
            while traceback:
                path = os.path.realpath(traceback.tb_frame.f_code.co_filename)
                if path.startswith(os.path.join(self.app, "")) and "site-packages" not in path and os.path.isfile(path):
                    lines.append("%s:%d" % (os.path.relpath(path, self.app), traceback.tb_lineno))
                traceback = traceback.tb_next
            if lines:
                return lines[-1]
        return None


MISSING_VARIABLE = (
    # django-environ, and the helper that many projects copy from "Two Scoops of Django"
    r"[Ss]et the (\w+) env(?:ironment)? variable",
    # python-decouple
    r"^(\w+) not found\. Declare it as envvar",
    # environs
    r"Environment variable \"?(\w+)\"? (?:not )?(?:set|invalid)",
    # django-configurations
    r"environment variable '(\w+)'",
    r"The (SECRET_KEY) setting must not be empty",
)


def unknown_command():
    """What Django prints without an exception before it exits."""
    from django.conf import settings
    from django.core.management import CommandError

    prefix = "" if settings.configured else "No Django settings specified. "
    return CommandError(prefix + "Unknown command: 'collectstatic'")


def collecting_storage(**options):
    """The staticfiles storage while collecting."""
    return current.collecting_storage(options)


def used_storage():
    """The instance that the command collected with."""
    from django.contrib.staticfiles.storage import staticfiles_storage

    return staticfiles_storage


def is_local(cls):
    from django.core.files.storage import FileSystemStorage

    return isinstance(cls, type) and issubclass(cls, FileSystemStorage)


def overridden(cls, names):
    """The attributes among `names` that a class outside of Django gives another value."""
    found = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith("django."):
            found.update({name: vars(base)[name] for name in names if name in vars(base)})
    return found


def relocate(storage, into):
    """A subclass may choose its folder by itself."""
    if os.path.realpath(storage.location) != os.path.realpath(into):
        storage._location = into
        for name in ("base_location", "location"):
            vars(storage).pop(name, None)


def sample(storage, into):
    """Names of different types first, as templates write them: without hashes."""
    names = sorted(name for name in getattr(storage, "hashed_files", None) or files_below(into) if is_text(name))
    by_type = {}
    for name in names:
        by_type.setdefault(os.path.splitext(name)[1], []).append(name)
    preferred = [".css", ".js", ".svg", ".woff2", ".woff", ".ttf", ".png"]
    types = sorted(by_type, key=lambda kind: (preferred.index(kind) if kind in preferred else len(preferred), kind))
    firsts = [by_type[kind][0] for kind in types]
    return (firsts + [name for name in names if name not in firsts])[:SAMPLES]


def is_text(name):
    return name.encode("utf-8", "ignore").decode() == name


def files_below(folder):
    for parent, _, files in os.walk(folder):
        for name in files:
            yield os.path.relpath(os.path.join(parent, name), folder)


def by_products(folder, sources):
    """The .gz and .br that a storage or a filter made of a file beside them; an app may have its own."""
    compressed = [name for name in files_below(folder) if name.endswith((".gz", ".br"))]
    beside = [name for name in compressed if os.path.exists(os.path.join(folder, name[:-3]))]
    return sorted(set(beside) - sources()) if beside else []


def compressor_manifest():
    from django.conf import settings

    return os.path.join(settings.COMPRESS_OUTPUT_DIR.strip("/"), settings.COMPRESS_OFFLINE_MANIFEST)


def holds_sources(folder):
    """Whether files are collected from below the folder that they are collected into."""
    from django.contrib.staticfiles.finders import get_finders

    storages = (storage for finder in get_finders() for storage in getattr(finder, "storages", {}).values())
    roots = (getattr(storage, "location", None) for storage in storages)
    return bool(folder) and any(is_below(root, folder) for root in roots if root)


def is_below(path, folder):
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(folder), ""))


def source_names():
    """What collectstatic collects, before any storage makes more of it."""
    from django.contrib.staticfiles.finders import get_finders

    return {
        os.path.join(storage.prefix, path) if getattr(storage, "prefix", None) else path
        for finder in get_finders()
        for path, storage in finder.list(["CVS", ".*", "*~"])
    }


def staticfiles_checks():
    from django.core import checks

    messages = checks.run_checks(tags=[checks.Tags.staticfiles])
    return [{"id": m.id, "level": m.level, "message": str(m.msg), "hint": m.hint and str(m.hint)} for m in messages]


def effective_url(settings):
    """As django.conf.settings gives it: with the script name, when relative."""
    url = settings.STATIC_URL
    if url is None or str(url).startswith(("http://", "https://", "/")):
        return url if url is None else str(url)
    return (settings.FORCE_SCRIPT_NAME or "").rstrip("/") + "/" + str(url)


def set_quietly(settings, name, value):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        setattr(settings, name, value)


def absolute(path):
    return os.path.abspath(str(path)) if path else None


def dotted(cls):
    return cls.__qualname__ if cls.__module__ == "builtins" else "%s.%s" % (cls.__module__, cls.__qualname__)


def random_secret():
    return "dummy-while-collecting-" + uuid.uuid4().hex * 2


def frames(error):
    traceback = error.__traceback__
    while traceback:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def load_request(path):
    with open(path) as file:
        return json.load(file)


def main(path):
    run = Run(load_request(path))
    run.install()
    try:
        run_app(run.request["manage"])
        if not run.report["collected"]:
            raise RuntimeError("%s did not run collectstatic" % (run.request["manage"] or "python -m django"))
        return 0
    except SystemExit as error:
        if error.code in (None, 0) and run.report["collected"]:
            return 0
        run.fail(error)
        if isinstance(error.code, str):
            sys.stderr.write(error.code + "\n")
        return 1
    except BaseException as error:
        run.fail(error)
        error.__traceback__ = without_us(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    finally:
        run.write()


def run_app(manage):
    in_place_of_ours = sys.path and os.path.abspath(sys.path[0]) == HERE
    folder = os.getcwd() if manage is None else os.path.dirname(os.path.realpath(manage))
    sys.path[: 1 if in_place_of_ours else 0] = [folder]
    sys.argv = [manage or "django", "collectstatic", "--noinput"]
    if manage is None:
        runpy.run_module("django", run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(manage, run_name="__main__")


def without_us(traceback):
    """The traceback that the app's own command would have printed."""
    if traceback is None:
        return None
    rest = without_us(traceback.tb_next)
    path = traceback.tb_frame.f_code.co_filename
    if os.path.dirname(path) == HERE or "runpy" in os.path.basename(path):
        return rest
    traceback.tb_next = rest
    return traceback


def attach():
    """Does the same in a process that runs collectstatic for a command of the user's."""
    run = Run(load_request(os.environ["STATIC_ASSETS_RUNNER_REQUEST"]))
    run.install()
    del sys.modules[__name__]
    excepthook = sys.excepthook

    def fail(kind, error, traceback):
        run.fail(error)
        excepthook(kind, error, traceback)

    sys.excepthook = fail
    atexit.register(run.write)


if __name__ == "__main__":
    status = main(sys.argv[1])
    # Python's end then searches nothing of what Django holds for garbage: that takes as long as collecting.
    gc.freeze()
    sys.exit(status)
