//! The command line: wrong flags, exit codes, help.

use millstream_tests::host::binary;
use millstream_tests::{Finished, Host, Kafka, PATIENCE, fresh, millstream, wait_until};

#[test]
fn wrong_flags_and_commands_are_usage_errors() {
    for (arguments, texts) in [
        (vec![], vec!["Usage"]),
        (vec!["fly"], vec!["fly"]),
        (
            vec!["serve", "--borkers", "x"],
            vec!["--borkers", "--brokers"],
        ),
        (vec!["serve"], vec!["--brokers"]),
        (vec!["list", "extra"], vec!["extra"]),
        (vec!["describe"], vec!["NAME"]),
        (vec!["delete"], vec!["NAME"]),
        (vec!["logs", "x", "--tail", "many"], vec!["many"]),
        (
            vec!["topic", "create", "x", "--partitions", "none"],
            vec!["none"],
        ),
        (vec!["new", "--lang", "cobol", "x"], vec!["cobol", "rust"]),
    ] {
        millstream(arguments).failed(64, &texts);
    }
    let help = millstream(["--help"]).succeeded().out;
    for command in [
        "serve", "dev", "deploy", "list", "describe", "logs", "delete", "new", "build", "test",
        "topic",
    ] {
        assert!(help.contains(command), "{command} in {help}");
    }
    assert!(millstream(["--version"]).succeeded().out.contains("0.1.0"));
}

#[test]
fn a_host_with_a_wrong_flag_says_which_and_does_not_start() {
    let brokers = Kafka::shared().brokers();
    let serve = |arguments: &[&str]| {
        let port = millstream_tests::free_port();
        let listen = format!("127.0.0.1:{port}");
        let mut all = vec!["serve", "--brokers", brokers];
        if !arguments.contains(&"--listen") {
            all.extend(["--listen", &listen]);
        }
        all.extend(arguments);
        millstream(all)
    };
    // Until there is authentication, nobody but this machine is served.
    serve(&["--listen", "0.0.0.0:7411"])
        .failed(64, &["0.0.0.0:7411", "127.0.0.1", "authentication"]);
    serve(&["--listen", "192.0.2.1:7411"]).failed(64, &["192.0.2.1:7411", "127.0.0.1"]);
    serve(&["--listen", "nowhere"]).failed(64, &["nowhere"]);
    serve(&["--prefix", "Bad_Prefix"]).failed(64, &["--prefix", "a-z"]);
    serve(&["--host-id", "a b"]).failed(64, &["--host-id"]);
    serve(&["--max-instances", "0"]).failed(64, &["--max-instances"]);
    serve(&["--guest-memory", "lots"]).failed(64, &["--guest-memory", "lots"]);
    serve(&["--kafka", "nonsense"]).failed(64, &["nonsense", "="]);
    // What the delivery contract stands on is not for changing; what librdkafka does not know is named.
    for (property, why) in [
        ("acks=0", "acks"),
        ("enable.idempotence=false", "enable.idempotence"),
        ("enable.auto.commit=true", "enable.auto.commit"),
        ("enable.auto.offset.store=true", "enable.auto.offset.store"),
        ("auto.offset.reset=latest", "auto.offset.reset"),
        ("isolation.level=read_uncommitted", "isolation.level"),
        ("group.id=mine", "group.id"),
        ("plugin.library.paths=/tmp/evil.so", "plugin.library.paths"),
        ("no.such.property=1", "no.such.property"),
        ("socket.timeout.ms=soon", "socket.timeout.ms"),
    ] {
        serve(&["--kafka", property]).failed(64, &[why]);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    serve(&["--listen", &address, "--prefix", &fresh("p")]).failed(1, &[&address, "in use"]);
}

#[test]
fn a_pool_that_cannot_fit_is_refused_with_the_arithmetic() {
    let brokers = Kafka::shared().brokers();
    let finished = millstream([
        "serve",
        "--brokers",
        brokers,
        "--listen",
        "127.0.0.1:0",
        "--prefix",
        &fresh("p"),
        "--max-instances",
        "100000000",
    ]);
    finished.failed(64, &["--max-instances", "100000000"]);
}

#[test]
fn commands_print_what_a_person_and_a_program_can_read() {
    let host = Host::fresh();
    let empty = host.cli(["list"]).succeeded();
    assert!(
        empty.out.contains("deploy") || empty.err.contains("deploy"),
        "an empty list says what to do next: {empty:?}"
    );
    let scene = millstream_tests::Scene::new(2);
    scene.deploy(&host, &["tag=x"]);
    let list = host.cli(["list"]).succeeded().out;
    for text in [scene.name.as_str(), "running", &scene.source, &scene.out] {
        assert!(list.contains(text), "{text} in\n{list}");
    }
    let describe = host.cli(["describe", &scene.name]).succeeded().out;
    for text in [
        scene.name.as_str(),
        "running",
        &scene.source,
        &scene.out,
        &scene.rejected,
        "probe.wasm",
    ] {
        assert!(describe.contains(text), "{text} in\n{describe}");
    }
    let json: serde_json::Value = serde_json::from_str(
        &host
            .cli(["describe", &scene.name, "--json"])
            .succeeded()
            .out,
    )
    .unwrap();
    assert_eq!(json["state"], "running");
    assert_eq!(json["module"]["outputs"][0], "out");
    // It runs before the group has given it partitions.
    wait_until("where it starts is committed", PATIENCE, || {
        let position = &host.transform(&scene.name)?["positions"][1];
        (position["committed"] == 0).then_some(())
    });
    // A reader that goes away early is no error.
    let mut shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("'{}' list | true", binary().display()))
        .env("MILLSTREAM_SERVER", host.url());
    assert!(!Finished::run(&mut shell).err.contains("panicked"));
}
