//! Texts of what is wrong with the configuration. All problems of one run are one message.

mod credentials;
mod destination;

use super::{Kind, Message};
use crate::config::{ConfigProblem as Problem, ConfigWarning, NAMESPACE, Origin, ServerUrlProblem};
use indoc::formatdoc;
use std::collections::BTreeSet;

/// One problem as text. The subject and the first line of the text are the title.
struct ProblemText(String, String);

fn about(subject: impl Into<String>) -> ProblemText {
    ProblemText(subject.into(), String::new())
}

impl ProblemText {
    fn say(self, text: impl Into<String>) -> Self {
        Self(self.0, text.into())
    }

    fn title_and_body(&self) -> [String; 2] {
        let (first, body) = self.1.split_once('\n').unwrap_or((&self.1, ""));
        [format!("{} {first}", self.0), body.to_owned()]
    }
}

pub(super) fn config_message(problems: &[Problem]) -> Message {
    let is_missing = |problem: &Problem| matches!(problem, Problem::CredentialsMissing(..));
    let kind = if problems.iter().all(is_missing) {
        Kind::NoCredentials
    } else {
        Kind::Configuration
    };
    let texts: Vec<ProblemText> = problems.iter().map(text).collect();
    if let [only] = texts.as_slice() {
        let [title, body] = only.title_and_body();
        return Message::new(kind, title, body);
    }
    let subjects: BTreeSet<&str> = texts.iter().map(|text| text.0.as_str()).collect();
    let names = subjects.iter().copied().collect::<Vec<_>>().join(", ");
    let title = match subjects.len() {
        1 => format!("{names} has {} problems", texts.len()),
        count => format!("{count} settings are wrong: {names}"),
    };
    let numbered = texts.iter().zip(1..).map(|(text, number)| {
        let text = text.title_and_body().join("\n");
        format!("{number}. {}", text.replace('\n', "\n   "))
    });
    Message::new(kind, title, numbered.collect::<Vec<_>>().join("\n\n"))
}

