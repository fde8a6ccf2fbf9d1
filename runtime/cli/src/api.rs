//! What travels between a client and a host: every request and every answer of `/v1`, as types.
//!
//! Both sides of the binary use these, so that they cannot drift apart. Within one version of Millstream fields are only
//! added; a client ignores fields, states and codes that it does not know. Knows nothing of sockets, and nothing of how a
//! host comes to its answers.

mod redrives;
mod tables;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use redrives::{Redrive, RedriveCancel, RedriveList, RedriveRequest};
pub use tables::{Row, RowQuery, Table, TableList, TablePartition};

/// The port that a host listens on, and that a client asks, unless told otherwise.
pub const DEFAULT_PORT: u16 = 7411;

/// The largest module that a host takes, in bytes.
pub const MODULE_LIMIT: usize = 64 << 20;

/// The largest body of anything else, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;

/// The content type of a manifest part and of its module parts.
pub const MANIFEST_TYPE: &str = "application/toml";
pub const MODULE_TYPE: &str = "application/wasm";
/// The content type of `/v1/transforms/{name}/logs`: a JSON object a line.
pub const LINES_TYPE: &str = "application/x-ndjson";

/// Parameters of `POST /v1/transforms`. The body is `multipart/form-data`: a part `manifest` (TOML) and for each step a
/// part `module` with the file's name, in the order of the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeployQuery {
    /// Whether missing output topics are created rather than refused.
    #[serde(default)]
    pub create_topics: bool,
    /// The revision that this upload means to replace: 0 for "no such transform yet". Absent: whichever there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
    /// Chosen by the client, the same when it asks again: an upload that was carried out is answered, not repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Who deploys, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The answer to `POST /v1/transforms`, with status 201 (200 when nothing changed).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    pub name: String,
    pub revision: u64,
    /// SHA-256 of the module, in hex.
    pub digest: String,
    /// What the transform is about to read before it has caught up, topic by topic.
    pub backlog: Vec<Backlog>,
    /// The live revision already said the same, or this request had already been carried out.
    pub unchanged: bool,
    /// Topics that were created for it.
    #[serde(default)]
    pub created_topics: Vec<String>,
    /// What is allowed but probably not meant.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Records of one topic between where the transform starts and the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    pub topic: String,
    pub partitions: u32,
    /// By offsets: an upper bound where the topic is compacted or written in transactions.
    pub records: u64,
}

/// The answer to `GET /v1/transforms`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformList {
    /// The id of the host that answered: states and numbers are its own.
    pub host: String,
    /// Ids of all hosts of the installation that were heard of lately, this one included, sorted.
    pub hosts: Vec<String>,
    /// Sorted by name.
    pub transforms: Vec<Transform>,
}

/// A transform as the answering host sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    pub name: String,
    pub revision: u64,
    /// SHA-256 of the module, in hex.
    pub digest: String,
    /// Source topics.
    pub source: Vec<String>,
    /// Output name to topic.
    pub outputs: BTreeMap<String, String>,
    pub state: State,
    /// Why it is in that state, for people; absent where there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since this host started the transform.
    pub records_in: u64,
    pub records_out: u64,
    pub rejected: u64,
    /// Over this host's partitions; absent as long as it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_records: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
}

/// What a transform is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Deployed, not yet at work on this host; an older revision may be.
    Starting,
    Running,
    /// At work but held up by something outside of it: the broker, a newer revision, memory.
    Waiting,
    /// Stopped; a new revision starts it again. The reason says why.
    Failed,
    /// Finishing what it has begun, because it was deleted or the host stops.
    Stopping,
    /// A state of a later version.
    #[serde(other)]
    Unknown,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Failed => "failed",
            State::Stopping => "stopping",
            State::Unknown => "unknown",
        }
    }
}

