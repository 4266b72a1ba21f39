//! Texts of what is wrong with the configuration; all of it in one message.

use super::{Kind, Message};
use crate::config::env_vars::{
    APP, AUTH, BUILD_ENV, ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS, GROUP, MISSING_CREDENTIALS,
    NODE_URL, PUBLIC_URL, RELEASE_VERSION, STORE,
};
use crate::config::{ConfigProblem, ConfigWarning, GoogleKeyProblem, NAMESPACE, Origin, Setting};
use crate::prefix::{BucketUrl, ParsePublicUrlError, ParseStoreUrlError, Scheme, StoreUrl};
use indoc::formatdoc;

pub(crate) fn config_message(problems: &[ConfigProblem]) -> Message {
    let is_missing =
        |problem: &ConfigProblem| matches!(problem, ConfigProblem::CredentialsMissing { .. });
    let kind = if problems.iter().all(is_missing) {
        Kind::NoCredentials
    } else {
        Kind::Configuration
    };
    let texts: Vec<String> = problems.iter().map(text).collect();
    match texts.as_slice() {
        [only] => Message::new(kind, "Configuration", only.as_str()),
        several => {
            let numbered: Vec<String> = several
                .iter()
                .enumerate()
                .map(|(index, text)| format!("{}. {}", index + 1, text.replace('\n', "\n   ")))
                .collect();
            Message::new(
                kind,
                format!("Configuration, {} problems", several.len()),
                numbered.join("\n\n"),
            )
        }
    }
}

fn shown(setting: &Setting<String>) -> String {
    format!("'{}' ({})", setting.value, setting.origin)
}

