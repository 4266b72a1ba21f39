"""Which static files the app's own templates and modules ask for by name, and where."""

import ast
import importlib.util
import os
import re
import string
from itertools import zip_longest

from .paths import is_inside

FOREIGN = ("node_modules", "site-packages", "__pycache__", "tests", "test", "migrations", "locale", "docs")
TESTS = re.compile(r"(tests|test_.*|.*_test|conftest)\.py$")
# What browsers never ask for: comments, and what {% verbatim %} shows as it is.
COMMENT = re.compile(
    r"\{#.*?#\}|<!--.*?-->|\{%-?\s*(comment|verbatim)\b.*?%\}.*?\{%-?\s*end\1\b[^%]*%\}",
    re.DOTALL,
)
# {% static "name" %}, and {{ static("name") }} of Jinja.
LINK = re.compile(
    r"""\{%-?\s*static\s+(["'])([^"'{}|]+)\1\s*(as\s+\w+\s*)?-?%\}"""
    r"""|\{\{-?\s*static\(\s*(["'])([^"'{}|]+)\4\s*\)\s*-?\}\}"""
)
# The base of all links, and a link whose name only a request knows.
BASE = re.compile(r"\{\{-?\s*STATIC_URL\s*-?\}\}|\{%-?\s*get_static_prefix\s*-?%\}")
TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
DYNAMIC = re.compile(r"""\{%-?\s*static\s+[^"'\s%]""")
# What browsers load from the page's own host only.
BEFORE_SAME_ORIGIN = re.compile(
    r"""(<use\b[^>]*href\s*=\s*["']?|(?:serviceWorker\.register|\bnew\s+(?:Shared)?Worker|\.addModule)\(\s*["'`]?)$"""
)
BUNDLE = re.compile(r"""\{%-?\s*render_bundle\s+(["'])([^"']+)\1([^%]*)%\}""")
BUNDLE_CONFIG = re.compile(r"""\bconfig\s*=\s*["'](\w+)["']""")
# The templates of which a template is made.
PARTS = re.compile(r"""\{%-?\s*(?:extends|include|import|from)\s+(["'])([^"']+)\1""")
INSTALLED = "site-packages"
# What makes a link with a host of its own into one with two.
BEFORE_JOINED = re.compile(r"(\}\}|[\w./-])$")


