//! How many requests are in flight, and how long one may take: both follow from what the store has shown
//! it can do. Shared by whoever starts requests and whoever sends them.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// Requests in flight at first.
const FIRST: usize = 64;
const FEWEST: usize = 4;
/// What a doubling must bring, or it is taken back.
const GAIN: f64 = 1.1;
/// Epochs after which a steady run tries more again: networks and servers change.
const STEADY: u32 = 16;
/// A small request without an answer for this long is stalled: most stores answer within half a second.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_PATIENCE: Duration = Duration::from_secs(30);
/// The slowest uplink that is waited for, in bytes a second.
const SLOWEST: u64 = 128 << 10;

#[derive(Debug)]
pub(super) struct Limiter(Mutex<State>);

#[derive(Debug)]
struct State {
    most: usize,
    limit: usize,
    phase: Phase,
    epoch: Epoch,
    /// Bodies on their way.
    in_flight: u64,
    /// Bytes that arrived, since the first of them was sent.
    arrived: u64,
    since: Option<Instant>,
    /// Departures and ends of requests.
    moves: u64,
    /// Until then something that is under way may still come to a good end.
    patient_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// More in flight brought this many answers a second, so far.
    Growing {
        best: f64,
    },
    Steady {
        epochs: u32,
    },
}

/// A stretch of as many answers as requests may be in flight.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    start: Option<Instant>,
    answers: usize,
}

impl Epoch {
    const FRESH: Self = Self {
        start: None,
        answers: 0,
    };
}

impl Limiter {
    /// `most` is what the store takes from one client.
    pub(super) fn up_to(most: usize) -> Self {
        Self(Mutex::new(State {
            most,
            limit: FIRST.min(most),
            phase: Phase::Growing { best: 0.0 },
            epoch: Epoch::FRESH,
            in_flight: 0,
            arrived: 0,
            since: None,
            moves: 0,
            patient_until: None,
        }))
    }

    pub(super) fn limit(&self) -> usize {
        self.with(|state| state.limit)
    }

    /// Grows with everything that is sent or comes back.
    pub(super) fn moves(&self) -> u64 {
        self.with(|state| state.moves)
    }

    /// The longest that any request so far may take.
    pub(super) fn patient_until(&self) -> Option<std::time::Instant> {
        self.with(|state| state.patient_until.map(Instant::into_std))
    }

    /// How long a request with a body of `bytes` may take, which is now on its way beside the others.
    pub(super) fn departs(&self, bytes: u64, try_number: u32, least: Option<Duration>) -> Duration {
        self.with(|state| {
            state.in_flight += bytes;
            state.moves += 1;
            state.since.get_or_insert_with(Instant::now);
            let patience = PATIENCE * 2_u32.saturating_pow(try_number.saturating_sub(1));
            let bodies = Duration::from_secs(state.in_flight / state.rate());
            let patience = (patience.min(MOST_PATIENCE) + bodies).max(least.unwrap_or_default());
            let until = Instant::now() + patience;
            state.patient_until = state.patient_until.max(Some(until));
            patience
        })
    }

    /// Whatever came of it, the body is on its way no more.
    pub(super) fn ends(&self, bytes: u64) {
        self.with(|state| {
            state.in_flight = state.in_flight.saturating_sub(bytes);
            state.moves += 1;
        });
    }

    /// The store did what was asked.
    pub(super) fn answered(&self, bytes: u64) {
        self.with(|state| {
            state.arrived += bytes;
            state.count();
        });
    }