#[allow(
    clippy::too_many_lines,
    reason = "a table with one text for each problem"
)]
fn text(problem: &Problem) -> ProblemText {
    match problem {
        Problem::Store(setting, error) => destination::store(setting, error),
        Problem::PublicUrl(setting, error) => destination::public_url(setting, *error),
        Problem::PublicUrlMissing(store) => destination::public_url_missing(store),
        Problem::PublicUrlNotPinned => destination::public_url_not_pinned(),
        Problem::CompressedDirectory(origin) => about("STATIC_ASSETS_COMPRESS").say(format!(
            "can't be gzip for file:// ({origin})\nA directory has no headers, so browsers would not know that the files \
             are compressed. Let the web server in front of it compress them:\n  STATIC_ASSETS_COMPRESS=off\n\
             In project.toml:\n  compress = \"off\""
        )),
        Problem::AppMissing(id) => about("STATIC_ASSETS_APP").say(format!(
            "is not set, but the store or the public URL holds {{app}}\n{}Set the name that replaces {{app}}:\n  \
             STATIC_ASSETS_APP=shop\nor in project.toml:\n  [_]\n  id = \"shop\"",
            id.as_ref().map_or_else(String::new, |id| format!(
                "The id '{id}' in project.toml can't be the name: it has letters, digits, '.', '_' and '-', at most 63.\n"
            ))
        )),
        Problem::Version(setting) => about("RELEASE_VERSION").say(formatdoc! {"
            can't be a version: {setting}
            A version is one part of a URL. It has at most 63 letters, digits, '.', '_' and '-', and begins with a letter
            or digit. For example:
              RELEASE_VERSION=v42
            Without RELEASE_VERSION, the version is the hash of the files."
        }),
        Problem::Group(setting) => about("STATIC_ASSETS_GROUP").say(formatdoc! {"
            can't be a group: {setting}
            A group is one name of letters, digits, '.', '_' and '-'. For example:
              STATIC_ASSETS_GROUP=production"
        }),
        Problem::App(setting) => about("STATIC_ASSETS_APP").say(formatdoc! {"
            can't be a name: {setting}
            It becomes one part of the store's prefix and of URLs. It has at most 63 letters, digits, '.', '_' and '-', and
            begins with a letter or digit. For example:
              STATIC_ASSETS_APP=shop"
        }),
        Problem::Epoch(setting) => about("SOURCE_DATE_EPOCH").say(formatdoc! {"
            is not a number of seconds: {setting}
            It counts the seconds since 1970. For example:
              SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)"
        }),
        Problem::CaFile(setting, None) => about("STATIC_ASSETS_CA_FILE").say(formatdoc! {"
            names a file without a PEM certificate: {setting}
            Set the path of a file that holds the line -----BEGIN CERTIFICATE-----."
        }),
        Problem::CaFile(setting, Some(number)) => about("STATIC_ASSETS_CA_FILE").say(formatdoc! {"
            holds a certificate that can't be used: {setting}
            It is number {number} of the file. Was it copied whole? To see it:
              openssl crl2pkcs7 -nocrl -certfile '{path}' | openssl pkcs7 -print_certs -noout",
            path = setting.value
        }),
        Problem::KeepLast(setting) => about("STATIC_ASSETS_KEEP_LAST").say(format!(
            "can't be {setting}\nIt is how many versions of each group a prune keeps, at least 1: --keep-last 10"
        )),
        Problem::KeepWithin(setting) => about("STATIC_ASSETS_KEEP_WITHIN").say(format!(
            "can't be {setting}\nIt is a number of hours, days or weeks, at least 24 hours, because a build may still run: \
             --keep-within 30d, or 36h, or 8w"
        )),
        Problem::Allow(glob) => about("STATIC_ASSETS_ALLOW").say(formatdoc! {"
            would let every secret through: {glob}
            Name the files that were reviewed. For example:
              STATIC_ASSETS_ALLOW=demo/*.p12"
        }),
        Problem::BuildEnvQuote(origin) => build_env("has a quote that isn't closed", origin),
        Problem::BuildEnvWord(origin) => build_env("holds a word without '='", origin),
        Problem::Choice(name, setting, choices) => {
            let choices = choices.join(", ");
            about(*name).say(format!("can't be {setting}\nIt can be: {choices}."))
        }
        Problem::NotUtf8(name) => {
            about(*name).say("is set, but is not UTF-8 text\nSet it again as plain text.")
        }
        Problem::HoldsSecret(name) => about(*name).say(
            "holds a secret of this build\nThe value becomes part of public URLs or is written to the store. Give it another \
             value.",
        ),
        Problem::Region(variable, value) => {
            about(variable.unwrap_or("The binding's entry 'region'")).say(format!(
                "can't be '{}'\nA region has letters, digits, '-', '_' and '.' alone, such as eu-west-1. If it stays \
                 unset, the store's answer names it.",
                value.escape_debug()
            ))
        }
        Problem::NotForHeader(what) => about(format!("The {what}")).say(
            "holds a space, a control character or a letter that is not ASCII\nA request can't send it. Was it copied \
             with something around it?",
        ),
        Problem::ServerUrl(name, problem) => server_url(name, problem),
        Problem::PodUrl => about("AWS_CONTAINER_CREDENTIALS_FULL_URI").say(
            "is not the address of the EKS Pod Identity agent\nThe pod's token is sent to no other server. The agent is \
             at 169.254.170.23 or [fd00:ec2::23].",
        ),
        Problem::CredentialsMissing(store, unused) => credentials::missing(store, unused),
        Problem::HalfACredential { given, missing } => about(*missing).say(format!(
            "is not set, but {given} is\nThey belong together. Set both or neither."
        )),
        Problem::TwoSources(what, [one, other]) => about(*what).say(format!(
            "comes from two sources: {one} and {other}\nSources are never mixed. Remove one of them."
        )),
        Problem::BesideOtherKeys {
            setting,
            keys_from,
            instead,
        } => credentials::beside_other_keys(setting, keys_from, instead),
        Problem::TwoBindings(names) => about("STATIC_ASSETS_STORE").say(format!(
            "fits several service bindings: {}\nBind only one of them.",
            names.join(", ")
        )),
        Problem::BindingWithoutStore(binding) => service_binding(binding).say(
            "has the type static-assets, but no entry 'store'\nSTATIC_ASSETS_STORE is not set either. Add the entry, or \
             set:\n  STATIC_ASSETS_STORE=s3://bucket/prefix",
        ),
        Problem::BindingEntryMissing(binding, entry) => service_binding(binding)
            .say(format!("has no entry '{entry}'\nAdd the entry to the binding.")),
        Problem::AzureAccount(name) => about("The Azure storage account").say(format!(
            "can't be '{}'\nThe name of an account has 3 to 24 lower-case letters and digits.",
            name.escape_debug()
        )),
        Problem::AzureKey => about("The Azure account key")
            .say("is not base64\nWas it copied whole, with the == at its end?"),
        Problem::AzureSignature(origin) => credentials::azure_signature(origin),
        Problem::AzureConnectionString(origin, missing) => {
            credentials::azure_connection_string(origin, missing)
        }
        Problem::GoogleKey(origin, problem) => credentials::google_key(origin, problem),
        Problem::AmbientFile(file) => credentials::ambient_file(file),
        Problem::SecretInProjectToml(key) => about("project.toml").say(formatdoc! {"
            holds a secret: '{key}'
            project.toml is part of the source code. Remove the key from [{NAMESPACE}], replace the
            secret at its provider, and set the new one as an environment variable or in a service binding."
        }),
        Problem::ProjectToml(line, error) => about("project.toml").say(format!(
            "is not valid TOML, near line {line}\n{}",
            error.message()
        )),
        Problem::ProjectTomlTable => about("project.toml").say(format!(
            "writes the name of its table in a way that is not read\nIt is not read in quotes, in [[…]], or as a value. \
             Write:\n  [{NAMESPACE}]"
        )),
        Problem::ProjectTomlType(key, found) => about("project.toml").say(format!(
            "holds '{key}' as {found}, not as a string\nIn [{NAMESPACE}], write:\n  {key} = \"…\""
        )),
        Problem::Unreadable(what, error) => {
            about(what).say(format!("can't be read: {error}\n{}", read_fix(what)))
        }
    }
}

fn service_binding(name: &str) -> ProblemText {
    about(format!("Service binding '{name}'"))
}

fn build_env(why: &str, origin: &Origin) -> ProblemText {
    about("STATIC_ASSETS_BUILD_ENV").say(formatdoc! {"
        {why} ({origin})
        Write NAME=value pairs as a shell reads them:
          STATIC_ASSETS_BUILD_ENV=\"DATABASE_URL=sqlite:// NAME='two words'\""
    })
}

fn server_url(name: &str, problem: &ServerUrlProblem) -> ProblemText {
    about(name).say(match problem {
        ServerUrlProblem::Malformed(origin) => format!(
            "is not the URL of a server ({origin})\nIt has the form https://host[:port][/path], without user, query or \
             fragment."
        ),
        ServerUrlProblem::PlainHttp(host) => formatdoc! {"
            uses plain http to {host}
            Others on the network could read or change what is sent. Use https://. Plain http is for servers on this machine
            (localhost), or for a network that you trust with the credentials:
              STATIC_ASSETS_ALLOW_HTTP=1"
        },
        ServerUrlProblem::Metadata(host) => format!(
            "names a metadata server: {host}\nIt gives out the credentials of machines. Set the URL of another server."
        ),
        ServerUrlProblem::HoldsBucket(bucket) => format!(
            "ends in the name of the bucket: '{bucket}'\nRemove it from the end of the URL. STATIC_ASSETS_STORE holds it \
             already."
        ),
    })
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
        ConfigWarning::UnknownName { name, nearest } => {
            let hint = nearest.map(|it| format!(" Did you mean {} ({})?", it.name, it.help));
            format!("{name} is not read.{}", hint.unwrap_or_default())
        }
        ConfigWarning::UntypedBinding(name) => {
            format!(
                "Service binding '{name}' is not read: it has no file 'type', such as static-assets or s3."
            )
        }
        ConfigWarning::UnknownKey { key, nearest } => {
            let hint = nearest.map(|it| format!(" Did you mean {} ({})?", it.key(), it.help));
            let hint = hint.unwrap_or_default();
            format!("project.toml: '{key}' in [{NAMESPACE}] is not read.{hint}")
        }
    }
}
