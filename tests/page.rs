//! `static-assets check` finds what a browser refuses of a page that the test serves.

use crate::harness::http::Answer;
use crate::harness::{Platform, Ran, server};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;

/// A path, with its type, more headers and its body.
type Served = (
    String,
    &'static str,
    &'static [(&'static str, &'static str)],
    String,
);

fn serve(files: Vec<Served>) -> String {
    let mut answers = BTreeMap::new();
    for (path, content_type, headers, body) in files {
        let mut answer = Answer::of(200, body.into_bytes());
        for (name, value) in headers.iter().chain(&[("content-type", content_type)]) {
            answer
                .headers
                .insert((*name).to_owned(), (*value).to_owned());
        }
        answers.insert(path, answer);
    }
    server::serve(move |request| {
        let path = request.target.split('?').next().unwrap();
        let found = answers.get(path).cloned();
        found.unwrap_or_else(|| Answer::of(404, Vec::new()))
    })
}

const YEAR: (&str, &str) = ("cache-control", "public, max-age=31536000, immutable");
const ANY: (&str, &str) = ("access-control-allow-origin", "*");
const STRICT: (&str, &str) = (
    "content-security-policy",
    "default-src 'self'; style-src 'self' 'unsafe-inline'",
);
const NONCE: (&str, &str) = ("content-security-policy", "script-src 'nonce-abc'");
const VERSION: &str = "ypew2hdc6i2a2ztdlkfx";

/// The files of a version, as a store serves them.
fn cdn() -> Vec<Served> {
    let css = "@font-face { src: url(f.woff2) } a { background: url(l.png) }".to_owned();
    vec![
        (asset("app.css"), "text/css", &[YEAR], css),
        (
            asset("app.js"),
            "text/javascript",
            &[YEAR],
            "a()".to_owned(),
        ),
        (
            asset("m.js"),
            "text/javascript",
            &[YEAR, ANY],
            "b()".to_owned(),
        ),
        (asset("f.woff2"), "font/woff2", &[YEAR, ANY], "f".to_owned()),
        (asset("l.png"), "image/png", &[YEAR], "p".to_owned()),
    ]
}

fn page_of(cdn: &str) -> String {
    let base = format!("{cdn}/{VERSION}");
    format!(
        "<link rel=stylesheet href={base}/app.css><script src={base}/app.js></script>\
         <script type=module src={base}/m.js></script><img srcset='{base}/l.png 2x'>"
    )
}

fn check(page: &str) -> Ran {
    Platform::empty().cli(&["check", page])
}

fn page(body: String, headers: &'static [(&'static str, &'static str)]) -> String {
    serve(vec![(
        "/".to_owned(),
        "text/html; charset=utf-8",
        headers,
        body,
    )]) + "/"
}

