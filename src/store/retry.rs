//! One request, with_retry: the only retry. `object_store`'s own is off: it reports a create whose
//! answer was lost as a conflict, and repeats what a store will never do.

use super::StoreError;
use super::error::{RequestError, is_passing, refused, request_error};
use super::transport::{last_response, next_try, observed};
use crate::prefix::{BucketUrl, Key};
use object_store::retry::{RetryContext, RetryFailure, RetryPolicy};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub(super) const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A store that asks for more than this is not waited for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Repeats `request` while its failure may pass. What is final, or needs a look at the store, is the
/// caller's.
pub(super) async fn with_retry<T, F>(
    store: &BucketUrl,
    key: &Key,
    mut request: impl FnMut() -> F,
) -> Result<T, RequestError>
where
    F: Future<Output = object_store::Result<T>>,
{
    for try_number in 1.. {
        let (answer, response) = observed(try_number, request()).await;
        let error = match answer {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        match request_error(&error, response.as_ref(), store, key) {
            RequestError::Temporary(cause) if try_number == TRIES => return Err(given_up(cause)),
            RequestError::Temporary(_) => {
                let asked = response.and_then(|response| response.retry_after);
                tokio::time::sleep(pause_after(try_number, asked)).await;
            }
            with_retry => return Err(with_retry),
        }
    }
    unreachable!("the loop ends by returning")
}

fn given_up(cause: String) -> RequestError {
    let tries = TRIES;
    RequestError::Final(Box::new(StoreError::Temporary { cause, tries }))
}

/// Longer with each try, and never the same for two builders that failed together.
pub(super) fn pause_after(try_number: u32, asked: Option<Duration>) -> Duration {
    let pause = FIRST_PAUSE * 2_u32.pow(try_number.min(TRIES) - 1);
    let asked = asked.unwrap_or_default().min(LONGEST_PAUSE);
    asked.max(pause) + jitter(pause)
}

/// The same for one part of a large file: `object_store` numbers a part when it is first sent.
#[derive(Debug)]
pub(super) struct PartRetry {
    pub(super) store: BucketUrl,
    pub(super) key: Key,
}

impl RetryPolicy for PartRetry {
    fn retry<'life, 'answer>(&'life self, context: RetryContext) -> Decision<'answer>
    where
        'life: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let try_number = next_try();
            let response = last_response();
            let may_pass = match (&response, context.failure) {
                (Some(response), _) => {
                    let meaning = refused(response, &self.store, &self.key);
                    matches!(meaning, RequestError::Temporary(_))
                }
                (None, RetryFailure::Transport(kind)) => is_passing(kind),
                (None, _) => false,
            };
            if try_number > TRIES || !may_pass {
                return false;
            }
            let asked = response.and_then(|response| response.retry_after);
            tokio::time::sleep(pause_after(try_number - 1, asked)).await;
            true
        })
    }
}

type Decision<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Before the next look at what may just have changed.
pub(super) async fn pause() {
    tokio::time::sleep(pause_after(1, None)).await;
}

/// Up to half of `pause`.
fn jitter(pause: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    pause.mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0)
}
