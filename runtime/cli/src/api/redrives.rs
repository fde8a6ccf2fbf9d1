//! Redrives: dead letters that are processed once more.

use serde::{Deserialize, Serialize};

use super::State;

/// The body of `POST /v1/transforms/{name}/redrives`: which dead letters are processed once more. All that there are at this
/// moment, unless something is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RedriveRequest {
    /// Only those with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Only those at these places: partition and offset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<(i32, i64)>,
    /// Also those that an earlier redrive has sent on their way.
    #[serde(default)]
    pub again: bool,
    /// Chosen by the client, the same when it asks again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Who asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Parameters of `DELETE /v1/transforms/{name}/redrives`, which stops the one that is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RedriveCancel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The answer to `GET /v1/transforms/{name}/redrives`: the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveList {
    pub redrives: Vec<Redrive>,
}

/// One redrive of a transform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// From 1 for each transform.
    pub number: u64,
    /// `running`, `stopping`, `finished` or `cancelled`.
    pub state: String,
    /// When it came to that, RFC 3339.
    pub at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Where the letters are.
    pub topic: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many places were named; absent: it is about all letters before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u64>,
    /// Offsets that are not done with: at least as many as letters. Absent right after it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// How the host that answers is at it; absent once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<State>,
    /// Why it is in that state there. May quote the module: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
