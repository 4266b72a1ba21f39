//! Links of Django apps that a sample of collected names does not show.

use crate::harness::python::Python;
use crate::harness::{Platform, Ran};
use crate::harness::{http, tree};
use fs_err as fs;

fn django(fixture: &str) -> Option<Platform> {
    let python = Python::find("django52")?;
    Some(Platform::with(fixture).python(&python).file_store())
}

const PAGE: &str = "web/templates/web/page.html";
const MANIFEST: (&str, &str) = ("MATRIX_BACKEND", "manifest");

#[test]
fn absolute_references_in_stylesheets_follow() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform.write(
        "web/static/web/more.css",
        "a { background: url(/static/web/logo.svg) }",
    );
    let ran = platform
        .build()
        .succeeds()
        .says("Made 1 reference in 1 stylesheet relative, first in web/more.css");
    let published = tree(&platform.store().join(ran.launch("STATIC_ASSETS_VERSION")));
    assert_eq!(
        published["web/more.css"],
        b"a { background: url(logo.svg) }"
    );
}

#[test]
fn a_link_to_no_file_is_named() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    platform.edit(
        PAGE,
        "<!doctype html>",
        "<!doctype html>\n{% static 'web/gone.css' %}",
    );
    let links = "page.html:2 links to web/gone.css, which collectstatic did not collect. The URL would answer 404.";
    platform.build().succeeds().says(links);
    let manifest = platform.env(MANIFEST.0, MANIFEST.1);
    manifest
        .build()
        .succeeds()
        .says("page.html:2 asks for web/gone.css. The page would fail: ValueError: Missing staticfiles manifest");
}

#[test]
fn a_file_that_only_static_root_has_fails_the_build() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    platform.edit(
        PAGE,
        "<!doctype html>",
        "{% static 'web/gone.css' %}<!doctype html>",
    );
    platform.write("staticfiles/web/gone.css", "a {}");
    platform
        .build()
        .exits(1)
        .says("page.html:1 links to web/gone.css, which is not published")
        .says("STATIC_ROOT (staticfiles)");
}

#[test]
fn entries_that_vanish_from_the_manifest_are_named() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    let manifest = r#"{"version": "1.1", "paths": {"web/old.css": "web/old.0123456789ab.css"}}"#;
    platform.write("staticfiles/staticfiles.json", manifest);
    let platform = platform.env(MANIFEST.0, MANIFEST.1);
    platform
        .build()
        .succeeds()
        .says("The manifest in STATIC_ROOT had 1 file that collectstatic does not collect, such as web/old.css.");
    platform.write("staticfiles/staticfiles.json", manifest);
    platform.edit(
        PAGE,
        "<!doctype html>",
        "{% static 'web/old.css' %}<!doctype html>",
    );
    platform
        .build()
        .exits(1)
        .says("links to web/old.css, which is not published");
}

#[test]
fn links_that_scripts_hard_code_are_named() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    platform.write(
        "web/static/web/bundle.js",
        "r.p=\"/static/web/\";r.p+1;\ni.src=\"/static/web/logo.svg\"",
    );
    let platform = platform.env(MANIFEST.0, MANIFEST.1);
    let ran = platform.build().succeeds();
    let ran = ran.says("static/web/bundle.js:1: webpack's publicPath is \"/static/web/\"");
    let ran = ran.says("static/web/bundle.js:2: \"/static/web/logo.svg\" is written by hand");
    assert_eq!(ran.stdout().matches("written by hand").count(), 1);
}

/// Settings that read `STATIC_URL` say nothing of the path that the sources name, and `WhiteNoise` no longer serves there.
#[test]
fn hard_coded_links_of_settings_that_follow_are_named() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    platform.edit(
        PAGE,
        "<!doctype html>",
        "<!doctype html>\n<link href=\"/assets/web/app.css\">",
    );
    platform.write(
        "web/static/web/bundle.js",
        "fetch(`/assets/web/${name}.json`); fetch(`/assets/none/${name}`)",
    );
    platform.settings("STATIC_URL = os.environ.get(\"STATIC_URL\", \"/assets/\")");
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "/published");
    let named = |ran: Ran| {
        ran.succeeds()
            .says("Links: the settings read STATIC_URL from the environment")
            .says("page.html:2: \"/assets/web/app.css\" is written by hand")
            .says("assets/web/bundle.js:1: \"/assets/web/${name}.json\" is written by hand")
            .does_not_say("/assets/none/")
    };
    named(platform.build())
        .says("Neither WhiteNoise nor ServeStatic was found. If nothing else serves the files at /assets/")
        .says("STATIC_URL=/assets/ needs a server for it");
    let platform = platform.env("MATRIX_BACKEND", "whitenoise");
    named(platform.build()).says("WHITENOISE_STATIC_PREFIX = \"/assets/\"");
    platform.settings("WHITENOISE_STATIC_PREFIX = \"/assets/\"");
    named(platform.build())
        .does_not_say("would answer 404")
        .does_not_say("Neither WhiteNoise");
}

