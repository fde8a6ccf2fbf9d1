//! `millstream dev`: a host with a broker in its process, for whoever has no Kafka, or Kafka's own tools.

use std::io::Write as _;
use std::process::{Command, Stdio};

use millstream_tests::host::{HostProcess, binary};
use millstream_tests::reaper::TempDir;
use millstream_tests::{Finished, Kafka, PATIENCE, api, free_port, guest, millstream, wait_until};

struct Dev {
    process: HostProcess,
    server: String,
    brokers: String,
    _folder: TempDir,
}

impl Dev {
    fn start() -> Self {
        let folder = TempDir::new();
        let (port, broker) = (free_port(), free_port());
        let server = format!("127.0.0.1:{port}");
        let mut command = Command::new(binary());
        command
            .args([
                "dev",
                "--listen",
                &server,
                "--broker-port",
                &broker.to_string(),
            ])
            .env("XDG_CACHE_HOME", folder.path())
            // It is killed, and would leave its modules there.
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path());
        let mut process = HostProcess::spawn(command, &folder.path().join("dev.log"));
        wait_until("dev is ready", PATIENCE, || {
            assert!(process.exited().is_none(), "it ended: {}", process.log());
            api::get(port, "/readyz")
                .is_ok_and(|answer| answer.status == 200)
                .then_some(())
        });
        Self {
            process,
            server,
            brokers: format!("127.0.0.1:{broker}"),
            _folder: folder,
        }
    }

    fn cli(&self, arguments: &[&str]) -> Finished {
        Finished::run(
            Command::new(binary())
                .args(arguments)
                .env("MILLSTREAM_SERVER", &self.server),
        )
    }

    fn deploy_probe(&self) {
        let probe = guest("probe");
        self.cli(&["topic", "create", "in", "--partitions", "3"])
            .succeeded();
        let deploy = [
            "deploy",
            probe.to_str().unwrap(),
            "--name",
            "copy",
            "--from",
            "in",
            "--to",
            "out=out",
            "--create-topics",
        ];
        self.cli(&deploy).succeeded();
    }
}

