//! The three Rust examples on a real stream of events, their outputs computed once more without them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use millstream_tests::swipes::events;
use millstream_tests::{Host, Kafka, PATIENCE, Producer, Record, fresh, guest, read_all};
use serde_json::Value;

const EVENTS: usize = 20_000;
const PARTITIONS: i32 = 4;

/// What the example does to an event: where it goes, or why not.
enum Fate {
    To(&'static str, Record),
    Rejected(&'static str),
    Dropped,
}

/// The JSON of a value, or the code with which the examples reject what is none.
fn json(record: &Record) -> Result<Value, &'static str> {
    let value = record.value.as_ref().ok_or("null-value")?;
    serde_json::from_slice(value).map_err(|_| "malformed-json")
}

/// Runs an example over the stream and compares each of its outputs, and its rejections, with what `fate` says.
fn check(example: &str, settings: &[&str], outputs: &[&str], fate: impl Fn(&Record) -> Fate) {
    let kafka = Kafka::shared();
    let source = kafka.topic("events", PARTITIONS);
    let input: Vec<Record> = events(7, EVENTS).collect();
    Producer::new(kafka.brokers()).send_all(&source, &input);

    let host = Host::fresh();
    let name = fresh(example);
    let topics: BTreeMap<&str, String> = outputs
        .iter()
        .map(|output| (*output, kafka.topic(output, PARTITIONS)))
        .collect();
    let to: Vec<String> = topics
        .iter()
        .map(|(output, topic)| format!("{output}={topic}"))
        .collect();
    let mut arguments = vec!["--from", &source, "--create-topics"];
    arguments.extend(to.iter().flat_map(|to| ["--to", to]));
    arguments.extend(settings.iter().flat_map(|setting| ["--setting", setting]));
    let deployed = host.deploy(&guest(example), &name, &arguments);
    assert!(
        deployed.out.replace(',', "").contains(&EVENTS.to_string()),
        "deploy prints the backlog:\n{}",
        deployed.out
    );
    host.await_caught_up(&name, PATIENCE);

    let mut expected: BTreeMap<&str, Vec<Record>> =
        outputs.iter().map(|output| (*output, Vec::new())).collect();
    let mut rejected = Vec::new();
    for record in &input {
        match fate(record) {
            Fate::To(output, record) => expected.get_mut(output).unwrap().push(record),
            Fate::Rejected(code) => rejected.push((record, code)),
            Fate::Dropped => {}
        }
    }
    for (output, topic) in &topics {
        let found = read_all(kafka.brokers(), topic);
        assert!(!found.is_empty(), "{output} is empty");
        assert_eq!(found.len(), expected[output].len(), "records of {output}");
        let (found, wanted) = (by_key(&found), by_key(&expected[output]));
        for (key, records) in &wanted {
            assert_same(
                output,
                records.iter().map(|r| r.contents()),
                found[key].iter().map(|r| r.contents()),
            );
        }
    }
    let dead = read_all(kafka.brokers(), &format!("{name}.rejected"));
    assert_eq!(dead.len(), rejected.len(), "rejected records");
    assert!(dead.len() > 100);
    for (code, count) in counts(rejected.iter().map(|(_, code)| (*code).to_owned())) {
        let found = dead
            .iter()
            .filter(|record| record.header_text("millstream.code").as_ref() == Some(&code))
            .count();
        assert_eq!(found, count, "rejected as {code}");
    }
    let values = |records: Vec<&Record>| {
        counts(
            records
                .iter()
                .map(|record| (record.key.clone(), record.value.clone())),
        )
    };
    assert_eq!(
        values(dead.iter().collect()),
        values(rejected.iter().map(|(record, _)| *record).collect())
    );

    let transform = host.transform(&name).unwrap();
    assert_eq!(transform["state"], "running");
    assert_eq!(transform["records_in"], EVENTS);
    assert_eq!(transform["rejected"], rejected.len());
    assert_eq!(
        transform["records_out"],
        expected.values().map(Vec::len).sum::<usize>()
    );
}

/// Records of equal keys keep their order; of different keys they need not.
fn by_key(records: &[Record]) -> BTreeMap<&[u8], Vec<&Record>> {
    let mut keys: BTreeMap<&[u8], Vec<&Record>> = BTreeMap::new();
    for record in records {
        keys.entry(record.key.as_deref().unwrap())
            .or_default()
            .push(record);
    }
    keys
}

fn counts<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

#[track_caller]
fn assert_same<T: PartialEq<U> + Debug, U: Debug>(
    what: &str,
    wanted: impl ExactSizeIterator<Item = T>,
    found: impl ExactSizeIterator<Item = U>,
) {
    assert_eq!(wanted.len(), found.len(), "{what}: records of a key");
    for (wanted, found) in wanted.zip(found) {
        assert!(
            wanted == found,
            "{what}: wanted {wanted:?}, found {found:?}"
        );
    }
}

/// How the host rejects a record for this in the place of a required field.
fn lacks(found: &serde_json::Value) -> &'static str {
    if found.is_null() {
        "missing-field"
    } else {
        "wrong-type"
    }
}

#[test]
fn filter_keeps_the_types_it_is_told_untouched() {
    check(
        "filter",
        &["keep=swipe, message"],
        &["kept"],
        |record| match json(record) {
            Err(code) => Fate::Rejected(code),
            Ok(event) => match event["type"].as_str() {
                Some("swipe" | "message") => Fate::To("kept", record.clone()),
                Some(_) => Fate::Dropped,
                None => Fate::Rejected(lacks(&event["type"])),
            },
        },
    );
}

#[test]
fn route_sends_swipes_by_their_direction_untouched() {
    check("route", &[], &["likes", "passes"], |record| {
        match json(record) {
            Err(code) => Fate::Rejected(code),
            Ok(event) => match (event["type"].as_str(), event["direction"].as_str()) {
                (Some("swipe"), Some("right")) => Fate::To("likes", record.clone()),
                (Some("swipe"), Some("left")) => Fate::To("passes", record.clone()),
                (Some("swipe"), _) => Fate::Rejected("unknown-direction"),
                (Some(_), _) => Fate::Dropped,
                (None, _) => Fate::Rejected(lacks(&event["type"])),
            },
        }
    });
}

#[test]
fn enrich_adds_region_and_hour_and_changes_nothing_else() {
    let regions = |country: &str| match country {
        "GB" | "DE" => "europe",
        "BR" => "latin-america",
        _ => "elsewhere",
    };
    check(
        "enrich",
        &["regions=GB = europe, DE = europe, BR = latin-america"],
        &["enriched"],
        |record| {
            let event = match json(record) {
                Err(code) => return Fate::Rejected(code),
                Ok(event) => event,
            };
            let (Some(country), Some(at)) = (event["country"].as_str(), event["at"].as_i64())
            else {
                let first = ["country", "at"].map(|name| &event[name]);
                let is_fine = [first[0].is_string(), first[1].is_i64()];
                let wrong = if is_fine[0] { first[1] } else { first[0] };
                return Fate::Rejected(lacks(wrong));
            };
            let region = regions(country);
            let text = record.text();
            let open = text.strip_suffix('}').unwrap();
            let value = format!(
                r#"{open},"region":"{region}","hour":{}}}"#,
                at / 3_600_000 % 24
            );
            let enriched = Record {
                value: Some(value.into_bytes()),
                ..record.clone()
            };
            Fate::To("enriched", enriched.header("region", region.as_bytes()))
        },
    );
}
