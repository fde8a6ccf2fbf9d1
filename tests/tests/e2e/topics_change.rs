//! Topics that change while hosts use them: retention, deletion, limits, growth. What was destroyed is gone, nothing else; hosts say
//! what happened and what to do, and go on once it is done.

use std::collections::BTreeSet;

use millstream_tests::chaos::{SEED_VARIABLE, Trial, seed, topics};
use millstream_tests::client::count;
use millstream_tests::{
    DELIVERIES, Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, noise, read_all,
    wait_until,
};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// What is lost is passed over.
const LENIENT: &str = "[failures]\nlost-offsets = \"earliest\"";

fn numbered(range: std::ops::Range<u64>) -> Vec<Record> {
    range
        .map(|n| Record::new("k", n.to_string()).partition(0))
        .collect()
}

/// The numbers that records of a topic begin with, in order.
fn numbers(topic: &str) -> Vec<u64> {
    let found = read_all(Kafka::shared().brokers(), topic);
    found
        .iter()
        .map(|record| record.text().split(' ').next().unwrap().parse().unwrap())
        .collect()
}

/// How much, by the seed, which is said.
fn amounts() -> StdRng {
    let seed = seed();
    eprintln!("repeat it with {SEED_VARIABLE}={seed}");
    StdRng::seed_from_u64(seed)
}

fn await_committed(host: &Host, scene: &Scene, offset: i64) {
    let group = host.options.group(&scene.name);
    wait_until(&format!("offset {offset} is committed"), PATIENCE, || {
        (Kafka::shared().committed(&group, &scene.source) == [Some(offset)]).then_some(())
    });
}

/// Hosts that notice within a second what has become of topics.
fn quick() -> HostOptions {
    HostOptions::fresh()
        .argument("--kafka")
        .argument("topic.metadata.refresh.interval.ms=1000")
}

/// Waits until the transform has failed, and gives its reason.
fn await_failed(host: &Host, scene: &Scene) -> String {
    let transform = host.await_state(&scene.name, "failed");
    transform["reason"].as_str().unwrap().to_owned()
}

/// What is wanted comes once, in order; at least once, replays may stand between.
fn assert_found(delivery: &str, found: &[u64], wanted: &[u64]) {
    if delivery == "exactly-once" {
        assert_eq!(found, wanted);
        return;
    }
    let mut seen = BTreeSet::new();
    let first: Vec<u64> = found.iter().copied().filter(|n| seen.insert(*n)).collect();
    assert_eq!(first, wanted, "in order, whatever was repeated");
}

/// The same where a topic was created anew: at least once, records from behind the old offset may have come out before that showed,
/// at the next commit. What comes last of each is in order then.
fn assert_found_anew(delivery: &str, found: &[u64], wanted: &[u64]) {
    if delivery == "exactly-once" {
        assert_eq!(found, wanted);
        return;
    }
    let mut seen = BTreeSet::new();
    let last = found.iter().rev().copied().filter(|n| seen.insert(*n));
    let mut last: Vec<u64> = last.collect();
    last.reverse();
    assert_eq!(last, wanted, "in order, whatever came before");
}

#[test]
fn what_retention_cut_off_while_the_host_was_down_stops_it_until_it_is_told_to_go_on() {
    let (kafka, mut random) = (Kafka::shared(), amounts());
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        let producer = Producer::new(kafka.brokers());
        let options = quick();
        let mut host = Host::start(&options);
        host.deploy_manifest(&scene.manifest(delivery, "", ""), &[]);
        let done = random.random_range(1..2_000);
        producer.send_all(&scene.source, &numbered(0..done));
        await_committed(&host, &scene, done as i64);
        host.process.terminate();
        host.process.await_exit(PATIENCE);

        let first = done + random.random_range(1..2_000);
        producer.send_all(&scene.source, &numbered(done..first + 500));
        kafka.delete_records(&scene.source, 0, first as i64);
        let host = Host::start(&options);
        let said = await_failed(&host, &scene);
        let lost = format!("offsets {done} to {}", first - 1);
        for part in [
            &*format!("{}/0", scene.source),
            &lost,
            "failures.lost-offsets",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(count(kafka.brokers(), &scene.out) as u64, done);

        // The remedy that it names; from then on it goes by itself.
        let lenient = scene.manifest(delivery, "", LENIENT);
        host.deploy_manifest(&lenient, &[]);
        await_committed(&host, &scene, first as i64 + 500);
        let wanted: Vec<u64> = (0..done).chain(first..first + 500).collect();
        assert_found(delivery, &numbers(&scene.out), &wanted);
        let passed = host.metric("millstream_lost_offsets_total{", &[&scene.name]);
        assert_eq!(passed, Some((first - done) as f64));
        assert_eq!(host.transform(&scene.name).unwrap()["state"], "running");
    }
}

