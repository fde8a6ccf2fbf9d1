//! A guest that fails loses nothing but the records that are to blame, says why, and holds up nobody else.

use std::time::Instant;

use millstream_tests::{
    DELIVERIES, Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, read_all, wait_until,
};

/// Numbered records, of which the 2,500th holds the needle.
fn records() -> Vec<Record> {
    (0..5000)
        .map(|n| {
            Record::new(
                "k",
                if n == 2500 {
                    format!("{n} needle")
                } else {
                    n.to_string()
                },
            )
        })
        .collect()
}

/// The probe that fails on the needle in this way, with limits that are soon reached.
fn manifest(scene: &Scene, mode: &str, failures: &str) -> String {
    let limits = "[limits]\nmemory = \"32 MiB\"\nbatch-time = \"100 ms\"";
    let settings = format!("mode = \"{mode}\"");
    scene.manifest(
        DELIVERIES[0],
        &settings,
        &format!("{limits}\n[failures]\n{failures}"),
    )
}

fn texts(topic: &str) -> Vec<String> {
    let found = read_all(Kafka::shared().brokers(), topic);
    found.iter().map(Record::text).collect()
}

/// A guest that fails on the needle loses nothing but the needle, which becomes a dead letter with this code.
fn the_needle_becomes_a_letter(mode: &str, failures: &str, code: &str, reason: &str) {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let host = Host::fresh();
    let bystander = Scene::new(1);
    bystander.deploy(&host, &[]);
    host.deploy_manifest(&manifest(&scene, mode, failures), &[]);
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&scene.source, &records());
    host.await_caught_up(&scene.name, PATIENCE);

    let (letter, good): (Vec<String>, Vec<String>) = records()
        .iter()
        .map(Record::text)
        .partition(|text| text.contains("needle"));
    assert_eq!(texts(&scene.out), good, "all others once, in order");
    let letters = read_all(kafka.brokers(), &scene.rejected);
    let found: Vec<String> = letters.iter().map(Record::text).collect();
    assert_eq!(found, letter);
    let header = |name: &str| letters[0].header_text(name).unwrap_or_default();
    assert_eq!(header("millstream.code"), code);
    assert_eq!(header("millstream.offset"), "2500");
    assert!(
        header("millstream.reason").contains(reason),
        "{}",
        header("millstream.reason")
    );
    let attempts: u32 = header("millstream.attempts").parse().unwrap();
    assert!((2..=40).contains(&attempts), "{attempts} attempts");
    assert_eq!(
        host.transform(&scene.name).expect("it is there")["state"],
        "running"
    );
    // The command line shows it.
    let listed = host.cli(["rejected", "list", &scene.name]).succeeded().out;
    let from = format!("{}/0 @2500", scene.source);
    assert!(listed.contains(&from) && listed.contains(code), "{listed}");
    let none = host.cli(["rejected", "list", &scene.name, "--code", "other"]);
    assert!(!none.succeeded().out.contains(&from));
    let shown = host
        .cli(["rejected", "show", &scene.name, "0/0"])
        .succeeded()
        .out;
    assert!(
        shown.contains("2500 needle") && shown.contains(reason),
        "{shown}"
    );
    host.cli(["rejected", "show", &scene.name, "0/1"])
        .failed(1, &["offset 1 of partition 0", "rejected list"]);
    host.cli(["rejected", "list", "nobody"])
        .failed(1, &["nobody"]);

    // Others have gone on.
    producer.send_all(&bystander.source, &[Record::new("k", "v")]);
    bystander.reader().expect(1);
}

#[test]
fn a_record_that_makes_the_guest_trap_becomes_a_dead_letter() {
    the_needle_becomes_a_letter("trap-on-needle", "", "trap", "trapped");
}

#[test]
fn a_record_that_makes_the_guest_loop_becomes_a_dead_letter() {
    the_needle_becomes_a_letter("loop-on-needle", "", "limit", "CPU time");
}

#[test]
fn a_record_that_makes_the_guest_grow_without_end_becomes_a_dead_letter() {
    the_needle_becomes_a_letter("grow-on-needle", "", "limit", "memory");
}

