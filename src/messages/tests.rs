//! Every text as a person reads it, one file an area: `src/errors/rendered/`. A changed text is
//! reviewed there; `STATIC_ASSETS_TEST_BLESS=1 cargo test errors` writes what is new.

use super::{Explain, Kind, Message, config_message};
use crate::check::{AssetKind, CheckError, Finding, Problem};
use crate::cli::{ExecError, UsageError};
use crate::command::CommandError;
use crate::config::{ConfigProblem, FrameworkName, GoogleKeyProblem, Origin, Setting};
use crate::framework::django::{
    DjangoFailure, HookBlocked, NotFollowing, NotFollowingCause, Reason,
};
use crate::framework::phoenix::{self, NodeProblem};
use crate::framework::{CompileError, DetectError, DjangoError, PhoenixError};
use crate::heroku::ClassicError;
use crate::http::FetchError;
use crate::manifest::{PlaceholderError, ScanError, UnreadableMarker, Violation};
use crate::plan::{Conflict, ConflictWith, Difference};
use crate::prefix::{
    BucketUrl, Folder, ParsePublicUrlError, ParseStoreUrlError, PublicUrl, StoreUrl,
};
use crate::publish::PublishError;
use crate::release::ReleaseError;
use crate::release::deferred::{DeferredError, Malformed};
use crate::sha256::Sha256;
use crate::store::{InvalidCredentials, MissingPermission, StoreError};
use fs_err as fs;
use std::io;
use std::path::Path;

fn compare(area: &str, messages: &[Message]) {
    let rendered: String = messages
        .iter()
        .map(|message| format!("[Error: {}]\n{message}\n", message.title()))
        .collect::<Vec<_>>()
        .concat();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/errors/rendered")
        .join(format!("{area}.txt"));
    #[allow(clippy::disallowed_methods, reason = "the test's own setting")]
    let blessed = std::env::var_os("STATIC_ASSETS_TEST_BLESS").is_some();
    if blessed {
        fs::write(&file, &rendered).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == rendered,
        "the texts differ from {}:\n{rendered}",
        file.display()
    );
}

fn setting(value: &str) -> Setting<String> {
    Setting {
        value: value.to_owned(),
        origin: Origin::Platform,
    }
}

fn denied_io() -> io::Error {
    io::Error::other("failed to open file `/app/x`: Permission denied (os error 13)")
}

fn s3() -> StoreUrl {
    StoreUrl::Bucket(bucket("s3://acme-static/shop"))
}

fn bucket(url: &str) -> BucketUrl {
    match url.parse().unwrap() {
        StoreUrl::Bucket(bucket) => bucket,
        StoreUrl::File { .. } => panic!("not a bucket"),
    }
}

fn key() -> crate::prefix::Key {
    let folder: Folder = "shop".parse().unwrap();
    folder.asset(&"v42".parse().unwrap(), "web/app.css")
}

fn official_node(problem: NodeProblem) -> PhoenixError {
    PhoenixError::Node {
        url: "https://nodejs.org/dist/index.json".to_owned(),
        problem: Box::new(problem),
    }
}

fn google(problem: GoogleKeyProblem) -> ConfigProblem {
    ConfigProblem::GoogleKey {
        origin: Origin::Platform,
        problem,
    }
}

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

