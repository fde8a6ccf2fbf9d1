//! What has to come out: computed here from the generator alone, without any transform, by what an event *is*.
//!
//! For every topic and key, a fingerprint of each record in order: key, value, timestamp and headers. The transforms keep the order of
//! a partition and all records of a key are in one, so the order counts. Of rejected records it says code and reason.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::event::{self, Event, Flaw, Kind};
use super::profile::Profile;

/// The topics of the demo, in the order of the flow.
pub(super) const EVENTS: &str = "events";
pub(super) const SWIPES: &str = "swipes";
pub(super) const ENRICHED: &str = "swipes.enriched";
pub(super) const LIKES: &str = "swipes.likes";
pub(super) const PASSES: &str = "swipes.passes";
pub(super) const FILTER_REJECTED: &str = "filter.rejected";
pub(super) const ENRICH_REJECTED: &str = "enrich.rejected";
pub(super) const ROUTE_REJECTED: &str = "route.rejected";
pub(super) const JOINED: &str = "likes.joined";
pub(super) const UNKNOWN: &str = "likes.unknown";
pub(super) const PROFILES_REJECTED: &str = "profiles.rejected";
/// The topic of the table.
pub(super) const PROFILES: &str = "profiles";

pub(super) const TOPICS: [&str; 11] = [
    EVENTS,
    SWIPES,
    ENRICHED,
    LIKES,
    PASSES,
    FILTER_REJECTED,
    ENRICH_REJECTED,
    ROUTE_REJECTED,
    JOINED,
    UNKNOWN,
    PROFILES_REJECTED,
];

/// The setting `regions` of enrich, and the region of the countries that it leaves out.
pub(super) const REGIONS: &str = "GB=europe,DE=europe,FR=europe,PL=europe,US=north-america,CA=north-america,BR=latin-america,MX=latin-america";
pub(super) const FALLBACK: &str = "elsewhere";

/// A record that some topic has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) topic: &'static str,
    pub(super) value: Option<Vec<u8>>,
    /// The headers, without those that begin with `millstream.`.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) rejected: Option<Rejection>,
}

/// Code and reason of a rejected record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rejection {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

/// Everything that event has to bring about, the event itself first.
pub(super) fn outcomes(event: &Event) -> Vec<Expected> {
    let headers: Vec<_> = event
        .trace
        .iter()
        .map(|trace| ("trace".to_owned(), trace.clone().into_bytes()))
        .collect();
    let record = |topic| Expected {
        topic,
        value: event.value.clone(),
        headers: headers.clone(),
        rejected: None,
    };
    let rejected = |from: &Expected, topic, code, reason: &str| {
        let rejection = Rejection {
            code,
            reason: reason.to_owned(),
        };
        Expected {
            topic,
            rejected: Some(rejection),
            ..from.clone()
        }
    };
    let original = record(EVENTS);
    let refuse = |code, reason: &str| {
        vec![
            original.clone(),
            rejected(&original, FILTER_REJECTED, code, reason),
        ]
    };
    match event.flaw {
        Some(Flaw::NoValue) => return refuse("null-value", "the record has no value"),
        Some(Flaw::CutOff) => {
            return refuse(
                "malformed-json",
                &format!(
                    "the value is not JSON: unexpected end at byte {}",
                    length(event)
                ),
            );
        }
        Some(Flaw::NotUtf8) => {
            return refuse(
                "malformed-json",
                &format!(
                    "the value is not JSON: invalid UTF-8 at byte {}",
                    first_ff(event)
                ),
            );
        }
        Some(Flaw::NotAnObject | Flaw::NoType) => {
            return refuse("missing-field", "`/type` of the value is missing or null");
        }
        Some(Flaw::OddType) => {
            let reason = format!(
                "`/type` of the value is not a text (at byte {})",
                at(event, "type")
            );
            return refuse("wrong-type", &reason);
        }
        _ => {}
    }
    let Kind::Swipe { right } = event.kind else {
        return vec![original];
    };
    let swipe = record(SWIPES);
    match event.flaw {
        Some(Flaw::NoCountry) => {
            let letter = rejected(
                &swipe,
                ENRICH_REJECTED,
                "missing-field",
                "`/country` of the value is missing or null",
            );
            return vec![original, swipe, letter];
        }
        Some(Flaw::OddTime) => {
            let reason = format!(
                "`/at` of the value is not an integer of 64 bits (at byte {})",
                at(event, "at")
            );
            let letter = rejected(&swipe, ENRICH_REJECTED, "wrong-type", &reason);
            return vec![original, swipe, letter];
        }
        _ => {}
    }
    let enriched = enriched(event, &headers);
    let last = match event.flaw {
        Some(Flaw::OddDirection) => rejected(
            &enriched,
            ROUTE_REJECTED,
            "unknown-direction",
            "a swipe \"up\" is neither left nor right",
        ),
        Some(Flaw::NoDirection) => rejected(
            &enriched,
            ROUTE_REJECTED,
            "unknown-direction",
            "the swipe has no direction",
        ),
        _ => Expected {
            topic: if right { LIKES } else { PASSES },
            ..enriched.clone()
        },
    };
    let joined = (last.topic == LIKES).then(|| joined(event, &last));
    let flow = [original, swipe, enriched, last];
    flow.into_iter().chain(joined).collect()
}

