//! Texts of what is wrong with the configuration. All problems of one run are one message.

mod credentials;
mod destination;

use super::{Kind, Message};
use crate::config::env_vars::{
    ALLOW, ALLOW_HTTP, APP, BUILD_ENV, CA_FILE, GROUP, NODE_URL, PUBLIC_URL, RELEASE_VERSION,
    SOURCE_DATE_EPOCH, STORE,
};
use crate::config::{ConfigProblem, ConfigWarning, NAMESPACE, Setting};
use indoc::formatdoc;
use std::collections::BTreeSet;

/// One problem as text. The subject and the first line of the text are the title.
struct ProblemText {
    subject: String,
    text: String,
}

fn about(subject: impl Into<String>) -> ProblemText {
    ProblemText {
        subject: subject.into(),
        text: String::new(),
    }
}

impl ProblemText {
    fn say(self, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { text, ..self }
    }

    fn title(&self) -> String {
        let first = self.text.lines().next().unwrap_or_default();
        format!("{} {first}", self.subject)
    }

    fn body(&self) -> &str {
        self.text.split_once('\n').map_or("", |(_, body)| body)
    }
}

pub(crate) fn config_message(problems: &[ConfigProblem]) -> Message {
    let is_missing =
        |problem: &ConfigProblem| matches!(problem, ConfigProblem::CredentialsMissing { .. });
    let kind = if problems.iter().all(is_missing) {
        Kind::NoCredentials
    } else {
        Kind::Configuration
    };
    let texts: Vec<ProblemText> = problems.iter().map(text).collect();
    if let [only] = texts.as_slice() {
        return Message::new(kind, only.title(), only.body());
    }
    let subjects: BTreeSet<&str> = texts.iter().map(|text| text.subject.as_str()).collect();
    let names = subjects.iter().copied().collect::<Vec<_>>().join(", ");
    let title = match subjects.len() {
        1 => format!("{names} has {} problems", texts.len()),
        count => format!("{count} settings are wrong: {names}"),
    };
    let numbered = texts.iter().enumerate().map(|(index, text)| {
        let text = format!("{}\n{}", text.title(), text.body());
        format!("{}. {}", index + 1, text.replace('\n', "\n   "))
    });
    Message::new(kind, title, numbered.collect::<Vec<_>>().join("\n\n"))
}

/// Shows a value in a title, which is one line.
fn shown(setting: &Setting<String>) -> String {
    let value = setting.value.replace(char::is_control, " ");
    format!("'{value}' ({})", setting.origin)
}

