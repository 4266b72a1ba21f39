use super::*;
use crate::config::{ServerUrlProblem, UnusedBinding};

fn problems_of_values() -> Vec<ConfigProblem> {
    vec![
        ConfigProblem::Store(setting("acme-static"), ParseStoreUrlError::NoScheme),
        ConfigProblem::Store(
            setting("gopher://x"),
            ParseStoreUrlError::UnknownScheme("gopher".to_owned()),
        ),
        ConfigProblem::Store(setting("s3://"), ParseStoreUrlError::NoBucket),
        ConfigProblem::PublicUrl(
            setting("static.acme.com"),
            ParsePublicUrlError::NotHttpOrPath,
        ),
        // The password is not repeated.
        ConfigProblem::PublicUrl(setting("https://u:p@x"), ParsePublicUrlError::HasUserInfo),
        ConfigProblem::PublicUrlMissing(s3()),
        ConfigProblem::PublicUrlMissing("file:///srv/assets".parse().unwrap()),
        ConfigProblem::PublicUrlNotPinned,
        ConfigProblem::Version(setting("feature/x\nand more")),
        ConfigProblem::Choice(
            "STATIC_ASSETS_INJECT",
            setting("maybe"),
            vec!["auto", "off"],
        ),
        ConfigProblem::BuildEnvWord(Origin::Platform),
    ]
}

fn problems_of_credentials() -> Vec<ConfigProblem> {
    vec![
        ConfigProblem::CredentialsMissing(
            s3(),
            vec![
                UnusedBinding::Untyped("object-store".to_owned()),
                UnusedBinding::NoBucket("one".to_owned(), "bucket"),
                UnusedBinding::OtherBucket("two".to_owned(), "other".to_owned()),
            ],
        ),
        ConfigProblem::CredentialsMissing("az://acme-static/shop".parse().unwrap(), Vec::new()),
        ConfigProblem::CredentialsMissing("gs://acme-static/shop".parse().unwrap(), Vec::new()),
        ConfigProblem::HalfACredential {
            given: "an Azure account key",
            missing: "AZURE_STORAGE_ACCOUNT_NAME",
        },
        ConfigProblem::TwoSources(
            "STATIC_ASSETS_STORE",
            [binding(), Origin::Environment].map(|origin| origin.to_string()),
        ),
        ConfigProblem::BesideOtherKeys {
            setting: "STATIC_ASSETS_ENDPOINT_URL",
            keys_from: Origin::Variables("AWS_*"),
            instead: "AWS_ENDPOINT_URL",
        },
        ConfigProblem::BesideOtherKeys {
            setting: "STATIC_ASSETS_REGION",
            keys_from: binding(),
            instead: "the binding's entry 'region'",
        },
        ConfigProblem::BindingEntryMissing("assets".to_owned(), "secret-access-key"),
        ConfigProblem::ServerUrl(
            "AWS_ENDPOINT_URL",
            ServerUrlProblem::Malformed(Origin::ConfigVar),
        ),
        ConfigProblem::ServerUrl(
            "STATIC_ASSETS_ENDPOINT_URL",
            ServerUrlProblem::PlainHttp("minio.internal".to_owned()),
        ),
        ConfigProblem::CaFile(setting("/etc/ca.pem"), Some(2)),
        ConfigProblem::Region(Some("AWS_REGION"), "eu west".to_owned()),
        ConfigProblem::NotForHeader("session token"),
        ConfigProblem::AmbientFile("/home/build/.config/gcloud/credentials.json".into()),
        ConfigProblem::AzureConnectionString(Origin::Platform, "AccountKey"),
        google(GoogleKeyProblem::Federated),
        google(GoogleKeyProblem::Type("gdch_service_account".to_owned())),
    ]
}

fn problems_of_files() -> Vec<ConfigProblem> {
    vec![
        ConfigProblem::ProjectToml(1, "a = ".parse::<toml::Table>().unwrap_err()),
        ConfigProblem::ProjectTomlTable,
        ConfigProblem::ProjectTomlType("store".to_owned(), "array"),
        ConfigProblem::Unreadable(
            "STATIC_ASSETS_SECRET_ACCESS_KEY_FILE".to_owned(),
            denied_io(),
        ),
    ]
}

#[test]
fn config() {
    let problems = problems_of_values()
        .into_iter()
        .chain(problems_of_credentials())
        .chain(problems_of_files());
    let mut messages: Vec<Message> = problems.map(|problem| config_message(&[problem])).collect();
    messages.push(config_message(&[
        ConfigProblem::AppMissing(Some("acme/shop".to_owned())),
        ConfigProblem::Group(setting("a/b")),
        ConfigProblem::BindingWithoutStore("assets".to_owned()),
    ]));
    messages.push(config_message(&[
        ConfigProblem::BuildEnvWord(Origin::Platform),
        ConfigProblem::BuildEnvWord(Origin::Platform),
    ]));
    compare("config", &messages);
}

fn binding() -> Origin {
    Origin::Binding("assets".to_owned())
}

#[test]
fn a_secret_in_a_setting_is_explained_once() {
    let message = config_message(&[ConfigProblem::HoldsSecret("RELEASE_VERSION")]);
    let text = format!("{}\n{message}", message.title());
    assert!(text.starts_with("RELEASE_VERSION holds a secret"), "{text}");
    assert_eq!(text.matches("Nothing was published").count(), 1, "{text}");
}

#[test]
fn only_missing_credentials_have_their_own_exit_code() {
    let missing = || ConfigProblem::CredentialsMissing(s3(), Vec::new());
    assert_eq!(config_message(&[missing()]).exit_code(), 12);
    let both = [missing(), ConfigProblem::AppMissing(None)];
    assert_eq!(config_message(&both).exit_code(), 2);
}
