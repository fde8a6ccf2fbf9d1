//! What a host can say of one of its transforms, for whoever asks.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
    time::SystemTime,
};

use parking_lot::Mutex;

use crate::{
    runner::{RunState, RunnerHandle},
    stats::{Stats, StatsSnapshot},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Starting,
    Running,
    Waiting,
    Failed,
    Stopping,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Failed => "failed",
            State::Stopping => "stopping",
        }
    }

    /// Of a state's name, as another host wrote it.
    pub fn parse(name: &str) -> Option<State> {
        [
            State::Starting,
            State::Running,
            State::Waiting,
            State::Failed,
            State::Stopping,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }
}

/// Lives as long as the transform, through all its revisions.
#[derive(Debug)]
pub struct View {
    pub name: Arc<str>,
    /// The transform's numbers on this host.
    pub stats: Arc<Stats>,
    now: Mutex<Now>,
    counters: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

#[derive(Debug)]
struct Now {
    revision: u64,
    state: State,
    reason: Option<String>,
    since: SystemTime,
    runner: Option<RunnerHandle>,
}

impl View {
    pub fn new(name: &str) -> Self {
        let now = Now {
            revision: 0,
            state: State::Starting,
            reason: None,
            since: SystemTime::now(),
            runner: None,
        };
        View {
            name: Arc::from(name),
            stats: Stats::new(),
            now: Mutex::new(now),
            counters: Mutex::default(),
        }
    }

    /// State, reason, since when.
    pub fn state(&self) -> (State, Option<String>, SystemTime) {
        let now = self.now.lock();
        (now.state, now.reason.clone(), now.since)
    }

    /// The revision that the state is about.
    pub fn revision(&self) -> u64 {
        self.now.lock().revision
    }

    /// The numbers now, CPU time included.
    pub fn snapshot(&self) -> StatsSnapshot {
        let runner = self.now.lock().runner.clone();
        match runner {
            Some(runner) => runner.stats().snapshot(),
            None => self.stats.snapshot(),
        }
    }

    /// The module's own counters.
    pub fn counters(&self) -> BTreeMap<String, Arc<AtomicU64>> {
        self.counters.lock().clone()
    }

    pub(super) fn counters_for(&self, names: &[String]) -> Vec<Arc<AtomicU64>> {
        let mut counters = self.counters.lock();
        names
            .iter()
            .map(|name| Arc::clone(counters.entry(name.clone()).or_default()))
            .collect()
    }

    pub(super) fn runner(&self, runner: Option<RunnerHandle>) {
        self.now.lock().runner = runner;
    }

    /// `true`: this is news.
    pub(super) fn set(&self, revision: u64, state: State, reason: Option<String>) -> bool {
        let mut now = self.now.lock();
        let news = now.revision != revision || now.state != state || now.reason != reason;
        if now.state != state {
            now.since = SystemTime::now();
        }
        now.revision = revision;
        now.state = state;
        now.reason = reason;
        news
    }
}

/// The runner's state as others see it, who ask about this revision.
pub(super) fn of_runner(state: &RunState, wanted: u64) -> (State, Option<String>) {
    match state {
        RunState::Running { revision, problem } if *revision == wanted => {
            (State::Running, problem.clone())
        }
        // An older revision works meanwhile, if any: what this one promises does not hold yet.
        RunState::Running { problem: None, .. } | RunState::Starting { problem: None } => {
            (State::Starting, None)
        }
        RunState::Running {
            problem: Some(problem),
            ..
        }
        | RunState::Starting {
            problem: Some(problem),
        } => (State::Waiting, Some(problem.clone())),
        RunState::Waiting { newer } => (
            State::Waiting,
            Some(format!(
                "some of its partitions wait for revision {}, which this host does not have yet",
                newer.revision
            )),
        ),
        RunState::Failed(failed) => (State::Failed, Some(failed.to_string())),
        RunState::Stopping | RunState::Stopped => (State::Stopping, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_not_running_while_an_older_one_still_works() {
        let running = |problem: Option<&str>| RunState::Running {
            revision: 1,
            problem: problem.map(str::to_owned),
        };
        assert_eq!(of_runner(&running(None), 1), (State::Running, None));
        assert_eq!(of_runner(&running(None), 2), (State::Starting, None));
        let missing = Some("revision 2 cannot take over yet".to_owned());
        assert_eq!(
            of_runner(&running(missing.as_deref()), 2),
            (State::Waiting, missing)
        );
    }
}
