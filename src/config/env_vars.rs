//! Every variable that is read: the one source of README's Configuration section, of the contract
//! and of what child processes must not see.

/// One variable.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Setting,
    /// Never in `project.toml`, never shown, replaced in the environment of child processes; may be
    /// given as a file named by the variable with `_FILE` at its end.
    Secret,
    /// Set by platforms and other tools; read, not ours to define.
    Foreign,
}

macro_rules! names {
    ($($constant:ident = $name:literal, $kind:ident, $help:literal;)*) => {
        $(
            #[doc = $help]
            #[allow(clippy::doc_markdown, reason = "shown to users as plain text, too")]
            pub(crate) const $constant: Variable =
                Variable { name: $name, kind: Kind::$kind, help: $help };
        )*
        /// In the order of the README.
        pub(crate) const ALL: &[Variable] = &[$($constant),*];
    };
}

names! {
    STORE = "STATIC_ASSETS_STORE", Setting, "where to publish: s3://, az:// or gs://bucket/prefix, or file:///folder; may hold {app}";
    PUBLIC_URL = "STATIC_ASSETS_PUBLIC_URL", Setting, "base URL under which browsers find the store's prefix, or a path of the app's own site; may hold {app}";
    APP = "STATIC_ASSETS_APP", Setting, "what {app} stands for in the store and the public URL";
    GROUP = "STATIC_ASSETS_GROUP", Setting, "the unit in which retention counts versions";
    RELEASE_VERSION = "RELEASE_VERSION", Setting, "explicit version, in place of the digest of the content";
    SALT = "STATIC_ASSETS_SALT", Setting, "makes a new version of the same content";
    PUBLISH = "STATIC_ASSETS_PUBLISH", Setting, "build, release to upload before a release starts, or off while the store is down";
    CHECK = "STATIC_ASSETS_CHECK", Setting, "fail, warn or off: whether browsers get what was published";
    MISSING_CREDENTIALS = "STATIC_ASSETS_MISSING_CREDENTIALS", Setting, "fail, or skip for builds of forks";
    AUTH = "STATIC_ASSETS_AUTH", Setting, "ambient lets the machine's own identity be asked for, where no credential is given";
    COMPILE = "STATIC_ASSETS_COMPILE", Setting, "1 compiles the assets although no store is configured";
    DISABLE = "STATIC_ASSETS_DISABLE", Setting, "1 switches everything off for this app";
    INJECT = "STATIC_ASSETS_INJECT", Setting, "auto, or off to leave apps alone whose settings ignore STATIC_URL";
    SOURCE_MAPS = "STATIC_ASSETS_SOURCE_MAPS", Setting, "publish or exclude";
    KEEP = "STATIC_ASSETS_KEEP", Setting, "all, or manifests to leave the assets themselves out of the image";
    ALLOW = "STATIC_ASSETS_ALLOW", Setting, "globs of reviewed files that only look like secrets";
    ALLOW_EMPTY = "STATIC_ASSETS_ALLOW_EMPTY", Setting, "1 publishes a version without any file";
    ACCESS_KEY_ID = "STATIC_ASSETS_ACCESS_KEY_ID", Secret, "S3 access key";
    SECRET_ACCESS_KEY = "STATIC_ASSETS_SECRET_ACCESS_KEY", Secret, "S3 secret key";
    SESSION_TOKEN = "STATIC_ASSETS_SESSION_TOKEN", Secret, "S3 session token of temporary keys";
    REGION = "STATIC_ASSETS_REGION", Setting, "S3 region, us-east-1 unless set";
    ENDPOINT_URL = "STATIC_ASSETS_ENDPOINT_URL", Setting, "URL of an S3-compatible server, or of another address of GCS";
    ALLOW_HTTP = "STATIC_ASSETS_ALLOW_HTTP", Setting, "1 sends credentials to an endpoint of plain http that is not this machine";
    CA_FILE = "STATIC_ASSETS_CA_FILE", Setting, "PEM file of the authority that signed the endpoint's certificate";
    DIR = "STATIC_ASSETS_DIR", Setting, "folder to publish as it is, in place of what a framework compiles";
    FRAMEWORK = "STATIC_ASSETS_FRAMEWORK", Setting, "django or phoenix, where both are found";
    MANAGE_PY = "STATIC_ASSETS_MANAGE_PY", Setting, "Django: path of manage.py, where there are several";
    COLLECT_COMMAND = "STATIC_ASSETS_COLLECT_COMMAND", Setting, "Django: shell command in place of manage.py collectstatic";
    BEFORE_COLLECT = "STATIC_ASSETS_BEFORE_COLLECT", Setting, "Django: shell command to run before collectstatic";
    AFTER_COLLECT = "STATIC_ASSETS_AFTER_COLLECT", Setting, "Django: shell command to run after collectstatic";
    PHOENIX_PATH = "STATIC_ASSETS_PHOENIX_PATH", Setting, "Phoenix: folder of the app or its umbrella, where the repository holds several";
    COMPILE_COMMAND = "STATIC_ASSETS_COMPILE_COMMAND", Setting, "Phoenix: shell command in place of the asset pipeline that was found";
    PREBUILT = "STATIC_ASSETS_PREBUILT", Setting, "Phoenix: 1 publishes priv/static as it was digested before the build";
    DIGEST = "STATIC_ASSETS_DIGEST", Setting, "Phoenix: auto, mix, or native to digest without Elixir";
    NODE_URL = "STATIC_ASSETS_NODE_URL", Setting, "base URL of the Node.js distribution that the classic buildpack fetches from, where no other has brought Node.js";
    BUILD_ENV = "STATIC_ASSETS_BUILD_ENV", Setting, "NAME=value pairs that only the compile sees";
    AWS_ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID", Secret, "S3 access key, where no other credential is given";
    AWS_SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY", Secret, "S3 secret key, with AWS_ACCESS_KEY_ID";
    AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN", Secret, "S3 session token, with AWS_ACCESS_KEY_ID";
    AWS_REGION = "AWS_REGION", Foreign, "S3 region, with AWS_ACCESS_KEY_ID";
    AWS_DEFAULT_REGION = "AWS_DEFAULT_REGION", Foreign, "S3 region, with AWS_ACCESS_KEY_ID and without AWS_REGION";
    AWS_ENDPOINT_URL = "AWS_ENDPOINT_URL", Foreign, "URL of an S3-compatible server, with AWS_ACCESS_KEY_ID";
    AWS_WEB_IDENTITY_TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE", Foreign, "file with the token of a web identity, with AWS_ROLE_ARN";
    AWS_ROLE_ARN = "AWS_ROLE_ARN", Foreign, "role to take with a web identity";
    AWS_ROLE_SESSION_NAME = "AWS_ROLE_SESSION_NAME", Foreign, "name of that session";
    AWS_ENDPOINT_URL_STS = "AWS_ENDPOINT_URL_STS", Foreign, "URL of the token service, in place of the region's";
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Foreign, "ECS, with STATIC_ASSETS_AUTH=ambient";
    AWS_CONTAINER_CREDENTIALS_FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI", Foreign, "EKS Pod Identity, with STATIC_ASSETS_AUTH=ambient";
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Foreign, "EKS Pod Identity, with STATIC_ASSETS_AUTH=ambient";
    AZURE_STORAGE_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING", Secret, "Azure account with its key or signature, as the portal shows it";
    AZURE_STORAGE_ACCOUNT_NAME = "AZURE_STORAGE_ACCOUNT_NAME", Foreign, "Azure account";
    AZURE_STORAGE_ACCOUNT = "AZURE_STORAGE_ACCOUNT", Foreign, "the same, as the az command names it";
    AZURE_STORAGE_ACCOUNT_KEY = "AZURE_STORAGE_ACCOUNT_KEY", Secret, "Azure account key";
    AZURE_STORAGE_KEY = "AZURE_STORAGE_KEY", Secret, "the same, as the az command names it";
    AZURE_STORAGE_SAS_TOKEN = "AZURE_STORAGE_SAS_TOKEN", Secret, "Azure shared access signature";
    AZURE_TENANT_ID = "AZURE_TENANT_ID", Foreign, "Azure workload identity";
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID", Foreign, "Azure workload identity";
    AZURE_FEDERATED_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE", Foreign, "file with the token of an Azure workload identity";
    AZURE_AUTHORITY_HOST = "AZURE_AUTHORITY_HOST", Foreign, "URL that gives its tokens, in place of login.microsoftonline.com";
    GOOGLE_APPLICATION_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS", Foreign, "file with a service account's key";
    GOOGLE_SERVICE_ACCOUNT_KEY = "GOOGLE_SERVICE_ACCOUNT_KEY", Secret, "JSON of a service account's key";
    HOME = "HOME", Foreign, "where gcloud keeps a credential file, which is not taken unless it is named";
    SERVICE_BINDING_ROOT = "SERVICE_BINDING_ROOT", Foreign, "folder of the service bindings, in place of <platform>/bindings";
    DISABLE_COLLECTSTATIC = "DISABLE_COLLECTSTATIC", Foreign, "1: nothing is collected, so nothing is published";
    DJANGO_SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE", Foreign, "Django: settings of an app without manage.py, or others than manage.py's";
    MIX_ENV = "MIX_ENV", Foreign, "Phoenix: the environment that Mix builds for, prod unless set";
    SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH", Foreign, "Phoenix: the time in cache_manifest.json, seconds since 1970";
    SOURCE_VERSION = "SOURCE_VERSION", Foreign, "the commit, shown and kept as the version's label";
    REVISION = "REVISION", Foreign, "the commit, where SOURCE_VERSION is unset";
}

