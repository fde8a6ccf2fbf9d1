//! Redrives: dead letters are processed once more. Begun and stopped here through the log, carried out by the supervisors of all
//! hosts, and found to be over here again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use millstream_kafka::{KafkaError, TopicPartition};

use super::{
    Host, LettersError, NotReady,
    deploy::{new_request_id, used_before},
};
use crate::{
    deployments::{
        ChangeError, Changed,
        redrive::{Chosen, Redrive, RedriveState},
        state::Deployments,
    },
    logs, names,
    supervisor::State,
};

/// How often it is asked whether an open redrive is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A redrive and how it goes.
#[derive(Debug)]
pub struct RedriveStatus {
    pub redrive: Arc<Redrive>,
    /// The next offset of each partition, where it is known.
    pub reached: BTreeMap<i32, i64>,
    /// How this host is at it.
    pub here: Option<(State, Option<String>)>,
}

impl RedriveStatus {
    /// Offsets of its extents that are not done with: at least as many as letters.
    pub fn remaining(&self) -> u64 {
        if self.redrive.state == RedriveState::Finished {
            return 0;
        }
        let extents = self.redrive.extents.iter();
        let left = extents.map(|(partition, (start, end))| {
            let next = self.reached.get(partition).copied().unwrap_or(*start);
            end.saturating_sub(next.max(*start)).max(0).unsigned_abs()
        });
        left.fold(0, u64::saturating_add)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    #[error(transparent)]
    Letters(#[from] LettersError),
    #[error("{0}")]
    NotReady(#[from] NotReady),
    #[error(
        "redrive {number} of {name:?} is not over: wait for it (`millstream rejected redrives {name}`), or stop it (`millstream rejected cancel {name}`)"
    )]
    Open { name: String, number: u64 },
    #[error(
        "{name:?} has no redrive that could be stopped: `millstream rejected redrives {name}` shows what there was"
    )]
    NoneOpen { name: String },
    #[error("there are no dead letters in {topic:?}")]
    NoLetters { topic: String },
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Broker(String),
}

impl From<KafkaError> for RedriveError {
    fn from(error: KafkaError) -> Self {
        RedriveError::Broker(error.to_string())
    }
}

impl From<ChangeError<RedriveError>> for RedriveError {
    fn from(error: ChangeError<RedriveError>) -> Self {
        match error {
            ChangeError::Refused(why) => why,
            ChangeError::Contended => RedriveError::Conflict(error.to_string()),
            ChangeError::Broker(why) => RedriveError::Broker(why),
        }
    }
}

impl Host {
    /// Has chosen dead letters of a transform processed once more, through its live revision and those that come after it.
    /// The end is fixed now.
    ///
    /// # Errors
    /// If there is no such transform or letter, another redrive of it is not over, or the log cannot be written.
    pub async fn redrive(
        &self,
        name: &str,
        chosen: Chosen,
        request_id: Option<String>,
        by: Option<&str>,
    ) -> Result<Arc<Redrive>, RedriveError> {
        self.ready()?;
        let request_id = request_id.unwrap_or_else(new_request_id);
        let topic = self.letters_topic(name)?;
        for (partition, offset) in &chosen.places {
            self.letter(name, *partition, *offset).await?;
        }
        let extents = self.letter_extents(&topic, &chosen).await?;
        if extents.values().all(|(start, end)| start >= end) {
            return Err(RedriveError::NoLetters { topic });
        }
        let decide = |seen: &Deployments| {
            if let Some(open) = seen.open_redrive(name) {
                let number = open.number;
                return Err(RedriveError::Open {
                    name: name.to_owned(),
                    number,
                });
            }
            let live = seen
                .live(name)
                .ok_or_else(|| LettersError::UnknownTransform(name.to_owned()))?;
            Ok(Redrive {
                name: name.to_owned(),
                number: seen.redrives(name).last().map_or(1, |last| last.number + 1),
                revision: live.number,
                at: logs::now(),
                by: by.map(str::to_owned),
                host: self.id().to_owned(),
                request_id: request_id.clone(),
                topic: topic.clone(),
                chosen: chosen.clone(),
                extents: extents.clone(),
                state: RedriveState::Running,
            })
        };
        let what = (name, RedriveState::Running);
        self.write_redrive(&request_id, decide, by, what).await
    }

