import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from support import RUN_TIME, SOURCES, URL, Case, needs

ASK = """
import json, sys
from django.conf import settings
names = sys.argv[1:] or ["STATIC_URL", "WHITENOISE_STATIC_PREFIX"]
print(json.dumps({name: str(getattr(settings, name, None)) for name in names}))
"""


class HookCase(Case):
    def ask(self, settings="", names=(), env=(), baked="{}", program="ask.py"):
        """The values of settings in a process that starts with the hook."""
        app = self.folder()
        self.write(app / "app_settings.py", settings or 'STATIC_URL = "/static/"\n')
        self.write(app / program, ASK)
        return self.run_program(app, [program, *names], env, baked)

    def run_program(self, app, arguments, env=(), baked="{}"):
        variables = dict(RUN_TIME, DJANGO_SETTINGS_MODULE="app_settings", PYTHONPATH=str(self.inject(baked)))
        variables.update(env)
        run = self.python(*arguments, cwd=app, env={k: v for k, v in variables.items() if v is not None})
        self.assertEqual(run.returncode, 0, run.stderr)
        self.stderr = run.stderr
        return json.loads(run.stdout)


class Applies(HookCase):
    def test_sets_the_url_and_keeps_the_path(self):
        for own, prefix in {
            "/static/": "/static/",
            "static/": "static/",
            "/assets": "/assets",
            "https://old.example/files/": "/files/",
        }.items():
            with self.subTest(own=own):
                found = self.ask(f"STATIC_URL = {own!r}\n")
                self.assertEqual(found, {"STATIC_URL": URL, "WHITENOISE_STATIC_PREFIX": prefix})

    def test_adds_the_trailing_slash(self):
        self.assertEqual(self.ask(env={"STATIC_URL": URL.rstrip("/")})["STATIC_URL"], URL)

    def test_path_without_script_name(self):
        settings = 'STATIC_URL = "/app/static/"\nFORCE_SCRIPT_NAME = "/app"\n'
        self.assertEqual(self.ask(settings)["WHITENOISE_STATIC_PREFIX"], "/static/")

    def test_own_prefix_stays(self):
        settings = 'STATIC_URL = "/static/"\nWHITENOISE_STATIC_PREFIX = "/s/"\n'
        self.assertEqual(self.ask(settings)["WHITENOISE_STATIC_PREFIX"], "/s/")

    def test_settings_that_follow_stay(self):
        found = self.ask('import os\nSTATIC_URL = os.environ["STATIC_URL"]\n')
        self.assertEqual(found, {"STATIC_URL": URL, "WHITENOISE_STATIC_PREFIX": "None"})

    def test_compress_url_that_equals_static_url(self):
        for own, expected in {"/static/": URL, "/static": URL, "/other/": "/other/"}.items():
            with self.subTest(own=own):
                found = self.ask(f'STATIC_URL = "/static/"\nCOMPRESS_URL = {own!r}\n', ["COMPRESS_URL"])
                self.assertEqual(found["COMPRESS_URL"], expected)

    def test_storage_that_the_build_did_not_check(self):
        checked = "{'checked': 'django.contrib.staticfiles.storage.StaticFilesStorage'}"
        self.ask(baked=checked)
        self.assertEqual(self.stderr, "")
        other = 'STATIC_URL = "/static/"\nSTORAGES = {"staticfiles": {"BACKEND": "x.S3"}}\n'
        found = self.ask(other, baked=checked)
        self.assertEqual(found["STATIC_URL"], URL)
        self.assertEqual(self.stderr.count("uses the staticfiles storage x.S3"), 1)

    def test_settings_configure(self):
        app = self.folder()
        self.write(app / "ask.py", "from django.conf import settings\nsettings.configure(STATIC_URL='/s/')\n" + ASK)
        found = self.run_program(app, ["ask.py"], {"DJANGO_SETTINGS_MODULE": None})
        self.assertEqual(found, {"STATIC_URL": URL, "WHITENOISE_STATIC_PREFIX": "/s/"})

    def test_reload_and_second_install(self):
        app = self.folder()
        self.write(app / "app_settings.py", 'STATIC_URL = "/static/"\n')
        again = "import static_assets_hook, importlib, django.conf\n"
        again += "static_assets_hook.install(); importlib.reload(django.conf)\nstatic_assets_hook.install()\n"
        self.write(app / "ask.py", again + ASK)
        self.assertEqual(self.run_program(app, ["ask.py"])["STATIC_URL"], URL)

    def test_another_import_hook_around_django_conf(self):
        app = self.folder()
        self.write(app / "app_settings.py", 'STATIC_URL = "/static/"\n')
        around = """
import importlib.abc, importlib.util, sys
class Loader(importlib.abc.Loader):
    def __init__(self, loader): self.loader = loader
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module): self.loader.exec_module(module); module.seen_by_the_other = True
class Finder(importlib.abc.MetaPathFinder):
    busy = False
    def find_spec(self, name, path, target=None):
        if name != "django.conf" or self.busy: return None
        self.busy = True
        try: spec = importlib.util.find_spec(name)
        finally: self.busy = False
        spec.loader = Loader(spec.loader)
        return spec
sys.meta_path.{}
import django.conf
assert django.conf.seen_by_the_other
"""
        for place in ("insert(0, Finder())", "insert(1, Finder())"):
            with self.subTest(place=place):
                self.write(app / "ask.py", around.format(place) + ASK)
                self.assertEqual(self.run_program(app, ["ask.py"])["STATIC_URL"], URL)