/// Set by this buildpack itself, at launch and while it compiles.
pub(crate) const STATIC_ASSETS_VERSION: &str = "STATIC_ASSETS_VERSION";
pub(crate) const STATIC_URL: &str = "STATIC_URL";

const OURS: &str = "STATIC_ASSETS_";

impl Variable {
    /// The variable that names a file holding this secret.
    pub(crate) fn file_variable(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// The key in `project.toml` and the file in a service binding: `public-url`.
    pub(crate) fn key(&self) -> String {
        self.name
            .strip_prefix(OURS)
            .unwrap_or(self.name)
            .to_lowercase()
            .replace('_', "-")
    }
}

pub(crate) fn secrets() -> Vec<&'static str> {
    ALL.iter()
        .filter(|name| name.kind == Kind::Secret)
        .map(|name| name.name)
        .collect()
}

/// The known name that an unknown `STATIC_ASSETS_*` one is most like; `None` where it is known.
pub(crate) fn nearest_to_unknown(unknown: &str) -> Option<&'static Variable> {
    let is_known = |name: &Variable| {
        name.name == unknown || (name.kind == Kind::Secret && name.file_variable() == unknown)
    };
    if !unknown.starts_with(OURS) || unknown == STATIC_ASSETS_VERSION || ALL.iter().any(is_known) {
        return None;
    }
    ALL.iter()
        .filter(|name| name.name.starts_with(OURS))
        .min_by_key(|name| edits(name.name, unknown))
}

