//! Tables that are larger than the memory they may take: rows on a local disk, which outlive the host.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use millstream_tests::reaper::TempDir;
use millstream_tests::small_disk::small_disk;
use millstream_tests::{Host, HostOptions, Kafka, PATIENCE, Record, noise, wait_until};

use super::tables::{
    COMPACTED, Joined, await_table, await_value, deletion, producer, sees_one_version_a_batch,
    table,
};
use super::tables_by_field::finds_rows_by_a_field;

/// Less than any table here takes.
const SMALL: &str = ", memory = \"1 MiB\"";
const ROWS: usize = 10_000;

/// What a table's topic says.
#[derive(Default)]
struct Rows(HashMap<String, String>);

impl Rows {
    /// Rows whose values do not compress, so that they take as much of the disk as they are long.
    fn written(topic: &str, count: usize) -> Rows {
        let mut rows = Rows::default();
        let records: Vec<Record> = (0..count)
            .map(|n| {
                rows.put(
                    &format!("user-{n}"),
                    &format!("{n} {}", noise(n as u64, 800)),
                )
            })
            .collect();
        producer().send_all(topic, &records);
        rows
    }

    fn put(&mut self, key: &str, value: &str) -> Record {
        self.0.insert(key.to_owned(), value.to_owned());
        Record::new(key, value)
    }

    fn delete(&mut self, key: &str) -> Record {
        self.0.remove(key);
        deletion(key)
    }

    /// Looks up every tenth of the keys that there were, and some that there never were; `asked` counts them.
    #[track_caller]
    fn are_found(&self, joined: &Joined, asked: &mut usize) {
        let keys: Vec<String> = (0..ROWS + 100)
            .step_by(10)
            .map(|n| format!("user-{n}"))
            .collect();
        joined.ask(keys.iter().map(String::as_str));
        let found = joined.found(*asked + keys.len()).split_off(*asked);
        *asked += keys.len();
        for (key, value) in &found {
            assert_eq!(value.as_ref(), self.0.get(key), "{key}");
        }
    }
}

#[track_caller]
fn is_on_the_disk(host: &Host, topic: &str) {
    await_table(host, topic, "it is on the disk", |table| {
        table["state"] == "ready"
            && table["disk_bytes"].as_u64() > Some(0)
            && table["stale_ms"] == 0
    });
}

fn options(tables: &TempDir) -> HostOptions {
    HostOptions {
        tables: Some(tables.path().to_owned()),
        ..HostOptions::fresh()
    }
}

#[test]
fn a_table_larger_than_its_memory_goes_to_the_disk_and_a_restart_reads_only_what_is_new() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 3, COMPACTED));
    let mut rows = Rows::written(&joined.users, ROWS);
    let (folder, mut asked) = (TempDir::new(), 0);
    let options = options(&folder);
    let mut host = Host::start(&options);
    host.deploy_manifest(&joined.manifest("exactly-once", SMALL), &[]);
    is_on_the_disk(&host, &joined.users);
    rows.are_found(&joined, &mut asked);
    let listed = host.cli(["table", "list"]).succeeded();
    assert!(listed.out.contains("disk: "), "{}", listed.out);
    let stats = host.cli(["table", "stats", &joined.users]).succeeded();
    assert!(stats.out.contains("disk"), "{}", stats.out);
    let bytes = host.metric("millstream_table_disk_bytes{", &[&joined.users]);
    assert!(bytes > Some(ROWS as f64 * 800.0), "{bytes:?}");

    // It changes while it is there, and while no host is.
    let mut change = |n: usize| {
        let changes = [
            rows.put(&format!("user-{n}"), "changed"),
            rows.put(&format!("user-{}", ROWS + n), "new"),
            rows.delete(&format!("user-{}", n + 10)),
        ];
        producer().send_all(&joined.users, &changes);
    };
    change(0);
    await_value(&host, &joined.users, "user-0", "changed");
    for (round, kill) in [false, true].into_iter().enumerate() {
        if kill {
            host.process.kill();
        } else {
            host.process.terminate();
            host.process.await_exit(PATIENCE);
        }
        change(100 + 100 * round);
        host = Host::start(&options);
        is_on_the_disk(&host, &joined.users);
        let table = table(&host, &joined.users).unwrap();
        let read = table["records_read"].as_u64().unwrap();
        assert!(read < 100, "{read} records were read");
    }
    rows.are_found(&joined, &mut asked);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a_damaged_copy_is_made_anew_without_being_asked() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 1, COMPACTED));
    let rows = Rows::written(&joined.users, ROWS);
    let (folder, mut asked) = (TempDir::new(), 0);
    let options = options(&folder);
    let mut host = Host::start(&options);
    host.deploy_manifest(&joined.manifest("at-least-once", SMALL), &[]);
    is_on_the_disk(&host, &joined.users);
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 3] = [
        ("rows that say something else", |path| {
            let mut bytes = fs::read(path).unwrap();
            let half = bytes.len() / 2;
            bytes[half..half + 4096].fill(0x55);
            fs::write(path, bytes).unwrap();
        }),
        ("a file cut off", |path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }),
        ("a file gone", |path| fs::remove_file(path).unwrap()),
    ];
    for (what, damage) in damages {
        host.process.terminate();
        host.process.await_exit(PATIENCE);
        let of_rows = files(folder.path())
            .into_iter()
            .filter(|path| path.extension().is_some_and(|kind| kind == "sst"));
        let largest = of_rows.max_by_key(|path| path.metadata().unwrap().len());
        damage(&largest.expect("a file of rows"));
        host = Host::start(&options);
        rows.are_found(&joined, &mut asked);
        is_on_the_disk(&host, &joined.users);
        let log = host.process.log();
        assert!(
            log.contains("damaged") || log.contains("read anew"),
            "{what}:\n{log}"
        );
    }
}