#[test]
fn links_that_templates_hard_code_are_named_and_served() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    platform.edit(
        PAGE,
        "<!doctype html>",
        "<!doctype html>\n<link href=\"/static/web/app.css\"><img src=\"/static/web/gone.png\">",
    );
    platform.write(
        "web/links.py",
        "def link(name): return '/static/web/' + name\n",
    );
    let platform = platform.env("STATIC_ASSETS_KEEP", "manifests");
    platform
        .build()
        .succeeds()
        .says("page.html:2: \"/static/web/app.css\" is written by hand and stays on the app's own host.")
        .says("To follow STATIC_URL, write: {% static 'web/app.css' %}")
        .says("STATIC_ASSETS_KEEP=manifests has no effect")
        .says("web/links.py:1: \"/static/web/\" is written by hand")
        .does_not_say("gone.png");
    assert!(platform.app().join("staticfiles/web/app.css").is_file());
}

#[test]
fn a_bundle_with_a_public_path_is_named() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform.settings(
        "INSTALLED_APPS += ['webpack_loader']\n\
         WEBPACK_LOADER = {'DEFAULT': {'STATS_FILE': BASE_DIR / 'stats.json', 'BUNDLE_DIR_NAME': 'web/'}}",
    );
    platform.edit(
        PAGE,
        "<!doctype html>",
        "<!doctype html>\n{% load webpack_loader %}{% render_bundle 'main' %}{% render_bundle 'gone' %}",
    );
    let stats = |public_path: &str| {
        platform.write(
            "stats.json",
            &format!(
                r#"{{"status": "done", "assets": {{"app.js": {{"name": "app.js"{public_path}}}}},
                    "chunks": {{"main": ["app.js"]}}}}"#
            ),
        );
    };
    stats("");
    platform
        .build()
        .succeeds()
        .does_not_say("links to the bundle main")
        .says("page.html:2 asks for gone. The page would fail: WebpackBundleLookupError");
    stats(r#", "publicPath": "/static/web/app.js""#);
    platform
        .build()
        .succeeds()
        .says("page.html:2 links to the bundle main at /static/web/app.js, which this build does not publish.")
        .says("publicPath: \"auto\"");
}

#[test]
fn files_that_something_else_put_into_static_root_are_named() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform.write("staticfiles/bundle.js", "a()");
    platform
        .build()
        .succeeds()
        .says("STATIC_ROOT holds 1 file that collectstatic did not collect, such as bundle.js.");
    // As in a fresh clone: this build's own collect writes elsewhere.
    fs::remove_dir_all(platform.app().join("staticfiles")).unwrap();
    let command = "echo 'b()' > staticfiles/bundle.js";
    let platform = platform.env("STATIC_ASSETS_AFTER_COLLECT", command);
    platform
        .build()
        .succeeds()
        .says("It wrote 1 file into STATIC_ROOT")
        .does_not_say("did not collect");
}

#[test]
fn a_policy_that_the_apps_own_code_sends_is_judged() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "https://cdn.example.com/shop");
    platform
        .write(
            "web/headers.py",
            "def send(response):\n    policy = {\n        \"default-src\": [\"'self'\"],\n        \"style-src\": [\"*\"],\n    }\n    \
             response[\"Content-Security-Policy\"] = join(policy)\n",
        )
        .write(
            "web/other.py",
            "response['Content-Security-Policy'] = make_policy()\n",
        );
    platform
        .build()
        .succeeds()
        .says("web/headers.py:3 has a Content-Security-Policy without https://cdn.example.com")
        .says("script-src 'self' https://cdn.example.com;")
        .does_not_say("style-src")
        .says("Not checked: the Content-Security-Policy of web/other.py:1.");
}

#[test]
fn a_policy_that_blocks_the_public_url_is_named() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform
        .write("csp/__init__.py", "")
        .write("csp/middleware.py", "def CSPMiddleware(get_response): return get_response\n")
        .settings(
            "MIDDLEWARE = ['csp.middleware.CSPMiddleware']\n\
             CONTENT_SECURITY_POLICY = {'DIRECTIVES': {'default-src': [\"'self'\"], 'img-src': ['*']}}",
        );
    let url = "https://cdn.example.com/shop";
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", url);
    let ran = platform.build().succeeds();
    ran.says(
        "CONTENT_SECURITY_POLICY has a Content-Security-Policy without https://cdn.example.com",
    )
    .says("script-src 'self' https://cdn.example.com;")
    .says("If a service worker of the app fetches files, it also needs:")
    .says("connect-src 'self' https://cdn.example.com;")
    .does_not_say("img-src");
    let path = platform.env("STATIC_ASSETS_PUBLIC_URL", "/assets-v");
    path.build()
        .succeeds()
        .does_not_say("Content-Security-Policy");
}

