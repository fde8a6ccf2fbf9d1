//! `millstream topic produce` and `consume` against a broker in this process.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

struct Broker(MockCluster<'static, DefaultProducerContext>);

impl Broker {
    fn with(topic: &str) -> Broker {
        let cluster = MockCluster::new(1).expect("a broker");
        cluster.create_topic(topic, 2, 1).expect("a topic");
        Broker(cluster)
    }

    fn start(&self, arguments: &[&str], input: &[u8]) -> Child {
        let mut child = Command::new(env!("CARGO_BIN_EXE_millstream"))
            .arg("topic")
            .args(arguments)
            .args(["--brokers", &self.0.bootstrap_servers()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // It may end before it has read everything.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        child
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let child = self.start(arguments, input);
        child.wait_with_output().expect("it ends")
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str], input: &[u8]) -> String {
        let output = self.run(arguments, input);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], input: &[u8], words: &[&str]) {
        let output = self.run(arguments, input);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {err}");
        for word in words {
            assert!(err.contains(word), "{arguments:?}: no {word:?} in\n{err}");
        }
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_is_written_is_read_and_the_end_ends_it() {
    let broker = Broker::with("t");
    assert_eq!(broker.succeeds(&["consume", "t"], b""), "");
    broker.succeeds(&["produce", "t"], b"one\ntwo\r\nthree");
    assert_eq!(
        sorted(&broker.succeeds(&["consume", "t"], b"")),
        ["one", "three", "two"]
    );
    assert_eq!(
        broker
            .succeeds(&["consume", "t", "--max", "1"], b"")
            .lines()
            .count(),
        1
    );
    assert_eq!(
        broker.succeeds(&["consume", "t", "--from", "latest"], b""),
        ""
    );
    broker.succeeds(&["produce", "t", "-k", ":"], b"a:1\na:2\na:3\n");
    let last = broker.succeeds(
        &["consume", "t", "--from", "-1", "--format", "key-value"],
        b"",
    );
    assert!(last.contains("a\t3") && !last.contains("a\t2"), "{last}");
}

#[test]
fn records_can_be_carried_from_topic_to_topic_whole() {
    let broker = Broker::with("t");
    let records = concat!(
        r#"{"key":"k","value":"v","headers":[["h","1"],["h",null],["b",{"base64":"/w=="}]],"timestamp":1764000000123,"partition":1}"#,
        "\n",
        r#"{"key":"k","timestamp":1764000000124,"partition":1}"#,
        "\n",
        r#"{"value_base64":"/wAb","timestamp":1764000000125,"partition":1}"#,
        "\n",
    );
    broker.succeeds(&["produce", "t", "--jsonl"], records.as_bytes());
    let first = broker.succeeds(&["consume", "t", "--format", "json"], b"");
    let parsed: Vec<serde_json::Value> = first
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        parsed[0]["headers"],
        serde_json::json!([["h", "1"], ["h", null], ["b", { "base64": "/w==" }]])
    );
    assert_eq!(
        (&parsed[0]["timestamp"], &parsed[0]["partition"]),
        (&1764000000123_i64.into(), &1.into())
    );
    assert_eq!(parsed[1].get("value"), None, "a null value");
    assert_eq!(parsed[2]["value_base64"], "/wAb");

    // Once more, from what came out.
    broker.succeeds(&["produce", "t", "--jsonl"], first.as_bytes());
    let twice = broker.succeeds(&["consume", "t", "--format", "json"], b"");
    let again: Vec<serde_json::Value> = twice
        .lines()
        .skip(3)
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for (one, other) in parsed.iter().zip(&again) {
        for part in ["key", "value", "value_base64", "headers", "timestamp"] {
            assert_eq!(one.get(part), other.get(part), "{part}");
        }
    }
}

#[test]
fn a_record_cannot_steer_the_terminal() {
    let broker = Broker::with("t");
    broker.succeeds(&["produce", "t"], "\u{1b}]0;title\u{7}\u{202e}".as_bytes());
    for format in ["value", "key-value", "json"] {
        let out = broker.succeeds(&["consume", "t", "--format", format], b"");
        assert!(
            !out.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{format}: {out:?}"
        );
    }
}

#[test]
fn what_is_wrong_with_an_input_line_is_told_with_its_number() {
    let broker = Broker::with("t");
    broker.fails(
        &["produce", "t", "--jsonl"],
        b"{\"value\":\"x\"}\n{\"valeu\":1}\n",
        &["line 2", "valeu", "help:"],
    );
    broker.fails(
        &["produce", "t", "-k", "|"],
        b"a|b\nab\n",
        &["line 2", "'|'"],
    );
    broker.fails(
        &["produce", "t", "none.txt"],
        b"",
        &["none.txt", "cannot be read"],
    );
    broker.fails(
        &["produce", "t", "--jsonl"],
        b"{\"value\":\"x\",\"partition\":99}\n",
        &["line 1", "partition"],
    );
}

#[test]
fn a_topic_that_is_not_there_is_named_with_the_way_to_create_it() {
    let broker = Broker::with("t");
    broker.fails(
        &["consume", "nowhere"],
        b"",
        &["nowhere", "no such topic", "millstream topic create"],
    );
}

#[test]
fn a_broker_that_is_not_there_is_named() {
    // Nobody listens there, and no other test is given it: a port that was just free may be another one's broker by now.
    let nobody = "127.0.0.1:1";
    let output = Command::new(env!("CARGO_BIN_EXE_millstream"))
        .args(["topic", "consume", "t", "--brokers", nobody])
        .output()
        .expect("it ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err.contains(nobody) && err.contains("cannot be reached") && err.contains("help:"),
        "{err}"
    );
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let broker = Broker::with("t");
    let lines: String = (0..20_000)
        .map(|line| format!("{line} {}\n", "x".repeat(50)))
        .collect();
    broker.succeeds(&["produce", "t"], lines.as_bytes());
    let output = Command::new("sh")
        .args([
            "-c",
            "\"$0\" topic consume t --brokers \"$1\" | head -n 1",
            env!("CARGO_BIN_EXE_millstream"),
            &broker.0.bootstrap_servers(),
        ])
        .output()
        .expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(
        output.stdout.iter().filter(|byte| **byte == b'\n').count(),
        1
    );
}

/// What is freed at the end of a process must not be freed by two threads: that shows in one of a hundred on a busy machine.
#[test]
fn many_that_end_at_once_all_end_well() {
    let broker = Broker::with("t");
    let lines = "a line\n".repeat(2000);
    for _ in 0..20 {
        let started: Vec<_> = (0..8)
            .map(|_| broker.start(&["produce", "t"], lines.as_bytes()))
            .collect();
        for child in started {
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{output:?}");
        }
    }
}
