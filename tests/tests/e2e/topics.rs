//! Topics as they are: broker's timestamps, gaps in offsets, more partitions than at first.

use millstream_tests::client::count;
use millstream_tests::{
    DELIVERIES, Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, read_all, wait_until,
};

#[test]
fn a_source_with_the_brokers_timestamps_hands_them_on() {
    let kafka = Kafka::shared();
    let scene = Scene::with_source(
        kafka.topic_with("in", 1, &[("message.timestamp.type", "LogAppendTime")]),
        1,
    );
    Producer::new(kafka.brokers()).send_all(&scene.source, &[Record::new("k", "v").timestamp(5)]);
    let source = read_all(kafka.brokers(), &scene.source);
    assert!(source[0].append_time && source[0].timestamp != Some(5));
    let host = Host::fresh();
    scene.deploy(&host, &[]);
    let mut reader = scene.reader();
    assert_eq!(reader.expect(1)[0].timestamp, source[0].timestamp);
    assert!(!reader.records[0].append_time);
}

#[test]
fn an_output_with_the_brokers_timestamps_takes_records() {
    let kafka = Kafka::shared();
    let out = kafka.topic_with("out", 1, &[("message.timestamp.type", "LogAppendTime")]);
    let scene = Scene {
        out,
        ..Scene::new(1)
    };
    Producer::new(kafka.brokers()).send_all(&scene.source, &[Record::new("k", "v").timestamp(5)]);
    let host = Host::fresh();
    scene.deploy(&host, &[]);
    let mut reader = scene.reader();
    let found = &reader.expect(1)[0];
    assert!(found.append_time && found.timestamp > Some(1_000_000_000_000));
    host.await_caught_up(&scene.name, PATIENCE);
}

#[test]
fn gaps_of_transactions_hold_up_neither_the_watermark_nor_the_lag() {
    let kafka = Kafka::shared();
    let scene = Scene::new(2);
    let producer = Producer::transactional(kafka.brokers(), &scene.source);
    let mut wanted = Vec::new();
    // It ends with an aborted transaction: the last offsets of the topic are ones that no consumer ever sees.
    for round in 0..10 {
        producer.begin();
        for n in 0..100 {
            let value = format!("{round}-{n}");
            producer.send(&scene.source, &Record::new(&value, &value).partition(n % 2));
            if round % 3 != 0 {
                wanted.push(value);
            }
        }
        if round % 3 == 0 {
            producer.abort()
        } else {
            producer.commit()
        }
    }
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    scene.deploy(&host, &[]);
    let mut reader = scene.reader();
    let mut found: Vec<String> = reader
        .expect(wanted.len())
        .iter()
        .map(Record::text)
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    host.await_caught_up(&scene.name, PATIENCE);
    host.await_no_lag(&scene.name);
    wait_until(
        "the last record and what follows it are committed",
        PATIENCE,
        || {
            let committed = kafka.committed(&options.group(&scene.name), &scene.source);
            (committed.iter().flatten().sum::<i64>() >= 2 * (500 + 9)).then_some(())
        },
    );

    // An open transaction is not lag: it is not there yet.
    producer.begin();
    producer.send(&scene.source, &Record::new("open", "open").partition(0));
    producer.flush();
    host.await_no_lag(&scene.name);
    assert_eq!(count(kafka.brokers(), &scene.out), wanted.len());
    producer.commit();
    let mut reader = scene.reader();
    let all = reader.expect(wanted.len() + 1);
    assert!(all.iter().any(|record| record.text() == "open"));
}

