//! Layouts and set-ups of real projects, each in the smallest app that shows it, and the errors of builds that stop.

use crate::harness::pages::links;
use crate::harness::python::{ENVIRONMENTS, Python};
use crate::harness::{Platform, Ran, http, tree};
use fs_err as fs;

fn django(fixture: &str) -> Option<(Platform, Python)> {
    let python = Python::find("django52")?;
    let platform = Platform::with(fixture).python(&python).file_store();
    Some((platform, python))
}

/// Starts the app with the launch environment, and follows its page's links into the store.
#[track_caller]
fn assert_pages_link_to_the_version(
    (platform, python): &(Platform, Python),
    ran: &Ran,
    operator: &[(&str, &str)],
) {
    let server = python.serve(platform, ran, operator);
    let page = http::get(&server.url);
    assert_eq!(page.status, 200, "{}", page.text());
    let base = ran.launch("STATIC_URL");
    let version = ran.launch("STATIC_ASSETS_VERSION");
    let links = links(&server.url, &page.text());
    assert!(!links.is_empty(), "{}", page.text());
    for link in links {
        let path = link
            .strip_prefix(&base)
            .unwrap_or_else(|| panic!("{link} is not under {base}"));
        let file = platform.store().join(&version).join(path);
        assert!(file.is_file(), "{link} is not in the store");
    }
}

#[test]
fn each_layout_links_to_the_version() {
    for (fixture, operator, said) in [
        ("django_basic", vec![], "manage.py, project.settings"),
        (
            "django_follows",
            vec![],
            "the settings read STATIC_URL from the environment",
        ),
        ("django_symlinked_manage", vec![], "Django 5.2"),
        ("django_subdirectory", vec![], "src/manage.py"),
        (
            "django_no_manage",
            vec![("DJANGO_SETTINGS_MODULE", "project.settings")],
            "Django in pyproject.toml",
        ),
        (
            "django_configurations",
            vec![("DJANGO_SECRET_KEY", "only-for-this-test")],
            "Django 5.2",
        ),
    ] {
        let Some((mut platform, python)) = django(fixture) else {
            continue;
        };
        for (name, value) in &operator {
            platform = platform.platform_env(name, value);
        }
        let ran = platform.build().succeeds().says(said);
        let folder = match fixture {
            "django_subdirectory" => Some("src"),
            "django_symlinked_manage" => Some("backend"),
            _ => None,
        };
        let mut operator = operator;
        let path;
        if let Some(folder) = folder {
            // As `gunicorn --chdir` does; PYTHONPATH of an operator goes after the injected one.
            path = platform.app().join(folder).display().to_string();
            operator.push(("PYTHONPATH", &path));
        }
        assert_pages_link_to_the_version(&(platform, python), &ran, &operator);
    }
}

#[test]
fn settings_of_the_server_are_used() {
    let Some((platform, _)) = django("django_split_settings") else {
        return;
    };
    platform
        .build()
        .succeeds()
        .says("manage.py uses the settings config.settings.local, but config/wsgi.py uses config.settings.production")
        .says("manage.py, config.settings.production (config/wsgi.py)");
}

#[test]
fn offline_compression_is_published_and_linked() {
    for environment in ENVIRONMENTS {
        let Some(python) = Python::find(environment) else {
            continue;
        };
        let platform = Platform::with("django_compressor")
            .python(&python)
            .file_store();
        let ran = platform.build().succeeds();
        let version = ran.launch("STATIC_ASSETS_VERSION");
        let published = tree(&platform.store().join(&version));
        assert!(published.keys().any(|path| path.starts_with("CACHE/css/")));
        for (path, content) in &published {
            let shown = String::from_utf8_lossy(content);
            assert!(
                !shown.contains("vsaplaceholder"),
                "the placeholder is left in {path}"
            );
        }
        assert_pages_link_to_the_version(&(platform, python), &ran, &[]);

        // Two builds name the compressed files alike, or no build would ever be unchanged.
        let python = Python::find(environment).unwrap();
        let again = Platform::with("django_compressor")
            .python(&python)
            .file_store();
        assert_eq!(
            again.build().succeeds().launch("STATIC_ASSETS_VERSION"),
            version
        );
    }
}

