"""What stopped a collectstatic."""

import ast
import os
import re

from .environment import Environment
from .paths import dotted, is_inside
from .references import constant
from .settings import BACKENDS

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


class Failure:
    def __init__(self, error, app):
        # Commands print a CommandError and exit while they handle it.
        context = error.__context__
        if isinstance(error, SystemExit) and context is not None:
            error = unknown_command() if context.args == ("collectstatic",) else context
        self.error = error
        self.app = os.path.realpath(app)

    def describe(self, step):
        return {
            "step": step,
            "type": dotted(type(self.error)),
            "mro": [dotted(cls) for cls in type(self.error).__mro__ if cls is not object],
            "message": self.message(),
            "missing_module": self.missing_module(),
            "missing_variable": self.missing_variable(),
            "place": self.place(),
        }

    def message(self):
        """The text of the exception, with the app's own storage in place of the one that stands for it."""
        text = "\n".join([str(self.error), *getattr(self.error, "__notes__", ())])
        return re.sub(re.escape(BACKENDS) + r"\.(\w+)", r"\1", text)

    def chain(self):
        error, seen = self.error, set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            error = error.__cause__ or error.__context__

    def missing_module(self):
        """Django's own manage.py raises an ImportError with a text of its own from the one that names the module."""
        error = self.error
        while isinstance(error, ImportError):
            if isinstance(error, ModuleNotFoundError) and error.name:
                return error.name
            found = re.match(r"No module named '?([\w.]+)", str(error))
            if found:
                return found.group(1)
            error = error.__cause__
        return None

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
        return self.missing_field() or self.missed_variable()

    def missed_variable(self):
        """`int(os.environ.get("X"))`: the variable is named where the app's own line got nothing."""
        if not isinstance(self.error, (TypeError, ValueError, AttributeError)):
            return None
        path, _, line = (self.place() or ":0").rpartition(":")
        statement = statement_at(os.path.join(self.app, path), int(line))
        return next((name for name in asked_without_default(statement) if name in Environment.missed), None)

    def missing_field(self):
        """pydantic: the variable of the first missing field of a BaseSettings."""
        try:
            missing = [e["loc"][0] for e in self.error.errors() if e["type"] in ("missing", "value_error.missing")]
        except Exception:
            return None
        if not missing:
            return None
        prefix = ""
        for traceback in tracebacks(self.error):
            variables = traceback.tb_frame.f_locals.items()
            model = next((value for name, value in variables if name.endswith("self__")), None)
            prefix = getattr(type(model), "model_config", {}).get("env_prefix", "") or prefix
        return (prefix + str(missing[0])).upper()

    def place(self):
        """The innermost line of the app itself, as `path:line`."""
        if isinstance(self.error, SyntaxError) and self.error.filename:
            path = os.path.realpath(self.error.filename)
            if self.is_own(path):
                return "%s:%s" % (os.path.relpath(path, self.app), self.error.lineno)
        for error in self.chain():
            lines = []
            for traceback in tracebacks(error):
                path = os.path.realpath(traceback.tb_frame.f_code.co_filename)
                if self.is_own(path):
                    lines.append("%s:%d" % (os.path.relpath(path, self.app), traceback.tb_lineno))
            if lines:
                return lines[-1]
        return None

    def is_own(self, path):
        return is_inside(path, self.app) and "site-packages" not in path and os.path.isfile(path)


def unknown_command():
    """What Django prints without an exception before it exits."""
    from django.conf import settings
    from django.core.management import CommandError

    prefix = "" if settings.configured else "No Django settings specified. "
    return CommandError(prefix + "Unknown command: 'collectstatic'")


def statement_at(path, line):
    """The innermost statement that holds the line. `None` if Python can't parse the file."""
    try:
        with open(path, "rb") as file:
            nodes = [node for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.stmt)]
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    around = [node for node in nodes if node.lineno <= line <= getattr(node, "end_lineno", node.lineno)]
    return max(around, key=lambda node: node.lineno, default=None)


def asked_without_default(statement):
    """The names in `os.environ.get("X")` and `os.getenv("X")`."""
    calls = ast.walk(statement) if statement else ()
    for call in calls:
        function = getattr(call, "func", None)
        name = getattr(function, "attr", getattr(function, "id", None))
        if isinstance(call, ast.Call) and name in ("get", "getenv") and len(call.args) == 1 and not call.keywords:
            yield constant(call.args[0])


def tracebacks(error):
    traceback = error.__traceback__
    while traceback:
        yield traceback
        traceback = traceback.tb_next
