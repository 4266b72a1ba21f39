//! Finds out what a key may do in a store, and what the store can, by a few small objects that stay.

use super::StoreError;
use super::StoreResult;
use super::backend::Backend;
use super::error::{FailedRequest, RequestError};
use super::local_file::read_asset;
use super::objects::ObjectState;
use super::own_object::{OwnObject, random_name};
use super::receipt::attributes_of;
use crate::manifest::Asset;
use crate::prefix::MetaObject;
use crate::release::Release;
use crate::version::Version;
use object_store::{Attribute, Attributes, PutMode, PutPayload};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Granted,
    Denied,
}

/// How a store treats a create of what exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Creates {
    Refused,
    /// The object is replaced.
    Replaced,
    /// The store does not know the condition, and says so.
    Unknown,
}

impl Backend {
    /// Puts the object of the protocol's directory that says that somebody looked, and the samples. What is there already
    /// stays.
    pub(super) async fn put_samples(&self, release: &Release) -> StoreResult<Creates> {
        match self.create(&OwnObject::probe(self.dir())).await {
            Err(StoreError::Request(denied @ FailedRequest(RequestError::Forbidden, _)))
                if self.reads_back().await.is_ok() =>
            {
                self.create_anew(release, denied).await?;
            }
            created => created?,
        }
        for asset in release.manifest.assets() {
            self.create_sample(release, asset).await?;
        }
        let Some(asset) = release.manifest.assets().first() else {
            return Ok(Creates::Refused);
        };
        let is_replaced = self.create_sample(release, asset).await?;
        Ok(match self {
            Self::Bucket(objects) if objects.put_mode.with(|it| *it == PutMode::Overwrite) => {
                Creates::Unknown
            }
            _ if is_replaced => Creates::Replaced,
            _ => Creates::Refused,
        })
    }

    /// Creates a sample that nothing can have. A key may lack the right to create, or is not told that an object exists,
    /// as some signatures of Azure: only this tells one from the other.
    async fn create_anew(&self, release: &Release, denied: FailedRequest) -> StoreResult {
        let Self::Bucket(objects) = self else {
            return Err(denied.into());
        };
        let name = format!("try-{}.txt", random_name()?);
        let key = self.dir().asset(&release.version, &name);
        let payload = PutPayload::from_static(b"doctor");
        let attributes = Attributes::from_iter([(Attribute::ContentType, "text/plain")]);
        objects.create(&key, payload, attributes).await?;
        Ok(())
    }

    /// Returns `false` if it is there already.
    async fn create_sample(&self, release: &Release, asset: &Asset) -> StoreResult<bool> {
        let (content, md5) = read_asset(asset)?;
        let key = self.dir().asset(&release.version, &asset.path);
        match self {
            Self::Bucket(objects) => {
                let payload = PutPayload::from(content);
                let created = objects.create(&key, payload, attributes_of(asset)).await;
                if let Ok(Some(_)) = created {
                    return Ok(true);
                }
                match (created, objects.head(&key, asset, Some(md5)).await) {
                    (
                        Err(denied @ FailedRequest(RequestError::Forbidden, _)),
                        Ok(ObjectState::Equal),
                    ) => {
                        self.create_anew(release, denied).await?;
                        Ok(false)
                    }
                    (Err(failed), _) => Err(failed.into()),
                    // A key with the least rights can't look.
                    (
                        _,
                        Ok(ObjectState::Equal) | Err(FailedRequest(RequestError::Forbidden, _)),
                    ) => Ok(false),
                    (_, Ok(_)) => Err(StoreError::ReadBackMismatch(key)),
                    (_, Err(failed)) => Err(failed.into()),
                }
            }
            Self::Directory(directory) => {
                directory.prepare_staging()?;
                directory.create_public(&key, &content)
            }
        }
    }

    /// Whether the key may get the protocol's objects.
    pub(super) async fn reads_back(&self) -> StoreResult {
        let probe = OwnObject::probe(self.dir());
        match self.read(&probe.key).await? {
            Some(json) if json == probe.json => Ok(()),
            _ => Err(StoreError::ReadBackMismatch(probe.key)),
        }
    }

    /// Asks for the probe, whether it exists or not.
    pub(super) async fn ask_for_probe(&self) -> StoreResult {
        match self.read(&OwnObject::probe(self.dir()).key).await {
            Err(StoreError::Request(FailedRequest(RequestError::Forbidden, _))) => Ok(()),
            asked => asked.map(drop),
        }
    }

    /// Lists the samples. Explicit versions need that right.
    pub(super) async fn list_samples(&self, version: &Version) -> StoreResult {
        self.list(&self.dir().version(version)).await.map(drop)
    }

    /// Whether the key may list.
    pub(super) async fn lists(&self, version: &Version) -> StoreResult<Right> {
        right_of(self.list_samples(version).await)
    }

    /// Whether the key may delete, which no build needs. Nothing has the name that it tries.
    pub(super) async fn may_delete(&self, version: &Version) -> StoreResult<Right> {
        let key = self.dir().asset(version, "_probe");
        right_of(self.delete(&key).await)
    }

    /// Whether a version is published.
    pub(super) async fn is_published(&self, version: &Version) -> StoreResult<bool> {
        let key = self.dir().meta(&MetaObject::Marker(version));
        match self.read(&key).await {
            Err(StoreError::Request(FailedRequest(RequestError::Forbidden, _))) => Ok(false),
            marker => Ok(marker?.is_some()),
        }
    }
}

fn right_of<T>(done: StoreResult<T>) -> StoreResult<Right> {
    match done {
        Err(StoreError::Request(FailedRequest(RequestError::Forbidden, _))) => Ok(Right::Denied),
        done => done.map(|_| Right::Granted),
    }
}
