//! What a record carries arrives, and what a guest changes is changed.

use millstream_tests::{Host, Kafka, PATIENCE, Producer, Reader, Record, Scene, guest};

/// One record for everything that a client library could get wrong.
fn odd_records() -> Vec<Record> {
    // No record here has the timestamp 0: librdkafka, which these tests write with, would make it "now".
    let all = [
        Record::new("key", "value").timestamp(1),
        Record {
            value: None,
            ..Record::new("null value", "")
        }
        .timestamp(2),
        Record {
            key: None,
            ..Record::new("", "null key")
        }
        .timestamp(3),
        Record {
            key: None,
            value: None,
            ..Record::default()
        }
        .timestamp(4),
        Record::new("", "an empty key is a key").timestamp(5),
        Record::new("empty value", "").timestamp(6),
        Record::new("headers", "v")
            .timestamp(7)
            .header("a", b"1")
            .header("b", b"2"),
        Record::new("repeated headers", "v")
            .timestamp(8)
            .header("a", b"1")
            .header("b", b"")
            .header("a", b"2")
            .header("a", b"1"),
        Record::new("null header", "v")
            .timestamp(9)
            .null_header("n")
            .header("", b"empty name")
            .null_header("n"),
        Record::new("bytes", [0, 1, 0xff, 0x80, b'\n', 0])
            .timestamp(10)
            .header("bytes", &[0xff, 0, 0xfe]),
        Record::new("the epoch", "as near as can be").timestamp(1),
        Record::new("far", "the last millisecond of 1999").timestamp(946_684_799_999),
        Record {
            value: None,
            ..Record::new("null value with headers", "")
        }
        .timestamp(12)
        .header("a", b"1"),
        Record::new("empty value with headers", "")
            .timestamp(13)
            .header("a", b"1"),
        Record::new("many headers", "v").timestamp(11),
    ];
    let mut all = all.to_vec();
    for n in 0..100_u8 {
        all.last_mut()
            .unwrap()
            .headers
            .push((format!("h{}", n % 7), Some(vec![n])));
    }
    all.into_iter().map(|record| record.partition(0)).collect()
}

#[test]
fn a_forwarded_record_arrives_with_everything_it_had() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let sent = odd_records();
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    for codec in codecs {
        Producer::with(kafka.brokers(), &[("compression.type", codec)])
            .send_all(&scene.source, &sent);
    }
    let host = Host::fresh();
    scene.deploy(&host, &[]);
    let mut reader = scene.reader();
    let found = reader.expect(sent.len() * codecs.len());
    for (sent, found) in sent.iter().cycle().zip(found) {
        assert_eq!(
            found,
            &Record {
                offset: found.offset,
                ..sent.clone()
            }
        );
    }
}

#[test]
fn one_row_goes_to_three_outputs_with_its_headers() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let sent = odd_records();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    let host = Host::fresh();
    let outputs: Vec<(&str, String)> = ["a", "b", "c"]
        .map(|output| (output, kafka.topic(output, 1)))
        .to_vec();
    let to: Vec<String> = outputs
        .iter()
        .map(|(output, topic)| format!("{output}={topic}"))
        .collect();
    let mut arguments = vec![
        "--from",
        &scene.source,
        "--create-topics",
        "--setting",
        "mode=fan",
        "--setting",
        "outputs=a,b,c",
    ];
    arguments.extend(["--setting", "tag=fanned"]);
    arguments.extend(to.iter().flat_map(|to| ["--to", to]));
    host.deploy(&guest("probe"), &scene.name, &arguments);
    for (_, topic) in &outputs {
        let mut reader = Reader::new(kafka.brokers(), topic);
        for (sent, found) in sent.iter().zip(reader.expect(sent.len())) {
            let wanted = sent.clone().header("tag", b"fanned");
            assert_eq!(found.contents(), wanted.contents());
        }
    }
}

#[test]
fn values_headers_and_timestamps_are_what_the_guest_says() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let sent = odd_records();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    let host = Host::fresh();
    scene.deploy(&host, &["mode=rewrite", "reads=offsets,timestamps"]);
    let mut reader = scene.reader();
    for (offset, (sent, found)) in sent.iter().zip(reader.expect(sent.len())).enumerate() {
        // 0 is a time like any other, but librdkafka takes it for "now": a millisecond later is the nearest that can be written.
        let at = if offset % 2 == 0 {
            1
        } else {
            sent.timestamp.unwrap() - 1
        };
        let wanted = Record {
            key: sent.key.clone(),
            value: Some(offset.to_string().into_bytes()),
            ..Record::default()
        };
        let wanted = wanted
            .timestamp(at)
            .header("twice", b"1")
            .header("twice", b"2")
            .header("", b"")
            .null_header("null");
        assert_eq!(found.contents(), wanted.contents(), "record {offset}");
    }
}

