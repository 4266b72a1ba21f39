//! Node.js from its official distribution, where a pipeline needs it and nothing else has brought it.
//!
//! <https://github.com/nodejs/node#download>: `index.json` lists what there is, `SHASUMS256.txt` of a version its
//! files.

use super::PhoenixError;
use super::builder::Builder;
use super::buildpack_config::NodeFor;
use super::node::{Package, wanted_node};
use super::node_range::{Listed, Range, architecture};
use super::pipeline::Pipeline;
use super::web_app::WebApp;
use crate::command::{Command, CommandError, Finished, program_on_path};
use crate::context::{BuildContext, NodeSupply};
use crate::env::ChildEnv;
use crate::fs::remove_dir_if_exists;
use crate::http::{Client, FetchError};
use crate::log::bytes;
use crate::sha256::Sha256;
use fs_err as fs;
use semver::Version;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const OFFICIAL: &str = "https://nodejs.org/dist";
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
const LARGEST_LIST: u64 = 8 << 20;
/// Versions in the cache: apps of one repository may ask for several.
const MOST_KEPT: usize = 3;

/// Why there is no Node.js.
#[derive(Debug)]
pub(crate) enum NodeProblem {
    Unreachable(FetchError),
    Status(u16),
    NoList(serde_json::Error),
    /// No version of the distribution is what the app asks for.
    NoVersion {
        wanted: String,
        file: String,
    },
    /// A range that can't be read.
    Range {
        wanted: String,
        file: String,
    },
    NotListed {
        file: String,
    },
    Checksum {
        file: String,
    },
    Unpack {
        output: String,
    },
    /// It does not start.
    Broken {
        output: String,
    },
}

/// The environment with a Node.js on its `PATH`, where one is needed and there is none.
pub(super) fn supply(
    builder: &Builder<'_>,
    web: &WebApp,
    (pipeline, package): (&Pipeline, Option<&Package>),
    env: ChildEnv,
    ctx: &BuildContext<'_>,
) -> Result<ChildEnv, PhoenixError> {
    let (NodeSupply::Official { kept }, Some(cache)) =
        (&builder.ctx.image.node, &builder.ctx.cache)
    else {
        return Ok(env);
    };
    let installs = package.is_some_and(Package::has_dependencies) && pipeline.needs_packages();
    if !(pipeline.runs_node() || installs) || program_on_path(&env, &["node"]).is_some() {
        return Ok(env);
    }
    let legacy = builder.legacy.node_version.as_deref();
    let folder = builder.folder(web);
    let wanted = match package {
        Some(package) => package.wanted_node(&folder, legacy),
        None => wanted_node(&[&folder, &builder.ctx.app_dir], legacy),
    };
    let settings = builder.settings;
    let base = settings.node_url.as_ref().map_or(OFFICIAL, Url::as_str);
    let place = Place {
        base: base.trim_end_matches('/'),
        client: Client::new(settings.ca_file.as_deref()),
        folder: cache.join("node"),
        scratch: &builder.ctx.scratch,
    };
    let node = place.node(wanted.as_ref(), &env, ctx)?;
    if builder.legacy.node_for == NodeFor::RunningApp {
        keep(&node, kept)?;
    }
    let env = env
        .with_first("PATH", node.join("bin").as_os_str())
        .with("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0");
    if let Some(package) = package.filter(|_| installs) {
        bring_manager(builder, package, &node, &env, ctx)?;
    }
    Ok(env)
}

/// What the running app starts: node itself.
fn keep(node: &Path, kept: &Path) -> io::Result<()> {
    fs::create_dir_all(kept.join("bin"))?;
    fs::copy(node.join("bin/node"), kept.join("bin/node")).map(drop)
}

