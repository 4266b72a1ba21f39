"""From the report to a page: what the build does with it, and what the image's app then links to."""

import itertools
import json
import re
import shutil
import unittest
from pathlib import Path

from support import RUN_TIME, URL, Case, needs

ASK = """
import importlib, json, os
from django.test import Client
importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"].split(".")[0] + ".wsgi")
print(json.dumps(Client().get("/").content.decode()))
"""
SETTINGS = {"DJANGO_SETTINGS_MODULE": "project.settings"}


class Launched(Case):
    def page(self, app, run, env=(), source="."):
        """Lays out the image as the build does, and renders the page."""
        own = run.report["static_root"]
        if own:
            shutil.copytree(run.into, own)
        for file in run.report["runtime_files"]:
            destination = Path(file["destination"])
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.into / file["path"], destination)
        variables = {**SETTINGS, **RUN_TIME, "PYTHONPATH": str(self.inject(run.report["inject"]["baked"])), **dict(env)}
        started = self.python("-c", ASK, cwd=app / source, env=variables)
        self.assertEqual((started.returncode, started.stderr), (0, ""))
        return re.findall('(?:href|src)="([^"]+)"', json.loads(started.stdout))

    def assert_published(self, links, run, count):
        self.assertEqual(len(links), count)
        for link in links:
            self.assertTrue(link.startswith(URL), link)
            self.assertTrue((run.into / link[len(URL) :]).is_file(), link)

    @needs("storages")
    @needs("whitenoise")
    def test_matrix(self):
        backends = ("plain", "manifest", "whitenoise", "s3", "s3manifest", "azure")
        for backend, root in itertools.product(backends, ("set", "unset")):
            with self.subTest(backend=backend, static_root=root):
                env = {"MATRIX_BACKEND": backend, "MATRIX_STATIC_ROOT": root}
                app = self.app("django_matrix")
                run = self.collect(app, env=env)
                self.assert_published(self.page(app, run, env), run, 5)

    def test_fixtures(self):
        production = {"DJANGO_SETTINGS_MODULE": "config.settings.production"}
        configuration = {"DJANGO_CONFIGURATION": "Production", "DJANGO_SECRET_KEY": "own"}
        for fixture, manage, source, env, count in (
            ("django_follows", "manage.py", ".", {}, 2),
            ("django_split_settings", "manage.py", ".", production, 2),
            ("django_symlinked_manage", "manage.py", "backend", {}, 2),
            ("django_subdirectory", "src/manage.py", "src", {}, 2),
            ("django_no_manage", None, ".", SETTINGS, 2),
            ("django_configurations", "manage.py", ".", configuration, 2),
        ):
            with self.subTest(fixture=fixture):
                app = self.app(fixture)
                run = self.collect(app, manage, env)
                self.assert_published(self.page(app, run, env, source), run, count)

    @needs("storages")
    def test_article(self):
        app = self.app("django_article")
        run = self.collect(app)
        env = {"RELEASE_VERSION": "v1", "STATIC_ASSETS_INJECT": "off"}
        self.assert_published(self.page(app, run, env), run, 2)

    @needs("compressor")
    def test_compressor(self):
        s3 = '"storages.backends.s3.S3StaticStorage"'
        manifest = '"django.contrib.staticfiles.storage.ManifestStaticFilesStorage"'
        for extra in (
            "",
            "COMPRESS_URL = STATIC_URL\n",
            "COMPRESS_ROOT = str(BASE_DIR / 'compressed')\n",
            f'STORAGES = {{"default": {{}}, "staticfiles": {{"BACKEND": {manifest}}}}}\n',
            f"del STATIC_ROOT\nCOMPRESS_STORAGE = {s3}\nAWS_STORAGE_BUCKET_NAME = 'x'\n"
            f'STORAGES = {{"default": {{}}, "staticfiles": {{"BACKEND": {s3}}}}}\n',
            "COMPRESS_OFFLINE_CONTEXT = {'STATIC_URL': STATIC_URL}\n"
            "COMPRESS_FILTERS = {'css': ['compressor.filters.css_default.CssAbsoluteFilter'], 'js': []}\n",
        ):
            with self.subTest(extra=extra):
                app = self.app("django_compressor")
                with (app / "project/settings.py").open("a") as file:
                    file.write(extra)
                run = self.collect(app)
                self.assertEqual(run.report["failure"], None, run.stderr)
                links = self.page(app, run)
                self.assert_published(links, run, 4)
                self.assertIn("/CACHE/", links[0])
                self.check_references(run.into / links[0][len(URL) :])

    def check_references(self, css):
        references = re.findall(r"url\(\"?([^)\"?]+)", css.read_text())
        self.assertEqual(len(references), 2)
        for reference in references:
            self.assertTrue((css.parent / reference).is_file(), reference)

    @needs("whitenoise")
    def test_panic_switch(self):
        app = self.app("django_matrix")
        env = {"MATRIX_BACKEND": "whitenoise"}
        links = self.page(app, self.collect(app, env=env), dict(env, STATIC_URL="/static/"))
        self.assertEqual(len([link for link in links if link.startswith("/static/web/")]), 5)


if __name__ == "__main__":
    unittest.main()