/// django-csp 4 reads `CONTENT_SECURITY_POLICY` alone.
#[test]
fn settings_of_an_older_django_csp_are_no_policy() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform
        .write("csp/__init__.py", "")
        .write(
            "csp/middleware.py",
            "def CSPMiddleware(get_response): return get_response\n",
        )
        .settings("MIDDLEWARE = ['csp.middleware.CSPMiddleware']\nCSP_SCRIPT_SRC = [\"'self'\"]");
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "https://cdn.example.com/shop");
    for (version, is_policy) in [("3.8", true), ("4.0", false)] {
        let metadata = format!("Metadata-Version: 2.1\nName: django-csp\nVersion: {version}\n");
        platform.write("django_csp.dist-info/METADATA", &metadata);
        let ran = platform.build().succeeds();
        assert_eq!(
            ran.stdout().contains("Content-Security-Policy"),
            is_policy,
            "{version}"
        );
    }
}

#[test]
fn directories_and_prefixes_are_no_broken_links() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform.edit(
        PAGE,
        "<!doctype html>",
        "<!doctype html>{% static 'web' %}{% static 'web/logo' %}{% static 'web/nothing' %}",
    );
    platform
        .build()
        .succeeds()
        .says("links to web/nothing, which collectstatic did not collect")
        .does_not_say("links to web/logo,")
        .does_not_say("links to web,");
}

#[test]
fn the_variable_of_debug_is_named() {
    let Some(platform) = django("django_split_settings") else {
        return;
    };
    let production = "config/settings/production.py";
    let own = fs::read_to_string(platform.app().join(production)).unwrap();
    let debug = "import os\nDEBUG = os.environ.get(\"SHOP_DEBUG\", \"1\") == \"1\"\n";
    platform.write(production, &format!("{own}\n{debug}"));
    platform
        .build()
        .exits(1)
        .says("STATIC_ASSETS_BUILD_ENV=\"SHOP_DEBUG=False\"");
}

#[test]
fn a_host_before_a_link_is_named() {
    let Some(platform) = django("django_basic") else {
        return;
    };
    platform.edit(
        PAGE,
        "<!doctype html>",
        "<!doctype html>\n{{ root_url }}{% static 'web/app.css' %}",
    );
    let ran = platform.build().succeeds();
    ran.says("page.html:2 puts something directly before the URL of a static file")
        .does_not_say("which collectstatic did not collect");
}

#[test]
fn a_package_may_ask_for_the_storage_class() {
    let Some(platform) = django("django_matrix") else {
        return;
    };
    platform.write(
        "web/apps.py",
        "from django.apps import AppConfig\n\
         from django.conf import settings\n\
         from django.contrib.staticfiles.storage import StaticFilesStorage\n\
         from django.utils.module_loading import import_string\n\
         class Web(AppConfig):\n    \
             name = 'web'\n    \
             def ready(self):\n        \
                 backend = settings.STORAGES['staticfiles']['BACKEND']\n        \
                 assert issubclass(import_string(backend), StaticFilesStorage)\n",
    );
    platform.env(MANIFEST.0, MANIFEST.1).build().succeeds();
}

#[test]
fn settings_that_only_the_server_sets_are_used() {
    let Some(platform) = django("django_split_settings") else {
        return;
    };
    platform.write("config/wsgi.py", WSGI);
    platform
        .build()
        .succeeds()
        .says("manage.py, config.settings.production (config/wsgi.py)");
    // Whatever the build's environment says, the server does not ask it.
    let platform = platform.env("DJANGO_SETTINGS_MODULE", "config.settings.local");
    platform
        .build()
        .succeeds()
        .says("manage.py, config.settings.production (config/wsgi.py)");
}

const WSGI: &str = "import os\n\
                    from django.core.wsgi import get_wsgi_application\n\
                    os.environ[\"DJANGO_SETTINGS_MODULE\"] = \"config.settings.production\"\n\
                    application = get_wsgi_application()\n";

#[test]
fn settings_of_the_procfile_are_used() {
    let Some(platform) = django("django_split_settings") else {
        return;
    };
    platform.write(
        "Procfile",
        "web: DJANGO_SETTINGS_MODULE=config.settings.production gunicorn config.wsgi\n",
    );
    platform.edit("config/wsgi.py", "production", "local");
    platform
        .build()
        .succeeds()
        .says("manage.py, config.settings.production (Procfile)");
}