#[test]
fn detect() {
    let errors = [
        DetectError::Tie {
            framework: FrameworkName::Django,
            setting: "STATIC_ASSETS_MANAGE_PY",
            paths: vec!["one/manage.py".into(), "two/manage.py".into()],
        },
        DetectError::Tie {
            framework: FrameworkName::Phoenix,
            setting: "STATIC_ASSETS_PHOENIX_PATH",
            paths: vec!["admin".into(), "shop".into()],
        },
        DetectError::Both {
            django: "manage.py".to_owned(),
            phoenix: "web/mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/".to_owned(),
        },
        DetectError::NotFound(FrameworkName::Phoenix),
        DetectError::Missing {
            setting: "STATIC_ASSETS_MANAGE_PY",
            path: "src/manage.py".into(),
        },
        DetectError::NoEntry {
            evidence: "requirements.txt".to_owned(),
        },
        DetectError::Io(denied_io()),
    ];
    compare("detect", &errors.map(|error| error.explain()));
}

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn django() {
    let module = || Some("config.settings".to_owned());
    let message = || "The message of the app.".to_owned();
    let reasons = [
        Reason::MissingVariable {
            name: "DATABASE_URL".to_owned(),
        },
        Reason::NoSuchSettings {
            module: "config.prod".to_owned(),
            beside: vec!["config.production".to_owned(), "config.local".to_owned()],
        },
        Reason::MissingModule {
            name: "debug_toolbar".to_owned(),
            settings: module(),
        },
        Reason::UnknownCommand { settings: module() },
        Reason::MissingReference {
            message: "The file 'web/missing.png' could not be found.".to_owned(),
        },
        Reason::BadSettings { message: message() },
        Reason::SettingsNotConfigured,
        Reason::Permission { message: message() },
        Reason::Compress { message: message() },
        Reason::SyntaxError { message: message() },
        Reason::Other {
            kind: "RuntimeError".to_owned(),
            message: message(),
        },
        Reason::Died,
    ];
    let failures = reasons.map(|reason| {
        DjangoError::Failed(Box::new(DjangoFailure {
            command: "python manage.py collectstatic --noinput".to_owned(),
            status: Some(1),
            reason,
            place: Some("config/settings.py:12".to_owned()),
            output: "The end of the output.".to_owned(),
        }))
    });
    let causes = [
        NotFollowingCause::InjectOff,
        NotFollowingCause::InjectNowhere,
        NotFollowingCause::Debug {
            settings: module(),
            beside: vec!["config.production".to_owned()],
        },
        NotFollowingCause::Emits {
            name: "web/app.css".to_owned(),
            url: "https://elsewhere.example.com/web/app.css".to_owned(),
        },
        NotFollowingCause::StaticFails {
            error: "ValueError: no such entry".to_owned(),
        },
        NotFollowingCause::Unreachable {
            output: String::new(),
        },
        NotFollowingCause::CompressesAtRunTime {
            template: "web/templates/base.html".into(),
        },
        NotFollowingCause::HookBlocked(HookBlocked::NotDeployed {
            packages: "/usr/lib/python3/dist-packages".into(),
        }),
        NotFollowingCause::HookBlocked(HookBlocked::NotWritable {
            packages: "/usr/lib/python3/dist-packages".into(),
            error: denied_io(),
        }),
        NotFollowingCause::HookBlocked(HookBlocked::Unknown {
            output: "Segmentation fault".to_owned(),
        }),
    ];
    let not_following = causes.map(|cause| {
        DjangoError::NotFollowing(Box::new(NotFollowing {
            cause,
            own_url: Some("/static/".to_owned()),
            snippet: "STATIC_URL = os.environ.get(\"STATIC_URL\", \"/static/\")".to_owned(),
        }))
    });
    let others = [
        DjangoError::NoPython {
            path: "/usr/bin:/bin".to_owned(),
        },
        DjangoError::NoDjango {
            python: "/usr/bin/python3".into(),
        },
        DjangoError::Command {
            setting: "STATIC_ASSETS_BEFORE_COLLECT",
            line: "npm run build".to_owned(),
            status: Some(127),
            output: "sh: npm: not found".to_owned(),
        },
        DjangoError::NothingCollected {
            line: "make static".to_owned(),
            output: String::new(),
        },
        DjangoError::Start(CommandError::NotFound {
            program: "sh".to_owned(),
            path: "/nowhere".to_owned(),
        }),
        DjangoError::Start(CommandError::Io {
            command: "python x".to_owned(),
            error: denied_io(),
        }),
        DjangoError::Start(CommandError::Interrupted),
        DjangoError::Report(serde_json::from_str::<u8>("{").unwrap_err()),
        DjangoError::Io(denied_io()),
    ];
    let messages: Vec<Message> = failures
        .iter()
        .chain(&not_following)
        .chain(&others)
        .map(Explain::explain)
        .collect();
    compare("django", &messages);
}

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn phoenix() {
    use phoenix::Reason;
    let line = || "The line that says it.".to_owned();
    let node = || phoenix::NodeMismatch {
        found: "20.11.0".to_owned(),
        wanted: "14.x".to_owned(),
        file: "engines in package.json".to_owned(),
    };
    let reasons = [
        Reason::Dependencies,
        Reason::NoHex,
        Reason::MissingVariable {
            name: "DATABASE_URL".to_owned(),
        },
        Reason::MissingInCode {
            name: "TOKEN".to_owned(),
            line: line(),
        },
        Reason::MissingSecretFile,
        Reason::UnknownTask {
            task: "esbuild".to_owned(),
        },
        Reason::Elixir { line: line() },
        Reason::Network { line: line() },
        Reason::OpenSsl,
        Reason::NodeVersion { line: line() },
        Reason::MissingScript {
            script: "deploy".to_owned(),
        },
        Reason::LockFile,
        Reason::RegistryLogin,
        Reason::Unresolved {
            what: "phoenix_live_view".to_owned(),
        },
        Reason::MissingProgram {
            program: "webpack".to_owned(),
        },
        Reason::OutOfMemory,
        Reason::Compilation { line: line() },
        Reason::Other,
    ];
    let failures = reasons.map(|reason| {
        PhoenixError::Failed(Box::new(phoenix::PhoenixFailure {
            command: "mix assets.deploy".to_owned(),
            folder: "apps/shop_web".into(),
            status: Some(1),
            reason,
            output: "The end of the output.".to_owned(),
            node: Some(node()),
        }))
    });
    let place = || phoenix::Place {
        file: "lib/shop_web/components/layouts/root.html.heex".into(),
        line: 9,
    };
    let otp_app = || "shop".to_owned();
    let causes = [
        phoenix::NotFollowingCause::InjectOff,
        phoenix::NotFollowingCause::InjectNowhere,
        phoenix::NotFollowingCause::NoManifest { otp_app: otp_app() },
        phoenix::NotFollowingCause::NoEndpoint { otp_app: otp_app() },
        phoenix::NotFollowingCause::NotMade {
            place: place(),
            path: "assets/css/app.css".to_owned(),
        },
        phoenix::NotFollowingCause::NoScript { url: place() },
        phoenix::NotFollowingCause::NoHost { url: place() },
        phoenix::NotFollowingCause::Mixed {
            path: place(),
            url: place(),
        },
        phoenix::NotFollowingCause::WrittenByHand {
            places: vec![place()],
        },
    ];
    let not_following = causes.map(|cause| {
        PhoenixError::NotFollowing(Box::new(phoenix::NotFollowing {
            cause,
            snippet: "# config/runtime.exs\nif static_url = …".to_owned(),
        }))
    });
    let alias = || "mix assets.deploy (alias in mix.exs)".to_owned();
    let path = || "/usr/bin:/bin".to_owned();
    let others = [
        PhoenixError::NoMix {
            path: path(),
            pipeline: alias(),
            app: otp_app(),
            package: Some("assets/package.json".into()),
        },
        PhoenixError::NoNode {
            program: "npm",
            node: None,
            pipeline: "deploy of package.json".to_owned(),
            package: "assets/package.json".into(),
            path: path(),
        },
        PhoenixError::NoNode {
            program: "yarn",
            node: Some("/usr/bin/node".into()),
            pipeline: "deploy of package.json".to_owned(),
            package: "assets/package.json".into(),
            path: path(),
        },
        official_node(NodeProblem::Unreachable(FetchError::Timeout)),
        official_node(NodeProblem::Status(503)),
        official_node(NodeProblem::Status(404)),
        official_node(NodeProblem::Broken {
            output: "not found".to_owned(),
        }),
        official_node(NodeProblem::NoList(
            serde_json::from_str::<bool>("<html>").unwrap_err(),
        )),
        official_node(NodeProblem::NoVersion {
            wanted: "16.x".to_owned(),
            file: "engines in package.json".to_owned(),
        }),
        official_node(NodeProblem::Range {
            wanted: "sixteen".to_owned(),
            file: ".nvmrc".to_owned(),
        }),
        official_node(NodeProblem::NotListed {
            file: "node-v6.0.0-linux-arm64.tar.gz".to_owned(),
        }),
        official_node(NodeProblem::Checksum {
            file: "node-v22.11.0-linux-x64.tar.gz".to_owned(),
        }),
        official_node(NodeProblem::Unpack {
            output: "tar: short read".to_owned(),
        }),
        PhoenixError::Outside {
            path: "priv/static".into(),
            leads_to: "/srv/static".into(),
        },
        PhoenixError::Manifest(denied_io()),
        PhoenixError::NoPipeline {
            app: otp_app(),
            folder: "apps/shop_web".into(),
            scripts: Some(vec!["watch".to_owned()]),
        },
        PhoenixError::NoPipeline {
            app: otp_app(),
            folder: "".into(),
            scripts: None,
        },
        PhoenixError::PackageJson {
            path: "assets/package.json".into(),
            error: serde_json::from_str::<bool>("{").unwrap_err(),
        },
        PhoenixError::NothingDigested {
            pipeline: alias(),
            folder: "priv/static".into(),
            output: "The input path \"priv/static\" does not exist".to_owned(),
        },
        PhoenixError::OtherManifest {
            place: place(),
            configured: "priv/static/manifest.json".into(),
        },
        PhoenixError::Prebuilt {
            file: "priv/static/cache_manifest.json".into(),
        },
        PhoenixError::Stale {
            file: "priv/static/assets/app.css".into(),
        },
        PhoenixError::Io(denied_io()),
    ];
    let messages: Vec<Message> = failures
        .iter()
        .chain(&not_following)
        .chain(&others)
        .map(Explain::explain)
        .collect();
    compare("phoenix", &messages);
}

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