class References:
    """`links` and `bundles` map each name to the first place that asks for it. The others are lists of places."""

    def __init__(self, app, own_path, of_settings=()):
        self.app = os.path.realpath(app)
        self.of_settings = of_settings
        # Below `/`, a path may be any route of the app.
        self.base = own_path if own_path != "/" else None
        self.signs = ["static", "render_bundle", "STATIC_URL", *([own_path] if self.base else [])]
        self.hand = by_hand(own_path) if self.base else None
        self.links = {}
        self.bundles = {}
        self.by_hand = []
        self.joined = []
        self.dynamic = []
        self.same_origin = []
        self.routes = []
        self.parts = set()

    def find(self):
        from django.apps import apps
        from django.template import engines

        directories = {}
        for engine in engines.all():
            for directory in engine.template_dirs:
                directories.setdefault(str(directory), []).append(engine)
        for directory, path in self.files(directories):
            self.read_template(path, TemplateOf(directories[directory], directory, path))
        self.read_installed(list(directories))
        modules = [path for _, path in self.files([it.path for it in apps.get_app_configs()]) if path.endswith(".py")]
        for path in dict.fromkeys(modules + self.root_urlconf()):
            self.read_module(path)

    def root_urlconf(self):
        """The module of the app's routes: its package is often no entry of INSTALLED_APPS."""
        from django.conf import settings

        try:
            origin = importlib.util.find_spec(settings.ROOT_URLCONF).origin
        except Exception:
            # The links of all other modules and templates are still read.
            return []
        is_own = origin and is_inside(origin, self.app) and INSTALLED not in origin
        return [os.path.realpath(origin)] if is_own else []

    def files(self, directories):
        """The app's own files, each once, with their directory. What is installed is not the app's own."""
        seen = set()
        for directory in directories:
            if not is_inside(directory, self.app) or "site-packages" in directory:
                continue
            for parent, below, names in os.walk(os.path.realpath(directory)):
                below[:] = sorted(name for name in below if name not in FOREIGN and not name.startswith("."))
                for path in (os.path.join(parent, name) for name in sorted(names) if not TESTS.match(name)):
                    if path not in seen:
                        seen.add(path)
                        yield directory, path

    def read_installed(self, directories):
        """Reads the templates of packages of which the app's own are made. Only a host before a link breaks there."""
        installed = [directory for directory in directories if INSTALLED in directory]
        known = set()
        while self.parts - known:
            name = (self.parts - known).pop()
            known.add(name)
            if any(os.path.exists(os.path.join(it, name)) for it in directories if it not in installed):
                continue
            path = next(filter(os.path.exists, (os.path.join(it, name) for it in installed)), None)
            if path:
                text = without_comments(read_text(path))
                self.parts.update(found.group(2) for found in PARTS.finditer(text))
                shown = INSTALLED + path.rpartition(INSTALLED)[2]
                # First, because a base template makes every page.
                self.joined[:0] = [
                    {"file": shown, "line": text.count("\n", 0, found.start()) + 1} for found in joined_links(text)
                ]

    def read_template(self, path, template):
        text = read_text(path)
        self.parts.update(found.group(2) for found in PARTS.finditer(text))
        if not any(sign in text for sign in self.signs):
            return
        text = without_comments(text)

        def place(found):
            return self.place(path, text.count("\n", 0, found.start()) + 1)

        for found in LINK.finditer(text):
            name = found.group(2) or found.group(5)
            # What is indented or broken is in a branch for a browser of the past.
            is_name = name == name.strip() and "\n" not in name
            if is_name and name not in self.links and not name.endswith("/"):
                self.links[name] = place(found)
            if not found.group(3) and BEFORE_SAME_ORIGIN.search(text, max(0, found.start() - 120), found.start()):
                self.same_origin.append(place(found))
        self.joined += [place(found) for found in joined_links(text)]
        self.dynamic += [place(found) for found in DYNAMIC.finditer(text)]
        by_hand = list(self.hand.finditer(without_tags(text)) if self.hand else ())
        written = "in_jinja" if by_hand and template.is_jinja() else "whole"
        self.by_hand += [
            dict(place(found), path=found.group(1) or found.group(2), written=written) for found in by_hand
        ]
        for found in BUNDLE.finditer(text):
            config = BUNDLE_CONFIG.search(found.group(3))
            key = found.group(2), config.group(1) if config else "DEFAULT"
            self.bundles.setdefault(key, place(found))

    def read_module(self, path):
        content = read_bytes(path)
        signs = ["Media", *self.signs]
        if not any(sign.encode() in content for sign in signs):
            return
        try:
            # Bytes, because a file may name its encoding.
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            # Python itself could not run it, or somebody's program wrote it.
            return
        functions = {alias.asname or alias.name for alias in imports_of_static(tree)}
        parts_of_others = set()
        comments = set(map(id, docstrings(tree)))
        for node in (it for it in ast.walk(tree) if id(it) not in comments):
            place = self.place(path, getattr(node, "lineno", 0))
            for name in names_in(node, functions):
                self.links.setdefault(name, place)
            if joins(node, functions):
                self.joined.append(place)
            if makes_route(node):
                self.routes.append(place)
            if id(node) not in parts_of_others:
                is_joined = joins_text(node)
                if is_joined:
                    parts_of_others.update(map(id, ast.walk(node)))
                text = beginning(node)
                if self.base and text and text.startswith(self.base) and text != self.base:
                    self.add_by_hand(path, place, text, is_joined)
            text = constant(node)
            # HTML within a text.
            for found in self.hand.finditer(text) if self.hand and isinstance(text, str) else ():
                self.add_by_hand(path, place, found.group(1) or found.group(2), False)

    def add_by_hand(self, path, place, link, is_joined):
        is_of_settings = os.path.realpath(path) in self.of_settings
        written = "joined" if is_joined else "in_settings" if is_of_settings else "whole"
        self.by_hand.append(dict(place, path=link, written=written))

    def place(self, path, line):
        return {"file": os.path.relpath(path, self.app), "line": line}


def by_hand(own_path):
    """`src="/static/…"`, `url(/static/…)` and the like, up to a query."""
    before, own = r"""(?:["'`]|\s[\w:@.-]+\s*=)\s*""", re.escape(own_path)
    return re.compile(r"""%s(%s[^"'`{}<>\s?#]+)|\burl\(\s*(%s[^"'(){}<>\s?#]+)""" % (before, own, own))


class TemplateOf:
    """A template, with the engines that read its directory."""

    def __init__(self, engines, directory, path):
        self.engines = engines
        self.name = os.path.relpath(path, os.path.realpath(directory))

    def is_jinja(self):
        from django.template import TemplateDoesNotExist
        from django.template.backends.django import DjangoTemplates

        others = [engine for engine in self.engines if not isinstance(engine, DjangoTemplates)]
        if not others or len(others) == len(self.engines):
            return bool(others)
        # django-jinja shares directories with Django's own engine, and tells by the name which templates are its own.
        for engine in self.engines:
            try:
                engine.get_template(self.name)
                return engine in others
            except TemplateDoesNotExist:
                continue
            except Exception:
                return engine in others
        return False


