//! A bucket as a synchronous store: a runtime does the work while the calling thread waits, reports and listens.

use super::clients::Clients;
use super::limiter::Limiter;
use super::network::{Hosts, Network};
use super::objects::Objects;
use super::protocol::Protocol;
use super::provider::Provider;
use super::transport::Transport;
use super::{RunLabel, Shared, StoreError, StoreResult};
use crate::config::Access;
use crate::interrupt::Interrupt;
use crate::inventory::{Comparison, Verification};
use crate::manifest::Marker;
use crate::plan::{Progress, Requests, Summary};
use crate::prefix::{BucketUrl, MetaObject};
use crate::release::Release;
use crate::version::Version;
use bytes::Bytes;
use object_store::PutMode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How often the waiting thread reports and listens.
const TICK: Duration = Duration::from_millis(100);
/// A longer run gives up: no prune considers younger refs.
const LONGEST_RUN: Duration = Duration::from_hours(6);
/// Every request has its deadline. If nothing happens for so long after all of them, the machine itself hangs.
const LONGEST_STALL: Duration = Duration::from_mins(10);
/// A marker that is read for the log must not delay the build.
const MARKER_PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Bucket {
    /// Lives as long as the process: dropping it would wait for reads that hang.
    runtime: &'static Runtime,
    pub(super) objects: Arc<Objects>,
    requests: Arc<Shared<Requests>>,
}

impl Bucket {
    pub(super) fn open(url: BucketUrl, access: &Access) -> StoreResult<Self> {
        // One thread keeps hundreds of requests in flight; more threads would wake each other for each answer. Slow
        // work, such as reading a large file, has threads of its own.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(StoreError::NoResources)?;
        let runtime: &Runtime = Box::leak(Box::new(runtime));
        let provider = Provider::of(url.scheme);
        let _inside = runtime.enter();
        let transport = Transport {
            network: Network::of(access)?,
            hosts: Hosts::of(&url, access),
            requests: Arc::default(),
            clock: Arc::default(),
            has_open_writes: Arc::default(),
            limiter: Arc::new(Limiter::up_to(provider.highest_limit)),
        };
        let (requests, limiter) = (transport.requests.clone(), transport.limiter.clone());
        let (clock, has_open_writes) = (transport.clock.clone(), transport.has_open_writes.clone());
        Ok(Self {
            runtime,
            objects: Arc::new(Objects {
                clients: Clients::open(&url, access, transport)?,
                lacks_bulk: AtomicBool::new(false),
                url,
                provider,
                limiter,
                clock,
                has_open_writes,
                put_mode: Shared(PutMode::Create.into()),
            }),
            requests,
        })
    }

    pub(super) fn marker(&self, version: &Version) -> Option<Bytes> {
        let key = self.objects.url.folder.meta(&MetaObject::Marker(version));
        let read = async { timeout(MARKER_PATIENCE, self.objects.read(&key, None)).await };
        self.runtime.block_on(read).ok()?.ok()
    }

    /// Publishes a release, or finds out what that would upload if there is no label.
    pub(super) fn run(
        &self,
        release: &Arc<Release>,
        label: Option<&RunLabel>,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Progress),
    ) -> StoreResult<Summary> {
        let start = Instant::now();
        let requests = self.requests.with(|requests| *requests);
        let protocol = Protocol::new(self.objects.clone(), release.clone());
        let (running, label) = (protocol.clone(), label.cloned());
        let run = async move {
            match label {
                Some(label) => running.publish(&label).await,
                None => running.dry_run().await,
            }
        };
        let mut summary = self.wait_for(run, interrupt, &mut |elapsed| {
            let mut progress = protocol.progress.with(|progress| *progress);
            progress.elapsed = elapsed;
            tick(progress);
        })?;
        summary.requests = self.requests.with(|now| now.since(requests));
        summary.duration = start.elapsed();
        Ok(summary)
    }

    pub(super) fn verify(
        &self,
        version: &Version,
        marker: &Arc<Marker>,
        comparison: Comparison,
        interrupt: &Interrupt,
    ) -> StoreResult<Verification> {
        let (objects, version, marker) = (self.objects.clone(), version.clone(), marker.clone());
        let verify = async move { objects.verify(&version, &marker, comparison).await };
        self.wait_for(verify, interrupt, &mut |_| {})
    }

    /// Runs a task to its end, unless an interrupt comes or nothing happens any more.
    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Duration),
    ) -> StoreResult<T> {
        let start = Instant::now();
        let (sender, receiver) = mpsc::channel();
        let task = self.runtime.spawn(async move {
            // The receiver is gone only if the run was given up.
            let _ = sender.send(work.await);
        });
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err("the task stopped".into()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let elapsed = start.elapsed();
            tick(elapsed);
            let active_until = self.objects.limiter.active_until();
            let active_until = active_until.map_or(start, |until| until.max(start));
            let error = if interrupt.is_raised() {
                StoreError::Interrupted
            } else if elapsed > LONGEST_RUN {
                StoreError::TooLong
            } else if active_until.elapsed() > LONGEST_STALL {
                StoreError::Stalled
            } else {
                continue;
            };
            task.abort();
            return Err(error);
        }
    }
}