#[test]
fn settings_that_no_environment_changes_fail_the_build() {
    let Some(platform) = django("django_split_settings") else {
        return;
    };
    platform.edit(
        "manage.py",
        "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"config.settings.local\")",
        "os.environ[\"DJANGO_SETTINGS_MODULE\"] = \"config.settings.local\"",
    );
    platform.build().exits(1).says(
        "manage.py uses the settings config.settings.local, and the server uses config.settings.production",
    );
}

/// As a Dockerfile does, whose whole file system is the image.
#[test]
fn static_root_outside_of_the_app_is_installed() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_matrix").file_store();
    let (home, root) = (platform.path("venv"), platform.path("srv/static"));
    fs::create_dir(&home).unwrap();
    python.install(&home);
    platform.settings(&format!("STATIC_ROOT = {:?}", root.to_str().unwrap()));
    let path = format!(
        "{}:/usr/bin:/bin",
        home.join(".heroku/python/bin").display()
    );
    let env = [("PATH", path.as_str()), MANIFEST];
    let line = ["publish", "--app", ".", "--pin=image/pin.env"];
    let ran = platform.cli_with(&line, &env).exits(0);
    ran.says(&format!("full copy in {}", root.display()));
    assert!(root.join("staticfiles.json").is_file());
    assert!(root.join("web/app.css").is_file());
    let start = ["exec", "--pin=image/pin.env", "--", "true"];
    assert_eq!(platform.cli_with(&start, &env).exits(0).stderr(), "");
    // A later stage that does not copy the directory gets a warning.
    fs::remove_dir_all(&root).unwrap();
    let missing = root.join("staticfiles.json").display().to_string();
    platform.cli_with(&start, &env).exits(0).says(&missing);
}

/// The package `django-vite` reads a manifest from `STATIC_ROOT` as the app starts. This stands for it.
const DJANGO_VITE: &str = "import json, os\n\
                           from django.conf import settings\n\
                           path = os.path.join(settings.STATIC_ROOT, 'vite', 'manifest.json')\n\
                           with open(path) as file:\n    \
                               MANIFEST = json.load(file)\n";

#[test]
fn the_manifest_of_vite_is_where_the_app_reads_it() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_basic").python(&python).file_store();
    platform
        .write("web/static/vite/manifest.json", "{}")
        .write("django_vite/__init__.py", "")
        .write("web/urls_after_build.py", DJANGO_VITE)
        .settings(
            "INSTALLED_APPS += ['django_vite']\nSTATIC_ROOT = '/nowhere/static'\n\
             if os.environ.get('STATIC_ASSETS_VERSION') and 'collectstatic' not in __import__('sys').argv: \
             ROOT_URLCONF = 'project.vite_urls'",
        )
        .write(
            "project/vite_urls.py",
            "import web.urls_after_build\nfrom project.urls import urlpatterns\n",
        );
    let ran = platform.build().succeeds();
    let server = python.serve(&platform, &ran, &[]);
    let page = http::get(&server.url);
    assert_eq!(page.status, 200, "{}", page.text());
}

#[test]
fn all_missing_variables_are_named_at_once() {
    let Some(platform) = django("django_missing_variable") else {
        return;
    };
    platform.edit(
        "project/settings.py",
        "import os\n",
        "import os\nSMTP_PORT = int(os.environ.get(\"SMTP_PORT\"))\nNAME = os.environ[\"SHOP_NAME\"]\n\
         WORKERS = int(os.environ[\"WORKERS\"])\n",
    );
    let line = "STATIC_ASSETS_BUILD_ENV=\"SMTP_PORT=1 SHOP_NAME=unused-shop-name WORKERS=1 \
                DATABASE_URL=sqlite:///unused.db\"";
    platform
        .build()
        .exits(1)
        .says("SMTP_PORT, SHOP_NAME, WORKERS, DATABASE_URL are not set in the build")
        .says("Loading the settings again, to name all variables that are missing")
        .says(line);
    // As django-environ reports them, by an exception that Django keeps for later.
    platform.edit(
        "project/settings.py",
        "NAME = os.environ[\"SHOP_NAME\"]\n",
        "from django.core.exceptions import ImproperlyConfigured\n\
         def env(name):\n    \
             if name not in os.environ: raise ImproperlyConfigured(f\"Set the {name} environment variable\")\n    \
             return os.environ[name]\n\
         NAME = env(\"SHOP_NAME\")\nSECOND = env(\"SECOND\")\n",
    );
    let ran = platform.build().exits(1);
    ran.says("SMTP_PORT, SHOP_NAME, SECOND, WORKERS, DATABASE_URL are not set in the build");
    platform.edit("project/settings.py", "SECOND = env(\"SECOND\")\n", "");
    let fixed = line.split('"').nth(1).unwrap();
    platform
        .env("STATIC_ASSETS_BUILD_ENV", fixed)
        .build()
        .succeeds();
}