/// What becomes of a like.
fn joined(event: &Event, like: &Expected) -> Expected {
    let profile = Profile::of(event.target);
    if let Some(reason) = profile.flaw() {
        return Expected {
            topic: PROFILES_REJECTED,
            rejected: Some(Rejection {
                code: "malformed-json",
                reason,
            }),
            ..like.clone()
        };
    }
    let Profile::Known { name, age } = profile else {
        return Expected {
            topic: UNKNOWN,
            ..like.clone()
        };
    };
    let mut value = like.value.clone().unwrap_or_default();
    value.pop();
    let profile = format!(r#","profile":{{"name":"{name}","age":{age}}}}}"#);
    value.extend_from_slice(profile.as_bytes());
    Expected {
        topic: JOINED,
        value: Some(value),
        ..like.clone()
    }
}

fn enriched(event: &Event, headers: &[(String, Vec<u8>)]) -> Expected {
    let region = REGIONS
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(country, region)| (country == event.country).then_some(region))
        .unwrap_or(FALLBACK);
    let hour = event.at / 3_600_000 % 24;
    let mut value = event.value.clone().unwrap_or_default();
    value.pop();
    value.extend_from_slice(format!(r#","region":"{region}","hour":{hour}}}"#).as_bytes());
    let mut headers = headers.to_vec();
    headers.push(("region".to_owned(), region.as_bytes().to_vec()));
    Expected {
        topic: ENRICHED,
        value: Some(value),
        headers,
        rejected: None,
    }
}

fn length(event: &Event) -> usize {
    event.value.as_ref().map_or(0, Vec::len)
}

/// Where the value of this member begins.
fn at(event: &Event, member: &str) -> usize {
    let member = format!("\"{member}\":");
    let value = event.value.as_deref().unwrap_or_default();
    let start = value
        .windows(member.len())
        .position(|window| window == member.as_bytes());
    start.map_or(0, |start| start + member.len())
}

fn first_ff(event: &Event) -> usize {
    event
        .value
        .as_deref()
        .and_then(|value| value.iter().position(|byte| *byte == 0xff))
        .unwrap_or(0)
}

/// Key, value, timestamp and headers in one number, and of a rejected record code and reason.
pub(super) fn fingerprint<'a>(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    timestamp: Option<i64>,
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    rejected: Option<(&str, &str)>,
) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, value, timestamp).hash(&mut hasher);
    for header in headers {
        header.hash(&mut hasher);
    }
    rejected.hash(&mut hasher);
    hasher.finish()
}

/// The records of one topic: for each key their fingerprints, in order.
#[derive(Debug, Default)]
pub(super) struct Topic {
    pub(super) by_key: HashMap<Vec<u8>, Vec<u64>>,
    pub(super) records: u64,
    /// Values' bytes.
    pub(super) bytes: u64,
    /// How many were rejected for which code.
    pub(super) codes: HashMap<&'static str, u64>,
}

