"""The hook under what else starts a Python process: servers, tracers, test runners."""

import os
import socket
import subprocess
import sys
import unittest
from pathlib import Path

from support import ASK_FOR_PAGE, RUN_TIME, SETTINGS, URL, Case, environment, links, needs

TRACERS = {
    # None has a place to send to.
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "DD_TRACE_ENABLED": "false",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "NEW_RELIC_MONITOR_MODE": "false",
    "NEW_RELIC_DEVELOPER_MODE": "true",
    "NEW_RELIC_LICENSE_KEY": "0" * 40,
    "NEW_RELIC_APP_NAME": "fixture",
    "NEW_RELIC_LOG": "stderr",
}


class Wrappers(Case):
    def pages(self, *wrapper, app=None, paths=(), env=()):
        app = app or self.app("django_basic")
        folders = os.pathsep.join([str(self.inject()), *map(str, paths)])
        env = {**RUN_TIME, **TRACERS, **SETTINGS, "PYTHONPATH": folders, **dict(env)}
        run = self.start([*wrapper, "python", "-c", ASK_FOR_PAGE], cwd=app, env=env)
        self.assertIn("page:", run.stdout, run.stderr)
        self.assertNotIn("static-assets:", run.stderr)
        return links(run.stdout)

    def assert_links(self, urls):
        self.assertEqual(len(urls), 5)
        for url in urls:
            self.assertTrue(url.startswith(URL), url)

    def test_plain(self):
        self.assert_links(self.pages())

    def test_folders_on_pythonpath_already(self):
        self.assert_links(self.pages(paths=[self.folder(), "lib"]))

    @needs("opentelemetry.instrumentation.django")
    def test_opentelemetry(self):
        self.assert_links(self.pages("opentelemetry-instrument"))

    @needs("ddtrace")
    def test_ddtrace(self):
        self.assert_links(self.pages("ddtrace-run"))

    @needs("newrelic")
    def test_newrelic(self):
        self.assert_links(self.pages("newrelic-admin", "run-program"))

    @needs("ddtrace")
    @needs("opentelemetry.instrumentation.django")
    def test_one_in_the_other(self):
        self.assert_links(self.pages("opentelemetry-instrument", "ddtrace-run"))

    @needs("uv")
    def test_uv(self):
        app = self.app("django_basic")
        self.write(app / "pyproject.toml", '[project]\nname = "app"\nversion = "1"\n')
        env = {"VIRTUAL_ENV": sys.prefix, "UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CACHE": "1"}
        for options in (["--no-project"], ["--active", "--no-sync"]):
            with self.subTest(options=options):
                self.assert_links(self.pages("uv", "run", *options, app=app, env=env))


@needs("gunicorn")
class Gunicorn(Case):
    def serve(self, *wrapper, env=()):
        app = self.app("django_basic")
        address = self.folder() / "http"
        # opentelemetry-instrument configures empty settings when DJANGO_SETTINGS_MODULE is unset; gunicorn
        # keeps its control socket in HOME.
        own = {"DJANGO_SETTINGS_MODULE": "project.settings", "HOME": str(address.parent)}
        variables = {**RUN_TIME, **TRACERS, **own, "PYTHONPATH": str(self.inject()), **dict(env)}
        gunicorn = [Path(sys.executable).parent / "gunicorn", "project.wsgi", "--bind", f"unix:{address}"]
        server = subprocess.Popen(
            [*wrapper, *map(str, gunicorn)], cwd=app, env=environment(variables), stderr=subprocess.PIPE, text=True
        )
        try:
            log = []
            for line in server.stderr:
                log.append(line)
                if "Listening at" in line:
                    return self.get(address)
            self.fail("".join(log))
        finally:
            server.terminate()
            server.communicate(timeout=30)

    def get(self, address):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(address))
            client.sendall(b"GET / HTTP/1.0\r\nHost: app\r\n\r\n")
            return links(b"".join(iter(lambda: client.recv(65536), b"")).decode())

    def test_plain(self):
        self.assertEqual(self.serve()[0], URL + "web/app.css")

    def test_fallback(self):
        self.assertEqual(self.serve(env={"STATIC_URL": "/static/"})[0], "/static/web/app.css")

    @needs("opentelemetry.instrumentation.django")
    def test_opentelemetry(self):
        self.assertEqual(self.serve("opentelemetry-instrument")[0], URL + "web/app.css")


class TestRunners(Case):
    """The app's own tests see the app's own settings."""

    TEST = """
from django.conf import settings
from django.test import SimpleTestCase
class Own(SimpleTestCase):
    def test_url(self): self.assertEqual(settings.STATIC_URL, "/static/")
"""

    def run_tests(self, *command):
        app = self.app("django_basic")
        self.write(app / "web" / "test_own.py", self.TEST)
        env = dict(RUN_TIME, PYTHONPATH=str(self.inject()), DJANGO_SETTINGS_MODULE="project.settings")
        run = self.python(*command, cwd=app, env=env)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_manage(self):
        self.run_tests("manage.py", "test")

    def test_python_m_django(self):
        self.run_tests("-m", "django", "test")

    @needs("pytest_django")
    def test_pytest(self):
        self.run_tests("-m", "pytest", "-q", "-p", "no:cacheprovider")


if __name__ == "__main__":
    unittest.main()