/// The answer to `GET /v1/transforms/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformDetail {
    /// The id of the host that answered.
    pub host: String,
    /// Ids of all hosts heard of lately.
    pub hosts: Vec<String>,
    #[serde(flatten)]
    pub transform: Transform,
    /// The manifest as it was uploaded, without what a command line added to it.
    pub manifest: String,
    /// Where rejected rows go.
    pub rejected_topic: String,
    /// When the revision was deployed, RFC 3339.
    pub deployed_at: String,
    /// By whom, as the client said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_by: Option<String>,
    /// Since when it is in its state, RFC 3339.
    pub since: String,
    pub module: ModuleInfo,
    pub limits: Limits,
    /// What stopped it on this host, by the code of the failure.
    #[serde(default)]
    pub failures: BTreeMap<String, u64>,
    /// The tables that it looks into, by the module's names for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, Table>,
    /// The partitions that this host reads, sorted.
    pub positions: Vec<Position>,
    /// What the other hosts last said of it, by host id.
    #[serde(default)]
    pub elsewhere: BTreeMap<String, Elsewhere>,
}

/// What the module's `configure` answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// The name of the file that was uploaded.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// Parts of a record that it reads: keys, values, headers, timestamps, offsets.
    pub reads: Vec<String>,
    /// Fields that the host takes out of each record for it, in its order, for people: `/type: text, required`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    pub outputs: Vec<String>,
    pub counters: Vec<String>,
}

/// The limits in force, defaults filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of one instance, bytes.
    pub memory: u64,
    /// CPU time of one call, milliseconds.
    pub batch_time_ms: u64,
    /// What one call may return, bytes.
    pub result_bytes: u64,
    /// What one call may have written, repeats included.
    pub written_bytes: u64,
    pub written_records: u64,
}

/// Where a transform is in a partition. Offsets are those of the *next* record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub topic: String,
    pub partition: i32,
    /// Everything before it is acknowledged.
    pub done: i64,
    /// Everything before it is committed; absent before the first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// The last stable offset, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// A batch that is tried again until it passes; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrying: Option<Retrying>,
}

/// A batch whose failure passes by itself: the module asked for time, or the host has no room for an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retrying {
    /// Since when, RFC 3339.
    pub since: String,
    /// When it is tried next, RFC 3339.
    pub next: String,
    /// How often it has failed.
    pub attempts: u32,
    /// What the last one said. May quote the module: untrusted text.
    pub reason: String,
}

/// What another host last said of a transform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    pub state: State,
    pub revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339.
    pub at: String,
}

/// Parameters of `GET /v1/transforms/{name}/rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RejectedQuery {
    /// Only those with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The latest so many; absent: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The answer to it: the latest dead letters of a transform, the newest last. Of each partition of their topic the latest
/// 10,000 records are looked through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedList {
    /// Where they are.
    pub topic: String,
    pub records: Vec<RejectedRecord>,
}

/// A dead letter, without its contents. What its headers say is text that may have been written by anybody who can write to the
/// topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRecord {
    /// Its place in the topic.
    pub partition: i32,
    pub offset: i64,
    /// The record's own timestamp, RFC 3339; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Where it came from.
    pub source_topic: String,
    pub source_partition: String,
    pub source_offset: String,
    pub code: String,
    pub reason: String,
    /// Calls that it was part of.
    pub attempts: String,
    /// The revision that could not process it.
    pub revision: String,
    /// Bytes; absent for a null value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_size: Option<u64>,
}

/// The answer to `GET /v1/transforms/{name}/rejected/{partition}/{offset}`: a dead letter in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedDetail {
    #[serde(flatten)]
    pub record: RejectedRecord,
    /// Absent: null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_base64: Option<String>,
    /// Names, and values in base64 or null, in order.
    pub headers: Vec<(String, Option<String>)>,
}

