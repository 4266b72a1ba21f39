//! The only retry. `object_store`'s own is off: it reports a create whose answer was lost as a conflict, and repeats
//! requests that a store will never accept.
//!
//! What the transport sees of a try gets past `object_store` in a task-local value: its errors repeat bodies.

use super::error::RequestError;
use super::error_response::ErrorResponse;
use object_store::client::HttpErrorKind;
use object_store::retry::{RetryContext, RetryFailure, RetryPolicy};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// How often a request is sent that fails for a cause that may pass.
pub(super) const TRIES: u32 = 6;
/// How often an outcome is read back that the store may not show yet.
pub(super) const READ_BACKS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A store that asks for a longer pause gets this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

struct Try {
    number: Cell<u32>,
    response: RefCell<Option<ErrorResponse>>,
}

tokio::task_local! {
    static TRY: Try;
}

/// The number of the current try. Nobody retries the abort of a multipart upload: it has the number 1.
pub(super) fn try_number() -> u32 {
    TRY.try_with(|this| this.number.get()).unwrap_or(1)
}

/// Records the error response of the current try, or that it has none so far.
pub(super) fn record(response: Option<ErrorResponse>) {
    let _ = TRY.try_with(|this| this.response.replace(response));
}

fn recorded() -> Option<ErrorResponse> {
    TRY.with(|this| this.response.borrow().clone())
}

/// Sends a request of `object_store` once.
pub(super) async fn without_retry<T>(
    number: u32,
    request: impl Future<Output = object_store::Result<T>>,
) -> Result<T, RequestError> {
    let this = Try {
        number: number.into(),
        response: RefCell::default(),
    };
    let meaning = |error| RequestError::of(&error, recorded().as_ref());
    let result = async { request.await.map_err(meaning) };
    TRY.scope(this, result).await
}

/// Sends a request of `object_store` again while its failure may pass.
pub(super) async fn with_retry<T, F: Future<Output = object_store::Result<T>>>(
    mut request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    for number in 1..TRIES {
        match without_retry(number, request()).await {
            Err(RequestError::Temporary { retry_after, .. }) => pause(number, retry_after).await,
            result => return result,
        }
    }
    without_retry(TRIES, request()).await
}

/// Waits longer after each try, and never as long as another build that failed at the same time.
pub(super) async fn pause(number: u32, retry_after: Option<Duration>) {
    let pause = FIRST_PAUSE * 2_u32.pow(number.min(TRIES) - 1);
    let retry_after = retry_after.unwrap_or_default().min(LONGEST_PAUSE);
    let random = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    tokio::time::sleep(retry_after.max(pause) + pause.mul_f64(random / 2.0)).await;
}

/// Retries one part of a large file inside `object_store`, which numbers a part when it is first sent.
#[derive(Debug)]
pub(super) struct PartRetry;

impl RetryPolicy for PartRetry {
    fn retry<'life, 'result>(
        &'life self,
        context: RetryContext,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'result>>
    where
        'life: 'result,
        Self: 'result,
    {
        Box::pin(async move {
            let retry_after = match (recorded(), context.failure) {
                (Some(response), _) => match RequestError::of_response(&response) {
                    RequestError::Temporary { retry_after, .. } => retry_after,
                    _ => return false,
                },
                (None, RetryFailure::Transport(kind)) if kind != HttpErrorKind::Decode => None,
                (None, _) => return false,
            };
            let number = TRY.with(|this| this.number.replace(this.number.get() + 1));
            if number < TRIES {
                pause(number, retry_after).await;
            }
            number < TRIES
        })
    }
}