#[test]
fn a_full_disk_stops_the_transform_with_its_reason_and_once_there_is_room_it_goes_on() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 1, COMPACTED));
    let rows = Rows::written(&joined.users, 4 * ROWS);
    let folder = TempDir::new();
    let Some(disk) = small_disk(folder.path(), 256 << 10, 240 << 10) else {
        eprintln!("skipped: this user may not mount a file system, not even in a namespace");
        return;
    };
    let host = Host::start(&HostOptions {
        within: disk.within.clone(),
        ..options(&folder)
    });
    let manifest = joined.manifest("at-least-once", SMALL);
    host.try_manifest(&manifest, &["--no-wait"]).succeeded();
    wait_until("the transform says why it waits", PATIENCE, || {
        let reason = host.transform(&joined.scene.name)?["reason"]
            .as_str()?
            .to_owned();
        reason.contains("no room on the disk").then_some(())
    });
    disk.make_room(host.process.id());
    is_on_the_disk(&host, &joined.users);
    host.await_state(&joined.scene.name, "running");
    rows.are_found(&joined, &mut 0);
}

#[test]
fn one_batch_sees_one_version_on_the_disk_too() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 1, COMPACTED));
    Rows::written(&joined.users, ROWS);
    sees_one_version_a_batch(&joined, SMALL);
}

#[test]
fn rows_are_found_by_a_field_of_their_value_on_the_disk_too() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 1, COMPACTED));
    // Large ones with a field as well, so that the table goes to the disk.
    let filler = "x".repeat(400);
    let records: Vec<Record> = (0..ROWS)
        .map(|n| {
            Record::new(
                format!("filler-{n}"),
                format!(r#"{{"id": "filler {n}", "x": "{filler}"}}"#),
            )
        })
        .collect();
    producer().send_all(&joined.users, &records);
    let folder = TempDir::new();
    let options = options(&folder);
    let host = Host::start(&options);
    finds_rows_by_a_field(&joined, host, SMALL, &mut |mut host| {
        is_on_the_disk(&host, &joined.users);
        host.process.terminate();
        host.process.await_exit(PATIENCE);
        let host = Host::start(&options);
        is_on_the_disk(&host, &joined.users);
        host
    });
}

#[test]
fn a_copy_of_a_topic_that_was_created_anew_is_not_looked_into() {
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 1, COMPACTED));
    Rows::written(&joined.users, ROWS);
    let folder = TempDir::new();
    let options = options(&folder);
    let mut host = Host::start(&options);
    host.deploy_manifest(&joined.manifest("at-least-once", SMALL), &[]);
    is_on_the_disk(&host, &joined.users);
    host.process.terminate();
    host.process.await_exit(PATIENCE);
    kafka.drop_topic(&joined.users);
    kafka.create_topic(&joined.users, 1, COMPACTED);
    let rows = Rows::written(&joined.users, ROWS / 2);
    let host = Host::start(&options);
    is_on_the_disk(&host, &joined.users);
    rows.are_found(&joined, &mut 0);
}
