//! `millstream.toml`: what a person writes to deploy a transform, read strictly.
//!
//! Every field that the design knows is known here, also those that only a later version can carry out: these are refused
//! by name. A field that nobody knows is refused with the line and the nearest one that exists. All that is wrong is
//! reported at once. Knows nothing of brokers and modules: whether what is named exists is [`crate::check`]'s business.

mod fields;
mod start;
mod units;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

pub use start::Start;

use crate::{
    failure::{LostOffsets, Policy},
    names,
    problem::Problem,
};

/// A deployment, as checked as a file alone can be, with defaults filled in. Its JSON form is part of the revision log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub name: String,
    pub source: Source,
    /// The one step, for now.
    pub step: Step,
    /// Output name to topic.
    pub outputs: BTreeMap<String, String>,
    /// Table name to what it is made of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, TableAsked>,
    /// Where rejected rows go.
    pub rejected_topic: String,
    #[serde(default)]
    pub delivery: Guarantee,
    /// How often finished work is committed; `None`: the delivery's default.
    #[serde(default)]
    pub commit_interval: Option<Duration>,
    /// What becomes of rows that cannot be processed.
    #[serde(default)]
    pub failures: FailuresAsked,
    #[serde(default)]
    pub limits: LimitsAsked,
    /// At most so many lanes a host; `None`: the host decides.
    #[serde(default)]
    pub lanes: Option<u32>,
    /// Whether a source may be an output as well.
    #[serde(default)]
    pub allow_loop: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Distinct, at least one, in the order written.
    pub topics: Vec<String>,
    pub start: Start,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The path as written: it means something to whoever wrote it, and nothing to the host.
    pub module: String,
    /// For `configure`, in the order of their names.
    pub settings: Vec<(String, String)>,
}

/// A table that the module looks into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableAsked {
    /// Each key's newest record in it is a row.
    pub topic: String,
    /// Bytes that it may take; `None`: the host's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// How much of it each host has.
    #[serde(default, skip_serializing_if = "Scope::is_host")]
    pub scope: Scope,
    /// A JSON Pointer to the key of a row in its value; `None`: it is the record's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_field: Option<String>,
}

/// How much of a table a host has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    Host,
    /// The partitions with the numbers of the source's that it has.
    Partition,
}

impl Scope {
    fn is_host(&self) -> bool {
        *self == Scope::Host
    }
}

impl TableAsked {
    /// Bytes that it may take.
    pub fn memory(&self) -> u64 {
        self.memory.unwrap_or(crate::tables::DEFAULT_MEMORY)
    }
}

/// The limits that the manifest sets; `None`: the host's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsAsked {
    /// Bytes an instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// CPU time of one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_time: Option<Duration>,
    /// Bytes that one call may return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_size: Option<u64>,
    /// Bytes and records that one call may have written, repeats included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_records: Option<u64>,
}

/// What a transform promises about what it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    #[default]
    AtLeastOnce,
    ExactlyOnce,
}

impl Guarantee {
    /// How often finished work is committed unless the manifest says otherwise. Exactly-once makes readers wait for it.
    pub fn commit_interval(self) -> Duration {
        match self {
            Guarantee::AtLeastOnce => Duration::from_secs(1),
            Guarantee::ExactlyOnce => Duration::from_millis(100),
        }
    }
}

/// The failure policy that the manifest sets; `None`: the host's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FailuresAsked {
    /// Rows that the module rejects.
    pub rejected: Policy,
    /// Rows that make it fail.
    pub traps: Policy,
    /// Rows of which a record comes that is too large for its topic.
    pub oversized: Policy,
    /// Rows of which a record comes that its topic does not take for another reason.
    pub refused: Policy,
    /// Whether values of dead letters are cut where the topic does not take all of them.
    pub cut: bool,
    /// How long a `transient` failure is tried again.
    pub retry_for: Option<Duration>,
    /// The share of rows that may make the module fail, in percent.
    pub stop_above: Option<u8>,
    /// Records that are gone before they were read.
    pub lost_offsets: LostOffsets,
}

impl FailuresAsked {
    /// Whether any row becomes a dead letter.
    pub fn makes_letters(&self) -> bool {
        [self.rejected, self.traps, self.oversized, self.refused].contains(&Policy::DeadLetter)
    }
}

impl Manifest {
    /// Reads `text`. `file` is what problems call it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Manifest, Vec<Problem>> {
        fields::parse(file, text)
    }

    /// Every topic that the transform writes, with what the manifest calls it.
    pub fn written_topics(&self) -> impl Iterator<Item = (String, &str)> {
        let outputs = self
            .outputs
            .iter()
            .map(|(output, topic)| (format!("outputs.{output}"), topic.as_str()));
        let rejected = self.failures.makes_letters().then(|| {
            let topic = self.rejected_topic.as_str();
            ("failures.rejected.topic".to_owned(), topic)
        });
        outputs.chain(rejected)
    }

    /// The topics of its tables, with what the manifest calls each.
    pub fn table_topics(&self) -> impl Iterator<Item = (String, &str)> {
        let tables = self.tables.iter();
        tables.map(|(name, table)| (format!("tables.{name}"), table.topic.as_str()))
    }

    /// The file's name of the module, for messages.
    pub fn module_file(&self) -> &str {
        self.step
            .module
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or(&self.step.module)
    }

    fn rejected_or_default(name: &str, asked: Option<String>) -> String {
        asked.unwrap_or_else(|| names::default_rejected_topic(name))
    }
}

#[cfg(test)]
mod tests;
