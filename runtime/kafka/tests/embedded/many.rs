//! Many partitions, of which some are paused at times: everything comes, once and in order.

use std::time::Duration;

use millstream_kafka::consumer::{Consumer, ConsumerOptions, PartitionQueue};

use super::support::*;

const PARTITIONS: i32 = 40;
/// In bytes; ten of them in a partition.
const LARGE: usize = 100_000;
const RECORDS: i64 = 10;
/// Past three quarters of this partitions are paused.
const FETCH_MEMORY: u64 = 4 << 20;

/// Queues in the order of their partitions' numbers.
async fn reader(world: &World) -> (Consumer, Vec<PartitionQueue>) {
    let mut options = ConsumerOptions::new("readers");
    options.fetch_memory = FETCH_MEMORY;
    options.expected_partitions = PARTITIONS as usize;
    let (consumer, mut queues) = world.reader_with(&options, "in", PARTITIONS).await;
    queues.sort_by_key(|queue| queue.partition().partition());
    (consumer, queues)
}

async fn fill(world: &World) {
    world.topic("in", PARTITIONS);
    let value = vec![b'v'; LARGE];
    let producer = world.producer();
    for partition in 0..PARTITIONS {
        write(
            &producer,
            "in",
            partition,
            &[value.as_slice(); RECORDS as usize],
        )
        .await;
    }
}

/// Takes from all in turns, as a lane does, until of each there are all, which come in order.
async fn take_all(queues: &[PartitionQueue], next: &mut [i64]) {
    until("all of them", || {
        for (queue, next) in queues.iter().zip(next.iter_mut()) {
            let taken = queue.take(1, usize::MAX);
            for row in 0..taken.batch.len() {
                assert_eq!(taken.batch.offset(row), *next);
                *next += 1;
            }
        }
        next.iter().all(|next| *next == RECORDS).then_some(())
    })
    .await;
}

/// How much that is at most is looked at with a real broker, which does not give everybody a megabyte in one answer.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_were_paused_for_want_of_room_go_on_where_they_were() {
    let world = World::new().await;
    fill(&world).await;
    let (_consumer, queues) = reader(&world).await;
    until("more than there is room for", || {
        let waiting: usize = queues.iter().map(PartitionQueue::len).sum();
        (waiting > FETCH_MEMORY as usize / LARGE).then_some(())
    })
    .await;
    take_all(&queues, &mut vec![0; queues.len()]).await;
    let producer = world.producer();
    for (partition, queue) in (0..).zip(&queues) {
        write(&producer, "in", partition, &[b"more"]).await;
        assert_eq!(take(queue, 1).await[0].offset(0), RECORDS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_are_set_aside_keep_nobody_out_and_go_on_where_they_were() {
    let world = World::new().await;
    fill(&world).await;
    let (_consumer, queues) = reader(&world).await;
    let (busy, others) = queues.split_last().unwrap();
    // In turns, because some wait for the room of others.
    let mut left: Vec<_> = others.iter().collect();
    until("one of each", || {
        left.retain(|other| {
            let has_come = !other.take(1, usize::MAX).batch.is_empty();
            if has_come {
                other.set_aside();
            }
            !has_come
        });
        left.is_empty().then_some(())
    })
    .await;
    let producer = world.producer();
    let value = vec![b'v'; LARGE];
    take(busy, RECORDS as usize).await;
    for _ in 0..10 {
        write(&producer, "in", PARTITIONS - 1, &[value.as_slice(); 2]).await;
        take(busy, 2).await;
    }
    take_all(others, &mut vec![1; others.len()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pausing_while_records_are_taken_neither_repeats_nor_skips_any() {
    const SMALL: i64 = 30_000;
    let world = World::new().await;
    world.topic("in", 1);
    let producer = world.producer();
    for _ in 0..SMALL / 1_000 {
        write(&producer, "in", 0, &[b"v".as_slice(); 1_000]).await;
    }
    let (consumer, queues) = world.reader("in", 1).await;
    let queue = queues[0].clone();
    let lane = tokio::task::spawn_blocking(move || {
        let mut next = 0;
        while next < SMALL {
            let taken = queue.take(3, usize::MAX);
            assert_eq!(taken.error, None);
            for row in 0..taken.batch.len() {
                assert_eq!(taken.batch.offset(row), next);
                next += 1;
            }
        }
    });
    while !lane.is_finished() {
        consumer.pause(&[at("in", 0)]).unwrap();
        consumer.resume(&[at("in", 0)]).unwrap();
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
    within("all of them", lane).await.unwrap();
}
