"""The app's own settings, and their redirection while collecting."""

import importlib.util
import os
import sys

import static_assets_hook as hook

from .environment import Environment, random_secret
from .paths import absolute

# The module that holds the staticfiles storage while collecting. The class keeps its name.
BACKENDS = __package__ + ".backend"
NAMES = (
    "STATIC_ROOT",
    "STATIC_URL",
    "STORAGES",
    "STATICFILES_STORAGE",
    "COMPRESS_URL",
    "COMPRESS_ROOT",
)


class AppSettings:
    def __init__(self, run):
        self.run = run
        self.own = {}
        self.storage_setting = "default"
        # The files of the modules that the settings import. Apps are not loaded yet when they run.
        self.modules = set()

    def redirect(self, settings):
        """Notes the app's own values, then makes collectstatic write into the build's directory."""
        self.own = {name: getattr(settings, name) for name in NAMES if hasattr(settings, name)}
        self.describe(settings)
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        self.modules = {os.path.realpath(file) for file in files if file}
        settings.STATIC_ROOT = hook.like(settings.STATIC_ROOT, self.run.into)
        if self.storage_entry():
            backend = "%s.%s" % (BACKENDS, self.storage_entry()["BACKEND"].rpartition(".")[2])
            hook.set_staticfiles_storage(settings, dict(self.storage_entry(), BACKEND=backend))
        if self.run.url:
            settings.STATIC_URL = self.run.url
            if hook.same_url(self.own.get("COMPRESS_URL"), self.own["STATIC_URL"]):
                settings.COMPRESS_URL = self.run.url
        if not settings.SECRET_KEY:
            settings.SECRET_KEY = random_secret()

    def describe(self, settings):
        import django

        report = self.run.report
        report["settings_module"] = getattr(settings, "SETTINGS_MODULE", None)
        report["debug"] = bool(settings.DEBUG)
        report["static_url"] = effective_url(settings, settings.STATIC_URL)
        report["own_path"] = own_path(settings, self.run.url)
        report["static_root"] = absolute(settings.STATIC_ROOT)
        report["storage_backend"] = (self.storage_entry() or {}).get("BACKEND")
        legacy = settings.is_overridden("STATICFILES_STORAGE")
        if legacy and django.VERSION >= (5, 1):
            report["ignored_staticfiles_storage"] = settings.STATICFILES_STORAGE
            legacy = False
        current = "STORAGES" if settings.is_overridden("STORAGES") else "default"
        self.storage_setting = "STATICFILES_STORAGE" if legacy else current
        Environment.asked.update(name for name, value in self.run.dummies.items() if settings.SECRET_KEY == value)

    def storage_entry(self):
        """The staticfiles storage of the app's settings, as STORAGES has it since Django 4.2."""
        if "STORAGES" in self.own:
            return self.own["STORAGES"].get("staticfiles")
        return {"BACKEND": self.own["STATICFILES_STORAGE"]}

    def root(self, used):
        """Where the app's own storage looks for files at run time, given the one that collected."""
        own = absolute(getattr(used, "own_location", None))
        if own and own != absolute(self.run.into):
            return own
        options = (self.storage_entry() or {}).get("OPTIONS") or {}
        return absolute(options.get("location")) or self.run.report["static_root"]


def effective_url(settings, url):
    """STATIC_URL as django.conf.settings gives it: a relative one begins with the script name."""
    if url is None or str(url).startswith(("http://", "https://", "/")):
        return url if url is None else str(url)
    return (settings.FORCE_SCRIPT_NAME or "").rstrip("/") + "/" + str(url)


def own_path(settings, published):
    """Where the app serves its files by itself. Settings that read STATIC_URL give the published one."""
    own = settings.STATIC_URL
    own = effective_url(settings, Environment.default_url if hook.same_url(own, published) else own)
    return own.rstrip("/") + "/" if own and hook.is_path(own) else "/static/"


def static_server(settings, own_url, own_path):
    """What serves the files within the app: WhiteNoise, its fork, or a subclass of the app. `None` if nothing does."""
    for package, name in (("whitenoise", "WhiteNoise"), ("servestatic", "ServeStatic")):
        if has_middleware(settings, package + ".middleware"):
            setting = package.upper() + "_STATIC_PREFIX"
            # By itself, it serves at the path of STATIC_URL. The hook keeps that of settings that don't follow.
            served = getattr(settings, setting, None) or hook.local_prefix(settings, str(own_url))
            prefix = hook.local_prefix(settings, own_path)
            serves = str(served).strip("/") == prefix.strip("/")
            return {"name": name, "setting": setting, "prefix": prefix, "serves_own_path": serves}
    return None


def has_middleware(settings, module):
    from django.utils.module_loading import import_string

    if importlib.util.find_spec(module.partition(".")[0]) is None:
        return False
    for name in settings.MIDDLEWARE or ():
        try:
            bases = getattr(import_string(name), "__mro__", ())
        except Exception:
            continue
        if any(base.__module__ == module for base in bases):
            return True
    return False