#[test]
fn store() {
    let version = || "v42".parse().unwrap();
    let conflict = |with| {
        StoreError::Conflict(Conflict {
            version: version(),
            with,
        })
    };
    let differing = (0..12)
        .map(|number| Difference::Changed(format!("web/{number}.css")))
        .collect();
    let unreadable = |reason| StoreError::Unreadable { key: key(), reason };
    let errors = [
        StoreError::NoBucket {
            store: bucket("s3://acme-static/shop"),
        },
        StoreError::NoBucket {
            store: bucket("az://acme-static/shop"),
        },
        StoreError::NoBucket {
            store: bucket("gs://acme-static/shop"),
        },
        StoreError::NoRoot {
            root: "/srv/assets".into(),
        },
        StoreError::WrongRegion {
            bucket: "acme-static".to_owned(),
            region: Some("eu-west-1".to_owned()),
        },
        StoreError::WrongRegion {
            bucket: "acme-static".to_owned(),
            region: None,
        },
        StoreError::InvalidCredentials(InvalidCredentials {
            code: "InvalidAccessKeyId".to_owned(),
        }),
        StoreError::InvalidCredentials(InvalidCredentials {
            code: "AuthenticationFailed".to_owned(),
        }),
        StoreError::InvalidCredentials(InvalidCredentials {
            code: "invalid_grant".to_owned(),
        }),
        StoreError::Expired,
        StoreError::ClockSkew,
        StoreError::MissingPermission(MissingPermission {
            action: "s3:PutObject",
            key: key(),
            store: bucket("s3://acme-static/shop"),
        }),
        StoreError::MissingPermission(MissingPermission {
            action: "create",
            key: key(),
            store: bucket("az://acme-static/shop"),
        }),
        StoreError::MissingPermission(MissingPermission {
            action: "storage.objects.create",
            key: key(),
            store: bucket("gs://acme-static/shop"),
        }),
        conflict(ConflictWith::Published { differing }),
        conflict(ConflictWith::Published {
            differing: vec![
                Difference::Added("new.js".to_owned()),
                Difference::Removed("old.js".to_owned()),
            ],
        }),
        conflict(ConflictWith::Claimed),
        conflict(ConflictWith::Foreign {
            path: "web/app.css".to_owned(),
        }),
        conflict(ConflictWith::Pruned),
        StoreError::BeingPruned,
        unreadable(UnreadableMarker::UnknownSchema(2)),
        unreadable(UnreadableMarker::NotJson(
            serde_json::from_str::<u8>("{").unwrap_err(),
        )),
        StoreError::ReadBackMismatch { key: key() },
        StoreError::Changed {
            path: "/tmp/x/app.css".into(),
        },
        StoreError::Temporary {
            cause: "HTTP 503 SlowDown".to_owned(),
            tries: 6,
        },
        StoreError::Unexpected {
            key: key(),
            cause: "HTTP 418".to_owned(),
        },
        StoreError::NoCertificateAuthorities,
        StoreError::NoRename {
            root: "/srv/assets".into(),
        },
        StoreError::Local(denied_io()),
        StoreError::MalformedCredentials("not a key".to_owned()),
        StoreError::Client("no such option".to_owned()),
        StoreError::Runtime(denied_io()),
        StoreError::TooLong,
        StoreError::Stalled,
        StoreError::Interrupted,
    ];
    compare("store", &errors.map(|error| error.explain()));
}

