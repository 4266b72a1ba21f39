"""Reads Python files without running them: `read_settings.py ANSWER FILE…` writes what each says of settings, as JSON.

It runs before the app's code does, and needs nothing but Python itself.
"""

import ast
import json
import sys

NAME = "DJANGO_SETTINGS_MODULE"


def read(path):
    found = {"sets": None, "sets_by_default": None, "installed_apps": False, "imports": []}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and text(node.args[:1]) == NAME and name_of(node.func).endswith("setdefault"):
            found["sets_by_default"] = text(node.args[1:])
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            for target in getattr(node, "targets", None) or [node.target]:
                if isinstance(target, ast.Subscript) and text([index_of(target)]) == NAME:
                    found["sets"] = text([node.value])
                found["installed_apps"] |= name_of(target) == "INSTALLED_APPS"
        elif isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & {"*", "INSTALLED_APPS"}:
            found["imports"].append(node.module or "")
    return found


def text(nodes):
    # Until Python 3.7, texts are a class of their own.
    values = [node.s if type(node).__name__ == "Str" else getattr(node, "value", None) for node in nodes[:1]]
    return values[0] if values and isinstance(values[0], str) else None


def index_of(subscript):
    # Until Python 3.8, the index is wrapped.
    return subscript.slice.value if type(subscript.slice).__name__ == "Index" else subscript.slice


def name_of(node):
    return getattr(node, "id", getattr(node, "attr", ""))


with open(sys.argv[1], "w") as answer:
    json.dump({path: read(path) for path in sys.argv[2:]}, answer)
