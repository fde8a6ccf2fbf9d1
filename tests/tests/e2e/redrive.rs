//! `millstream rejected redrive`: what a transform could not process goes through it once more.

use std::time::Duration;

use millstream_tests::{Host, HostOptions, Kafka, Producer, Record, Scene, read_all, wait_until};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(240);

/// The probe in a mode, with a delivery. Any share of its records may fail.
fn manifest(scene: &Scene, mode: &str, delivery: &str) -> String {
    scene.manifest(delivery, mode, "[failures]\nstop-above = \"100 %\"")
}

const FAILS: &str = "mode = \"trap-on-needle\"";
const WORKS: &str = "mode = \"pass\"";
/// Two milliseconds or so for each call.
const SLOW: &str = "mode = \"pass\", spin = 2000000";

fn texts(topic: &str) -> Vec<String> {
    let found = read_all(Kafka::shared().brokers(), topic);
    let mut texts: Vec<String> = found.iter().map(Record::text).collect();
    texts.sort_unstable();
    texts
}

/// Letters as the transform would have written them, of two source partitions in turn: each is a batch of its own.
fn write_letters(scene: &Scene, numbers: std::ops::Range<usize>) {
    let letters = numbers.map(|number| {
        needle(number)
            .header("millstream.topic", scene.source.as_bytes())
            .header("millstream.partition", (number % 2).to_string().as_bytes())
            .header("millstream.offset", number.to_string().as_bytes())
            .header("millstream.transform", scene.name.as_bytes())
            .header("millstream.code", b"trap")
            .header("millstream.attempts", b"2")
    });
    let letters: Vec<Record> = letters.collect();
    Producer::new(Kafka::shared().brokers()).send_all(&scene.rejected, &letters);
}

fn needle(number: usize) -> Record {
    Record::new(format!("k{}", number % 7), format!("needle {number:05}"))
}

fn needles(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| needle(number).text()).collect()
}

fn redrives(host: &Host, scene: &Scene) -> Vec<Value> {
    let listed = host.cli(["rejected", "redrives", &scene.name, "--json"]);
    let listed: Value = serde_json::from_str(&listed.succeeded().out).expect("JSON");
    listed["redrives"].as_array().expect("a list").clone()
}

#[test]
fn letters_go_through_a_better_revision_once_and_what_fails_again_is_a_new_letter() {
    let (scene, host) = (Scene::new(2), Host::fresh());
    host.cli(["rejected", "redrive", "nobody"])
        .failed(1, &["nobody"]);
    host.deploy_manifest(&manifest(&scene, FAILS, "at-least-once"), &[]);
    let records: Vec<Record> = (0..20).map(needle).collect();
    Producer::new(Kafka::shared().brokers()).send_all(&scene.source, &records);
    host.await_caught_up(&scene.name, LIMIT);
    assert_eq!(
        read_all(Kafka::shared().brokers(), &scene.rejected).len(),
        20
    );

    // Through the revision that fails: as many new letters, with more attempts, about the same records.
    let redrive = |more: &[&str]| {
        let mut arguments = vec!["rejected", "redrive", &scene.name, "--wait"];
        arguments.extend(more);
        host.cli(arguments)
    };
    redrive(&["0/3"]).succeeded();
    let letters = read_all(Kafka::shared().brokers(), &scene.rejected);
    assert_eq!(letters.len(), 21);
    let (old, new) = (&letters[3], &letters[20]);
    assert_eq!((old.text(), &old.key), (new.text(), &new.key));
    for name in [
        "millstream.topic",
        "millstream.partition",
        "millstream.offset",
    ] {
        assert_eq!(old.header_text(name), new.header_text(name), "{name}");
    }
    let attempts = |letter: &Record| -> u32 {
        let text = letter.header_text("millstream.attempts");
        text.expect("attempts").parse().expect("a number")
    };
    assert!(attempts(new) > attempts(old));

    // What a better one would make of them, before it is deployed and after.
    let listed = host.cli(["rejected", "redrive", &scene.name, "0/4", "--dry-run"]);
    let listed = listed.succeeded().out;
    assert!(
        listed.contains("fails") && listed.contains("0 would go through, 1 would fail"),
        "{listed}"
    );
    host.deploy_manifest(&manifest(&scene, WORKS, "at-least-once"), &[]);
    let listed = host.cli(["rejected", "redrive", &scene.name, "0/4", "--dry-run"]);
    let listed = listed.succeeded().out;
    assert!(
        listed.contains("needle 0") && listed.contains("Nothing was written"),
        "{listed}"
    );
    assert_eq!(texts(&scene.out), Vec::<String>::new());

    // By code: there are none of that one, so it is over at once.
    redrive(&["--code", "other"]).succeeded();
    assert_eq!(texts(&scene.out), Vec::<String>::new());
    // All: the one that was redriven before is represented by its new letter.
    redrive(&[]).succeeded();
    assert_eq!(texts(&scene.out), needles(0..20));
    let out = read_all(Kafka::shared().brokers(), &scene.out);
    assert!(
        out.iter().all(|record| record.headers.is_empty()),
        "the host's headers are gone"
    );
    // Once more: they have gone through. Unless that is asked for.
    redrive(&[]).succeeded();
    assert_eq!(texts(&scene.out).len(), 20);
    redrive(&["--again", "0/5"]).succeeded();
    assert_eq!(texts(&scene.out).len(), 21);

    let states: Vec<Value> = redrives(&host, &scene)
        .iter()
        .map(|redrive| redrive["state"].clone())
        .collect();
    assert_eq!(states, ["finished"; 5]);
    redrive(&["0/999"]).failed(1, &["offset 999"]);
    host.cli(["rejected", "cancel", &scene.name])
        .failed(1, &["no redrive"]);
}

