use super::*;
use crate::messages::check::finding_text;

fn site(store: &str) -> Site {
    Site {
        store: store.parse().unwrap(),
        public: "https://static.acme.com/shop".parse().unwrap(),
    }
}

fn s3_site() -> Site {
    site("s3://acme-static/shop")
}

fn found(problem: CheckProblem) -> CheckFinding {
    CheckFinding {
        kinds: vec![AssetKind::Css, AssetKind::Font],
        url: "https://static.acme.com/shop/v42/web/app.css".to_owned(),
        problem,
    }
}

fn wrong_type() -> CheckProblem {
    CheckProblem::WrongType {
        found: Some("text/plain".to_owned()),
        expected: "text/css; charset=utf-8",
    }
}

#[test]
fn check() {
    let wrong = |site: Site, problem| CheckError::Wrong(vec![found(problem)], site);
    let azure = || site("az://acme-static/shop");
    let gcs = || site("gs://acme-static/shop");
    let directory = || site("file:///srv/assets");
    let elsewhere = |url: &str| CheckProblem::Elsewhere(url.parse().unwrap());
    let errors = [
        wrong(s3_site(), CheckProblem::Status(403)),
        wrong(s3_site(), CheckProblem::Status(401)),
        wrong(azure(), CheckProblem::Status(409)),
        wrong(gcs(), CheckProblem::Status(403)),
        wrong(azure(), wrong_type()),
        wrong(gcs(), wrong_type()),
        wrong(s3_site(), CheckProblem::Status(404)),
        wrong(s3_site(), CheckProblem::Status(301)),
        wrong(s3_site(), CheckProblem::Status(503)),
        wrong(s3_site(), CheckProblem::Status(204)),
        wrong(s3_site(), CheckProblem::Page),
        wrong(s3_site(), elsewhere("https://static.acme.com")),
        wrong(s3_site(), elsewhere("https://static.acme.com/shop/x")),
        wrong(s3_site(), elsewhere("https://static.acme.com/acme-static")),
        wrong(
            s3_site(),
            CheckProblem::WrongBytes(Sha256::of(b"published")),
        ),
        wrong(s3_site(), wrong_type()),
        wrong(directory(), CheckProblem::Status(403)),
        wrong(s3_site(), CheckProblem::EncodingLost),
        wrong(s3_site(), CheckProblem::EncodedTwice),
        wrong(
            s3_site(),
            CheckProblem::EncodingUnknown("gzip,aws-chunked".to_owned()),
        ),
        wrong(directory(), wrong_type()),
        wrong(
            s3_site(),
            CheckProblem::Unreachable(FetchError::UnknownHost),
        ),
        wrong(
            s3_site(),
            CheckProblem::Unreachable(FetchError::Tls("UnknownIssuer".to_owned())),
        ),
        CheckError::Wrong(
            vec![found(CheckProblem::Status(404)), found(wrong_type())],
            s3_site(),
        ),
    ];
    compare("check", &errors.map(|error| error.explain()));
}

#[test]
fn check_warnings() {
    let tls = FetchError::Tls("UnknownIssuer".to_owned());
    let other = FetchError::Other("connection reset".to_owned());
    let redirected = "https://cdn.acme.com/shop/v42/web/app.css".to_owned();
    let warnings = [
        ("s3", CheckProblem::Unreachable(FetchError::UnknownHost)),
        ("s3", CheckProblem::Unreachable(FetchError::Refused)),
        ("s3", CheckProblem::Unreachable(FetchError::Timeout)),
        ("s3", CheckProblem::Unreachable(tls)),
        ("s3", CheckProblem::Unreachable(other)),
        ("s3", CheckProblem::Encoded("gzip".to_owned())),
        (
            "s3",
            CheckProblem::CacheControl(Some("max-age=14400".to_owned())),
        ),
        ("file", CheckProblem::CacheControl(None)),
        ("s3", CheckProblem::Redirected(redirected)),
        ("s3", CheckProblem::RefusedWithOrigin(403)),
        ("s3", CheckProblem::NoCors),
        ("az", CheckProblem::NoCors),
        ("gs", CheckProblem::NoCors),
        ("file", CheckProblem::NoCors),
        ("s3", CheckProblem::CorsCachedAway),
    ];
    let rendered = warnings.map(|(scheme, problem)| {
        let site = site(&match scheme {
            "file" => "file:///srv/assets".to_owned(),
            scheme => format!("{scheme}://acme-static/shop"),
        });
        let text = finding_text(&found(problem), &site);
        Message::new(Kind::Machine, format!("a warning, {}", site.store), text)
    });
    compare("check_warnings", &rendered);
}
