//! What a visitor sees, in a real browser: two versions alive, a rollback, the fallback, and the 404 without this project.

use crate::harness::browser::Browser;
use crate::harness::http::{self, Answer};
use crate::harness::python::Python;
use crate::harness::server::{self, Request, file_answer};
use crate::harness::{Platform, Ran, tree};
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const FONT: &str = "document.fonts.load('20px Square').then(found => found.length)";
const BACKGROUND: &str = "getComputedStyle(document.body).backgroundColor";
const ONE: &str = "rgb(232, 244, 242)";
const TWO: &str = "rgb(254, 243, 199)";

/// The site's own address, behind which a deploy replaces the servers.
#[derive(Clone)]
struct Front {
    url: String,
    target: Arc<Mutex<String>>,
}

impl Front {
    fn new() -> Self {
        let target = Arc::new(Mutex::new(String::new()));
        let current = target.clone();
        let url = server::serve(move |request| {
            let target = current.lock().unwrap().clone();
            let mut answer = http::get(&format!("{target}{}", request.target));
            answer.headers.retain(|name, _| name == "content-type");
            answer
        });
        Self { url, target }
    }

    fn deploy(&self, server: &str) {
        server.clone_into(&mut self.target.lock().unwrap());
    }
}

/// Serves a store from an origin of its own, as a CDN does.
fn cdn(store: PathBuf) -> String {
    server::serve(move |request: &Request| {
        let path = request.target.split('?').next().unwrap();
        file_answer(&store.join(path.trim_start_matches('/')))
    })
}

