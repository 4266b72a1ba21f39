//! SIGTERM and SIGINT set one flag; whoever waits looks at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// As a shell reports a command that SIGINT ended.
const INTERRUPTED: i32 = 130;
/// Platforms kill what does not end within some seconds of being asked. Whoever looks at the flag has
/// stopped long before; what is too long in other work, such as hashing a large tree, is ended here: nothing
/// half published becomes visible by that.
const GRACE: Duration = Duration::from_secs(4);

#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts listening. A process that cannot listen keeps the signals' default effect, which
    /// ends it at once: nothing half published becomes visible by that either.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            else {
                return;
            };
            runtime.block_on(async {
                let (Ok(mut terminate), Ok(mut interrupt)) = (
                    signal(SignalKind::terminate()),
                    signal(SignalKind::interrupt()),
                ) else {
                    return;
                };
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                raised.raise();
                // Asked twice: whoever asks does not want to wait.
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    () = tokio::time::sleep(GRACE) => {}
                }
                std::process::exit(INTERRUPTED);
            });
        });
        interrupt
    }

    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
