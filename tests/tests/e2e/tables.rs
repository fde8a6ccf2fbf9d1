//! Tables: what rows are joined with is what the table's topic says, whatever happens to hosts and topics meanwhile.
//!
//! The probe looks each record's value up as a key, and emits what it found.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use millstream_tests::client::count;
use millstream_tests::{
    DELIVERIES, Host, HostOptions, Kafka, PATIENCE, Producer, Reader, Record, Scene, api, noise,
    wait_until,
};
use serde_json::Value;

const LOOK_UP: &str = "mode = \"look-up\", table = \"users\"";
/// A table that its topic never compacts while a test runs, and one that does it all the time.
pub(super) const COMPACTED: &[(&str, &str)] = &[("cleanup.policy", "compact")];
const BUSILY_COMPACTED: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.ms", "100"),
    ("min.cleanable.dirty.ratio", "0.001"),
    ("min.compaction.lag.ms", "0"),
    ("delete.retention.ms", "0"),
];

/// A transform that looks into the table of a topic.
pub(super) struct Joined {
    pub(super) scene: Scene,
    pub(super) users: String,
}

impl Joined {
    pub(super) fn new(users: &str) -> Self {
        Self {
            scene: Scene::new(1),
            users: users.to_owned(),
        }
    }

    pub(super) fn manifest(&self, delivery: &str, memory: &str) -> String {
        let table = format!("[tables]\nusers = {{ topic = \"{}\"{memory} }}", self.users);
        self.scene.manifest(delivery, LOOK_UP, &table)
    }

    #[track_caller]
    fn deploy(&self, host: &Host) {
        host.deploy_manifest(&self.manifest("at-least-once", ""), &[]);
    }

    /// Sends records that look these keys up.
    pub(super) fn ask<'k>(&self, keys: impl IntoIterator<Item = &'k str>) {
        let records: Vec<Record> = keys.into_iter().map(|key| Record::new(key, key)).collect();
        producer().send_all(&self.scene.source, &records);
    }

    /// What was found for the latest `count` of `all` keys that were asked for.
    #[track_caller]
    pub(super) fn found(&self, all: usize) -> Vec<(String, Option<String>)> {
        let mut reader = self.scene.reader();
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let records = reader.expect(all);
        records
            .iter()
            .map(|record| {
                (
                    text(record.key.as_ref().unwrap()),
                    record.value.as_ref().map(text),
                )
            })
            .collect()
    }
}

pub(super) fn producer() -> Producer {
    Producer::new(Kafka::shared().brokers())
}

pub(super) fn deletion(key: &str) -> Record {
    Record {
        value: None,
        ..Record::new(key, "")
    }
}

/// What the host says of a table, if it has it.
pub(super) fn table(host: &Host, topic: &str) -> Option<Value> {
    let answer = api::get(host.port, &format!("/v1/tables/{topic}")).ok()?;
    (answer.status == 200).then(|| answer.json())
}

#[track_caller]
pub(super) fn await_table(
    host: &Host,
    topic: &str,
    what: &str,
    mut is: impl FnMut(&Value) -> bool,
) -> Value {
    wait_until(what, PATIENCE, || {
        table(host, topic).filter(|table| is(table))
    })
}

#[track_caller]
pub(super) fn await_value(host: &Host, topic: &str, key: &str, value: &str) {
    wait_until(&format!("{key} is {value:?}"), PATIENCE, || {
        let got = host.cli(["table", "get", topic, key]);
        (got.out.trim_end() == value).then_some(())
    });
}

