//! What operators do with a store, beside publishing to it.

mod in_use;
mod prune;

use crate::config::{ConfigProblem, Sources, StoreAccess, read_store_access};
use crate::interrupt::Interrupt;
use crate::inventory::{
    Comparison, Deletion, HalfRule, Inventory, LocalCopies, NotDiscarded, ReadRefs, Verification,
    VersionEntry, VersionState,
};
use crate::log::Log;
use crate::manifest::Marker;
use crate::store::{Pruned, Store, StoreError};
use crate::version::Version;
use derive_more::From;
pub(crate) use in_use::{InUse, InUseError, InUseSource};
pub(crate) use prune::{Apply, Force, PlannedPrune, PruneSummary};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a command about a store can't be carried out.
#[derive(Debug, From)]
pub(crate) enum OperateError {
    Config(Vec<ConfigProblem>),
    NoStore,
    /// Also holds the store, and the key that the request was signed with.
    #[from(skip)]
    Store(StoreError, String),
    /// The store has nothing of this version.
    #[from(skip)]
    NoSuchVersion(Version, String),
    /// The store has no marker of this version that could be read, but may have something of it.
    #[from(skip)]
    NotPublished(Version, Option<VersionState>, String),
    /// Also holds the names of the pins that the version has.
    #[from(skip)]
    NoSuchPin(PinName, Vec<String>),
    /// The directory with copies of the files can't be read.
    #[from(skip)]
    RepairDir(PathBuf, io::Error),
    /// Files differ from what their markers say.
    #[from(skip)]
    Differs {
        files: usize,
        versions: usize,
        /// The first version that lacks a file.
        missing: Option<Version>,
    },
    /// How many versions have a marker that can't be read.
    #[from(skip)]
    Unreadable(usize),
    InUse(InUseError),
    MoreThanHalf(HalfRule),
    #[from(skip)]
    NotDiscarded(Version, NotDiscarded),
}

/// What a comparison of several versions found.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    pub(crate) versions: Vec<Verification>,
    /// How many versions have a marker that can't be read.
    unreadable: usize,
}

impl Verified {
    /// Fails if anything differs, or could not be compared.
    pub(crate) fn into_result(self) -> Result<(), OperateError> {
        let wrong: Vec<_> = self
            .versions
            .iter()
            .filter(|it| !it.problems.is_empty())
            .collect();
        if wrong.is_empty() {
            return match self.unreadable {
                0 => Ok(()),
                unreadable => Err(OperateError::Unreadable(unreadable)),
            };
        }
        let files = wrong.iter().map(|it| it.paths_with_problems().len()).sum();
        let missing = wrong.iter().find(|it| it.lacks_files());
        Err(OperateError::Differs {
            files,
            versions: wrong.len(),
            missing: missing.map(|it| it.version.clone()),
        })
    }
}

/// One of the pins of a version.
#[derive(Clone, Debug)]
pub(crate) struct PinName {
    pub(crate) version: Version,
    /// One segment of a key, so a version's rule holds for it.
    pub(crate) name: Version,
}