#[allow(
    clippy::too_many_lines,
    reason = "one text for each problem, in one place"
)]
fn text(problem: &ConfigProblem) -> String {
    match problem {
        ConfigProblem::Store { setting, reason } => store_text(setting, reason),
        ConfigProblem::PublicUrl { setting, reason } => public_url_text(setting, *reason),
        ConfigProblem::PublicUrlMissing { store } => public_url_missing(store),
        ConfigProblem::PublicUrlNotPinned => formatdoc! {"
            STATIC_ASSETS_PUBLISH is release, and {name} is not set. The build pins the URL now, before the upload
            says where it is. Set the base under which browsers will find the store's prefix:
              {name}=https://static.example.com/shop
            or a path that your site's own CDN or ingress routes there:
              {name}=/assets-v",
            name = PUBLIC_URL.name
        },
        ConfigProblem::AppMissing => formatdoc! {"
            {store} or {public} holds {{app}}, but the app has no name. Give it one:
              {app}=shop
            or in project.toml:
              [_]
              id = \"shop\"",
            store = STORE.name, public = PUBLIC_URL.name, app = APP.name
        },
        ConfigProblem::Version { setting } => formatdoc! {"
            {name} is {value}: a version is one part of a URL, of letters, digits, '.', '_' and '-',
            begins with a letter or digit, and is at most 63 characters long. For example:
              {name}=v42
            Or unset it: the version is then made from the content.",
            name = RELEASE_VERSION.name, value = shown(setting)
        },
        ConfigProblem::Choice {
            name,
            setting,
            choices,
        } => format!(
            "{name} is {}. It can be: {}.",
            shown(setting),
            choices.join(", ")
        ),
        ConfigProblem::Group { setting } => format!(
            "{} is {}: a group is one name of letters, digits, '.', '_' and '-', such as production.",
            GROUP.name,
            shown(setting)
        ),
        ConfigProblem::Allow { setting, glob } => format!(
            "STATIC_ASSETS_ALLOW holds '{glob}' ({}), which would let every secret through. Name the \
             reviewed files: demo/*.p12",
            setting.origin
        ),
        ConfigProblem::BuildEnv { origin, word: None } => format!(
            "{} ({origin}) has a quote that isn't closed. It holds pairs as a shell reads them:\n  \
             {}=\"DATABASE_URL=sqlite:// NAME='two words'\"",
            BUILD_ENV.name, BUILD_ENV.name
        ),
        ConfigProblem::BuildEnv {
            origin,
            word: Some(_),
        } => format!(
            "{} ({origin}) holds a word without '='. It holds pairs as a shell reads them:\n  \
             {}=\"DATABASE_URL=sqlite:// NAME='two words'\"",
            BUILD_ENV.name, BUILD_ENV.name
        ),
        ConfigProblem::Epoch { setting } => format!(
            "SOURCE_DATE_EPOCH is '{}' ({}). It is a number of seconds since 1970:\n  \
             SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
            setting.value, setting.origin
        ),
        ConfigProblem::CredentialsMissing { store, untyped } => credentials_missing(store, untyped),
        ConfigProblem::HoldsSecret { name } => format!(
            "{name} holds a secret of this build. It is part of public URLs, or kept in the store: give it another \
             value. Nothing was sent."
        ),
        ConfigProblem::SharedSignature { origin } => format!(
            "The Azure shared access signature ({origin}) is not whole. It is the query of a URL, and begins with \
             sv= or sp=; its sig= holds the signature:\n  AZURE_STORAGE_SAS_TOKEN='sp=rcl&…&sv=…&sr=c&sig=…'"
        ),
        ConfigProblem::AzureAccount { account } => format!(
            "'{}' is not the name of an Azure storage account: 3 to 24 lower-case letters and digits.",
            account.escape_debug()
        ),
        ConfigProblem::EndpointHoldsBucket { bucket } => format!(
            "The endpoint ends in the bucket's name, '{bucket}'. Leave it out: it is in {} already.",
            STORE.name
        ),
        ConfigProblem::NoHeader { what } => format!(
            "The {what} holds a space, a control character or a letter that is not ASCII. Was it copied \
             with something around it?"
        ),
        ConfigProblem::NoCertificate { setting } => format!(
            "STATIC_ASSETS_CA_FILE is {}, which holds no certificate in PEM form.",
            shown(setting)
        ),
        ConfigProblem::NotUtf8 { name } => format!("{name} is set, but is not UTF-8 text."),
        ConfigProblem::HalfACredential { given, missing } => {
            format!("{given} is set, but {missing} is not. They belong together.")
        }
        ConfigProblem::TwoSources { what, one, other } => format!(
            "{what} comes from two sources: {one} and {other}. Sources are never mixed: remove one."
        ),
        ConfigProblem::BesideOtherKeys {
            setting,
            keys_from,
            instead,
        } => format!(
            "{setting} is set, but the keys come from {keys_from}. Sources are never mixed: set \
             {instead}."
        ),
        ConfigProblem::TwoBindings { names } => format!(
            "Several service bindings fit the store: {}. Bind one.",
            names.join(", ")
        ),
        ConfigProblem::BindingWithoutStore { binding } => format!(
            "Service binding '{binding}' of type static-assets has no entry 'store', and {} is not \
             set.",
            STORE.name
        ),
        ConfigProblem::BindingEntryMissing { binding, entry } => {
            format!("Service binding '{binding}' has no entry '{entry}'.")
        }
        ConfigProblem::NodeUrl { origin } => format!(
            "{} ({origin}) is not a URL of the form https://host/path, without user, query or fragment: the folder that \
             holds index.json, as https://nodejs.org/dist does.",
            NODE_URL.name
        ),
        ConfigProblem::Endpoint { origin } => format!(
            "The endpoint ({origin}) is not a URL of the form https://host[:port], without user, query or \
             fragment."
        ),
        ConfigProblem::PlainHttp { host } => format!(
            "Refused to send credentials to {host} by plain http. Use https://; plain http is for \
             servers on this machine (localhost), or for a network that you trust with them:\n  \
             STATIC_ASSETS_ALLOW_HTTP=1"
        ),
        ConfigProblem::MetadataHost { host } => format!(
            "{host} gives out the credentials of machines; it is no store, and is not asked."
        ),
        ConfigProblem::AmbientFile { file } => format!(
            "STATIC_ASSETS_AUTH=ambient asks for the machine's identity, but gcloud's own credentials are \
             there and would be taken. To use them, name them; else remove them, or set HOME to another \
             folder:\n  GOOGLE_APPLICATION_CREDENTIALS={}",
            file.display()
        ),
        ConfigProblem::PodUrl => {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI is not the address of the EKS Pod \
             Identity agent, and its token is sent to no other."
                .to_owned()
        }
        ConfigProblem::ConnectionString { origin, missing } => format!(
            "The Azure connection string ({origin}) has no {missing}. The portal shows it whole, below \
             'Access keys':\n  \
             DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net"
        ),
        ConfigProblem::NoBase64 { what } => {
            format!("The {what} is not base64. Was it copied whole, with the == at its end?")
        }
        ConfigProblem::GoogleKey { origin, problem } => google_key_text(origin, problem),
        ConfigProblem::SecretInProjectToml { key } => format!(
            "project.toml holds '{key}' in [{NAMESPACE}]. It is part of the source: secrets don't \
             belong there. Set the environment variable or a service binding, and replace the key."
        ),
        ConfigProblem::ProjectToml { line, error } => format!(
            "project.toml can't be read, near line {line}: {}",
            error.message()
        ),
        ConfigProblem::ProjectTomlType { key, found } => format!(
            "project.toml: '{key}' in [{NAMESPACE}] is of type {found}; it must be a string."
        ),
        ConfigProblem::Unreadable { what, error }
            if what.ends_with("_FILE") || what == GOOGLE_APPLICATION_CREDENTIALS.name =>
        {
            format!(
                "{what} can't be read: {error}. It holds the path of a file. Was what is in the file given in its place? A \
                 secret of a Dockerfile is there for its own RUN only, where the build was given one, and for root:\n  \
                 docker build --secret id=key,src=key.txt\n  RUN --mount=type=secret,id=key,uid=1000 …"
            )
        }
        ConfigProblem::Unreadable { what, error } => format!("{what} can't be read: {error}"),
    }
}

