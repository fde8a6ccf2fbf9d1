//! A revision as it stands in the log.
//!
//! JSON with a version, under the key `name/revision`. Every key is written once, so compaction keeps all of them: numbers
//! never restart, and a rollback finds what it goes back to. A record of a later version is never misread: the transform is
//! known, its number counts, and this host says that it is too old for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{manifest::Manifest, names};

/// The form of record that this version writes.
pub(super) const VERSION: u32 = 1;
/// The highest number that counts: JSON has no higher one that every reader takes for the same, and there has to be a next.
pub(super) const LAST: u64 = 1 << 53;

/// One change of one transform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub name: String,
    /// From 1, without gaps.
    pub number: u64,
    /// Milliseconds since 1970-01-01T00:00Z, by the clock of the host that wrote it.
    pub at: i64,
    /// Who asked for it, as the client said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The host that wrote it.
    pub host: String,
    /// A client that lost the answer finds its change by this.
    pub request_id: String,
    /// How often the offsets were thrown away: a commit stamped with a lower number does not count.
    #[serde(default)]
    pub resets: u64,
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Deploy(Box<Deployment>),
    Delete,
    /// Written by a later version of Millstream. Never written by this one.
    #[serde(skip)]
    Unreadable(String),
}

/// What a transform is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub manifest: Manifest,
    /// The manifest as it was uploaded.
    pub text: String,
    pub module: ModuleRef,
    /// Where to begin a partition that has no commit, by topic and partition. A partition that is not named here came
    /// later: it begins at its beginning.
    pub starts: BTreeMap<String, BTreeMap<i32, i64>>,
    /// Which topics those were, by name, where brokers tell: in another one of the same name those offsets mean nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub topic_ids: BTreeMap<String, String>,
    /// What `configure` answered at the check.
    pub described: Described,
}

/// Where a module's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleRef {
    /// SHA-256, in hex.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// The name of the file that was uploaded, for people.
    pub file: String,
    /// Offsets of its chunks in the modules topic, in order. Empty: it lies in the development mode's folder.
    #[serde(default)]
    pub chunks: Vec<i64>,
}

/// The parts of a module's description that a deployment was checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    pub reads: Vec<String>,
    /// Declared fields, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    pub outputs: Vec<String>,
    pub counters: Vec<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    revision: &'a Revision,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

impl Revision {
    pub fn key(&self) -> String {
        format!("{}/{}", self.name, self.number)
    }

    /// What the transform is to be; `None` for a delete and for what cannot be read.
    pub fn deployment(&self) -> Option<&Deployment> {
        match &self.change {
            Change::Deploy(deployment) => Some(deployment),
            Change::Delete | Change::Unreadable(_) => None,
        }
    }

    pub fn is_delete(&self) -> bool {
        matches!(self.change, Change::Delete)
    }

    /// # Errors
    /// Never in practice: every part of a revision has a JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Written {
            version: VERSION,
            revision: self,
        })
    }

    /// Reads a record of the log. `None`: it is not a revision at all, for no host writes such a key, or a tombstone.
    pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>, timestamp: i64) -> Option<Revision> {
        let value = value?;
        let key = std::str::from_utf8(key?).ok()?;
        let (name, number) = key.rsplit_once('/')?;
        // Groups, topics and metrics are named after it.
        names::check_transform(name).ok()?;
        let number: u64 = number.parse().ok().filter(|number| *number < LAST)?;
        let why = match serde_json::from_slice::<VersionOnly>(value) {
            Err(error) => format!("its record in the log is damaged ({error}): deploy it again"),
            Ok(VersionOnly { version }) if version > VERSION => {
                format!(
                    "its revision {number} was written by a later version of Millstream: upgrade this host"
                )
            }
            Ok(_) => match serde_json::from_slice::<Revision>(value) {
                Ok(revision) if revision.name == name && revision.number == number => {
                    return Some(revision);
                }
                Ok(_) => {
                    "its record in the log stands under a foreign key: deploy it again".to_owned()
                }
                Err(error) => {
                    format!("its record in the log is damaged ({error}): deploy it again")
                }
            },
        };
        Some(Revision {
            name: name.to_owned(),
            number,
            at: timestamp,
            by: None,
            host: String::new(),
            request_id: String::new(),
            resets: 0,
            change: Change::Unreadable(why),
        })
    }
}
