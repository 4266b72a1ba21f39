"""From the report to a page: what the build does with it, and what the image's app then links to."""

import os
import re
import unittest

from support import SETTINGS, URL, Case, needs


class Launched(Case):
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
            "del STATIC_ROOT\nCOMPRESS_ROOT = str(BASE_DIR / 'compressed')\n"
            f'STORAGES = {{"default": {{}}, "staticfiles": {{"BACKEND": {manifest}}}}}\n',
            "COMPRESS_ROOT = '/nowhere'\n",
            f'STORAGES = {{"default": {{}}, "staticfiles": {{"BACKEND": {manifest}}}}}\n',
            f"del STATIC_ROOT\nCOMPRESS_STORAGE = {s3}\nAWS_STORAGE_BUCKET_NAME = 'x'\n"
            f'STORAGES = {{"default": {{}}, "staticfiles": {{"BACKEND": {s3}}}}}\n',
            "COMPRESS_OFFLINE_CONTEXT = {'STATIC_URL': STATIC_URL}\n"
            "COMPRESS_FILTERS = {'css': ['compressor.filters.css_default.CssAbsoluteFilter'], 'js': []}\n",
        ):
            with self.subTest(extra=extra):
                app = self.app("django_compressor", extra)
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

    def test_another_layer_on_pythonpath(self):
        layer = self.folder()
        self.write(layer / "of_the_layer.py", "")
        app = self.app("django_basic", "import of_the_layer\n")
        run = self.collect(app, env={"PYTHONPATH": str(layer)})
        for folders in ((run.inject, layer), (layer, run.inject)):
            with self.subTest(folders=folders):
                env = {"PYTHONPATH": os.pathsep.join(map(str, folders))}
                self.assert_published(self.page(app, run, env), run, 5)

    @needs("whitenoise")
    def test_fallback(self):
        app = self.app("django_matrix")
        env = {"MATRIX_BACKEND": "whitenoise"}
        links = self.page(app, self.collect(app, env=env), dict(env, STATIC_URL="/static/"))
        self.assertEqual(len([link for link in links if link.startswith("/static/web/")]), 5)


if __name__ == "__main__":
    unittest.main()