class Bakes(HookCase):
    REMOTE = (
        'STATIC_URL = "/static/"\nOWN = {"default": {"BACKEND": "a.B"}, "staticfiles": {"BACKEND": "c.D"}, '
        '"more": {"BACKEND": "e.F"}}\nSTORAGES = OWN\n'
    )

    def test_storage(self):
        found = self.ask(self.REMOTE, ["STORAGES", "OWN"], baked="{'storage': 'x.Y'}")
        self.assertIn("'staticfiles': {'BACKEND': 'x.Y'}", found["STORAGES"])
        self.assertIn("'more': {'BACKEND': 'e.F'}", found["STORAGES"])
        self.assertIn("'staticfiles': {'BACKEND': 'c.D'}", found["OWN"])

    def test_legacy_storage(self):
        import django

        if django.VERSION >= (5, 1):
            self.skipTest("STATICFILES_STORAGE is gone since Django 5.1")
        settings = 'STATIC_URL = "/static/"\nSTATICFILES_STORAGE = "c.D"\n'
        found = self.ask(settings, ["STORAGES", "STATICFILES_STORAGE"], baked="{'storage': 'x.Y'}")
        self.assertIn("'staticfiles': {'BACKEND': 'x.Y'}", found["STORAGES"])
        self.assertEqual(found["STATICFILES_STORAGE"], "x.Y")

    def test_static_root_and_settings(self):
        baked = "{'folders': {'STATIC_ROOT': '/layers/s'}, 'settings': {'COMPRESS_ROOT': '/layers/s'}}"
        found = self.ask(names=["STATIC_ROOT", "COMPRESS_ROOT"], baked=baked)
        self.assertEqual(found, {"STATIC_ROOT": "/layers/s", "COMPRESS_ROOT": "/layers/s"})

    def test_directories_are_relative_to_the_hook(self):
        found = self.ask(names=["STATIC_ROOT"], baked="{'folders': {'STATIC_ROOT': '../static'}}")
        self.assertEqual(Path(found["STATIC_ROOT"]).name, "static")
        self.assertTrue(Path(found["STATIC_ROOT"]).is_absolute())
        self.assertNotIn("..", found["STATIC_ROOT"])

    def test_naming_attributes(self):
        app = self.folder()
        self.write(app / "app_settings.py", 'STATIC_URL = "/static/"\nSTATIC_ROOT = "/s"\n')
        ask = "from django.contrib.staticfiles.storage import staticfiles_storage as s\n"
        ask += "import json; print(json.dumps([s.manifest_name, s.base_url]))\n"
        self.write(app / "ask.py", ask)
        baked = (
            "{'storage': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage', "
            "'naming': {'manifest_name': 'm.json'}}"
        )
        self.assertEqual(self.run_program(app, ["ask.py"], baked=baked), ["m.json", URL])


