//! The public check: after publishing, a build requests the version through its public URL, and fails or warns if
//! browsers would not get it.

use crate::harness::python::Python;
use crate::harness::refusing::Refusing;
use crate::harness::s3::Bucket;
use crate::harness::tls::Tls;
use crate::harness::web::{Asked, Served, Web};
use crate::harness::{Platform, Ran, tree};
use fs_err as fs;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;

/// Makes a Django app that publishes into a directory.
fn django() -> Option<Platform> {
    let python = Python::find("django52")?;
    let platform = Platform::with("django_basic").python(&python).file_store();
    Some(platform.env("STATIC_ASSETS_CHECK", ""))
}

/// Builds it behind a web server that serves the directory. `change` alters its answers.
fn built(change: impl FnMut(&Asked, &mut Served) + Send + 'static) -> Option<(Ran, Web)> {
    let platform = django()?;
    let web = Web::changing(&platform.store(), change);
    let ran = platform.env("STATIC_ASSETS_PUBLIC_URL", &web.url).build();
    Some((ran, web))
}

fn is(asked: &Asked, extension: &str) -> bool {
    asked.path().ends_with(extension)
}

/// Fails unless the build failed and pinned nothing.
#[track_caller]
fn fails(ran: Ran) -> Ran {
    let ran = ran.exits(1).says("[Error: static assets: ");
    assert!(ran.layer_names().is_empty());
    ran
}

#[test]
fn each_kind_is_requested_with_and_without_origin() {
    let Some((ran, web)) = built(|_, _| {}) else {
        return;
    };
    let ran = ran.succeeds();
    let url = ran.launch("STATIC_URL");
    let log = ran.stdout();
    let (before_links, _) = log.split_once("\n- Links: ").unwrap();
    let check = format!("\n- Public check {url}\n  - css js svg font: 200");
    assert!(before_links.contains(&check), "{log}");
    let version = url.strip_prefix(&web.url).unwrap();
    let expected = [
        "app.css",
        "app.css +",
        "app.js +",
        "app.js",
        "logo.svg",
        "logo.svg +",
        "font.woff2 +",
        "font.woff2",
    ];
    assert_eq!(
        web.requests(),
        expected.map(|path| format!("{version}web/{path}"))
    );
}

#[test]
fn an_unchanged_build_skips_the_check_by_default() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::of(&platform.store());
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", &web.url);
    let first = platform.build().succeeds();
    let asked = web.requests().len();
    // The lifecycle restores this file from the previous image.
    let remembered = fs::read_to_string(first.layers.join("env.toml")).unwrap();
    let remembered = [("env.toml", remembered.as_str())];
    let again = platform.build_over(&remembered).succeeds();
    again
        .says("0 uploaded")
        .says("\n- Public URL: ")
        .does_not_say("Public check");
    assert_eq!(web.requests().len(), asked);

    let platform = platform.env("STATIC_ASSETS_CHECK", "fail");
    let again = platform.build_over(&remembered);
    again.succeeds().says("Public check");
    assert_eq!(web.requests().len(), 2 * asked);

    // Without the restored file, nothing shows that a build has checked this version.
    let platform = platform.env("STATIC_ASSETS_CHECK", "");
    platform.build().succeeds().says("Public check");
    assert_eq!(web.requests().len(), 3 * asked);
}

#[test]
fn another_public_url_is_checked_again() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::of(&platform.store());
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", &web.url);
    let first = platform.build().succeeds();
    let remembered = fs::read_to_string(first.layers.join("env.toml")).unwrap();
    let remembered = [("env.toml", remembered.as_str())];

    // A CDN is put in front of the store, and the URL is wrong.
    let wrong = Web::changing(&platform.store(), |_, served| *served = Served::empty(404));
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", &wrong.url);
    let again = platform.build_over(&remembered);
    again.exits(1).says("0 uploaded").says("Public check");

    // Another store behind the URL that was checked.
    let other = platform.store().with_file_name("other-store");
    fs::create_dir(&other).unwrap();
    let platform = platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_STORE", format!("file://{}", other.display()));
    platform
        .build_over(&remembered)
        .succeeds()
        .says("Public check");
}

