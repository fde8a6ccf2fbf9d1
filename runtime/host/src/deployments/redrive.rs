//! A redrive as it stands in the log: chosen dead letters of one transform are to be processed once more.
//!
//! Written when it is asked for and once more when it is over, under the key `name/redrive-number`. Which letters it is about
//! is settled by the first: everything before an end that is fixed then, so its own failures are not part of it. How far it
//! has come is in the offsets of a consumer group of its own. A letter that one redrive has sent on its way is passed over
//! by later ones; that follows from what each was about and how far it came, so nothing is kept for each letter.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::record::{LAST, VERSION};
use crate::names;

/// What the key of a redrive has where a revision's has a number.
const KEY: &str = "redrive-";

/// One redrive of one transform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    pub name: String,
    /// From 1 for each transform.
    pub number: u64,
    /// The transform's latest revision when it was asked for. A delete after that one ends it.
    pub revision: u64,
    /// Milliseconds since 1970-01-01T00:00Z, by the clock of the host that wrote it.
    pub at: i64,
    /// Who asked for it, as the client said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The host that wrote it.
    pub host: String,
    /// A client that lost the answer finds its change by this.
    pub request_id: String,
    /// Where the letters are.
    pub topic: String,
    #[serde(default)]
    pub chosen: Chosen,
    /// First offset and end of each partition.
    pub extents: BTreeMap<i32, (i64, i64)>,
    pub state: RedriveState,
}

/// Which letters of the extents are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Those of this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Those at these places, partition and offset; all where none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<(i32, i64)>,
    /// Also those that an earlier redrive has sent on their way.
    #[serde(default)]
    pub again: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedriveState {
    /// Hosts are at it.
    Running,
    /// Somebody stopped it, and hosts are finishing what they had begun.
    Stopping,
    /// All of it is done.
    Finished,
    /// Somebody stopped it; what came before these offsets was done.
    Cancelled(BTreeMap<i32, i64>),
}

impl RedriveState {
    pub fn as_str(&self) -> &'static str {
        match self {
            RedriveState::Running => "running",
            RedriveState::Stopping => "stopping",
            RedriveState::Finished => "finished",
            RedriveState::Cancelled(_) => "cancelled",
        }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(flatten)]
    redrive: &'a Redrive,
}

impl Redrive {
    pub fn key(&self) -> String {
        format!("{}/{KEY}{}", self.name, self.number)
    }

    pub fn is_over(&self) -> bool {
        matches!(
            self.state,
            RedriveState::Finished | RedriveState::Cancelled(_)
        )
    }

    /// What its consumer group and its transactions are called after, beside the transform.
    pub fn member(&self) -> String {
        format!("{}.{KEY}{}", self.name, self.number)
    }

    /// Whether it is about this letter.
    pub fn is_about(&self, partition: i32, offset: i64, code: &str) -> bool {
        let within = |(start, end): &(i64, i64)| (*start..*end).contains(&offset);
        self.extents.get(&partition).is_some_and(within)
            && self
                .chosen
                .code
                .as_deref()
                .is_none_or(|chosen| chosen == code)
            && (self.chosen.places.is_empty() || self.chosen.places.contains(&(partition, offset)))
    }

    /// Whether it has sent this letter on its way, now that it is over.
    pub fn has_done(&self, partition: i32, offset: i64, code: &str) -> bool {
        let reached = match &self.state {
            RedriveState::Running | RedriveState::Stopping => false,
            RedriveState::Finished => true,
            RedriveState::Cancelled(reached) => {
                reached.get(&partition).is_some_and(|next| offset < *next)
            }
        };
        reached && self.is_about(partition, offset, code)
    }

    /// # Errors
    /// Never in practice: every part of a redrive has a JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Written {
            version: VERSION,
            redrive: self,
        })
    }

    /// Reads a record of the log. `None`: it is no redrive, or one that this version cannot read.
    pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Redrive> {
        let key = std::str::from_utf8(key?).ok()?;
        let (name, number) = key.rsplit_once('/')?;
        names::check_transform(name).ok()?;
        let number: u64 = number.strip_prefix(KEY)?.parse().ok()?;
        if number >= LAST {
            return None;
        }
        let redrive: Redrive = serde_json::from_slice(value?).ok()?;
        (redrive.name == name && redrive.number == number).then_some(redrive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redrive(chosen: Chosen, state: RedriveState) -> Redrive {
        Redrive {
            name: "a".to_owned(),
            number: 3,
            revision: 1,
            at: 0,
            by: None,
            host: "h".to_owned(),
            request_id: "r".to_owned(),
            topic: "a.rejected".to_owned(),
            chosen,
            extents: BTreeMap::from([(0, (10, 20)), (1, (0, 5))]),
            state,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let chosen = Chosen {
            code: Some("malformed".to_owned()),
            places: BTreeSet::from([(0, 12)]),
            again: true,
        };
        let one = redrive(chosen, RedriveState::Cancelled(BTreeMap::from([(0, 13)])));
        let (key, value) = (one.key(), one.encode().unwrap());
        assert_eq!(
            Redrive::decode(Some(key.as_bytes()), Some(&value)),
            Some(one)
        );
        assert_eq!(Redrive::decode(Some(b"b/redrive-3"), Some(&value)), None);
        assert_eq!(Redrive::decode(Some(b"a/3"), Some(&value)), None);
        assert_eq!(Redrive::decode(Some(key.as_bytes()), None), None);
    }

    #[test]
    fn it_is_about_what_was_chosen_within_its_extents() {
        let all = redrive(Chosen::default(), RedriveState::Running);
        for (place, about) in [
            ((0, 9), false),
            ((0, 10), true),
            ((0, 20), false),
            ((2, 0), false),
        ] {
            assert_eq!(all.is_about(place.0, place.1, "x"), about, "{place:?}");
        }
        let chosen = Chosen {
            code: Some("x".to_owned()),
            places: BTreeSet::from([(0, 12), (1, 9)]),
            again: false,
        };
        let some = redrive(chosen, RedriveState::Running);
        assert!(some.is_about(0, 12, "x"));
        assert!(!some.is_about(0, 12, "y"));
        assert!(!some.is_about(0, 13, "x"));
        assert!(!some.is_about(1, 9, "x"), "it was not there yet");
    }

    #[test]
    fn what_it_has_done_is_all_of_it_or_what_it_came_past() {
        let running = redrive(Chosen::default(), RedriveState::Running);
        assert!(!running.has_done(0, 10, "x"));
        let finished = redrive(Chosen::default(), RedriveState::Finished);
        assert!(finished.has_done(0, 19, "x"));
        let cancelled = RedriveState::Cancelled(BTreeMap::from([(0, 15)]));
        let cancelled = redrive(Chosen::default(), cancelled);
        assert!(cancelled.has_done(0, 14, "x"));
        assert!(!cancelled.has_done(0, 15, "x"));
        assert!(
            !cancelled.has_done(1, 0, "x"),
            "that partition was never committed"
        );
    }
}