class LoadsThePin(Case):
    PIN = "# what it is\nSTATIC_ASSETS_VERSION=v1\nSTATIC_URL=https://built/v1/\nRELEASE_VERSION=v1\n"

    def environment(self, pin, env=()):
        """What a process has whose image has a pin, loaded as a .pth does."""
        folder = self.folder()
        file = folder / "pin.env"
        if pin is not None:
            self.write(file, pin)
        hook = (SOURCES / "static_assets_hook.py").read_text()
        self.write(folder / "static_assets_hook.py", hook.replace("PIN = None\n", f"PIN = {str(file)!r}\n", 1))
        load = "import static_assets_hook, os, json; static_assets_hook.load_pin(); print(json.dumps(dict(os.environ)))"
        run = self.python("-c", load, cwd=folder, env=env)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.stderr = run.stderr
        found = json.loads(run.stdout)
        return [found.get(name) for name in ("STATIC_ASSETS_VERSION", "STATIC_URL", "RELEASE_VERSION")]

    def test_pin_sets_unset_and_empty_variables(self):
        self.assertEqual(self.environment(self.PIN), ["v1", "https://built/v1/", "v1"])
        self.assertEqual(self.environment(self.PIN, {"STATIC_URL": ""})[1], "https://built/v1/")

    def test_operator_overrides_all_but_the_version(self):
        own = {"STATIC_ASSETS_VERSION": "v0", "STATIC_URL": "/static/", "RELEASE_VERSION": "mine"}
        self.assertEqual(self.environment(self.PIN, own), ["v1", "/static/", "mine"])

    def test_public_url_at_run_time_replaces_the_base(self):
        rows = (Path(__file__).parents[1] / "rebase.txt").read_text().splitlines()
        for base, _, url in (row.partition("\t") for row in rows if not row.startswith("#")):
            with self.subTest(base=base):
                found = self.environment(self.PIN, {"STATIC_ASSETS_PUBLIC_URL": base + "\n"})[1]
                self.assertEqual(found, url or "https://built/v1/")

    def test_missing_or_empty_pin_changes_nothing(self):
        for pin in (None, "", "# Nothing was published\n", "no line of ours"):
            with self.subTest(pin=pin):
                self.assertEqual(self.environment(pin), [None, None, None])
                self.assertEqual(self.stderr, "")

    def test_binary_pin_is_reported_and_ignored(self):
        folder = self.folder()
        (folder / "pin.env").write_bytes(b"STATIC_ASSETS_VERSION=\xff\xfe\n")
        hook = (SOURCES / "static_assets_hook.py").read_text()
        self.write(folder / "static_assets_hook.py", hook.replace("PIN = None", f"PIN = {str(folder / 'pin.env')!r}"))
        run = self.python("-c", "import static_assets_hook as h; h.load_pin(); print('on')", cwd=folder)
        self.assertEqual(run.stdout, "on\n")
        self.assertIn("static-assets: UnicodeDecodeError", run.stderr)

    def test_named_pipe_is_not_read(self):
        folder = self.folder()
        os.mkfifo(folder / "pin.env")
        hook = (SOURCES / "static_assets_hook.py").read_text()
        self.write(folder / "static_assets_hook.py", hook.replace("PIN = None", f"PIN = {str(folder / 'pin.env')!r}"))
        run = self.python("-c", "import static_assets_hook as h; h.load_pin(); print('on')", cwd=folder)
        self.assertEqual((run.stdout, run.stderr), ("on\n", ""))


