//! A flag that SIGTERM and SIGINT set, and that every wait checks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a shell for a command that SIGINT ended.
const INTERRUPTED: i32 = 130;
/// How long work that doesn't check the flag, such as hashing one large file, may go on. Platforms kill a process
/// some seconds after the signal. Ending it is safe: nothing half published becomes visible.
const GRACE: Duration = Duration::from_secs(4);

#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    flag: Arc<AtomicBool>,
    /// After so many checks, a test's interrupt is raised.
    #[cfg(test)]
    checks_left: Option<Arc<std::sync::atomic::AtomicUsize>>,
}

impl Interrupt {
    /// Starts to listen. If that fails, signals end the process at once, which is safe as well.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(raised.obey_signals())
        });
        interrupt
    }

    async fn obey_signals(self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut signal = async || {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        };
        signal().await;
        self.raise();
        // A second signal means that nobody wants to wait.
        let _ = tokio::time::timeout(GRACE, signal()).await;
        std::process::exit(INTERRUPTED);
    }

    pub(crate) fn raise(&self) {
        self.flag.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_raised(&self) -> bool {
        #[cfg(test)]
        if let Some(left) = &self.checks_left
            && left.fetch_sub(1, Ordering::SeqCst) == 0
        {
            self.raise();
        }
        self.flag.load(Ordering::SeqCst)
    }

    /// An interrupt that is raised once it was checked so many times.
    #[cfg(test)]
    pub(crate) fn after_checks(number: usize) -> Self {
        Self {
            flag: Arc::default(),
            checks_left: Some(Arc::new(number.into())),
        }
    }
}