#[test]
fn a_record_with_a_malformed_answer_becomes_a_dead_letter() {
    the_needle_becomes_a_letter("malformed-on-needle", "", "malformed", "row");
}

#[test]
fn a_record_that_the_guest_never_will_process_becomes_a_dead_letter() {
    the_needle_becomes_a_letter("permanent-on-needle", "", "permanent", "never will");
}

#[test]
fn a_record_that_stays_transient_for_too_long_becomes_a_dead_letter() {
    let retry = "retry = { for = \"1 s\" }";
    the_needle_becomes_a_letter("transient-on-needle", retry, "transient", "come back later");
}

#[test]
fn what_is_retried_can_be_seen_and_a_better_revision_takes_over() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let host = Host::fresh();
    host.deploy_manifest(&manifest(&scene, "transient-on-needle", ""), &[]);
    Producer::new(kafka.brokers()).send_all(&scene.source, &records());
    let retrying = wait_until("it has been tried three times", PATIENCE, || {
        let retrying = host.transform(&scene.name)?["positions"][0]["retrying"].clone();
        (retrying["attempts"].as_u64()? >= 3).then_some(retrying)
    });
    let reason = retrying["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("come back later"), "{retrying}");
    assert!(
        retrying["next"].as_str() > retrying["since"].as_str(),
        "{retrying}"
    );
    let shown = host.cli(["describe", &scene.name]).succeeded().out;
    assert!(
        shown.contains("retrying") && shown.contains("come back later"),
        "{shown}"
    );
    scene.deploy(&host, &["tag=better"]);
    host.await_caught_up(&scene.name, PATIENCE);
    let all: Vec<String> = records().iter().map(Record::text).collect();
    assert_eq!(texts(&scene.out), all, "everything once, in order");
    let now = host.transform(&scene.name).expect("it is there");
    assert!(now["positions"][0]["retrying"].is_null(), "{now}");
}

#[test]
fn a_failure_that_is_to_stop_the_transform_says_which_record_it_was() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    host.deploy_manifest(&manifest(&scene, "trap-on-needle", "traps = \"stop\""), &[]);
    Producer::new(kafka.brokers()).send_all(&scene.source, &records());

    let failed = host.await_state(&scene.name, "failed");
    let reason = failed["reason"].as_str().unwrap_or_default();
    for text in ["offset 2500", "trap", "failures.traps"] {
        assert!(reason.contains(text), "no {text:?} in: {reason}");
    }
    // `list` and `describe` say so too.
    assert!(host.cli(["list"]).succeeded().out.contains("failed"));
    let describe = host.cli(["describe", &scene.name]).succeeded().out;
    assert!(describe.contains("failed"), "{describe}");
    assert_eq!(
        failed["failures"],
        serde_json::json!({ "failed-record": 1 })
    );

    // Nothing from the needle on is committed, and a better revision goes on from there.
    let committed = kafka.committed(&options.group(&scene.name), &scene.source)[0].unwrap_or(0);
    assert!(committed <= 2500, "committed {committed}");
    let written = texts(&scene.out).len();
    assert!(written <= 2500, "{written} written");
    scene.deploy(&host, &["tag=better"]);
    host.await_caught_up(&scene.name, PATIENCE);
    let all: Vec<String> = records().iter().map(Record::text).collect();
    assert_eq!(texts(&scene.out), all, "everything once, in order");
}

#[test]
fn a_module_that_fails_on_every_record_stops_instead_of_draining_its_topic() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let host = Host::fresh();
    let all: Vec<Record> = (0..2000).map(|_| Record::new("k", "needle")).collect();
    Producer::new(kafka.brokers()).send_all(&scene.source, &all);
    host.try_manifest(&manifest(&scene, "trap-on-needle", ""), &[]);
    let failed = host.await_state(&scene.name, "failed");
    let reason = failed["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("failures.stop-above"), "{reason}");
    let letters = texts(&scene.rejected).len();
    assert!(letters < 200, "{letters} letters");
}

