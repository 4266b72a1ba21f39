import json

from support import Case, files, needs


class Compressor(Case):
    def collected(self, settings=""):
        run = self.collect(self.app("django_compressor", settings))
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        return run

    @needs("compressor")
    def test_compressor(self):
        run = self.collected()
        report = run.report
        self.assertEqual(report["compressor"], "build")
        self.assertTrue(report["compressed"])
        manifest = report["static_root"] + "/CACHE/manifest.json"
        self.assertEqual(report["runtime_files"], {"CACHE/manifest.json": manifest})
        css = next((run.into / "CACHE" / "css").iterdir()).read_text()
        self.assertIn("url(../../web/logo.svg?", css)
        self.assertEqual(files(run.into), files(self.collected().into))
        self.assertFalse([url for url in run.urls("own") if "CACHE" in url])

    @needs("compressor")
    def test_manifest_of_compressor_is_where_its_storage_puts_it(self):
        plain = "STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'}, %s}\n"
        alias = "COMPRESS_OFFLINE_MANIFEST_STORAGE_ALIAS = '%s'\n"
        remote = "'compressor': {'BACKEND': 'storages.backends.s3.S3Storage'}"
        for extra, manifest, replaced in (
            (plain % "" + alias % "staticfiles", "manifest.json", []),
            (plain % remote, "CACHE/manifest.json", ["COMPRESS_STORAGE", "COMPRESS_STORAGE_ALIAS"]),
        ):
            with self.subTest(extra=extra):
                run = self.collected(extra)
                root = run.report["static_root"]
                self.assertEqual(run.report["runtime_files"], {manifest: f"{root}/{manifest}"})
                self.assertTrue((run.into / manifest).is_file())
                for name in replaced:
                    self.assertIn(name, run.baked())

    @needs("compressor")
    def test_compressor_that_is_off_still_compiles(self):
        run = self.collected("COMPRESS_ENABLED = False\nCOMPRESS_PRECOMPILERS = (('text/x-scss', 'cat'),)\n")
        self.assertEqual(run.report["compressor"], "precompiles")
        self.assertEqual(run.report["precompiled_types"], ["text/x-scss"])

    @needs("compressor")
    def test_variables_of_blocks_are_known_or_named(self):
        page = "{% load static compress %}{% if user %}{% endif %}"
        page += "{% compress js %}<script>{{ LANGUAGE_CODE }}{{ known }}</script>{% endcompress %}"
        for context, missing in (("", ["LANGUAGE_CODE"]), (", 'LANGUAGE_CODE': 'de'", [])):
            app = self.app("django_compressor", "COMPRESS_OFFLINE_CONTEXT = {'known': 1%s}\n" % context)
            self.write(app / "web/templates/web/more.html", page)
            run = self.collect(app)
            self.assertEqual((run.returncode, run.report["variables_of_blocks"]), (0, missing), run.stderr)

    @needs("compressor")
    @needs("jinja2")
    def test_compressor_in_templates_of_jinja(self):
        settings = "OPTIONS = {'extensions': ['compressor.contrib.jinja2ext.CompressorExtension']}\n"
        settings += "BACKEND = 'django.template.backends.jinja2.Jinja2'\n"
        settings += "TEMPLATES.append({'BACKEND': BACKEND, 'DIRS': [BASE_DIR / 'jinja2'], 'OPTIONS': OPTIONS})\n"
        app = self.app("django_compressor", settings)
        self.write(app / "jinja2/page.html", "{% compress css %}<style>i { color: red }</style>{% endcompress %}")
        run = self.collect(app)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        manifest = json.loads((run.into / "CACHE/manifest.json").read_text())
        both = json.loads((self.collected().into / "CACHE/manifest.json").read_text())
        self.assertLess(len(both), len(manifest))
