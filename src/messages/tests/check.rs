use super::*;

fn azure() -> StoreUrl {
    "az://acme-static/shop".parse().unwrap()
}

fn gcs() -> StoreUrl {
    "gs://acme-static/shop".parse().unwrap()
}

fn found(problem: Problem) -> Finding {
    Finding {
        kinds: vec![AssetKind::Css, AssetKind::Font],
        url: "https://static.acme.com/shop/v42/web/app.css".to_owned(),
        problem,
    }
}

fn public(url: &str) -> PublicUrl {
    url.parse().unwrap()
}

fn tried() -> Vec<PublicUrl> {
    vec![
        public("https://static.acme.com/acme-static/shop"),
        public("https://static.acme.com"),
    ]
}

fn wrong_type() -> Problem {
    Problem::WrongType {
        found: Some("text/plain".to_owned()),
        expected: "text/css; charset=utf-8",
    }
}

#[test]
fn check() {
    let status = |status, tried| found(Problem::Status { status, tried });
    let instead = |url| {
        found(Problem::Elsewhere {
            instead: public(url),
        })
    };
    let wrong = |store: StoreUrl, finding| CheckError::Wrong {
        findings: vec![finding],
        store,
        public: public("https://static.acme.com/shop"),
    };
    let folder: StoreUrl = "file:///srv/assets".parse().unwrap();
    let errors = [
        wrong(s3(), status(403, tried())),
        wrong(s3(), status(401, vec![])),
        wrong(azure(), status(409, tried())),
        wrong(gcs(), status(403, tried())),
        wrong(azure(), found(wrong_type())),
        wrong(gcs(), found(wrong_type())),
        wrong(s3(), status(404, tried())),
        wrong(s3(), status(301, vec![])),
        wrong(s3(), status(503, vec![])),
        wrong(s3(), status(204, vec![])),
        wrong(s3(), found(Problem::Page { tried: tried() })),
        wrong(s3(), instead("https://static.acme.com")),
        wrong(s3(), instead("https://static.acme.com/shop/x")),
        wrong(s3(), instead("https://static.acme.com/acme-static/shop")),
        wrong(
            s3(),
            found(Problem::WrongBytes {
                expected: Sha256::of(b"published"),
            }),
        ),
        wrong(s3(), found(wrong_type())),
        wrong(folder.clone(), status(403, vec![])),
        wrong(folder, found(wrong_type())),
        CheckError::Wrong {
            findings: vec![status(404, vec![]), found(wrong_type())],
            store: s3(),
            public: public("https://static.acme.com/shop"),
        },
        CheckError::Interrupted,
    ];
    compare("check", &errors.map(|error| error.explain()));
}

#[test]
fn check_warnings() {
    let folder: StoreUrl = "file:///srv/assets".parse().unwrap();
    let warnings = [
        (s3(), Problem::Unreachable(FetchError::UnknownHost)),
        (s3(), Problem::Unreachable(FetchError::Refused)),
        (s3(), Problem::Unreachable(FetchError::Timeout)),
        (
            s3(),
            Problem::Unreachable(FetchError::Tls("UnknownIssuer".to_owned())),
        ),
        (
            s3(),
            Problem::Unreachable(FetchError::Other("connection reset".to_owned())),
        ),
        (s3(), Problem::Encoded("gzip".to_owned())),
        (
            s3(),
            Problem::CacheControl(Some("max-age=14400".to_owned())),
        ),
        (folder.clone(), Problem::CacheControl(None)),
        (
            s3(),
            Problem::Redirected {
                to: "https://cdn.acme.com/shop/v42/web/app.css".to_owned(),
            },
        ),
        (s3(), Problem::RefusedWithOrigin(403)),
        (s3(), Problem::NoCors),
        (azure(), Problem::NoCors),
        (gcs(), Problem::NoCors),
        (folder, Problem::NoCors),
        (s3(), Problem::CorsCachedAway),
    ];
    let public = public("https://static.acme.com/shop");
    let rendered = warnings.map(|(store, problem)| {
        let text = crate::messages::check::finding_text(&found(problem), &store, &public);
        Message::new(Kind::Machine, format!("a warning, {store}"), text)
    });
    compare("check_warnings", &rendered);
}