/// Turns the first version of an app into the second: other colours, and another name of the script that is loaded later.
fn as_second_version(platform: &Platform, page: &str, css: &str, js: &str) {
    platform
        .edit(page, "version one", "version two")
        .edit(css, "#e8f4f2", "#fef3c7")
        .edit(js, "prices-one.js", "prices-two.js");
    let chunk = Path::new(js).with_file_name("prices-two.js");
    platform.write(
        &chunk.display().to_string(),
        "export const text = \"A cup costs 2 euros\";\n",
    );
    fs::remove_file(
        platform
            .app()
            .join(Path::new(js).with_file_name("prices-one.js")),
    )
    .unwrap();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Deploy {
    First,
    Second,
}

/// Two images of the Django app that publish to one store, which is read through `url`.
fn django(python: &Python, env: &[(&'static str, String)]) -> [(Platform, Ran); 2] {
    let build = |deploy: Deploy| {
        let mut platform = Platform::with("django_browser").python(python);
        if deploy == Deploy::Second {
            as_second_version(
                &platform,
                "web/templates/web/page.html",
                "web/static/web/app.css",
                "web/static/web/app.js",
            );
        }
        for (name, value) in env {
            platform = platform.env(*name, value);
        }
        let ran = platform.build().succeeds();
        (platform, ran)
    };
    [build(Deploy::First), build(Deploy::Second)]
}

/// A page of one version that lacks nothing.
fn assert_whole(browser: &mut Browser, tab: &str, background: &str) {
    assert_eq!(browser.evaluate(tab, BACKGROUND), background);
    assert_eq!(browser.evaluate(tab, "document.body.dataset.module"), "ran");
    assert_eq!(browser.evaluate(tab, FONT), 1);
}

#[test]
fn an_open_page_of_django_keeps_working_after_a_deploy() {
    let (Some(python), Some(mut browser)) = (Python::find("django52"), Browser::start()) else {
        return;
    };
    let store = tempfile::tempdir().unwrap();
    let env = [
        (
            "STATIC_ASSETS_STORE",
            format!("file://{}", store.path().display()),
        ),
        ("STATIC_ASSETS_PUBLIC_URL", cdn(store.path().to_owned())),
        ("STATIC_ASSETS_CHECK", "fail".to_owned()),
    ];
    let [(one, first), (two, second)] = django(&python, &env);
    let front = Front::new();
    let old = python.serve(&one, &first, &[]);
    front.deploy(&old.url);
    browser.open("old", &front.url).without_problems();
    assert_whole(&mut browser, "old", ONE);

    // The deploy. The open page asks for a script that no page of the new version names.
    let new = python.serve(&two, &second, &[]);
    front.deploy(&new.url);
    browser.open("new", &front.url).without_problems();
    assert_whole(&mut browser, "new", TWO);
    browser.click("new", "#more", "#prices").without_problems();
    assert_eq!(browser.text("new", "#prices"), "A cup costs 2 euros");
    browser.click("old", "#more", "#prices").without_problems();
    assert_eq!(browser.text("old", "#prices"), "A cup costs 1 euro");
    browser.picture("old", "old-page-after-deploy");
    browser.picture("new", "new-page-after-deploy");

    // A rollback is the old image, without a build.
    front.deploy(&old.url);
    browser.reload("new").without_problems();
    assert_whole(&mut browser, "new", ONE);

    // The fallback serves all from the app.
    let fallback = python.serve(&two, &second, &[("STATIC_URL", "/static/")]);
    fs::remove_dir_all(store.path()).unwrap();
    front.deploy(&fallback.url);
    browser.open("fallback", &front.url).without_problems();
    assert_whole(&mut browser, "fallback", TWO);
    // It may ask for more until it ends.
    drop(browser);
}

#[test]
fn without_this_an_open_page_gets_a_404() {
    let (Some(python), Some(mut browser)) = (Python::find("django52"), Browser::start()) else {
        return;
    };
    let env = [("STATIC_ASSETS_COMPILE", "1".to_owned())];
    let [(one, first), (two, second)] = django(&python, &env);
    let front = Front::new();
    let old = python.serve(&one, &first, &[]);
    front.deploy(&old.url);
    browser.open("old", &front.url).without_problems();
    assert_whole(&mut browser, "old", ONE);
    let new = python.serve(&two, &second, &[]);
    front.deploy(&new.url);
    let clicked = browser.click("old", "#more", "#prices");
    let is_404 = |it: &String| it.starts_with("404: ") && it.ends_with("prices-one.js");
    assert!(
        clicked.problems.iter().any(is_404),
        "{:?}",
        clicked.problems
    );
    assert_eq!(
        browser.text("old", "#prices"),
        "The prices could not be loaded"
    );
    browser.picture("old", "old-page-without");
    drop(browser);
}

/// Serves a Phoenix app's page, with the links that its manifest gives under `STATIC_URL`, and its own files.
fn phoenix_server(platform: &Platform, version: &str, base: Option<String>) -> String {
    let dir = platform.app().join("priv/static");
    let manifest = fs::read(dir.join("cache_manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let latest: BTreeMap<String, String> =
        serde_json::from_value(manifest["latest"].clone()).unwrap();
    let base = base.unwrap_or_else(|| "/".to_owned());
    let link = |path: &str| format!("{base}{}", latest[path]);
    let page = format!(
        "<!doctype html><title>Shop</title><link rel=icon href=data:,>\
         <link rel=stylesheet href=\"{}\"><script type=module src=\"{}\" crossorigin></script>\
         <h1>Teacups</h1><p>Built as <b>{version}</b> <span class=square>&#9632;</span></p>\
         <button id=more>Show prices</button><p id=prices>No prices yet</p>",
        link("assets/css/app.css"),
        link("assets/js/app.js"),
    );
    server::serve(move |request: &Request| {
        let path = request.target.split('?').next().unwrap();
        if path != "/" {
            return file_answer(&dir.join(path.trim_start_matches('/')));
        }
        let mut answer = Answer::of(200, page.clone().into_bytes());
        let kind = (
            "content-type".to_owned(),
            "text/html; charset=utf-8".to_owned(),
        );
        answer.headers.extend([kind]);
        answer
    })
}

/// A Phoenix app whose pipeline is a copy of the browser fixture's files.
fn phoenix(deploy: Deploy, env: &[(&'static str, String)]) -> (Platform, Ran) {
    let mut platform = Platform::with("phoenix_1_8")
        .env("PATH", "/usr/bin:/bin")
        .env(
            "STATIC_ASSETS_COMPILE_COMMAND",
            "cd priv/static/assets && mkdir css js && cp ../../../made/*.js js && cp ../../../made/app.css \
             ../../../made/square.woff css",
        )
        .env("STATIC_ASSETS_DIGEST", "native");
    let files = crate::harness::repository().join("fixtures/django_browser/web/static/web");
    for (path, content) in tree(&files) {
        let file = platform.app().join("made").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    platform.write("page.html", "version one");
    fs::create_dir_all(platform.app().join("priv/static/assets")).unwrap();
    if deploy == Deploy::Second {
        as_second_version(&platform, "page.html", "made/app.css", "made/app.js");
    }
    for (name, value) in env {
        platform = platform.env(*name, value);
    }
    let ran = platform.build().succeeds();
    (platform, ran)
}

#[test]
fn an_open_page_of_phoenix_keeps_working_after_a_deploy() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let store = tempfile::tempdir().unwrap();
    let env = [
        (
            "STATIC_ASSETS_STORE",
            format!("file://{}", store.path().display()),
        ),
        ("STATIC_ASSETS_PUBLIC_URL", cdn(store.path().to_owned())),
        ("STATIC_ASSETS_CHECK", "fail".to_owned()),
    ];
    let (one, first) = phoenix(Deploy::First, &env);
    let (two, second) = phoenix(Deploy::Second, &env);
    let front = Front::new();
    let old = phoenix_server(&one, "version one", Some(first.launch("STATIC_URL")));
    front.deploy(&old);
    browser.open("old", &front.url).without_problems();
    assert_whole(&mut browser, "old", ONE);
    front.deploy(&phoenix_server(
        &two,
        "version two",
        Some(second.launch("STATIC_URL")),
    ));
    browser.open("new", &front.url).without_problems();
    assert_whole(&mut browser, "new", TWO);
    browser.click("old", "#more", "#prices").without_problems();
    assert_eq!(browser.text("old", "#prices"), "A cup costs 1 euro");
    front.deploy(&old);
    browser.reload("new").without_problems();
    assert_whole(&mut browser, "new", ONE);
    front.deploy(&phoenix_server(&two, "version two", None));
    browser.open("fallback", &front.url).without_problems();
    assert_whole(&mut browser, "fallback", TWO);
    // It may ask for more until it ends.
    drop(browser);
}
