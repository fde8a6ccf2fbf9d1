//! Tables: what transforms look into.

use serde::{Deserialize, Serialize};

/// The answer to `GET /v1/tables`: those that the host that answers has, by topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableList {
    /// The host that answers: another one has the same tables, and may be a moment ahead or behind.
    pub host: String,
    pub tables: Vec<Table>,
}

/// A table; also the answer to `GET /v1/tables/{topic}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub topic: String,
    /// `host`: this host has all of it; `partition`: the partitions that it has of the source.
    pub scope: String,
    /// A JSON Pointer to the key of a row in its value, where it is not the record's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_field: Option<String>,
    /// `reading`, `ready` or `failed`.
    pub state: String,
    /// Why it failed, or what keeps it from following its topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Transforms that look into it.
    pub transforms: Vec<String>,
    pub rows: u64,
    /// Memory that it takes, and may take.
    pub bytes: u64,
    pub limit_bytes: u64,
    /// Set where its rows are on a disk instead: what they take there. `rows` is an estimate then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// Records that were read since its topic was last begun from the beginning.
    pub records_read: u64,
    /// Offsets that are not read yet: at least as many as records.
    pub records_left: u64,
    /// While it is being read from its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_per_second: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// For how long it has not had all of its topic; 0: it has.
    pub stale_ms: u64,
    pub partitions: Vec<TablePartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePartition {
    pub partition: i32,
    /// The offset that is read next.
    pub next: i64,
    /// The one behind the last record, when the host last looked.
    pub end: i64,
}

/// Parameters of `GET /v1/tables/{topic}/row`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RowQuery {
    /// The key, in base64.
    pub key_base64: String,
}

/// The answer to it; a row that there is not is an error with the code `unknown-row`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub topic: String,
    pub value_base64: String,
}
