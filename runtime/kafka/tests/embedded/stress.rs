//! The unsafe module under many threads and every order of dropping. Worth running under valgrind:
//! `valgrind --error-exitcode=1 target/debug/deps/embedded-… stress`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millstream_kafka::producer::{BaseHeaders, Flight, Key, Outgoing, SendError, Value};

use super::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_may_be_dropped_in_any_order_while_records_fly() {
    let rounds: usize = std::env::var("STRESS_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6);
    let world = World::new().await;
    world.topic("out", 3);
    for round in 0..rounds {
        let name = format!("in-{round}");
        world.topic(&name, 3);
        let producer = world.producer();
        for partition in 0..3 {
            let values: Vec<Vec<u8>> = (0..300_usize).map(|n| vec![n as u8; n]).collect();
            write(
                &producer,
                &name,
                partition,
                &values.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            )
            .await;
        }
        let (consumer, queues) = world.reader(&name, 3).await;
        let settled = Arc::new(AtomicUsize::new(0));
        let flown = Arc::new(AtomicUsize::new(0));
        let lanes: Vec<_> = queues
            .into_iter()
            .map(|queue| {
                let (producer, settled, flown) =
                    (producer.clone(), Arc::clone(&settled), Arc::clone(&flown));
                tokio::spawn(async move {
                    let topics = [producer.topic("out").unwrap()];
                    let mut taken = 0;
                    let mut held = Vec::new();
                    while taken < 300 {
                        let batch = queue.take(37, 1 << 14).batch;
                        if batch.is_empty() {
                            tokio::task::yield_now().await;
                            continue;
                        }
                        taken += batch.len();
                        let rows = batch.len();
                        let settled = Arc::clone(&settled);
                        flown.fetch_add(1, Ordering::SeqCst);
                        let mut flight = Flight::new(batch, vec![1; 64], move |_| {
                            settled.fetch_add(1, Ordering::SeqCst);
                        });
                        for row in 0..rows {
                            let value = match row % 4 {
                                0 => Value::Row(row),
                                1 => Value::Patched(row..row + 1),
                                2 => Value::Copy(b"copied"),
                                _ => Value::Null,
                            };
                            let headers = if row % 2 == 0 {
                                BaseHeaders::Row(row)
                            } else {
                                BaseHeaders::TakeRow(row)
                            };
                            let added: &[(&str, Option<&[u8]>)] =
                                if row % 3 == 0 { &[("n", None)] } else { &[] };
                            let partition = (row % 3) as i32;
                            let made = Outgoing {
                                topic: &topics[0],
                                partition,
                                key: Key::Row(row),
                                value,
                                headers,
                                added,
                                timestamp: -1,
                            };
                            match producer.send(&mut flight, made) {
                                Ok(()) => {}
                                Err(SendError::QueueFull) => producer.ready().await,
                                Err(error) => panic!("{error}"),
                            }
                        }
                        // Some are dropped on another thread, some stay until after their consumer.
                        match rows % 3 {
                            0 => flight.seal(),
                            1 => drop(std::thread::spawn(move || drop(flight))),
                            _ => held.push(flight),
                        }
                    }
                    held
                })
            })
            .collect();
        if round % 3 == 0 {
            drop(consumer.clone());
        }
        let mut held = Vec::new();
        for lane in lanes {
            held.extend(lane.await.unwrap());
        }
        match round % 3 {
            0 => {
                drop(consumer);
                drop(producer);
                drop(held);
            }
            1 => {
                drop(held);
                drop(producer);
                consumer.close().await.unwrap();
            }
            _ => {
                let dropping = std::thread::spawn(move || drop(held));
                drop(producer);
                drop(consumer);
                dropping.join().unwrap();
            }
        }
        until("every flight settled", || {
            (settled.load(Ordering::SeqCst) == flown.load(Ordering::SeqCst)).then_some(())
        })
        .await;
    }
}
