//! Waits until a revision is at work.

use std::time::{Duration, Instant};

use crate::api::{self, Deployed, State, TransformDetail};
use crate::client::Client;
use crate::output::progress::Spinner;
use crate::output::{self, Complaint, escape, numbers};

/// Often enough that a person does not notice, seldom enough that the host does not.
const POLL: Duration = Duration::from_millis(100);
/// A host hears of a deployment from Kafka, so for a moment it may not know what it just took.
const UNKNOWN_FOR: Duration = Duration::from_secs(10);

/// What an answer means for the wait.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Wait(State, Option<String>),
    Running,
    Failed(String),
    Replaced(u64),
}

/// A revision that is stored and does not run.
#[derive(Debug)]
pub(crate) struct NotRunning {
    /// Where the host says it is; `None`: it does not say.
    pub(super) state: Option<State>,
    pub(super) reason: String,
    /// The same for people, with the remedy.
    pub(super) error: anyhow::Error,
}

impl From<NotRunning> for anyhow::Error {
    fn from(not_running: NotRunning) -> Self {
        not_running.error
    }
}

/// Waits until the deployed revision runs.
///
/// # Errors
/// It failed, someone deployed over it or deleted it, or the time was up.
pub(crate) async fn until_running(
    client: &Client,
    deployed: &Deployed,
    timeout: Duration,
) -> Result<State, NotRunning> {
    let began = Instant::now();
    let name = escape(&deployed.name).into_owned();
    let spinner = Spinner::start(format!("waiting for {name} to run"));
    let mut told = None;
    loop {
        let verdict = match client.describe(&deployed.name).await {
            Ok(detail) => judge(&detail, deployed.revision),
            Err(error) if unknown_yet(&error) && began.elapsed() < UNKNOWN_FOR.min(timeout) => {
                Verdict::Wait(State::Starting, None)
            }
            Err(error) => return Err(NotRunning::unknown(error)),
        };
        let (state, reason) = match verdict {
            Verdict::Wait(state, reason) => (state, reason),
            Verdict::Running => return Ok(State::Running),
            Verdict::Failed(reason) => return Err(NotRunning::failed(deployed, reason)),
            Verdict::Replaced(by) => return Err(NotRunning::replaced(deployed, by)),
        };
        if let Some(reason) = &reason {
            let reason = escape(reason);
            spinner.say(format!("waiting for {name} to run: {reason}"));
            if told.as_deref() != Some(&*reason) && began.elapsed() > Duration::from_secs(3) {
                output::note(format_args!("{name} is not running yet: {reason}"));
                told = Some(reason.into_owned());
            }
        }
        if began.elapsed() > timeout {
            return Err(NotRunning::late(deployed, timeout, state, told));
        }
        tokio::time::sleep(POLL).await;
    }
}

impl NotRunning {
    fn new(state: Option<State>, reason: String, complaint: Complaint) -> NotRunning {
        NotRunning {
            state,
            reason,
            error: complaint.into(),
        }
    }

    /// The host does not answer any more, or has no such transform.
    fn unknown(error: anyhow::Error) -> NotRunning {
        NotRunning {
            state: None,
            reason: error.to_string(),
            error,
        }
    }

    pub(super) fn failed(deployed: &Deployed, reason: String) -> NotRunning {
        let name = escape(&deployed.name);
        let thing = format!("{name}, revision {}", deployed.revision);
        let complaint = Complaint::new(thing, format!("failed: {}", escape(&reason))).help(format!(
            "`millstream logs {name}` shows what it logged; deploy a corrected revision, or the same again once the cause is gone"
        ));
        NotRunning::new(Some(State::Failed), reason, complaint)
    }

    fn replaced(deployed: &Deployed, by: u64) -> NotRunning {
        let name = escape(&deployed.name);
        let thing = format!("{name}, revision {}", deployed.revision);
        let reason = format!("was replaced by revision {by} before it ran here");
        let complaint = Complaint::new(thing, &reason).help(format!(
            "`millstream describe {name}` shows what is deployed now and by whom"
        ));
        NotRunning::new(None, reason, complaint)
    }

    fn late(
        deployed: &Deployed,
        timeout: Duration,
        state: State,
        why: Option<String>,
    ) -> NotRunning {
        let name = escape(&deployed.name);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let reason = format!("does not run after {}{why}", numbers::took(timeout));
        let complaint = Complaint::new(name.clone(), &reason).help(format!(
            "it stays deployed and starts when it can: `millstream describe {name}` shows its state; \
             --timeout waits longer, --no-wait not at all"
        ));
        NotRunning::new(Some(state), reason, complaint)
    }
}

fn unknown_yet(error: &anyhow::Error) -> bool {
    matches!(
        Complaint::code_of(error),
        Some(api::code::UNKNOWN_TRANSFORM | api::code::NOT_READY)
    )
}

fn judge(detail: &TransformDetail, revision: u64) -> Verdict {
    let transform = &detail.transform;
    if transform.revision < revision {
        let reason = format!("revision {} still runs", transform.revision);
        return Verdict::Wait(State::Starting, Some(reason));
    }
    if transform.revision > revision {
        return Verdict::Replaced(transform.revision);
    }
    match transform.state {
        State::Running => Verdict::Running,
        State::Failed => Verdict::Failed(
            transform
                .reason
                .clone()
                .unwrap_or_else(|| "the host gives no reason".to_owned()),
        ),
        state @ (State::Starting | State::Waiting | State::Stopping | State::Unknown) => {
            Verdict::Wait(state, transform.reason.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Limits, ModuleInfo};

    fn detail(revision: u64, state: State) -> TransformDetail {
        TransformDetail {
            host: "a".into(),
            hosts: vec!["a".into()],
            transform: api::Transform {
                revision,
                state,
                reason: Some("why".into()),
                ..super::super::super::list::tests::transform()
            },
            manifest: String::new(),
            rejected_topic: String::new(),
            deployed_at: String::new(),
            deployed_by: None,
            since: String::new(),
            module: ModuleInfo::default(),
            limits: Limits::default(),
            failures: [].into(),
            tables: [].into(),
            positions: vec![],
            elsewhere: [].into(),
        }
    }

    #[test]
    fn an_earlier_revision_that_still_runs_is_not_the_one_waited_for() {
        assert!(matches!(
            judge(&detail(2, State::Running), 3),
            Verdict::Wait(State::Starting, _)
        ));
        assert_eq!(judge(&detail(3, State::Running), 3), Verdict::Running);
        assert_eq!(judge(&detail(4, State::Running), 3), Verdict::Replaced(4));
    }

    #[test]
    fn a_failure_is_final_and_waiting_is_not() {
        assert_eq!(
            judge(&detail(3, State::Failed), 3),
            Verdict::Failed("why".into())
        );
        assert_eq!(
            judge(&detail(3, State::Waiting), 3),
            Verdict::Wait(State::Waiting, Some("why".into()))
        );
    }
}
