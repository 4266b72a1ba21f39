"""Paths of files and dotted names of classes."""

import os


def absolute(path):
    return os.path.abspath(str(path)) if path else None


def is_inside(path, directory):
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(directory), ""))


def files_under(directory):
    for parent, _, files in os.walk(directory):
        for name in files:
            yield os.path.relpath(os.path.join(parent, name), directory)


def dotted(cls):
    return cls.__qualname__ if cls.__module__ == "builtins" else "%s.%s" % (cls.__module__, cls.__qualname__)
