//! The objects of the protocol that a run writes.

use super::{RunLabel, StoreError, StoreResult};
use crate::manifest::{
    Ref, TOOL, TombstoneState, canonical, claim_json, lease_json, pin_json, tombstone_json,
};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use crate::sha256::Sha256;
use crate::version::Version;
use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use std::io;

pub(super) struct OwnObject {
    pub(super) key: Key,
    pub(super) json: Bytes,
}

/// A name that nothing has.
pub(super) fn random_name() -> StoreResult<String> {
    let random = getrandom::u64();
    let random = random.map_err(|error| StoreError::NoResources(io::Error::other(error)))?;
    Ok(format!("{random:016x}"))
}

impl OwnObject {
    fn new(dir: &Folder, object: &MetaObject<'_>, json: impl Into<Bytes>) -> Self {
        let (key, json) = (dir.meta(object), json.into());
        Self { key, json }
    }

    /// The ref of this run, under a name of its own.
    pub(super) fn new_ref(dir: &Folder, release: &Release, label: &RunLabel) -> StoreResult<Self> {
        Self::ref_of(dir, &release.version, release.content, label)
    }

    pub(super) fn ref_of(
        dir: &Folder,
        version: &Version,
        content: Sha256,
        label: &RunLabel,
    ) -> StoreResult<Self> {
        let group = label.group.as_str();
        let json = Ref {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            content,
            group,
            label: label.commit.as_deref(),
            schema: Ref::SCHEMA,
            tool: TOOL,
            version: version.as_str(),
        };
        let object = MetaObject::Ref {
            version,
            group,
            random: &random_name()?,
        };
        Ok(Self::new(dir, &object, canonical(&json)))
    }

    /// The lease of a prune, under a name of its own.
    pub(super) fn new_lease(dir: &Folder) -> StoreResult<Self> {
        let random = random_name()?;
        Ok(Self::new(dir, &MetaObject::Lease(&random), lease_json()))
    }

    /// Shows whether the protocol's objects can be put and read. It is the same for every run.
    pub(super) fn probe(dir: &Folder) -> Self {
        Self::new(dir, &MetaObject::Probe, lease_json())
    }

    pub(super) fn tombstone(
        dir: &Folder,
        version: &Version,
        state: TombstoneState,
        content: Option<Sha256>,
    ) -> Self {
        let json = tombstone_json(version, state, content);
        Self::new(dir, &MetaObject::Tombstone(version), json)
    }

    pub(super) fn claim(dir: &Folder, release: &Release) -> Self {
        let (version, content) = (&release.version, &release.content.to_string());
        let json = claim_json(version, release.content);
        Self::new(dir, &MetaObject::Claim { version, content }, json)
    }

    pub(super) fn pin(dir: &Folder, version: &Version, name: &Version, reason: &str) -> Self {
        let json = pin_json(version, reason);
        Self::new(dir, &MetaObject::Pin { version, name }, json)
    }

    pub(super) fn marker(dir: &Folder, release: &Release) -> Self {
        let object = MetaObject::Marker(&release.version);
        Self::new(dir, &object, release.marker.clone())
    }
}
