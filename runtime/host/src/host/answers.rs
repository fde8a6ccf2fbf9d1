//! What a host says of its transforms.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use millstream_engine::Limits;

use super::Host;
use crate::{
    check,
    deployments::record::{Deployment, Revision},
    source::TopicPartition,
    stats::{PartitionSnapshot, Retrying, StatsSnapshot},
    supervisor::{State, View},
};

/// A transform as this host sees it.
pub struct Summary {
    /// Its newest revision.
    pub revision: Arc<Revision>,
    pub state: State,
    pub reason: Option<String>,
    pub since: SystemTime,
    pub summed: Summed,
}

/// Numbers over all outputs and partitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summed {
    pub records_in: u64,
    pub records_out: u64,
    pub rejected: u64,
    pub failures: BTreeMap<String, u64>,
    /// `None` as long as it is not known of every partition.
    pub lag_records: Option<u64>,
    /// The worst of all partitions, in seconds.
    pub lag_seconds: Option<f64>,
}

pub struct Position {
    pub partition: TopicPartition,
    pub done: i64,
    pub committed: Option<i64>,
    pub end: Option<i64>,
    pub retrying: Option<Retrying>,
}

/// What another host said.
pub struct Elsewhere {
    pub host: String,
    pub state: Option<State>,
    pub revision: u64,
    pub reason: Option<String>,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub at: i64,
}

pub struct Detail {
    pub summary: Summary,
    pub limits: Limits,
    pub positions: Vec<Position>,
    pub elsewhere: Vec<Elsewhere>,
}

impl Summary {
    /// What was deployed. `None`: it cannot be read.
    pub fn deployment(&self) -> Option<&Deployment> {
        self.revision.deployment()
    }
}

impl Host {
    /// Every transform that is deployed, by name.
    pub fn list(&self) -> Vec<Summary> {
        self.deployments()
            .all_live()
            .map(|revision| self.summary(revision).0)
            .collect()
    }

    /// One transform. `None`: there is none of that name.
    pub fn describe(&self, name: &str) -> Option<Detail> {
        let deployments = self.deployments();
        let revision = deployments.live(name)?;
        let (summary, stats) = self.summary(revision);
        let positions = stats
            .into_iter()
            .flat_map(|stats| stats.partitions)
            .map(position)
            .collect();
        let limits = revision
            .deployment()
            .map(|deployment| {
                check::effective_limits(&deployment.manifest, &self.inner.config.limits())
            })
            .unwrap_or_default();
        let said = self.inner.board.of(name).into_iter();
        let elsewhere = said
            .filter(|(host, _)| host != self.id())
            .map(|(host, said)| Elsewhere {
                host,
                state: State::parse(&said.state),
                revision: said.revision,
                reason: said.reason,
                at: said.at,
            });
        Some(Detail {
            summary,
            limits,
            positions,
            elsewhere: elsewhere.collect(),
        })
    }

    pub(super) fn view(&self, name: &str) -> Option<Arc<View>> {
        self.inner.supervisor.view(name)
    }

    fn summary(&self, revision: &Arc<Revision>) -> (Summary, Option<StatsSnapshot>) {
        let Some(view) = self.view(&revision.name) else {
            let summary = Summary {
                revision: Arc::clone(revision),
                state: State::Starting,
                reason: None,
                since: SystemTime::now(),
                summed: Summed::default(),
            };
            return (summary, None);
        };
        let (mut state, mut reason, since) = view.state();
        if view.revision() < revision.number {
            // What it says is about an older revision; this one is on its way.
            (state, reason) = (State::Starting, None);
        }
        let stats = view.snapshot();
        let summary = Summary {
            revision: Arc::clone(revision),
            state,
            reason,
            since,
            summed: sum(&stats),
        };
        (summary, Some(stats))
    }
}

fn sum(stats: &StatsSnapshot) -> Summed {
    let partitions = stats.partitions.values();
    Summed {
        records_in: stats.records_in,
        records_out: stats.records_out.values().sum(),
        rejected: stats.rejected.values().sum(),
        failures: stats.failures.clone(),
        lag_records: partitions
            .clone()
            .map(|partition| partition.lag_records)
            .sum(),
        lag_seconds: partitions
            .map(|partition| partition.lag.map(|lag| lag.as_secs_f64()))
            .try_fold(0.0, |worst: f64, lag| lag.map(|lag| worst.max(lag))),
    }
}

fn position((partition, snapshot): (TopicPartition, PartitionSnapshot)) -> Position {
    Position {
        partition,
        done: snapshot.position,
        committed: snapshot.committed,
        end: snapshot.end,
        retrying: snapshot.retrying,
    }
}