#[test]
fn gaps_of_compaction_hold_up_neither_the_watermark_nor_the_lag() {
    let kafka = Kafka::shared();
    let compact = [
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.001"),
        ("segment.ms", "100"),
        ("delete.retention.ms", "0"),
        ("min.compaction.lag.ms", "0"),
    ];
    let scene = Scene::with_source(kafka.topic_with("in", 1, &compact), 1);
    let producer = Producer::new(kafka.brokers());
    for round in 0..20 {
        let records: Vec<Record> = (0..50)
            .map(|n| Record::new(format!("{n}"), format!("{round}-{n}")))
            .collect();
        producer.send_all(&scene.source, &records);
    }
    let mut more = 0;
    wait_until("the broker has compacted the topic", PATIENCE, || {
        // Only closed segments are compacted: each record closes the one before it once that is old enough.
        std::thread::sleep(std::time::Duration::from_millis(150));
        producer.send_all(&scene.source, &[Record::new("filler", more.to_string())]);
        more += 1;
        (count(kafka.brokers(), &scene.source) < 200).then_some(())
    });
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    scene.deploy(&host, &[]);
    host.await_caught_up(&scene.name, PATIENCE);
    host.await_no_lag(&scene.name);
    let values = |topic: &str| -> Vec<String> {
        read_all(kafka.brokers(), topic)
            .iter()
            .map(Record::text)
            .collect()
    };
    let found = values(&scene.out);
    // The broker may compact further in between: what is left must have arrived, in order, and hardly more.
    let left = values(&scene.source);
    assert!(
        left.iter().all(|value| found.contains(value)),
        "{left:?} in {found:?}"
    );
    assert!(found.len() < 400);
    let end = kafka.end_offsets(&scene.source)[0];
    wait_until("the end is committed", PATIENCE, || {
        (kafka.committed(&options.group(&scene.name), &scene.source) == [Some(end)]).then_some(())
    });
}

#[test]
fn partitions_that_a_topic_gains_are_read_from_their_beginning() {
    let kafka = Kafka::shared();
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        // Starting at the end concerns the partitions there are: those that come later have no past to skip.
        let producer = Producer::new(kafka.brokers());
        producer.send_all(&scene.source, &[Record::new("k", "skipped").partition(0)]);
        let refresh = HostOptions::fresh()
            .argument("--kafka")
            .argument("topic.metadata.refresh.interval.ms=1000");
        let host = Host::start(&refresh);
        host.deploy_manifest(&scene.manifest(delivery, "", ""), &["--start", "latest"]);
        kafka.add_partitions(&scene.source, 3);
        let grown = Producer::new(kafka.brokers());
        wait_until("the broker has them", PATIENCE, || {
            (kafka.partitions(&scene.source) == 3).then_some(())
        });
        grown.send_all(
            &scene.source,
            &[0, 1, 2]
                .map(|partition| Record::new("k", format!("in {partition}")).partition(partition)),
        );
        let mut reader = scene.reader();
        let mut found: Vec<String> = reader.expect(3).iter().map(Record::text).collect();
        found.sort();
        assert_eq!(found, ["in 0", "in 1", "in 2"]);
    }
}

#[test]
fn an_output_that_gains_partitions_is_written_to() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let host = Host::start(
        &HostOptions::fresh()
            .argument("--kafka")
            .argument("topic.metadata.refresh.interval.ms=1000"),
    );
    scene.deploy(&host, &[]);
    kafka.add_partitions(&scene.out, 4);
    let producer = Producer::new(kafka.brokers());
    let mut n = 0;
    wait_until("records reach the new partitions", PATIENCE, || {
        n += 1;
        producer.send_all(&scene.source, &[Record::new(n.to_string(), "v")]);
        let ends = kafka.end_offsets(&scene.out);
        (ends.len() == 4 && ends.iter().all(|end| *end > 0)).then_some(())
    });
    host.await_caught_up(&scene.name, PATIENCE);
    assert_eq!(count(kafka.brokers(), &scene.out), n);
}

#[test]
fn start_says_where_the_first_revision_begins() {
    let kafka = Kafka::shared();
    let source = kafka.topic("in", 1);
    let sent: Vec<Record> = (0..100)
        .map(|n| Record::new("k", n.to_string()).timestamp(1_600_000_000_000 + n * 1000))
        .collect();
    Producer::new(kafka.brokers()).send_all(&source, &sent);
    let host = Host::fresh();
    for (start, first) in [
        ("earliest", "0"),
        ("-10", "90"),
        ("2020-09-13T12:27:35Z", "55"),
        ("-1000", "0"),
    ] {
        let scene = Scene::with_source(source.clone(), 1);
        scene.deploy_with(&host, &[], &["--start", start]);
        assert_eq!(scene.reader().expect(1)[0].text(), first, "--start {start}");
    }
    let scene = Scene::with_source(source.clone(), 1);
    scene.deploy_with(&host, &[], &["--start", "latest"]);
    Producer::new(kafka.brokers()).send_all(&source, &[Record::new("k", "new")]);
    assert_eq!(scene.reader().expect(1)[0].text(), "new");
}