/// Runs a command with this text as its input.
fn feed(command: &mut Command, input: &str) -> Finished {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Finished {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn dev_says_where_its_broker_is_and_that_it_keeps_nothing() {
    let dev = Dev::start();
    // It answers a moment before it says so.
    let texts = [&*dev.brokers, "5 MiB", "nothing"];
    wait_until("it says what it is", PATIENCE, || {
        let log = dev.process.log();
        texts.iter().all(|text| log.contains(text)).then_some(())
    });
    dev.deploy_probe();
    let probe = guest("probe");
    let refused = dev.cli(&[
        "deploy",
        probe.to_str().unwrap(),
        "--name",
        "timed",
        "--from",
        "in",
        "--to",
        "out=out",
        "--create-topics",
        "--start",
        "2026-01-31T08:00:00Z",
    ]);
    refused.failed(1, &["start", "time"]);
}

#[test]
fn kcat_talks_to_the_embedded_broker() {
    let dev = Dev::start();
    dev.deploy_probe();
    let kcat = |arguments: &[&str]| {
        let mut command = Command::new("kcat");
        command.args(["-b", &dev.brokers, "-q"]).args(arguments);
        command
    };
    feed(
        &mut kcat(&["-P", "-t", "in", "-K", ":", "-H", "who=kcat"]),
        "a:one\nb:two\nc:three\n",
    )
    .succeeded();
    let out = Finished::run(&mut kcat(&[
        "-C",
        "-t",
        "out",
        "-o",
        "beginning",
        "-c",
        "3",
        "-f",
        "%k:%s:%h\\n",
    ]))
    .succeeded();
    assert_eq!(
        lines(&out.out),
        ["a:one:who=kcat", "b:two:who=kcat", "c:three:who=kcat"]
    );
    let topics = Finished::run(&mut kcat(&["-L"])).succeeded();
    assert!(
        topics.out.contains("\"in\" with 3 partitions"),
        "{}",
        topics.out
    );
}

#[test]
fn the_java_console_tools_talk_to_the_embedded_broker() {
    let dev = Dev::start();
    dev.deploy_probe();
    let mut producer = Kafka::java_tool("org.apache.kafka.tools.ConsoleProducer");
    producer.args(["--bootstrap-server", &dev.brokers, "--topic", "in"]);
    // The embedded broker knows no idempotent producer's epochs across restarts, but it does know its ids.
    feed(&mut producer, "eins\nzwei\ndrei\n").succeeded();
    let mut consumer = Kafka::java_tool("org.apache.kafka.tools.consumer.ConsoleConsumer");
    consumer.args([
        "--bootstrap-server",
        &dev.brokers,
        "--topic",
        "out",
        "--from-beginning",
        "--max-messages",
        "3",
    ]);
    consumer.args(["--timeout-ms", "60000"]);
    let read = Finished::run(&mut consumer).succeeded();
    assert_eq!(lines(&read.out), ["drei", "eins", "zwei"], "{}", read.err);
}

#[test]
fn topic_commands_write_and_read_without_kafkas_tools() {
    let dev = Dev::start();
    dev.deploy_probe();
    let produce = |arguments: &[&str], input: &str| {
        let mut command = Command::new(binary());
        command
            .args(["topic", "produce", "in"])
            .args(arguments)
            .env("MILLSTREAM_SERVER", &dev.server);
        feed(&mut command, input)
    };
    produce(&[], "plain\n").succeeded();
    produce(
        &["--jsonl"],
        "{\"key\":\"k\",\"value\":\"json\",\"headers\":[[\"h\",\"1\"]]}\n",
    )
    .succeeded();
    produce(&["--jsonl"], "{\"key\":\n").failed(1, &["line 1"]);
    // Until they are there, not up to an end that the transform has yet to reach.
    let read = dev
        .cli(&[
            "topic",
            "consume",
            "out",
            "--from-beginning",
            "--follow",
            "--count",
            "2",
        ])
        .succeeded();
    assert!(
        read.out.contains("plain") && read.out.contains("json"),
        "{}",
        read.out
    );
    // Contents are not trusted with a terminal.
    produce(&[], "\u{1b}]0;title\u{7}\n").succeeded();
    let read = dev
        .cli(&[
            "topic",
            "consume",
            "out",
            "--from-beginning",
            "--follow",
            "--count",
            "3",
        ])
        .succeeded();
    assert!(
        !read.out.contains('\u{1b}') && !read.out.contains('\u{7}'),
        "{:?}",
        read.out
    );
    dev.cli(&["topic", "create", "in"])
        .failed(1, &["in", "exists"]);
    dev.cli(&["topic", "create", "a/b"]).failed(1, &["a/b"]);
    dev.cli(&["topic", "consume", "nothing-here"])
        .failed(1, &["nothing-here"]);
}

#[test]
fn a_port_that_is_taken_is_named_or_another_is_chosen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let listen = format!("127.0.0.1:{}", free_port());
    millstream(["dev", "--listen", &listen, "--broker-port", &port]).failed(1, &[&port, "in use"]);
}

#[test]
fn a_first_transform_from_an_empty_folder() {
    let dev = Dev::start();
    let folder = TempDir::new();
    let run = |directory: &std::path::Path, arguments: &[&str]| {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(directory)
            .env("MILLSTREAM_SERVER", &dev.server);
        // Compiled in the folder of the tests, where the SDK's dependencies lie already.
        command.env("CARGO_TARGET_DIR", millstream_tests::guests::target_dir());
        Finished::run(&mut command)
    };
    run(folder.path(), &["new", "--lang", "rust", "route-swipes"]).succeeded();
    run(folder.path(), &["new", "--lang", "rust", "route-swipes"])
        .failed(1, &["route-swipes", "already there"]);
    let project = folder.path().join("route-swipes");
    run(&project, &["build"]).succeeded();
    // The manifest names the folder that cargo uses unless it is told otherwise, as it is here.
    let built = "wasm32-wasip2/release/route_swipes.wasm";
    let named = project.join("target").join(built);
    std::fs::create_dir_all(named.parent().unwrap()).unwrap();
    std::fs::copy(millstream_tests::guests::target_dir().join(built), named).unwrap();
    let tested = run(&project, &["test"]).succeeded();
    assert!(tested.out.contains("passed"), "{}", tested.out);
    // A case that expects something else fails, and shows what.
    let expected = std::fs::read_dir(project.join("cases"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
        .join("expected.jsonl");
    let right = std::fs::read(&expected).unwrap();
    std::fs::write(&expected, b"{\"output\":\"nowhere\",\"value\":\"else\"}\n").unwrap();
    let failed = run(&project, &["test"]);
    assert_eq!(failed.code, Some(1), "{}{}", failed.out, failed.err);
    std::fs::write(&expected, right).unwrap();
    // What takes a real broker is refused.
    let manifest = project.join("millstream.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, format!("delivery = \"exactly-once\"\n{text}")).unwrap();
    run(&project, &["deploy", "-f", "millstream.toml"])
        .failed(1, &["delivery", "exactly-once", "embedded broker"]);
    std::fs::write(&manifest, text).unwrap();
    run(
        &project,
        &["deploy", "-f", "millstream.toml", "--create-topics"],
    )
    .succeeded();
    let list = run(&project, &["list"]).succeeded();
    assert!(
        list.out.contains("route-swipes") && list.out.contains("running"),
        "{}",
        list.out
    );
}

#[test]
fn tables_work_with_the_embedded_broker_as_well() {
    let dev = Dev::start();
    let probe = guest("probe");
    let feed_topic = |topic: &str, lines: &str| {
        let mut command = Command::new(binary());
        command
            .args(["topic", "produce", topic, "--key-separator", ":"])
            .env("MILLSTREAM_SERVER", &dev.server);
        feed(&mut command, lines).succeeded();
    };
    for topic in ["in", "users"] {
        dev.cli(&["topic", "create", topic, "--partitions", "3"])
            .succeeded();
    }
    feed_topic("users", "a:1\nb:2\na:3\n");
    let mut deploy = vec!["deploy", probe.to_str().unwrap(), "--name", "look-up"];
    deploy.extend(["--from", "in", "--to", "out=out", "--table", "users=users"]);
    deploy.extend(["--setting", "mode=look-up", "--setting", "table=users"]);
    dev.cli(&[&deploy[..], &["--create-topics"]].concat())
        .succeeded();
    feed_topic("in", "x:a\ny:b\nz:c\n");
    let out = dev
        .cli(&["topic", "consume", "out", "-f", "-n", "3"])
        .succeeded();
    assert!(
        ["3", "2"].iter().all(|value| out.out.contains(value)),
        "{}",
        out.out
    );
    let got = dev.cli(&["table", "get", "users", "a"]).succeeded();
    assert_eq!(got.out, "3\n");
}
