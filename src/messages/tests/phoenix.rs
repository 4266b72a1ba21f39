use super::*;
use crate::framework::phoenix;

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn phoenix() {
    use phoenix::PhoenixFailureReason;
    let line = || "The line that says it.".to_owned();
    let node = || phoenix::NodeMismatch {
        found: "20.11.0".to_owned(),
        wanted: "14.x".to_owned(),
        file: "engines in package.json".to_owned(),
    };
    let reasons = [
        PhoenixFailureReason::Dependencies,
        PhoenixFailureReason::NoHex,
        PhoenixFailureReason::MissingVariable {
            name: "DATABASE_URL".to_owned(),
        },
        PhoenixFailureReason::MissingInCode {
            name: "TOKEN".to_owned(),
            line: line(),
        },
        PhoenixFailureReason::MissingSecretFile,
        PhoenixFailureReason::UnknownTask {
            task: "esbuild".to_owned(),
        },
        PhoenixFailureReason::Elixir { line: line() },
        PhoenixFailureReason::Network { line: line() },
        PhoenixFailureReason::OpenSsl,
        PhoenixFailureReason::NodeVersion { line: line() },
        PhoenixFailureReason::MissingScript {
            script: "deploy".to_owned(),
        },
        PhoenixFailureReason::LockFile,
        PhoenixFailureReason::RegistryLogin,
        PhoenixFailureReason::Unresolved {
            what: "phoenix_live_view".to_owned(),
        },
        PhoenixFailureReason::MissingProgram {
            program: "webpack".to_owned(),
        },
        PhoenixFailureReason::OutOfMemory,
        PhoenixFailureReason::Compilation { line: line() },
        PhoenixFailureReason::Other,
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
    let place = || phoenix::SourceLocation {
        file: "config/prod.exs".into(),
        line: 9,
    };
    let otp_app = || "shop".to_owned();
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
        .chain(&others)
        .map(Explain::explain)
        .collect();
    compare("phoenix", &messages);
}