class StaysOut(HookCase):
    def assert_untouched(self, *arguments, **options):
        own = {"STATIC_URL": "/static/", "WHITENOISE_STATIC_PREFIX": "None"}
        self.assertEqual(self.ask(*arguments, **options), own)

    def test_debug(self):
        self.assert_untouched('STATIC_URL = "/static/"\nDEBUG = True\n')

    def test_off_or_unset(self):
        for env in (
            {"STATIC_ASSETS_INJECT": "off"},
            {"STATIC_URL": ""},
            {"STATIC_URL": None},
            {"PYTEST_VERSION": "9"},
        ):
            with self.subTest(env=env):
                self.assert_untouched(env=env)

    def test_pytest_in_the_process(self):
        app = self.folder()
        self.write(app / "app_settings.py", 'STATIC_URL = "/static/"\n')
        self.write(app / "pytest.py", "")
        self.write(app / "ask.py", "import pytest\n" + ASK)
        self.assertEqual(self.run_program(app, ["ask.py"])["STATIC_URL"], "/static/")

    def test_commands(self):
        app = self.folder()
        self.write(app / "app_settings.py", 'STATIC_URL = "/static/"\n')
        ask = ASK.replace('sys.argv[1:] or ["STATIC_URL", "WHITENOISE_STATIC_PREFIX"]', '["STATIC_URL"]')
        for program, command, expected in (
            ("manage.py", "test", "/static/"),
            ("manage.py", "collectstatic", "/static/"),
            ("django-admin", "test", "/static/"),
            ("manage.py", "runserver", URL),
            ("serve.py", "test", URL),
        ):
            with self.subTest(program=program, command=command):
                self.write(app / program, ask)
                self.assertEqual(self.run_program(app, [program, command])["STATIC_URL"], expected)

    def test_fallback(self):
        """STATIC_URL=/static/ serves from the app again, at the path where the app serves."""
        for own, expected in {
            "/static/": {"STATIC_URL": "/static/", "WHITENOISE_STATIC_PREFIX": "None"},
            "/assets/": {"STATIC_URL": "/assets/", "WHITENOISE_STATIC_PREFIX": "None"},
            "https://old.example/static/": {"STATIC_URL": "/static/", "WHITENOISE_STATIC_PREFIX": "None"},
        }.items():
            with self.subTest(own=own):
                self.assertEqual(self.ask(f"STATIC_URL = {own!r}\n", env={"STATIC_URL": "/static/"}), expected)

    def test_path_of_the_published_version_is_followed(self):
        found = self.ask(env={"STATIC_URL": "/assets-v/v1/"})
        self.assertEqual(found, {"STATIC_URL": "/assets-v/v1/", "WHITENOISE_STATIC_PREFIX": "/static/"})


