use super::*;

fn settings(properties: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let properties: Vec<_> = properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings::new("localhost:9092", &properties)
}

fn refusal(name: &str, value: &str) -> String {
    settings(&[(name, value)]).expect_err(name).to_string()
}

#[test]
fn everyday_properties_are_taken() {
    settings(&[
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", "u"),
        ("sasl.password", "p"),
        ("compression.type", "zstd"),
    ])
    .unwrap();
    settings(&[
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "u"),
        ("sasl.password", "p"),
    ])
    .unwrap();
    settings(&[
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("enable.sasl.oauthbearer.unsecure.jwt", "true"),
    ])
    .unwrap();
    settings(&[("security.protocol", "ssl")]).unwrap();
}

#[test]
fn brokers_are_sent_no_metrics_unless_someone_wants_them() {
    let config = |properties| settings(properties).unwrap().config("client");
    let push = |properties| {
        config(properties)
            .get("enable.metrics.push")
            .map(str::to_owned)
    };
    assert_eq!(push(&[]).as_deref(), Some("false"));
    assert_eq!(
        push(&[("enable.metrics.push", "true")]).as_deref(),
        Some("true")
    );
}

#[test]
fn what_the_contract_owns_is_refused_with_reason_and_remedy() {
    for name in [
        "acks",
        "request.required.acks",
        "enable.idempotence",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.offset.reset",
        "group.id",
        "transactional.id",
        "isolation.level",
        "message.timeout.ms",
        "delivery.report.only.error",
        "statistics.interval.ms",
        "partition.assignment.strategy",
        "enable.partition.eof",
        "plugin.library.paths",
        "ssl.engine.location",
        "sasl.kerberos.kinit.cmd",
        "topic.acks",
        "Acks",
    ] {
        let error = refusal(name, "1");
        assert!(
            error.starts_with(&format!("Kafka property {name}: "))
                && error.matches(": ").count() >= 2,
            "{error}"
        );
    }
    assert!(refusal("bootstrap.servers", "x:1").contains("--brokers"));
    assert!(refusal("plugin.library.paths", "/tmp/x.so").contains("loads code"));
}

#[test]
fn unknown_names_and_bad_values_get_librdkafkas_words() {
    assert!(refusal("no.such.thing", "1").contains("No such configuration property"));
    assert!(refusal("linger.ms", "soon").contains("linger.ms"));
    assert!(refusal("compression.type", "rar").contains("rar"));
    assert!(refusal("sasl.mechanism", "").contains("sasl.mechanism"));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let error = settings(&[
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "GSSAPI"),
    ])
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("GSSAPI") || error.contains("sasl"),
        "{error}"
    );
    let error = settings(&[
        ("ssl.ca.location", "/does/not/exist"),
        ("security.protocol", "ssl"),
    ])
    .unwrap_err()
    .to_string();
    assert!(error.contains("ssl.ca.location"), "{error}");
    assert!(
        settings(&[("client.id", "a"), ("client.id", "b")])
            .unwrap_err()
            .to_string()
            .contains("twice")
    );
}

#[test]
fn secrets_are_shown_nowhere() {
    let hunter = "hunter2-secret";
    let settings = settings(&[
        ("sasl.password", hunter),
        ("sasl.username", hunter),
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "PLAIN"),
    ])
    .unwrap();
    let shown = format!("{settings:?}");
    assert!(
        !shown.contains(hunter) && shown.contains("sasl.password") && shown.contains("sasl_ssl"),
        "{shown}"
    );
    let error = super::Settings::new(
        "a:1",
        &[
            ("ssl.key.pem".into(), hunter.into()),
            ("security.protocol".into(), "ssl".into()),
        ],
    );
    let error = error.unwrap_err().to_string();
    assert!(!error.contains(hunter), "{error}");
    assert!(!refusal("sasl.oauthbearer.client.secret.no", hunter).contains(hunter));
}

#[test]
fn addresses_of_brokers_are_checked() {
    for good in [
        "localhost:9092",
        "a:1,b:2",
        "[::1]:9092",
        "kafka",
        "10.0.0.1:9092, 10.0.0.2:9092",
    ] {
        Settings::new(good, &[]).unwrap();
    }
    for bad in [
        "",
        "localhost:",
        "localhost:99999",
        ":9092",
        "http://x:1",
        "a b:1",
        "a:1,,b:1",
    ] {
        let error = Settings::new(bad, &[]).expect_err(bad).to_string();
        assert!(error.contains("--brokers"), "{error}");
    }
}

#[test]
fn everything_a_cluster_may_ask_for_is_compiled_in() {
    let native = ClientConfig::new().create_native_config().unwrap();
    let features = native.get("builtin.features").unwrap();
    for feature in [
        "ssl",
        "sasl_plain",
        "sasl_scram",
        "sasl_oauthbearer",
        "zstd",
        "lz4",
        "snappy",
        "gzip",
    ] {
        assert!(
            features.split(',').any(|built| built.trim() == feature),
            "{feature} is missing from {features}"
        );
    }
}

#[test]
fn what_any_of_the_hosts_clients_could_not_be_made_with_is_refused_at_once() {
    let refused = refusal("linger.ms", "20000");
    assert!(refused.contains("linger.ms"), "{refused}");
    assert!(refused.contains("message.timeout.ms"), "{refused}");
    let refused = refusal("receive.message.max.bytes", "1000");
    assert!(refused.contains("fetch.max.bytes"), "{refused}");
    settings(&[("socket.timeout.ms", "60000")]).unwrap();
}
