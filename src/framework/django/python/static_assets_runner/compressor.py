"""django-compressor: its settings while collecting, and `compress` after collectstatic."""

import json
import os

from .paths import absolute
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
            own = getattr(settings, name, local)
            if own != local and not is_local(import_string(own)):
                self.replaced[name] = local
                setattr(settings, name, local)
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
        self.run.report["compressor"] = "never" if not enabled else "build" if offline else "run_time"
        if enabled and offline:
            fetch_command("compress").run_from_argv([program, "compress", *engines(settings)])
            self.run.report["compressed"] = True
            self.sort_manifest()

    def sort_manifest(self):
        """The compressor's threads fill the manifest in another order each time, which would make another version."""
        path = os.path.join(self.run.into, self.manifest())
        with open(path) as file:
            manifest = json.load(file)
        with open(path, "w") as file:
            json.dump(manifest, file, indent=2, sort_keys=True)

    def manifest(self):
        from django.conf import settings

        return os.path.join(settings.COMPRESS_OUTPUT_DIR.strip("/"), settings.COMPRESS_OFFLINE_MANIFEST)

    def own_root(self):
        return absolute(self.run.settings.own.get("COMPRESS_ROOT"))


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
