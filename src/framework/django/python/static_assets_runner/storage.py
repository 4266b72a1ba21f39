"""The app's staticfiles storage, and the one that collects in its place."""

import os

from .paths import dotted

PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
# Compressing takes most of the time of a collectstatic. The names and contents are those of the parent class.
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


class Storage:
    """Describes a storage class without an instance, because S3ManifestStaticStorage asks S3 to make one."""

    def __init__(self, entry):
        from django.contrib.staticfiles.storage import ManifestFilesMixin
        from django.utils.module_loading import import_string

        self.backend = entry["BACKEND"]
        self.own = import_string(self.backend)
        self.options = entry.get("OPTIONS") or {}
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

    def collecting_class(self, into, dropped, stylesheets):
        """A class, because apps and packages ask what the class in the settings inherits."""
        from django.core.files.base import ContentFile
        from django.utils.module_loading import import_string

        base = self.own if self.collected_with == dotted(self.own) else import_string(self.collected_with)

        def __init__(storage, *args, **options):
            # As Django makes the staticfiles storage. A package may make one for a directory of its own.
            if not args and options == self.options:
                vars(storage)["collects"] = True
                options = {name: value for name, value in options.items() if self.local and name not in dropped}
            super(cls, storage).__init__(*args, **options)

        def save(storage, name, content, *args, **options):
            if stylesheets and "collects" in vars(storage) and str(name).endswith(".css"):
                rewritten = stylesheets.rewritten(str(name).replace(os.sep, "/"), content.read())
                content.seek(0)
                content = content if rewritten is None else ContentFile(rewritten)
            return super(cls, storage).save(name, content, *args, **options)

        def post_process(storage, paths, *args, **options):
            # It would read the sources again.
            changed = stylesheets.report if stylesheets else {}
            paths = {name: (storage, name) if name in changed else source for name, source in paths.items()}
            return super(cls, storage).post_process(paths, *args, **options)

        cls = placed(base, lambda storage, own: into if "collects" in vars(storage) else own)
        cls.__init__, cls.save = __init__, save
        if hasattr(base, "post_process"):
            cls.post_process = post_process
        for name, value in self.naming.items():
            setattr(cls, name, value)
        return cls

    def baked(self):
        if self.local:
            return {"checked": self.backend}
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


def placed(base, place):
    """A subclass whose directory is what `place` gives for an instance and the directory that the class chose."""

    def location(storage):
        return place(storage, own_location(storage))

    def set_location(storage, value):
        vars(storage)["location"] = value

    def own_location(storage):
        return vars(storage)["location"] if "location" in vars(storage) else super(cls, storage).location

    names = {name: getattr(base, name) for name in ("__module__", "__qualname__", "__doc__")}
    cls = type(base.__name__, (base,), dict(names, location=property(location, set_location)))
    cls.own_location = property(own_location)
    return cls


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