#[test]
fn a_page_that_loads_is_right() {
    let cdn = serve(cdn());
    let url = page(page_of(&cdn), &[]);
    check(&url)
        .exits(0)
        .says("It loads 1 stylesheet, 1 script, 1 module, 1 image, 1 font")
        .says(&format!("It links to version {VERSION} (5 files)"))
        .says("A browser loads all of them");
    let json = Platform::empty()
        .cli(&["check", &url, "--json"])
        .exits(0)
        .json();
    assert_eq!(json["versions"][VERSION], 5);
    assert_eq!(json["files"].as_array().unwrap().len(), 5);
    assert_eq!(json["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn explicit_versions_are_known_by_the_public_url() {
    let files = vec![(
        "/shop/v42/a.css".to_owned(),
        "text/css",
        &[YEAR][..],
        String::new(),
    )];
    let cdn = serve(files);
    let url = page(
        format!("<link rel=stylesheet href={cdn}/shop/v42/a.css>"),
        &[],
    );
    check(&url)
        .exits(0)
        .says("It links to no version that is known");
    Platform::empty()
        .file_store()
        .env("STATIC_ASSETS_PUBLIC_URL", format!("{cdn}/shop"))
        .cli(&["check", &url])
        .exits(0)
        .says("It links to version v42 (1 file)");
}

#[test]
fn files_that_a_deploy_replaces_are_named() {
    let cdn = serve(cdn());
    let own = |body: String| {
        let files = ["/static/a.js", "/static/b.js", "/media/upload.png"];
        let files = files.map(|path| (path.to_owned(), "text/javascript", &[][..], String::new()));
        let page = ("/".to_owned(), "text/html", &[][..], body);
        serve([&files[..], &[page]].concat()) + "/"
    };
    let own_files = "<link rel=preload as=script crossorigin href=/static/a.js>\
                     <script src=/static/a.js></script><script src=/static/b.js></script><img src=/media/upload.png>";
    let url = own(own_files.to_owned());
    let said = check(&url).exits(0);
    let said = said.says("2 files of no version come from the page's own host, such as http://");
    said.says("or its process has no pin. Or DEBUG is on there");
    let url = own(page_of(&cdn) + own_files);
    check(&url)
        .exits(0)
        .says("It links to version")
        .says("/static/a.js: a deploy replaces them. Are their links written by hand?");
    let json = Platform::empty().cli(&["check", &url, "--json"]).json();
    assert_eq!(json["unversioned"].as_array().unwrap().len(), 2);
    // A public URL that is set to another base hides no version.
    Platform::empty()
        .file_store()
        .cli(&["check", &url])
        .exits(0)
        .says(&format!("It links to version {VERSION} (5 files)"));
}

#[test]
fn equal_problems_of_files_are_one() {
    let url = page(
        "<img src=a.png><img src=b.png><img src=c.png>".to_owned(),
        &[],
    );
    let said = check(&url).exits(1);
    assert_eq!(said.stderr().matches("404, so it does not load").count(), 1);
    said.says("The same for 2 other files:").says("/c.png\n");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    check(&page(
        format!("<img src=http://{address}/{VERSION}/a.png>"),
        &[],
    ))
    .exits(1)
    .says("STATIC_URL=/static/");
    // Another host is not the store's.
    check(&page(format!("<img src=http://{address}/a.png>"), &[]))
        .exits(1)
        .does_not_say("STATIC_URL=/static/");
}

/// Checks the page after one file of the version has changed.
fn with(name: &str, change: impl FnOnce(&mut Served)) -> Ran {
    let mut files = cdn();
    let file = files.iter_mut().find(|file| file.0 == asset(name));
    change(file.unwrap());
    check(&page(page_of(&serve(files)), &[]))
}

fn asset(name: &str) -> String {
    format!("/{VERSION}/{name}")
}

#[test]
fn each_file_that_a_browser_refuses_is_named() {
    with("app.js", |file| "/elsewhere.js".clone_into(&mut file.0))
        .exits(1)
        .says("✗ http")
        .says("/app.js: 404")
        .says("static-assets list")
        .says("A browser refuses 1 file of");
    with("app.css", |file| file.1 = "text/plain")
        .exits(1)
        .says("/app.css: Content-Type is 'text/plain', so browsers refuse it as a stylesheet");
    with("f.woff2", |file| file.2 = &[YEAR])
        .exits(1)
        .says("/f.woff2: Access-Control-Allow-Origin is missing, so browsers refuse a font of another host")
        .says("app.css names it.");
    with("m.js", |file| file.2 = &[YEAR])
        .exits(1)
        .says("browsers refuse a module of another host");
    with("l.png", |file| file.1 = "text/html")
        .exits(1)
        .says("/l.png: 200, but an HTML page");
    with("l.png", |file| file.2 = &[])
        .exits(0)
        .says("/l.png: Cache-Control is missing");
}

#[test]
fn a_manifest_is_asked_for_as_its_tag_says() {
    let cdn = serve(cdn());
    let tag = |cookies: &str| format!("<link rel=manifest{cookies} href={cdn}/{VERSION}/m.js>");
    check(&page(tag(""), &[]))
        .exits(0)
        .says("It loads 1 web app manifest");
    check(&page(tag(" crossorigin=use-credentials"), &[]))
        .exits(1)
        .says("asks with cookies, so browsers refuse a web app manifest of another host");
    check(&page(tag(""), &[STRICT]))
        .exits(1)
        .says(&format!("manifest-src 'self' {cdn};"));
}

/// Serves one stylesheet of these bytes, with a `Content-Encoding`.
fn encoded(body: Vec<u8>, encoding: Option<&'static str>) -> Ran {
    let cdn = server::serve(move |_| {
        let mut answer = Answer::of(200, body.clone());
        let headers = [
            ("content-type", Some("text/css")),
            (YEAR.0, Some(YEAR.1)),
            ("content-encoding", encoding),
        ];
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value.to_owned())));
        answer.headers.extend(headers);
        answer
    });
    let tag = format!("<link rel=stylesheet href={cdn}/{VERSION}/app.css>");
    check(&page(tag, &[]))
}

