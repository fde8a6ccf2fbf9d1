//! A host tells others what it does, takes back what it told before it leaves, and what those told that left without.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior};

use super::Inner;
use crate::{
    logs,
    status::{self, EXPIRES_AFTER, HEARTBEAT_EVERY, Said, WRITE_EVERY},
};

/// A state's name, a revision, a reason.
type State = (String, u64, Option<String>);

#[derive(Default)]
pub(super) struct Told {
    /// What others know of this host's transforms.
    states: Mutex<HashMap<String, State>>,
    /// It has said goodbye.
    over: AtomicBool,
}

impl Inner {
    async fn say(&self, transform: &str, said: Option<&Said>) -> bool {
        let key = status::key(transform, &self.config.host_id);
        status::say(&self.log_writer, &self.topics.status, &key, said).await
    }
}

/// Writes this host's status where it changed, for ever.
pub(super) async fn tell(inner: Arc<Inner>) {
    let told = &inner.told;
    let began = Instant::now();
    let mut heartbeat: Option<Instant> = None;
    let mut every = tokio::time::interval(WRITE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if told.over.load(Acquire) {
            break;
        }
        if heartbeat.is_none_or(|at| at.elapsed() >= HEARTBEAT_EVERY) {
            if heartbeat.is_some_and(|at| at.elapsed() >= EXPIRES_AFTER) {
                // It was taken for dead, and what it told may be gone.
                told.states.lock().clear();
            }
            let said = Said {
                state: String::new(),
                revision: 0,
                reason: None,
                at: logs::now(),
            };
            if inner.say("", Some(&said)).await {
                heartbeat = Some(Instant::now());
            }
            // By then those that are there have been heard, however wrong this host's clock is.
            if began.elapsed() >= EXPIRES_AFTER {
                forget(&inner).await;
            }
        }
        tell_changes(&inner).await;
    }
    // A task that ends is taken for a fault; the host's end ends it.
    std::future::pending().await
}

async fn tell_changes(inner: &Inner) {
    if inner.caught_up.load(Relaxed) {
        // One that is deployed again in the moment in which its end is over begins now.
        let deployments = Arc::clone(&inner.deployments.borrow());
        inner.supervisor.follow(&deployments);
    }
    let told = &inner.told;
    let views = inner.supervisor.views();
    for view in &views {
        let (state, reason, _) = view.state();
        let now = (state.as_str().to_owned(), view.revision(), reason);
        if told.states.lock().get(&*view.name) == Some(&now) || told.over.load(Acquire) {
            continue;
        }
        let said = Said {
            state: now.0.clone(),
            revision: now.1,
            reason: now.2.clone(),
            at: logs::now(),
        };
        // Before it is said: a goodbye that comes between takes it back.
        let before = told.states.lock().insert(view.name.to_string(), now);
        if !inner.say(&view.name, Some(&said)).await {
            let mut states = told.states.lock();
            match before {
                Some(before) => states.insert(view.name.to_string(), before),
                None => states.remove(&*view.name),
            };
        }
    }
    let is_here = |name: &String| views.iter().any(|view| *view.name == **name);
    let gone: Vec<String> = {
        let states = told.states.lock();
        states
            .keys()
            .filter(|name| !is_here(name))
            .cloned()
            .collect()
    };
    for name in gone {
        if inner.say(&name, None).await {
            told.states.lock().remove(&name);
        }
    }
}

/// Deletes what hosts told that are long gone; one host is enough for that.
async fn forget(inner: &Inner) {
    if inner.board.hosts().first() != Some(&inner.config.host_id) {
        return;
    }
    for key in inner.board.forgotten() {
        if !status::say(&inner.log_writer, &inner.topics.status, &key, None).await {
            return;
        }
    }
}

/// Takes this host off the list with all that it told, if brokers are there to hear it.
pub(super) async fn say_goodbye(inner: &Inner, within: Duration) {
    inner.told.over.store(true, Release);
    if inner.caught_up.load(Relaxed) {
        let mut names: Vec<String> = inner.told.states.lock().keys().cloned().collect();
        names.push(String::new());
        let all = join_all(names.iter().map(|name| inner.say(name, None)));
        let _ = tokio::time::timeout(within, all).await;
    }
}
