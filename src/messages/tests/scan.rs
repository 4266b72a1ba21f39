use super::*;

fn refused(files: Vec<RefusedFile>) -> ReleaseError {
    ReleaseError::Scan(ScanError::Refused(files))
}

#[test]
fn scan() {
    let file = |violation| RefusedFile::new("web/x", violation);
    let files = vec![
        file(Violation::Link("/etc/passwd".to_owned())),
        file(Violation::NotAFile),
        file(Violation::SecretName),
        file(Violation::PrivateKey),
        RefusedFile::new("web/a\nb", Violation::ControlCharacter),
        file(Violation::NotUtf8),
        file(Violation::Segment),
        file(Violation::SameAs("web/X".to_owned())),
        file(Violation::TooLong),
        file(Violation::TooLarge(6 << 30, 512 << 20)),
        file(Violation::TrailingDot),
        file(Violation::SecretName),
    ];
    let path = || "web/app.css".to_owned();
    let errors = [
        refused(files),
        refused(vec![file(Violation::StorageCredential)]),
        ReleaseError::Scan(ScanError::NoDirectory("/tmp/x".into())),
        ReleaseError::Placeholder(PlaceholderError::InName(path())),
        ReleaseError::Placeholder(PlaceholderError::InBase64(path())),
        ReleaseError::Placeholder(PlaceholderError::InCompressed(path())),
        ReleaseError::Placeholder(PlaceholderError::Integrity {
            path: path(),
            user: "web/page.html".to_owned(),
        }),
        ReleaseError::OtherContent {
            given: Setting {
                value: "aaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
                origin: Origin::Platform,
            },
            computed: "q2mf81ac".parse().unwrap(),
        },
    ];
    compare("scan", &errors.map(|error| error.explain()));
}
