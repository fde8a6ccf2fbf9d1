//! Records that brokers do not take for what they are: they refuse the whole batch, and only those to blame become dead letters.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use millstream_tests::{
    DELIVERIES, Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, read_all, wait_until,
};

const DAY: i64 = 86_400_000;

/// A thousand numbered records, of which each hundredth is changed.
fn thousand(change: impl Fn(Record) -> Record) -> Vec<Record> {
    let record = |number: usize| {
        let record = Record::new(format!("k{number}"), number.to_string());
        if number % 100 == 7 {
            change(record)
        } else {
            record
        }
    };
    (0..1_000).map(record).collect()
}

fn numbers(wanted: impl Fn(usize) -> bool) -> Vec<String> {
    let wanted = (0..1_000).filter(|number| wanted(*number));
    wanted.map(|number| number.to_string()).collect()
}

fn await_all(scene: &Scene, host: &Host) {
    let group = host.options.group(&scene.name);
    wait_until("all is committed", PATIENCE, || {
        (Kafka::shared().committed(&group, &scene.source) == [Some(1_000)]).then_some(())
    });
}

/// What came out, exactly once as it came. At least once, what went with a refused record may come again, and what was under way
/// behind it before it: then it is put in order, and what is repeated is left out.
fn texts(topic: &str, delivery: &str) -> Vec<String> {
    let found = read_all(Kafka::shared().brokers(), topic);
    let texts: Vec<String> = found.iter().map(Record::text).collect();
    if delivery == "exactly-once" {
        return texts;
    }
    let numbers: BTreeSet<usize> = texts.iter().map(|text| text.parse().unwrap()).collect();
    numbers.iter().map(usize::to_string).collect()
}

/// Each hundredth became a dead letter, and the others came out.
fn assert_sorted(scene: &Scene, delivery: &str) {
    let bad = |number: usize| number % 100 == 7;
    assert_eq!(texts(&scene.out, delivery), numbers(|number| !bad(number)));
    assert_eq!(texts(&scene.rejected, delivery), numbers(bad));
}

#[test]
fn records_without_a_key_for_a_compacted_topic_become_dead_letters_and_all_others_pass() {
    let kafka = Kafka::shared();
    for delivery in DELIVERIES {
        let scene = Scene::new(1);
        kafka.configure_topic(&scene.out, "cleanup.policy", "compact");
        let keyless = |record| Record {
            key: None,
            ..record
        };
        Producer::new(kafka.brokers()).send_all(
            &scene.source,
            &thousand(keyless)
                .into_iter()
                .map(|record| record.partition(0))
                .collect::<Vec<_>>(),
        );
        let host = Host::start(&HostOptions::fresh());
        host.deploy_manifest(&scene.manifest(delivery, "", ""), &[]);
        await_all(&scene, &host);
        assert_sorted(&scene, delivery);
        let letters = read_all(kafka.brokers(), &scene.rejected);
        let letter = letters
            .iter()
            .find(|letter| letter.text() == "307")
            .unwrap();
        assert_eq!(
            letter.header_text("millstream.code").as_deref(),
            Some("refused")
        );
        assert_eq!(
            letter.header_text("millstream.offset").as_deref(),
            Some("307")
        );
        let reason = letter.header_text("millstream.reason").unwrap();
        assert!(
            reason.contains(&scene.out) && reason.contains("without a key"),
            "{reason}"
        );
        host.await_state(&scene.name, "running");
    }
}

#[test]
fn records_from_the_future_become_dead_letters_that_keep_their_time_for_a_redrive() {
    let kafka = Kafka::shared();
    let any = ("message.timestamp.after.max.ms", "9223372036854775807");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let future = now.as_millis() as i64 + 2 * DAY;
    for delivery in DELIVERIES {
        let scene = Scene::with_source(kafka.topic_with("in", 1, &[any]), 1);
        for topic in [&scene.out, &scene.rejected] {
            kafka.configure_topic(topic, any.0, "3600000");
        }
        let records = thousand(|record| record.timestamp(future));
        Producer::new(kafka.brokers()).send_all(&scene.source, &records);
        let host = Host::start(&HostOptions::fresh());
        host.deploy_manifest(&scene.manifest(delivery, "", ""), &[]);
        await_all(&scene, &host);
        assert_sorted(&scene, delivery);
        let letters = read_all(kafka.brokers(), &scene.rejected);
        for letter in &letters {
            let told = letter.header_text("millstream.timestamp").unwrap();
            assert_eq!(told, future.to_string());
            assert!(letter.timestamp.is_some_and(|written| written < future));
        }

        kafka.configure_topic(&scene.out, any.0, any.1);
        host.cli([
            "rejected",
            "redrive",
            &scene.name,
            "--code",
            "refused",
            "--wait",
        ])
        .succeeded();
        let redriven = read_all(kafka.brokers(), &scene.out);
        let late: Vec<_> = redriven
            .iter()
            .filter(|record| record.timestamp == Some(future))
            .map(Record::text)
            .collect();
        assert_eq!(late, numbers(|number| number % 100 == 7));
    }
}
