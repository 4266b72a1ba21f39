//! The one table of the variables that are read. README's Configuration section, the contract and what child processes
//! must not see follow it.

#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) kind: VariableKind,
    pub(crate) help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VariableKind {
    Setting,
    /// A secret is never read from `project.toml`, never logged, and replaced in the environment of child processes.
    /// The variable with `_FILE` at its end can name a file that holds it.
    Secret,
    /// Platforms and other tools define the variable.
    Foreign,
}

macro_rules! variables {
    ($($constant:ident = $name:literal, $kind:ident, $help:literal;)*) => {
        $(
            #[doc = $help]
            #[allow(clippy::doc_markdown, reason = "users see the same text without markup")]
            pub(crate) const $constant: Variable =
                Variable { name: $name, kind: VariableKind::$kind, help: $help };
        )*
        /// In the order of the README.
        pub(crate) const ALL: &[Variable] = &[$($constant),*];
    };
}

variables! {
    STORE = "STATIC_ASSETS_STORE", Setting, "store to publish to: s3://, az:// or gs://bucket/prefix, or file:///directory; may hold {app}";
    PUBLIC_URL = "STATIC_ASSETS_PUBLIC_URL", Setting, "base URL under which browsers find the store's prefix, or a path of the app's own site; may hold {app}";
    APP = "STATIC_ASSETS_APP", Setting, "name that replaces {app} in the store and the public URL";
    GROUP = "STATIC_ASSETS_GROUP", Setting, "unit in which retention counts versions";
    KEEP_LAST = "STATIC_ASSETS_KEEP_LAST", Setting, "how many versions of each group a prune keeps, 10 unless set";
    KEEP_WITHIN = "STATIC_ASSETS_KEEP_WITHIN", Setting, "a prune keeps what was built within this time, 30d unless set";
    RELEASE_VERSION = "RELEASE_VERSION", Setting, "explicit version instead of the digest of the content";
    SALT = "STATIC_ASSETS_SALT", Setting, "any text; another text makes another version of the same content";
    PUBLISH = "STATIC_ASSETS_PUBLISH", Setting, "build; release to upload in the release phase; off while the store is down";
    CHECK = "STATIC_ASSETS_CHECK", Setting, "fail, warn or off: what a failed public check does";
    MISSING_CREDENTIALS = "STATIC_ASSETS_MISSING_CREDENTIALS", Setting, "fail, or skip for builds of forks";
    AUTH = "STATIC_ASSETS_AUTH", Setting, "ambient asks for the machine's own identity if no credential is given";
    COMPILE = "STATIC_ASSETS_COMPILE", Setting, "1 compiles the assets even if no store is set";
    DISABLE = "STATIC_ASSETS_DISABLE", Setting, "1 switches everything off for this app";
    INJECT = "STATIC_ASSETS_INJECT", Setting, "auto, or off to leave apps alone that ignore STATIC_URL";
    SOURCE_MAPS = "STATIC_ASSETS_SOURCE_MAPS", Setting, "publish or exclude";
    COMPRESS = "STATIC_ASSETS_COMPRESS", Setting, "auto, gzip or off: whether text is stored gzip-encoded; auto does so if browsers read the store itself";
    KEEP = "STATIC_ASSETS_KEEP", Setting, "all, or manifests to keep only manifests in the image";
    ALLOW = "STATIC_ASSETS_ALLOW", Setting, "globs of reviewed files that only look like secrets";
    ALLOW_EMPTY = "STATIC_ASSETS_ALLOW_EMPTY", Setting, "1 publishes a version without any file";
    ACCESS_KEY_ID = "STATIC_ASSETS_ACCESS_KEY_ID", Secret, "S3 access key";
    SECRET_ACCESS_KEY = "STATIC_ASSETS_SECRET_ACCESS_KEY", Secret, "S3 secret key";
    SESSION_TOKEN = "STATIC_ASSETS_SESSION_TOKEN", Secret, "S3 session token of temporary keys";
    REGION = "STATIC_ASSETS_REGION", Setting, "S3 region, us-east-1 unless set";
    ENDPOINT_URL = "STATIC_ASSETS_ENDPOINT_URL", Setting, "URL of an S3-compatible server, or of another server for GCS";
    ALLOW_HTTP = "STATIC_ASSETS_ALLOW_HTTP", Setting, "1 sends credentials by plain http to a server that is not this machine";
    CA_FILE = "STATIC_ASSETS_CA_FILE", Setting, "PEM file of the authority that signed the endpoint's certificate";
    DIR = "STATIC_ASSETS_DIR", Setting, "directory to publish as it is, instead of what a framework compiles";
    FRAMEWORK = "STATIC_ASSETS_FRAMEWORK", Setting, "django or phoenix, if the app has both";
    MANAGE_PY = "STATIC_ASSETS_MANAGE_PY", Setting, "Django: path of manage.py, if the app has several";
    COLLECT_COMMAND = "STATIC_ASSETS_COLLECT_COMMAND", Setting, "Django: shell command instead of manage.py collectstatic";
    BEFORE_COLLECT = "STATIC_ASSETS_BEFORE_COLLECT", Setting, "Django: shell command to run before collectstatic";
    AFTER_COLLECT = "STATIC_ASSETS_AFTER_COLLECT", Setting, "Django: shell command to run after collectstatic; what it writes into STATIC_ROOT is published";
    PHOENIX_PATH = "STATIC_ASSETS_PHOENIX_PATH", Setting, "Phoenix: directory of the app or its umbrella, if the repository has several";
    COMPILE_COMMAND = "STATIC_ASSETS_COMPILE_COMMAND", Setting, "Phoenix: shell command instead of the asset pipeline that was found";
    PREBUILT = "STATIC_ASSETS_PREBUILT", Setting, "Phoenix: 1 publishes priv/static as it was digested before the build";
    DIGEST = "STATIC_ASSETS_DIGEST", Setting, "Phoenix: auto, mix, or native to digest without Elixir";
    NODE_URL = "STATIC_ASSETS_NODE_URL", Setting, "base URL from which the classic buildpack downloads Node.js, if no other buildpack has installed it";
    BUILD_ENV = "STATIC_ASSETS_BUILD_ENV", Setting, "NAME=value pairs that only the compile sees";
    AWS_ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID", Secret, "S3 access key, if no other credential is given";
    AWS_SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY", Secret, "S3 secret key, with AWS_ACCESS_KEY_ID";
    AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN", Secret, "S3 session token, with AWS_ACCESS_KEY_ID";
    AWS_REGION = "AWS_REGION", Foreign, "S3 region, with AWS_ACCESS_KEY_ID";
    AWS_DEFAULT_REGION = "AWS_DEFAULT_REGION", Foreign, "S3 region, with AWS_ACCESS_KEY_ID and without AWS_REGION";
    AWS_ENDPOINT_URL = "AWS_ENDPOINT_URL", Foreign, "URL of an S3-compatible server, with AWS_ACCESS_KEY_ID";
    AWS_WEB_IDENTITY_TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE", Foreign, "file with the token of a web identity, with AWS_ROLE_ARN";
    AWS_ROLE_ARN = "AWS_ROLE_ARN", Foreign, "role to assume with a web identity";
    AWS_ROLE_SESSION_NAME = "AWS_ROLE_SESSION_NAME", Foreign, "name of the role's session";
    AWS_ENDPOINT_URL_STS = "AWS_ENDPOINT_URL_STS", Foreign, "URL of the token service, instead of the region's";
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Foreign, "ECS, with STATIC_ASSETS_AUTH=ambient";
    AWS_CONTAINER_CREDENTIALS_FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI", Foreign, "EKS Pod Identity, with STATIC_ASSETS_AUTH=ambient";
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Foreign, "EKS Pod Identity, with STATIC_ASSETS_AUTH=ambient";
    AZURE_STORAGE_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING", Secret, "Azure account with its key or signature, as the portal shows it";
    AZURE_STORAGE_ACCOUNT_NAME = "AZURE_STORAGE_ACCOUNT_NAME", Foreign, "Azure account";
    AZURE_STORAGE_ACCOUNT = "AZURE_STORAGE_ACCOUNT", Foreign, "Azure account, as the az command names it";
    AZURE_STORAGE_ACCOUNT_KEY = "AZURE_STORAGE_ACCOUNT_KEY", Secret, "Azure account key";
    AZURE_STORAGE_KEY = "AZURE_STORAGE_KEY", Secret, "Azure account key, as the az command names it";
    AZURE_STORAGE_SAS_TOKEN = "AZURE_STORAGE_SAS_TOKEN", Secret, "Azure shared access signature";
    AZURE_TENANT_ID = "AZURE_TENANT_ID", Foreign, "Azure workload identity";
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID", Foreign, "Azure workload identity";
    AZURE_FEDERATED_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE", Foreign, "file with the token of an Azure workload identity";
    AZURE_AUTHORITY_HOST = "AZURE_AUTHORITY_HOST", Foreign, "URL that gives its tokens, instead of login.microsoftonline.com";
    GOOGLE_APPLICATION_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS", Foreign, "file with a service account's key";
    GOOGLE_SERVICE_ACCOUNT_KEY = "GOOGLE_SERVICE_ACCOUNT_KEY", Secret, "JSON of a service account's key";
    HOME = "HOME", Foreign, "directory where gcloud keeps a credential file, which is used only if it is named";
    SERVICE_BINDING_ROOT = "SERVICE_BINDING_ROOT", Foreign, "directory of the service bindings, instead of <platform>/bindings";
    DISABLE_COLLECTSTATIC = "DISABLE_COLLECTSTATIC", Foreign, "1 collects nothing, so nothing is published";
    DJANGO_SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE", Foreign, "Django: settings module, if the app has no manage.py or needs another than its";
    MIX_ENV = "MIX_ENV", Foreign, "Phoenix: environment that Mix builds for, prod unless set";
    SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH", Foreign, "Phoenix: time in cache_manifest.json, seconds since 1970";
    SOURCE_VERSION = "SOURCE_VERSION", Foreign, "commit, logged and stored as the version's label";
    REVISION = "REVISION", Foreign, "commit, if SOURCE_VERSION is unset";
}

