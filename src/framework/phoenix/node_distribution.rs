//! Downloads Node.js and keeps it in the cache.
//!
//! <https://github.com/nodejs/node#download>: `index.json` of a distribution lists its versions, `SHASUMS256.txt` of
//! a version its files.

use super::PhoenixError;
use super::cache::{relocate, remove};
use super::event::{NodeOrigin, PipelineEvent};
use super::node_range::{ARCHITECTURE, NodeRange, NodeRelease, WantedNode};
use crate::command::{Command, CommandError};
use crate::context::BuildContext;
use crate::env::ChildEnv;
use crate::http::{Client, FetchError};
use crate::sha256::Sha256;
use fs_err as fs;
use semver::Version;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Milliseconds between attempts.
const PAUSES: [u64; 3] = [500, 2000, 5000];
const INDEX: &str = "index.json";
const LARGEST_LIST: u64 = 8 << 20;
/// How many versions the cache holds: apps of one repository may ask for several.
const MOST_CACHED: usize = 3;

/// Why a distribution gave no Node.js.
#[derive(Debug)]
pub(crate) enum NodeProblem {
    Unreachable(FetchError),
    Status(u16),
    /// `index.json` has another form.
    UnreadableIndex(serde_json::Error),
    /// The app asks for what the distribution does not have; `None` is the newest version with long-term support.
    NoVersion(Option<WantedNode>),
    UnreadableRange(WantedNode),
    /// No checksum of the archive for this machine, by its name.
    NoChecksum(String),
    WrongChecksum,
    /// With the output of `tar`.
    Unpack(String),
    /// `node --version` failed or printed another version; with its output.
    DoesNotStart(String),
}

impl NodeProblem {
    /// Whether the same request may succeed later.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Status(status) => !matches!(status, 300..=407 | 409..=428 | 430..=499),
            Self::Unreachable(_) | Self::UnreadableIndex(_) | Self::WrongChecksum => true,
            _ => false,
        }
    }
}

/// Where versions come from, and where they stay.
pub(super) struct NodeDistribution<'a> {
    pub(super) base: &'a str,
    pub(super) client: Client,
    /// One directory a version.
    pub(super) cache: PathBuf,
    pub(super) ctx: &'a BuildContext<'a>,
    pub(super) env: &'a ChildEnv,
}

