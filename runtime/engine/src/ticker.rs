//! The clock that interrupts guests: moves the engine's epoch on every few milliseconds while calls are running, and
//! sleeps otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// How long a guest runs before it lets other lanes have their turn, and how exact the limit on CPU time is.
pub(crate) const TICK: Duration = Duration::from_millis(4);

/// Idle ticks before the thread goes to sleep: waking it costs a call a few microseconds, so it stays awake between
/// the batches of a busy host.
const PATIENCE: u32 = 25;

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    asleep: AtomicBool,
    stopped: AtomicBool,
}

/// Ticks while at least one [`Running`] lives.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let (of_thread, engine) = (shared.clone(), engine.clone());
        let thread = thread::Builder::new()
            .name("engine-ticker".into())
            .spawn(move || run(&of_thread, &engine))?;
        Ok(Ticker {
            shared,
            thread: Some(thread),
        })
    }

    /// A call runs for as long as what is returned lives.
    pub(crate) fn running(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            self.wake();
        }
        Running {
            shared: &self.shared,
        }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // It cannot panic; if it did, there is nothing left to tick for.
            let _ = thread.join();
        }
    }
}

/// See [`Ticker::running`].
pub(crate) struct Running<'a> {
    shared: &'a Shared,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, SeqCst);
    }
}

fn run(shared: &Shared, engine: &Engine) {
    let mut idle = 0;
    while !shared.stopped.load(SeqCst) {
        if shared.running.load(SeqCst) > 0 {
            idle = 0;
            thread::sleep(TICK);
            engine.increment_epoch();
            continue;
        }
        idle += 1;
        if idle < PATIENCE {
            thread::sleep(TICK);
            continue;
        }
        // A call that starts now either sees the flag and wakes this thread, or is seen by the second look.
        shared.asleep.store(true, SeqCst);
        if shared.running.load(SeqCst) == 0 && !shared.stopped.load(SeqCst) {
            thread::park();
        }
        shared.asleep.store(false, SeqCst);
        idle = 0;
    }
}