#[test]
fn own_url_in_a_file_gets_the_version() {
    let Some((platform, python)) = django("django_basic") else {
        return;
    };
    // As a stylesheet that a template engine or bundler writes while collecting.
    let finder = "
import os
from django.contrib.staticfiles.finders import AppDirectoriesFinder

class Generating(AppDirectoriesFinder):
    def list(self, ignore_patterns):
        folder = os.path.join(os.path.dirname(__file__), '..', 'web', 'static', 'web')
        with open(os.path.join(folder, 'generated.css'), 'w') as css:
            css.write('a { background: url(%sweb/logo.svg) }' % os.environ['STATIC_URL'])
        yield from super().list(ignore_patterns)
        os.remove(os.path.join(folder, 'generated.css'))
";
    platform
        .write("project/finder.py", finder)
        .settings("STATICFILES_FINDERS = ['project.finder.Generating']");
    let ran = platform.build().succeeds();
    let (version, url) = (
        ran.launch("STATIC_ASSETS_VERSION"),
        ran.launch("STATIC_URL"),
    );
    let expected = format!("a {{ background: url({url}web/logo.svg) }}");
    for folder in [
        platform.store().join(version),
        platform.app().join("staticfiles"),
    ] {
        let css = fs::read_to_string(folder.join("web/generated.css")).unwrap();
        assert_eq!(css, expected);
    }
    drop(python);
}

#[test]
fn app_with_versioned_storage_gets_no_hook() {
    let Some((platform, python)) = django("django_article") else {
        return;
    };
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "https://cdn.example/x");
    let ran = platform
        .build()
        .succeeds()
        .says("project.storage.VersionedAzureStorage links to the version by itself");
    assert_eq!(ran.layer_names(), ["env"]);
    assert_eq!(
        ran.launch("RELEASE_VERSION"),
        ran.launch("STATIC_ASSETS_VERSION")
    );
    assert_pages_link_to_the_version(&(platform, python), &ran, &[]);
}

#[test]
fn urls_of_missing_files_fail_the_link_check() {
    let Some((platform, _)) = django("django_article") else {
        return;
    };
    platform.edit(
        "project/storage.py",
        "\"/\" + name",
        "\"/elsewhere/\" + name",
    );
    // The hook replaces the storage, so that pages link to what is there.
    let ran = platform
        .env("STATIC_ASSETS_PUBLIC_URL", "https://cdn.example/x")
        .build()
        .succeeds()
        .says("VersionedAzureStorage links elsewhere");
    assert_eq!(ran.layer_names(), ["env", "inject"]);
}

#[test]
fn version_from_a_copied_environment_is_set_at_launch() {
    let Some((platform, _)) = django("django_article") else {
        return;
    };
    platform.edit("project/storage.py", "os.environ[", "dict(os.environ)[");
    let ran = platform
        .env("STATIC_ASSETS_PUBLIC_URL", "https://cdn.example/x")
        .build()
        .succeeds();
    let version = ran.launch("STATIC_ASSETS_VERSION");
    assert_eq!(ran.launch("RELEASE_VERSION"), version);
}

#[test]
fn manage_py_may_exit_by_itself() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    platform.edit(
        "manage.py",
        "execute_from_command_line(sys.argv)",
        "sys.exit(execute_from_command_line(sys.argv))",
    );
    platform.build().succeeds();
}

#[test]
fn own_compressed_file_is_published_without_by_products() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_matrix")
        .python(&python)
        .file_store()
        .env("MATRIX_BACKEND", "whitenoise");
    platform
        .write("web/static/web/data.csv", &"1,2\n".repeat(1000))
        .write("web/static/web/data.csv.gz", "an archive of its own");
    // A setting that leaves WhiteNoise's storage, which compresses, in its place.
    platform.settings("WHITENOISE_KEEP_ONLY_HASHED_FILES = True");
    let ran = platform.build().succeeds().says(".gz and .br");
    let published = tree(&platform.store().join(ran.launch("STATIC_ASSETS_VERSION")));
    let compressed: Vec<&String> = published
        .keys()
        .filter(|path| matches!(path.rsplit('.').next(), Some("gz" | "br")))
        .collect();
    assert_eq!(compressed.len(), 1, "{compressed:?}");
    assert!(compressed[0].starts_with("web/data.csv."), "{compressed:?}");
}

