//! That the harness itself does what the other tests rely on.

use std::process::{Command, Stdio};

use millstream_tests::kafka::KafkaOptions;
use millstream_tests::{Kafka, PATIENCE, Producer, Reader, Record, read_all, reaper, wait_until};

#[test]
fn records_come_back_as_they_were_written() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("round-trip", 3);
    let sent = [
        Record::new("k", "v").partition(0).timestamp(1),
        Record {
            key: None,
            value: None,
            ..Record::default()
        }
        .partition(1)
        .timestamp(2)
        .null_header("h")
        .header("h", b""),
        Record::new("", "")
            .partition(2)
            .timestamp(3)
            .header("é", b"\xff"),
    ];
    Producer::new(kafka.brokers()).send_all(&topic, &sent);
    let mut read = read_all(kafka.brokers(), &topic);
    read.sort_by_key(|record| record.partition);
    assert_eq!(read, sent);
    assert_eq!(kafka.end_offsets(&topic), [1, 1, 1]);
}

#[test]
fn aborted_records_are_not_read() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("transactions", 1);
    let producer = Producer::transactional(kafka.brokers(), &topic);
    for (value, commit) in [("a", true), ("b", false), ("c", true)] {
        producer.begin();
        producer.send(&topic, &Record::new("k", value));
        if commit {
            producer.commit()
        } else {
            producer.abort()
        }
    }
    let texts: Vec<String> = read_all(kafka.brokers(), &topic)
        .iter()
        .map(Record::text)
        .collect();
    assert_eq!(texts, ["a", "c"]);
    // Three records and three markers.
    assert_eq!(kafka.end_offsets(&topic), [6]);
}

#[test]
fn a_reader_follows_a_topic() {
    let kafka = Kafka::shared();
    let topic = kafka.topic("follow", 2);
    let mut reader = Reader::new(kafka.brokers(), &topic);
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&topic, &[Record::new("a", "1"), Record::new("b", "2")]);
    assert_eq!(reader.expect(2).len(), 2);
    producer.send_all(&topic, &[Record::new("c", "3")]);
    assert_eq!(reader.expect(3).len(), 3);
}

#[test]
fn a_broker_of_ones_own_stops_when_it_is_dropped_and_when_the_test_panics() {
    let port = millstream_tests::free_port();
    let options = KafkaOptions {
        port: Some(port),
        ..KafkaOptions::default()
    };
    let connects = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    let panicked = std::panic::catch_unwind(|| {
        let _kafka = Kafka::start(&options);
        assert!(connects());
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert!(!connects());
}

/// Run by the next test in a process of its own, which then is killed; nothing by itself.
#[test]
#[ignore = "part of another test"]
fn helper_that_is_killed() {
    let Ok(report) = std::env::var("MILLSTREAM_TEST_REPORT") else {
        return;
    };
    let folder = reaper::TempDir::new();
    let mut child = Command::new("sleep")
        .arg("600")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    reaper::kill_at_end(child.id());
    let part = format!("{report}.part");
    std::fs::write(&part, format!("{} {}", child.id(), folder.path().display())).unwrap();
    std::fs::rename(&part, &report).unwrap();
    child.wait().unwrap();
}

#[test]
fn what_a_killed_test_started_is_killed_and_removed() {
    let folder = reaper::TempDir::new();
    let report = folder.path().join("report");
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "e2e::harness::helper_that_is_killed",
        ])
        .env("MILLSTREAM_TEST_REPORT", &report)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let text = wait_until("the helper has started", PATIENCE, || {
        std::fs::read_to_string(&report).ok()
    });
    test.kill().unwrap();
    test.wait().unwrap();
    let (pid, left) = text.split_once(' ').unwrap();
    wait_until("its child is gone", PATIENCE, || {
        // A process that nobody waits for stays as a zombie where no init collects it.
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    });
    wait_until("its folder is gone", PATIENCE, || {
        (!std::path::Path::new(left).exists()).then_some(())
    });
}
