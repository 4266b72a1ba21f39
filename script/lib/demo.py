"""script/demo [django|phoenix] [--keep]

Builds the fixture app as the lifecycle would, starts it with the launch environment and follows every asset link of
its page; changes an asset, builds again and shows both versions alive at once; then rolls back. It stays on loopback.
Phoenix itself comes from no package registry: without STATIC_ASSETS_TEST_PHOENIX (CONTRIBUTING.md) a stand-in renders
the page of the fixture.

--keep leaves the servers running until Ctrl-C. STATIC_ASSETS_BIN=<program> uses that one instead of building it.
"""

import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import cache
import elixir
import lifecycle
import output
import process
import static_server

COLOUR = "#ffe08a"
CHANGE = f"\nbody {{ background: {COLOUR}; }}\n"
ASSET_RELS = {"apple-touch-icon", "icon", "manifest", "mask-icon", "modulepreload", "prefetch", "preload", "stylesheet"}


class Links(HTMLParser):
    """The URLs that a browser loads for a page."""

    def __init__(self, page):
        super().__init__()
        self.urls, self.in_style = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = {name: value or "" for name, value in attrs}
        self.in_style = tag == "style"
        if tag == "link" and ASSET_RELS & set(attrs.get("rel", "").lower().split()):
            self.urls.append(attrs.get("href", ""))
        elif tag in ("audio", "embed", "img", "script", "source", "track", "video"):
            self.urls += [attrs.get("src", ""), attrs.get("poster", "")]
            self.urls += [candidate.split()[0] for candidate in attrs.get("srcset", "").split(",") if candidate.strip()]
        self.urls += css_urls(attrs.get("style", ""))

    def handle_data(self, data):
        if self.in_style:
            self.urls += css_urls(data)


