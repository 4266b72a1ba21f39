import itertools
import json
import os
import unittest

import django

from support import BUILD_TIME, SOURCES, URL, Case, files, needs, scratch

STATICFILES = "django.contrib.staticfiles.storage."
PLAIN, MANIFEST = STATICFILES + "StaticFilesStorage", STATICFILES + "ManifestStaticFilesStorage"
WHITENOISE = "whitenoise.storage.CompressedManifestStaticFilesStorage"

# backend: (own storage, local, manifest, collected with)
BACKENDS = {
    "plain": (PLAIN, True, False, PLAIN),
    "manifest": (MANIFEST, True, True, MANIFEST),
    "whitenoise": (WHITENOISE, True, True, MANIFEST),
    "s3": ("storages.backends.s3.S3StaticStorage", False, False, PLAIN),
    "s3manifest": ("storages.backends.s3.S3ManifestStaticStorage", False, True, MANIFEST),
    "azure": ("storages.backends.azure_storage.AzureStorage", False, False, PLAIN),
}

READY = """
from django.apps import AppConfig
from django.conf import settings
from django.templatetags.static import static

class Web(AppConfig):
    name = "web"

    def ready(self):
        {}
"""


class Matrix(Case):
    """Every backend, with and without STATIC_ROOT: one file set, one set of URLs."""

    @needs("storages")
    @needs("whitenoise")
    def test_backends(self):
        local = {
            manifest: self.own_files(
                self.app("django_matrix"), env={"MATRIX_BACKEND": "manifest" if manifest else "plain"}
            )
            for manifest in (False, True)
        }
        for backend, root in itertools.product(BACKENDS, ("set", "unset")):
            with self.subTest(backend=backend, static_root=root):
                self.check(backend, root, local)

    def check(self, backend, root, local):
        own, is_local, manifest, collected_with = BACKENDS[backend]
        app = self.app("django_matrix")
        run = self.collect(app, env={"MATRIX_BACKEND": backend, "MATRIX_STATIC_ROOT": root})
        report = run.report
        self.assertEqual((run.returncode, report["failure"]), (0, None), run.stderr)
        self.assertEqual(files(run.into), local[manifest])
        self.assertFalse((app / "staticfiles").exists())
        storage = report["storage"]
        self.assertEqual(storage["own"], own)
        self.assertEqual(storage["classes"][0], own)
        self.assertEqual((storage["local"], storage["manifest"], storage["setting"]), (is_local, manifest, "STORAGES"))
        self.assertEqual(storage["collected_with"], collected_with)
        self.assertEqual(report["static_root"], str(app / "staticfiles") if root == "set" else None)
        self.assertEqual(report["static_url"], "/static/")
        self.assertEqual(report["server"] is not None, backend == "whitenoise")

        bakes_root = manifest and root == "unset"
        place = run.hook_storage_root if bakes_root else app / "staticfiles"
        runtime_files = {"staticfiles.json": str(place / "staticfiles.json")}
        self.assertEqual(report["runtime_files"], runtime_files if manifest else {})
        baked = {"manifest": True} if manifest else {}
        baked.update({"checked": own} if is_local else {"storage": collected_with})
        if bakes_root:
            baked["folders"] = {"STATIC_ROOT": run.hook_storage_root.name}
        self.assertEqual(run.baked(), repr(baked))
        self.assertEqual(report["hook_storage"], baked.get("storage"))
        self.assertEqual(report["hook_static_root"], bakes_root)

        self.assertIsNone(report["hooked_urls"]["error"])
        self.assertEqual(len(run.urls("hooked")), 5)
        for url in run.urls("hooked"):
            self.assertIn(url.removeprefix(URL), local[manifest])
        if backend == "plain":
            self.assertEqual(run.urls("own")[0], "/static/web/app.css")
        elif bakes_root and is_local:
            self.assertIn("ImproperlyConfigured", report["own_urls"]["error"])

        env = {"MATRIX_BACKEND": backend, "MATRIX_STATIC_ROOT": root}
        self.assert_published(self.page(app, run, env), run, 5)

    @needs("whitenoise")
    def test_same_names_as_whitenoise(self):
        env = {"MATRIX_BACKEND": "whitenoise"}
        whitenoise = self.own_files(self.app("django_matrix"), env=env)
        ours = files(self.collect(self.app("django_matrix"), env=env).into)
        self.assertEqual(ours, {name: data for name, data in whitenoise.items() if not name.endswith((".gz", ".br"))})

    @needs("whitenoise")
    def test_whitenoise_that_is_left_alone(self):
        for extra, backend in (
            ("WHITENOISE_KEEP_ONLY_HASHED_FILES = True\n", WHITENOISE),
            ('STORAGES["staticfiles"]["BACKEND"] = "project.storage.Storage"\n', "project.storage.Storage"),
        ):
            with self.subTest(backend=backend):
                app = self.app("django_matrix", extra)
                storage = f"from {WHITENOISE.rpartition('.')[0]} import *\n"
                storage += "class Storage(CompressedManifestStaticFilesStorage): pass\n"
                self.write(app / "project/storage.py", storage)
                run = self.collect(app, env={"MATRIX_BACKEND": "whitenoise"})
                self.assertEqual(run.report["storage"]["collected_with"], backend, run.stderr)
                self.assertIn("web/app.css" in files(run.into), (False, backend != WHITENOISE))
                self.assertTrue(any(name.endswith(".br") for name in files(run.into)))


