//! The lease by which a prune finds out from the store that no other one runs (`docs/contract.md`).

use super::backend::Backend;
use super::own_object::OwnObject;
use super::{StoreError, StoreResult};
use crate::prefix::MetaObject;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Another prune may run, or one of its requests may still land, for so long after it wrote its lease.
const HOLDS: TimeDelta = TimeDelta::minutes(70);
/// With all its tries, a request that follows ends within ten minutes after the lease was written.
const RENEW_AFTER: Duration = Duration::from_mins(4);
/// A prune that was held up for longer ends: another one may soon begin.
const LONGEST_GAP: Duration = Duration::from_mins(30);
/// Leases of this age are deleted.
const LEFTOVER_AGE: TimeDelta = TimeDelta::hours(24);

pub(crate) struct Lease {
    own: OwnObject,
    /// When the prune began, by the store's clock.
    pub(crate) began: DateTime<Utc>,
    /// Names under the protocol's directory.
    pub(super) leftovers: Vec<String>,
    written: Mutex<Moment>,
}

/// A moment of this machine. One of its clocks stands still while the machine sleeps, the other one may be set.
#[derive(Clone, Copy)]
struct Moment(Instant, SystemTime);

impl Moment {
    fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    fn elapsed(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

impl Lease {
    /// Puts a lease and looks for others afterwards: of two prunes that begin together, at least one sees the other.
    pub(super) async fn take(backend: &Backend) -> StoreResult<Self> {
        let dir = backend.dir();
        let own = OwnObject::new_lease(dir)?;
        let written = Moment::now();
        backend.create(&own).await?;
        let leases = dir.meta(&MetaObject::Leases);
        let listed = match backend.list(&leases).await {
            Ok(listed) => listed,
            Err(error) => {
                // If that fails, too, the lease holds up the next prune, as after a crash.
                let _ = backend.delete(&own.key).await;
                return Err(error);
            }
        };
        let own_name = own.key.as_str().strip_prefix(leases.as_str());
        let own_name = own_name.unwrap_or_default();
        let Some(mine) = listed.get(own_name) else {
            // A listing that does not show this lease would not show another's either.
            return Err(StoreError::ReadBackMismatch(own.key));
        };
        let began = mine.modified;
        let others = listed.iter().filter(|(name, _)| *name != own_name);
        let others = others.filter(|(name, object)| object.size > 0 && is_lease(name));
        let last = others.clone().max_by_key(|(_, object)| object.modified);
        if let Some((name, last)) = last
            && last.modified > began - HOLDS
        {
            // It would hold up the next one for nothing.
            let _ = backend.delete(&own.key).await;
            let lease = dir.meta(&MetaObject::Named(&format!("leases/{name}")));
            return Err(StoreError::AnotherPrune(last.modified + HOLDS, lease));
        }
        let leftovers = others.filter(|(_, object)| object.modified < began - LEFTOVER_AGE);
        Ok(Self {
            began,
            leftovers: leftovers
                .map(|(name, _)| format!("leases/{name}"))
                .collect(),
            own,
            written: Mutex::new(written),
        })
    }

    /// Writes the lease again if it is old. No write may follow if this fails.
    pub(super) async fn renew(&self, backend: &Backend) -> StoreResult {
        let mut written = self.written.lock().await;
        let elapsed = written.elapsed();
        if elapsed > LONGEST_GAP {
            return Err(StoreError::HeldUp);
        }
        if elapsed > RENEW_AFTER {
            let now = Moment::now();
            backend.replace(&self.own).await?;
            *written = now;
        }
        Ok(())
    }

    /// Deletes the lease, unless a request of this prune may still land.
    pub(super) async fn end(&self, backend: &Backend) -> StoreResult {
        if backend.has_open_writes() {
            return Ok(());
        }
        backend.delete(&self.own.key).await
    }
}

/// Whether a name is a lease's: somebody else may have put something there.
fn is_lease(name: &str) -> bool {
    let random = name.strip_suffix(".json").unwrap_or_default();
    random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
}