/// What a command about a store reports while it runs.
pub(crate) enum OperateEvent<'a> {
    /// This many missing files of the version were uploaded from a directory. Also holds what it has of the others.
    Repaired {
        version: &'a Version,
        uploaded: usize,
        dir: &'a Path,
        copies: &'a LocalCopies,
    },
    /// The version has no marker that could be read, so it was not compared.
    NotCompared(&'a Version, VersionState),
    /// There is nothing to compare in this store.
    NothingPublished(&'a str),
    Verified(&'a Verification, Comparison),
    /// Also holds the reason.
    Pinned(&'a PinName, &'a str),
    Unpinned(&'a PinName),
    /// Lines that should say what is in use.
    NamesNoVersion(&'a [&'a str]),
    Pruned(&'a Deletion, &'a Pruned),
    PruneEnds(&'a PruneSummary),
}

/// An open store.
pub(crate) struct OpenStore {
    pub(crate) to: StoreAccess,
    store: Store,
    interrupt: Interrupt,
}

impl OpenStore {
    /// Opens the store of the settings. The log shows no secret from here on.
    pub(crate) fn open(sources: &Sources<'_>, log: &Log) -> Result<Self, OperateError> {
        let secrets = sources.secrets();
        log.redact(secrets.in_log(), secrets.in_data());
        let to = read_store_access(sources)?.ok_or(OperateError::NoStore)?;
        let store = Store::open(&to.store, &to.access);
        let store = store.map_err(|error| OperateError::Store(error, to.to_string()))?;
        Ok(Self {
            to,
            store,
            interrupt: Interrupt::listen(),
        })
    }

    /// Shows the store, and who asks it.
    pub(crate) fn place(&self) -> String {
        let found = self.store.found_region();
        self.to.in_region(found.as_ref()).to_string()
    }

    /// Reads what the store holds of all versions.
    pub(crate) fn list(&self) -> Result<Inventory, OperateError> {
        self.read(None, ReadRefs::Newest)
    }

    /// Reads what the store holds of one version.
    pub(crate) fn show(&self, version: &Version) -> Result<VersionEntry, OperateError> {
        let inventory = self.read(Some(version), ReadRefs::All)?;
        let entry = inventory.versions.into_iter().next();
        entry.ok_or_else(|| OperateError::NoSuchVersion(version.clone(), self.place()))
    }

    /// Compares the files of published versions with their markers: of these versions, or of all if there are none. Missing
    /// files are uploaded first if the directory `repair` has them. Of all, those that can't be compared are only logged.
    pub(crate) fn verify(
        &self,
        versions: &[Version],
        comparison: Comparison,
        repair: Option<&Path>,
        log: &Log,
    ) -> Result<Verified, OperateError> {
        let only = match versions {
            [version] => Some(version),
            _ => None,
        };
        let mut entries = self.read(only, ReadRefs::Newest)?.versions;
        for version in versions {
            let entry = entries.iter().find(|entry| entry.version == *version);
            if entry.is_none_or(|entry| !entry.has_marker) {
                let (version, to) = (version.clone(), self.place());
                return Err(OperateError::NotPublished(
                    version,
                    entry.map(|it| it.state),
                    to,
                ));
            }
        }
        if !versions.is_empty() {
            entries.retain(|entry| versions.contains(&entry.version));
        }
        let mut verified = Verified::default();
        for entry in entries {
            let VersionEntry {
                version,
                state,
                has_marker,
                ..
            } = entry;
            if !has_marker {
                log.event(&OperateEvent::NotCompared(&version, state));
                verified.unreadable += usize::from(state == VersionState::Unreadable);
                continue;
            }
            let marker = self.store.published_marker(&version, &self.interrupt);
            let marker = marker.map_err(|error| self.failed(error))?;
            let marker = Arc::new(marker);
            let mut found = self.compare(&version, &marker, comparison)?;
            if let Some(dir) = repair
                && self.repair(&found, &marker, dir, log)?
            {
                found = self.compare(&version, &marker, comparison)?;
            }
            log.event(&OperateEvent::Verified(&found, comparison));
            verified.versions.push(found);
        }
        if verified.versions.is_empty() {
            log.event(&OperateEvent::NothingPublished(&self.place()));
        }
        Ok(verified)
    }

    /// Keeps a published version from a prune.
    pub(crate) fn pin(&self, pin: &PinName, reason: &str, log: &Log) -> Result<(), OperateError> {
        let PinName { version, name } = pin;
        let entry = self.show(version)?;
        if !entry.has_marker {
            return Err(OperateError::NotPublished(
                version.clone(),
                Some(entry.state),
                self.place(),
            ));
        }
        let pinned = self.store.pin(version, name, reason, &self.interrupt);
        pinned.map_err(|error| self.failed(error))?;
        log.event(&OperateEvent::Pinned(pin, reason));
        Ok(())
    }

    pub(crate) fn unpin(&self, pin: &PinName, log: &Log) -> Result<(), OperateError> {
        let PinName { version, name } = pin;
        let entry = self.show(version)?;
        if !entry.pins.iter().any(|it| it.name == name.as_str()) {
            let names = entry.pins.into_iter().map(|it| it.name);
            return Err(OperateError::NoSuchPin(pin.clone(), names.collect()));
        }
        let unpinned = self.store.unpin(version, name, &self.interrupt);
        unpinned.map_err(|error| self.failed(error))?;
        log.event(&OperateEvent::Unpinned(pin));
        Ok(())
    }

    fn compare(
        &self,
        version: &Version,
        marker: &Arc<Marker>,
        comparison: Comparison,
    ) -> Result<Verification, OperateError> {
        let found = self
            .store
            .verify(version, marker, comparison, &self.interrupt);
        found.map_err(|error| self.failed(error))
    }

    /// Uploads missing files from a directory. Returns whether there were any.
    fn repair(
        &self,
        found: &Verification,
        marker: &Arc<Marker>,
        dir: &Path,
        log: &Log,
    ) -> Result<bool, OperateError> {
        let copies = LocalCopies::find(found, marker, dir);
        let mut copies = copies.map_err(|error| OperateError::RepairDir(dir.to_owned(), error))?;
        let version = &found.version;
        let mut uploaded = 0;
        let files = mem::take(&mut copies.found);
        if !files.is_empty() {
            let repaired = self.store.repair(version, marker, files, &self.interrupt);
            uploaded = repaired.map_err(|error| self.failed(error))?;
        }
        log.event(&OperateEvent::Repaired {
            version,
            uploaded,
            dir,
            copies: &copies,
        });
        Ok(uploaded > 0)
    }

    fn failed(&self, error: StoreError) -> OperateError {
        OperateError::Store(error, self.place())
    }

    fn read(&self, only: Option<&Version>, refs: ReadRefs) -> Result<Inventory, OperateError> {
        let inventory = self.store.inventory(only, refs, &self.interrupt);
        inventory.map_err(|error| self.failed(error))
    }
}