#[test]
fn a_guest_can_set_keys_and_values_to_null() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    Producer::new(kafka.brokers()).send_all(&scene.source, &odd_records());
    let host = Host::fresh();
    scene.deploy(&host, &["mode=nulls"]);
    let mut reader = scene.reader();
    for (sent, found) in odd_records().iter().zip(reader.expect(odd_records().len())) {
        let wanted = Record {
            key: None,
            value: None,
            ..sent.clone()
        };
        assert_eq!(found.contents(), wanted.contents());
    }
}

#[test]
fn a_rejected_row_is_kept_whole_with_where_it_came_from_and_why() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let sent = odd_records();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    let host = Host::fresh();
    scene.deploy(&host, &["mode=reject"]);
    let digest = host.await_state(&scene.name, "running")["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut reader = Reader::new(kafka.brokers(), &scene.rejected);
    for (offset, (sent, found)) in sent.iter().zip(reader.expect(sent.len())).enumerate() {
        assert_eq!(
            (&found.key, &found.value, found.timestamp),
            (&sent.key, &sent.value, sent.timestamp)
        );
        let (own, added) = found.headers.split_at(sent.headers.len());
        assert_eq!(own, sent.headers, "its own headers come first, untouched");
        let offset = offset.to_string();
        for (name, value) in [
            ("millstream.topic", scene.source.as_str()),
            ("millstream.partition", "0"),
            ("millstream.offset", &offset),
            ("millstream.transform", &scene.name),
            ("millstream.step", "0"),
            ("millstream.revision", "1"),
            ("millstream.module", &digest),
            ("millstream.code", "unwanted"),
            ("millstream.reason", "rejected on request"),
            ("millstream.attempts", "1"),
        ] {
            let found: Vec<_> = added.iter().filter(|(header, _)| header == name).collect();
            assert_eq!(found.len(), 1, "{name} in {added:?}");
            assert_eq!(found[0].1.as_deref(), Some(value.as_bytes()), "{name}");
        }
        assert_eq!(added.len(), 10);
    }
    host.await_caught_up(&scene.name, PATIENCE);
    assert_eq!(host.transform(&scene.name).unwrap()["rejected"], sent.len());
    assert_eq!(kafka.end_offsets(&scene.out), [0]);
}

#[test]
fn rows_around_a_rejected_one_go_on_in_order() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let sent: Vec<Record> = (0..3000)
        .map(|n| {
            Record::new(
                "k",
                if n % 100 == 50 {
                    format!("{n} needle")
                } else {
                    n.to_string()
                },
            )
        })
        .collect();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    let host = Host::fresh();
    scene.deploy(&host, &["mode=reject-needle"]);
    let mut reader = scene.reader();
    let found: Vec<String> = reader.expect(2970).iter().map(Record::text).collect();
    let wanted: Vec<String> = sent
        .iter()
        .map(Record::text)
        .filter(|text| !text.contains("needle"))
        .collect();
    assert_eq!(found, wanted);
    assert_eq!(
        Reader::new(kafka.brokers(), &scene.rejected)
            .expect(30)
            .len(),
        30
    );
}

#[test]
fn records_go_to_the_partition_that_javas_partitioner_would_choose() {
    let kafka = Kafka::shared();
    let scene = Scene::with_source(kafka.topic("in", 3), 7);
    let reference = kafka.topic("reference", 7);
    let sent: Vec<Record> = (0..2000)
        .map(|n| Record::new(format!("{}key-{n}", "é".repeat(n % 5)), n.to_string()))
        .collect();
    let sent: Vec<Record> = sent
        .into_iter()
        .chain([Record::new("", "an empty key is a key")])
        .collect();
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&scene.source, &sent);
    producer.send_all(&reference, &sent);
    let host = Host::fresh();
    scene.deploy(&host, &[]);
    let place = |record: &Record| (record.value.clone(), record.partition);
    let mut found: Vec<_> = scene
        .reader()
        .expect(sent.len())
        .iter()
        .map(place)
        .collect();
    let mut wanted: Vec<_> = Reader::new(kafka.brokers(), &reference)
        .expect(sent.len())
        .iter()
        .map(place)
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn a_large_record_goes_alone_and_arrives() {
    let kafka = Kafka::shared();
    let large = &[("max.message.bytes", "4000000")];
    let scene = Scene {
        out: kafka.topic_with("out", 1, large),
        ..Scene::with_source(kafka.topic_with("in", 1, large), 1)
    };
    let value: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let sent = [
        Record::new("small", "before"),
        Record::new("large", &value),
        Record::new("small", "after"),
    ];
    Producer::with(
        kafka.brokers(),
        &[
            ("message.max.bytes", "4000000"),
            ("compression.type", "none"),
        ],
    )
    .send_all(&scene.source, &sent);
    let host = Host::fresh();
    scene.deploy(&host, &[]);
    let mut reader = scene.reader();
    for (sent, found) in sent.iter().zip(reader.expect(3)) {
        assert!(
            sent.value == found.value,
            "{} bytes",
            found.value.as_ref().unwrap().len()
        );
    }
}
