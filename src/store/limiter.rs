//! How many requests may be in flight, and how long each may take: both follow from what the store has shown it can
//! do. The uploader asks for the limit; the transport reports every request.

use super::Shared;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

const FIRST: usize = 64;
const FEWEST: usize = 4;
/// A doubled limit is kept only if it brings this many times the answers a second.
const GAIN: f64 = 1.1;
/// After this many steady epochs a higher limit is tried again: networks and servers change.
const STEADY: u32 = 16;
/// How long a request without a body may take on its first try: most stores answer within half a second.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_PATIENCE: Duration = Duration::from_secs(30);
/// The slowest uplink that bodies get time for, in bytes a second.
const SLOWEST: u64 = 128 << 10;

#[derive(Debug)]
pub(super) struct Limiter(Shared<Traffic>);

#[derive(Debug, Default)]
struct Traffic {
    /// Whether the store has answered any request. One that never did is given up sooner.
    has_answered: bool,
    highest_limit: usize,
    limit: usize,
    /// The limit doubles while that brings more answers a second than this.
    best_rate: f64,
    /// How many epochs the limit has not changed. `None` while it doubles.
    steady_epochs: Option<u32>,
    /// An epoch is a stretch of as many answers as requests may be in flight.
    epoch_start: Option<Instant>,
    epoch_answers: usize,
    bytes_in_flight: u64,
    bytes_answered: u64,
    first_start: Option<Instant>,
    active_until: Option<Instant>,
}

/// A request in flight, until it is dropped.
pub(super) struct InFlight<'a> {
    limiter: &'a Limiter,
    bytes: u64,
    pub(super) patience: Duration,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.limiter.0.with(|traffic| {
            traffic.bytes_in_flight = traffic.bytes_in_flight.saturating_sub(self.bytes);
            traffic.active_until = traffic.active_until.max(Some(Instant::now()));
        });
    }
}

impl Limiter {
    /// `highest_limit` is what the store takes from one client.
    pub(super) fn up_to(highest_limit: usize) -> Self {
        Self(Shared(Mutex::new(Traffic {
            highest_limit,
            limit: FIRST.min(highest_limit),
            ..Traffic::default()
        })))
    }

    pub(super) fn limit(&self) -> usize {
        self.0.with(|traffic| traffic.limit)
    }

    /// The last end or deadline of all requests so far.
    pub(super) fn active_until(&self) -> Option<std::time::Instant> {
        self.0
            .with(|traffic| traffic.active_until.map(Instant::into_std))
    }

    /// Starts a request. It gets `least`, or more for the bodies in flight with it, and for later tries of a store that
    /// has answered before.
    pub(super) fn start(&self, bytes: u64, try_number: u32, least: Duration) -> InFlight<'_> {
        let patience = self.0.with(|traffic| {
            let now = Instant::now();
            traffic.first_start.get_or_insert(now);
            traffic.bytes_in_flight += bytes;
            let longer = if traffic.has_answered { try_number } else { 1 };
            let patience = PATIENCE * 2_u32.saturating_pow(longer.saturating_sub(1));
            let bodies = Duration::from_secs(traffic.bytes_in_flight / traffic.bytes_a_second());
            let patience = (patience.min(LONGEST_PATIENCE) + bodies).max(least);
            traffic.active_until = traffic.active_until.max(Some(now + patience));
            patience
        });
        InFlight {
            limiter: self,
            bytes,
            patience,
        }
    }

    /// Notes that the store is there, whatever it answers.
    pub(super) fn note_answer(&self) {
        self.0.with(|traffic| traffic.has_answered = true);
    }

    /// Counts an answer of the store to a request with a body of `bytes`.
    pub(super) fn count_answer(&self, bytes: u64) {
        self.0.with(|traffic| traffic.count_answer(bytes));
    }

    /// Lowers the limit because the store asks for fewer requests.
    pub(super) fn throttle(&self) {
        self.0.with(|traffic| {
            // A whole wave of requests is throttled together: it lowers the limit once.
            if traffic.epoch_answers > 0 || traffic.steady_epochs.is_none() {
                traffic.halve_limit();
            }
            traffic.steady_epochs = Some(0);
            (traffic.epoch_start, traffic.epoch_answers) = (None, 0);
        });
    }
}

