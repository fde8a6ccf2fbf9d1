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
    Wait(Option<String>),
    Running,
    Failed(String),
    Replaced(u64),
}

/// Waits until the deployed revision runs.
///
/// # Errors
/// It failed, someone deployed over it or deleted it, or the time was up.
pub(crate) async fn until_running(
    client: &Client,
    deployed: &Deployed,
    timeout: Duration,
) -> anyhow::Result<State> {
    let began = Instant::now();
    let name = escape(&deployed.name).into_owned();
    let spinner = Spinner::start(format!("waiting for {name} to run"));
    let mut told = None;
    loop {
        let verdict = match client.describe(&deployed.name).await {
            Ok(detail) => judge(&detail, deployed.revision),
            Err(error) if unknown_yet(&error) && began.elapsed() < UNKNOWN_FOR.min(timeout) => {
                Verdict::Wait(None)
            }
            Err(error) => return Err(error),
        };
        match verdict {
            Verdict::Running => return Ok(State::Running),
            Verdict::Failed(reason) => {
                return Err(Complaint::new(
                    format!("{name}, revision {}", deployed.revision),
                    format!("failed: {}", escape(&reason)),
                )
                .help(format!(
                    "`millstream logs {name}` shows what it logged; deploy a corrected revision"
                ))
                .into());
            }
            Verdict::Replaced(by) => {
                return Err(Complaint::new(
                    format!("{name}, revision {}", deployed.revision),
                    format!("was replaced by revision {by} before it ran here"),
                )
                .help(format!(
                    "`millstream describe {name}` shows what is deployed now and by whom"
                ))
                .into());
            }
            Verdict::Wait(reason) => {
                if let Some(reason) = &reason {
                    spinner.say(format!("waiting for {name} to run: {}", escape(reason)));
                }
                if reason.is_some() && reason != told && began.elapsed() > Duration::from_secs(3) {
                    told = reason;
                    if let Some(reason) = &told {
                        output::note(format_args!(
                            "{name} is not running yet: {}",
                            escape(reason)
                        ));
                    }
                }
            }
        }
        if began.elapsed() > timeout {
            let why = told
                .map(|reason| format!(": {}", escape(&reason)))
                .unwrap_or_default();
            return Err(Complaint::new(name.clone(), format!("does not run after {}{why}", numbers::took(timeout)))
                .help(format!(
                    "it stays deployed and starts when it can: `millstream describe {name}` shows its state; \
                     --timeout waits longer, --no-wait not at all"
                ))
                .into());
        }
        tokio::time::sleep(POLL).await;
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
        return Verdict::Wait(Some(format!("revision {} still runs", transform.revision)));
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
        State::Starting | State::Waiting | State::Stopping | State::Unknown => {
            Verdict::Wait(transform.reason.clone())
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
            Verdict::Wait(_)
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
            Verdict::Wait(Some("why".into()))
        );
    }
}
