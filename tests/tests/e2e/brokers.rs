//! Brokers that are not there yet, go away, or refuse.

use std::time::Duration;

use millstream_tests::api::get;
use millstream_tests::{
    Host, HostOptions, Kafka, KafkaOptions, PATIENCE, Producer, Record, free_port, fresh, guest,
    wait_until,
};

#[test]
fn a_broker_that_is_absent_at_start_is_waited_for() {
    let port = free_port();
    let options = HostOptions {
        brokers: format!("127.0.0.1:{port}"),
        ..HostOptions::fresh()
    };
    let mut host = Host::launch(&options);
    wait_until("the host answers", PATIENCE, || {
        get(host.port, "/healthz").ok()
    });
    assert_eq!(
        get(host.port, "/healthz").unwrap().status,
        200,
        "nothing of the host is stuck"
    );
    let ready = get(host.port, "/readyz").unwrap();
    assert_eq!(ready.status, 503);
    assert!(
        ready.body.contains(&options.brokers),
        "it says what it waits for: {}",
        ready.body
    );
    wait_until("the log names the broker", PATIENCE, || {
        host.process.log().contains(&options.brokers).then_some(())
    });
    let began = host.process.log().lines().count();
    std::thread::sleep(Duration::from_secs(10));
    let lines = host.process.log().lines().count() - began;
    assert!(
        (1..=10).contains(&lines),
        "a line every few seconds, not {lines} in ten:\n{}",
        host.process.log()
    );
    host.cli(["list"]).failed(1, &["broker"]);
    assert!(host.process.exited().is_none());

    let kafka = Kafka::start(&KafkaOptions {
        port: Some(port),
        ..KafkaOptions::default()
    });
    host.await_ready();
    kafka.create_topic("in", 1, &[]);
    host.deploy(
        &guest("probe"),
        "late",
        &["--from", "in", "--to", "out=out", "--create-topics"],
    );
    Producer::new(kafka.brokers()).send_all("in", &[Record::new("k", "v")]);
    millstream_tests::Reader::new(kafka.brokers(), "out").expect(1);

    // And one that goes away makes it not ready, but not gone.
    drop(kafka);
    wait_until("it is no longer ready", PATIENCE, || {
        (get(host.port, "/readyz").ok()?.status == 503).then_some(())
    });
    assert!(host.process.exited().is_none());
    host.process.terminate();
    let status = host.process.await_exit(Duration::from_secs(30));
    assert!(
        status.code().is_some(),
        "it ends by itself within its time: {status}"
    );
}

#[test]
fn a_name_that_does_not_resolve_is_waited_for_and_said() {
    let options = HostOptions {
        brokers: "no-such-host.invalid:9092".to_owned(),
        ..HostOptions::fresh()
    };
    let mut host = Host::launch(&options);
    wait_until("the log says so", PATIENCE, || {
        host.process
            .log()
            .contains("no-such-host.invalid")
            .then_some(())
    });
    assert!(host.process.exited().is_none());
    for (brokers, text) in [
        ("", "--brokers"),
        ("host:port", "host:port"),
        ("http://localhost:9092", "http://localhost:9092"),
    ] {
        millstream_tests::millstream(["serve", "--brokers", brokers]).failed(64, &[text]);
    }
}

#[test]
fn wrong_credentials_end_the_host_and_right_ones_work() {
    let kafka = Kafka::start(&KafkaOptions {
        sasl: true,
        ..KafkaOptions::default()
    });
    let with = |password: &str| {
        let mut options = HostOptions {
            brokers: kafka.sasl_brokers().to_owned(),
            ..HostOptions::fresh()
        };
        for property in [
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=PLAIN",
            "sasl.username=mill",
            &format!("sasl.password={password}"),
        ] {
            options = options.argument("--kafka").argument(property);
        }
        options
    };
    let mut wrong = Host::launch(&with("guess"));
    let status = wrong.process.await_exit(PATIENCE);
    assert_eq!(status.code(), Some(1));
    let log = wrong.process.log();
    assert!(
        log.to_lowercase().contains("authentication") && log.contains(kafka.sasl_brokers()),
        "{log}"
    );
    assert!(
        !log.contains("guess"),
        "the password is not printed:\n{log}"
    );

    let host = Host::start(&with("stream"));
    let source = fresh("in");
    kafka.create_topic(&source, 1, &[]);
    host.deploy(
        &guest("probe"),
        "secured",
        &["--from", &source, "--to", "out=out", "--create-topics"],
    );
    Producer::new(kafka.brokers()).send_all(&source, &[Record::new("k", "v")]);
    millstream_tests::Reader::new(kafka.brokers(), "out").expect(1);
    assert!(!host.process.log().contains("sasl.password=stream"));
}
