"""What the staticfiles finders and checks of the app say about the collected files."""

import os

from .paths import files_under, is_inside


def by_products(directory):
    """The .gz and .br that a storage or a filter made of a file beside them. An app may have its own."""
    compressed = [name for name in files_under(directory) if name.endswith((".gz", ".br"))]
    beside = [name for name in compressed if os.path.exists(os.path.join(directory, name[:-3]))]
    return sorted(set(beside) - source_names()) if beside else []


def source_names():
    """What collectstatic collects, before any storage makes more of it."""
    from django.contrib.staticfiles.finders import get_finders

    return {
        os.path.join(storage.prefix, path) if getattr(storage, "prefix", None) else path
        for finder in get_finders()
        for path, storage in finder.list(["CVS", ".*", "*~"])
    }


def holds_sources(directory):
    """Whether files are collected from under the directory that they are collected into."""
    from django.contrib.staticfiles.finders import get_finders

    storages = (storage for finder in get_finders() for storage in getattr(finder, "storages", {}).values())
    roots = (getattr(storage, "location", None) for storage in storages)
    return bool(directory) and any(is_inside(root, directory) for root in roots if root)


def staticfiles_checks():
    from django.core import checks

    # Django 2.2 has none.
    tag = getattr(checks.Tags, "staticfiles", None)
    messages = checks.run_checks(tags=[tag]) if tag else []
    return [{"id": m.id, "level": m.level, "message": str(m.msg)} for m in messages]