#[test]
fn a_check_that_was_off_is_made_later() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::of(&platform.store());
    let platform = platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_CHECK", "off");
    let first = platform.build().succeeds();
    let remembered = fs::read_to_string(first.layers.join("env.toml")).unwrap();
    let platform = platform.env("STATIC_ASSETS_CHECK", "");
    let again = platform.build_over(&[("env.toml", &remembered)]);
    again.succeeds().says("Public check");
}

#[test]
fn off_sends_no_request_and_logs_it() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::changing(&platform.store(), |_, served| *served = Served::empty(403));
    platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_CHECK", "off")
        .build()
        .succeeds()
        .says("STATIC_ASSETS_CHECK=off");
    assert_eq!(web.requests(), [""; 0]);
}

#[test]
fn warn_logs_the_finding_and_continues() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::changing(&platform.store(), |asked, served| {
        if is(asked, ".css") {
            *served = Served::empty(403);
        }
    });
    let ran = platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .env("STATIC_ASSETS_CHECK", "warn")
        .build()
        .succeeds()
        .says("\n  - js svg font: 200")
        .line_names(&["  ! css: ", "403"]);
    assert!(!ran.launch("STATIC_URL").is_empty());
}

#[test]
fn an_unknown_mode_is_an_error() {
    let Some(platform) = django() else {
        return;
    };
    platform
        .env("STATIC_ASSETS_CHECK", "maybe")
        .build()
        .exits(1)
        .says("STATIC_ASSETS_CHECK")
        .says("'maybe'")
        .says("fail, warn, off");
}

#[test]
fn a_denied_public_read_fails() {
    let Some((ran, _web)) = built(|_, served| *served = Served::empty(403)) else {
        return;
    };
    fails(ran)
        .line_names(&["css js svg font", "403", "http://127.0.0.1"])
        .says("STATIC_ASSETS_CHECK=warn");
}

#[test]
fn a_cdn_adding_the_prefix_is_recognized() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::of(&platform.store());
    let wrong = format!("{}/store", web.url);
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", wrong);
    fails(platform.build()).says(&format!("\n  STATIC_ASSETS_PUBLIC_URL={}\n", web.url));
}

#[test]
fn a_public_url_lacking_the_prefix_is_recognized() {
    let Some(platform) = django() else {
        return;
    };
    // The server has the directory under its name, and answers every other path with a page of its own.
    let web = Web::changing(&platform.path(""), |_, served| {
        if served.status == 404 {
            served.status = 200;
            served
                .headers
                .insert("Content-Type", "text/html".to_owned());
            served.body = b"<!doctype html>".to_vec();
        }
    });
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", &web.url);
    fails(platform.build()).says(&format!("\n  STATIC_ASSETS_PUBLIC_URL={}/store\n", web.url));
}

#[test]
fn a_404_lists_the_urls_tried() {
    let Some((ran, web)) = built(|_, served| *served = Served::empty(404)) else {
        return;
    };
    fails(ran)
        .line_names(&["css js svg font", "404"])
        .says(&format!(" {}/store/", web.url));
}

#[test]
fn missing_cors_headers_only_warn() {
    let Some((ran, web)) = built(|_, served| {
        served.headers.remove("Access-Control-Allow-Origin");
    }) else {
        return;
    };
    ran.succeeds()
        .says("\n  - css svg: 200")
        .line_names(&["  ! js font: ", "Access-Control-Allow-Origin"])
        .says("add_header Access-Control-Allow-Origin *;");
    // Each kind is requested once more past the caches.
    let is_past_caches = |request: &&String| request.ends_with("?static-assets-check=1 +");
    assert_eq!(web.requests().iter().filter(is_past_caches).count(), 4);
}

#[test]
fn a_cached_answer_without_cors_only_warns() {
    let mut cache: BTreeMap<String, Served> = BTreeMap::new();
    let Some((ran, _web)) = built(move |asked, served| {
        if asked.origin.is_none() {
            served.headers.remove("Access-Control-Allow-Origin");
        }
        let cached = cache.entry(asked.target.clone());
        *served = cached.or_insert_with(|| served.clone()).clone();
    }) else {
        return;
    };
    ran.succeeds()
        .says("\n  - js font: 200")
        .says("\n  ! css svg: ")
        .says("SimpleCORS");
}

