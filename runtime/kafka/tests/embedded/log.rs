//! Logs on the embedded broker: plain writes, reading along.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use millstream_kafka::log::{LogEvent, LogReader, LogWriter, TransactionalWriter, read_range};

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_what_is_there_then_what_is_added() {
    let world = World::new().await;
    world.topic("log", 1);
    let writer = LogWriter::new(&world.settings).unwrap();
    assert_eq!(writer.append("log", 0, b"k", Some(b"0")).await.unwrap(), 0);
    assert_eq!(writer.append("log", 0, b"k", None).await.unwrap(), 1);
    let mut reader = LogReader::new(&world.settings, "log", 0, 0).unwrap();
    let LogEvent::Record(first) = within("a record", reader.next()).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        (first.offset, first.key, first.value),
        (0, Some(b"k".to_vec()), Some(b"0".to_vec()))
    );
    let LogEvent::Record(second) = within("a record", reader.next()).await.unwrap() else {
        panic!()
    };
    assert_eq!((second.offset, second.value), (1, None));
    assert_eq!(
        within("the end", reader.next()).await.unwrap(),
        LogEvent::CaughtUp(2)
    );
    writer.append("log", 0, b"k", Some(b"2")).await.unwrap();
    assert!(
        matches!(within("a record", reader.next()).await.unwrap(), LogEvent::Record(record) if record.offset == 2)
    );
    assert_eq!(
        within("the end", reader.next()).await.unwrap(),
        LogEvent::CaughtUp(3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_read_and_ends_at_the_end() {
    let world = World::new().await;
    world.topic("log", 1);
    let writer = LogWriter::new(&world.settings).unwrap();
    for value in [b"0", b"1", b"2", b"3"] {
        writer.append("log", 0, b"k", Some(value)).await.unwrap();
    }
    for (from, to, expected) in [
        (1, 3, vec![1, 2]),
        (0, i64::MAX, vec![0, 1, 2, 3]),
        (2, 2, vec![]),
    ] {
        let records = read_range(&world.settings, "log", 0, from, to, Duration::from_secs(20))
            .await
            .unwrap();
        assert_eq!(
            records
                .iter()
                .map(|record| record.offset)
                .collect::<Vec<_>>(),
            expected
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_written_as_a_whole() {
    let world = World::new().await;
    world.topic("log", 1);
    let mut writer = TransactionalWriter::init(&world.settings, "id", Duration::from_secs(20))
        .await
        .unwrap();
    for _ in 0..2 {
        writer.write("log", 0, b"k", Some(b"0")).await.unwrap();
        writer.write("log", 0, b"k", None).await.unwrap();
        writer.commit().await.unwrap();
    }
    writer.commit().await.unwrap();
    let records = read_range(
        &world.settings,
        "log",
        0,
        0,
        i64::MAX,
        Duration::from_secs(20),
    )
    .await
    .unwrap();
    assert_eq!(records.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_whose_name_is_no_text_reads_as_a_replacement_and_stops_nobody() {
    let world = World::new().await;
    world.topic("log", 1);
    // A client that writes what names it likes: those of Rust demand UTF-8.
    let mut kcat = Command::new("kcat")
        .args(["-P", "-q", "-t", "log", "-b", world.settings.brokers()])
        .arg("-H")
        .arg(OsStr::from_bytes(b"\xff\xfe=value"))
        .args(["-H", "plain=x"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    kcat.stdin.take().unwrap().write_all(b"record\n").unwrap();
    let written = tokio::task::spawn_blocking(move || kcat.wait());
    assert!(within("kcat", written).await.unwrap().unwrap().success());

    let records = read_range(&world.settings, "log", 0, 0, 1, Duration::from_secs(20)).await;
    let headers = &records.unwrap()[0].headers;
    let header = |name: &str, value: &[u8]| (name.to_owned(), Some(value.to_vec()));
    assert_eq!(
        *headers,
        [header("\u{fffd}", b"value"), header("plain", b"x")]
    );
}