class Fixtures(Case):
    def collected(self, fixture, manage="manage.py", env=()):
        run = self.collect(self.app(fixture), manage, env)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        self.assertTrue(run.report["collected"])
        return run

    def test_basic(self):
        run = self.collected("django_basic")
        report = run.report
        self.assertEqual(report["django"], django.get_version())
        self.assertEqual(report["settings_module"], "project.settings")
        self.assertEqual(report["storage"]["setting"], "default")
        self.assertEqual((report["read"], report["checks"], report["debug"]), ([], [], False))
        self.assertEqual(
            [os.path.splitext(url)[1] for url in run.urls("own")], [".css", ".js", ".svg", ".woff2", ".png"]
        )
        self.assertIn("5 static files copied", run.stdout)

    def test_follows(self):
        run = self.collected("django_follows")
        self.assertEqual(run.report["read"], ["STATIC_URL"])
        self.assertEqual(run.report["static_url"], URL)
        self.assertEqual(run.urls("own"), [URL + "web/app.css", URL + "web/logo.svg"])

    def test_split_settings(self):
        run = self.collected("django_split_settings")
        self.assertEqual((run.report["settings_module"], run.report["debug"]), ("config.settings.local", True))
        self.assertEqual(run.urls("hooked"), run.urls("own"))
        run = self.collected("django_split_settings", env={"DJANGO_SETTINGS_MODULE": "config.settings.production"})
        self.assertEqual((run.report["settings_module"], run.report["debug"]), ("config.settings.production", False))
        self.assertEqual(run.urls("hooked"), [URL + "web/app.css", URL + "web/logo.svg"])

    @needs("configurations")
    def test_configurations(self):
        run = self.collected("django_configurations")
        self.assertEqual(run.report["dummies"], ["DJANGO_SECRET_KEY"])
        self.assertEqual(len(files(run.into)), 2)

    def test_layouts(self):
        for fixture, manage, env in (
            ("django_symlinked_manage", "manage.py", {}),
            ("django_subdirectory", "src/manage.py", {}),
            ("django_no_manage", None, {"DJANGO_SETTINGS_MODULE": "project.settings"}),
        ):
            with self.subTest(fixture=fixture):
                self.assertEqual(len(files(self.collected(fixture, manage, env).into)), 2)

    @needs("storages")
    def test_article(self):
        run = self.collected("django_article")
        self.assertEqual(run.report["read"], ["RELEASE_VERSION"])
        self.assertIsNone(run.report["own_urls"]["error"])
        self.assertEqual(run.urls("own")[0], URL + "web/app.css")

    def test_warns_w004(self):
        (check,) = self.collected("django_warns_w004").report["checks"]
        self.assertEqual((check["id"], check["level"]), ("staticfiles.W004", 30))

    def test_media_env(self):
        replaced = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "removed")
        self.collected("django_media_env", env=replaced)