#[test]
fn publish() {
    let errors = [
        PublishError::NoFramework,
        PublishError::StoreInside("/workspace/dist/store".into()),
        PublishError::Leftover("/workspace/stats.json".into()),
        PublishError::Install(denied_io()),
        PublishError::Detect(DetectError::NoEntry {
            evidence: "uv.lock".to_owned(),
        }),
        PublishError::Compile(CompileError::Django(DjangoError::NoPython {
            path: "/bin".to_owned(),
        })),
        PublishError::Release(ReleaseError::Scan(ScanError::Empty)),
        PublishError::Store {
            error: StoreError::Expired,
            asked: "s3://acme-static/shop (eu-west-1, key …Q7XA from AWS_*)".to_owned(),
        },
    ];
    compare("publish", &errors.map(|error| error.explain()));
}

fn azure() -> StoreUrl {
    "az://acme-static/shop".parse().unwrap()
}

fn gcs() -> StoreUrl {
    "gs://acme-static/shop".parse().unwrap()
}

fn found(problem: Problem) -> Finding {
    Finding {
        kinds: vec![AssetKind::Css, AssetKind::Font],
        url: "https://static.acme.com/shop/v42/web/app.css".to_owned(),
        problem,
    }
}

fn public(url: &str) -> PublicUrl {
    url.parse().unwrap()
}

