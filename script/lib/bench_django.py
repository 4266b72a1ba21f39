"""script/bench django: what our build step costs, next to what the app would do without it.

Ratios of paired runs: A B A B, after a warm-up round.
"""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from statistics import median

import cache
import lifecycle
import output
import static_server

OPTIONS = {"--rounds": 5}
DETECTS = STARTS = 30
SETTINGS = """
    from pathlib import Path

    BASE_DIR = Path(__file__).resolve().parent.parent
    SECRET_KEY = "only for this bench"
    ALLOWED_HOSTS = ["*"]
    INSTALLED_APPS = [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "django_ckeditor_5",
        "rest_framework",
    ]
    ROOT_URLCONF = "config.urls"
    STATIC_URL = "/static/"
    STATIC_ROOT = BASE_DIR / "staticfiles"
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "%s"},
    }
"""
MANAGE = """
    import os
    import sys

    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)
"""
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE = "whitenoise.storage.CompressedManifestStaticFilesStorage"


def project(folder, settings):
    files = {
        "manage.py": MANAGE,
        "requirements.txt": "django\n",
        "config/__init__.py": "",
        "config/settings.py": settings,
        "config/urls.py": "urlpatterns = []\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    return folder


def seconds(command, *, cwd, env):
    # What an earlier run left to be written must not be written on this one's time.
    os.sync()
    start = time.perf_counter()
    result = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    taken = time.perf_counter() - start
    if result.returncode:
        text = (result.stdout + result.stderr).decode(errors="replace")
        raise RuntimeError(f"{command[0]} ended with {result.returncode}\n{text}")
    return taken


def peak_rss(command, *, cwd, env):
    """Bytes. Of our process alone: what wait4 reports is the largest of it, its children and the fork it came from."""
    peak = 0
    with subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{child.pid}/status").read_text()
                if mark := re.search(r"VmHWM:\s+(\d+) kB", status):
                    peak = max(peak, int(mark[1]) * 1024)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.002)
    return peak


class Bench:
    def __init__(self, scratch, program, venv, public_url):
        self.scratch, self.program, self.public_url = scratch, program, public_url
        self.path = os.pathsep.join([str(venv / "bin"), os.environ.get("PATH", os.defpath)])
        self.missed = 0

    @contextlib.contextmanager
    def build(self, source):
        """A build that has run nothing yet, of a fresh copy, to an empty store."""
        folder = self.scratch / "build"
        (folder / "store").mkdir(parents=True)
        settings = {"STATIC_ASSETS_STORE": f"file://{folder}/store", "STATIC_ASSETS_PUBLIC_URL": self.public_url}
        try:
            yield lifecycle.Build(self.program, source, folder, path=self.path, user_env=settings)
        finally:
            shutil.rmtree(folder)

    def collectstatic(self, source):
        folder = shutil.copytree(source, self.scratch / "collectstatic")
        env = {"PATH": self.path, "HOME": os.environ.get("HOME", "/")}
        try:
            return seconds(["python", "manage.py", "collectstatic", "--noinput"], cwd=folder, env=env)
        finally:
            shutil.rmtree(folder)

    def build_step(self, source):
        with self.build(source) as build:
            build.detect()
            return seconds(build.build_command(), cwd=build.app, env=build.env)

    def row(self, name, value, unit, *, goal=None, of=(), detail=""):
        """`of`: all the values that `value` is the median of."""
        spread = f"({min(of):.2f}–{max(of):.2f})" if of else ""
        verdict = ""
        if goal is not None:
            verdict = f"goal ≤ {goal:g} {unit}".rstrip() + (" ok" if value <= goal else " MISSED")
            self.missed += value > goal
        print(f"{name:<34}{value:>8.2f} {unit:<3} {spread:<18}{verdict:<22}{detail}".rstrip(), flush=True)

    def ratio(self, name, source, rounds, goal):
        self.collectstatic(source), self.build_step(source)
        pairs = [(self.collectstatic(source), self.build_step(source)) for _ in range(rounds)]
        ratios = [ours / theirs for theirs, ours in pairs]
        theirs, ours = (median(column) for column in zip(*pairs, strict=True))
        self.row(name, median(ratios), "", of=ratios, goal=goal, detail=f"{ours:.2f} s ÷ {theirs:.2f} s")

    def detect(self, source):
        with self.build(source) as build:
            times = [1000 * seconds(build.detect_command(), cwd=build.app, env=build.env) for _ in range(DETECTS)]
        self.row("detect", median(times), "ms", of=times, goal=10)

    def start(self, source):
        """What the hook adds to a start: the launch environment with and without its PYTHONPATH."""
        with self.build(source) as build:
            build.detect()
            build.build()
            hooked = {**build.launch_env(), "DJANGO_SETTINGS_MODULE": "config.settings"}
            plain = {name: value for name, value in hooked.items() if name != "PYTHONPATH"}
            if plain == hooked:
                print("start with the hook: nothing was injected")
                return
            command = ["python", "-c", "import django; django.setup()"]
            pairs = [
                tuple(1000 * seconds(command, cwd=build.app, env=env) for env in (plain, hooked))
                for _ in range(1 + STARTS)
            ][1:]
        added = [with_hook - without for without, with_hook in pairs]
        without = [pair[0] for pair in pairs]
        detail = f"a start without it: {median(without):.0f} ms ({min(without):.0f}–{max(without):.0f})"
        self.row("start, added by the hook", median(added), "ms", of=added, detail=detail)

    def memory(self, source):
        with self.build(source) as build:
            build.detect()
            peak = peak_rss(build.build_command(), cwd=build.app, env=build.env)
        self.row("peak RSS of our process", peak / 1e6, "MB")

    def size(self):
        packaged = sorted((cache.ROOT / "packaged").glob("*-musl/release/*/bin/build"))
        program = packaged[0] if packaged else self.program
        detail = "stripped musl binary" if packaged else "not the musl binary: script/package makes that"
        self.row("binary", program.stat().st_size / 1e6, "MB", goal=9, detail=detail)


def django(bench, rounds):
    plain = project(bench.scratch / "plain", SETTINGS % PLAIN)
    whitenoise = project(bench.scratch / "whitenoise", SETTINGS % WHITENOISE)
    bench.ratio("build step ÷ collectstatic", plain, rounds, 1.15)
    bench.ratio("the same with WhiteNoise + brotli", whitenoise, rounds, 0.2)
    bench.detect(plain)
    bench.start(plain)
    bench.memory(plain)
    bench.size()


def run(rounds):
    program = lifecycle.binary(release=True)
    pin = cache.pin("django", cache.ROOT / "tests" / "python" / "requirements-django52.txt")
    requirements = cache.LIB / "requirements-bench.txt"
    venv = cache.venv(sys.executable, pin, requirements)
    with tempfile.TemporaryDirectory(prefix="static-assets-bench-") as name:
        scratch = Path(name).resolve()
        with static_server.serving(scratch / "build" / "store") as public_url:
            packages = ", ".join([pin, *requirements.read_text().split()])
            output.fact(f"Python {platform.python_version()}, {packages}")
            output.fact(f"{os.cpu_count()} CPUs, {rounds} rounds after a warm-up, median (range)\n")
            bench = Bench(scratch, program, venv, public_url)
            django(bench, rounds)
    return 1 if bench.missed else 0