def css_urls(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return [a or b for a, b in re.findall(r"""url\(\s*['"]?([^'")]+?)['"]?\s*\)|@import\s+['"]([^'"]+)""", text)]


class Visit:
    """A page and all that it loads, each URL fetched once."""

    def __init__(self, url):
        self.url = url
        self.answers = {}  # url: (status, type, body, where the link stands)
        status, kind, body = self.fetch(url, None)
        if status == 200 and kind == "text/html":
            self.follow(url, Links(body.decode()).urls, None)

    def fetch(self, url, parent):
        status, headers, body = process.get(url, {"Origin": self.url.rstrip("/")})
        kind = headers.get("Content-Type", "-").partition(";")[0]
        self.answers[url] = (status, kind, body, parent)
        return status, kind, body

    def follow(self, base, links, parent):
        for link in links:
            url = urldefrag(urljoin(base, link)).url
            if not link or urlsplit(url).scheme == "data" or url in self.answers:
                continue
            status, kind, body = self.fetch(url, parent)
            if status == 200 and kind == "text/css":
                self.follow(url, css_urls(body.decode()), url)

    def strays(self, static_url):
        """The assets that the page takes from elsewhere."""
        found = {url: answer[0] for url, answer in self.answers.items() if url != self.url}
        return [url for url, status in found.items() if status == 200 and not url.startswith(static_url)]

    def has_new_colour(self):
        return any(kind == "text/css" and COLOUR.encode() in body for _, kind, body, _ in self.answers.values())


class Demo:
    """Of one framework: `start(build)` runs the app as the image would, and gives the URL of its page."""

    settings = {}

    def __init__(self, stack, scratch, program, tools):
        self.stack, self.scratch, self.program = stack, scratch, program
        self.path = os.pathsep.join(filter(None, [str(tools or ""), os.environ.get("PATH", os.defpath)]))
        self.store = scratch / "store"
        self.store.mkdir()
        self.public_url = stack.enter_context(static_server.serving(self.store))
        self.requests, self.problems, self.changed = 0, [], False

    def build(self, name, source):
        settings = {
            "STATIC_ASSETS_STORE": f"file://{self.store}",
            "STATIC_ASSETS_PUBLIC_URL": self.public_url,
            **self.settings,
        }
        build = lifecycle.Build(self.program, source, self.scratch / name, path=self.path, user_env=settings)
        if not build.detect():
            raise RuntimeError("bin/detect did not recognise the app")
        return build, build.build().strip("\n").splitlines()

    def prepare(self, app):
        """What the fixture lacks of an app that can be built."""

    def serve(self, build, command, env, folder):
        (port,) = process.free_ports(1)
        url, log = f"http://127.0.0.1:{port}/", build.folder / "app.log"
        command = [str(part).format(port=port) for part in command]
        env = {name: value.format(port=port) for name, value in env.items()}
        child = self.stack.enter_context(process.running(command, log, cwd=folder, env=env))
        process.wait_until(lambda: process.get(url)[0], child, log)
        return url

    def visit(self, title, url, build, *, details):
        """Follows the page's links; a link that isn't 200, or not below this build's URL, is a problem."""
        visit = Visit(url)
        static_url = build.launch_env()["STATIC_URL"]
        self.requests += len(visit.answers)
        bad = [f"{answer[0]} {link}" for link, answer in visit.answers.items() if answer[0] != 200]
        bad += [f"not below {static_url}: {link}" for link in visit.strays(static_url)]
        if len(visit.answers) == 1:
            bad.append(f"{url} links to no asset")
        self.problems += [f"{title}: {text}" for text in bad]

        colour = COLOUR if visit.has_new_colour() else "as before"
        background = f", background {colour}" if self.changed else ""
        state = "all 200" if not bad else f"{len(bad)} WRONG"
        output.fact(f"{title:<12} {url:<24} {len(visit.answers)} URLs, {state}{background}")
        for link, (status, kind, body, parent) in visit.answers.items():
            if details or status != 200:
                name = link.removeprefix(self.public_url) if link != url else "/"
                within = f"  in {Path(urlsplit(parent).path).name}" if parent else ""
                output.fact(f"  {status:>3}  {kind:<24} {output.size(len(body)):>9}  {name}{within}")
        return visit


class Django(Demo):
    fixture = "django_basic"

    def __init__(self, stack, scratch, program):
        self.pin = cache.pin("django", cache.ROOT / "tests" / "python" / "requirements-django52.txt")
        self.venv = cache.venv(sys.executable, self.pin, cache.LIB / "requirements-demo.txt")
        super().__init__(stack, scratch, program, self.venv / "bin")

    def title(self):
        return f"{self.pin}, Python {platform.python_version()}"

    def start(self, build):
        wsgi = next((path for path in sorted(build.app.rglob("wsgi.py"))), None)
        if wsgi is None:
            raise RuntimeError("the fixture app has no wsgi.py")
        gunicorn = [self.venv / "bin" / "gunicorn", "--threads=2", "--no-control-socket", "--bind=127.0.0.1:{port}"]
        env = build.launch_env({"SECRET_KEY": "only for this demo"})
        return self.serve(build, [*gunicorn, f"{wsgi.parent.name}.wsgi"], env, wsgi.parents[1])


class Phoenix(Demo):
    """The real one, where its sources are."""

    fixture = "phoenix_1_8"

    def __init__(self, stack, scratch, program, phoenix):
        self.phoenix = phoenix
        super().__init__(stack, scratch, program, phoenix.bin)
        self.settings = phoenix.env

    def title(self):
        return "Phoenix 1.8, mix assets.deploy and mix phx.server"

    def prepare(self, app):
        self.phoenix.give_dependencies(app)

    def start(self, build):
        env = {
            **build.launch_env({"SECRET_KEY_BASE": "only for this demo " * 4, "PHX_SERVER": "true"}),
            **self.phoenix.env,
            "PORT": "{port}",
        }
        return self.serve(build, ["mix", "phx.server"], env, build.app)


class PhoenixStandIn(Demo):
    """Without Phoenix: its page, rendered as `~p` would from the manifest and the configuration of the image."""

    fixture = "phoenix_1_8"
    # In the place of esbuild.
    settings = {
        "STATIC_ASSETS_COMPILE_COMMAND": "mkdir -p priv/static/assets && cp -r assets/css assets/js priv/static/assets",
        "STATIC_ASSETS_DIGEST": "native",
    }

    def __init__(self, stack, scratch, program):
        super().__init__(stack, scratch, program, None)
        self.has_elixir = shutil.which("elixir", path=self.path) is not None

    def title(self):
        reads = "config/runtime.exs evaluated by Elixir" if self.has_elixir else "no Elixir: STATIC_URL as it is"
        return f"no Phoenix here (STATIC_ASSETS_TEST_PHOENIX): a stand-in renders its page; {reads}"

    def start(self, build):
        manifest = json.loads((build.app / "priv/static/cache_manifest.json").read_text())["latest"]
        path = self.static_path(build)
        page = (build.app / "lib/shop_web/layouts/root.html.heex").read_text()
        page = re.sub(
            r'{~p"/([^"]*)"}', lambda found: f'"{path}/{manifest.get(found[1], found[1])}?vsn=d"', page
        ).replace("{@inner_content}", "<h1>Shop</h1>")
        return self.stack.enter_context(static_server.page(page))

    def static_path(self, build):
        """What the endpoint has as `static_url: [path: …]` with the launch environment."""
        env = build.launch_env({"SECRET_KEY_BASE": "only for this demo", "LC_ALL": "C.UTF-8"})
        if not self.has_elixir:
            return env["STATIC_URL"].rstrip("/")
        read = (
            'config = Config.Reader.read!("config/runtime.exs", env: :prod); '
            "IO.write(config[:shop][ShopWeb.Endpoint][:static_url][:path])"
        )
        command = ["elixir", "-e", read]
        return subprocess.run(command, cwd=build.app, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def phoenix(stack, scratch, program):
    found = elixir.Phoenix.find("1.8")
    return Phoenix(stack, scratch, program, found) if found else PhoenixStandIn(stack, scratch, program)


def tour(demo, scratch):
    """Two versions, the second again, and a rollback."""
    source = scratch / "source"
    shutil.copytree(cache.ROOT / "fixtures" / demo.fixture, source, symlinks=True)
    demo.prepare(source)
    print(f"{demo.title()}, all on 127.0.0.1", flush=True)

    output.header("1. Build, start, follow every link")
    first, log = demo.build("first", source)
    for line in log:
        output.fact(line)
    output.fact()
    old = demo.start(first)
    demo.visit("version 1", old, first, details=True)

    output.header("2. Change a colour, build, start: both versions at once")
    css, changed = change(source, scratch / "changed")
    demo.changed = True
    output.fact(f"{css}: +{CHANGE.strip()}")
    second, log = demo.build("second", changed)
    for line in log:
        if re.match(r"\s*- (Version|Published)", line):
            output.fact(line)
    output.fact()
    new = demo.start(second)
    if not demo.visit("version 2", new, second, details=True).has_new_colour():
        demo.problems.append("version 2 has not got the new colour")
    if demo.visit("version 1", old, first, details=False).has_new_colour():
        demo.problems.append("version 1 has got the colour of version 2")

    output.header("3. Build again without a change")
    _, log = demo.build("again", changed)
    unchanged = [line for line in log if "unchanged" in line]
    for line in unchanged or ["no line of the build says `unchanged`"]:
        output.fact(line)
    if not unchanged:
        demo.problems.append("the build did not see that nothing has changed")

    output.header("4. Roll back: start the first image again")
    back = demo.start(first)
    if demo.visit("rolled back", back, first, details=False).has_new_colour():
        demo.problems.append("the rollback has the colour of version 2")
    return {"version 1": old, "version 2": new, "rolled back": back}


def change(source, copy):
    """A copy of the app with one more rule in its first style sheet; (its name, the copy)."""
    shutil.copytree(source, copy, symlinks=True)
    css = min(copy.rglob("*.css"), key=lambda path: (len(path.parts), path))
    with css.open("a") as file:
        file.write(CHANGE)
    return css.relative_to(copy), copy


FRAMEWORKS = {"django": Django, "phoenix": phoenix}


def binary():
    if not os.environ.get("STATIC_ASSETS_BIN"):
        print("Building (the first time takes about a minute) …", flush=True)
    # As `cargo build --quiet`: warnings and errors only.
    os.environ.setdefault("CARGO_TERM_QUIET", "true")
    return lifecycle.binary()


def main(args):
    keep = "--keep" in args
    names = [arg for arg in args if arg != "--keep"] or ["django"]
    if len(names) > 1 or names[0] not in FRAMEWORKS:
        print(__doc__)
        return 0 if names[0] in ("-h", "--help") else 2

    program = binary()
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="static-assets-demo-"))).resolve()
        demo = FRAMEWORKS[names[0]](stack, scratch, program)
        addresses = tour(demo, scratch)

        print()
        for problem in dict.fromkeys(demo.problems):
            print(f"PROBLEM {problem}")
        if not demo.problems:
            print(f"{demo.requests} URLs, all 200: each page kept its own assets, and the rollback needed no build.")
        if keep:
            for name, url in addresses.items():
                output.fact(f"{name:<12} {url}")
            print("Ctrl-C stops them.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
        else:
            print(f"script/demo {names[0]} --keep leaves the servers running.")
    return 1 if demo.problems else 0


if __name__ == "__main__":
    process.run(main)