#[test]
fn rows_are_joined_with_the_latest_record_of_their_key() {
    let kafka = Kafka::shared();
    for delivery in DELIVERIES {
        let joined = Joined::new(&kafka.topic_with("users", 3, COMPACTED));
        let mut rows = HashMap::new();
        let mut records = Vec::new();
        for n in 0..3_000 {
            let key = format!("user-{}", n % 1_000);
            let value = format!("version {n}");
            records.push(Record::new(&key, &value));
            rows.insert(key, value);
        }
        for n in (0..1_000).step_by(7) {
            let key = format!("user-{n}");
            records.push(deletion(&key));
            rows.remove(&key);
        }
        // An empty value is a row, and a record without a key is none.
        records.push(Record::new("empty", ""));
        rows.insert("empty".to_owned(), String::new());
        producer().send_all(&joined.users, &records);

        let host = Host::fresh();
        host.deploy_manifest(&joined.manifest(delivery, ""), &[]);
        let keys: Vec<String> = (0..1_010).map(|n| format!("user-{n}")).collect();
        joined.ask(keys.iter().map(String::as_str).chain(["empty", ""]));
        let found = joined.found(1_012);
        for (key, value) in &found {
            assert_eq!(value.as_ref(), rows.get(key), "{key}");
        }
        assert_eq!(found.len(), 1_012);

        // While it runs: a change, a new row, a deletion.
        let changes = [
            Record::new("user-1", "changed"),
            Record::new("user-1005", "new"),
            deletion("user-2"),
        ];
        producer().send_all(&joined.users, &changes);
        await_value(&host, &joined.users, "user-1", "changed");
        await_value(&host, &joined.users, "user-1005", "new");
        host.cli(["table", "get", &joined.users, "user-0"])
            .failed(1, &["no row"]);
        wait_until("user-2 is gone", PATIENCE, || {
            (host.cli(["table", "get", &joined.users, "user-2"]).code == Some(1)).then_some(())
        });
        joined.ask(["user-1", "user-1005", "user-2"]);
        let found = joined.found(1_015).split_off(1_012);
        let found: Vec<Option<&str>> = found.iter().map(|(_, value)| value.as_deref()).collect();
        assert_eq!(found, [Some("changed"), Some("new"), None]);
    }
}

#[test]
fn a_transform_begins_when_its_table_of_a_million_rows_is_read_whatever_hosts_die_meanwhile() {
    const ROWS: usize = 1_000_000;
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 4, COMPACTED));
    let filler = "x".repeat(100);
    let row = |n: usize| format!("{n} {filler}");
    let writer = producer();
    for n in 0..ROWS {
        writer.send(&joined.users, &Record::new(format!("user-{n}"), row(n)));
    }
    writer.flush();
    // There before the transform: not one of them may be looked up in half a table.
    let keys: Vec<String> = (0..2_000).map(|n| format!("user-{}", n * 499)).collect();
    joined.ask(keys.iter().map(String::as_str));

    let options = HostOptions::fresh();
    let mut host = Host::start(&options);
    let manifest = joined.manifest("at-least-once", "");
    host.try_manifest(&manifest, &["--no-wait"]).succeeded();
    for killed in 0..3 {
        await_table(&host, &joined.users, "some of it is read", |table| {
            table["records_read"].as_u64().unwrap() > killed * 50_000
        });
        host.process.kill();
        host = Host::start(&options);
    }
    let mut seen = String::new();
    wait_until("it runs", PATIENCE, || {
        let transform = host.transform(&joined.scene.name)?;
        if let Some(reason) = transform["reason"].as_str() {
            seen = reason.to_owned();
        }
        (transform["state"] == "running").then_some(())
    });
    for part in ["reads the table", "records read", "a second"] {
        assert!(seen.is_empty() || seen.contains(part), "{seen}");
    }
    let found = joined.found(keys.len());
    for (n, (key, value)) in found.iter().enumerate() {
        assert_eq!(*key, keys[n]);
        assert_eq!(value.as_deref(), Some(&*row(n * 499)));
    }
    let table = table(&host, &joined.users).unwrap();
    assert_eq!(table["rows"], ROWS);
    assert_eq!(table["state"], "ready");
}

#[test]
fn transforms_that_name_the_same_topic_share_its_table() {
    let kafka = Kafka::shared();
    let first = Joined::new(&kafka.topic_with("users", 1, COMPACTED));
    let second = Joined::new(&first.users);
    producer().send_all(&first.users, &[Record::new("a", "1")]);
    let host = Host::fresh();
    first.deploy(&host);
    second.deploy(&host);
    let both = table(&host, &first.users).unwrap();
    let mut names = [&*first.scene.name, &*second.scene.name];
    names.sort_unstable();
    assert_eq!(both["transforms"], serde_json::json!(names));
    let list = host.cli(["table", "list"]).succeeded();
    assert_eq!(list.out.matches(&first.users).count(), 1, "{}", list.out);
    assert_eq!(
        host.metric("millstream_table_rows{", &[&first.users]),
        Some(1.0)
    );
    let stats = host.cli(["table", "stats", &first.users]).succeeded();
    assert!(
        stats.out.contains("ready") && stats.out.contains("512.0 MiB"),
        "{}",
        stats.out
    );

    host.cli(["delete", &first.scene.name, "--yes"]).succeeded();
    second.ask(["a"]);
    assert_eq!(second.found(1), [("a".to_owned(), Some("1".to_owned()))]);
    host.cli(["delete", &second.scene.name, "--yes"])
        .succeeded();
    wait_until("nobody keeps the table", PATIENCE, || {
        table(&host, &first.users).is_none().then_some(())
    });
    host.cli(["table", "stats", &first.users])
        .failed(1, &["no transform looks into", &first.users]);
}