class Settings(Case):
    def collected(self, extra, env=(), storage=""):
        app = self.app("django_basic", extra)
        self.write(app / "project/storage.py", storage)
        run = self.collect(app, env=env)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        return run

    def test_reads_by_name_only(self):
        for extra, read in (
            ("os.environ.copy(); dict(os.environ); list(os.environ.items()); {**os.environ}\n", []),
            ("list(os.environ.values()); sorted(os.environ)\n", []),
            ("os.environ.get('STATIC_HOST')\n", ["STATIC_HOST"]),
            ("os.getenv('RELEASE_VERSION'); dict(os.environ)\n", ["RELEASE_VERSION"]),
            ("dict(os.environ); 'DJANGO_STATIC_URL' in os.environ\n", ["DJANGO_STATIC_URL"]),
            ("dict(os.environ); os.environ['STATIC_ASSETS_VERSION']\n", ["STATIC_ASSETS_VERSION"]),
        ):
            with self.subTest(extra=extra):
                self.assertEqual(self.collected(extra).report["read"], read)

    def test_secret_key(self):
        for line, env, dummies in (
            ("os.environ['DJANGO_SECRET_KEY']\nassert len(SECRET_KEY) >= 64", {}, ["DJANGO_SECRET_KEY"]),
            ("dict(os.environ)['SECRET_KEY']", {}, ["SECRET_KEY"]),
            ("''", {}, []),
            ("os.environ['SECRET_KEY']\nassert SECRET_KEY == 'own'", {"SECRET_KEY": "own"}, []),
            ("os.environ['SECRET_KEY']", {"SECRET_KEY": ""}, []),
        ):
            with self.subTest(line=line):
                app = self.app("django_basic")
                path = app / "project/settings.py"
                lines = path.read_text().replace('os.environ.get("SECRET_KEY", "only-for-this-fixture")', line)
                path.write_text(lines + "INSTALLED_APPS += ['django.contrib.auth', 'django.contrib.contenttypes']\n")
                run = self.collect(app, env=env)
                self.assertEqual((run.returncode, run.report["dummies"]), (0, dummies), run.stderr)

    def test_ignored_staticfiles_storage(self):
        run = self.collected(f"STATICFILES_STORAGE = {MANIFEST!r}\n")
        legacy = django.VERSION < (5, 1)
        self.assertEqual(run.report["ignored_staticfiles_storage"], None if legacy else MANIFEST)
        self.assertEqual(run.report["storage"]["setting"], "STATICFILES_STORAGE" if legacy else "default")
        self.assertEqual("staticfiles.json" in files(run.into), legacy)

    def test_static_root_keeps_its_type(self):
        app = self.app("django_basic")
        self.write(app / "web/apps.py", READY.format("settings.STATIC_ROOT / 'x'"))
        self.assertEqual(self.collect(app).returncode, 0)

    def test_storage_used_while_apps_load(self):
        app = self.app("django_basic")
        self.write(app / "web/apps.py", READY.format("static('web/app.css')"))
        self.assertEqual(len(files(self.collect(app).into)), 5)

    def test_storage_that_chooses_its_own_place(self):
        options = {"location": "/nowhere", "base_url": "/static/"}
        storages = {"staticfiles": {"BACKEND": MANIFEST, "OPTIONS": options}}
        run = self.collected(f"STORAGES = {storages}\n")
        self.assertEqual(len(files(run.into)), 11)
        self.assertIsNone(run.report["hooked_urls"]["error"])
        self.assertEqual(run.urls("hooked")[0][: len(URL)], URL)
        storage = "from django.contrib.staticfiles.storage import StaticFilesStorage\n"
        storage += "class Own(StaticFilesStorage):\n    def __init__(self): super().__init__(location='/nowhere')\n"
        run = self.collected("STORAGES = {'staticfiles': {'BACKEND': 'project.storage.Own'}}\n", storage=storage)
        self.assertEqual(len(files(run.into)), 5)

    def test_storage_may_save_texts(self):
        storage = "from django.contrib.staticfiles.storage import StaticFilesStorage\n"
        storage += "from django.core.files.base import ContentFile\n"
        storage += "class Own(StaticFilesStorage):\n"
        storage += "    def post_process(self, paths, **options):\n"
        storage += "        self.save('web/made.css', ContentFile('a{}'))\n        return []\n"
        run = self.collected("STORAGES = {'staticfiles': {'BACKEND': 'project.storage.Own'}}\n", storage=storage)
        self.assertEqual((run.into / "web/made.css").read_text(), "a{}")

    def test_storage_is_a_class_of_the_same_name(self):
        uses = """import os
        from django.contrib.staticfiles import storage
        from django.utils.module_loading import import_string
        entries = getattr(settings, "STORAGES", None)
        backend = entries["staticfiles"]["BACKEND"] if entries else settings.STATICFILES_STORAGE
        cls = import_string(backend)
        assert backend.endswith(".ManifestStaticFilesStorage") and cls is import_string(backend)
        assert issubclass(cls, storage.ManifestStaticFilesStorage) and cls.__name__ == "ManifestStaticFilesStorage"
        scratch = cls(location=settings.BASE_DIR / "own", base_url="/own/")
        from django.core.files.base import ContentFile
        scratch.save("a.css", ContentFile(b"a"))
        assert scratch.path("a.css") == os.path.join(settings.BASE_DIR, "own", "a.css")"""
        app = self.app("django_matrix")
        self.write(app / "web/apps.py", READY.format(uses))
        run = self.collect(app, env={"MATRIX_BACKEND": "manifest"})
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        self.assertTrue((app / "own/a.css").is_file())
        self.assertEqual(files(run.into), self.own_files(self.app("django_matrix"), env={"MATRIX_BACKEND": "manifest"}))

    def test_manifest_is_where_the_storage_reads_it(self):
        storage = "from django.conf import settings\n"
        storage += "from django.contrib.staticfiles.storage import ManifestStaticFilesStorage\n"
        storage += "class Own(ManifestStaticFilesStorage):\n"
        storage += "    def __init__(self, *args, **kwargs):\n"
        storage += "        super().__init__(settings.BASE_DIR / 'public', settings.STATIC_URL)\n"
        entry = "STORAGES = {'staticfiles': {'BACKEND': 'project.storage.Own'}}\n"
        for root in ("", "STATIC_ROOT = None\n"):
            run = self.collected(root + entry, storage=storage)
            app = run.app
            self.assertEqual(run.report["runtime_files"], {"staticfiles.json": str(app / "public/staticfiles.json")})
            self.assertIsNone(run.report["hooked_urls"]["error"])
            self.assert_published(self.page(app, run), run, 5)

    @needs("storages")
    def test_naming_of_a_remote_storage(self):
        storage = "from storages.backends.s3 import S3ManifestStaticStorage\n"
        storage += "class Own(S3ManifestStaticStorage):\n    manifest_name = 'own.json'\n    manifest_strict = False\n"
        storage += "    def file_hash(self, name, content=None): return 'x'\n"
        run = self.collected("STORAGES = {'staticfiles': {'BACKEND': 'project.storage.Own'}}\n", storage=storage)
        naming = {"manifest_name": "own.json", "manifest_strict": False}
        self.assertEqual(run.report["storage"]["naming"], naming)
        self.assertEqual(run.report["storage"]["naming_methods"], ["file_hash"])
        self.assertIn("own.json", files(run.into))
        self.assertEqual(run.baked(), repr({"manifest": True, "storage": MANIFEST, "naming": naming}))
        self.assertRegex(run.urls("hooked")[0], r"^https://cdn.example/x/v1/web/app\.\w{12}\.css$")

    def test_root_outside_of_the_image(self):
        storages = {"staticfiles": {"BACKEND": MANIFEST}}
        run = self.collected(f"STATIC_ROOT = '/nowhere'\nSTORAGES = {storages}\n")
        destination = str(run.hook_storage_root / "staticfiles.json")
        self.assertEqual(run.report["runtime_files"], {"staticfiles.json": destination})
        self.assertTrue(run.report["hook_static_root"])
        self.assertIn("Missing staticfiles manifest entry", run.report["own_urls"]["error"])
        self.assertIsNone(run.report["hooked_urls"]["error"])


