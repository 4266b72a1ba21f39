//! The region of an S3 bucket that no setting names, with AWS's own hosts. A proxy leads them to a server on this machine.

use crate::harness::http::Answer;
use crate::harness::server::{Request, serve};
use crate::harness::tls::Tls;
use crate::harness::{Platform, Ran};
use fs_err as fs;
use std::sync::{Arc, Mutex};

const NAMES: &str = "DNS:s3.us-east-1.amazonaws.com,DNS:*.s3.us-east-1.amazonaws.com,\
                     DNS:s3.eu-west-1.amazonaws.com,DNS:*.s3.eu-west-1.amazonaws.com";

/// Answers as AWS does for an empty bucket in eu-west-1.
fn aws(request: &Request) -> Answer {
    if !request.header("host").unwrap().contains("eu-west-1") {
        let body = "<Error><Code>PermanentRedirect</Code></Error>";
        let mut answer = Answer::of(301, body.into());
        let region = ("x-amz-bucket-region".to_owned(), "eu-west-1".to_owned());
        answer.headers.extend([region]);
        return answer;
    }
    let is_signed_for_it = |value: &str| value.contains("/eu-west-1/s3/");
    assert!(
        request
            .header("authorization")
            .is_some_and(is_signed_for_it)
    );
    if request.query().contains_key("list-type") {
        return Answer::of(200, "<ListBucketResult></ListBucketResult>".into());
    }
    Answer::of(404, "<Error><Code>NoSuchKey</Code></Error>".into())
}

/// `None`, and logged as skipped, if no certificate can be made.
fn platform(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Option<Platform> {
    let tls = Tls::named(NAMES, &serve(answer))?;
    let platform = Platform::empty()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("AWS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret-of-a-test")
        .env("HTTPS_PROXY", tls.proxy());
    let authority = fs::read_to_string(tls.ca_file()).unwrap();
    platform.write("authority.pem", &authority);
    platform.write("dist/app.css", "a{}");
    Some(platform.env("STATIC_ASSETS_CA_FILE", "authority.pem"))
}

#[test]
fn the_region_of_the_bucket_is_found_once_and_is_part_of_the_url() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let platform = platform(move |request| {
        let host = request.header("host").unwrap().to_owned();
        seen.lock().unwrap().push(host);
        aws(request)
    });
    let Some(platform) = platform else {
        return;
    };
    let run = platform.cli(&["publish", "--dir", "dist", "--dry-run", "--json"]);
    let run = run
        .exits(0)
        .says("s3://acme-static/shop (eu-west-1, as the store says, key …TEST");
    let url = run.json()["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("https://acme-static.s3.eu-west-1.amazonaws.com/shop/"),
        "{url}"
    );
    let hosts = asked.lock().unwrap().clone();
    let elsewhere = hosts.iter().filter(|host| host.contains("us-east-1"));
    assert_eq!(elsewhere.count(), 1, "{hosts:?}");
}

/// Fails unless a run refuses to move to the region that a later answer names.
#[track_caller]
fn stays(platform: &Platform) -> Ran {
    platform
        .cli(&["publish", "--dir", "dist"])
        .exits(2)
        .says("The store names another region for the bucket acme-static than before: eu-west-1")
}

/// Another bucket of that name would get the rest of the files.
#[test]
fn a_run_stays_in_the_region_that_has_answered() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let platform = platform(move |request| {
        let host = request.header("host").unwrap().to_owned();
        let mut seen = seen.lock().unwrap();
        seen.push(host);
        match (seen.len(), request.method.as_str()) {
            (1, _) => Answer::of(404, "<Error><Code>NoSuchKey</Code></Error>".into()),
            (_, "PUT") if seen.len() < 4 => {
                let mut answer = Answer::of(200, Vec::new());
                let tag = ("etag".to_owned(), "\"1\"".to_owned());
                answer.headers.extend([tag]);
                answer
            }
            _ => aws(request),
        }
    });
    let Some(platform) = platform else {
        return;
    };
    stays(&platform).says("Nothing was published or pinned");
    let hosts = asked.lock().unwrap().clone();
    assert!(
        hosts.len() > 2 && hosts.iter().all(|host| host.contains("us-east-1")),
        "{hosts:?}"
    );
}

#[test]
fn doctor_examines_the_app_although_the_region_is_unknown() {
    let refusing = |_: &Request| {
        let body = "<Error><Code>InvalidAccessKeyId</Code></Error>";
        Answer::of(403, body.into())
    };
    let Some(platform) = platform(refusing) else {
        return;
    };
    platform.write("dist/.env", "SECRET=1");
    platform
        .cli(&["doctor", "--dir", "dist"])
        .exits(12)
        .says("InvalidAccessKeyId")
        .says(".env")
        .says("2 checks failed");
}

/// A redirect to itself, or a server that has no other way to say no.
#[test]
fn a_store_that_names_the_region_that_was_asked_is_no_wrong_region() {
    for region in ["us-east-1", "eu-west-1"] {
        let always = move |_: &Request| {
            let mut answer = Answer::of(301, Vec::new());
            let named = ("x-amz-bucket-region".to_owned(), region.to_owned());
            answer.headers.extend([named]);
            answer
        };
        let Some(platform) = platform(always) else {
            return;
        };
        platform.cli(&["list"]).exits(1).says(&format!(
            "it names the region that was asked, {region}, and refuses"
        ));
    }
}

/// All of its requests are sent at once.
#[test]
fn requests_that_meet_the_wrong_region_together_all_follow() {
    let Some(platform) = platform(aws) else {
        return;
    };
    for _ in 0..5 {
        platform.cli(&["show", "v1"]).exits(10).says("v1");
    }
}

/// The URL that pages get names the region.
#[test]
fn the_region_that_the_url_names_is_kept() {
    let asked = Arc::new(Mutex::new(0));
    let platform = platform(move |request| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match *asked {
            1 => Answer::of(404, "<Error><Code>NoSuchKey</Code></Error>".into()),
            _ => aws(request),
        }
    });
    let Some(platform) = platform else {
        return;
    };
    stays(&platform);
}