fn credentials_missing(store: &StoreUrl, untyped: &[String]) -> String {
    let scheme = match store {
        StoreUrl::Bucket(bucket) => bucket.scheme,
        StoreUrl::File(_) => Scheme::S3,
    };
    let (kind, before, after) = match scheme {
        Scheme::S3 => (
            "s3",
            "STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY (or with _FILE at the end)",
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; of a profile, this prints them:\n    aws configure \
             export-credentials --format env\n  AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        Scheme::Azure => (
            "azure-blob",
            "AZURE_STORAGE_CONNECTION_STRING (or with _FILE at the end)",
            "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN\n  \
             the same with AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
        ),
        Scheme::Gcs => (
            "gcs",
            "GOOGLE_SERVICE_ACCOUNT_KEY (JSON, or with _FILE at the end)",
            "GOOGLE_APPLICATION_CREDENTIALS (a file)",
        ),
    };
    let ignored = if untyped.is_empty() {
        String::new()
    } else {
        format!(" (there: {}, without a file 'type')", untyped.join(", "))
    };
    formatdoc! {"
        {store} is set as the store, but no credentials for it were found. Looked for:
          {before}
          a service binding of type static-assets or {kind}, in <platform>/bindings or SERVICE_BINDING_ROOT{ignored}
          {after}
        Set them as config vars on Heroku (heroku config:set NAME=…), as secrets of a Dockerfile's RUN, or of the CI job.
        The machine's own identity is never used unasked ({auth}=ambient asks for it). A build
        that must not have keys, such as a fork's, can serve its own files instead:
          {missing}=skip",
        auth = AUTH.name, missing = MISSING_CREDENTIALS.name
    }
}

fn google_key_text(origin: &Origin, problem: &GoogleKeyProblem) -> String {
    let why = match problem {
        GoogleKeyProblem::NotJson => "is not JSON. It is the whole file that Google gives, from { to }.".to_owned(),
        GoogleKeyProblem::Federated => "is of a federated identity (external_account), which is not known here. Take the key of a service \
             account, or a machine's own identity: STATIC_ASSETS_AUTH=ambient"
            .to_owned(),
        GoogleKeyProblem::Type(kind) => format!(
            "is of type '{}'. Take the key of a service account.",
            kind.escape_debug()
        ),
        GoogleKeyProblem::Missing(field) => format!("has no '{field}'."),
        GoogleKeyProblem::PersonAsValue => "is a person's (authorized_user), which is read from a file only: \
             GOOGLE_APPLICATION_CREDENTIALS=<file>"
            .to_owned(),
    };
    format!("The Google credential ({origin}) {why}")
}

/// A URL with somebody's password in it is not repeated.
fn shown_url(setting: &Setting<String>) -> String {
    if setting.value.contains('@') {
        format!("set ({})", setting.origin)
    } else {
        shown(setting)
    }
}

fn store_text(setting: &Setting<String>, reason: &ParseStoreUrlError) -> String {
    let why = match reason {
        ParseStoreUrlError::NoScheme => "has no scheme".to_owned(),
        ParseStoreUrlError::UnknownScheme(scheme) => {
            format!("has the scheme '{scheme}', which is not known")
        }
        ParseStoreUrlError::NoBucket => {
            "has no valid bucket name (3 or more letters, digits, '.', '-', '_'; a container's has only \
             lower-case letters, digits and '-')"
                .to_owned()
        }
        ParseStoreUrlError::NotAbsolute => {
            "is not an absolute path (three slashes: file:///folder)".to_owned()
        }
        ParseStoreUrlError::BadFolder => {
            "has a prefix that can't be used (no empty part, '..', '?', '#', '%' or '.static-assets')"
                .to_owned()
        }
    };
    formatdoc! {"
        {name} is {value}: it {why}. It is one of:
          {name}=s3://bucket/prefix
          {name}=az://container/prefix
          {name}=gs://bucket/prefix
          {name}=file:///folder
        An S3-compatible server goes with {endpoint}=https://host.",
        name = STORE.name, value = shown_url(setting), endpoint = ENDPOINT_URL.name
    }
}

fn public_url_text(setting: &Setting<String>, reason: ParsePublicUrlError) -> String {
    let why = match reason {
        ParsePublicUrlError::NotHttpOrPath => "is neither an http(s) URL nor a path",
        ParsePublicUrlError::HasUserInfo => "holds a user or password, which every page would show",
        ParsePublicUrlError::HasQueryOrFragment => "holds a query or fragment",
        ParsePublicUrlError::Malformed => {
            "is not a valid URL (quotes in an --env-file are part of the value)"
        }
    };
    formatdoc! {"
        {name} is {value}: it {why}. It is the base under which browsers find the store's prefix:
          {name}=https://static.example.com/shop
        or a path that your site's own CDN or ingress routes there:
          {name}=/assets-v",
        name = PUBLIC_URL.name, value = shown_url(setting)
    }
}

fn public_url_missing(store: &StoreUrl) -> String {
    let why = match store {
        StoreUrl::Bucket(BucketUrl {
            scheme: Scheme::S3, ..
        }) => "an S3 endpoint is not a public URL",
        StoreUrl::Bucket(_) => "the store's own public URL is not known",
        StoreUrl::File(_) => "a folder is not a public URL",
    };
    formatdoc! {"
        {name} is not set, and {why}. Set the base under which browsers find {store}:
          {name}=https://static.example.com/shop
        or a path that your site's own CDN or ingress routes there:
          {name}=/assets-v",
        name = PUBLIC_URL.name
    }
}

impl ConfigWarning {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::UnknownName { name, nearest } => match nearest {
                Some((nearest, help)) => {
                    format!("{name} is not read. Did you mean {nearest} ({help})?")
                }
                None => format!("{name} is not read."),
            },
            Self::UnknownKey { key } => {
                format!("project.toml: '{key}' in [{NAMESPACE}] is not read.")
            }
        }
    }
}