#[test]
fn retention_that_overtakes_a_host_costs_what_it_deleted_and_nothing_else() {
    let (kafka, mut random) = (Kafka::shared(), amounts());
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        let host = Host::start(&quick());
        // A fifth of a second a batch, and far more than a host fetches ahead: it is not to be near when records go.
        let slow = scene.manifest(delivery, "spin = 200000000", LENIENT);
        let sent = 60_000;
        let long: Vec<Record> = (0..sent)
            .map(|n| Record::new("k", format!("{n} {}", noise(n, 1_000))).partition(0))
            .collect();
        Producer::new(kafka.brokers()).send_all(&scene.source, &long);
        host.deploy_manifest(&slow, &[]);
        let group = host.options.group(&scene.name);
        wait_until("it is on its way", PATIENCE, || {
            let committed = kafka.committed(&group, &scene.source)[0]?;
            (committed > 0).then_some(())
        });
        let first = random.random_range(50_000..57_000);
        kafka.delete_records(&scene.source, 0, first);
        await_committed(&host, &scene, sent as i64);
        let found = numbers(&scene.out);
        let reached = found
            .iter()
            .copied()
            .filter(|n| *n < first as u64)
            .max()
            .unwrap();
        let wanted: Vec<u64> = (0..=reached).chain(first as u64..sent).collect();
        assert_found(delivery, &found, &wanted);
        let passed = host.metric("millstream_lost_offsets_total{", &[&scene.name]);
        assert_eq!(passed, Some((first as u64 - reached - 1) as f64));
        assert!(
            reached + 1 < first as u64,
            "it was too fast to lose anything"
        );
    }
}

/// The source is deleted and created again with more in it than the committed offset, so that a host that does not notice would
/// read on in the middle.
fn recreate(kafka: &Kafka, scene: &Scene, from: u64, records: u64) {
    kafka.drop_topic(&scene.source);
    kafka.create_topic(&scene.source, 1, &[]);
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&scene.source, &numbered(from..from + records));
}

#[test]
fn a_source_that_is_created_anew_under_a_host_stops_it_until_it_is_deployed_again() {
    let (kafka, mut random) = (Kafka::shared(), amounts());
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        let options = quick();
        let mut host = Host::start(&options);
        host.deploy_manifest(&scene.manifest(delivery, "", ""), &[]);
        let done = random.random_range(10..1_000);
        Producer::new(kafka.brokers()).send_all(&scene.source, &numbered(0..done));
        await_committed(&host, &scene, done as i64);
        let more = random.random_range(1_000..3_000);
        recreate(kafka, &scene, done, more);
        let said = await_failed(&host, &scene);
        for part in [&*scene.source, "created anew", "Deploy the transform again"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // A restart does not settle it.
        host.process.terminate();
        host.process.await_exit(PATIENCE);
        let host = Host::start(&options);
        let said = await_failed(&host, &scene);
        assert!(said.contains("created anew"), "{said}");

        host.deploy_manifest(&scene.manifest(delivery, "", ""), &[]);
        await_committed(&host, &scene, more as i64);
        let wanted: Vec<u64> = (0..done + more).collect();
        assert_found_anew(delivery, &numbers(&scene.out), &wanted);
    }
}

#[test]
fn a_source_that_is_created_anew_is_read_from_its_beginning_where_that_is_asked_for() {
    let (kafka, mut random) = (Kafka::shared(), amounts());
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        let options = quick();
        let mut host = Host::start(&options);
        let lenient = scene.manifest(delivery, "", LENIENT);
        host.deploy_manifest(&lenient, &[]);
        let mut next = random.random_range(10..1_000);
        Producer::new(kafka.brokers()).send_all(&scene.source, &numbered(0..next));
        await_committed(&host, &scene, next as i64);
        // Longer than it was, then shorter, under the host; then without it.
        for (more, down) in [(3_000, false), (500, false), (4_000, true)] {
            if down {
                host.process.terminate();
                host.process.await_exit(PATIENCE);
            }
            recreate(kafka, &scene, next, more);
            next += more;
            if down {
                host = Host::start(&options);
            }
            await_committed(&host, &scene, more as i64);
        }
        let wanted: Vec<u64> = (0..next).collect();
        assert_found_anew(delivery, &numbers(&scene.out), &wanted);
    }
}