#[test]
fn a_wrong_content_type_fails() {
    let Some((ran, _web)) = built(|asked, served| {
        if is(asked, ".js") {
            served
                .headers
                .insert("Content-Type", "text/plain".to_owned());
        }
    }) else {
        return;
    };
    fails(ran)
        .says("  - css svg font: 200")
        .line_names(&[
            "js: ",
            "Content-Type",
            "'text/plain'",
            "'text/javascript; charset=utf-8'",
        ])
        .says("include mime.types;");
}

#[test]
fn changed_bytes_fail() {
    let Some((ran, _web)) = built(|asked, served| {
        if is(asked, ".css") {
            served.body.retain(|byte| !byte.is_ascii_whitespace());
        }
    }) else {
        return;
    };
    fails(ran).says("/web/app.css' | sha256sum");
}

#[test]
fn an_unreadable_font_only_warns() {
    let Some((ran, _web)) = built(|asked, served| {
        if is(asked, ".woff2") {
            *served = Served::empty(403);
        }
    }) else {
        return;
    };
    ran.succeeds().line_names(&["  ! font: ", "403"]);
}

#[test]
fn headers_and_redirects_that_cost_time_only_warn() {
    let Some((ran, _web)) = built(|asked, served| {
        if is(asked, ".svg") {
            served.headers.remove("Cache-Control");
        }
        if is(asked, ".css") && !asked.target.ends_with("?moved") {
            *served = Served::empty(302);
            let moved = format!("{}?moved", asked.path());
            served.headers.insert("Location", moved);
        }
    }) else {
        return;
    };
    ran.succeeds()
        .says("\n  - js font: 200")
        .line_names(&["  ! css: ", "http://127.0.0.1", "?moved"])
        .line_names(&["  ! svg: ", "Cache-Control"]);
}

#[test]
fn an_unreachable_url_only_warns() {
    let Some(platform) = django() else {
        return;
    };
    // Nothing listens on a port that was just freed.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let ran = platform
        .env("STATIC_ASSETS_PUBLIC_URL", format!("http://{address}/shop"))
        .build()
        .succeeds()
        .line_names(&["  ! css: ", &format!("http://{address}/shop/")]);
    assert!(!ran.launch("STATIC_URL").is_empty());
}

#[test]
fn an_untrusted_tls_server_only_warns() {
    let Some(platform) = django() else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.read_exact(&mut [0; 5]).unwrap();
        client.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").unwrap();
    });
    platform
        .env("STATIC_ASSETS_PUBLIC_URL", &url)
        .build()
        .succeeds()
        .line_names(&["  ! css: ", &url]);
    server.join().unwrap();
}

#[test]
fn a_path_of_the_site_is_not_checked() {
    let Some(platform) = django() else {
        return;
    };
    platform
        .env("STATIC_ASSETS_PUBLIC_URL", "/assets-v")
        .build()
        .succeeds()
        .says("- Public URL: /assets-v/")
        .does_not_say("Public check");
}

#[test]
fn no_proxy_sees_a_plain_request() {
    let Some(mut platform) = django() else {
        return;
    };
    let web = Web::of(&platform.store());
    let proxy = Web::of(&platform.store());
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        platform = platform.env(name, &proxy.url);
    }
    platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .build()
        .succeeds()
        .says("css js svg font: 200");
    assert_eq!(proxy.requests(), [""; 0]);
}

#[test]
fn https_uses_the_proxy_of_the_environment() {
    let Some(platform) = django() else {
        return;
    };
    let proxy = Refusing::with(403, "", "");
    let address = proxy.url.strip_prefix("http://").unwrap();
    platform
        .env(
            "HTTPS_PROXY",
            format!("http://user:password-of-a-test@{address}"),
        )
        .build()
        .succeeds()
        .says("  ! css: ")
        .does_not_say("password-of-a-test");
    assert_eq!(
        proxy.requests(),
        ["CONNECT static.example.com:443 HTTP/1.1"; 2]
    );
}