/// Yarn and pnpm by Corepack, which Node.js 16 to 24 have: <https://nodejs.org/api/corepack.html>.
fn bring_manager(
    builder: &Builder<'_>,
    package: &Package,
    node: &Path,
    env: &ChildEnv,
    ctx: &BuildContext<'_>,
) -> Result<(), PhoenixError> {
    let program = package.manager.program();
    if program_on_path(env, &[program]).is_some() {
        return Ok(());
    }
    let command = if node.join("bin/corepack").exists() {
        ["corepack", "enable", program].to_vec()
    } else {
        ["npm", "install", "--global", program].to_vec()
    };
    let command = command[1..].iter().fold(
        Command::new(command[0], &package.folder, env),
        Command::argument,
    );
    ctx.log.detail(&command.shown());
    builder.finish(&command, ctx).map(drop)
}

/// Where versions come from, and where they stay.
struct Place<'a> {
    base: &'a str,
    client: Client,
    folder: PathBuf,
    scratch: &'a Path,
}

impl Place<'_> {
    /// The folder of a version that the app asks for: the newest that is kept, else the newest that there is.
    fn node(
        &self,
        wanted: Option<&(String, String)>,
        env: &ChildEnv,
        ctx: &BuildContext<'_>,
    ) -> Result<PathBuf, PhoenixError> {
        let why = wanted.map_or_else(
            || "the newest LTS; engines in package.json chooses".to_owned(),
            |(wanted, file)| format!("{wanted} of {file}"),
        );
        let range = match wanted {
            Some((wanted, file)) => Range::parse(wanted).ok_or_else(|| {
                self.failed(
                    NodeProblem::Range {
                        wanted: wanted.clone(),
                        file: file.clone(),
                    },
                    "",
                )
            })?,
            None => Range::Lts(None),
        };
        if let Range::Versions(_) = &range
            && let Some(kept) = self.kept(&range)
        {
            let name = kept.file_name().unwrap_or_default().to_string_lossy();
            ctx.log
                .detail(&format!("Node.js {name} ({why}) from the cache"));
            return Ok(kept);
        }
        let list = match (self.get("index.json", ctx), self.newest_kept()) {
            (Ok(list), _) => list,
            (Err(_), Some(kept)) if !matches!(range, Range::Versions(_)) => {
                let name = kept.file_name().unwrap_or_default().to_string_lossy();
                ctx.log.warning(&format!(
                    "{} does not answer: Node.js {name} from the cache, which may not be {why}.",
                    self.url("index.json")
                ));
                return Ok(kept);
            }
            (Err(error), _) => return Err(error),
        };
        let list: Vec<Listed> = serde_json::from_slice(&list)
            .map_err(|error| self.failed(NodeProblem::NoList(error), "index.json"))?;
        let version = range.newest(&list).ok_or_else(|| {
            let (wanted, file) = wanted
                .cloned()
                .unwrap_or_else(|| ("an LTS version".to_owned(), "default".to_owned()));
            self.failed(NodeProblem::NoVersion { wanted, file }, "index.json")
        })?;
        let folder = self.folder.join(version.to_string());
        if folder.is_dir() {
            ctx.log
                .detail(&format!("Node.js {version} ({why}) from the cache"));
            return Ok(folder);
        }
        let size = self.fetch(&version, &folder, env, ctx)?;
        ctx.log.bullet(&format!(
            "Node.js {version} ({why}) from {}, {}",
            self.base,
            bytes(size)
        ));
        Ok(folder)
    }

    /// The versions that an earlier build has left, the newest last.
    fn all_kept(&self) -> Vec<Version> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten();
        let mut versions: Vec<Version> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
            .collect();
        versions.sort();
        versions
    }

    fn kept(&self, range: &Range) -> Option<PathBuf> {
        let mut versions = self.all_kept().into_iter().rev();
        let newest = versions.find(|version| range.allows(version))?;
        Some(self.folder.join(newest.to_string()))
    }

    fn newest_kept(&self) -> Option<PathBuf> {
        let newest = self.all_kept().pop()?;
        Some(self.folder.join(newest.to_string()))
    }

    /// Downloads, compares, unpacks, starts it; only then it is there.
    fn fetch(
        &self,
        version: &Version,
        folder: &Path,
        env: &ChildEnv,
        ctx: &BuildContext<'_>,
    ) -> Result<u64, PhoenixError> {
        let file = format!("node-v{version}-linux-{}.tar.gz", architecture());
        let sums = format!("v{version}/SHASUMS256.txt");
        let listed = self.get(&sums, ctx)?;
        let listed = String::from_utf8_lossy(&listed);
        let sum = listed
            .lines()
            .filter_map(|line| line.split_once("  "))
            .find(|(_, name)| *name == file)
            .map(|(sum, _)| sum.to_owned())
            .ok_or_else(|| {
                let file = file.clone();
                self.failed(NodeProblem::NotListed { file }, &sums)
            })?;
        let archive = self.scratch.join(&file);
        let path = format!("v{version}/{file}");
        self.attempt(&path, ctx, || {
            let mut into = fs::File::create(&archive)?;
            self.client
                .download(&self.url(&path), &mut into)
                .map_err(Failure::Fetch)
        })?;
        let content = fs::read(&archive)?;
        if Sha256::of(&content).to_string() != sum {
            return Err(self.failed(NodeProblem::Checksum { file }, &path));
        }
        let unpacked = self.scratch.join("node");
        fs::create_dir_all(&unpacked)?;
        let finished = Command::new("tar", &unpacked, env)
            .argument("-xzf")
            .argument(&archive)
            .argument("--strip-components=1")
            .argument("--exclude=*/include")
            .argument("--exclude=*/share")
            .run(ctx.interrupt)?;
        if !finished.status.success() {
            let output = finished.output;
            return Err(self.failed(NodeProblem::Unpack { output }, &path));
        }
        let started = Command::new(unpacked.join("bin/node"), &unpacked, env)
            .argument("--version")
            .run(ctx.interrupt);
        match started {
            Ok(finished) if finished.output.trim() == format!("v{version}") => {}
            Ok(Finished { output, .. }) => {
                return Err(self.failed(NodeProblem::Broken { output }, &path));
            }
            Err(CommandError::Interrupted) => return Err(CommandError::Interrupted.into()),
            Err(_) => {
                let output = String::new();
                return Err(self.failed(NodeProblem::Broken { output }, &path));
            }
        }
        let mut older = self.all_kept();
        older.truncate((older.len() + 1).saturating_sub(MOST_KEPT));
        for version in older {
            remove_dir_if_exists(&self.folder.join(version.to_string()))?;
        }
        // Whole or not at all, also where the cache is another file system.
        let aside = self.folder.join(".unfinished");
        remove_dir_if_exists(&aside)?;
        super::cache::relocate(&unpacked, &aside)?;
        fs::rename(&aside, folder)?;
        fs::remove_file(&archive)?;
        Ok(content.len() as u64)
    }

    fn get(&self, path: &str, ctx: &BuildContext<'_>) -> Result<Vec<u8>, PhoenixError> {
        let mut body = Vec::new();
        self.attempt(path, ctx, || {
            let answer = self
                .client
                .get(
                    &self.url(path),
                    &[("Accept-Encoding", "identity")],
                    LARGEST_LIST,
                )
                .map_err(Failure::Fetch)?;
            body = answer.body;
            Ok(answer.status)
        })?;
        Ok(body)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Again after what may pass.
    fn attempt(
        &self,
        path: &str,
        ctx: &BuildContext<'_>,
        mut ask: impl FnMut() -> Result<u16, Failure>,
    ) -> Result<(), PhoenixError> {
        let mut pauses = PAUSES.iter();
        loop {
            let problem = match ask() {
                Ok(200) => return Ok(()),
                Ok(status) => NodeProblem::Status(status),
                Err(Failure::Fetch(error)) => NodeProblem::Unreachable(error),
                Err(Failure::Io(error)) => return Err(error.into()),
            };
            let may_pass = !matches!(
                problem,
                NodeProblem::Status(300..=407 | 409..=428 | 430..=499)
            );
            match pauses.next() {
                Some(pause) if may_pass && !ctx.interrupt.is_raised() => std::thread::sleep(*pause),
                _ => return Err(self.failed(problem, path)),
            }
        }
    }

    fn failed(&self, problem: NodeProblem, path: &str) -> PhoenixError {
        PhoenixError::Node {
            url: self.url(path),
            problem: Box::new(problem),
        }
    }
}

enum Failure {
    Fetch(FetchError),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
