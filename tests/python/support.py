"""What a build and a launch leave on disk, for the tests of both."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "framework" / "django" / "python"
PACKAGE = "static_assets_runner"
FIXTURES = ROOT / "fixtures"
URL = "https://cdn.example/x/v1/"
RUN_TIME = {"STATIC_URL": URL, "STATIC_ASSETS_VERSION": "v1"}
BUILD_TIME = dict(RUN_TIME, RELEASE_VERSION="v1", PYTHONDONTWRITEBYTECODE="1")
SETTINGS = {"DJANGO_SETTINGS_MODULE": "project.settings"}
ASK_FOR_PAGE = """
import importlib, json, os
from django.test import Client
importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"].split(".")[0] + ".wsgi")
print("page:" + json.dumps(Client().get("/").content.decode()))
"""


def needs(module):
    return unittest.skipIf(find_spec(module) is None, f"{module} is not installed in this environment")


class Case(unittest.TestCase):
    maxDiff = None

    def folder(self):
        path = Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def app(self, fixture, settings=""):
        """A copy of the fixture, for runs to leave files in, with more settings."""
        app = Path(shutil.copytree(FIXTURES / fixture, self.folder() / "app", symlinks=True))
        if settings:
            with (app / "project/settings.py").open("a") as file:
                file.write(settings)
        return app

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def inject(self, baked="{}"):
        """The inject layer's folder on PYTHONPATH."""
        folder = self.folder() / "inject" / "python"
        for path in ("sitecustomize.py", "static_assets_hook.py", *SOURCES.glob("*.dist-info/*")):
            source = SOURCES / path
            self.write(folder / source.relative_to(SOURCES), source.read_text())
        hook = folder / "static_assets_hook.py"
        hook.write_text(hook.read_text().replace("BAKED = {}\n", f"BAKED = {baked}\n", 1))
        return folder

    def python(self, *arguments, cwd, env=(), **options):
        return self.start([sys.executable, *arguments], cwd=cwd, env=env, **options)

    def start(self, command, cwd, env=(), **options):
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            **options,
        )

    def collect(self, app, manage="manage.py", env=(), published=True):
        return Collected(self, app, manage, env, published)

    def own_files(self, app, *commands, env=()):
        """What the app's own commands leave in its STATIC_ROOT."""
        for command in (["collectstatic", "--noinput"], *commands):
            run = self.python("manage.py", *command, cwd=app, env=env)
            self.assertEqual(run.returncode, 0, run.stderr)
        return files(app / "staticfiles")

    def page(self, app, run, env=(), source="."):
        """Lays out the image as the build does, and renders the page."""
        own = run.report["static_root"]
        if own:
            shutil.copytree(run.into, own, dirs_exist_ok=True)
        for path, destination in run.report["runtime_files"].items():
            Path(destination).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.into / path, destination)
        variables = {**SETTINGS, **run.launch, **dict(env)}
        started = self.python("-c", ASK_FOR_PAGE, cwd=app / source, env=variables)
        self.assertEqual((started.returncode, started.stderr), (0, ""))
        return links(started.stdout)

    def assert_published(self, found, run, count):
        self.assert_files(found, URL, run.into, count)

    def assert_files(self, found, url, folder, count):
        self.assertEqual(len(found), count)
        for link in found:
            self.assertTrue(link.startswith(url), link)
            self.assertTrue((folder / link[len(url) :]).is_file(), link)


class Collected:
    """One run of the runner as the build starts it."""

    def __init__(self, case, app, manage, env, published):
        self.app = app
        self.folder = case.folder()
        self.into = self.folder / "into"
        self.into.mkdir()
        self.inject = case.inject()
        self.hook_storage_root = self.inject / "static_files"
        self.launch = {**RUN_TIME, "PYTHONPATH": str(self.inject)} if published else {}
        self.scratch = scratch(case, self.folder)
        self.request = self.folder / "request.json"
        self.request.write_text(json.dumps(self.describe(app, manage, published)))
        build = BUILD_TIME if published else {"PYTHONDONTWRITEBYTECODE": "1"}
        run = case.python(self.scratch / "runner.py", self.request, cwd=app, env={**build, **dict(env)})
        self.returncode, self.stdout, self.stderr = run.returncode, run.stdout, run.stderr
        self.report = json.loads((self.folder / "report.json").read_text())

    def describe(self, app, manage, published):
        request = {
            "manage": manage and str(app / manage),
            "into": str(self.into),
            "url": None,
            "report": str(self.folder / "report.json"),
            "app": str(app),
            "image": str(app),
        }
        if published:
            request.update(url=URL, dir_beside_hook=self.hook_storage_root.name, pin=None)
            request.update(hook_dir=str(self.inject), hook_at=str(self.inject))
        return request

    def baked(self):
        hook = (self.inject / "static_assets_hook.py").read_text()
        return re.search("^BAKED = (.*)$", hook, re.MULTILINE).group(1)

    def urls(self, kind):
        return list(self.report[f"{kind}_urls"]["samples"].values())


def scratch(case, folder):
    target = folder / "scratch"
    shutil.copytree(SOURCES / PACKAGE, target / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("runner.py", "static_assets_hook.py"):
        shutil.copy(SOURCES / name, target)
    return target


def environment(extra):
    """Nothing of the caller's Python or Django; its virtual environment stays first on PATH."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**kept, "PATH": path, **dict(extra)}


def links(output):
    """The asset links of the page that `ASK_FOR_PAGE` printed, or that a server answered."""
    page = output.partition("page:")[2]
    return re.findall('(?:href|src)="([^"]+)"', json.loads(page.splitlines()[0]) if page else output)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
