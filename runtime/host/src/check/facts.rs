//! What a check has to know of the world.

use std::collections::BTreeMap;

/// A topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    pub partitions: i32,
}

/// What this host can give to one transform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLimits {
    /// Memory of one instance, bytes.
    pub memory: u64,
    /// Memory of all tables, bytes.
    pub table_memory: u64,
}

pub struct Facts<'a> {
    /// The installation's.
    pub prefix: &'a str,
    /// Every topic of the cluster.
    pub topics: &'a BTreeMap<String, TopicFacts>,
    /// Whether the upload may create topics that it writes.
    pub create_topics: bool,
    /// The embedded broker: topics come about by themselves, and it cannot look up times.
    pub embedded: bool,
    pub host: HostLimits,
    /// What other transforms read and write, by name: (sources, outputs).
    pub others: &'a BTreeMap<String, (Vec<String>, Vec<String>)>,
}