#[test]
fn exactly_once_a_redrive_whose_hosts_are_killed_sends_every_letter_once() {
    const LETTERS: usize = 2_000;
    let (scene, options) = (Scene::new(4), HostOptions::fresh().dead_after_6_s());
    let mut host = Host::start(&options);
    host.deploy_manifest(&manifest(&scene, SLOW, "exactly-once"), &[]);
    write_letters(&scene, 0..LETTERS);
    host.cli(["rejected", "redrive", &scene.name]).succeeded();
    host.cli(["rejected", "redrive", &scene.name])
        .failed(1, &["redrive 1", "is not over"]);
    for kill in 1..=3 {
        let left = |host: &Host| redrives(host, &scene)[0]["remaining"].as_u64().unwrap_or(0);
        let before = left(&host);
        wait_until("the redrive gets on", LIMIT, || {
            (left(&host) + 50 < before).then_some(())
        });
        assert!(left(&host) > 0, "too fast for this test, kill {kill}");
        host.process.kill();
        host = Host::start(&options);
    }
    wait_until("the redrive is over", LIMIT, || {
        (redrives(&host, &scene)[0]["state"] == "finished").then_some(())
    });
    wait_until("all of them can be seen", LIMIT, || {
        (texts(&scene.out).len() >= LETTERS).then_some(())
    });
    assert_eq!(texts(&scene.out), needles(0..LETTERS));
}

#[test]
fn a_redrive_that_was_stopped_in_the_middle_is_finished_by_the_next_one() {
    const LETTERS: usize = 2_000;
    let (scene, host) = (Scene::new(1), Host::fresh());
    host.deploy_manifest(&manifest(&scene, SLOW, "exactly-once"), &[]);
    write_letters(&scene, 0..LETTERS);
    host.cli(["rejected", "redrive", &scene.name]).succeeded();
    wait_until("it gets on", LIMIT, || {
        (!texts(&scene.out).is_empty()).then_some(())
    });
    host.cli(["rejected", "cancel", &scene.name]).succeeded();
    wait_until("it has stopped", LIMIT, || {
        (redrives(&host, &scene)[0]["state"] == "cancelled").then_some(())
    });
    let some = texts(&scene.out).len();
    assert!(0 < some && some < LETTERS, "{some}");
    host.deploy_manifest(&manifest(&scene, WORKS, "exactly-once"), &[]);
    host.cli(["rejected", "redrive", &scene.name, "--wait"])
        .succeeded();
    assert_eq!(texts(&scene.out), needles(0..LETTERS));
}
