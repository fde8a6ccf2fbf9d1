//! From what the host says to what the API says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use millstream_host::{
    deployments::record::{Change, Revision},
    host::{self, Detail, Summary},
    logs::Line,
    manifest::Manifest,
    supervisor::State,
    tables::{Group, Phase},
};

use crate::api;

pub fn state(state: State) -> api::State {
    match state {
        State::Starting => api::State::Starting,
        State::Running => api::State::Running,
        State::Waiting => api::State::Waiting,
        State::Failed => api::State::Failed,
        State::Stopping => api::State::Stopping,
    }
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}

/// Milliseconds since 1970; what another host wrote may be anything.
pub(super) fn millis(at: i64) -> String {
    const YEAR_9999: u64 = 253_402_300_799_000;
    time(UNIX_EPOCH + Duration::from_millis(at.max(0).unsigned_abs().min(YEAR_9999)))
}

pub fn deployed(deployed: host::Deployed) -> api::Deployed {
    let revision = &deployed.revision;
    let backlog = deployed.backlog.into_iter();
    api::Deployed {
        name: revision.name.clone(),
        revision: revision.number,
        digest: digest(revision),
        backlog: backlog
            .map(
                |host::Backlog {
                     topic,
                     partitions,
                     records,
                 }| api::Backlog {
                    topic,
                    partitions,
                    records,
                },
            )
            .collect(),
        unchanged: deployed.unchanged,
        created_topics: deployed.created_topics,
        warnings: deployed.warnings,
    }
}

fn digest(revision: &Revision) -> String {
    revision
        .deployment()
        .map(|deployment| deployment.module.digest.clone())
        .unwrap_or_default()
}

pub fn transform(summary: &Summary) -> api::Transform {
    let manifest = summary.deployment().map(|deployment| &deployment.manifest);
    let summed = &summary.summed;
    api::Transform {
        name: summary.revision.name.clone(),
        revision: summary.revision.number,
        digest: digest(&summary.revision),
        source: manifest
            .map(|manifest| manifest.source.topics.clone())
            .unwrap_or_default(),
        outputs: manifest
            .map(|manifest| manifest.outputs.clone())
            .unwrap_or_default(),
        state: state(summary.state),
        reason: summary.reason.clone(),
        records_in: summed.records_in,
        records_out: summed.records_out,
        rejected: summed.rejected,
        lag_records: summed.lag_records,
        lag_seconds: summed.lag_seconds,
    }
}

pub fn detail(host: &host::Host, detail: Detail) -> api::TransformDetail {
    let Detail {
        summary,
        limits,
        positions,
        elsewhere,
    } = detail;
    let revision = &summary.revision;
    let deployment = match &revision.change {
        Change::Deploy(deployment) => Some(deployment),
        _ => None,
    };
    let module = deployment.map(|deployment| api::ModuleInfo {
        file: deployment.module.file.clone(),
        size: deployment.module.size,
        reads: deployment.described.reads.clone(),
        fields: deployment.described.fields.clone(),
        outputs: deployment.described.outputs.clone(),
        counters: deployment.described.counters.clone(),
    });
    api::TransformDetail {
        host: host.id().to_owned(),
        hosts: host.hosts().into_iter().collect(),
        transform: transform(&summary),
        manifest: deployment
            .map(|deployment| deployment.text.clone())
            .unwrap_or_default(),
        rejected_topic: deployment
            .map(|deployment| deployment.manifest.rejected_topic.clone())
            .unwrap_or_default(),
        deployed_at: millis(revision.at),
        deployed_by: revision.by.clone(),
        since: time(summary.since),
        module: module.unwrap_or_default(),
        limits: api::Limits {
            memory: limits.memory,
            batch_time_ms: u64::try_from(limits.batch_time.as_millis()).unwrap_or(u64::MAX),
            result_bytes: limits.result_bytes,
            written_bytes: limits.written_bytes,
            written_records: limits.written_records,
        },
        failures: summary.summed.failures.clone(),
        tables: deployment
            .map(|deployment| tables(host, &deployment.manifest))
            .unwrap_or_default(),
        positions: positions.into_iter().map(position).collect(),
        elsewhere: elsewhere.into_iter().map(elsewhere_of).collect(),
    }
}

/// Those of a manifest that this host has.
fn tables(host: &host::Host, manifest: &Manifest) -> BTreeMap<String, api::Table> {
    let asked = manifest.tables.iter();
    asked
        .filter_map(|(name, asked)| {
            let (found, transforms) = host.table(&asked.topic)?;
            Some((name.clone(), table(&found, &transforms)))
        })
        .collect()
}

pub fn table(table: &Group, transforms: &BTreeSet<String>) -> api::Table {
    let report = table.report();
    let size = table.size();
    let (state, reason) = match report.phase {
        Phase::Reading => ("reading", report.problem),
        Phase::Ready => ("ready", report.problem),
        Phase::Failed(why) => ("failed", Some(why)),
    };
    let partitions = report.places.into_iter();
    api::Table {
        topic: table.topic().to_owned(),
        scope: table.scope().to_owned(),
        key_field: table.key_field().map(str::to_owned),
        state: state.to_owned(),
        reason,
        transforms: transforms.iter().cloned().collect(),
        rows: size.rows,
        bytes: size.memory,
        limit_bytes: table.limit(),
        disk_bytes: size.disk,
        records_read: report.read,
        records_left: report.unread,
        records_per_second: report.rate.map(|rate| rate as u64),
        seconds_left: report.left.map(|left| left.as_secs()),
        stale_ms: u64::try_from(report.stale.as_millis()).unwrap_or(u64::MAX),
        partitions: partitions
            .map(|(partition, place)| api::TablePartition {
                partition,
                next: place.next,
                end: place.end,
            })
            .collect(),
    }
}

fn position(position: host::Position) -> api::Position {
    api::Position {
        topic: position.partition.topic().to_owned(),
        partition: position.partition.partition(),
        done: position.done,
        committed: position.committed,
        end: position.end,
        retrying: position.retrying.map(|retrying| api::Retrying {
            since: time(retrying.since),
            next: time(retrying.next),
            attempts: retrying.attempts,
            reason: retrying.reason,
        }),
    }
}

fn elsewhere_of(said: host::Elsewhere) -> (String, api::Elsewhere) {
    let state = said.state.map_or(api::State::Unknown, state);
    (
        said.host,
        api::Elsewhere {
            state,
            revision: said.revision,
            reason: said.reason,
            at: millis(said.at),
        },
    )
}

pub fn line(line: &Line) -> api::LogLine {
    api::LogLine {
        time: millis(line.at),
        level: line.level.clone(),
        source: line.source.clone(),
        host: line.host.clone(),
        revision: line.revision,
        message: line.message.clone(),
    }
}
