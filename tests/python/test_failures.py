import unittest
from importlib.util import find_spec

import django

from support import Case


class Failures(Case):
    """What stops a collectstatic, as the report names it; what Django prints stays what it prints."""

    def failure(self, fixture="django_basic", settings=None, env=()):
        app = self.app(fixture)
        if settings is not None:
            path = app / "project/settings.py"
            path.write_text(settings + path.read_text())
        run = self.collect(app, env=env)
        self.assertEqual(run.returncode, 1)
        self.assertFalse(run.report["collected"])
        self.run_without_us = self.python("manage.py", "collectstatic", "--noinput", cwd=app, env=env)
        self.with_us = run
        return run.report["failure"]

    def assert_failure(self, failure, **expected):
        self.assertEqual({name: failure[name] for name in expected}, expected)

    def test_missing_variable(self):
        failure = self.failure("django_missing_variable")
        self.assert_failure(
            failure, step="settings", type="KeyError", missing_variable="DATABASE_URL", place="project/settings.py:6"
        )
        self.assertIn("LookupError", failure["mro"])
        self.assertEqual(self.with_us.stderr, self.run_without_us.stderr)

    def test_variable_of_a_reader(self):
        helper = (
            "import os\nfrom django.core.exceptions import ImproperlyConfigured\ntry: os.environ['NEEDED']\n"
            "except KeyError: raise ImproperlyConfigured('NEEDED, please')\n"
        )
        for module, settings in (
            ("os", helper),
            ("environ", "import environ\nenviron.Env()('NEEDED')\n"),
            ("decouple", "from decouple import config\nconfig('NEEDED')\n"),
            ("environs", "from environs import Env\nEnv().str('NEEDED')\n"),
            (
                "pydantic_settings",
                "from pydantic_settings import BaseSettings\nclass S(BaseSettings): needed: str\nS()\n",
            ),
            (
                "pydantic_settings",
                "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n"
                "    model_config = SettingsConfigDict(env_prefix='app_')\n    needed: str\nS()\n",
            ),
            (
                "configurations",
                "from configurations.values import Value\n"
                "Value(environ_name='NEEDED', environ_required=True).setup('X')\n",
            ),
        ):
            with self.subTest(module=module, settings=settings):
                if find_spec(module) is None:
                    self.skipTest(f"{module} is not installed in this environment")
                name = {"configurations": "DJANGO_NEEDED"}.get(module, "APP_NEEDED" if "app_" in settings else "NEEDED")
                self.assert_failure(self.failure(settings=settings), step="settings", missing_variable=name)

    def test_variable_that_no_default_replaces(self):
        for line, name in (
            ("X = int(os.environ.get('NEEDED'))", "NEEDED"),
            ("X = os.getenv('NEEDED').split(',')", "NEEDED"),
            ("X = {'A': os.environ.get('OTHER', 'x'), 'B': int('10s')}", None),
        ):
            with self.subTest(line=line):
                failure = self.failure(settings=f"import os\n{line}\n")
                self.assert_failure(failure, step="settings", missing_variable=name)

    def test_unknown_storage_has_its_own_name(self):
        entry = "{'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.NoSuchStorage'}}"
        app = self.app("django_basic", f"STORAGES = {entry}\n")
        failure = self.collect(app).report["failure"]
        self.assertNotIn("static_assets_runner", failure["message"])
        self.assertIn("NoSuchStorage", failure["message"])

    def test_missing_module(self):
        failure = self.failure(settings="import no_such_module.part\n")
        self.assert_failure(
            failure,
            step="settings",
            type="ModuleNotFoundError",
            missing_module="no_such_module",
            place="project/settings.py:1",
        )

    def test_wrong_settings_module(self):
        failure = self.failure(env={"DJANGO_SETTINGS_MODULE": "nowhere.settings"})
        self.assert_failure(failure, step="settings", missing_module="nowhere")

    def test_no_settings_module(self):
        app = self.app("django_basic")
        run = self.collect(app, manage=None)
        message = "No Django settings specified. Unknown command: 'collectstatic'"
        self.assert_failure(run.report["failure"], step="settings", message=message)

    def test_no_django(self):
        app = self.app("django_basic")
        self.write(app / "manage.py", "import sys\nsys.modules['django'] = None\nimport django\n")
        run = self.collect(app)
        self.assert_failure(
            run.report["failure"], step="start", missing_module="django", missing_variable=None, place="manage.py:3"
        )
        self.assertEqual(run.report["django"], None)

    def test_syntax_error_in_a_module_of_the_settings(self):
        app = self.app("django_basic")
        self.write(app / "project/base.py", "\n\nx = = 1\n")
        path = app / "project/settings.py"
        path.write_text("from .base import *\n" + path.read_text())
        self.assert_failure(self.collect(app).report["failure"], place="project/base.py:3")

    def test_errors_that_name_another_one_by_the_way(self):
        alternative = "try: import no_such_module\nexcept ImportError: from collections import no_such_name\n"
        self.assert_failure(self.failure(settings=alternative), missing_module=None, place="project/settings.py:2")
        text = "import ast\nast.literal_eval('a b')\n"
        self.assert_failure(self.failure(settings=text), place="project/settings.py:2")

    def test_unknown_command(self):
        failure = self.failure("django_no_staticfiles")
        self.assert_failure(
            failure,
            step="collectstatic",
            type="django.core.management.base.CommandError",
            message="Unknown command: 'collectstatic'",
        )
        self.assertEqual(self.with_us.stderr, self.run_without_us.stderr)

    def test_missing_manifest_entry(self):
        failure = self.failure("django_missing_manifest_entry")
        self.assert_failure(failure, step="collectstatic", missing_variable=None)
        self.assertIn("'web/missing.png' could not be found", failure["message"])
        if django.VERSION >= (6,):
            self.assertIn("url(missing.png)", failure["message"])

    def test_manage_py_that_does_something_else(self):
        app = self.app("django_basic")
        self.write(app / "manage.py", "print('hello')\n")
        self.assertIn("did not run collectstatic", self.collect(app).report["failure"]["message"])

    def test_exit_with_a_text(self):
        app = self.app("django_basic")
        self.write(app / "manage.py", "import sys\nsys.exit('set THIS first')\n")
        run = self.collect(app)
        self.assertEqual((run.returncode, run.stderr), (1, "set THIS first\n"))
        self.assert_failure(run.report["failure"], step="start", type="SystemExit", message="set THIS first")


if __name__ == "__main__":
    unittest.main()
