//! Memory that a process and its children have resident, looked at all the time.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A child that lives for less goes unseen; those of interest compile for longer.
const EVERY: Duration = Duration::from_millis(25);

/// The most bytes at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peak {
    pub own: u64,
    pub children: u64,
}

/// Looks until it is dropped.
pub struct Memory {
    seen: Arc<Mutex<Vec<(Instant, Peak)>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Memory {
    pub fn watch(process: u32) -> Self {
        let (seen, stop) = (
            Arc::<Mutex<Vec<_>>>::default(),
            Arc::new(AtomicBool::new(false)),
        );
        let (of_thread, end) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Acquire) {
                let children = children(process).into_iter().map(resident).sum();
                let own = resident(process);
                of_thread
                    .lock()
                    .unwrap()
                    .push((Instant::now(), Peak { own, children }));
                std::thread::sleep(EVERY);
            }
        });
        Self {
            seen,
            stop,
            thread: Some(thread),
        }
    }

    /// The most between these times.
    pub fn between(&self, from: Instant, to: Instant) -> Peak {
        let seen = self.seen.lock().unwrap();
        let within = seen.iter().filter(|(at, _)| (from..=to).contains(at));
        within.fold(Peak::default(), |peak, (_, now)| Peak {
            own: peak.own.max(now.own),
            children: peak.children.max(now.children),
        })
    }

    /// The least bytes of its own between these times.
    pub fn least(&self, from: Instant, to: Instant) -> u64 {
        let seen = self.seen.lock().unwrap();
        let within = seen.iter().filter(|(at, _)| (from..=to).contains(at));
        within.map(|(_, now)| now.own).min().unwrap_or_default()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Bytes resident; 0 for a process that is gone.
fn resident(process: u32) -> u64 {
    let page = rustix::param::page_size() as u64;
    let statm = fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * page
}

/// Children of any thread of a process.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten();
    threads
        .flat_map(|thread| {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            children
                .split_whitespace()
                .filter_map(|child| child.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}
