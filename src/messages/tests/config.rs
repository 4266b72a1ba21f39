use super::*;

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn config() {
    let problems = vec![
        ConfigProblem::PublicUrlNotPinned,
        ConfigProblem::NodeUrl {
            origin: Origin::ConfigVar,
        },
        ConfigProblem::Store {
            setting: setting("acme-static"),
            reason: ParseStoreUrlError::NoScheme,
        },
        ConfigProblem::Store {
            setting: setting("gopher://x"),
            reason: ParseStoreUrlError::UnknownScheme("gopher".to_owned()),
        },
        ConfigProblem::Store {
            setting: setting("s3://"),
            reason: ParseStoreUrlError::NoBucket,
        },
        ConfigProblem::Store {
            setting: setting("file://x"),
            reason: ParseStoreUrlError::NotAbsolute,
        },
        ConfigProblem::Store {
            setting: setting("s3://acme/../x"),
            reason: ParseStoreUrlError::BadFolder,
        },
        ConfigProblem::PublicUrl {
            setting: setting("static.acme.com"),
            reason: ParsePublicUrlError::NotHttpOrPath,
        },
        ConfigProblem::PublicUrl {
            setting: setting("https://u:p@x"),
            reason: ParsePublicUrlError::HasUserInfo,
        },
        ConfigProblem::PublicUrl {
            setting: setting("https://x/?v=1"),
            reason: ParsePublicUrlError::HasQueryOrFragment,
        },
        ConfigProblem::PublicUrl {
            setting: setting("https://x/{app}"),
            reason: ParsePublicUrlError::Malformed,
        },
        ConfigProblem::PublicUrlMissing { store: s3() },
        ConfigProblem::PublicUrlMissing {
            store: "file:///srv/assets".parse().unwrap(),
        },
        ConfigProblem::AppMissing,
        ConfigProblem::Version {
            setting: setting("feature/x"),
        },
        ConfigProblem::Choice {
            name: "STATIC_ASSETS_INJECT",
            setting: setting("maybe"),
            choices: vec!["auto", "off"],
        },
        ConfigProblem::Group {
            setting: setting("a/b"),
        },
        ConfigProblem::Allow {
            setting: setting("**"),
            glob: "**".to_owned(),
        },
        ConfigProblem::BuildEnv {
            origin: Origin::Platform,
            word: None,
        },
        ConfigProblem::BuildEnv {
            origin: Origin::Platform,
            word: Some("DATABASE_URL".to_owned()),
        },
        ConfigProblem::CredentialsMissing {
            store: s3(),
            untyped: Vec::new(),
        },
        ConfigProblem::CredentialsMissing {
            store: s3(),
            untyped: vec!["object-store".to_owned()],
        },
        ConfigProblem::CredentialsMissing {
            store: "az://acme-static/shop".parse().unwrap(),
            untyped: Vec::new(),
        },
        ConfigProblem::CredentialsMissing {
            store: "gs://acme-static/shop".parse().unwrap(),
            untyped: Vec::new(),
        },
        ConfigProblem::MetadataHost {
            host: "169.254.169.254".to_owned(),
        },
        ConfigProblem::AmbientFile {
            file: "/home/build/.config/gcloud/application_default_credentials.json".into(),
        },
        ConfigProblem::PodUrl,
        ConfigProblem::ConnectionString {
            origin: Origin::Platform,
            missing: "AccountKey",
        },
        ConfigProblem::NoBase64 {
            what: "Azure account key",
        },
        google(GoogleKeyProblem::NotJson),
        google(GoogleKeyProblem::Federated),
        google(GoogleKeyProblem::Type("gdch_service_account".to_owned())),
        google(GoogleKeyProblem::Missing("private_key")),
        google(GoogleKeyProblem::PersonAsValue),
        ConfigProblem::HoldsSecret {
            name: "RELEASE_VERSION",
        },
        ConfigProblem::SharedSignature {
            origin: Origin::Platform,
        },
        ConfigProblem::AzureAccount {
            account: "a/b".to_owned(),
        },
        ConfigProblem::EndpointHoldsBucket {
            bucket: "acme-static".to_owned(),
        },
        ConfigProblem::NoHeader { what: "region" },
        ConfigProblem::NoCertificate {
            setting: setting("/etc/passwd"),
        },
        ConfigProblem::NotUtf8 {
            name: "STATIC_ASSETS_STORE",
        },
        ConfigProblem::HalfACredential {
            given: "STATIC_ASSETS_ACCESS_KEY_ID",
            missing: "STATIC_ASSETS_SECRET_ACCESS_KEY",
        },
        ConfigProblem::TwoSources {
            what: "STATIC_ASSETS_STORE",
            one: Origin::Binding("assets".to_owned()).to_string(),
            other: Origin::Environment.to_string(),
        },
        ConfigProblem::BesideOtherKeys {
            setting: "STATIC_ASSETS_ENDPOINT_URL",
            keys_from: "AWS_*".to_owned(),
            instead: "AWS_ENDPOINT_URL, or give STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY",
        },
        ConfigProblem::TwoBindings {
            names: vec!["one".to_owned(), "two".to_owned()],
        },
        ConfigProblem::BindingWithoutStore {
            binding: "assets".to_owned(),
        },
        ConfigProblem::BindingEntryMissing {
            binding: "assets".to_owned(),
            entry: "secret-access-key",
        },
        ConfigProblem::Endpoint {
            origin: Origin::Platform,
        },
        ConfigProblem::PlainHttp {
            host: "minio.internal".to_owned(),
        },
        ConfigProblem::SecretInProjectToml {
            key: "secret-access-key".to_owned(),
        },
        ConfigProblem::ProjectToml {
            line: 1,
            error: "a = ".parse::<toml::Table>().unwrap_err(),
        },
        ConfigProblem::ProjectTomlType {
            key: "store".to_owned(),
            found: "array",
        },
        ConfigProblem::Unreadable {
            what: "STATIC_ASSETS_SECRET_ACCESS_KEY_FILE".to_owned(),
            error: denied_io(),
        },
    ];
    let together = config_message(&problems);
    let mut messages: Vec<Message> = problems
        .into_iter()
        .map(|problem| config_message(&[problem]))
        .collect();
    messages.push(together);
    compare("config", &messages);
}