#[test]
fn placeholder_left_in_the_image_fails_the_build() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    platform.settings("(BASE_DIR / 'stats.json').write_text(os.environ.get('STATIC_URL', ''))");
    platform
        .build()
        .exits(1)
        .says("stats.json holds the placeholder of the version");
    platform.env("RELEASE_VERSION", "v42").build().succeeds();
}

#[test]
fn fallback_serves_from_the_app() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let platform = Platform::with("django_matrix")
        .python(&python)
        .file_store()
        .env("MATRIX_BACKEND", "whitenoise");
    let ran = platform
        .build()
        .succeeds()
        .says("STATIC_URL=/static/ works (WhiteNoise found)");
    let whitenoise = ("MATRIX_BACKEND", "whitenoise");

    let switched = python.serve(&platform, &ran, &[whitenoise, ("STATIC_URL", "/static/")]);
    let page = http::get(&switched.url).text();
    let local = links(&switched.url, &page);
    assert_eq!(local.len(), 5);
    for link in &local {
        assert!(link.contains("/static/web/"), "{link}");
        assert_eq!(http::get(link).status, 200, "{link}");
    }

    // And without the switch, every local URL that answered before still answers.
    let pinned = python.serve(&platform, &ran, &[whitenoise]);
    for link in &local {
        let link = link.replace(&switched.url, &pinned.url);
        assert_eq!(http::get(&link).status, 200, "{link}");
    }
}

#[test]
fn hook_can_be_switched_off_at_run_time() {
    let Some(project) = django("django_basic") else {
        return;
    };
    let ran = project.0.build().succeeds();
    let server = project
        .1
        .serve(&project.0, &ran, &[("STATIC_ASSETS_INJECT", "off")]);
    let page = http::get(&server.url).text();
    assert!(page.contains("href=\"/static/web/app.css\""), "{page}");
}

#[test]
fn own_command_replaces_collectstatic() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    platform.write(
        "Makefile",
        "static:\n\tpython manage.py collectstatic --noinput\n",
    );
    let platform = platform
        .env("STATIC_ASSETS_COLLECT_COMMAND", "sh ./collect.sh")
        .env(
            "STATIC_ASSETS_BEFORE_COLLECT",
            "echo 'a{}' > web/static/web/before.css",
        )
        .env(
            "STATIC_ASSETS_AFTER_COLLECT",
            "touch after.txt && mkdir -p staticfiles/i18n && echo 'a()' > staticfiles/i18n/de.js",
        );
    platform.write(
        "collect.sh",
        "exec python manage.py collectstatic --noinput",
    );
    let ran = platform
        .build()
        .succeeds()
        .says("Running sh ./collect.sh (STATIC_ASSETS_COLLECT_COMMAND)")
        .says("It wrote 1 file into STATIC_ROOT, to be published");
    let published = tree(&platform.store().join(ran.launch("STATIC_ASSETS_VERSION")));
    assert!(published.contains_key("web/before.css"));
    assert!(published.contains_key("i18n/de.js"));
    assert!(platform.app().join("after.txt").is_file());

    platform
        .env("STATIC_ASSETS_COLLECT_COMMAND", "true")
        .build()
        .exits(1)
        .says("STATIC_ASSETS_COLLECT_COMMAND collected nothing");
}

#[test]
fn failed_command_of_the_user_fails_the_build() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    platform
        .env(
            "STATIC_ASSETS_BEFORE_COLLECT",
            "echo no webpack here >&2; exit 7",
        )
        .build()
        .exits(1)
        .says("STATIC_ASSETS_BEFORE_COLLECT failed with status 7")
        .says("no webpack here");
}

#[test]
fn pages_without_links_fail_the_build() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.env("STATIC_ASSETS_INJECT", "off");
    platform
        .build()
        .exits(1)
        .says("With its own settings, the app does not link to the published files")
        .says("STATIC_URL = os.environ.get(\"STATIC_URL\", \"/static/\")");
    assert!(tree(&platform.store()).is_empty());

    let platform = platform.env("STATIC_ASSETS_INJECT", "auto");
    platform.edit("project/settings.py", "DEBUG = False", "DEBUG = True");
    platform
        .build()
        .exits(1)
        .says("project.settings has DEBUG on in the build");
}

