"""Which URLs `static()` gives: with the app's own settings, and with the hook."""

import os
import socket
import sys

import static_assets_hook as hook

from .environment import Environment
from .paths import files_under
from .storage import is_local, placed

SAMPLES = 8
FIRST_TYPES = [".css", ".js", ".svg", ".woff2", ".woff", ".ttf", ".png"]


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


class LinkCheck:
    """Asks fresh storages for the URLs of some collected files, in the environment of the running app."""

    def __init__(self, run, names, references, baked):
        self.run = run
        self.names = names
        self.references = references
        self.baked = baked

    def measure(self):
        from django.conf import settings

        self.restore(settings)
        own = self.samples()
        Environment.quiet = True
        hook.BAKED = self.baked
        # The hook does nothing during collectstatic. In the running app it sees DEBUG as the settings load.
        argv, debug = sys.argv, settings.DEBUG
        sys.argv, settings.DEBUG = argv[:1], self.run.report["debug"]
        try:
            hook.apply(settings._wrapped)
        finally:
            sys.argv, settings.DEBUG = argv, debug
        settings._wrapped = settings._wrapped  # clears the cached values
        return {"own_urls": own, "hooked_urls": self.samples()}

    def restore(self, settings):
        for name in ("STATIC_ROOT", "STATIC_URL", "STORAGES", "STATICFILES_STORAGE"):
            if name in self.run.settings.own:
                set_quietly(settings, name, self.run.settings.own[name])

    def samples(self):
        urls = {"samples": {}, "references": {}, "error": None}
        try:
            with NoNetwork():
                storage = self.fresh_storage()
                for name in self.names:
                    urls["samples"][name] = str(storage.url(name))
                for name in self.references:
                    urls["references"][name] = url_or_error(storage.url, name)
        except (Exception, NetworkBlocked) as error:
            urls["error"] = describe(error)
        return urls

    def fresh_storage(self):
        from django.conf import settings
        from django.utils.module_loading import import_string

        if hasattr(settings, "STORAGES"):
            entry = settings.STORAGES["staticfiles"]
        else:
            entry = {"BACKEND": settings.STATICFILES_STORAGE}
        cls = import_string(entry["BACKEND"])
        if is_local(cls):
            cls = placed(cls, self.place)
        return cls(**(entry.get("OPTIONS") or {}))

    def place(self, storage, own):
        """The build copies the files to these directories after this process has ended."""
        return self.run.into if own and (self.run.in_image(own) or own == self.moved_root()) else own

    def moved_root(self):
        moved = self.baked.get("folders", {}).get("STATIC_ROOT")
        return moved and hook.beside(moved)


def url_or_error(give, name):
    try:
        return {"url": str(give(name)), "error": None}
    except Exception as error:
        return {"url": None, "error": describe(error)}


def describe(error):
    return "%s: %s" % (type(error).__name__, error)


def choose_samples(storage, into):
    """Names as templates write them, without hashes. The first names are of different types."""
    names = sorted(name for name in getattr(storage, "hashed_files", None) or files_under(into) if is_text(name))
    by_type = {}
    for name in names:
        by_type.setdefault(os.path.splitext(name)[1], []).append(name)
    order = {kind: place for place, kind in enumerate(FIRST_TYPES)}
    firsts = [by_type[kind][0] for kind in sorted(by_type, key=lambda kind: (order.get(kind, len(order)), kind))]
    return (firsts + [name for name in names if name not in firsts])[:SAMPLES]


def is_text(name):
    return name.encode("utf-8", "ignore").decode() == name


def set_quietly(settings, name, value):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        setattr(settings, name, value)
