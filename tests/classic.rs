//! `heroku buildpacks:add`: the stubs, called as Heroku calls them.

use crate::harness::heroku::{Heroku, Slug};
use crate::harness::pages::{assert_all_from, assets, links};
use crate::harness::python::Python;
use crate::harness::web::Web;
use crate::harness::{Platform, http, tree};
use fs_err as fs;
use std::path::Path;

/// A Django app whose store a web server has.
fn django(fixture: &str) -> Option<(Platform, Python, Web)> {
    let python = Python::find("django52")?;
    let platform = Platform::with(fixture);
    fs::create_dir_all(platform.store()).unwrap();
    let web = Web::of(&platform.store());
    Some((platform, python, web))
}

#[track_caller]
fn assert_links_lead_to_the_store(url: &str, page: &str, base: &str) {
    let links = links(url, page);
    assert!(!links.is_empty(), "{page}");
    for (link, answer) in assets(url, page) {
        assert!(link.starts_with(base), "{link} is not below {base}");
        assert_eq!(answer.status, 200, "{link}");
    }
}

#[test]
fn django_is_deployed_twice_and_served_from_the_moved_slug() {
    for (fixture, collects_before) in [
        ("django_basic", false),
        ("django_basic", true),
        ("django_follows", false),
        ("django_compressor", false),
    ] {
        let Some((platform, python, web)) = django(fixture) else {
            return;
        };
        let mut heroku = Heroku::app(&platform)
            .python(&python)
            .publishes_to(&platform.store(), &web.url)
            .config_var("STATIC_ASSETS_CHECK", "fail");
        heroku = if collects_before {
            heroku.collects()
        } else {
            heroku.config_var("DISABLE_COLLECTSTATIC", "1")
        };
        let first = heroku.build();
        let slug = &first;
        let version = heroku.dyno_env(slug)["STATIC_ASSETS_VERSION"].clone();
        let base = format!("{}/{version}/", web.url);
        assert_eq!(heroku.dyno_env(slug)["STATIC_URL"], base);
        assert_eq!(first.next["STATIC_URL"], base);
        assert_eq!(first.next["STATIC_ASSETS_VERSION"], version);
        for said in [&version, &base, "digest: \"", "framework: \"django\""] {
            assert!(first.report.contains(said), "{}", first.report);
        }
        assert_eq!(first.release, "--- {}\n");
        let server = heroku.serve_django(slug);
        let page = http::get(&server.url).text();
        assert_links_lead_to_the_store(&server.url, &page, &base);
        drop(server);
        assert_no_path_of_the_build(&first);

        let published = tree(&platform.store());
        let second = heroku.build();
        assert_eq!(heroku.dyno_env(&second)["STATIC_URL"], base);
        let second_compile = second.compile.succeeds();
        second_compile
            .says("-----> Static assets ")
            .says("       Published before, unchanged: 0 uploaded")
            .says("; commit 4f1c2ab");
        let put = tree(&platform.store());
        let kept: Vec<&String> = put
            .keys()
            .filter(|path| !published.contains_key(*path))
            .collect();
        assert!(
            kept.iter().all(|path| path.contains(".static-assets/")),
            "{kept:?}"
        );
        first.compile.succeeds();
    }
}

/// The next build is elsewhere, and the dynos are.
#[track_caller]
fn assert_no_path_of_the_build(slug: &Slug) {
    let path = slug.build_dir.display().to_string();
    for (file, content) in tree(&slug.app) {
        let ours = file.contains("static") || file.starts_with(".profile.d");
        if ours && memchr::memmem::find(&content, path.as_bytes()).is_some() {
            panic!("{file} holds the folder of the build");
        }
    }
}
