//! A guest that fails stops its own transform, with the reason, loses nothing and holds up nobody else.

use std::time::Instant;

use millstream_tests::{
    Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, read_all, wait_until,
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

/// A probe that fails on the needle in this way; texts that the reason has to hold.
fn fails_on_the_needle(mode: &str, settings: &[&str], texts: &[&str]) {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    let bystander = Scene::new(1);
    bystander.deploy(&host, &[]);
    let mode = format!("mode={mode}");
    let mut all = vec![mode.as_str()];
    all.extend(settings);
    scene.deploy(&host, &all);
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&scene.source, &records());

    let failed = host.await_state(&scene.name, "failed");
    let reason = failed["reason"].as_str().unwrap_or_default();
    for text in texts {
        assert!(
            reason.to_lowercase().contains(&text.to_lowercase()),
            "the reason does not say {text:?}: {reason}"
        );
    }
    // `list`, `describe` and a waiting `deploy` say so too.
    assert!(host.cli(["list"]).succeeded().out.contains("failed"));
    assert!(
        host.cli(["describe", &scene.name])
            .succeeded()
            .out
            .contains("failed")
    );
    let describe = host
        .cli(["describe", &scene.name, "--json"])
        .succeeded()
        .out;
    let describe: serde_json::Value = serde_json::from_str(&describe).unwrap();
    let failures = describe["failures"].as_object().unwrap();
    assert_eq!(failures.values().collect::<Vec<_>>(), [1], "{failures:?}");

    // Others go on.
    producer.send_all(&bystander.source, &[Record::new("k", "v")]);
    bystander.reader().expect(1);

    // Nothing from the needle on is committed, and a better revision goes on from there.
    let committed = kafka.committed(&options.group(&scene.name), &scene.source)[0].unwrap_or(0);
    assert!(committed <= 2500, "committed {committed}");
    let written = read_all(kafka.brokers(), &scene.out).len();
    assert!(written <= 2500, "{written} written");
    scene.deploy(&host, &["tag=better"]);
    host.await_caught_up(&scene.name, PATIENCE);
    let found: Vec<String> = read_all(kafka.brokers(), &scene.out)
        .iter()
        .map(Record::text)
        .collect();
    let wanted: Vec<String> = records().iter().map(Record::text).collect();
    assert_eq!(found, wanted, "everything once, in order");
}

#[test]
fn a_guest_that_traps_stops_its_transform_and_says_where() {
    fails_on_the_needle("trap-on-needle", &[], &["trap"]);
}

#[test]
fn a_guest_that_loops_is_stopped_at_its_limit_of_cpu_time() {
    fails_on_the_needle("loop-on-needle", &[], &["cpu", "1"]);
}

#[test]
fn a_guest_that_grows_without_end_is_stopped_at_its_limit_of_memory() {
    fails_on_the_needle("grow-on-needle", &[], &["memory"]);
}

#[test]
fn a_malformed_answer_stops_the_transform_and_says_what_is_wrong_with_it() {
    fails_on_the_needle("malformed-on-needle", &[], &["row"]);
}

#[test]
fn a_permanent_failure_stops_the_transform_with_what_the_guest_said() {
    fails_on_the_needle("permanent-on-needle", &[], &["never will"]);
}

#[test]
fn a_transient_failure_stops_the_transform_with_what_the_guest_said_as_long_as_nothing_retries() {
    fails_on_the_needle("transient-on-needle", &[], &["come back later"]);
}

#[test]
fn deploy_waits_until_the_transform_has_failed_and_says_why() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    Producer::new(kafka.brokers()).send_all(&scene.source, &[Record::new("k", "needle")]);
    let host = Host::fresh();
    // It may run for a moment before it meets the needle: then deploying was a success and the state says the rest.
    let finished = scene.try_deploy(&host, &["mode=trap-on-needle"], &[]);
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
