"""One collectstatic: the settings on their way in, the command, the facts on their way out."""

import json
import os
import sys
import tempfile

import static_assets_hook as hook

from . import webpack
from .compressor import Compressor
from .content_policy import content_policy
from .environment import URL_VARIABLES, Environment, set_dummy_secrets
from .failure import Failure
from .finders import by_products, holds_sources, staticfiles_checks
from .launch_hook import LaunchHook
from .link_check import LinkCheck, NetworkBlocked, NoNetwork, choose_samples, describe
from .paths import files_under, is_inside
from .references import References
from .settings import AppSettings, static_server
from .storage import Storage
from .stylesheets import Stylesheets

current = None


class SettingsLoaded(SystemExit):
    """Ends a process that was to load the settings and the apps only."""


class Run:
    def __init__(self, request):
        self.request = request
        self.into = request["into"]
        # None if nothing is published: the app then keeps its URLs and gets no hook.
        self.url = request["url"]
        self.settings = AppSettings(self)
        self.storage = None
        self.collecting = None
        self.compressor = Compressor(self)
        self.hook = LaunchHook(request)
        self.dummies = {}
        self.step = "start"
        nothing = {"samples": {}, "references": {}, "error": None}
        self.report = {
            "django": None,
            "settings_module": None,
            "debug": False,
            "static_url": None,
            "own_path": "/static/",
            "server": None,
            "storage_backend": None,
            "static_root": None,
            "static_root_holds_sources": False,
            "storage": None,
            "ignored_staticfiles_storage": None,
            "compressor": None,
            "precompiled_types": [],
            "variables_of_blocks": [],
            "read": [],
            "dummies": [],
            **self.hook.describe(),
            "runtime_files": {},
            "by_products": [],
            "relative_references": {},
            "checks": [],
            "vanished": [],
            "content_policy": None,
            "references": {},
            "references_error": None,
            "bundles": [],
            "links_by_hand": [],
            "joined_links": [],
            "dynamic_links": [],
            "same_origin_links": [],
            "static_routes": [],
            "own_urls": nothing,
            "hooked_urls": nothing,
            "collected": False,
            "compressed": False,
            "failure": None,
        }

    def install(self):
        global current
        current = self
        if self.request.get("only_settings"):
            # Stand-ins must reach nobody.
            NoNetwork().__enter__()
        self.dummies = set_dummy_secrets()
        Environment.observe()
        hook.install(on_settings=self.settings.redirect)
        hook.watch("django.core.management", self.on_management)
        hook.watch("compressor.conf", self.compressor.on_conf)

    def collecting_class(self):
        if self.storage is None:
            self.storage = Storage(self.settings.storage_entry())
            self.report["storage"] = dict(self.storage.describe(), setting=self.settings.storage_setting)
            dropped = ("location", "base_url") if self.url else ("location",)
            stylesheets = Stylesheets(self.report["own_path"], self.report["relative_references"]) if self.url else None
            self.collecting = self.storage.collecting_class(self.into, dropped, stylesheets)
        return self.collecting

    def on_management(self, management):
        original = management.ManagementUtility.execute
        if hasattr(original, "static_assets"):
            return

        def execute(utility):
            if utility.argv[1:2] == ["collectstatic"]:
                self.execute(utility, original)
            else:
                original(utility)
                self.end_within()

        execute.static_assets = True
        management.ManagementUtility.execute = execute
        original_call = management.call_command

        def call_command(command, *arguments, **options):
            if self.step != "start" or not is_collectstatic(command):
                return original_call(command, *arguments, **options)
            self.step = "collectstatic"
            result = original_call(command, *arguments, **options)
            self.report["collected"] = True
            # The command that calls it may add files, so what there is is reported when that one ends.
            self.step = "collected"
            return result

        management.call_command = call_command

    def execute(self, utility, original):
        from django.conf import settings

        fetch_command = utility.fetch_command

        def fetch_and_begin(name):
            if settings.configured:
                self.step = "collectstatic"
                if self.request.get("only_settings"):
                    if self.url:
                        self.report["content_policy"] = content_policy(settings)
                    raise SettingsLoaded
            return fetch_command(name)

        utility.fetch_command = fetch_and_begin
        try:
            self.step = "settings"
            original(utility)
            self.complete(utility.argv[0], fetch_command)
            self.observe()
        except SettingsLoaded:
            raise
        except BaseException as error:
            self.fail(error)
            raise

    def end_within(self):
        """Ends what another command of the app has collected."""
        from django.core.management import ManagementUtility

        if self.step != "collected":
            return
        try:
            self.complete(sys.argv[0], ManagementUtility(sys.argv[:1]).fetch_command)
            self.observe()
        except BaseException as error:
            # A command of Django ends the process by itself.
            self.fail(error)
            raise

    def complete(self, program, fetch_command):
        self.report["collected"] = True
        self.used = used_storage()
        # The names without those that `compress` makes.
        self.names = choose_samples(self.used, self.into)
        self.step = "compress"
        self.compressor.compress(program, fetch_command)
        self.step = "done"

    def end(self):
        """Writes the report of a user's command as its process ends."""
        try:
            self.end_within()
        finally:
            if self.step != "start":
                self.write()

    def observe(self):
        """Reports what Django says about the collected files and their URLs. None of it is a failure of the app."""
        from django.conf import settings

        self.step = "observed"
        used, names = self.used, self.names
        self.report["server"] = static_server(settings, self.settings.own["STATIC_URL"], self.report["own_path"])
        self.report["checks"] = staticfiles_checks()
        self.report["static_root_holds_sources"] = holds_sources(self.report["static_root"])
        self.report["by_products"] = by_products(self.into)
        self.report["vanished"] = sorted(
            self.entries_of_earlier_manifest(used) - set(getattr(used, "hashed_files", ()))
        )
        moved = self.describe_runtime_files(used)
        if self.url:
            self.report["content_policy"] = content_policy(settings)
            self.hook.bake(self.storage, moved, self.compressor.replaced)
            self.report.update(self.hook.describe())
            references = self.find_references()
            self.report.update(LinkCheck(self, names, references.links, self.hook.baked).measure())
            self.hook.write()

    def find_references(self):
        references = References(self.request["app"], self.report["own_path"], self.settings.modules)
        try:
            references.find()
            with NoNetwork():
                self.report["bundles"] = webpack.bundle_urls(references.bundles)
        except (Exception, NetworkBlocked) as error:
            # Such as a template engine that is not installed in the build.
            self.report["references_error"] = describe(error)
        self.report["references"] = references.links
        self.report["links_by_hand"] = references.by_hand
        self.report["joined_links"] = references.joined
        self.report["dynamic_links"] = references.dynamic
        self.report["same_origin_links"] = references.same_origin
        self.report["static_routes"] = references.routes
        return references

    def describe_runtime_files(self, used):
        """Reports which collected files the app reads by itself. Returns the settings that only the hook can set."""
        moved = {}
        for path, setting, root in self.runtime_files(used):
            if not self.in_image(root):
                if not self.url:
                    continue
                moved[setting] = self.request["dir_beside_hook"]
                root = os.path.normpath(os.path.join(self.request["hook_at"], moved[setting]))
            self.report["runtime_files"][path] = os.path.join(root, path)
        return moved

    def runtime_files(self, used):
        manifest = getattr(used, "manifest_name", None)
        if manifest and os.path.isfile(os.path.join(self.into, manifest)):
            yield manifest, "STATIC_ROOT", self.settings.root(used)
        # It reads the manifest of Vite from STATIC_ROOT as the app starts.
        if "django_vite" in sys.modules and self.report["static_root"]:
            for path in files_under(self.into):
                if os.path.basename(path) == "manifest.json":
                    yield path, "STATIC_ROOT", self.report["static_root"]
        if self.report["compressed"]:
            yield from self.compressor.runtime_files()

    def entries_of_earlier_manifest(self, used):
        """The names in the manifest that this build's replaces. It may be in the repository."""
        path = os.path.join(self.settings.root(used) or "", getattr(used, "manifest_name", None) or "")
        try:
            with open(path, encoding="utf-8") as file:
                return set(json.load(file)["paths"])
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def in_image(self, directory):
        return bool(directory) and is_inside(directory, self.request["image"])

    def fail(self, error):
        if self.report["failure"] is None:
            self.report["failure"] = Failure(error, self.request["app"]).describe(self.step)

    def write(self):
        """Writes atomically: a reader finds the whole report or none."""
        django = sys.modules.get("django")
        self.report["django"] = django.get_version() if hasattr(django, "get_version") else None
        self.report["read"] = [name for name in URL_VARIABLES if name in Environment.asked]
        self.report["dummies"] = [name for name in self.dummies if name in Environment.asked]
        path = self.request["report"]
        descriptor, scratch = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".report")
        # File names and messages may hold what no UTF-8 can.
        text = json.dumps(self.report, default=str, ensure_ascii=False)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
        os.replace(scratch, path)


def is_collectstatic(command):
    """Whether `call_command` gets the name of the command or the command itself."""
    return command == "collectstatic" or type(command).__module__.endswith(".collectstatic")


def used_storage():
    """The instance that the command collected with."""
    from django.contrib.staticfiles.storage import staticfiles_storage

    return staticfiles_storage
