//! The task of one transform: brings its runner to the newest revision, and tells how it goes.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{
    State, View, Workshop,
    prepare::{Held, Unfit, prepare},
    redrive::Job,
    view::of_runner,
};
use crate::{
    deployments::record::{Change, Deployment, Revision},
    logs::Voice,
    runner::{RunState, RunnerHandle},
    wire::{Reads, Shape},
};

/// Between two attempts at what may pass by itself.
const RETRY: Duration = Duration::from_secs(3);
/// The same for tables that are being read, which are waited for besides.
const TABLES_RETRY: Duration = Duration::from_millis(20);
/// How long a deleted transform may take to finish what is in flight.
const DRAIN: Duration = Duration::from_secs(10);

pub(super) struct Transform {
    workshop: Arc<Workshop>,
    view: Arc<View>,
    voice: Arc<Voice>,
    desired: watch::Receiver<Arc<Revision>>,
    stop: watch::Receiver<Option<Instant>>,
    /// The redrive that this is, instead of the transform itself.
    job: Option<Arc<Job>>,
    runner: Option<(RunnerHandle, Shape)>,
    /// The tables of the revision that it is being brought to, which have to be read before that can run.
    tables: Held,
}

/// What ends a wait.
enum Next {
    Revision,
    Again,
    Stop(Instant),
}

impl Transform {
    pub(super) fn new(
        workshop: Arc<Workshop>,
        view: Arc<View>,
        desired: watch::Receiver<Arc<Revision>>,
        stop: watch::Receiver<Option<Instant>>,
        job: Option<Arc<Job>>,
    ) -> Self {
        let voice = Voice::new(
            Arc::clone(&view.name),
            workshop.host.clone(),
            workshop.sink.clone(),
            Arc::clone(&view.stats),
        );
        Transform {
            workshop,
            view,
            voice,
            desired,
            stop,
            job,
            runner: None,
            tables: Held::new(),
        }
    }

    /// Ends when the transform is deleted or the host stops.
    pub(super) async fn run(mut self) {
        loop {
            let revision = Arc::clone(&self.desired.borrow_and_update());
            let retry = match &revision.change {
                Change::Delete => {
                    self.tell(revision.number, State::Stopping, None);
                    self.end(Instant::now() + DRAIN).await;
                    // Deployed again while it was ending: it starts anew.
                    if self.desired.has_changed().unwrap_or(false) {
                        continue;
                    }
                    return;
                }
                Change::Unreadable(why) => {
                    self.end(Instant::now() + DRAIN).await;
                    self.tell(revision.number, State::Failed, Some(why.clone()));
                    None
                }
                Change::Deploy(deployment) => self.bring(&revision, deployment).await,
            };
            match self.wait(revision.number, retry).await {
                Next::Revision | Next::Again => {}
                Next::Stop(deadline) => {
                    self.tell(revision.number, State::Stopping, None);
                    self.end(deadline).await;
                    return;
                }
            }
        }
    }

    /// Brings the runner to this revision. If it has to be tried again: after which time.
    async fn bring(&mut self, revision: &Revision, deployment: &Deployment) -> Option<Duration> {
        if self.runner.is_none() {
            self.tell(revision.number, State::Starting, None);
        }
        let prepared = match self.workshop.tables(&deployment.manifest).await {
            Err(why) => Err(why.into()),
            Ok(tables) => {
                self.tables = tables;
                let (workshop, view, voice) = (&self.workshop, &self.view, &self.voice);
                prepare(workshop, view, voice, revision, deployment, &self.tables).await
            }
        };
        match prepared {
            Ok(mut prepared) => {
                let reads = match &self.job {
                    Some(job) => job.instead(&mut prepared),
                    None => Reads::Sources,
                };
                let shape = Shape::of(&deployment.manifest);
                // Some things are settled when it starts, and a source that has failed does not come back.
                let anew = |(runner, had): &(RunnerHandle, Shape)| {
                    *had != shape
                        || matches!(
                            *runner.state().borrow(),
                            RunState::Failed(_) | RunState::Stopped
                        )
                };
                if self.runner.as_ref().is_some_and(anew) {
                    self.end(Instant::now() + DRAIN).await;
                }
                match &self.runner {
                    Some((runner, _)) => runner.replace(prepared),
                    None => {
                        match self
                            .workshop
                            .wiring
                            .start(shape, prepared, reads, &self.view.stats)
                        {
                            Ok(runner) => {
                                self.view.runner(Some(runner.clone()));
                                self.runner = Some((runner, shape));
                            }
                            Err(why) => {
                                self.tell(revision.number, State::Waiting, Some(why));
                                return Some(RETRY);
                            }
                        }
                    }
                }
                None
            }
            Err(Unfit::Reading(progress)) => {
                // It changes all the time: nothing for the log.
                self.view
                    .set(revision.number, State::Starting, Some(progress));
                Some(TABLES_RETRY)
            }
            Err(Unfit::Later(why)) => {
                self.tell(revision.number, State::Waiting, Some(why));
                Some(RETRY)
            }
            Err(Unfit::Failed(why)) => {
                // What an older revision would still write is not what is deployed.
                self.end(Instant::now() + DRAIN).await;
                self.tell(revision.number, State::Failed, Some(why));
                None
            }
        }
    }

    async fn wait(&mut self, revision: u64, retry: Option<Duration>) -> Next {
        let mut runner = match &self.runner {
            Some((runner, _)) if retry.is_none() => Some(runner.state()),
            _ => None,
        };
        let again = tokio::time::sleep(retry.unwrap_or_default());
        tokio::pin!(again);
        if let Some(state) = &mut runner {
            let now = state.borrow_and_update().clone();
            self.show(revision, &now);
        }
        loop {
            if let Some(deadline) = *self.stop.borrow() {
                return Next::Stop(deadline);
            }
            tokio::select! {
                changed = self.desired.changed() => {
                    if changed.is_err() {
                        return Next::Stop(Instant::now() + DRAIN);
                    }
                    return Next::Revision;
                }
                _ = self.stop.changed() => {}
                () = &mut again, if retry.is_some() => return Next::Again,
                state = changed(&mut runner), if runner.is_some() => match state {
                    Some(state) => {
                        self.show(revision, &state);
                        if state == RunState::Stopped {
                            runner = None;
                        }
                    }
                    None => runner = None,
                },
            }
        }
    }

    fn show(&self, revision: u64, state: &RunState) {
        let (state, reason) = of_runner(state, revision);
        self.tell(revision, state, reason);
    }

    fn tell(&self, revision: u64, state: State, reason: Option<String>) {
        if !self.view.set(revision, state, reason.clone()) {
            return;
        }
        let mut text = match &reason {
            Some(reason) => format!("{}: {reason}", state.as_str()),
            None => state.as_str().to_owned(),
        };
        if let Some(job) = &self.job {
            text = format!("redrive {}: {text}", job.redrive.number);
        }
        let level = match state {
            State::Failed => "error",
            State::Waiting => "warn",
            _ => "info",
        };
        self.voice.host_says(revision, level, text);
    }

    async fn end(&mut self, deadline: Instant) {
        self.tables.clear();
        if let Some((runner, _)) = self.runner.take() {
            runner.drain(deadline).await;
            self.view.runner(None);
        }
    }
}

async fn changed(runner: &mut Option<watch::Receiver<RunState>>) -> Option<RunState> {
    let state = runner.as_mut()?;
    state.changed().await.ok()?;
    Some(state.borrow_and_update().clone())
}