#[test]
fn deploy_waits_until_the_transform_has_failed_and_says_why() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    Producer::new(kafka.brokers()).send_all(&scene.source, &[Record::new("k", "needle")]);
    let host = Host::fresh();
    // It may run for a moment before it meets the needle: then deploying was a success and the state says the rest.
    let finished = host.try_manifest(&manifest(&scene, "trap-on-needle", "traps = \"stop\""), &[]);
    if finished.code != Some(0) {
        finished.failed(1, &[&scene.name, "trap"]);
    }
    host.await_state(&scene.name, "failed");
    // The same again does not help, but a restart does not forget either.
    let options = host.options.clone();
    let mut host = host;
    host.process.terminate();
    host.process.await_exit(PATIENCE);
    let host = Host::start(&options);
    host.await_state(&scene.name, "failed");
}

#[test]
fn an_instance_that_describes_itself_differently_fails_the_transform() {
    let scene = Scene::new(1);
    let host = Host::fresh();
    // Its second output has a random name: no deployment can be right.
    let finished = scene.try_deploy(&host, &["mode=fickle"], &[]);
    finished.failed(1, &["output"]);
}

#[test]
fn a_guests_log_reaches_the_user_without_its_control_characters_and_within_limits() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let host = Host::fresh();
    scene.deploy(&host, &["log=\u{1b}[31mred\u{1b}[0m and\ta bell\u{7}"]);
    Producer::new(kafka.brokers()).send_all(&scene.source, &[Record::new("k", "v")]);
    scene.reader().expect(1);
    let logs = wait_until("the line is there", PATIENCE, || {
        let logs = host.cli(["logs", &scene.name]).succeeded().out;
        logs.contains("red").then_some(logs)
    });
    assert!(
        !logs.contains('\u{1b}') && !logs.contains('\u{7}'),
        "{logs:?}"
    );
    // A flood is cut: what is kept goes by the time it lasts.
    let begun = Instant::now();
    scene.deploy(
        &host,
        &[&format!("log={}", "x".repeat(100_000)), "log-lines=10"],
    );
    Producer::new(kafka.brokers()).send_all(
        &scene.source,
        &(0..500_000)
            .map(|_| Record::new("k", "v"))
            .collect::<Vec<_>>(),
    );
    host.await_caught_up(&scene.name, PATIENCE);
    let logs = host
        .cli(["logs", &scene.name, "--tail", "10"])
        .succeeded()
        .out;
    assert!(
        logs.lines().all(|line| line.len() < 20_000),
        "lines are limited"
    );
    let lasted = i64::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    let kept = kafka.end_offsets(&format!("_{}.logs", host.options.prefix))[0];
    assert!(
        kept <= 202 + 101 * lasted,
        "{kept} lines were kept in {lasted} s"
    );
    let not_kept = host.metric("millstream_suppressed_log_lines_total{", &[&scene.name]);
    assert!(not_kept > Some(0.0), "{not_kept:?}");
}

#[test]
fn counters_and_totals_are_exported() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let host = Host::fresh();
    scene.deploy(&host, &["mode=reject-needle"]);
    Producer::new(kafka.brokers()).send_all(&scene.source, &records());
    host.await_caught_up(&scene.name, PATIENCE);
    // Which is not known before it has seen the end.
    host.await_no_lag(&scene.name);
    let metrics = millstream_tests::api::get(host.port, "/metrics").unwrap();
    assert_eq!(metrics.status, 200);
    let value = |metric: &str, more: &str| -> Option<f64> {
        host.metric(metric, &[&format!("\"{}\"", scene.name), more])
    };
    assert_eq!(
        value("millstream_records_in_total", ""),
        Some(5000.0),
        "{}",
        metrics.body
    );
    assert_eq!(
        value("millstream_records_out_total", ""),
        Some(4999.0),
        "{}",
        metrics.body
    );
    assert_eq!(
        value("millstream_records_rejected_total", ""),
        Some(1.0),
        "{}",
        metrics.body
    );
    assert_eq!(
        value("millstream_lag_records", ""),
        Some(0.0),
        "{}",
        metrics.body
    );
    assert!(
        value("millstream_guest_cpu_seconds_total", "") > Some(0.0),
        "{}",
        metrics.body
    );
    assert_eq!(
        value("millstream_guest_counter_total", "\"rows\""),
        Some(5000.0),
        "{}",
        metrics.body
    );
}