/// Whether one may have been meant by the other.
pub(crate) fn is_near(unknown: &str, known: &Variable) -> bool {
    edits(known.name, unknown) * 2 <= unknown.len() - OURS.len()
}

/// How many characters must be added, removed or changed (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other_letter) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other_letter);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest_one() {
        for (unknown, nearest) in [
            ("STATIC_ASSETS_STOER", "STATIC_ASSETS_STORE"),
            ("STATIC_ASSETS_PUBLICURL", "STATIC_ASSETS_PUBLIC_URL"),
            ("STATIC_ASSETS_ACCESS_KEY", "STATIC_ASSETS_ACCESS_KEY_ID"),
        ] {
            assert_eq!(nearest_to_unknown(unknown).unwrap().name, nearest);
        }
    }

    #[test]
    fn known_and_foreign_names_are_not_unknown() {
        for name in [
            "STATIC_ASSETS_STORE",
            "STATIC_ASSETS_SECRET_ACCESS_KEY_FILE",
            "STATIC_ASSETS_VERSION",
            "STATIC_URL",
            "PATH",
        ] {
            assert!(nearest_to_unknown(name).is_none(), "{name}");
        }
    }

    #[test]
    fn keys_are_the_names_in_kebab_case() {
        assert_eq!(PUBLIC_URL.key(), "public-url");
        assert_eq!(RELEASE_VERSION.key(), "release-version");
    }

    /// README's Configuration section and the contract list exactly what is read.
    #[test]
    fn readme_and_contract_list_every_name() {
        for (document, text) in [
            ("README.md", include_str!("../../README.md")),
            ("docs/contract.md", include_str!("../../docs/contract.md")),
        ] {
            for name in ALL {
                let listed = text.contains(&format!("`{}`", name.name));
                assert!(listed, "{document} does not name {}", name.name);
            }
            let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let is_ours = |word: &&str| {
                word.starts_with(OURS) && *word != OURS && !word.starts_with("STATIC_ASSETS_TEST_")
            };
            for word in words.filter(is_ours) {
                let unknown = nearest_to_unknown(word);
                assert!(
                    unknown.is_none(),
                    "{document} names {word}, which is not read"
                );
            }
        }
    }
}
