//! Flights: told once, whatever happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millstream_kafka::embedded::{Injected, Request};
use millstream_kafka::producer::{
    BaseHeaders, Flight, Key, Outgoing, ProducerOptions, SendError, Value, record_size,
};

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_flight_without_records_lands_at_once() {
    let (done, end) = landing();
    Flight::detached(Vec::new(), done).seal();
    landed(end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_fails_its_flight_once_and_the_next_one_lands() {
    let world = World::new().await;
    world.topic("out", 1);
    let producer = world.producer();
    let topic = producer.topic("out").unwrap();
    world
        .broker
        .fail_requests(
            Request::Produce,
            &[Injected::RD_KAFKA_RESP_ERR_INVALID_RECORD],
        )
        .unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), move |result| {
        counted.fetch_add(1, Ordering::SeqCst);
        done(result);
    });
    for _ in 0..10 {
        producer
            .send(&mut flight, record(&topic, 0, None, Some(b"v"), &[]))
            .unwrap();
    }
    flight.seal();
    let error = landed(end).await.unwrap_err();
    assert_eq!(
        error.error.code(),
        millstream_kafka::ErrorCode::InvalidRecord
    );
    assert_eq!((error.topic.as_str(), error.partition), ("out", 0));
    write(&producer, "out", 0, &[b"w"]).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_come_back_get_what_waited() {
    let world = World::new().await;
    world.topic("out", 1);
    let producer = world.producer();
    write(&producer, "out", 0, &[b"a"]).await;
    world.broker.set_up(false).unwrap();
    let topic = producer.topic("out").unwrap();
    let (done, mut end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    producer
        .send(&mut flight, record(&topic, 0, None, Some(b"b"), &[]))
        .unwrap();
    flight.seal();
    assert!(producer.flush(Duration::from_millis(300)).await.is_err());
    assert!(end.try_recv().is_err());
    world.broker.set_up(true).unwrap();
    landed(end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_kafkas_words_and_never_in_the_records() {
    let world = World::new().await;
    world.topic("out", 1);
    let producer = world.producer();
    let topic = producer.topic("out").unwrap();
    let refusal = [Injected::RD_KAFKA_RESP_ERR_INVALID_RECORD];
    world
        .broker
        .fail_requests(Request::Produce, &refusal)
        .unwrap();
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    producer
        .send(&mut flight, record(&topic, 0, None, Some(b"a secret"), &[]))
        .unwrap();
    flight.seal();
    let error = landed(end).await.unwrap_err().to_string();
    assert!(
        error.contains("record") && !error.contains("secret"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_has_room_again() {
    let world = World::new().await;
    world.topic("out", 1);
    let producer = world.producer_with(ProducerOptions {
        queue_records: 10,
        ..ProducerOptions::default()
    });
    let topic = producer.topic("out").unwrap();
    world.broker.set_delay(Duration::from_millis(50)).unwrap();
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    let mut refused = 0;
    for _ in 0..200 {
        while let Err(error) = producer.send(&mut flight, record(&topic, 0, None, Some(b"v"), &[]))
        {
            assert_eq!(error, SendError::QueueFull);
            refused += 1;
            within("room", producer.ready()).await;
        }
    }
    flight.seal();
    landed(end).await.unwrap();
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_survive_a_refused_send() {
    let world = World::new().await;
    world.topic("in", 1);
    world.topic("out", 1);
    let producer = world.producer();
    let topic = producer.topic("in").unwrap();
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    producer
        .send(
            &mut flight,
            record(&topic, 0, None, Some(&[7; 2000]), &[("h", Some(b"1"))]),
        )
        .unwrap();
    flight.seal();
    landed(end).await.unwrap();
    let (_consumer, queues) = world.reader("in", 1).await;
    let batch = take(&queues[0], 1).await.remove(0);
    let small = world.producer_with(ProducerOptions {
        largest_limit: 1000,
        smallest_limit: 1000,
        ..ProducerOptions::default()
    });
    let (done, end) = landing();
    let mut flight = Flight::new(batch, Vec::new(), done);
    for (producer, fits) in [(&small, false), (&producer, true)] {
        let topic = producer.topic("out").unwrap();
        let headers = BaseHeaders::TakeRow(0);
        let made = Outgoing {
            topic: &topic,
            partition: 0,
            key: Key::Row(0),
            value: Value::Row(0),
            headers,
            added: &[],
            timestamp: 5,
        };
        let sent = producer.send(&mut flight, made);
        assert!(
            if fits {
                sent.is_ok()
            } else {
                matches!(sent, Err(SendError::TooLarge { size: 2000, .. }))
            },
            "{sent:?}"
        );
    }
    flight.seal();
    landed(end).await.unwrap();
    let (_consumer, queues) = world.reader("out", 1).await;
    assert_eq!(
        owned(&take(&queues[0], 1).await)[0].headers,
        [("h".to_owned(), Some(b"1".to_vec()))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_refused_when_it_is_sent() {
    let world = World::new().await;
    world.topic("out", 2);
    let (producer, other) = (world.producer(), world.producer());
    let topic = producer.topic("out").unwrap();
    assert_eq!(
        within("partitions", producer.partitions(&topic))
            .await
            .unwrap(),
        2
    );
    assert_eq!(topic.partitions(), Some(2));
    let (done, end) = landing();
    let mut flight = Flight::detached(vec![0; 4], done);
    let send = |flight: &mut Flight, made| producer.send(flight, made);
    let unknown = send(&mut flight, record(&topic, 9, None, None, &[]));
    assert_eq!(
        unknown,
        Err(SendError::UnknownPartition {
            topic: "out".into(),
            partition: 9
        })
    );
    for value in [
        Value::Row(0),
        Value::Patched(2..9),
        Value::Patched(std::ops::Range { start: 5, end: 4 }),
    ] {
        let made = Outgoing {
            value,
            ..record(&topic, 0, None, None, &[])
        };
        assert_eq!(send(&mut flight, made), Err(SendError::NoSuchRow));
    }
    let foreign = other.topic("out").unwrap();
    assert!(matches!(
        send(&mut flight, record(&foreign, 0, None, None, &[])),
        Err(SendError::Other(_))
    ));
    flight.seal();
    landed(end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_and_dropping_a_producer_settle_every_flight() {
    let world = World::new().await;
    world.topic("out", 1);
    for close in [true, false] {
        let producer = world.producer();
        write(&producer, "out", 0, &[b"a"]).await;
        world.broker.set_up(false).unwrap();
        let topic = producer.topic("out").unwrap();
        let (done, end) = landing();
        let mut flight = Flight::detached(Vec::new(), done);
        for _ in 0..5 {
            producer
                .send(&mut flight, record(&topic, 0, None, Some(b"v"), &[]))
                .unwrap();
        }
        flight.seal();
        if close {
            within("closing", producer.close(Duration::from_millis(100))).await;
            let mut late = Flight::detached(Vec::new(), |_| {});
            assert!(
                producer
                    .send(&mut late, record(&topic, 0, None, None, &[]))
                    .is_err()
            );
        }
        drop((producer, topic));
        landed(end).await.unwrap_err();
        world.broker.set_up(true).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_never_larger_than_it_is_estimated() {
    let world = World::new().await;
    world.topic("out", 1);
    // librdkafka applies the same limit to its own count, so what it takes at a limit must be estimated at most that.
    let limit = 5000;
    let producer = world.producer_with(ProducerOptions {
        largest_limit: limit,
        smallest_limit: limit,
        ..ProducerOptions::default()
    });
    let topic = producer.topic("out").unwrap();
    let headers: &[(&str, Option<&[u8]>)] = &[("name", Some(b"value")), ("null", None)];
    let sizes = || {
        headers
            .iter()
            .map(|(name, value)| (name.len(), value.map(<[u8]>::len)))
    };
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    for length in 4700..5000 {
        let value = vec![0; length];
        let taken = producer
            .send(
                &mut flight,
                record(&topic, 0, Some(b"key"), Some(&value), headers),
            )
            .is_ok();
        let estimate = record_size(Some(3), Some(length), sizes());
        assert!(
            taken || estimate > limit,
            "{length}: refused, but estimated at {estimate}"
        );
    }
    flight.seal();
    landed(end).await.unwrap();
}
