//! The public check: what a build says of, and does about, what browsers get.

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

/// A Django app that publishes into a folder.
fn django() -> Option<Platform> {
    let python = Python::find("django52")?;
    let platform = Platform::with("django_basic").python(&python).file_store();
    Some(platform.env("STATIC_ASSETS_CHECK", ""))
}

/// Its build, with a server in front of the folder that changes the right answers.
fn built(change: impl FnMut(&Asked, &mut Served) + Send + 'static) -> Option<(Ran, Web)> {
    let platform = django()?;
    let web = Web::changing(&platform.store(), change);
    let ran = platform.env("STATIC_ASSETS_PUBLIC_URL", &web.url).build();
    Some((ran, web))
}

fn is(asked: &Asked, extension: &str) -> bool {
    asked.path().ends_with(extension)
}

/// The launch environment is given out by nobody.
#[track_caller]
fn fails(ran: Ran) -> Ran {
    let ran = ran.exits(1).says("The version is published and stays");
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
    ran.says(&format!(
        "\n- Public check {url}\n  - css js svg font: 200, right bytes and types\n- Pages"
    ));
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
    // As the lifecycle gives it back from the image before.
    let remembered = fs::read_to_string(first.layers.join("env.toml")).unwrap();
    let remembered = [("env.toml", remembered.as_str())];
    let again = platform.build_over(&remembered).succeeds();
    again
        .says("unchanged: 0 uploaded")
        .says("\n- Public URL: ")
        .does_not_say("Public check");
    assert_eq!(web.requests().len(), asked);

    let platform = platform.env("STATIC_ASSETS_CHECK", "fail");
    let again = platform.build_over(&remembered);
    again.succeeds().says("Public check");
    assert_eq!(web.requests().len(), 2 * asked);

    // Nobody remembers a build that was right: this one makes sure.
    let platform = platform.env("STATIC_ASSETS_CHECK", "");
    platform.build().succeeds().says("Public check");
    assert_eq!(web.requests().len(), 3 * asked);
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
        .says(", not checked: STATIC_ASSETS_CHECK=off");
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
        .says("  - js svg font: 200, right bytes and types\n  ! css: 403 without a key: ");
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
        .says("STATIC_ASSETS_CHECK is 'maybe'")
        .says("It can be: fail, warn, off.");
}

#[test]
fn a_denied_public_read_fails() {
    let Some((ran, _web)) = built(|_, served| *served = Served::empty(403)) else {
        return;
    };
    fails(ran)
        .says("[Error: static assets: Browsers may not read what is published]")
        .says("css js svg font: 403 without a key: http://127.0.0.1")
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
    fails(platform.build()).says(&format!(
        "Your CDN already adds /store: set\n  STATIC_ASSETS_PUBLIC_URL={}\n",
        web.url
    ));
}

#[test]
fn a_public_url_lacking_the_prefix_is_recognized() {
    let Some(platform) = django() else {
        return;
    };
    // Knows the folder by its name, and has its own page for all that it doesn't know.
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
    fails(platform.build()).says(&format!(
        "The URL lacks /store: set\n  STATIC_ASSETS_PUBLIC_URL={}/store\n",
        web.url
    ));
}

#[test]
fn a_404_lists_the_urls_tried() {
    let Some((ran, web)) = built(|_, served| *served = Served::empty(404)) else {
        return;
    };
    fails(ran)
        .says("404, although the file was put")
        .says(&format!("Not there, either: {}/store/", web.url));
}

#[test]
fn missing_cors_headers_only_warn() {
    let Some((ran, web)) = built(|_, served| {
        served.headers.remove("Access-Control-Allow-Origin");
    }) else {
        return;
    };
    ran.succeeds()
        .says(
            "  - css svg: 200, right bytes and types\n  ! js font: no Access-Control-Allow-Origin",
        )
        .says("add_header Access-Control-Allow-Origin *;");
    // A look past the caches for each.
    let looks = |request: &String| request.ends_with("?static-assets-check=1 +");
    assert_eq!(web.requests().iter().filter(|url| looks(url)).count(), 4);
}

#[test]
fn a_cached_answer_without_cors_only_warns() {
    let mut cache: BTreeMap<String, Served> = BTreeMap::new();
    let Some((ran, _web)) = built(move |asked, served| {
        if asked.origin.is_none() {
            served.headers.remove("Access-Control-Allow-Origin");
        }
        let kept = cache.entry(asked.target.clone());
        *served = kept.or_insert_with(|| served.clone()).clone();
    }) else {
        return;
    };
    ran.succeeds()
        .says(
            "  - js font: 200, right bytes and types\n  ! css svg: the CDN gives an answer without",
        )
        .says("Add the header Origin to");
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
        .says("  - css svg font: 200, right bytes and types")
        .says("js: Content-Type is 'text/plain'; it should be 'text/javascript; charset=utf-8'")
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
    fails(ran)
        .says("css: 200, but other bytes than were published")
        .says("| sha256sum");
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
    ran.succeeds().says("  ! font: 403 without a key");
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
        .says("  - js font: 200, right bytes and types")
        .says("  ! css: redirected to http://127.0.0.1")
        .says("  ! svg: Cache-Control is missing");
}

#[test]
fn an_unreachable_url_only_warns() {
    let Some(platform) = django() else {
        return;
    };
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let ran = platform
        .env("STATIC_ASSETS_PUBLIC_URL", format!("http://{address}/shop"))
        .build()
        .succeeds()
        .says("  ! css: not checked, nothing listens there: http://127.0.0.1");
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
        .env("STATIC_ASSETS_PUBLIC_URL", url)
        .build()
        .succeeds()
        .says("  ! css: not checked, no trusted connection: ");
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
        .says("/, not checked: a path of your site, which must lead to the store");
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
        .says("right bytes and types");
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
        .says("  ! css: not checked, ")
        .does_not_say("password-of-a-test");
    assert_eq!(
        proxy.requests(),
        ["CONNECT static.example.com:443 HTTP/1.1"]
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
        .says("  - css js svg font: 200, right bytes and types");
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
    // Again: nothing is put, and it is as wrong as before.
    let asked = web.requests().len();
    fails(platform.build()).says("unchanged: 0 uploaded");
    assert_eq!(web.requests().len(), 2 * asked);
    let mut after = tree(&platform.store());
    before.retain(|path, _| !refs(path));
    after.retain(|path, _| !refs(path));
    assert_eq!(before, after);
}

/// A Django app that publishes to the real server.
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
    platform
        .build()
        .succeeds()
        .says("  - css js svg font: 200, right bytes and types");
    let virtual_host = format!("{}/shop", bucket.endpoint);
    let wrong = platform
        .env("STATIC_ASSETS_PUBLIC_URL", virtual_host)
        .env("STATIC_ASSETS_SALT", "2");
    fails(wrong.build()).says(&format!(
        "set\n  STATIC_ASSETS_PUBLIC_URL={}/shop\n",
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
        .says("[Error: static assets: Browsers may not read what is published]")
        .says(&format!("403 without a key: {}/shop/", bucket.url()))
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
        .says("  ! css: not checked, no trusted connection: ");
    platform
        .env("STATIC_ASSETS_ENDPOINT_URL", &tls.url)
        .env("STATIC_ASSETS_CA_FILE", tls.ca_file())
        .env("STATIC_ASSETS_SALT", "2")
        .build()
        .succeeds()
        .says("  - css js svg font: 200, right bytes and types");
}
