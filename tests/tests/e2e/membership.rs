//! Hosts share the partitions of a transform, and come and go under load.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millstream_tests::{
    Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, read_all, wait_until,
};

const PARTITIONS: i32 = 12;

/// The partitions that a host says it reads.
fn partitions(host: &Host, name: &str) -> BTreeSet<i64> {
    let Some(transform) = host.transform(name) else {
        return BTreeSet::new();
    };
    transform["positions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|position| position["partition"].as_i64().unwrap())
        .collect()
}

fn share(hosts: &[&Host], name: &str) -> Option<()> {
    let shares: Vec<BTreeSet<i64>> = hosts.iter().map(|host| partitions(host, name)).collect();
    let all: BTreeSet<i64> = shares.iter().flatten().copied().collect();
    let even = shares
        .iter()
        .all(|share| share.len() * hosts.len() == PARTITIONS as usize);
    (even && all.len() == PARTITIONS as usize).then_some(())
}

#[test]
fn two_hosts_share_the_partitions_and_both_work() {
    let kafka = Kafka::shared();
    let scene = Scene::new(PARTITIONS);
    let options = HostOptions::fresh();
    let first = Host::start(&options);
    scene.deploy(&first, &[]);
    wait_until("the first host has all", PATIENCE, || {
        share(&[&first], &scene.name)
    });
    let second = Host::start(&options);
    wait_until("each host has half", PATIENCE, || {
        share(&[&first, &second], &scene.name)
    });
    let sent: Vec<Record> = (0..12_000)
        .map(|n| Record::new(n.to_string(), "v").partition(n % PARTITIONS))
        .collect();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    scene.reader().expect(sent.len());
    let counts = || {
        [&first, &second].map(|host| {
            host.transform(&scene.name).unwrap()["records_in"]
                .as_i64()
                .unwrap()
        })
    };
    wait_until("both count their half", PATIENCE, || {
        (counts() == [6000, 6000]).then_some(())
    });
    let list = first.cli(["list"]).succeeded();
    assert!(
        list.err.contains("alone"),
        "with two hosts `list` says whose numbers these are:\n{}",
        list.err
    );
    let hosts = first.cli(["list", "--json"]).succeeded();
    let json: serde_json::Value = serde_json::from_str(&hosts.out).unwrap();
    assert_eq!(json["hosts"].as_array().unwrap().len(), 2);
}

#[test]
fn hosts_join_leave_and_are_killed_under_load_and_nothing_is_lost() {
    let kafka = Kafka::shared();
    let scene = Scene::new(PARTITIONS);
    let options = HostOptions::fresh().dead_after_6_s();
    let mut first = Host::start(&options);
    scene.deploy(&first, &[]);
    let stop = AtomicBool::new(false);
    let (sent, clean) = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let producer = Producer::new(kafka.brokers());
            let began = Instant::now();
            let mut sent = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                // 5,000 records a second, so that there is always something under way.
                while began.elapsed().as_millis() as u64 * 5 > sent {
                    producer.send(
                        &scene.source,
                        &Record::new(sent.to_string(), sent.to_string()),
                    );
                    sent += 1;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            producer.flush();
            sent
        });
        let run = || {
            let second = Host::start(&options);
            wait_until("the second host has joined", PATIENCE, || {
                share(&[&first, &second], &scene.name)
            });
            let mut third = Host::start(&options);
            wait_until("the third host has joined", PATIENCE, || {
                share(&[&first, &second, &third], &scene.name)
            });
            first.process.terminate();
            assert!(first.process.await_exit(PATIENCE).success());
            wait_until("the first host's share has gone over", PATIENCE, || {
                share(&[&second, &third], &scene.name)
            });
            let clean = kafka.end_offsets(&scene.out).iter().sum::<i64>();
            third.process.kill();
            wait_until("the killed host's share has gone over", PATIENCE, || {
                share(&[&second], &scene.name)
            });
            (second, clean)
        };
        // The load must end even if this panics, or the scope would wait for it for ever.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        stop.store(true, Ordering::Relaxed);
        let sent = load.join().unwrap();
        let (second, clean) = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        second.await_caught_up(&scene.name, PATIENCE);
        (sent, clean)
    });
    let found = read_all(kafka.brokers(), &scene.out);
    let distinct: BTreeSet<u64> = found
        .iter()
        .map(|record| record.text().parse().unwrap())
        .collect();
    assert_eq!(distinct.len() as u64, sent, "every record arrived");
    assert!(clean > 0);
    // Joining and leaving in good order repeats nothing; what the killed host had not committed yet comes again.
    let doubled = found.len() as u64 - sent;
    assert!(doubled < 30_000, "{doubled} of {sent} records came twice");
}