impl NodeDistribution<'_> {
    /// Returns the directory of a version that the app asks for: the newest in the cache if the app names a range,
    /// else the newest of the distribution.
    pub(super) fn provide(&self, wanted: Option<&WantedNode>) -> Result<PathBuf, PhoenixError> {
        let choose = |version: &Version, origin: NodeOrigin<'_>| {
            let event = PipelineEvent::NodeChosen(version, wanted, origin);
            self.ctx.log.event(&event);
            Ok(self.dir(version))
        };
        let range = match wanted {
            None => NodeRange::Lts(None),
            Some(wanted) => NodeRange::parse(&wanted.range)
                .ok_or_else(|| self.failed("", NodeProblem::UnreadableRange(wanted.clone())))?,
        };
        let is_of_versions = matches!(range, NodeRange::Versions(_));
        let cached = self.cached();
        let allowed = cached.iter().rfind(|version| range.allows(version));
        if let Some(version) = allowed.filter(|_| is_of_versions) {
            return choose(version, NodeOrigin::Cache);
        }
        let index = match (self.fetch_list(INDEX), cached.last()) {
            (Err(_), Some(version)) if !is_of_versions => {
                return choose(version, NodeOrigin::CacheOnly(&self.url(INDEX)));
            }
            (index, _) => index?,
        };
        let list: Vec<NodeRelease> = serde_json::from_slice(&index)
            .map_err(|error| self.failed(INDEX, NodeProblem::UnreadableIndex(error)))?;
        let version = range
            .newest(&list)
            .ok_or_else(|| self.failed(INDEX, NodeProblem::NoVersion(wanted.cloned())))?;
        if self.dir(&version).is_dir() {
            return choose(&version, NodeOrigin::Cache);
        }
        let size = self.download(&version)?;
        choose(&version, NodeOrigin::Distribution(self.base, size))
    }

    fn dir(&self, version: &Version) -> PathBuf {
        self.cache.join(version.to_string())
    }

    /// The versions that earlier builds left in the cache, the newest last.
    fn cached(&self) -> Vec<Version> {
        let entries = fs::read_dir(&self.cache).into_iter().flatten();
        let mut versions: Vec<Version> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
            .collect();
        versions.sort();
        versions
    }

    /// Downloads a version, compares its checksum, unpacks and starts it, then moves it into the cache.
    /// Returns the size of the archive.
    fn download(&self, version: &Version) -> Result<u64, PhoenixError> {
        let name = format!("node-v{version}-linux-{ARCHITECTURE}.tar.gz");
        let path = format!("v{version}/{name}");
        let sum = self.checksum(version, &name)?;
        let archive = self.ctx.scratch.join(name);
        self.fetch(&path, |url| {
            let mut file = fs::File::create(&archive)?;
            let status = self.client.download(url, &mut file);
            Ok(status.map(|status| (status, ())))
        })?;
        if Sha256::of_file(&archive, |_| Ok(()))?.to_string() != sum {
            return Err(self.failed(&path, NodeProblem::WrongChecksum));
        }
        let unpacked = self.ctx.scratch.join("node");
        fs::create_dir_all(&unpacked)?;
        let tar = Command::new("tar", &unpacked, self.env)
            .argument("-xzf")
            .argument(&archive)
            .argument("--strip-components=1")
            .argument("--exclude=*/include")
            .argument("--exclude=*/share")
            .run(self.ctx.interrupt)?;
        if !tar.status.success() {
            return Err(self.failed(&path, NodeProblem::Unpack(tar.output)));
        }
        let printed = self.printed_version(&unpacked)?;
        if printed.trim() != format!("v{version}") {
            return Err(self.failed(&path, NodeProblem::DoesNotStart(printed)));
        }
        let size = fs::metadata(&archive)?.len();
        fs::remove_file(&archive)?;
        self.save(&unpacked, version)?;
        Ok(size)
    }

    fn checksum(&self, version: &Version, name: &str) -> Result<String, PhoenixError> {
        let path = format!("v{version}/SHASUMS256.txt");
        let list = self.fetch_list(&path)?;
        let list = String::from_utf8_lossy(&list);
        let mut lines = list.lines().filter_map(|line| line.split_once("  "));
        let line = lines.find(|(_, listed)| *listed == name);
        line.map(|(sum, _)| sum.to_owned())
            .ok_or_else(|| self.failed(&path, NodeProblem::NoChecksum(name.to_owned())))
    }

    /// What `node --version` prints; nothing if it can't be started.
    fn printed_version(&self, unpacked: &Path) -> Result<String, PhoenixError> {
        let node = Command::new(unpacked.join("bin/node"), unpacked, self.env);
        match node.argument("--version").run(self.ctx.interrupt) {
            Err(CommandError::Interrupted) => Err(CommandError::Interrupted.into()),
            started => Ok(started.map_or_else(|_| String::new(), |finished| finished.output)),
        }
    }

    /// Moves a version into the cache, whole or not at all, also if that is on another file system.
    fn save(&self, unpacked: &Path, version: &Version) -> Result<(), PhoenixError> {
        let older = self.cached();
        let removed = (older.len() + 1).saturating_sub(MOST_CACHED);
        for version in older.iter().take(removed) {
            remove(&self.dir(version))?;
        }
        let unfinished = self.cache.join(".unfinished");
        remove(&unfinished)?;
        relocate(unpacked, &unfinished)?;
        Ok(fs::rename(&unfinished, self.dir(version))?)
    }

    fn fetch_list(&self, path: &str) -> Result<Vec<u8>, PhoenixError> {
        let headers = [("Accept-Encoding", "identity")];
        self.fetch(path, |url| {
            let answer = self.client.get(url, &headers, LARGEST_LIST);
            Ok(answer.map(|answer| (answer.status, answer.body)))
        })
    }

    /// Returns what came with a 200, and tries again after a failure that may be temporary.
    fn fetch<T>(
        &self,
        path: &str,
        get: impl Fn(&str) -> io::Result<Result<(u16, T), FetchError>>,
    ) -> Result<T, PhoenixError> {
        let mut pauses = PAUSES.iter();
        loop {
            let problem = match get(&self.url(path))? {
                Ok((200, body)) => return Ok(body),
                Ok((status, _)) => NodeProblem::Status(status),
                Err(error) => NodeProblem::Unreachable(error),
            };
            match pauses.next() {
                Some(pause) if problem.is_temporary() && !self.ctx.interrupt.is_raised() => {
                    std::thread::sleep(Duration::from_millis(*pause));
                }
                _ => return Err(self.failed(path, problem)),
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    fn failed(&self, path: &str, problem: NodeProblem) -> PhoenixError {
        PhoenixError::Node(self.url(path), Box::new(problem))
    }
}