class Local(Case):
    """Nothing is published: what the app's own commands collect, for the app's own places."""

    def collected(self, app, env=()):
        run = self.collect(app, env=env, published=False)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        nothing = {"samples": {}, "references": {}, "error": None}
        self.assertEqual((run.report["own_urls"], run.report["hooked_urls"]), (nothing, nothing))
        self.assertEqual((run.report["hook_storage"], run.report["hook_static_root"]), (None, False))
        self.assertFalse((app / "staticfiles").exists())
        return run

    def app_with(self, fixture, extra):
        app = self.app(fixture, extra)
        return app

    def runtime_file(self, app, path):
        return {path: str(app / "staticfiles" / path)}

    def test_own_storages(self):
        for backend in ("plain", "manifest"):
            with self.subTest(backend=backend):
                env = {"MATRIX_BACKEND": backend}
                app = self.app("django_matrix")
                run = self.collected(app, env)
                self.assertEqual(files(run.into), self.own_files(self.app("django_matrix"), env=env))
                manifest = self.runtime_file(app, "staticfiles.json") if backend == "manifest" else {}
                self.assertEqual(run.report["runtime_files"], manifest)
                self.assert_files(self.page(app, run, env), "/static/", app / "staticfiles", 5)

    @needs("storages")
    def test_remote_storage(self):
        local = self.own_files(self.app("django_matrix"), env={"MATRIX_BACKEND": "manifest"})
        for root in ("set", "unset"):
            with self.subTest(static_root=root):
                app = self.app("django_matrix")
                run = self.collected(app, {"MATRIX_BACKEND": "s3manifest", "MATRIX_STATIC_ROOT": root})
                self.assertEqual(files(run.into), local)
                manifest = self.runtime_file(app, "staticfiles.json") if root == "set" else {}
                self.assertEqual(run.report["runtime_files"], manifest)

    def test_own_settings(self):
        storages = {"staticfiles": {"BACKEND": PLAIN, "OPTIONS": {"location": "/nowhere", "base_url": "/own/"}}}
        app = self.app_with("django_basic", f"STORAGES = {storages}\nSECRET_KEY = os.environ['SECRET_KEY']\n")
        seen = "assert (static('web/app.css'), settings.STATIC_URL) == ('/own/web/app.css', '/static/')"
        self.write(app / "web/apps.py", READY.format(seen))
        run = self.collected(app)
        self.assertEqual(len(files(run.into)), 5)
        self.assertEqual((run.report["dummies"], run.report["runtime_files"]), (["SECRET_KEY"], {}))

    @needs("compressor")
    @needs("storages")
    def test_compressor(self):
        # The time of a collected file is another one each time.
        by_content = "COMPRESS_CSS_HASHING_METHOD = 'content'\n"
        own = self.own_files(self.app_with("django_compressor", by_content), ["compress"])
        # Its threads leave the entries in another order each time.
        entries = json.loads(own["CACHE/manifest.json"])
        own["CACHE/manifest.json"] = json.dumps(entries, indent=2, sort_keys=True).encode()
        for extra, in_image in (
            ("", True),
            ("COMPRESS_URL = STATIC_URL\nCOMPRESS_OFFLINE_CONTEXT = {'STATIC_URL': STATIC_URL}\n", True),
            ("COMPRESS_STORAGE = COMPRESS_OFFLINE_MANIFEST_STORAGE = 'storages.backends.s3.S3StaticStorage'\n", True),
            ("COMPRESS_ROOT = '/nowhere'\n", False),
        ):
            with self.subTest(extra=extra):
                app = self.app_with("django_compressor", by_content + extra)
                run = self.collected(app)
                self.assertEqual(files(run.into), own)
                manifest = self.runtime_file(app, "CACHE/manifest.json")
                self.assertEqual(run.report["runtime_files"], manifest if in_image else {})
                if in_image and "s3" not in extra:
                    self.assert_files(self.page(app, run), "/static/", app / "staticfiles", 4)


