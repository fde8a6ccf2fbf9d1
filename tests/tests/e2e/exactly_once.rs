//! `delivery = "exactly-once"`: readers of committed records see what came of each record once, whatever happens to hosts.

use std::collections::HashMap;
use std::time::Duration;

use millstream_tests::client::{count, scan};
use millstream_tests::{
    DELIVERIES, Host, HostOptions, Kafka, Producer, Record, Scene, read_all, wait_until,
};
use rdkafka::Message as _;

const PARTITIONS: i32 = 8;
const LIMIT: Duration = Duration::from_secs(150);

/// Numbered per key, and as many keys as it takes for every partition to have one.
fn send_numbered(topic: &str, from: u64, records: u64) {
    let producer = Producer::new(Kafka::shared().brokers());
    for n in from..from + records {
        let value = format!("{:08}{}", n / 64, "x".repeat(60));
        producer.send(topic, &Record::new(format!("key-{}", n % 64), value));
    }
    producer.flush();
}

/// Asserts that every record is there once, in the order of its key. What a killed host left open hides what came after it
/// until the broker gives that transaction up.
fn check_once(topic: &str, records: u64) {
    wait_until(&format!("{records} records are visible"), LIMIT, || {
        (count(Kafka::shared().brokers(), topic) as u64 >= records).then_some(())
    });
    let mut next: HashMap<Vec<u8>, u64> = HashMap::new();
    let mut total = 0;
    scan(Kafka::shared().brokers(), topic, |message| {
        total += 1;
        let value = message.payload().unwrap();
        let number: u64 = std::str::from_utf8(&value[..8]).unwrap().parse().unwrap();
        let next = next.entry(message.key().unwrap().to_vec()).or_default();
        assert_eq!(
            number,
            *next,
            "{:?} in partition {}: lost, doubled or out of order",
            String::from_utf8_lossy(message.key().unwrap()),
            message.partition()
        );
        *next += 1;
    });
    assert_eq!(total, records);
}

/// Input records that the group is past, markers not counted.
fn committed(options: &HostOptions, scene: &Scene) -> u64 {
    let committed = Kafka::shared().committed(&options.group(&scene.name), &scene.source);
    let committed = committed.iter().map(|offset| offset.unwrap_or(0));
    committed.sum::<i64>().unsigned_abs()
}

fn await_committed(options: &HostOptions, scene: &Scene, records: u64) {
    wait_until(&format!("{records} records are committed"), LIMIT, || {
        (committed(options, scene) >= records).then_some(())
    });
}

#[test]
fn hosts_that_are_killed_at_any_moment_leave_nothing_lost_and_nothing_doubled() {
    const RECORDS: u64 = 600_000;
    let scene = Scene::new(PARTITIONS);
    send_numbered(&scene.source, 0, RECORDS);
    let options = HostOptions::fresh().dead_after_6_s();
    let mut host = Host::start(&options);
    host.deploy_manifest(&scene.manifest("exactly-once", "spin = 10000000", ""), &[]);
    for share in [2, 4, 6, 8] {
        await_committed(&options, &scene, share * RECORDS / 10);
        assert!(
            committed(&options, &scene) < RECORDS,
            "too fast for this test"
        );
        host.process.kill();
        host = Host::start(&options);
    }
    host.await_caught_up(&scene.name, LIMIT);
    await_committed(&options, &scene, RECORDS);
    check_once(&scene.out, RECORDS);
    let transactions = host.metric("millstream_transactions_total", &[&scene.name]);
    assert!(transactions > Some(1.0), "{transactions:?}");
}

#[test]
fn hosts_that_come_and_go_hand_partitions_over_without_a_record_twice() {
    const RECORDS: u64 = 400_000;
    let scene = Scene::new(PARTITIONS);
    send_numbered(&scene.source, 0, RECORDS);
    let options = HostOptions::fresh().dead_after_6_s();
    let first = Host::start(&options);
    first.deploy_manifest(&scene.manifest("exactly-once", "spin = 3000000", ""), &[]);
    for share in [2, 4, 6] {
        await_committed(&options, &scene, share * RECORDS / 10);
        let mut other = Host::start(&options);
        wait_until("the other one has partitions", LIMIT, || {
            let transform = other.transform(&scene.name)?;
            (!transform["positions"].as_array()?.is_empty()).then_some(())
        });
        other.process.terminate();
        other.process.await_exit(LIMIT);
    }
    await_committed(&options, &scene, RECORDS);
    check_once(&scene.out, RECORDS);
}

#[test]
fn a_host_that_stood_still_and_lost_its_partitions_writes_nothing_more_of_them() {
    const RECORDS: u64 = 300_000;
    let scene = Scene::new(PARTITIONS);
    send_numbered(&scene.source, 0, RECORDS);
    let options = HostOptions::fresh().dead_after_6_s();
    let mut sleeper = Host::start(&options);
    sleeper.deploy_manifest(&scene.manifest("exactly-once", "spin = 3000000", ""), &[]);
    await_committed(&options, &scene, RECORDS / 10);
    sleeper.process.signal(rustix::process::Signal::STOP);
    let other = Host::start(&options);
    await_committed(&options, &scene, RECORDS / 2);
    sleeper.process.signal(rustix::process::Signal::CONT);
    await_committed(&options, &scene, RECORDS);
    check_once(&scene.out, RECORDS);
    drop(other);
}

#[test]
fn dead_letters_are_part_of_the_transaction_and_both_deliveries_run_side_by_side() {
    let kafka = Kafka::shared();
    let (once, least) = (Scene::new(2), Scene::new(2));
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    host.deploy_manifest(
        &once.manifest("exactly-once", "mode = \"trap-on-needle\"", ""),
        &[],
    );
    least.deploy(&host, &[]);
    let records: Vec<Record> = (0..2000)
        .map(|n| {
            let needle = if n % 500 == 250 { " needle" } else { "" };
            Record::new(format!("{n}"), format!("{n}{needle}"))
        })
        .collect();
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&once.source, &records);
    producer.send_all(&least.source, &records);
    await_committed(&options, &once, 2000);
    await_committed(&options, &least, 2000);
    assert_eq!(read_all(kafka.brokers(), &once.out).len(), 1996);
    assert_eq!(read_all(kafka.brokers(), &once.rejected).len(), 4);
    assert_eq!(read_all(kafka.brokers(), &least.out).len(), 2000);
}

#[test]
fn a_revision_may_change_the_delivery_of_a_transform() {
    let scene = Scene::new(2);
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    let [least, once] = DELIVERIES.map(|delivery| scene.manifest(delivery, "", ""));
    for (round, manifest) in [&least, &once, &least, &once].into_iter().enumerate() {
        host.deploy_manifest(manifest, &[]);
        let from = round as u64 * 64_000;
        send_numbered(&scene.source, from, 64_000);
        await_committed(&options, &scene, from + 64_000);
    }
    check_once(&scene.out, 4 * 64_000);
}