fn tried() -> Vec<PublicUrl> {
    vec![
        public("https://static.acme.com/acme-static/shop"),
        public("https://static.acme.com"),
    ]
}

fn wrong_type() -> Problem {
    Problem::WrongType {
        found: Some("text/plain".to_owned()),
        expected: "text/css; charset=utf-8",
    }
}

#[test]
fn check() {
    let status = |status, tried| found(Problem::Status { status, tried });
    let instead = |url| {
        found(Problem::Elsewhere {
            instead: public(url),
        })
    };
    let wrong = |store: StoreUrl, finding| CheckError::Wrong {
        findings: vec![finding],
        store,
        public: public("https://static.acme.com/shop"),
    };
    let folder: StoreUrl = "file:///srv/assets".parse().unwrap();
    let errors = [
        wrong(s3(), status(403, tried())),
        wrong(s3(), status(401, vec![])),
        wrong(azure(), status(409, tried())),
        wrong(gcs(), status(403, tried())),
        wrong(azure(), found(wrong_type())),
        wrong(gcs(), found(wrong_type())),
        wrong(s3(), status(404, tried())),
        wrong(s3(), status(301, vec![])),
        wrong(s3(), status(503, vec![])),
        wrong(s3(), status(204, vec![])),
        wrong(s3(), found(Problem::Page { tried: tried() })),
        wrong(s3(), instead("https://static.acme.com")),
        wrong(s3(), instead("https://static.acme.com/shop/x")),
        wrong(s3(), instead("https://static.acme.com/acme-static/shop")),
        wrong(
            s3(),
            found(Problem::WrongBytes {
                expected: Sha256::of(b"published"),
            }),
        ),
        wrong(s3(), found(wrong_type())),
        wrong(folder.clone(), status(403, vec![])),
        wrong(folder, found(wrong_type())),
        CheckError::Wrong {
            findings: vec![status(404, vec![]), found(wrong_type())],
            store: s3(),
            public: public("https://static.acme.com/shop"),
        },
        CheckError::Interrupted,
    ];
    compare("check", &errors.map(|error| error.explain()));
}

