"""Reads Python files without running them: `read_settings.py ANSWER FILE…` writes what each says of settings, as JSON.

It runs before the app's code does, and needs nothing but Python itself.
"""

import ast
import json
import sys

NAME = "DJANGO_SETTINGS_MODULE"


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Python itself could not run the file.
        tree = ast.Module(body=[])
    assigned = [text([node.value]) for node in always_run(tree.body) if assigns(node, NAME)]
    defaults = {text(node.args[1:]) for node in ast.walk(tree) if sets_by_default(node)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imports = [node.module or "" for node in imports if {"*", "INSTALLED_APPS"} & {it.name for it in node.names}]
    return {
        "sets": assigned[-1] if assigned else None,
        # Of two in different branches, nothing tells which one counts.
        "sets_by_default": defaults.pop() if len(defaults) == 1 else None,
        "installed_apps": any(names(node, "INSTALLED_APPS") for node in ast.walk(tree)),
        "imports": imports,
    }


def always_run(statements):
    """The statements that run whenever the file does: not those of `if`, but of `main()`, which manage.py calls."""
    for statement in statements:
        is_main = getattr(statement, "name", None) == "main" or is_main_block(statement)
        if is_main:
            for inner in always_run(statement.body):
                yield inner
        else:
            yield statement


def is_main_block(node):
    return isinstance(node, ast.If) and "__name__" in [getattr(it, "id", None) for it in ast.walk(node.test)]


def targets(node):
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, (ast.AnnAssign, ast.AugAssign)) else []


def assigns(node, name):
    """Whether a statement is `os.environ["NAME"] = "a text"`."""
    subscripts = [target for target in targets(node) if isinstance(target, ast.Subscript)]
    return any(text([index_of(it)]) == name for it in subscripts) and text([node.value]) is not None


def names(node, name):
    return any(getattr(target, "id", None) == name for target in targets(node))


def sets_by_default(node):
    if not isinstance(node, ast.Call) or text(node.args[:1]) != NAME or text(node.args[1:]) is None:
        return False
    return getattr(node.func, "attr", None) == "setdefault"


def text(nodes):
    # Until Python 3.7, texts are a class of their own.
    values = [node.s if type(node).__name__ == "Str" else getattr(node, "value", None) for node in nodes[:1]]
    return values[0] if values and isinstance(values[0], str) else None


def index_of(subscript):
    # Until Python 3.8, the index is wrapped.
    return subscript.slice.value if type(subscript.slice).__name__ == "Index" else subscript.slice


with open(sys.argv[1], "w") as answer:
    json.dump({path: read(path) for path in sys.argv[2:]}, answer)