    /// Stops the redrive of a transform. What it has sent on its way stays sent.
    ///
    /// # Errors
    /// If none is open, or the log cannot be written.
    pub async fn cancel_redrive(
        &self,
        name: &str,
        request_id: Option<String>,
        by: Option<&str>,
    ) -> Result<Arc<Redrive>, RedriveError> {
        self.ready()?;
        let request_id = request_id.unwrap_or_else(new_request_id);
        let decide = |seen: &Deployments| {
            let name = || name.to_owned();
            seen.live(&name())
                .ok_or_else(|| LettersError::UnknownTransform(name()))?;
            let open = seen
                .open_redrive(&name())
                .ok_or_else(|| RedriveError::NoneOpen { name: name() })?;
            Ok(self.changed(open, RedriveState::Stopping, &request_id, by))
        };
        let what = (name, RedriveState::Stopping);
        self.write_redrive(&request_id, decide, by, what).await
    }

    /// Writes what `decide` says to the log, which brings a redrive of this transform to this state, and waits until this host has
    /// read it. A request that did so before does it no second time; one that did something else is refused.
    async fn write_redrive(
        &self,
        request_id: &str,
        decide: impl FnMut(&Deployments) -> Result<Redrive, RedriveError>,
        by: Option<&str>,
        (transform, state): (&str, RedriveState),
    ) -> Result<Arc<Redrive>, RedriveError> {
        let changed = self.inner.writer.change(request_id, decide).await?;
        let (Changed::Written(redrive) | Changed::Before(redrive)) = changed;
        if redrive.name != transform || redrive.state != state {
            let why = used_before(request_id, &redrive.name);
            return Err(RedriveError::Conflict(why));
        }
        let what = match state {
            RedriveState::Running => "begun",
            _ => "stopped",
        };
        tracing::info!(transform, redrive = redrive.number, by, "redrive {what}");
        self.read_redrive_back(&redrive).await;
        Ok(redrive)
    }

    /// Every redrive of a transform, the latest first.
    ///
    /// # Errors
    /// If there is no such transform, or the brokers cannot be asked.
    pub async fn redrives(&self, name: &str) -> Result<Vec<RedriveStatus>, RedriveError> {
        let deployments = self.deployments();
        if deployments.live(name).is_none() {
            return Err(LettersError::UnknownTransform(name.to_owned()).into());
        }
        let mut all = Vec::new();
        let open = deployments.open_redrive(name).map(|open| open.number);
        for redrive in deployments.redrives(name) {
            let mut redrive = Arc::clone(redrive);
            if !redrive.is_over() && open != Some(redrive.number) {
                // Its transform was deleted: nobody is at it any more, or knows how far it was.
                Arc::make_mut(&mut redrive).state = RedriveState::Cancelled(BTreeMap::new());
            }
            let reached = match &redrive.state {
                RedriveState::Running | RedriveState::Stopping => self.reached(&redrive).await?,
                RedriveState::Cancelled(reached) => reached.clone(),
                RedriveState::Finished => BTreeMap::new(),
            };
            let view = self.inner.supervisor.redrive(name, redrive.number);
            all.push(RedriveStatus {
                redrive,
                reached,
                here: view.map(|view| {
                    let (state, reason, _) = view.state();
                    (state, reason)
                }),
            });
        }
        all.reverse();
        Ok(all)
    }

    fn changed(
        &self,
        redrive: &Redrive,
        state: RedriveState,
        request_id: &str,
        by: Option<&str>,
    ) -> Redrive {
        Redrive {
            state,
            request_id: request_id.to_owned(),
            host: self.id().to_owned(),
            at: logs::now(),
            by: by.map(str::to_owned).or_else(|| redrive.by.clone()),
            ..redrive.clone()
        }
    }

