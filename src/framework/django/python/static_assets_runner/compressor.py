"""django-compressor: its settings while collecting, and `compress` after collectstatic."""

import json
import os
import threading

from .paths import absolute, is_inside
from .storage import is_local

LOCAL_STORAGES = {
    "COMPRESS_STORAGE": "compressor.storage.CompressorFileStorage",
    "COMPRESS_OFFLINE_MANIFEST_STORAGE": "compressor.storage.OfflineManifestFileStorage",
}
ABSOLUTE_FILTER = "compressor.filters.css_default.CssAbsoluteFilter"
RELATIVE_FILTER = "compressor.filters.css_default.CssRelativeFilter"


class Compressor:
    def __init__(self, run):
        self.run = run
        # The settings that the running app needs another value of.
        self.replaced = {}

    def on_conf(self, module):
        from django.conf import settings
        from django.utils.module_loading import import_string

        settings.COMPRESS_ROOT = self.run.into
        for name, local in LOCAL_STORAGES.items():
            # Newer versions look for an entry of STORAGES before they read the setting.
            alias = getattr(settings, name + "_ALIAS", None)
            entry = getattr(settings, "STORAGES", {}).get(alias) if alias else None
            own = entry["BACKEND"] if entry else getattr(settings, name, local)
            if own != local and not is_local(import_string(own)):
                self.replaced[name] = local
                if entry:
                    self.replaced[name + "_ALIAS"] = "static_assets_" + alias
        for name, value in self.replaced.items():
            setattr(settings, name, value)
        if self.run.url:
            self.prepare_for_publishing(settings)

    def prepare_for_publishing(self, settings):
        """Makes the compressed files the same in every build, with links to the published files."""
        if settings.COMPRESS_CSS_HASHING_METHOD == "mtime":
            settings.COMPRESS_CSS_HASHING_METHOD = "content"
        if isinstance(settings.COMPRESS_FILTERS, dict):
            settings.COMPRESS_FILTERS = {
                kind: [RELATIVE_FILTER if name == ABSOLUTE_FILTER else name for name in filters]
                for kind, filters in settings.COMPRESS_FILTERS.items()
            }
        if isinstance(settings.COMPRESS_OFFLINE_CONTEXT, dict):
            settings.COMPRESS_OFFLINE_CONTEXT = {
                name: self.run.url if value == self.run.settings.own["STATIC_URL"] else value
                for name, value in settings.COMPRESS_OFFLINE_CONTEXT.items()
            }

    def compress(self, program, fetch_command):
        from django.conf import settings
        from django.core.management import get_commands

        enabled = bool(getattr(settings, "COMPRESS_ENABLED", False))
        offline = bool(getattr(settings, "COMPRESS_OFFLINE", False))
        if "compress" not in get_commands() or not hasattr(settings, "COMPRESS_OUTPUT_DIR"):
            return
        precompilers = dict(getattr(settings, "COMPRESS_PRECOMPILERS", None) or ())
        if enabled:
            self.run.report["compressor"] = "build" if offline else "run_time"
        else:
            # Blocks of these types are compiled all the same.
            self.run.report["compressor"] = "precompiles" if precompilers else "never"
            self.run.report["precompiled_types"] = sorted(precompilers)
        if enabled and offline:
            with OfflineVariables() as variables:
                fetch_command("compress").run_from_argv([program, "compress", *engines(settings)])
            self.run.report["variables_of_blocks"] = sorted(variables.missing)
            self.run.step = "compressed"
            self.run.report["compressed"] = True
            self.sort_manifest(self.manifest())

    def sort_manifest(self, path):
        """The compressor's threads fill the manifest in another order each time, which would make another version."""
        with open(path) as file:
            manifest = json.load(file)
        with open(path, "w") as file:
            json.dump(manifest, file, indent=2, sort_keys=True)

    def manifest(self):
        """The path where `compress` has written the manifest."""
        from compressor import storage
        from django.conf import settings

        own = getattr(storage, "default_offline_manifest_storage", None)
        if own is not None:
            return own.path(settings.COMPRESS_OFFLINE_MANIFEST)
        directory = os.path.join(self.run.into, settings.COMPRESS_OUTPUT_DIR.strip("/"))
        return os.path.join(directory, settings.COMPRESS_OFFLINE_MANIFEST)

    def runtime_files(self):
        """The manifest, if it is a collected file, with the setting and the directory by which the app finds it."""
        from django.conf import settings

        path = self.manifest()
        if is_inside(path, self.run.into):
            alias = getattr(settings, "COMPRESS_OFFLINE_MANIFEST_STORAGE_ALIAS", None)
            own = None if alias == "staticfiles" else absolute(self.run.settings.own.get("COMPRESS_ROOT"))
            root = own or self.run.report["static_root"]
            yield os.path.relpath(path, self.run.into), "COMPRESS_ROOT" if own else "STATIC_ROOT", root


class OfflineVariables:
    """Notes the variables that compressed blocks of Django's templates ask for and COMPRESS_OFFLINE_CONTEXT lacks."""

    def __init__(self):
        self.missing = set()
        self.renders = threading.local()

    def __enter__(self):
        from compressor.offline.django import DjangoParser
        from django.template.base import Variable, VariableDoesNotExist

        self.saved = [(DjangoParser, "render_nodelist"), (Variable, "resolve")]
        self.saved = [(cls, name, getattr(cls, name)) for cls, name in self.saved]
        render_nodelist, resolve = (method for _, _, method in self.saved)

        def render(parser, *arguments):
            self.renders.block = True
            try:
                return render_nodelist(parser, *arguments)
            finally:
                self.renders.block = False

        def look_up(variable, context):
            try:
                return resolve(variable, context)
            except VariableDoesNotExist:
                if getattr(self.renders, "block", False):
                    self.missing.add(str(variable.var))
                raise

        DjangoParser.render_nodelist, Variable.resolve = render, look_up
        return self

    def __exit__(self, *exception):
        for cls, name, method in self.saved:
            setattr(cls, name, method)


def engines(settings):
    """The template engines to search for what is compressed. Without an option, that is only Django's own."""
    with_extension = [
        entry
        for entry in settings.TEMPLATES
        if any("compressor" in str(name) for name in (entry.get("OPTIONS") or {}).get("extensions", ()))
    ]
    return ["--engine", "jinja2"] + ["--engine", "django"] * has_django(settings) if with_extension else []


def has_django(settings):
    return any(entry["BACKEND"].endswith("DjangoTemplates") for entry in settings.TEMPLATES)