#[test]
fn dead_letters_wait_for_their_topic_to_be_created_again() {
    let kafka = Kafka::shared();
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        let host = Host::start(&quick());
        let manifest = scene.manifest(delivery, "mode = \"reject-needle\"", "");
        host.deploy_manifest(&manifest, &[]);
        let producer = Producer::new(kafka.brokers());
        producer.send_all(&scene.source, &numbered(0..100));
        await_committed(&host, &scene, 100);
        kafka.drop_topic(&scene.rejected);
        let needles = [1, 2, 3].map(|n| Record::new("k", format!("needle {n}")).partition(0));
        producer.send_all(&scene.source, &needles);
        producer.send_all(&scene.source, &numbered(100..200));
        wait_until("it says what is in the way", PATIENCE, || {
            let transform = host.transform(&scene.name)?;
            let reason = transform["reason"].as_str()?;
            (transform["state"] == "running" && reason.contains(&scene.rejected)).then_some(())
        });
        kafka.create_topic(&scene.rejected, 1, &[]);
        await_committed(&host, &scene, 203);
        let wanted: Vec<u64> = (0..200).collect();
        assert_found(delivery, &numbers(&scene.out), &wanted);
        let letters = read_all(kafka.brokers(), &scene.rejected);
        let texts: BTreeSet<String> = letters.iter().map(Record::text).collect();
        assert_eq!(texts.len(), 3);
        assert!(delivery == DELIVERIES[0] || letters.len() == 3);
    }
}

#[test]
fn records_too_large_for_a_limit_that_was_lowered_become_dead_letters() {
    let kafka = Kafka::shared();
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        let host = Host::start(&quick());
        host.deploy_manifest(&scene.manifest(delivery, "", ""), &[]);
        let large = |n: u64| Record::new("k", format!("{n:05}{}", "x".repeat(50_000))).partition(0);
        let producer = Producer::new(kafka.brokers());
        let before: Vec<Record> = (0..10).map(large).collect();
        producer.send_all(&scene.source, &before);
        await_committed(&host, &scene, 10);
        kafka.configure_topic(&scene.out, "max.message.bytes", "20000");
        // Every tenth is too large from now on.
        let after: Vec<Record> = (10..2_000)
            .map(|n| match n % 10 {
                0 => large(n),
                _ => Record::new("k", format!("{n:05}")).partition(0),
            })
            .collect();
        producer.send_all(&scene.source, &after);
        await_committed(&host, &scene, 2_000);
        let of = |topic: &str| -> Vec<u64> {
            let found = read_all(kafka.brokers(), topic);
            found
                .iter()
                .map(|record| record.text()[..5].parse().unwrap())
                .collect()
        };
        let (written, letters): (Vec<u64>, Vec<u64>) =
            (0..2_000).partition(|n| *n < 10 || n % 10 > 0);
        assert_found(delivery, &of(&scene.out), &written);
        assert_found(delivery, &of(&scene.rejected), &letters);
        let codes = read_all(kafka.brokers(), &scene.rejected);
        let code = |record: &Record| record.header_text("millstream.code");
        assert!(
            codes
                .iter()
                .all(|record| code(record).as_deref() == Some("too-large"))
        );
    }
}

#[test]
fn an_output_that_is_deleted_and_created_again_costs_what_it_held_and_nothing_else() {
    for exactly_once in [true, false] {
        let trial = Trial {
            faults: 1,
            ..Trial::new(exactly_once)
        };
        topics::output_recreated(Kafka::shared(), &trial);
    }
}

#[test]
fn an_output_that_takes_smaller_batches_than_before_gets_smaller_ones() {
    for exactly_once in [true, false] {
        let trial = Trial {
            faults: 1,
            ..Trial::new(exactly_once)
        };
        topics::limit_lowered(Kafka::shared(), &trial);
    }
}