#[test]
fn failures_of_the_app_are_named_with_a_fix() {
    for (fixture, said, fix) in [
        (
            "django_missing_variable",
            "DATABASE_URL is not set in the build",
            "STATIC_ASSETS_BUILD_ENV=\"DATABASE_URL=sqlite:///unused.db\"",
        ),
        (
            "django_missing_manifest_entry",
            "A stylesheet or script refers to a missing file",
            "django.contrib.staticfiles.storage.StaticFilesStorage",
        ),
        (
            "django_no_staticfiles",
            "'django.contrib.staticfiles' is not in INSTALLED_APPS",
            "INSTALLED_APPS = [..., \"django.contrib.staticfiles\"]",
        ),
    ] {
        let Some((platform, _)) = django(fixture) else {
            continue;
        };
        platform.build().exits(1).says(said).says(fix);
        assert!(tree(&platform.store()).is_empty());
    }
}

#[test]
fn build_env_supplies_a_missing_variable() {
    let Some((platform, _)) = django("django_missing_variable") else {
        return;
    };
    let ran = platform
        .env(
            "STATIC_ASSETS_BUILD_ENV",
            "DATABASE_URL=sqlite:///unused.db",
        )
        .build()
        .succeeds();
    assert!(ran.launch_env().get("DATABASE_URL").is_none());
}

#[test]
fn missing_settings_or_python_fail_the_build() {
    let Some((platform, python)) = django("django_basic") else {
        return;
    };
    let mut platform = platform;
    for wrong in [
        "project.staging",
        "project.project.settings",
        "nowhere.settings",
        "project/settings.py",
    ] {
        platform = platform.platform_env("DJANGO_SETTINGS_MODULE", wrong);
        platform
            .build()
            .exits(1)
            .says(&format!("DJANGO_SETTINGS_MODULE={wrong}: no such module"))
            .says("  DJANGO_SETTINGS_MODULE=project.settings\n");
    }
    let platform = platform.env("PATH", "/invalid");
    platform
        .build()
        .exits(1)
        .says("no 'python' is on PATH")
        .says("/invalid");
    drop(python);
}

#[test]
fn settings_that_nothing_names_are_listed() {
    let Some((platform, _python)) = django("django_split_settings") else {
        return;
    };
    let manage_py = "from django.core.management import execute_from_command_line\nimport sys\n\
                     execute_from_command_line(sys.argv)\n";
    let wsgi =
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    platform.write("manage.py", manage_py);
    platform.write("config/wsgi.py", wsgi);
    platform.write(
        "config/settings/production.example.py",
        "from .base import *\n",
    );
    platform
        .build()
        .exits(1)
        .says("DJANGO_SETTINGS_MODULE is not set")
        .says("  DJANGO_SETTINGS_MODULE=config.settings.production\n")
        .does_not_say("example");
}

#[test]
fn python_without_django_fails_the_build() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    let platform = platform.env("PATH", "/usr/bin:/bin");
    let imports = "from django.core.management import execute_from_command_line\n";
    for manage_py in [
        imports.to_owned(),
        // As Django's own manage.py does.
        format!(
            "try:\n    {imports}except ImportError as error:\n    raise ImportError('no Django') from error\n"
        ),
        format!("import another_package_of_the_app\n{imports}"),
    ] {
        platform.write("manage.py", &manage_py);
        platform.build().exits(1).says("can't import django");
    }
}

#[test]
fn missing_frontend_build_is_a_warning() {
    let Some((platform, _)) = django("django_warns_w004") else {
        return;
    };
    platform
        .env("STATIC_ASSETS_ALLOW_EMPTY", "1")
        .build()
        .says("staticfiles.W004")
        .says("STATIC_ASSETS_BEFORE_COLLECT=\"npm ci && npm run build\"");
}

#[test]
fn setting_that_django_ignores_is_a_warning() {
    let Some((platform, _)) = django("django_basic") else {
        return;
    };
    platform.settings("STATICFILES_STORAGE = 'shop.storage.Hashed'");
    platform
        .build()
        .succeeds()
        .says("STATICFILES_STORAGE = \"shop.storage.Hashed\" is ignored since Django 5.1");
}
