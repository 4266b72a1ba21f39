//! The objects of the protocol that a run writes.

use super::{RunLabel, StoreError};
use crate::manifest::{Ref, canonical, claim_json};
use crate::prefix::{Folder, Key, MetaObject};
use crate::release::Release;
use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use std::io;

pub(super) struct OwnObject {
    pub(super) key: Key,
    pub(super) json: Bytes,
}

impl OwnObject {
    /// The ref of this run, under a name of its own.
    pub(super) fn new_ref(
        dir: &Folder,
        release: &Release,
        label: &RunLabel,
    ) -> Result<Self, StoreError> {
        let random = getrandom::u64();
        let random = random.map_err(|error| StoreError::NoResources(io::Error::other(error)))?;
        let json = Ref {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            content: release.content,
            group: &label.group,
            label: label.commit.as_deref(),
            schema: Ref::SCHEMA,
            tool: concat!("static-assets ", env!("CARGO_PKG_VERSION")),
            version: release.version.as_str(),
        };
        let key = MetaObject::Ref {
            version: &release.version,
            group: &label.group,
            random: &format!("{random:016x}"),
        };
        Ok(Self {
            key: dir.meta(&key),
            json: canonical(&json).into(),
        })
    }

    pub(super) fn claim(dir: &Folder, release: &Release) -> Self {
        let key = MetaObject::Claim {
            version: &release.version,
            content: &release.content.to_string(),
        };
        Self {
            key: dir.meta(&key),
            json: claim_json(&release.version, release.content).into(),
        }
    }

    pub(super) fn marker(dir: &Folder, release: &Release) -> Self {
        Self {
            key: dir.meta(&MetaObject::Marker(&release.version)),
            json: release.marker.clone(),
        }
    }
}
