//! The one table of the variables that are read. `docs/configuration.md` and what child processes must not see follow
//! it.

#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) kind: VariableKind,
    /// What it can be, in Markdown.
    pub(crate) values: &'static str,
    /// What holds if it is not set, in Markdown.
    pub(crate) default: &'static str,
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
    ($($constant:ident = $name:literal, $kind:ident, $values:literal, $default:literal, $help:literal;)*) => {
        $(
            #[doc = $help]
            #[allow(clippy::doc_markdown, reason = "users see the same text without markup")]
            pub(crate) const $constant: Variable = Variable {
                name: $name,
                kind: VariableKind::$kind,
                values: $values,
                default: $default,
                help: $help,
            };
        )*
        /// In the order of `docs/configuration.md`.
        pub(crate) const ALL: &[Variable] = &[$($constant),*];
    };
}

variables! {
    STORE = "STATIC_ASSETS_STORE", Setting, "`s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix` or `file:///directory`, each with or without a prefix; may hold `{app}`", "none: nothing is done",
        "store to publish to";
    PUBLIC_URL = "STATIC_ASSETS_PUBLIC_URL", Setting, "an http or https URL without user, query and fragment, or a path of the site, such as `/assets-v`; may hold `{app}`", "the store's own URL if it has one",
        "base URL under which browsers find the store's prefix";
    APP = "STATIC_ASSETS_APP", Setting, "a name", "the binding's `app`, else `id` of `[_]` in `project.toml`",
        "name that replaces {app} in the store and the public URL; project.toml can't give another one than the binding";
    RELEASE_VERSION = "RELEASE_VERSION", Setting, "at most 63 letters, digits, `.`, `_` and `-`", "the hash of the files",
        "explicit version";
    SALT = "STATIC_ASSETS_SALT", Setting, "any text", "none",
        "another text makes another version of the same content, for a CDN that has cached a 404";
    GROUP = "STATIC_ASSETS_GROUP", Setting, "a name of letters, digits, `.`, `_` and `-`", "`default`",
        "unit in which a prune counts versions";
    KEEP_LAST = "STATIC_ASSETS_KEEP_LAST", Setting, "a number, at least 1", "`10`",
        "how many versions of each group a prune keeps; builds don't read it";
    KEEP_WITHIN = "STATIC_ASSETS_KEEP_WITHIN", Setting, "`36h`, `30d` or `8w`, at least `24h`", "`30d`",
        "a prune keeps what was built within this time; builds don't read it";
    PUBLISH = "STATIC_ASSETS_PUBLISH", Setting, "`build`, `release`, `off`", "`build`",
        "build uploads in the build; release saves the files in the image for the release phase; off compiles only, and the app serves its own files";
    CHECK = "STATIC_ASSETS_CHECK", Setting, "`fail`, `warn`, `off`", "`fail`",
        "what a failed public check does: stylesheets and scripts that browsers would not get right end the build, or are a warning. If it is not set, an unchanged version is not checked again, and no answer is a warning";
    MISSING_CREDENTIALS = "STATIC_ASSETS_MISSING_CREDENTIALS", Setting, "`fail`, `skip`", "`fail`",
        "skip lets builds without any key pass, such as those of forks, with nothing published";
    COMPILE = "STATIC_ASSETS_COMPILE", Setting, "`1`, `0`", "`0`",
        "1 compiles the assets even if no store is set";
    DISABLE = "STATIC_ASSETS_DISABLE", Setting, "`1`, `0`", "`0`",
        "1 switches everything off for this app";
    INJECT = "STATIC_ASSETS_INJECT", Setting, "`auto`, `off`", "`auto`",
        "auto makes an app that ignores STATIC_URL link to the version; with off, such an app ends the build; off at run time switches the hook off";
    KEEP = "STATIC_ASSETS_KEEP", Setting, "`all`, `manifests`", "`all`",
        "which of the published files stay in the image; with manifests there is no fallback";
    COMPRESS = "STATIC_ASSETS_COMPRESS", Setting, "`auto`, `gzip`, `off`", "`auto`",
        "whether text is stored gzip-encoded; auto does so if browsers read the store itself";
    SOURCE_MAPS = "STATIC_ASSETS_SOURCE_MAPS", Setting, "`publish`, `exclude`", "`publish`",
        "whether source maps are published";
    ALLOW = "STATIC_ASSETS_ALLOW", Setting, "globs, separated by spaces, commas or lines, such as `demo/*.p12`; names of variables, such as `MAPS_TOKEN`", "none",
        "reviewed files that only look like secrets, and variables whose values may be public";
    ALLOW_EMPTY = "STATIC_ASSETS_ALLOW_EMPTY", Setting, "`1`, `0`", "`0`",
        "1 publishes a version without any file";
    ACCESS_KEY_ID = "STATIC_ASSETS_ACCESS_KEY_ID", Secret, "a secret", "none",
        "S3 access key";
    SECRET_ACCESS_KEY = "STATIC_ASSETS_SECRET_ACCESS_KEY", Secret, "a secret", "none",
        "S3 secret key";
    SESSION_TOKEN = "STATIC_ASSETS_SESSION_TOKEN", Secret, "a secret", "none",
        "S3 session token of temporary keys";
    REGION = "STATIC_ASSETS_REGION", Setting, "a region", "`us-east-1`, and the one that the store names if the bucket is elsewhere",
        "S3 region, with STATIC_ASSETS_ACCESS_KEY_ID; an error beside other keys of S3";
    ENDPOINT_URL = "STATIC_ASSETS_ENDPOINT_URL", Setting, "a URL: https, or http on loopback", "AWS, Google",
        "URL of an S3-compatible server, with STATIC_ASSETS_ACCESS_KEY_ID, or of another server for GCS; an error beside other keys of S3 and for az://";
    ALLOW_HTTP = "STATIC_ASSETS_ALLOW_HTTP", Setting, "`1`, `0`", "`0`",
        "1 sends credentials by plain http to a server that is not this machine";
    CA_FILE = "STATIC_ASSETS_CA_FILE", Setting, "the path of a PEM file", "the system's authorities",
        "PEM file of the authority that signed the endpoint's certificate";
    AUTH = "STATIC_ASSETS_AUTH", Setting, "`keys`, `ambient`", "`keys`",
        "ambient asks for the machine's own identity if no credential is given";
    DIR = "STATIC_ASSETS_DIR", Setting, "a directory, relative to the app or absolute", "none",
        "directory to publish as it is, instead of what a framework compiles";
    FRAMEWORK = "STATIC_ASSETS_FRAMEWORK", Setting, "`django`, `phoenix`", "the one that is found",
        "django or phoenix, if the app has both";
    BUILD_ENV = "STATIC_ASSETS_BUILD_ENV", Setting, "`NAME=value` pairs, quoted as for a shell", "none",
        "environment variables that only the compile sees";
    MANAGE_PY = "STATIC_ASSETS_MANAGE_PY", Setting, "a path in the app", "searched, two directories deep",
        "Django: path of manage.py, if the app has several";
    DJANGO_SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE", Foreign, "a module", "that of `manage.py`, or the server's if that is another one",
        "Django: settings module, if the app has no manage.py or needs another than its";
    COLLECT_COMMAND = "STATIC_ASSETS_COLLECT_COMMAND", Setting, "a line for `sh`", "`manage.py collectstatic`",
        "Django: shell command instead of manage.py collectstatic";
    BEFORE_COLLECT = "STATIC_ASSETS_BEFORE_COLLECT", Setting, "a line for `sh`, such as `npm ci && npm run build`", "none",
        "Django: shell command to run before collectstatic";
    AFTER_COLLECT = "STATIC_ASSETS_AFTER_COLLECT", Setting, "a line for `sh`", "none",
        "Django: shell command to run after collectstatic; what it writes into STATIC_ROOT is published";
    DISABLE_COLLECTSTATIC = "DISABLE_COLLECTSTATIC", Foreign, "anything but `0`", "none",
        "1 collects nothing, so nothing is published; as a config var of Heroku it is heroku/python's and has no say here";
    PHOENIX_PATH = "STATIC_ASSETS_PHOENIX_PATH", Setting, "a directory of the app", "`phoenix_relative_path` of phoenix_static_buildpack.config, else searched, two directories deep",
        "Phoenix: directory of the app or its umbrella, if the repository has several";
    COMPILE_COMMAND = "STATIC_ASSETS_COMPILE_COMMAND", Setting, "a line for `sh`", "the pipeline that fits",
        "Phoenix: shell command instead of the asset pipeline that was found";
    PREBUILT = "STATIC_ASSETS_PREBUILT", Setting, "`1`, `0`", "`0`",
        "Phoenix: 1 publishes priv/static as it was digested before the build";
    DIGEST = "STATIC_ASSETS_DIGEST", Setting, "`auto`, `mix`, `native`", "`auto`: Mix if it is on `PATH`",
        "Phoenix: what digests the files; native needs no Elixir";
    NODE_URL = "STATIC_ASSETS_NODE_URL", Setting, "a URL with `index.json`, as nodejs.org has it", "`https://nodejs.org/dist`",
        "classic buildpack, Phoenix: base URL from which Node.js is downloaded, if no other buildpack has installed it";
    MIX_ENV = "MIX_ENV", Foreign, "a name", "`prod`",
        "Phoenix: environment that Mix builds for";
    SOURCE_DATE_EPOCH = "SOURCE_DATE_EPOCH", Foreign, "seconds since 1970", "the first second of 1980",
        "Phoenix: time in cache_manifest.json, seconds since 1970";
    AWS_ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID", Secret, "a secret", "none",
        "S3 access key, if no other credential is given";
    AWS_SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY", Secret, "a secret", "none",
        "S3 secret key, with AWS_ACCESS_KEY_ID";
    AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN", Secret, "a secret", "none",
        "S3 session token, with AWS_ACCESS_KEY_ID";
    AWS_REGION = "AWS_REGION", Foreign, "a region", "as `STATIC_ASSETS_REGION`",
        "S3 region, with AWS_ACCESS_KEY_ID";
    AWS_DEFAULT_REGION = "AWS_DEFAULT_REGION", Foreign, "a region", "as `STATIC_ASSETS_REGION`",
        "S3 region, with AWS_ACCESS_KEY_ID and without AWS_REGION";
    AWS_ENDPOINT_URL = "AWS_ENDPOINT_URL", Foreign, "a URL", "AWS",
        "URL of an S3-compatible server, with AWS_ACCESS_KEY_ID";
    AWS_ROLE_ARN = "AWS_ROLE_ARN", Foreign, "an ARN", "none",
        "role to assume with a web identity";
    AWS_WEB_IDENTITY_TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE", Foreign, "a path", "none",
        "file with the token of a web identity, with AWS_ROLE_ARN";
    AWS_ROLE_SESSION_NAME = "AWS_ROLE_SESSION_NAME", Foreign, "a name", "`static-assets`",
        "name of the role's session";
    AWS_ENDPOINT_URL_STS = "AWS_ENDPOINT_URL_STS", Foreign, "a URL", "`https://sts.<region>.amazonaws.com`",
        "URL of the token service, instead of the region's";
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Foreign, "a path, which ECS sets", "none",
        "ECS, with STATIC_ASSETS_AUTH=ambient";
    AWS_CONTAINER_CREDENTIALS_FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI", Foreign, "a URL, which EKS sets; its host is `169.254.170.23` or `[fd00:ec2::23]`", "none",
        "EKS Pod Identity, with STATIC_ASSETS_AUTH=ambient";
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Foreign, "a path, which EKS sets", "none",
        "EKS Pod Identity, with STATIC_ASSETS_AUTH=ambient";
    BUCKETEER_AWS_ACCESS_KEY_ID = "BUCKETEER_AWS_ACCESS_KEY_ID", Secret, "a secret", "none",
        "S3 access key of Heroku's add-on Bucketeer, if no other credential is given";
    BUCKETEER_AWS_SECRET_ACCESS_KEY = "BUCKETEER_AWS_SECRET_ACCESS_KEY", Secret, "a secret", "none",
        "S3 secret key, with BUCKETEER_AWS_ACCESS_KEY_ID";
    BUCKETEER_AWS_REGION = "BUCKETEER_AWS_REGION", Foreign, "a region", "as `STATIC_ASSETS_REGION`",
        "S3 region, with BUCKETEER_AWS_ACCESS_KEY_ID";
    BUCKETEER_BUCKET_NAME = "BUCKETEER_BUCKET_NAME", Foreign, "the name of the store's bucket", "none",
        "the bucket that the key of Bucketeer is for";
    AZURE_STORAGE_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING", Secret, "a secret", "none",
        "Azure account with its key or signature, as the portal shows it";
    AZURE_STORAGE_ACCOUNT_NAME = "AZURE_STORAGE_ACCOUNT_NAME", Foreign, "a name", "none",
        "Azure account";
    AZURE_STORAGE_ACCOUNT = "AZURE_STORAGE_ACCOUNT", Foreign, "a name", "none",
        "Azure account, as the az command names it";
    AZURE_STORAGE_ACCOUNT_KEY = "AZURE_STORAGE_ACCOUNT_KEY", Secret, "a secret, base64", "none",
        "Azure account key";
    AZURE_STORAGE_KEY = "AZURE_STORAGE_KEY", Secret, "a secret, base64", "none",
        "Azure account key, as the az command names it";
    AZURE_STORAGE_SAS_TOKEN = "AZURE_STORAGE_SAS_TOKEN", Secret, "a secret, with or without `?` in front", "none",
        "Azure shared access signature";
    AZURE_TENANT_ID = "AZURE_TENANT_ID", Foreign, "an id", "none",
        "Azure workload identity";
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID", Foreign, "an id", "none",
        "Azure workload identity";
    AZURE_FEDERATED_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE", Foreign, "a path", "none",
        "file with the token of an Azure workload identity";
    AZURE_AUTHORITY_HOST = "AZURE_AUTHORITY_HOST", Foreign, "a URL", "`https://login.microsoftonline.com`",
        "URL that gives its tokens, instead of login.microsoftonline.com";
    GOOGLE_SERVICE_ACCOUNT_KEY = "GOOGLE_SERVICE_ACCOUNT_KEY", Secret, "a secret, JSON", "none",
        "JSON of a service account's key";
    GOOGLE_APPLICATION_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS", Foreign, "the path of a JSON file", "none",
        "file with a service account's key";
    HOME = "HOME", Foreign, "a directory", "set by the system",
        "directory where gcloud keeps a credential file; with gs:// and STATIC_ASSETS_AUTH=ambient, such a file ends the build, because it would be used unnamed";
    SERVICE_BINDING_ROOT = "SERVICE_BINDING_ROOT", Foreign, "a directory", "`<platform>/bindings`; the command line has none",
        "directory of the service bindings, instead of <platform>/bindings";
    SOURCE_VERSION = "SOURCE_VERSION", Foreign, "a commit", "none",
        "commit, logged and stored as the version's label";
    REVISION = "REVISION", Foreign, "a commit", "none",
        "commit, if SOURCE_VERSION is unset";
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

/// Finds the setting that a misspelt key of `project.toml` most likely means.
pub(super) fn nearest_key(unknown: &str) -> Option<&'static Variable> {
    let name = unknown.to_uppercase().replace('-', "_");
    let found = nearest(&format!("{OURS}{name}"))?;
    (found.kind == VariableKind::Setting).then_some(found)
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
    fn the_nearest_key_is_a_setting() {
        assert_eq!(nearest_key("public_url").unwrap().key(), "public-url");
        assert!(nearest_key("secret-acces-key").is_none());
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
}