#[test]
fn file_names_are_percent_encoded() {
    let Some(platform) = django() else {
        return;
    };
    let name = "a+b c%20d#é.css";
    platform.write(&format!("web/static/{name}"), "a{}");
    let web = Web::of(&platform.store());
    platform
        .env("STATIC_ASSETS_PUBLIC_URL", &web.url)
        .build()
        .succeeds()
        .says("  - css js svg font: 200");
    assert!(web.requests()[0].ends_with("/a%2Bb%20c%2520d%23%C3%A9.css"));
}

#[test]
fn the_version_stays_published_when_its_check_fails() {
    let Some(platform) = django() else {
        return;
    };
    let web = Web::changing(&platform.store(), |_, served| *served = Served::empty(403));
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", &web.url);
    fails(platform.build());
    let refs = |path: &String| path.contains("/refs/");
    let mut before = tree(&platform.store());
    // The second build uploads nothing and fails for the same reason.
    let asked = web.requests().len();
    fails(platform.build()).says("0 uploaded");
    assert_eq!(web.requests().len(), 2 * asked);
    let mut after = tree(&platform.store());
    before.retain(|path, _| !refs(path));
    after.retain(|path, _| !refs(path));
    assert_eq!(before, after);
}

/// Makes a Django app that publishes to the S3 server.
fn django_to(bucket: &Bucket) -> Option<Platform> {
    let python = Python::find("django52")?;
    let platform = Platform::with("django_basic")
        .python(&python)
        .s3_store(bucket);
    Some(platform.env("STATIC_ASSETS_CHECK", ""))
}

#[test]
fn a_public_bucket_passes() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let Some(platform) = django_to(&bucket) else {
        return;
    };
    platform.build().succeeds().says("  - css js svg font: 200");
    let virtual_host = format!("{}/shop", bucket.endpoint);
    let wrong = platform
        .env("STATIC_ASSETS_PUBLIC_URL", virtual_host)
        .env("STATIC_ASSETS_SALT", "2");
    fails(wrong.build()).says(&format!(
        "\n  STATIC_ASSETS_PUBLIC_URL={}/shop\n",
        bucket.url()
    ));
}

#[test]
fn a_private_bucket_fails_with_its_policy() {
    let Some(bucket) = Bucket::private() else {
        return;
    };
    let Some(platform) = django_to(&bucket) else {
        return;
    };
    fails(platform.build())
        .line_names(&["403", &format!("{}/shop/", bucket.url())])
        .says(&format!(
            "aws s3api put-bucket-policy --bucket {}",
            bucket.name
        ))
        .says(&format!(
            "arn:aws:s3:::{}/shop/.static-assets/*",
            bucket.name
        ));
}

#[test]
fn the_check_trusts_the_configured_authority() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let (Some(platform), Some(tls)) = (django_to(&bucket), Tls::before(&bucket.endpoint)) else {
        return;
    };
    let public = format!("{}/{}/shop", tls.url, bucket.name);
    let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", &public);
    platform
        .build()
        .succeeds()
        .line_names(&["  ! css: ", &tls.url]);
    platform
        .env("STATIC_ASSETS_ENDPOINT_URL", &tls.url)
        .env("STATIC_ASSETS_CA_FILE", tls.ca_file())
        .env("STATIC_ASSETS_SALT", "2")
        .build()
        .succeeds()
        .says("  - css js svg font: 200");
}

/// The port of a listener that is gone: perhaps only this machine can't reach a host.
#[test]
fn no_answer_is_a_warning_unless_checks_must_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    let platform = platform
        .env("STATIC_ASSETS_PUBLIC_URL", &url)
        .env("STATIC_ASSETS_CHECK", "");
    let line = ["publish", "--dir", "dist"];
    platform
        .cli(&line)
        .exits(0)
        .says("not checked, nothing listens there");
    platform
        .cli(&["doctor"])
        .exits(1)
        .says(&format!("✗ No answer from {url}/"));
    platform
        .cli_with(&line, &[("STATIC_ASSETS_CHECK", "fail")])
        .exits(1)
        .says(&format!("No answer from {url}/: nothing listens there"))
        .says(&format!("Is {url}/ the right URL?"));
    let warns = [("STATIC_ASSETS_CHECK", "warn")];
    platform.cli_with(&line, &warns).exits(0);
    platform.cli_with(&["doctor"], &warns).exits(0);
}