impl Traffic {
    /// The uplink that bodies may count on: half of what was seen, never less than the slowest.
    fn bytes_a_second(&self) -> u64 {
        let elapsed = self.first_start.unwrap_or_else(Instant::now).elapsed();
        let seen = u128::from(self.bytes_answered) * 1000 / elapsed.as_millis().max(1);
        u64::try_from(seen / 2).unwrap_or(u64::MAX).max(SLOWEST)
    }

    fn halve_limit(&mut self) {
        self.limit = (self.limit / 2).max(FEWEST);
    }

    fn count_answer(&mut self, bytes: u64) {
        self.bytes_answered += bytes;
        let start = *self.epoch_start.get_or_insert_with(Instant::now);
        self.epoch_answers += 1;
        if self.epoch_answers <= self.limit {
            return;
        }
        let seconds = start.elapsed().as_secs_f64().max(0.001);
        #[allow(clippy::cast_precision_loss, reason = "a rate to compare with others")]
        let rate = self.epoch_answers as f64 / seconds;
        (self.epoch_start, self.epoch_answers) = (None, 0);
        let is_highest = self.limit == self.highest_limit;
        self.steady_epochs = match self.steady_epochs {
            None if rate < self.best_rate * GAIN => {
                self.halve_limit();
                Some(0)
            }
            None if is_highest => Some(0),
            Some(epochs) if is_highest || epochs < STEADY => Some(epochs + 1),
            None | Some(_) => {
                self.limit = (self.limit * 2).min(self.highest_limit);
                self.best_rate = rate;
                None
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves `requests`, at most `capacity` a second and none in less than 30 ms.
    async fn serve(limiter: &Limiter, capacity: f64, requests: usize) {
        let mut left = requests;
        while left > 0 {
            let together = limiter.limit().min(left);
            #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
            let busy = Duration::from_secs_f64(together as f64 / capacity);
            tokio::time::advance(busy.max(Duration::from_millis(30))).await;
            for _ in 0..together {
                limiter.count_answer(1000);
            }
            left -= together;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_distant_store_gets_the_highest_limit() {
        let limiter = Limiter::up_to(256);
        serve(&limiter, 1e6, 5000).await;
        assert_eq!(limiter.limit(), 256);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_store_keeps_the_first_limit() {
        let limiter = Limiter::up_to(256);
        serve(&limiter, 1000.0, 5000).await;
        assert!(limiter.limit() <= 64, "{}", limiter.limit());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttling_store_gets_half_and_later_more() {
        let limiter = Limiter::up_to(256);
        serve(&limiter, 1e6, 5000).await;
        limiter.throttle();
        assert_eq!(limiter.limit(), 128);
        for _ in 0..100 {
            limiter.throttle();
        }
        assert_eq!(
            limiter.limit(),
            128,
            "one wave of throttled requests counts once"
        );
        serve(&limiter, 1e6, 10_000).await;
        assert_eq!(limiter.limit(), 256);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_grows_with_bodies_and_tries() {
        let limiter = Limiter::up_to(256);
        let patience =
            |bytes, try_number| limiter.start(bytes, try_number, Duration::ZERO).patience;
        assert_eq!(patience(0, 1), PATIENCE);
        assert_eq!(patience(0, 9), PATIENCE, "a store that never answered");
        limiter.note_answer();
        assert_eq!(patience(0, 2), 2 * PATIENCE);
        assert_eq!(patience(0, 9), LONGEST_PATIENCE);
        let large = limiter.start(8 << 20, 1, Duration::ZERO);
        assert_eq!(large.patience, PATIENCE + Duration::from_secs(64));
        assert_eq!(patience(0, 1), large.patience);
        drop(large);
        assert_eq!(patience(0, 1), PATIENCE);

        // On an uplink that proved fast, a stalled upload is sent again in seconds.
        tokio::time::advance(Duration::from_secs(1)).await;
        limiter.count_answer(100 << 20);
        assert_eq!(patience(8 << 20, 1), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_active_until_its_deadline_or_end() {
        let limiter = Limiter::up_to(8);
        assert_eq!(limiter.active_until(), None);
        let start = Instant::now();
        let after = |minutes| Some((start + Duration::from_mins(minutes)).into_std());

        // A gigabyte that may take hours on the slowest uplink.
        let large = limiter.start(1 << 30, 1, Duration::ZERO);
        assert_eq!(
            limiter.active_until(),
            Some((start + large.patience).into_std())
        );
        assert!(limiter.active_until() > after(120));
        tokio::time::advance(Duration::from_hours(5)).await;
        assert!(limiter.active_until() < after(300));
        drop(large);
        assert_eq!(limiter.active_until(), after(300));
    }
}