#[test]
fn a_file_that_browsers_can_not_decode_is_named() {
    let gzip = |body: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let css = || b"a{}".to_vec();
    encoded(gzip(&css()), Some("GZIP")).exits(0);
    encoded(gzip(&css()), None)
        .exits(1)
        .says("its bytes are gzip, and no Content-Encoding says so");
    encoded(css(), Some("gzip"))
        .exits(1)
        .says("browsers can't decode it: the answer has Content-Encoding 'gzip'");
    encoded(gzip(&gzip(&css())), Some("gzip"))
        .exits(1)
        .says("Does a CDN compress it twice");
    encoded(gzip(&css()), Some("gzip,aws-chunked")).exits(1);
    encoded(Vec::new(), Some("gzip")).exits(0);
    let long = gzip(&vec![b' '; 33 << 20]);
    encoded(long, Some("gzip"))
        .exits(0)
        .says("not read to its end: it has more than 32 MiB");
    encoded(css(), Some("br"))
        .exits(0)
        .says("not read: its Content-Encoding is 'br'");
    check(&page("<p>".to_owned(), &[("content-encoding", "br")]))
        .exits(1)
        .says("The page can't be read");
}

#[test]
fn a_policy_that_forbids_the_host_is_named_with_the_directive() {
    let cdn = serve(cdn());
    check(&page(page_of(&cdn), &[STRICT]))
        .exits(1)
        .says(&format!("style-src 'self' 'unsafe-inline' {cdn};"))
        .says(&format!("script-src 'self' {cdn};"))
        .says(&format!("img-src 'self' {cdn};"))
        .says("A browser refuses 4 files");
    let meta = format!(
        "<meta http-equiv=content-security-policy content=\"font-src {cdn}; img-src 'none'\">{}",
        page_of(&cdn)
    );
    check(&page(meta, &[]))
        .exits(1)
        .says(&format!("img-src {cdn};"))
        .says("A browser refuses 1 file");
    let tag = |nonce: &str| format!("<script nonce={nonce} src={cdn}/{VERSION}/app.js></script>");
    check(&page(tag("abc"), &[NONCE])).exits(0);
    check(&page(tag("xyz"), &[NONCE])).exits(1);
}

#[test]
fn an_integrity_hash_is_compared() {
    let cdn = serve(cdn());
    let tag = |hash: &str| {
        format!("<script integrity='{hash}' crossorigin src={cdn}/{VERSION}/m.js></script>")
    };
    // printf 'b()' | openssl dgst -sha256 -binary | base64
    let right = "sha256-cf242PFc/kb7xD0Qzhsmd9vvRkc+cWFmbi+k+YvtdKc=";
    let ran = check(&page(tag("sha256-AAAA"), &[]));
    ran.exits(1)
        .says("its bytes are not those of the integrity hash");
    check(&page(tag(right), &[])).exits(0);
}

#[test]
fn what_is_no_page_is_an_error() {
    let url = serve(vec![(
        "/data".to_owned(),
        "application/json",
        &[],
        "{}".to_owned(),
    )]);
    check(&format!("{url}/data"))
        .exits(2)
        .says("This is no page")
        .says("'application/json'");
    check(&format!("{url}/missing"))
        .exits(1)
        .says("The page answers with 404");
    check("http://127.0.0.1:1/")
        .exits(5)
        .says("nothing listens there");
    check("shop.example.com")
        .exits(2)
        .says("Give the URL of a page");
}

/// A store sends what it holds compressed to whoever asks.
#[test]
fn what_is_stored_compressed_is_read_as_browsers_do() {
    let css = format!(
        "@import url(gone.css); {}",
        "a { color: teal }\n".repeat(100)
    );
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, css.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let hash = BASE64.encode(Sha256::digest(css.as_bytes()));
    let url = server::serve(move |request| {
        let (body, kind) = match request.target.as_str() {
            "/app.css" => (gzip.clone(), "text/css"),
            "/" => {
                let link = format!("<link rel=stylesheet href=/app.css integrity=sha256-{hash}>");
                (link.into_bytes(), "text/html")
            }
            _ => return Answer::of(404, Vec::new()),
        };
        let mut answer = Answer::of(200, body);
        let mut add =
            |name: &str, value: &str| answer.headers.insert(name.to_owned(), value.to_owned());
        add("content-type", kind);
        if kind == "text/css" {
            add("content-encoding", "gzip");
        }
        answer
    });
    // The hash is right, and what the stylesheet loads is found.
    let said = check(&url).exits(1).says("gone.css");
    said.says("404").does_not_say("other bytes");
}