class Ends(Case):
    ENDS = """
import atexit, sys, threading
def note(text):
    with open(BASE_DIR / "log", "a") as file: file.write(text)
def outlive():
    threading.main_thread().join()
    note("thread ")
def end():
    note("atexit ")
    print("o" * 100_000, end="")
    print("e" * 100_000, end="", file=sys.stderr)
threading.Thread(target=outlive).start()
atexit.register(end)
"""

    def test_as_python_does(self):
        for extra, status in (("", 0), ("raise RuntimeError\n", 1)):
            with self.subTest(extra=extra):
                app = self.app("django_basic", self.ENDS + extra)
                run = self.collect(app)
                self.assertEqual(run.returncode, status, run.stderr)
                self.assertEqual((app / "log").read_text(), "thread atexit ")
                self.assertTrue(run.stdout.endswith("o" * 100_000))
                self.assertTrue(run.stderr.endswith("e" * 100_000))
                self.assertEqual("RuntimeError" in run.stderr, bool(status))


class Attached(Case):
    def attached(self, command, app):
        folder = self.folder()
        target = scratch(self, folder)
        self.write(target / "sitecustomize.py", (SOURCES / "attach.py").read_text())
        into = folder / "into"
        into.mkdir()
        request = {"manage": None, "into": str(into), "url": URL, "app": str(app), "image": str(app)}
        request.update(report=str(folder / "report.json"), dir_beside_hook="files", pin=None)
        request.update(dict.fromkeys(("hook_dir", "hook_at"), str(self.inject())))
        self.write(folder / "request.json", json.dumps(request))
        env = {"PYTHONPATH": str(target), "STATIC_ASSETS_RUNNER_REQUEST": str(folder / "request.json")}
        run = self.start(command, cwd=app, env=dict(BUILD_TIME, **env))
        report = folder / "report.json"
        return run, json.loads(report.read_text()) if report.exists() else None, files(into)

    def test_collectstatic_of_a_command(self):
        app = self.app("django_basic")
        run, report, collected = self.attached(["sh", "-c", "python manage.py collectstatic --noinput -v 0"], app)
        self.assertEqual((run.returncode, report["failure"], len(collected)), (0, None, 5), run.stderr)
        self.assertFalse((app / "staticfiles").exists())

    def app_with_build(self, fixture, added):
        """An app with a command of its own that collects, and then adds a script."""
        app = self.app(fixture)
        command = "import pathlib\nfrom django.conf import settings\n"
        command += "from django.core.management import BaseCommand, call_command\n"
        command += "class Command(BaseCommand):\n    def handle(self, **options):\n"
        command += "        call_command('collectstatic', interactive=False, verbosity=0)\n"
        command += f"        pathlib.Path(settings.STATIC_ROOT, 'late.js').write_text({added!r})\n"
        for package in ("web/management", "web/management/commands"):
            self.write(app / package / "__init__.py", "")
        self.write(app / "web/management/commands/build.py", command)
        return app

    def test_collectstatic_within_another_command(self):
        app = self.app_with_build("django_basic", "late()")
        line = "python manage.py build && python manage.py check"
        run, report, collected = self.attached(["sh", "-c", line], app)
        self.assertEqual((run.returncode, report["failure"], report["collected"]), (0, None, True), run.stderr)
        self.assertEqual(len(report["hooked_urls"]["samples"]), 6)
        self.assertEqual((len(collected), "late.js" in collected), (6, True))

    @needs("compressor")
    def test_what_a_command_adds_is_compressed(self):
        app = self.app_with_build("django_compressor", "late()")
        page = "{% load static compress %}{% compress js %}"
        page += "<script src='{% static \"late.js\" %}'></script>{% endcompress %}"
        self.write(app / "web/templates/web/late.html", page)
        run, report, collected = self.attached(["python", "manage.py", "build"], app)
        self.assertEqual((run.returncode, report["failure"], report["compressed"]), (0, None, True), run.stderr)
        self.assertTrue([text for name, text in collected.items() if "CACHE" in name and b"late" in text])

    def test_failure(self):
        run, report, _ = self.attached(["python", "manage.py", "collectstatic"], self.app("django_missing_variable"))
        self.assertEqual((run.returncode, report["failure"]["missing_variable"]), (1, "DATABASE_URL"))

    def test_other_processes_are_untouched(self):
        app = self.app("django_basic")
        self.write(app / "runner.py", "name = 'the runner of the app'\n")
        code = "import os, sys, runner; print(runner.name, type(os.environ).__name__, 'django' in sys.modules)"
        run, report, _ = self.attached(["python", "-c", code], app)
        self.assertEqual((run.stdout, report), ("the runner of the app _Environ False\n", None), run.stderr)


if __name__ == "__main__":
    unittest.main()
