//! The complete check of an upload, before anything of it is written anywhere.
//!
//! Split by what a check needs: the manifest against the cluster ([`manifest`]), the manifest against the module's own
//! description ([`description`]), and the limits. Each is a function of plain facts to problems; gathering the facts is
//! the caller's business, so every refusal can be tested without a broker or a component.

mod facts;
mod outputs;
mod topics;

pub use facts::{Facts, HostLimits, TopicFacts};
pub use outputs::description;

use std::time::Duration;

use millstream_engine::Limits;

use crate::{
    manifest::{Guarantee, Manifest, Scope},
    problem::Problem,
    tables,
};

/// More CPU than that for one call could not end within what a rebalance allows.
pub const MOST_BATCH_TIME: Duration = Duration::from_secs(10);
/// What one call may return or have written at most, whatever the manifest says: it is in memory all at once.
pub const MOST_CALL_BYTES: u64 = 256 << 20;
pub const MOST_CALL_RECORDS: u64 = 10_000_000;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Any of them refuses the upload.
    pub problems: Vec<Problem>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<String>,
    /// Topics that have to be created, in the order of their first use.
    pub missing_topics: Vec<String>,
}

/// Checks the manifest against the cluster and the host. `file` is what problems call the manifest.
pub fn manifest(manifest: &Manifest, file: &str, facts: &Facts<'_>) -> Findings {
    let mut findings = Findings::default();
    topics::check(manifest, file, facts, &mut findings);
    limits_within(manifest, file, &facts.host, &mut findings.problems);
    tables_within(manifest, file, &facts.host, &mut findings.problems);
    tables_match(manifest, file, facts, &mut findings.problems);
    if facts.embedded && manifest.delivery == Guarantee::ExactlyOnce {
        findings.problems.push(Problem::new(
            format!("{file}: delivery"),
            "is \"exactly-once\", which the embedded broker cannot do: it shows aborted records too. Leave the line out while \
             developing, or start the host with --brokers",
        ));
    }
    findings
}

fn limits_within(manifest: &Manifest, file: &str, host: &HostLimits, problems: &mut Vec<Problem>) {
    let asked = &manifest.limits;
    let mut refuse = |field: &str, message: String| {
        problems.push(Problem::new(format!("{file}: limits.{field}"), message))
    };
    if let Some(memory) = asked.memory
        && memory > host.memory
    {
        refuse(
            "memory",
            format!(
                "asks for {}, but this host has {} for all guests: ask for less, or start the host with a larger --guest-memory",
                bytes(memory),
                bytes(host.memory)
            ),
        );
    }
    if let Some(time) = asked.batch_time
        && time > MOST_BATCH_TIME
    {
        refuse(
            "batch-time",
            format!(
                "asks for {}, but one call may take at most {}: more would hold up a rebalance",
                humantime::format_duration(time),
                humantime::format_duration(MOST_BATCH_TIME)
            ),
        );
    }
    for (field, asked) in [
        ("result-size", asked.result_size),
        ("written-size", asked.written_size),
    ] {
        if let Some(size) = asked
            && size > MOST_CALL_BYTES
        {
            refuse(
                field,
                format!(
                    "asks for {}, but the most that a host allows is {}",
                    bytes(size),
                    bytes(MOST_CALL_BYTES)
                ),
            );
        }
    }
    if let Some(records) = asked.written_records
        && records > MOST_CALL_RECORDS
    {
        refuse(
            "written-records",
            format!("asks for {records}, but the most that a host allows is {MOST_CALL_RECORDS}"),
        );
    }
}

/// A table of which hosts have partitions has as many as each source. Topics that are not there are found missing elsewhere.
fn tables_match(manifest: &Manifest, file: &str, facts: &Facts<'_>, problems: &mut Vec<Problem>) {
    let count = |topic: &str| Some(facts.topics.get(topic)?.partitions);
    for (name, table) in &manifest.tables {
        if table.scope == Scope::Host {
            continue;
        }
        let topics = std::iter::once(&table.topic).chain(&manifest.source.topics);
        let counts: Vec<(&str, i32)> = topics
            .filter_map(|topic| Some((topic.as_str(), count(topic)?)))
            .collect();
        if counts.iter().any(|(_, count)| *count != counts[0].1) {
            let item = format!("{file}: tables.{name}.scope");
            problems.push(Problem::new(item, tables::unlike(&counts)));
        }
    }
}

fn tables_within(manifest: &Manifest, file: &str, host: &HostLimits, problems: &mut Vec<Problem>) {
    for (name, table) in &manifest.tables {
        if let Some(memory) = table.memory
            && memory > host.table_memory
        {
            let message = format!(
                "asks for {}, but this host has {} for all tables: ask for less, or start the host with a larger --table-memory",
                bytes(memory),
                bytes(host.table_memory)
            );
            let item = format!("{file}: tables.{name}.memory");
            problems.push(Problem::new(item, message));
        }
    }
}

/// The limits in force: what the manifest asks for, the engine's defaults otherwise, never more than the host has or any
/// allows. A module is asked to describe itself before an upload that asks for more is refused.
pub fn effective_limits(manifest: &Manifest, host: &HostLimits) -> Limits {
    let asked = &manifest.limits;
    let defaults = Limits::default();
    Limits {
        memory: asked.memory.unwrap_or(defaults.memory).min(host.memory),
        batch_time: asked
            .batch_time
            .unwrap_or(defaults.batch_time)
            .min(MOST_BATCH_TIME),
        result_bytes: asked
            .result_size
            .unwrap_or(defaults.result_bytes)
            .min(MOST_CALL_BYTES),
        written_bytes: asked
            .written_size
            .unwrap_or(defaults.written_bytes)
            .min(MOST_CALL_BYTES),
        written_records: asked
            .written_records
            .unwrap_or(defaults.written_records)
            .min(MOST_CALL_RECORDS),
        ..defaults
    }
}

/// Bytes as people read them.
pub(crate) fn bytes(count: u64) -> String {
    bytesize::ByteSize(count).display().iec().to_string()
}

#[cfg(test)]
mod tests;
