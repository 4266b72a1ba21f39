use super::*;

#[test]
fn scan() {
    let refused = |refusal| ("web/x".to_owned(), refusal);
    let refusals = vec![
        refused(Violation::Link {
            target: "/etc/passwd".to_owned(),
        }),
        refused(Violation::NotAFile),
        refused(Violation::SecretName),
        refused(Violation::PrivateKey),
        refused(Violation::StorageCredential),
        ("web/a\nb".to_owned(), Violation::ControlCharacter),
        refused(Violation::NotUtf8),
        refused(Violation::Segment),
        refused(Violation::SameAs {
            other: "web/X".to_owned(),
        }),
        refused(Violation::TooLong),
        refused(Violation::TooLarge { size: 6 << 30 }),
        refused(Violation::SecretName),
    ];
    let path = || "web/app.css".to_owned();
    let errors = [
        ReleaseError::Scan(ScanError::Refused(refusals)),
        ReleaseError::Scan(ScanError::Empty),
        ReleaseError::Scan(ScanError::NoFolder {
            root: "/tmp/x".into(),
        }),
        ReleaseError::Scan(ScanError::Io(denied_io())),
        ReleaseError::Placeholder(PlaceholderError::InName { path: path() }),
        ReleaseError::Placeholder(PlaceholderError::InBase64 { path: path() }),
        ReleaseError::Placeholder(PlaceholderError::InCompressed { path: path() }),
        ReleaseError::Placeholder(PlaceholderError::Integrity {
            path: path(),
            user: "web/page.html".to_owned(),
        }),
        ReleaseError::Placeholder(PlaceholderError::Io(denied_io())),
        ReleaseError::LooksLikeDigest {
            given: Setting {
                value: "aaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
                origin: Origin::Platform,
            },
            computed: "q2mf81ac".parse().unwrap(),
        },
    ];
    compare("scan", &errors.map(|error| error.explain()));
}