/// Set by this program itself, for the app and for the commands that compile it.
pub(crate) const STATIC_ASSETS_VERSION: &str = "STATIC_ASSETS_VERSION";
pub(crate) const STATIC_URL: &str = "STATIC_URL";

const OURS: &str = "STATIC_ASSETS_";

impl Variable {
    /// The variable that names a file holding this secret.
    pub(crate) fn file_variable(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// The key in `project.toml` and the file in a service binding, such as `public-url`.
    pub(crate) fn key(&self) -> String {
        let name = self.name.strip_prefix(OURS).unwrap_or(self.name);
        name.to_lowercase().replace('_', "-")
    }

    pub(super) fn is_secret(&self) -> bool {
        self.kind == VariableKind::Secret
    }
}

pub(super) fn secret_variables() -> impl Iterator<Item = &'static Variable> {
    ALL.iter().filter(|variable| variable.is_secret())
}

/// Whether a name begins as ours do, but nothing reads it.
pub(super) fn is_unknown(name: &str) -> bool {
    let is_known = |variable: &Variable| {
        variable.name == name || (variable.is_secret() && variable.file_variable() == name)
    };
    name.starts_with(OURS) && name != STATIC_ASSETS_VERSION && !ALL.iter().any(is_known)
}

/// Finds the setting that a misspelt name most likely means: at most half of the name is different.
pub(super) fn nearest(unknown: &str) -> Option<&'static Variable> {
    ALL.iter()
        .filter(|variable| variable.name.starts_with(OURS))
        .map(|variable| (strsim::levenshtein(variable.name, unknown), variable))
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, _)| edits * 2 <= unknown.len() - OURS.len())
        .map(|(_, variable)| variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_setting_is_found() {
        for (unknown, nearest) in [
            ("STATIC_ASSETS_STOER", "STATIC_ASSETS_STORE"),
            ("STATIC_ASSETS_PUBLICURL", "STATIC_ASSETS_PUBLIC_URL"),
            ("STATIC_ASSETS_ACCESS_KEY", "STATIC_ASSETS_ACCESS_KEY_ID"),
        ] {
            assert!(is_unknown(unknown));
            assert_eq!(super::nearest(unknown).unwrap().name, nearest);
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
            assert!(!is_unknown(name), "{name}");
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
                assert!(
                    !is_unknown(word),
                    "{document} names {word}, which is not read"
                );
            }
        }
    }
}