#[test]
fn a_table_whose_topic_forgets_rows_is_warned_of() {
    let kafka = Kafka::shared();
    let host = Host::fresh();
    let warned = |users: &str| {
        let joined = Joined::new(users);
        let deployed = host.deploy_manifest(&joined.manifest("at-least-once", ""), &[]);
        deployed.err.contains("not compacted") && deployed.err.contains(users)
    };
    assert!(warned(&kafka.topic("users", 1)));
    assert!(!warned(&kafka.topic_with("users", 1, COMPACTED)));
}

#[test]
fn a_topic_that_is_created_anew_makes_a_new_table() {
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 2, COMPACTED));
    let old: Vec<Record> = (0..100)
        .map(|n| Record::new(format!("old-{n}"), "1"))
        .collect();
    producer().send_all(&joined.users, &old);
    let host = Host::fresh();
    joined.deploy(&host);
    kafka.drop_topic(&joined.users);
    kafka.create_topic(&joined.users, 1, COMPACTED);
    producer().send_all(&joined.users, &[Record::new("new", "2")]);
    await_table(&host, &joined.users, "it is the new topic's", |table| {
        table["state"] == "ready" && table["rows"] == 1
    });
    joined.ask(["old-1", "new"]);
    let found: Vec<Option<String>> = joined
        .found(2)
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    assert_eq!(found, [None, Some("2".to_owned())]);
}

#[test]
fn partitions_that_a_topic_gains_are_read_as_well() {
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 1, COMPACTED));
    producer().send_all(&joined.users, &[Record::new("a", "1")]);
    let host = Host::fresh();
    joined.deploy(&host);
    kafka.add_partitions(&joined.users, 3);
    let added: Vec<Record> = (1..3)
        .map(|n| Record::new(format!("of-{n}"), "2").partition(n))
        .collect();
    // A client made now knows of them.
    producer().send_all(&joined.users, &added);
    await_table(&host, &joined.users, "all partitions are read", |table| {
        table["rows"] == 3
    });
    joined.ask(["a", "of-1", "of-2"]);
    let found: Vec<Option<String>> = joined
        .found(3)
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    assert_eq!(found, ["1", "2", "2"].map(|value| Some(value.to_owned())));
}

#[test]
fn a_table_that_grows_past_its_limit_stops_its_transforms_and_nobody_else() {
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 1, COMPACTED));
    // Where tables can go to a disk, that is too small as well.
    let no_disk = |options: HostOptions| {
        if cfg!(feature = "disk-tables") {
            options.argument("--table-disk").argument("1 MiB")
        } else {
            options
        }
    };
    let host = Host::start(&no_disk(HostOptions::fresh()));
    host.deploy_manifest(
        &joined.manifest("at-least-once", ", memory = \"2 MiB\""),
        &[],
    );
    let other = Scene::new(1);
    other.deploy(&host, &[]);

    let rows: Vec<Record> = (0..3_000)
        .map(|n| Record::new(format!("user-{n}"), noise(n, 1_000)))
        .collect();
    producer().send_all(&joined.users, &rows);
    await_table(&host, &joined.users, "it is too large", |table| {
        table["state"] == "failed"
    });
    joined.ask(["user-1"]);
    let said = wait_until("the transform says why", PATIENCE, || {
        let transform = host.transform(&joined.scene.name)?;
        transform["reason"].as_str().map(str::to_owned)
    });
    let parts = if cfg!(feature = "disk-tables") {
        [&*joined.users, "1.0 MiB", "--table-disk"]
    } else {
        [&*joined.users, "2.0 MiB", "feature disk-tables"]
    };
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
    // It lost its rows, not its records: nobody else noticed, and a larger limit is all that it takes.
    producer().send_all(&other.source, &[Record::new("k", "v")]);
    other.reader().expect(1);
    host.deploy_manifest(
        &joined.manifest("at-least-once", ", memory = \"64 MiB\""),
        &[],
    );
    assert_eq!(
        joined.found(1),
        [("user-1".to_owned(), Some(noise(1, 1_000)))]
    );

    // From the start, and for all tables of a host together.
    let small = HostOptions::fresh()
        .argument("--table-memory")
        .argument("1 MiB");
    let host = Host::start(&no_disk(small));
    let flag = if cfg!(feature = "disk-tables") {
        "--table-disk"
    } else {
        "--table-memory"
    };
    host.try_manifest(&joined.manifest("at-least-once", ""), &[])
        .failed(1, &[&joined.users, flag]);
    host.try_manifest(
        &joined.manifest("at-least-once", ", memory = \"2 MiB\""),
        &[],
    )
    .failed(1, &["tables.users.memory", "1.0 MiB", "--table-memory"]);
}

