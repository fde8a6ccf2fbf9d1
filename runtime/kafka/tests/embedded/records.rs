//! What goes in comes out.

use millstream_kafka::producer::{
    BaseHeaders, Compression, Flight, Key, Outgoing, ProducerOptions, Value,
};
use proptest::prelude::*;

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn keys_values_headers_and_timestamps_arrive_as_they_were_sent() {
    let world = World::new().await;
    world.topic("in", 1);
    let producer = world.producer();
    let topic = producer.topic("in").unwrap();
    let (done, end) = landing();
    let mut flight = Flight::detached(b"patched".to_vec(), done);
    let headers: &[(&str, Option<&[u8]>)] = &[
        ("a", Some(b"1")),
        ("a", None),
        ("", Some(b"")),
        ("é", Some(&[0, 255])),
    ];
    producer
        .send(&mut flight, record(&topic, 0, None, None, &[]))
        .unwrap();
    producer
        .send(
            &mut flight,
            record(&topic, 0, Some(b""), Some(b""), headers),
        )
        .unwrap();
    let patched = Outgoing {
        value: Value::Patched(2..5),
        ..record(&topic, 0, Some(b"k"), None, &[])
    };
    producer.send(&mut flight, patched).unwrap();
    for timestamp in [0, -1, 1] {
        producer
            .send(
                &mut flight,
                Outgoing {
                    timestamp,
                    ..record(&topic, 0, None, Some(b"t"), &[])
                },
            )
            .unwrap();
    }
    flight.seal();
    landed(end).await.unwrap();

    let (_consumer, queues) = world.reader("in", 1).await;
    let got = owned(&take(&queues[0], 6).await);
    assert_eq!((got[0].key.clone(), got[0].value.clone()), (None, None));
    assert_eq!(
        (got[1].key.clone(), got[1].value.clone()),
        (Some(vec![]), Some(vec![]))
    );
    let sent: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
        .collect();
    assert_eq!(got[1].headers, sent);
    assert_eq!(got[2].value.as_deref(), Some(&b"tch"[..]));
    assert_eq!(got[0].timestamp, 1_700_000_000_000);
    assert_eq!(
        [got[3].timestamp, got[4].timestamp, got[5].timestamp],
        [1, -1, 1]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_goes_to_three_topics_with_its_headers() {
    let world = World::new().await;
    for topic in ["in", "a", "b", "c"] {
        world.topic(topic, 1);
    }
    let producer = world.producer();
    let topic = producer.topic("in").unwrap();
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    producer
        .send(
            &mut flight,
            record(
                &topic,
                0,
                Some(b"k"),
                Some(b"v"),
                &[("h", Some(b"1")), ("h", None)],
            ),
        )
        .unwrap();
    flight.seal();
    landed(end).await.unwrap();

    let (_consumer, queues) = world.reader("in", 1).await;
    let batch = take(&queues[0], 1).await.remove(0);
    let (done, end) = landing();
    let mut flight = Flight::new(batch, Vec::new(), done);
    let topics = ["a", "b", "c"].map(|name| producer.topic(name).unwrap());
    let added: &[(&str, Option<&[u8]>)] = &[("millstream.row", Some(b"0"))];
    // Cloned, cloned with more, and moved at the last use.
    for (topic, headers, added) in [
        (&topics[0], BaseHeaders::Row(0), &[][..]),
        (&topics[1], BaseHeaders::Row(0), added),
        (&topics[2], BaseHeaders::TakeRow(0), &[]),
    ] {
        let timestamp = flight.rows().unwrap().timestamp(0);
        let made = Outgoing {
            topic,
            partition: 0,
            key: Key::Row(0),
            value: Value::Row(0),
            headers,
            added,
            timestamp,
        };
        producer.send(&mut flight, made).unwrap();
    }
    assert_eq!(flight.rows().unwrap().headers(0).len(), 2, "parsed anew");
    flight.seal();
    landed(end).await.unwrap();

    for (name, extra) in [("a", 0), ("b", 1), ("c", 0)] {
        let (_consumer, queues) = world.reader(name, 1).await;
        let got = owned(&take(&queues[0], 1).await).remove(0);
        assert_eq!(
            (got.key.as_deref(), got.value.as_deref()),
            (Some(&b"k"[..]), Some(&b"v"[..])),
            "{name}"
        );
        assert_eq!(
            got.headers[..2],
            [
                ("h".to_owned(), Some(b"1".to_vec())),
                ("h".to_owned(), None)
            ],
            "{name}"
        );
        assert_eq!(got.headers.len(), 2 + extra, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_is_written_and_read() {
    let world = World::new().await;
    for codec in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let topic = format!("in-{codec}");
        world.topic(&topic, 1);
        let producer = world.producer_with(ProducerOptions {
            compression: codec,
            ..ProducerOptions::default()
        });
        let value = vec![b'x'; 4096];
        write(&producer, &topic, 0, &[&value, &value]).await;
        let (_consumer, queues) = world.reader(&topic, 1).await;
        assert_eq!(
            owned(&take(&queues[0], 2).await)[1].value,
            Some(value),
            "{codec}"
        );
    }
}

fn any_record() -> impl Strategy<Value = Owned> {
    let bytes = || proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40));
    let name = "[a-zA-Z0-9é.]{0,9}";
    let headers = proptest::collection::vec((name, bytes()), 0..5);
    (
        bytes(),
        bytes(),
        headers,
        prop_oneof![Just(-1), 1..2_000_000_000_000_i64],
    )
        .prop_map(|(key, value, headers, timestamp)| Owned {
            key,
            value,
            headers,
            timestamp,
        })
}

#[test]
fn any_record_survives_the_way_through_a_flight() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let world = runtime.block_on(World::new());
    world.topic("in", 1);
    world.topic("out", 1);
    let producer = world.producer();
    let (_in, into) = runtime.block_on(world.reader("in", 1));
    let (_out, out) = runtime.block_on(world.reader("out", 1));
    let config = ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(records in proptest::collection::vec(any_record(), 1..30), seed in any::<u64>())| {
        let got = runtime.block_on(async {
            let topics = ["in", "out"].map(|name| producer.topic(name).unwrap());
            let (done, end) = landing();
            let mut flight = Flight::detached(Vec::new(), done);
            for sent in &records {
                let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
                let made = record(&topics[0], 0, sent.key.as_deref(), sent.value.as_deref(), &headers);
                producer.send(&mut flight, Outgoing { timestamp: sent.timestamp, ..made }).unwrap();
            }
            flight.seal();
            landed(end).await.unwrap();
            let mut ends = Vec::new();
            for batch in take(&into[0], records.len()).await {
                let rows = batch.len();
                let (done, end) = landing();
                let mut flight = Flight::new(batch, Vec::new(), done);
                for row in 0..rows {
                    let headers = if (seed >> (row % 64)) & 1 == 0 { BaseHeaders::Row(row) } else { BaseHeaders::TakeRow(row) };
                    let timestamp = flight.rows().unwrap().timestamp(row);
                    let made = Outgoing { topic: &topics[1], partition: 0, key: Key::Row(row), value: Value::Row(row), headers, added: &[], timestamp };
                    producer.send(&mut flight, made).unwrap();
                }
                ends.push(end);
            }
            for end in ends {
                landed(end).await.unwrap();
            }
            owned(&take(&out[0], records.len()).await)
        });
        prop_assert_eq!(got, records);
    });
}
