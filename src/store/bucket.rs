//! A bucket: owns the runtime; the calling thread waits, reports and listens.

use super::client::{network, remote};
use super::limiter::Limiter;
use super::objects::{Objects, Read};
use super::progress::{Done, Progress};
use super::protocol::Protocol;
use super::provider::Provider;
use super::transport::Counter;
use super::{RunLabel, StoreError};
use crate::config::Access;
use crate::interrupt::Interrupt;
use crate::plan::Summary;
use crate::prefix::{BucketUrl, MetaObject};
use crate::release::Release;
use crate::version::Version;
use bytes::Bytes;
use std::future::Future;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const LOOK: Duration = Duration::from_millis(100);
/// A run ends within this time or gives up: no prune looks at younger refs.
pub(super) const LONGEST_RUN: Duration = Duration::from_hours(6);
/// Every request has its deadline. What stands still for that long after all of them is the machine itself, such
/// as a network folder that does not answer.
const LONGEST_STILLNESS: Duration = Duration::from_mins(10);

/// For what only adds a line to the log.
const MARKER_PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Bucket {
    /// Taken only when it ends.
    runtime: Option<Runtime>,
    objects: Arc<Objects>,
    counter: Arc<Counter>,
}

impl Drop for Bucket {
    /// Without waiting for files that are still being read.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bucket {
    pub(super) fn open(url: BucketUrl, access: &Access) -> Result<Self, StoreError> {
        // One thread keeps hundreds of requests on their way; more would wake each other for each answer. What
        // takes long, such as reading a large file, goes to threads of its own.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(StoreError::Runtime)?;
        let counter = Arc::new(Counter::default());
        let provider = Provider::of(url.scheme);
        let limiter = Arc::new(Limiter::up_to(provider.most_requests));
        let remote = {
            let _inside = runtime.enter();
            remote(&url, access, network(access)?, (&counter, &limiter))?
        };
        Ok(Self {
            runtime: Some(runtime),
            objects: Arc::new(Objects::new(remote, url, provider, limiter)),
            counter,
        })
    }

    pub(super) fn publish(
        &self,
        release: &Arc<Release>,
        label: &RunLabel,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Progress),
    ) -> Result<Summary, StoreError> {
        let label = label.clone();
        self.run(release, interrupt, tick, |protocol| async move {
            protocol.publish(&label).await
        })
    }

    pub(super) fn dry_run(
        &self,
        release: &Arc<Release>,
        interrupt: &Interrupt,
    ) -> Result<Summary, StoreError> {
        self.run(release, interrupt, &mut |_| {}, |protocol| async move {
            protocol.dry_run().await
        })
    }

    pub(super) fn marker(&self, version: &Version) -> Option<Bytes> {
        let key = self.objects.url.folder.meta(&MetaObject::Marker(version));
        // A timer is made within the runtime.
        let read = async {
            let read = self.objects.read(&key, None);
            tokio::time::timeout(MARKER_PATIENCE, read).await
        };
        match self.runtime.as_ref()?.block_on(read) {
            Ok(Ok(Read::Content(json))) => Some(json),
            _ => None,
        }
    }

    fn run<F>(
        &self,
        release: &Arc<Release>,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Progress),
        work: impl FnOnce(Protocol) -> F,
    ) -> Result<Summary, StoreError>
    where
        F: Future<Output = Result<Summary, StoreError>> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else {
            return Err(StoreError::Client("it has final_error".to_owned()));
        };
        let start = Instant::now();
        let before = self.counter.read();
        let done = Arc::new(Done::default());
        let protocol = Protocol::new(self.objects.clone(), release.clone(), done.clone());
        let (sender, receiver) = mpsc::channel();
        let work = work(protocol);
        let task = runtime.spawn(async move {
            // The receiver is gone only when the run was given up.
            let _ = sender.send(work.await);
        });
        let mut stillness = Stillness::new(start);
        let summary = loop {
            match receiver.recv_timeout(LOOK) {
                Ok(result) => break result?,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(StoreError::Client("the upload stopped".to_owned()));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    tick(done.progress(start.elapsed()));
                    let now = Instant::now();
                    let given_up = if interrupt.is_raised() {
                        StoreError::Interrupted
                    } else if now - start > LONGEST_RUN {
                        StoreError::TooLong
                    } else if stillness.lasts(now, &self.objects.limiter) > LONGEST_STILLNESS {
                        StoreError::Stalled
                    } else {
                        continue;
                    };
                    task.abort();
                    return Err(given_up);
                }
            }
        };
        Ok(Summary {
            requests: self.counter.read().since(before),
            duration: start.elapsed(),
            ..summary
        })
    }
}

/// How long nothing has moved.
struct Stillness {
    moves: u64,
    since: Instant,
}

impl Stillness {
    fn new(now: Instant) -> Self {
        Self {
            moves: 0,
            since: now,
        }
    }

    fn lasts(&mut self, now: Instant, limiter: &Limiter) -> Duration {
        let moves = limiter.moves();
        if moves != self.moves {
            *self = Self { moves, since: now };
        }
        // A body on a slow uplink moves, too, for as long as it may take.
        let since = self
            .since
            .max(limiter.patient_until().unwrap_or(self.since));
        now.saturating_duration_since(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stillness_lasts_from_the_last_deadline_until_something_moves() {
        let limiter = Limiter::up_to(8);
        let start = Instant::now();
        let after = |minutes| start + Duration::from_mins(minutes);
        let mut stillness = Stillness::new(start);
        assert_eq!(stillness.lasts(after(9), &limiter), Duration::from_mins(9));

        // A gigabyte that may take hours on the slowest uplink.
        let patience = limiter.departs(1 << 30, 1, None);
        assert!(patience > Duration::from_hours(2));
        assert_eq!(stillness.lasts(after(60), &limiter), Duration::ZERO);
        assert!(stillness.lasts(after(60 * 4), &limiter) > LONGEST_STILLNESS);
        limiter.ends(1 << 30);
        assert_eq!(stillness.lasts(after(60 * 4), &limiter), Duration::ZERO);
    }
}
