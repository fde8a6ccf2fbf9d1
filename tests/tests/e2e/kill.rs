//! A host that is killed loses nothing, and keeps order.

use std::collections::HashMap;
use std::time::Duration;

use millstream_tests::client::scan;
use millstream_tests::reaper::TempDir;
use millstream_tests::{Host, HostOptions, Kafka, Producer, Record, Scene, guest, wait_until};
use rdkafka::Message as _;

const RECORDS: u64 = 1_000_000;
const PARTITIONS: i32 = 8;
const LIMIT: Duration = Duration::from_secs(150);

/// Reads an output whose records are numbered per partition from 0. Asserts that each partition holds every number, that a
/// run goes on without a gap or a step back, and that at most `replays` times it went back to where an earlier commit was.
/// Returns how many records there are in excess.
fn check_replays(topic: &str, records: u64, replays: usize) -> u64 {
    struct Partition {
        next: u64,
        highest: u64,
        steps_back: usize,
    }
    let mut partitions: HashMap<i32, Partition> = HashMap::new();
    let mut total = 0;
    scan(Kafka::shared().brokers(), topic, |message| {
        total += 1;
        let value = message.payload().unwrap();
        let number: u64 = std::str::from_utf8(&value[..10]).unwrap().parse().unwrap();
        let seen = partitions.entry(message.partition()).or_insert(Partition {
            next: 0,
            highest: 0,
            steps_back: 0,
        });
        if number != seen.next {
            assert!(
                number < seen.next,
                "partition {}: {number} where {} was next",
                message.partition(),
                seen.next
            );
            seen.steps_back += 1;
        }
        seen.next = number + 1;
        seen.highest = seen.highest.max(seen.next);
    });
    assert_eq!(
        partitions
            .values()
            .map(|partition| partition.highest)
            .sum::<u64>(),
        records,
        "every record, at least once"
    );
    for (number, partition) in &partitions {
        assert!(
            partition.steps_back <= replays,
            "partition {number} went back {} times",
            partition.steps_back
        );
        assert_eq!(
            partition.next, partition.highest,
            "partition {number} ends with its last record"
        );
    }
    total - records
}

#[test]
fn million_records_and_two_sigkills_every_record_arrives_in_order() {
    let kafka = Kafka::shared();
    let scene = Scene::new(PARTITIONS);
    let producer = Producer::new(kafka.brokers());
    // The key that a number has decides its partition, in the output as in the source: so order can be compared.
    let keys: Vec<Vec<u8>> = keys_of_partitions();
    let mut numbers = vec![0_u64; keys.len()];
    for n in 0..RECORDS {
        let partition = (n * 7 % 8) as usize;
        let value = format!("{:010}{}", numbers[partition], "x".repeat(90));
        numbers[partition] += 1;
        producer.send(&scene.source, &Record::new(&keys[partition], value));
    }
    producer.flush();

    let options = HostOptions::fresh().dead_after_6_s();
    let mut host = Host::start(&options);
    scene.deploy(&host, &[]);
    let written = || {
        kafka
            .end_offsets(&scene.out)
            .iter()
            .sum::<i64>()
            .unsigned_abs()
    };
    let committed = || -> u64 {
        let committed = kafka.committed(&options.group(&scene.name), &scene.source);
        let committed = committed.iter().map(|offset| offset.unwrap_or(0));
        committed.sum::<i64>().unsigned_abs()
    };
    let mut behind = 0;
    for share in [3, 6] {
        let reached = share * RECORDS / 10;
        wait_until(&format!("{reached} records are written"), LIMIT, || {
            (written() >= reached).then_some(())
        });
        host.process.kill();
        // What the broker had received already it still writes.
        let at_rest = settled(written);
        behind = at_rest - committed();
        host = Host::start(&options);
    }
    host.await_caught_up(&scene.name, LIMIT);
    let doubled = check_replays(&scene.out, RECORDS, 2);
    // What the first kill doubled had been written when the second came.
    assert_eq!(doubled, behind, "what was not committed comes again");
    wait_until("everything is committed", LIMIT, || {
        (committed() == RECORDS).then_some(())
    });
}

