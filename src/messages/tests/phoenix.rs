use super::*;
use crate::framework::phoenix::{self, NodeProblem};

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn phoenix() {
    use phoenix::PhoenixFailureReason;
    let line = || "The line that says it.".to_owned();
    let wanted = |range: &str, source: &str| phoenix::WantedNode {
        range: range.to_owned(),
        source: source.to_owned(),
    };
    let engines = |range| wanted(range, "engines in package.json");
    let reasons = [
        PhoenixFailureReason::MissingVariable("DATABASE_URL".to_owned()),
        PhoenixFailureReason::MissingInCode {
            name: "TOKEN".to_owned(),
            line: line(),
        },
        PhoenixFailureReason::UnknownTask("esbuild".to_owned()),
        PhoenixFailureReason::Elixir(line()),
        PhoenixFailureReason::Network(line()),
        PhoenixFailureReason::OpenSsl,
        PhoenixFailureReason::NodeVersion(line()),
        PhoenixFailureReason::MissingScript("deploy".to_owned()),
        PhoenixFailureReason::Unresolved("phoenix_live_view".to_owned()),
        PhoenixFailureReason::MissingProgram("webpack".to_owned()),
        PhoenixFailureReason::Compilation(line()),
        PhoenixFailureReason::Other,
    ];
    let failures = reasons.map(|reason| {
        PhoenixError::Failed(Box::new(phoenix::PhoenixFailure {
            command: "mix assets.deploy".to_owned(),
            folder: "apps/shop_web".into(),
            status: Some(1),
            reason,
            output: "The end of the output.".to_owned(),
            node: Some(phoenix::NodeMismatch {
                found: "20.11.0".to_owned(),
                wanted: engines("14.x"),
            }),
        }))
    });
    let place = || crate::framework::SourceLocation {
        file: "config/prod.exs".into(),
        line: 9,
    };
    let otp_app = || "shop".to_owned();
    let alias = || "mix assets.deploy (alias in mix.exs)".to_owned();
    let path = || "/usr/bin:/bin".to_owned();
    let archive = "v22.11.0/node-v22.11.0-linux-x64.tar.gz";
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
        official_node("index.json", NodeProblem::Unreachable(FetchError::Timeout)),
        official_node("index.json", NodeProblem::Status(503)),
        official_node("index.json", NodeProblem::Status(404)),
        official_node(
            "index.json",
            NodeProblem::UnreadableIndex(serde_json::from_str::<bool>("<html>").unwrap_err()),
        ),
        official_node("index.json", NodeProblem::NoVersion(Some(engines("16.x")))),
        official_node("index.json", NodeProblem::NoVersion(None)),
        official_node(
            "",
            NodeProblem::UnreadableRange(wanted("sixteen", ".nvmrc")),
        ),
        official_node(
            "v6.0.0/SHASUMS256.txt",
            NodeProblem::NoChecksum("node-v6.0.0-linux-arm64.tar.gz".to_owned()),
        ),
        official_node(archive, NodeProblem::WrongChecksum),
        official_node(archive, NodeProblem::Unpack("tar: short read".to_owned())),
        official_node(archive, NodeProblem::DoesNotStart("not found".to_owned())),
        PhoenixError::Outside {
            path: "priv/static".into(),
            leads_to: "/srv/static".into(),
        },
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
        PhoenixError::PackageJson(
            "assets/package.json".into(),
            serde_json::from_str::<bool>("{").unwrap_err(),
        ),
        PhoenixError::NothingDigested {
            pipeline: alias(),
            folder: "priv/static".into(),
            output: "The input path \"priv/static\" does not exist".to_owned(),
        },
        PhoenixError::OtherManifest(place(), "priv/static/manifest.json".into()),
        PhoenixError::Prebuilt("priv/static/cache_manifest.json".into()),
        PhoenixError::Stale("priv/static/assets/app.css".into()),
    ];
    let messages: Vec<Message> = failures
        .iter()
        .chain(&others)
        .map(Explain::explain)
        .collect();
    compare("phoenix", &messages);
}

fn official_node(path: &str, problem: NodeProblem) -> PhoenixError {
    PhoenixError::Node(format!("https://nodejs.org/dist/{path}"), Box::new(problem))
}
