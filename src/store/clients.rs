//! The clients of one bucket. If no region was given, they move to the one that an answer of S3 names.

use super::client::{Deletes, Remote, connect};
use super::error::RequestError;
use super::network::Hosts;
use super::transport::Transport;
use super::{Shared, StoreResult};
use crate::config::{Access, Region};
use crate::prefix::BucketUrl;
use std::sync::Arc;

pub(super) struct Clients {
    connected: Shared<Connected>,
    /// Connects again, if the bucket may be in another region.
    reconnect: Option<Reconnect>,
}

type Reconnect = Box<dyn Fn(&Region) -> StoreResult<Connected> + Send + Sync>;

#[derive(Clone)]
struct Connected {
    single: Arc<dyn Remote>,
    bulk: Arc<dyn Remote>,
    /// The region of S3 that is asked.
    region: Option<Region>,
    /// A request was answered from here, so another region holds another bucket.
    is_settled: bool,
}

impl Connected {
    fn open(url: &BucketUrl, access: &Access, transport: Transport) -> StoreResult<Self> {
        Ok(Self {
            bulk: connect(url, access, Deletes::Bulk, transport.clone())?,
            single: connect(url, access, Deletes::Single, transport)?,
            region: match access {
                Access::S3(s3) => Some(s3.region.clone()),
                _ => None,
            },
            is_settled: false,
        })
    }
}

impl Clients {
    pub(super) fn open(
        url: &BucketUrl,
        access: &Access,
        transport: Transport,
    ) -> StoreResult<Self> {
        let connected = Connected::open(url, access, transport.clone())?;
        let mut reconnect: Option<Reconnect> = None;
        if connected.region == Some(Region::Unknown) {
            let (url, access) = (url.clone(), access.clone());
            reconnect = Some(Box::new(move |region: &Region| {
                let access = access.in_region(region);
                let mut transport = transport.clone();
                transport.hosts = Hosts::of(&url, &access);
                Connected::open(&url, &access, transport)
            }));
        }
        Ok(Self {
            connected: Shared(connected.into()),
            reconnect,
        })
    }

    /// Clients that a test has made.
    #[cfg(test)]
    pub(super) fn fixed(single: Arc<dyn Remote>, bulk: Arc<dyn Remote>) -> Self {
        let connected = Connected {
            single,
            bulk,
            region: None,
            is_settled: false,
        };
        Self {
            connected: Shared(connected.into()),
            reconnect: None,
        }
    }

    pub(super) fn single(&self) -> Arc<dyn Remote> {
        self.connected.with(|connected| connected.single.clone())
    }

    /// The same store, for deletes of many objects by one request.
    pub(super) fn bulk(&self) -> Arc<dyn Remote> {
        self.connected.with(|connected| connected.bulk.clone())
    }

    /// The region of S3 that is asked.
    pub(super) fn region(&self) -> Option<Region> {
        self.connected.with(|connected| connected.region.clone())
    }

    /// Stays in this region: the bucket has answered.
    pub(super) fn settle(&self) {
        self.connected.with(|connected| connected.is_settled = true);
    }

    /// Moves to the region that an answer names, unless a setting gives the region or the bucket has answered. Fails if
    /// the request, which was sent to `asked`, would not fare better now.
    pub(super) fn follow_region(
        &self,
        named: &str,
        asked: Option<&Region>,
    ) -> Result<(), RequestError> {
        if asked.is_some_and(|asked| asked.name() == named) {
            let cause = format!("it names the region that was asked, {named}, and refuses");
            return Err(RequestError::Unexpected(cause));
        }
        let Some(reconnect) = &self.reconnect else {
            let named = named.to_owned();
            return Err(match self.region() {
                Some(Region::Found(_)) => RequestError::RegionChanged(named),
                _ => RequestError::WrongRegion(Some(named)),
            });
        };
        let region = Some(Region::Found(named.to_owned()));
        self.connected.with(|connected| {
            if connected.region == Some(Region::Unknown)
                && !connected.is_settled
                && let Ok(moved) = reconnect(&Region::Found(named.to_owned()))
            {
                *connected = moved;
            }
            // Requests in flight together all name it. Only the first of them moves the clients.
            if connected.region == region {
                Ok(())
            } else {
                Err(RequestError::RegionChanged(named.to_owned()))
            }
        })
    }
}