/// A number that no longer grows: ten looks find it the same.
fn settled(look: impl Fn() -> u64) -> u64 {
    let (mut value, mut same) = (look(), 0);
    wait_until("it no longer grows", LIMIT, || {
        let now = look();
        same = if now == value { same + 1 } else { 0 };
        value = now;
        (same == 10).then_some(value)
    })
}

/// A key for each of the eight partitions, found by asking librdkafka's own partitioner.
fn keys_of_partitions() -> Vec<Vec<u8>> {
    let kafka = Kafka::shared();
    let topic = kafka.topic("where", PARTITIONS);
    Producer::new(kafka.brokers()).send_all(
        &topic,
        &(0..200)
            .map(|n| Record::new(format!("key-{n}"), ""))
            .collect::<Vec<_>>(),
    );
    let mut keys = vec![None; PARTITIONS as usize];
    scan(kafka.brokers(), &topic, |message| {
        keys[message.partition() as usize] = message.key().map(<[u8]>::to_vec);
    });
    keys.into_iter().map(Option::unwrap).collect()
}

#[test]
fn a_host_that_is_told_to_end_commits_what_it_did_and_nothing_comes_twice() {
    let kafka = Kafka::shared();
    let scene = Scene::new(4);
    let options = HostOptions::fresh();
    let sent: Vec<Record> = (0..100_000)
        .map(|n| Record::new(format!("{n}"), format!("{n}")))
        .collect();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    let mut host = Host::start(&options);
    scene.deploy(&host, &["spin=60000000"]);
    let written = || kafka.end_offsets(&scene.out).iter().sum::<i64>();
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let before = written();
        wait_until("it is at work", LIMIT, || {
            (written() > before + 5000).then_some(())
        });
        assert!(written() < 90_000, "too fast for this test");
        host.process.signal(signal);
        let status = host.process.await_exit(Duration::from_secs(20));
        assert!(status.success(), "{signal:?} ends a host with {status}");
        let committed: i64 = kafka
            .committed(&options.group(&scene.name), &scene.source)
            .iter()
            .map(|offset| offset.unwrap_or(0))
            .sum();
        assert_eq!(
            committed,
            written(),
            "what is written is committed, and nothing else"
        );
        host = Host::start(&options);
    }
    host.await_caught_up(&scene.name, LIMIT);
    assert_eq!(written(), 100_000, "nothing came twice");
}

#[test]
fn a_second_signal_ends_a_host_at_once_and_loses_nothing() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let options = HostOptions::fresh().dead_after_6_s();
    let mut host = Host::start(&options);
    let folder = TempDir::new();
    let manifest = folder.file(
        "millstream.toml",
        format!(
            "name = \"{}\"\nsource = {{ topics = [\"{}\"] }}\nmodule = \"{}\"\n\
             settings = {{ spin = 1000000000 }}\noutputs = {{ out = \"{}\" }}\nlimits = {{ batch-time = \"10 s\" }}\n",
            scene.name,
            scene.source,
            guest("probe").display(),
            scene.out
        ),
    );
    host.cli(["deploy", "-f", manifest.to_str().unwrap()])
        .succeeded();
    Producer::new(kafka.brokers()).send_all(&scene.source, &[Record::new("k", "v")]);
    let in_flight = || host.metric("millstream_in_flight_bytes ", &[]) > Some(0.0);
    wait_until("the guest is at work", LIMIT, || in_flight().then_some(()));
    host.process.terminate();
    wait_until("the host drains", LIMIT, || {
        host.process.log().contains("SIGTERM").then_some(())
    });
    host.process.terminate();
    let status = host.process.await_exit(LIMIT);
    assert_eq!(status.code(), Some(1), "{}", host.process.log());
    assert!(
        host.process.log().contains("again"),
        "{}",
        host.process.log()
    );
    assert_eq!(
        kafka.end_offsets(&scene.out),
        [0],
        "the guest had not ended"
    );
    let host = Host::start(&options);
    scene.reader().expect(1);
    drop(host);
}