/// Parameters of `DELETE /v1/transforms/{name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeleteQuery {
    /// Whether the committed offsets go as well, so that a transform of that name starts afresh.
    #[serde(default)]
    pub offsets: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The answer to `DELETE /v1/transforms/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    pub name: String,
    /// A delete is a revision too.
    pub revision: u64,
    /// Whether committed offsets were deleted.
    #[serde(default)]
    pub offsets_deleted: bool,
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Parameters of `GET /v1/transforms/{name}/logs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogsQuery {
    /// How many of the newest lines; the host's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<usize>,
    /// Whether to go on with new lines until the client hangs up.
    #[serde(default)]
    pub follow: bool,
}

/// A line of a transform's log. `message` is whatever the guest wrote: escape control characters before a terminal sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// RFC 3339, milliseconds.
    pub time: String,
    /// debug | info | warn | error
    pub level: String,
    /// guest | stdout | stderr | host
    pub source: String,
    /// The host that ran the guest.
    pub host: String,
    pub revision: u64,
    pub message: String,
}

/// The answer to `GET /v1/host`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInfo {
    pub id: String,
    pub version: String,
    /// The bootstrap servers.
    pub brokers: String,
    /// Whether the broker lives in the host's process and keeps nothing.
    pub embedded: bool,
    pub prefix: String,
    /// Ids of all hosts heard of lately, sorted.
    pub hosts: Vec<String>,
}

/// The body of `POST /v1/topics`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTopic {
    pub name: String,
    /// The broker's own default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<i32>,
}

/// The answer to `POST /v1/topics`, with status 201.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicCreated {
    pub name: String,
    pub partitions: u32,
}

/// The answer to `/healthz` and `/readyz`: 200 when `ok`, 503 otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub ok: bool,
    /// What is amiss.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub error: ApiError,
}

/// What went wrong. Programs go by `code` (see [`code`]), people by `message` and `items`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    pub code: String,
    pub message: String,
    /// Each thing that is wrong, where several are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ErrorItem>,
}

/// One of the things wrong with an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorItem {
    /// What it is about, with the file's name: `millstream.toml:3: outputs.likes`, `route.wasm`.
    pub item: String,
    pub message: String,
}

/// The stable codes of [`ApiError`]. They are added to, never renamed.
pub mod code {
    /// 400: a part, parameter or header is missing or malformed.
    pub const BAD_REQUEST: &str = "bad-request";
    /// 422: the manifest, the module or what they refer to is wrong; `items` says what.
    pub const INVALID_DEPLOYMENT: &str = "invalid-deployment";
    /// 409: someone else's revision came first.
    pub const CONFLICT: &str = "conflict";
    /// 404: no such transform.
    pub const UNKNOWN_TRANSFORM: &str = "unknown-transform";
    /// 404: no transform looks into a table of this topic.
    pub const UNKNOWN_TABLE: &str = "unknown-table";
    /// 404: the table has nothing under this key.
    pub const UNKNOWN_ROW: &str = "unknown-row";
    /// 404: no such path.
    pub const NOT_FOUND: &str = "not-found";
    /// 405
    pub const METHOD_NOT_ALLOWED: &str = "method-not-allowed";
    /// 403: the Host or Origin header names a foreign machine.
    pub const FORBIDDEN: &str = "forbidden";
    /// 415
    pub const UNSUPPORTED_MEDIA_TYPE: &str = "unsupported-media-type";
    /// 413
    pub const TOO_LARGE: &str = "too-large";
    /// 429: come back after `Retry-After` seconds.
    pub const BUSY: &str = "busy";
    /// 408: the request took too long to arrive.
    pub const TIMEOUT: &str = "timeout";
    /// 409: the topic exists already.
    pub const TOPIC_EXISTS: &str = "topic-exists";
    /// 422: the topic's name or partition count is not allowed.
    pub const INVALID_TOPIC: &str = "invalid-topic";
    /// 503: the brokers cannot be reached, or refused.
    pub const BROKER: &str = "broker";
    /// 503: the host has not caught up with the deployments yet, or is stopping.
    pub const NOT_READY: &str = "not-ready";
    /// 500: a fault of the host.
    pub const INTERNAL: &str = "internal";
}