#[allow(
    clippy::too_many_lines,
    reason = "a table with one text for each problem"
)]
fn text(problem: &ConfigProblem) -> ProblemText {
    match problem {
        ConfigProblem::Store(setting, error) => destination::store(setting, error),
        ConfigProblem::PublicUrl(setting, error) => destination::public_url(setting, *error),
        ConfigProblem::PublicUrlMissing(store) => destination::public_url_missing(store),
        ConfigProblem::PublicUrlNotPinned => destination::public_url_not_pinned(),
        ConfigProblem::AppMissing => about(APP.name).say(formatdoc! {"
            is not set, but {store} or {public} holds {{app}}
            Set the name that replaces {{app}}:
              {app}=shop
            or in project.toml:
              [_]
              id = \"shop\"",
            store = STORE.name, public = PUBLIC_URL.name, app = APP.name
        }),
        ConfigProblem::Version(setting) => about(RELEASE_VERSION.name).say(formatdoc! {"
            can't be a version: {value}
            A version is one part of a URL. It has at most 63 letters, digits, '.', '_' and '-', and begins with a letter
            or digit. For example:
              {name}=v42
            Without {name}, the version is made from the content.",
            name = RELEASE_VERSION.name, value = shown(setting)
        }),
        ConfigProblem::Group(setting) => about(GROUP.name).say(formatdoc! {"
            can't be a group: {value}
            A group is one name of letters, digits, '.', '_' and '-'. For example:
              {name}=production",
            name = GROUP.name, value = shown(setting)
        }),
        ConfigProblem::Choice {
            name,
            setting,
            choices,
        } => about(*name).say(format!(
            "has an unknown value: {}\nIt can be: {}.",
            shown(setting),
            choices.join(", ")
        )),
        ConfigProblem::Allow { glob, origin } => about(ALLOW.name).say(formatdoc! {"
            would let every secret through: '{glob}' ({origin})
            Name the files that were reviewed. For example:
              {name}=demo/*.p12",
            name = ALLOW.name
        }),
        ConfigProblem::BuildEnvQuote(origin) => about(BUILD_ENV.name).say(format!(
            "has a quote that isn't closed ({origin})\n{}",
            build_env_fix()
        )),
        ConfigProblem::BuildEnvWord(origin) => about(BUILD_ENV.name).say(format!(
            "holds a word without '=' ({origin})\n{}",
            build_env_fix()
        )),
        ConfigProblem::Epoch(setting) => about(SOURCE_DATE_EPOCH.name).say(formatdoc! {"
            is not a number of seconds: {value}
            It counts the seconds since 1970. For example:
              {name}=$(git log -1 --format=%ct)",
            name = SOURCE_DATE_EPOCH.name, value = shown(setting)
        }),
        ConfigProblem::NotUtf8 { name } => {
            about(*name).say("is set, but is not UTF-8 text\nSet it again as plain text.")
        }
        ConfigProblem::HoldsSecret { name } => about(*name).say(
            "holds a secret of this build\nIts value becomes part of public URLs or is kept in the store. Give it \
             another value.",
        ),
        ConfigProblem::NotForHeader { what } => about(format!("The {what}")).say(
            "holds a space, a control character or a letter that is not ASCII\nA request can't send it. Was it copied \
             with something around it?",
        ),
        ConfigProblem::CredentialsMissing { store, untyped } => {
            credentials::missing(store, untyped)
        }
        ConfigProblem::HalfACredential { given, missing } => about(*missing).say(format!(
            "is not set, but {given} is\nThey belong together. Set both or neither."
        )),
        ConfigProblem::TwoSources { what, one, other } => about(*what).say(format!(
            "comes from two sources: {one} and {other}\nSources are never mixed. Remove one of them."
        )),
        ConfigProblem::BesideOtherKeys {
            setting,
            keys_from,
            instead,
        } => credentials::beside_other_keys(setting, keys_from, instead),
        ConfigProblem::TwoBindings { names } => about(STORE.name).say(format!(
            "fits several service bindings: {}\nBind only one of them.",
            names.join(", ")
        )),
        ConfigProblem::BindingWithoutStore { binding } => about(service_binding(binding)).say(formatdoc! {"
            has the type static-assets, but no entry 'store'
            {name} is not set either. Add the entry, or set:
              {name}=s3://bucket/prefix",
            name = STORE.name
        }),
        ConfigProblem::BindingEntryMissing { binding, entry } => about(service_binding(binding))
            .say(format!("has no entry '{entry}'\nAdd the entry to the binding.")),
        ConfigProblem::ServerUrl { name, origin } => about(*name).say(format!(
            "is not a URL of a server ({origin})\nIt has the form https://host[:port][/path], without user, query or \
             fragment.{}",
            if *name == NODE_URL.name {
                "\nThe directory that it names holds index.json, as https://nodejs.org/dist does."
            } else {
                ""
            }
        )),
        ConfigProblem::PlainHttp { name, host } => about(*name).say(formatdoc! {"
            uses plain http to {host}
            Others on the network could read or change what is sent. Use https://. Plain http is for servers on this machine
            (localhost), or for a network that you trust with the credentials:
              {allow}=1",
            allow = ALLOW_HTTP.name
        }),
        ConfigProblem::MetadataHost { name, host } => about(*name).say(format!(
            "names a metadata server: {host}\nIt gives out the credentials of machines, and is not a store. Set the \
             URL of the store's server."
        )),
        ConfigProblem::EndpointHoldsBucket { name, bucket } => about(*name).say(format!(
            "ends in the name of the bucket: '{bucket}'\nRemove it from the end of the URL. {} holds it already.",
            STORE.name
        )),
        ConfigProblem::PodUrl => credentials::pod_url(),
        ConfigProblem::CaFile(setting) => about(CA_FILE.name).say(format!(
            "names a file without a PEM certificate: {}\nSet the path of a file with the line -----BEGIN \
             CERTIFICATE-----.",
            shown(setting)
        )),
        ConfigProblem::AzureAccount { account } => about("The Azure storage account").say(format!(
            "can't be '{}'\nThe name of an account has 3 to 24 lower-case letters and digits.",
            account.escape_debug()
        )),
        ConfigProblem::AzureKey => about("The Azure account key")
            .say("is not base64\nWas it copied whole, with the == at its end?"),
        ConfigProblem::AzureSignature(origin) => credentials::azure_signature(origin),
        ConfigProblem::AzureConnectionString { origin, missing } => {
            credentials::azure_connection_string(origin, missing)
        }
        ConfigProblem::GoogleKey { origin, problem } => credentials::google_key(origin, problem),
        ConfigProblem::AmbientFile(file) => credentials::ambient_file(file),
        ConfigProblem::SecretInProjectToml { key } => about("project.toml").say(format!(
            "holds a secret: '{key}'\nproject.toml is part of the source code. Remove the key from [{NAMESPACE}], replace \
             the secret at its provider, and set\nthe new one as an environment variable or in a service binding."
        )),
        ConfigProblem::ProjectToml { line, error } => about("project.toml").say(format!(
            "is not valid TOML, near line {line}\n{}",
            error.message()
        )),
        ConfigProblem::ProjectTomlType { key, found } => about("project.toml").say(format!(
            "holds '{key}' as {found}, not as a string\nIn [{NAMESPACE}], write:\n  {key} = \"…\""
        )),
        ConfigProblem::Unreadable { what, error } => {
            about(what).say(format!("can't be read: {error}\n{}", read_fix(what)))
        }
    }
}

fn service_binding(name: &str) -> String {
    format!("Service binding '{name}'")
}

fn build_env_fix() -> String {
    formatdoc! {"
        Write NAME=value pairs as a shell reads them:
          {name}=\"DATABASE_URL=sqlite:// NAME='two words'\"",
        name = BUILD_ENV.name
    }
}

fn read_fix(what: &str) -> &'static str {
    if what.ends_with("_FILE") || what.ends_with("_CREDENTIALS") {
        "The variable holds the path of a file. Was the content of the file given in its place?\n\
         A secret of a Dockerfile exists only for the RUN that mounts it, and only root can read it by default:\n  \
         docker build --secret id=key,src=key.txt\n  RUN --mount=type=secret,id=key,uid=1000 …"
    } else {
        "Check that it exists and that the user of the build may read it."
    }
}

pub(super) fn warning_text(warning: &ConfigWarning) -> String {
    match warning {
        ConfigWarning::UnknownName {
            name,
            nearest: Some(nearest),
        } => format!(
            "{name} is not read. Did you mean {} ({})?",
            nearest.name, nearest.help
        ),
        ConfigWarning::UnknownName { name, .. } => format!("{name} is not read."),
        ConfigWarning::UnknownKey(key) => {
            format!("project.toml: '{key}' in [{NAMESPACE}] is not read.")
        }
    }
}