#[test]
fn check_warnings() {
    let folder: StoreUrl = "file:///srv/assets".parse().unwrap();
    let warnings = [
        (s3(), Problem::Unreachable(FetchError::UnknownHost)),
        (s3(), Problem::Unreachable(FetchError::Refused)),
        (s3(), Problem::Unreachable(FetchError::Timeout)),
        (
            s3(),
            Problem::Unreachable(FetchError::Tls("UnknownIssuer".to_owned())),
        ),
        (
            s3(),
            Problem::Unreachable(FetchError::Other("connection reset".to_owned())),
        ),
        (s3(), Problem::Encoded("gzip".to_owned())),
        (
            s3(),
            Problem::CacheControl(Some("max-age=14400".to_owned())),
        ),
        (folder.clone(), Problem::CacheControl(None)),
        (
            s3(),
            Problem::Redirected {
                to: "https://cdn.acme.com/shop/v42/web/app.css".to_owned(),
            },
        ),
        (s3(), Problem::RefusedWithOrigin(403)),
        (s3(), Problem::NoCors),
        (azure(), Problem::NoCors),
        (gcs(), Problem::NoCors),
        (folder, Problem::NoCors),
        (s3(), Problem::CorsCachedAway),
    ];
    let public = public("https://static.acme.com/shop");
    let rendered = warnings.map(|(store, problem)| {
        let text = found(problem).text(&store, &public);
        Message::new(Kind::Machine, format!("a warning, {store}"), text)
    });
    compare("check_warnings", &rendered);
}

#[test]
fn doors() {
    let folder = || Path::new("/etc/static-assets/prepared").to_owned();
    let malformed = |cause| {
        PublishError::Prepared(DeferredError::Malformed {
            file: folder().join("prepared.json"),
            cause,
        })
        .explain()
    };
    let prepared = |error| PublishError::Prepared(error).explain();
    let pin = || Path::new("/etc/static-assets/pin.env").to_owned();
    let mut messages = vec![
        prepared(DeferredError::Missing { folder: folder() }),
        prepared(DeferredError::Changed {
            path: "web/app.css".to_owned(),
        }),
        prepared(DeferredError::Io(denied_io())),
        malformed(Malformed::Json(
            serde_json::from_str::<bool>("{").unwrap_err(),
        )),
        malformed(Malformed::Schema(2)),
        malformed(Malformed::PublicUrl),
        malformed(Malformed::Version),
        ExecError::NoPin { file: pin() }.explain().alone(),
        ExecError::Pin {
            file: pin(),
            error: denied_io(),
        }
        .explain()
        .alone(),
        ExecError::Command {
            program: "gunicorn".into(),
            error: io::Error::from(io::ErrorKind::NotFound),
        }
        .explain()
        .alone(),
        PublishError::Occupied(folder()).explain(),
        ClassicError::Link("/tmp/build_1/.profile.d".into()).explain(),
        prepared(DeferredError::Changed {
            path: "web/app.css".to_owned(),
        })
        .in_release(),
        PublishError::NoStore.explain().in_release(),
        super::pin_file_message(&pin(), &denied_io()),
        ClassicError::Usage.explain(),
        ClassicError::BuildDir(denied_io()).explain(),
        ClassicError::EnvDir(denied_io()).explain(),
        ClassicError::NotWritten(denied_io()).explain(),
    ];
    let usage = [
        UsageError::NothingToExec,
        UsageError::NowhereToKeep,
        UsageError::PinOfPrepared,
        UsageError::PinInside,
        UsageError::PinPath,
    ];
    messages.extend(usage.iter().map(Explain::explain));
    compare("doors", &messages);
}
