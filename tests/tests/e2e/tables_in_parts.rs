//! Tables of which each host has only the partitions that it needs: they move with the source's.

use millstream_tests::client::count;
use millstream_tests::{DELIVERIES, Host, HostOptions, Kafka, PATIENCE, Record, Scene, wait_until};

use super::tables::{COMPACTED, Joined, await_table, producer, table};

const IN_PARTS: &str = ", scope = \"partition\"";
const PARTITIONS: i32 = 8;
const ROWS: usize = 4_000;

fn row(n: usize) -> String {
    format!("row {n}")
}

fn key(n: usize) -> String {
    format!("user-{n}")
}

/// A table of [`ROWS`] rows, in as many partitions as the transform's source.
fn joined() -> Joined {
    let users = Kafka::shared().topic_with("users", PARTITIONS, COMPACTED);
    let rows: Vec<Record> = (0..ROWS).map(|n| Record::new(key(n), row(n))).collect();
    producer().send_all(&users, &rows);
    Joined {
        scene: Scene::new(PARTITIONS),
        users,
    }
}

fn rows_of(host: &Host, joined: &Joined) -> u64 {
    // A host that has none of the source's partitions has none of the table's.
    table(host, &joined.users).map_or(0, |table| table["rows"].as_u64().unwrap())
}

#[track_caller]
fn await_shares(hosts: &[&Host], joined: &Joined) {
    wait_until("each host has its part of the table", PATIENCE, || {
        let shares: Vec<u64> = hosts.iter().map(|host| rows_of(host, joined)).collect();
        let all = shares.iter().sum::<u64>() == ROWS as u64;
        (all && shares.iter().all(|share| *share > 0)).then_some(())
    });
}

#[test]
fn partitions_of_a_table_move_with_the_source_under_load_and_no_record_meets_another_row() {
    for delivery in DELIVERIES {
        let joined = joined();
        let options = HostOptions::fresh().dead_after_6_s();
        let first = Host::start(&options);
        first.deploy_manifest(&joined.manifest(delivery, IN_PARTS), &[]);
        let mut asked = 0;
        let mut ask = || {
            let keys: Vec<String> = (0..1_000)
                .map(|n| key((asked + n * 7) % (ROWS + 100)))
                .collect();
            joined.ask(keys.iter().map(String::as_str));
            asked += keys.len();
        };
        ask();
        await_shares(&[&first], &joined);
        let stats = first.cli(["table", "stats", &joined.users]).succeeded();
        assert!(stats.out.contains("scope       partition"), "{}", stats.out);

        let mut second = Host::start(&options);
        ask();
        await_shares(&[&first, &second], &joined);
        let third = Host::start(&options);
        ask();
        await_shares(&[&first, &second, &third], &joined);
        ask();
        second.process.kill();
        ask();
        await_shares(&[&first, &third], &joined);
        let mut first = first;
        first.process.terminate();
        ask();
        first.process.await_exit(PATIENCE);
        await_shares(&[&third], &joined);
        ask();

        for (key, value) in joined.found(asked) {
            let n: usize = key.trim_start_matches("user-").parse().unwrap();
            assert_eq!(value, (n < ROWS).then(|| row(n)), "{delivery}, {key}");
        }
        assert_eq!(count(Kafka::shared().brokers(), &joined.scene.rejected), 0);
    }
}

#[test]
fn topics_whose_partitions_do_not_match_are_refused_and_said_to_be() {
    let kafka = Kafka::shared();
    let joined = Joined::new(&kafka.topic_with("users", 3, COMPACTED));
    let host = Host::fresh();
    let manifest = joined.manifest("at-least-once", IN_PARTS);
    let both = [&*joined.users, "has 3", &*joined.scene.source, "has 1"];
    host.try_manifest(&manifest, &[]).failed(1, &both);

    // They matched when it was deployed.
    let joined = Joined::new(&kafka.topic_with("users", 1, COMPACTED));
    producer().send_all(&joined.users, &[Record::new("a", "1")]);
    host.deploy_manifest(&joined.manifest("at-least-once", IN_PARTS), &[]);
    joined.ask(["a"]);
    assert_eq!(joined.found(1), [("a".to_owned(), Some("1".to_owned()))]);
    kafka.add_partitions(&joined.users, 2);
    await_table(&host, &joined.users, "it does not match", |table| {
        table["state"] == "failed"
    });
    joined.ask(["a"]);
    wait_until("the transform says why it waits", PATIENCE, || {
        let reason = host.transform(&joined.scene.name)?["reason"]
            .as_str()?
            .to_owned();
        let parts = [&*joined.users, "has 2", "has 1"];
        parts.iter().all(|part| reason.contains(part)).then_some(())
    });
    assert_eq!(count(kafka.brokers(), &joined.scene.rejected), 0);
}