    /// The store asks for less.
    pub(super) fn throttled(&self) {
        self.with(|state| {
            // Those in flight are refused together: once for them all.
            if state.epoch.answers > 0 || matches!(state.phase, Phase::Growing { .. }) {
                state.limit = (state.limit / 2).max(FEWEST);
            }
            state.phase = Phase::Steady { epochs: 0 };
            state.epoch = Epoch::FRESH;
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // Nothing in here panics while it holds the lock.
        let mut state = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut state)
    }
}

impl State {
    /// Bytes a second that may be counted on: half of what was seen, never less than the slowest uplink.
    fn rate(&self) -> u64 {
        let elapsed = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        let seen = u128::from(self.arrived) * 1000 / elapsed.as_millis().max(1);
        u64::try_from(seen / 2).unwrap_or(u64::MAX).max(SLOWEST)
    }

    fn count(&mut self) {
        let start = *self.epoch.start.get_or_insert_with(Instant::now);
        self.epoch.answers += 1;
        if self.epoch.answers <= self.limit {
            return;
        }
        let seconds = start.elapsed().as_secs_f64().max(0.001);
        #[allow(clippy::cast_precision_loss, reason = "a rate to compare with others")]
        let rate = self.epoch.answers as f64 / seconds;
        self.epoch = Epoch::FRESH;
        self.phase = match self.phase {
            Phase::Growing { best } if rate < best * GAIN => {
                self.limit = (self.limit / 2).max(FEWEST);
                Phase::Steady { epochs: 0 }
            }
            Phase::Growing { .. } if self.limit == self.most => Phase::Steady { epochs: 0 },
            Phase::Growing { .. } => {
                self.limit = (self.limit * 2).min(self.most);
                Phase::Growing { best: rate }
            }
            Phase::Steady { epochs } if epochs >= STEADY && self.limit < self.most => {
                self.limit = (self.limit * 2).min(self.most);
                Phase::Growing { best: rate }
            }
            Phase::Steady { epochs } => Phase::Steady { epochs: epochs + 1 },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets a store answer that serves `capacity` requests a second, each after 30 ms at least.
    async fn serve(limiter: &Limiter, capacity: f64, requests: usize) {
        let mut left = requests;
        while left > 0 {
            let together = limiter.limit().min(left);
            #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
            let busy = Duration::from_secs_f64(together as f64 / capacity);
            tokio::time::advance(busy.max(Duration::from_millis(30))).await;
            for _ in 0..together {
                limiter.answered(1000);
            }
            left -= together;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_distant_store_gets_more_at_a_time() {
        let limiter = Limiter::up_to(256);
        serve(&limiter, 1e6, 5000).await;
        assert_eq!(limiter.limit(), 256);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_at_its_limit_is_not_crowded() {
        let limiter = Limiter::up_to(256);
        serve(&limiter, 1000.0, 5000).await;
        assert!(limiter.limit() <= 64, "{}", limiter.limit());
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_asks_for_less_gets_half_and_later_more_again() {
        let limiter = Limiter::up_to(256);
        serve(&limiter, 1e6, 5000).await;
        limiter.throttled();
        assert_eq!(limiter.limit(), 128);
        for _ in 0..100 {
            limiter.throttled();
        }
        assert_eq!(limiter.limit(), 128, "one wave of refusals counts once");
        serve(&limiter, 1e6, 10_000).await;
        assert_eq!(limiter.limit(), 256);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_grows_with_the_bodies_in_flight_and_with_each_try() {
        let limiter = Limiter::up_to(256);
        assert_eq!(limiter.departs(0, 1, None), PATIENCE);
        assert_eq!(limiter.departs(0, 2, None), 2 * PATIENCE);
        assert_eq!(limiter.departs(0, 9, None), MOST_PATIENCE);
        assert_eq!(
            limiter.departs(8 << 20, 1, None),
            PATIENCE + Duration::from_secs(64)
        );
        limiter.ends(8 << 20);
        assert_eq!(limiter.departs(0, 1, None), PATIENCE);

        // A fast uplink is known for one, and a stalled put is sent again in seconds.
        tokio::time::advance(Duration::from_secs(1)).await;
        limiter.answered(100 << 20);
        assert_eq!(limiter.departs(8 << 20, 1, None), PATIENCE);
    }
}