class NeverBreaks(HookCase):
    def test_error_inside(self):
        app = self.folder()
        settings = 'class Bad:\n    def __str__(self): raise RuntimeError("no\\nurl")\nSTATIC_URL = Bad()\n'
        self.write(app / "app_settings.py", settings)
        self.write(app / "ask.py", "from django.conf import settings\nsettings.DEBUG\nprint('[]')\n")
        self.assertEqual(self.run_program(app, ["ask.py"]), [])
        self.assertEqual(self.stderr, "static-assets: RuntimeError: no url\n")

    def test_errors_of_the_app_stay_its_own(self):
        app = self.folder()
        self.write(app / "app_settings.py", "1 / 0\n")
        self.write(app / "ask.py", ASK)
        env = dict(RUN_TIME, DJANGO_SETTINGS_MODULE="app_settings", PYTHONPATH=str(self.inject()))
        run = self.python("ask.py", cwd=app, env=env)
        self.assertIn("ZeroDivisionError", run.stderr.splitlines()[-1])
        self.assertNotIn("static-assets:", run.stderr)

    def test_without_django(self):
        run = self.python("-S", "-c", "import sitecustomize", cwd=self.inject(), env=RUN_TIME)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_imports_nothing(self):
        # What `importlib.abc` or `re` cost is paid by every Python process of the image.
        run = self.python(
            "-S",
            "-c",
            "import os, sys; before = set(sys.modules); import static_assets_hook as h; h.install(); "
            "print(sorted(set(sys.modules) - before))",
            cwd=self.inject(),
            env=RUN_TIME,
        )
        self.assertEqual(run.stdout.strip(), "['static_assets_hook']", run.stderr)

    def test_python2(self):
        python2 = os.environ.get("STATIC_ASSETS_TEST_PYTHON2") or shutil.which("python2.7")
        works = python2 and subprocess.run([python2, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0
        if not works:
            self.skipTest("no Python 2.7: set STATIC_ASSETS_TEST_PYTHON2")
        inject = self.inject()
        after = self.folder()
        self.write(after / "sitecustomize.py", "import sys; sys.after = True\n")
        run = self.start(
            [python2, "-c", "import sys; print(sys.after)"],
            cwd=after,
            env=dict(RUN_TIME, PYTHONPATH=os.pathsep.join([str(inject), str(after)])),
        )
        self.assertEqual((run.stdout, run.stderr), ("True\n", ""))


class Compiled(Case):
    def test_byte_code_outlives_changes_of_the_source(self):
        app = self.app("django_basic")
        run = self.collect(app)
        for name in ("sitecustomize.py", "static_assets_hook.py"):
            self.write(run.inject / name, "raise SystemExit('compiled again')\n")
            os.utime(run.inject / name, (1, 1))
        self.assert_published(self.page(app, run), run, 5)


class Chains(HookCase):
    def test_sitecustomize_after_ours(self):
        after = self.folder()
        self.write(after / "sitecustomize.py", "import sys\nsys.after = __name__, __file__, __spec__.name\n")
        show = "import sys, sitecustomize; print(sys.after, sitecustomize.__file__)"
        paths = os.pathsep.join([str(self.inject()), str(after)])
        run = self.python("-c", show, cwd=after, env=dict(RUN_TIME, PYTHONPATH=paths))
        expected = str(after / "sitecustomize.py")
        self.assertEqual(run.stdout.strip(), f"('sitecustomize', {expected!r}, 'sitecustomize') {expected}", run.stderr)

    def test_sitecustomize_before_ours_that_chains(self):
        before = self.folder()
        chains = """
import os, sys
here = os.path.dirname(__file__)
sys.path.remove(here)
del sys.modules["sitecustomize"]
import sitecustomize
sys.path.insert(0, here)
"""
        self.write(before / "sitecustomize.py", chains)
        app = self.folder()
        self.write(app / "app_settings.py", 'STATIC_URL = "/static/"\n')
        self.write(app / "ask.py", ASK)
        paths = os.pathsep.join([str(before), str(self.inject())])
        self.assertEqual(self.run_program(app, ["ask.py"], {"PYTHONPATH": paths})["STATIC_URL"], URL)

    def test_failing_sitecustomize_after_ours(self):
        after = self.folder()
        self.write(after / "sitecustomize.py", "raise RuntimeError('theirs')\n")
        paths = os.pathsep.join([str(self.inject()), str(after)])
        run = self.python("-c", "print('started')", cwd=after, env=dict(RUN_TIME, PYTHONPATH=paths))
        alone = self.python("-c", "print('started')", cwd=after, env=dict(RUN_TIME, PYTHONPATH=str(after)))
        self.assertEqual((run.stdout, run.stderr), (alone.stdout, alone.stderr))


@needs("whitenoise")
class WhiteNoise(Case):
    def test_every_local_url_answers(self):
        app = self.app("django_matrix")
        env = {"MATRIX_BACKEND": "whitenoise", "DJANGO_SETTINGS_MODULE": "project.settings"}
        self.assertEqual(self.python("manage.py", "collectstatic", "--noinput", cwd=app, env=env).returncode, 0)
        ask = """
import re
from django.test import Client
import project.wsgi
client = Client()
page = client.get("/").content.decode()
print(re.findall('(?:href|src)="([^"]+)"', page))
print([client.get("/static/web/" + name).status_code for name in ("app.css", "logo.svg")])
"""
        injected = dict(env, PYTHONPATH=str(self.inject()))
        plain = self.python("-c", ask, cwd=app, env=env).stdout.splitlines()
        for url, prefix in ((URL, URL), ("/static/", "/static/")):
            with self.subTest(url=url):
                run = self.python("-c", ask, cwd=app, env=dict(injected, **dict(RUN_TIME, STATIC_URL=url)))
                self.assertEqual(
                    run.stdout.splitlines(), [plain[0].replace("/static/", prefix), "[200, 200]"], run.stderr
                )


if __name__ == "__main__":
    unittest.main()