def joined_links(text):
    """The links that something stands directly before. What is kept `as` a variable is no link yet."""
    links = [found for found in LINK.finditer(text) if not found.group(3)]
    for found in (*links, *BASE.finditer(text)):
        if BEFORE_JOINED.search(text, max(0, found.start() - 2), found.start()):
            yield found


def without_comments(text):
    """With as many lines as before."""
    return COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)


def without_tags(text):
    """With everything else in its place."""
    return TAG.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def read_text(path):
    return read_bytes(path).decode("utf-8", "replace")


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def imports_of_static(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("templatetags.static"):
            yield from (alias for alias in node.names if alias.name == "static")


def names_in(node, functions):
    """The names that a node asks for: `static("x")`, `staticfiles_storage.url("x")`, `class Media`, `Media(…)`."""
    if isinstance(node, ast.Call):
        if gives_link(node, functions):
            return texts(node.args[:1])
        if dotted_name(node.func).endswith("Media"):
            return media([(word.arg, word.value) for word in node.keywords])
    if isinstance(node, ast.ClassDef) and node.name == "Media":
        assigned = [it for it in node.body if isinstance(it, ast.Assign) and isinstance(it.targets[0], ast.Name)]
        return media([(it.targets[0].id, it.value) for it in assigned])
    return []


def gives_link(call, functions):
    name = dotted_name(call.func)
    return name in functions or name.endswith("staticfiles_storage.url")


def dotted_name(node):
    if isinstance(node, ast.Attribute):
        return "%s.%s" % (dotted_name(node.value), node.attr)
    return getattr(node, "id", "")


def media(values):
    found = []
    for name, value in values:
        lists = value.values if name == "css" and isinstance(value, ast.Dict) else [value] if name == "js" else []
        for items in lists:
            found += texts(getattr(items, "elts", []))
    return [path for path in found if not path.startswith(("http://", "https://", "/"))]


def texts(nodes):
    found = (constant(node) for node in nodes)
    return [text for text in found if text and not text.endswith("/")]


def constant(node):
    # Until Python 3.7, texts are a class of their own.
    value = node.s if type(node).__name__ == "Str" else getattr(node, "value", None)
    return value if isinstance(value, str) else None


def joins(node, functions):
    """Whether a node puts something directly before `static(…)` that makes it a part of a longer URL."""

    def is_static(value):
        return gives_link(value, functions) if isinstance(value, ast.Call) else is_static_url(value)

    parts = [part for part in joined_parts(node) if part != ""]
    return any(is_static(part) and ends_in_url(before) for before, part in zip(parts, parts[1:]))


def joins_text(node):
    """Whether a node puts a text together. `+` also joins lists, such as those of routes."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return bool(joined_parts(node))
    operands = [node.right]
    while isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add):
        node = node.left
        operands.append(node.right)
    operands.append(node.left)
    return any(constant(it) is not None or joined_parts(it) for it in operands)


def docstrings(tree):
    """The texts that are statements of their own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and constant(node.value) is not None:
            yield node.value


def joined_parts(node):
    """The texts and nodes that a node puts together, in order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        # What is before the last part is a node of its own.
        return [node.left.right if isinstance(node.left, ast.BinOp) else node.left, node.right]
    if isinstance(node, ast.JoinedStr):
        return [value.value if isinstance(value, ast.FormattedValue) else value for value in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and constant(node.left):
        values = getattr(node.right, "elts", [node.right])
        return interleaved(re.split("%[a-z]", constant(node.left)), values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return formatted_parts(constant(node.func.value) or "", node)
    return []


def beginning(node):
    """The text with which a node begins, if that is known."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    parts = joined_parts(node)
    first = next((part for part in parts if part != ""), node)
    return first if isinstance(first, str) else constant(first)


def formatted_parts(text, call):
    values = {word.arg: word.value for word in call.keywords}
    values.update((str(number), value) for number, value in enumerate(call.args))
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return []
    numbers = iter(range(len(fields)))
    names = [str(next(numbers)) if name == "" else name for _, name, _, _ in fields if name is not None]
    return interleaved([before for before, _, _, _ in fields], [values.get(name) for name in names])


def interleaved(texts, values):
    return [part for pair in zip_longest(texts, values, fillvalue="") for part in pair]


def is_static_url(node):
    return dotted_name(node).endswith("settings.STATIC_URL")


def makes_route(node):
    """Whether a node serves something at STATIC_URL, which at run time is a URL of another host."""
    if not isinstance(node, ast.Call) or not node.args or not is_static_url(node.args[0]):
        return False
    return dotted_name(node.func).rpartition(".")[2] in ("mount", "path", "re_path", "url", "add_url_rule")


def ends_in_url(node):
    """Whether a text may end in a URL: a constant ends in a letter of one, and of another value nothing is known."""
    text = node if isinstance(node, str) else constant(node)
    return text is None or BEFORE_JOINED.search(text) is not None
