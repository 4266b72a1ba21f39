//! The clients of one bucket. If no region was given, they move to the one that an answer of S3 names.

use super::client::{Deletes, Remote, connect};
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
    /// The region of S3 that is asked first.
    first: Option<String>,
}

type Reconnect = Box<dyn Fn(&Region) -> StoreResult<Connected> + Send + Sync>;

#[derive(Clone)]
struct Connected {
    single: Arc<dyn Remote>,
    bulk: Arc<dyn Remote>,
    /// The region that an answer has named.
    found: Option<Region>,
    /// A request was answered from here, so another region holds another bucket.
    is_settled: bool,
}

impl Connected {
    fn open(url: &BucketUrl, access: &Access, transport: Transport) -> StoreResult<Self> {
        Ok(Self {
            bulk: connect(url, access, Deletes::Bulk, transport.clone())?,
            single: connect(url, access, Deletes::Single, transport)?,
            found: None,
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
        let mut clients = Self {
            connected: Shared(connected.into()),
            reconnect: None,
            first: None,
        };
        if let Access::S3(s3) = access {
            clients.first = Some(s3.region.name().to_owned());
        }
        if let Access::S3(s3) = access
            && s3.region == Region::Unknown
        {
            let (url, access) = (url.clone(), access.clone());
            clients.reconnect = Some(Box::new(move |region: &Region| {
                let access = access.in_region(region);
                let mut transport = transport.clone();
                transport.hosts = Hosts::of(&url, &access);
                let connected = Connected::open(&url, &access, transport)?;
                let found = Some(region.clone());
                Ok(Connected { found, ..connected })
            }));
        }
        Ok(clients)
    }

    /// Clients that a test has made.
    #[cfg(test)]
    pub(super) fn fixed(single: Arc<dyn Remote>, bulk: Arc<dyn Remote>) -> Self {
        let connected = Connected {
            single,
            bulk,
            found: None,
            is_settled: false,
        };
        Self {
            connected: Shared(connected.into()),
            reconnect: None,
            first: None,
        }
    }

    pub(super) fn single(&self) -> Arc<dyn Remote> {
        self.connected.with(|connected| connected.single.clone())
    }

    /// The same store, for deletes of many objects by one request.
    pub(super) fn bulk(&self) -> Arc<dyn Remote> {
        self.connected.with(|connected| connected.bulk.clone())
    }

    /// The region of the bucket, if an answer had to name it.
    pub(super) fn found_region(&self) -> Option<Region> {
        self.connected.with(|connected| connected.found.clone())
    }

    /// The region that is asked.
    pub(super) fn region(&self) -> Option<String> {
        let found = self.found_region();
        found.map_or_else(|| self.first.clone(), |it| Some(it.name().to_owned()))
    }

    /// Whether no setting gives the region.
    pub(super) fn may_move(&self) -> bool {
        self.reconnect.is_some()
    }

    /// Stays here: the bucket has answered.
    pub(super) fn settle(&self) {
        self.connected.with(|connected| connected.is_settled = true);
    }

    /// Moves to the region that an answer names, unless another one has answered. Returns whether a request may fare better now.
    pub(super) fn move_to(&self, name: &str) -> bool {
        let Some(reconnect) = &self.reconnect else {
            return false;
        };
        let region = Region::Found(name.to_owned());
        self.connected.with(|connected| {
            // Requests in flight together all name it. Only the first of them moves the clients.
            if connected.found.is_none()
                && !connected.is_settled
                && let Ok(moved) = reconnect(&region)
            {
                *connected = moved;
            }
            connected.found.as_ref() == Some(&region)
        })
    }
}
