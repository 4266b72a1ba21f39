//! One request, settled: the only retry. `object_store`'s own is off: it reports a create whose
//! answer was lost as a conflict, and repeats what a store will never do.

use super::StoreError;
use super::reject::{Rejection, rejection};
use super::transport::observed;
use crate::prefix::{Key, StoreUrl};
use std::future::Future;
use std::time::Duration;

const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A store that asks for more than this is not waited for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A small request that takes longer is stalled.
const PATIENCE: Duration = Duration::from_secs(10);
/// The slowest uplink that is waited for, in bytes a second.
const SLOWEST: u64 = 128 << 10;

/// How long a request may take while `in_flight` bytes, its own body's among them, share the uplink.
fn deadline(in_flight: u64) -> Duration {
    PATIENCE + Duration::from_secs(in_flight / SLOWEST)
}

/// Repeats `request` while its failure may pass. What is final, or needs a look at the store, is the
/// caller's.
pub(super) async fn settled<T, F>(
    store: &StoreUrl,
    key: &Key,
    in_flight: u64,
    mut request: impl FnMut() -> F,
) -> Result<T, Rejection>
where
    F: Future<Output = object_store::Result<T>>,
{
    let mut pause = FIRST_PAUSE;
    for try_number in 1.. {
        let answered = tokio::time::timeout(deadline(in_flight), observed(request())).await;
        let (cause, retry_after) = match answered {
            Ok((Ok(value), _)) => return Ok(value),
            Ok((Err(error), refusal)) => match rejection(&error, refusal.as_ref(), store, key) {
                Rejection::Temporary(cause) => (cause, refusal.and_then(|it| it.retry_after)),
                settled => return Err(settled),
            },
            Err(_) => (
                format!("no answer within {} s", deadline(in_flight).as_secs()),
                None,
            ),
        };
        if try_number == TRIES {
            return Err(Rejection::Final(Box::new(StoreError::Temporary {
                cause,
                tries: TRIES,
            })));
        }
        let asked = retry_after.unwrap_or_default().min(LONGEST_PAUSE);
        tokio::time::sleep(asked.max(pause + jitter(pause))).await;
        pause *= 2;
    }
    unreachable!("the loop ends by returning")
}

/// Before the next look at what may just have changed.
pub(super) async fn pause() {
    tokio::time::sleep(FIRST_PAUSE + jitter(FIRST_PAUSE)).await;
}

/// Up to half of `pause`: builders that failed together must not come back together.
fn jitter(pause: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    pause.mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0)
}