#[test]
fn one_batch_sees_one_version_and_later_ones_see_later_ones() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 1, COMPACTED));
    sees_one_version_a_batch(&joined, "");
}

/// A record moves on all the time while it is looked up.
pub(super) fn sees_one_version_a_batch(joined: &Joined, memory: &str) {
    let kafka = Kafka::shared();
    producer().send_all(&joined.users, &[Record::new("clock", "0")]);
    let host = Host::fresh();
    // The probe looks everything up twice with a pause between, and traps where the answers differ.
    let spinning = joined.manifest("at-least-once", memory).replace(
        "mode = \"look-up\"",
        "mode = \"look-up\", between = 20000000",
    );
    host.deploy_manifest(&spinning, &[]);
    let (updates, events) = (producer(), producer());
    let mut sent = 0;
    let began = Instant::now();
    let mut clock = 0_u64;
    while began.elapsed() < Duration::from_secs(10) {
        for _ in 0..20 {
            clock += 1;
            updates.send(&joined.users, &Record::new("clock", clock.to_string()));
        }
        events.send_all(
            &joined.scene.source,
            &[Record::new("clock", "clock"), Record::new("clock", "clock")],
        );
        updates.flush();
        sent += 2;
    }
    let found: Vec<u64> = joined
        .found(sent)
        .into_iter()
        .map(|(_, value)| value.unwrap().parse().unwrap())
        .collect();
    assert!(found.is_sorted(), "a later event saw an earlier version");
    let different: BTreeSet<u64> = found.iter().copied().collect();
    assert!(
        different.len() > 10,
        "the table hardly moved: {different:?}"
    );
    await_value(&host, &joined.users, "clock", &clock.to_string());
    // A call that trapped would be made once more, and then pass.
    let restarts = host.metric("millstream_instance_restarts_total{", &[&joined.scene.name]);
    assert_eq!(restarts, Some(0.0), "the table changed within a call");
    assert_eq!(count(kafka.brokers(), &joined.scene.rejected), 0);
}

#[test]
fn compaction_beneath_a_table_changes_nothing() {
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 2, BUSILY_COMPACTED));
    let host = Host::fresh();
    producer().send_all(&joined.users, &[Record::new("user-0", "0")]);
    joined.deploy(&host);
    let mut rows = BTreeMap::new();
    let writer = producer();
    let mut written = 0;
    // Until the broker has thrown some of it away.
    wait_until("the topic was compacted", PATIENCE, || {
        for _ in 0..2_000 {
            let key = format!("user-{}", written % 50);
            if written % 11 == 0 {
                writer.send(&joined.users, &deletion(&key));
                rows.remove(&key);
            } else {
                writer.send(&joined.users, &Record::new(&key, written.to_string()));
                rows.insert(key, written.to_string());
            }
            written += 1;
        }
        writer.flush();
        let kept = Reader::new(kafka.brokers(), &joined.users).to_end().len();
        (kept < written).then_some(())
    });
    // One host followed all along, another one reads what is left.
    let late = Host::fresh();
    let again = Joined::new(&joined.users);
    again.deploy(&late);
    for (host, joined) in [(&host, &joined), (&late, &again)] {
        await_table(host, &joined.users, "everything is read", |table| {
            table["stale_ms"] == 0 && table["rows"] == rows.len()
        });
        let keys: Vec<String> = (0..50).map(|n| format!("user-{n}")).collect();
        joined.ask(keys.iter().map(String::as_str));
        for (key, value) in joined.found(50) {
            assert_eq!(value.as_ref(), rows.get(&key), "{key}");
        }
    }
}