/// What `events` events have to bring about, by topic.
pub(super) fn everything(events: u64) -> HashMap<&'static str, Topic> {
    let mut topics: HashMap<&'static str, Topic> = TOPICS
        .iter()
        .map(|topic| (*topic, Topic::default()))
        .collect();
    for event in (0..events).map(event::event) {
        for expected in outcomes(&event) {
            let headers = expected
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice()));
            let rejected = expected
                .rejected
                .as_ref()
                .map(|rejected| (rejected.code, rejected.reason.as_str()));
            let print = fingerprint(
                Some(event.key.as_bytes()),
                expected.value.as_deref(),
                Some(event.at),
                headers,
                rejected,
            );
            let topic = topics.entry(expected.topic).or_default();
            topic
                .by_key
                .entry(event.key.clone().into_bytes())
                .or_default()
                .push(print);
            topic.records += 1;
            topic.bytes += expected
                .value
                .as_ref()
                .map_or(0, |value| value.len() as u64);
            if let Some(rejected) = expected.rejected {
                *topic.codes.entry(rejected.code).or_default() += 1;
            }
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_is_what_comes_out() {
        let topics = everything(20_000);
        let records = |topic| topics[topic].records;
        assert_eq!(records(EVENTS), 20_000);
        assert_eq!(
            records(SWIPES),
            records(ENRICHED) + records(ENRICH_REJECTED)
        );
        assert_eq!(
            records(ENRICHED),
            records(LIKES) + records(PASSES) + records(ROUTE_REJECTED)
        );
        assert_eq!(
            records(LIKES),
            records(JOINED) + records(UNKNOWN) + records(PROFILES_REJECTED)
        );
        assert!(TOPICS.iter().all(|topic| records(topic) > 0));
    }

    #[test]
    fn an_enriched_swipe_is_the_swipe_with_two_more_members_and_a_header() {
        let event = (0..)
            .map(event::event)
            .find(|event| {
                event.country == "PL"
                    && matches!(event.kind, Kind::Swipe { .. })
                    && event.flaw.is_none()
            })
            .expect("one");
        let enriched = &outcomes(&event)[2];
        let value: serde_json::Value =
            serde_json::from_slice(enriched.value.as_deref().expect("a value")).expect("JSON");
        assert_eq!(value["region"], "europe");
        assert_eq!(value["hour"], event.at / 3_600_000 % 24);
        assert_eq!(value["user"], event.key);
        assert_eq!(
            enriched.headers.last().expect("a header"),
            &("region".to_owned(), b"europe".to_vec())
        );
    }

    #[test]
    fn a_joined_like_has_one_more_member() {
        let joined = (0..)
            .map(event::event)
            .find_map(|event| outcomes(&event).into_iter().find(|out| out.topic == JOINED))
            .expect("one");
        let value: serde_json::Value =
            serde_json::from_slice(joined.value.as_deref().expect("a value")).expect("JSON");
        assert!(value["profile"]["age"].is_u64(), "{value}");
        assert!(value["region"].is_string(), "{value}");
    }

    #[test]
    fn a_fingerprint_tells_every_part_of_a_record_apart() {
        let prints = [
            fingerprint(Some(b"k"), Some(b"v"), None, [], None),
            fingerprint(None, Some(b"v"), None, [], None),
            fingerprint(Some(b"k"), None, None, [], None),
            fingerprint(Some(b"k"), Some(b""), None, [], None),
            fingerprint(Some(b"k"), Some(b"v"), Some(0), [], None),
            fingerprint(Some(b"k"), Some(b"v"), None, [("h", &b"1"[..])], None),
            fingerprint(
                Some(b"k"),
                Some(b"v"),
                None,
                [("h", &b"1"[..]), ("h", &b"1"[..])],
                None,
            ),
            fingerprint(Some(b"k"), Some(b"v"), None, [], Some(("code", "reason"))),
        ];
        for (index, print) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(print), "{index}");
        }
    }
}