    /// Where chosen letters can be, by partition.
    async fn letter_extents(
        &self,
        topic: &str,
        chosen: &Chosen,
    ) -> Result<BTreeMap<i32, (i64, i64)>, KafkaError> {
        let whole = self.inner.admin.topic_extents(topic).await?;
        let mut extents = BTreeMap::new();
        for (number, extent) in whole.unwrap_or_default() {
            let of_this = |(at, _): &&(i32, i64)| *at == number;
            let mut span = (extent.start, extent.end);
            if !chosen.places.is_empty() {
                let places = || {
                    chosen
                        .places
                        .iter()
                        .filter(of_this)
                        .map(|(_, offset)| *offset)
                };
                span.0 = places().min().unwrap_or(extent.end);
                span.1 = places().max().map_or(extent.end, |last| last + 1);
            }
            extents.insert(number, span);
        }
        Ok(extents)
    }

    /// The next offset of each partition that a redrive's group has committed.
    async fn reached(&self, redrive: &Redrive) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let topic: Arc<str> = Arc::from(redrive.topic.as_str());
        let partitions = redrive.extents.keys();
        let all: Vec<_> = partitions
            .map(|partition| TopicPartition::new(Arc::clone(&topic), *partition))
            .collect();
        let group = names::group(self.prefix(), &redrive.member());
        let committed = self.group_offsets(&group, &all).await?;
        Ok(committed
            .into_iter()
            .map(|(at, committed)| (at.partition(), committed.offset))
            .collect())
    }

    /// What has become of an open redrive, if it is over.
    async fn over(&self, redrive: &Redrive) -> Result<Option<RedriveState>, KafkaError> {
        if redrive.state == RedriveState::Stopping {
            let group = names::group(self.prefix(), &redrive.member());
            let left = self
                .inner
                .supervisor
                .has_left_redrive(&redrive.name, redrive.number);
            // The embedded broker has one host, and does not say who is in a group.
            let empty = self.is_embedded()
                || self.inner.admin.group_members(&group).await?.unwrap_or(0) == 0;
            if !left || !empty {
                return Ok(None);
            }
            return Ok(Some(RedriveState::Cancelled(self.reached(redrive).await?)));
        }
        let reached = self.reached(redrive).await?;
        let done = redrive.extents.iter().all(|(partition, (start, end))| {
            start >= end || reached.get(partition).is_some_and(|next| next >= end)
        });
        Ok(done.then_some(RedriveState::Finished))
    }

    async fn settle_one(&self, redrive: &Redrive) -> Result<(), RedriveError> {
        let Some(state) = self.over(redrive).await? else {
            return Ok(());
        };
        // Every host finds out at about the same time; the first one writes it.
        let request_id = format!("{}-over", redrive.member());
        let decide = |seen: &Deployments| {
            let still = seen
                .open_redrive(&redrive.name)
                .filter(|open| open.number == redrive.number && open.state == redrive.state);
            let still = still.ok_or_else(|| RedriveError::NoneOpen {
                name: redrive.name.clone(),
            })?;
            Ok(self.changed(still, state.clone(), &request_id, None))
        };
        self.inner.writer.change(&request_id, decide).await?;
        let (name, number) = (&redrive.name, redrive.number);
        tracing::info!(
            transform = name,
            redrive = number,
            "redrive {}",
            state.as_str()
        );
        Ok(())
    }
}

/// Finds out which redrives are over, for ever.
pub(super) async fn settle(host: Host) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let open: Vec<_> = host.deployments().open_redrives().cloned().collect();
        for redrive in open {
            match host.settle_one(&redrive).await {
                Ok(()) | Err(RedriveError::NoneOpen { .. }) => {}
                Err(error) => {
                    let (name, number) = (&redrive.name, redrive.number);
                    tracing::warn!(transform = name, redrive = number, %error, "cannot find out whether a redrive is over; trying again");
                }
            }
        }
    }
}
