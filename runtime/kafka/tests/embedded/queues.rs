//! What a partition's queue gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millstream_kafka::consumer::{ConsumerEvent, ConsumerOptions, Extent, PartitionErrorKind};

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_take_is_limited_by_count_and_by_bytes_but_gives_at_least_one() {
    let world = World::new().await;
    world.topic("in", 1);
    let values: Vec<Vec<u8>> = (0..20).map(|n| vec![n; 100]).collect();
    write(
        &world.producer(),
        "in",
        0,
        &values.iter().map(Vec::as_slice).collect::<Vec<_>>(),
    )
    .await;
    let (_consumer, queues) = world.reader("in", 1).await;
    let queue = &queues[0];
    until("everything fetched", || (queue.len() >= 20).then_some(())).await;
    assert_eq!(queue.take(3, usize::MAX).batch.len(), 3);
    let batch = queue.take(100, 250).batch;
    assert_eq!(
        (
            batch.len(),
            batch.bytes(),
            batch.first_offset(),
            batch.next_offset()
        ),
        (2, 200, Some(3), Some(5))
    );
    assert_eq!(
        queue.take(100, 1).batch.len(),
        1,
        "larger than the limit, and alone"
    );
    let rest = take(queue, 14).await;
    assert_eq!(rest.last().unwrap().next_offset(), Some(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_nobody_takes_from_is_emptied_ahead_and_only_as_far_as_there_is_room() {
    const RECORDS: usize = 4_000;
    let world = World::new().await;
    world.topic("in", 1);
    let value = vec![b'v'; 1_000];
    write(&world.producer(), "in", 0, &vec![value.as_slice(); RECORDS]).await;
    let mut options = ConsumerOptions::new("hoarders");
    // librdkafka's own queue takes 64 KiB and a record batch of up to a megabyte; a quarter of this is for what lies ahead.
    (options.fetch_memory, options.expected_partitions) = (8 << 20, 64);
    let (_consumer, queues) = world.reader_with(&options, "in", 1).await;
    let queue = &queues[0];
    until("more than a queue holds", || {
        (queue.len() > 1_300).then_some(())
    })
    .await;
    let mut all = Vec::new();
    // A record counts with its bookkeeping; one record batch of a megabyte may come on top.
    let room = (2 << 20) / 1_256 + 1_100;
    until("all of them", || {
        assert!(queue.len() < room, "{} records wait", queue.len());
        let taken = queue.take(50, usize::MAX);
        all.extend((0..taken.batch.len()).map(|row| taken.batch.offset(row)));
        (all.len() == RECORDS).then_some(())
    })
    .await;
    assert!(all.iter().copied().eq(0..RECORDS as i64));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_while_a_position_moves_is_not_thrown_away_with_what_came_before() {
    let world = World::new().await;
    world.topic("in", 1);
    write(&world.producer(), "in", 0, &vec![b"v".as_slice(); 1_000]).await;
    let (consumer, queues) = world.reader("in", 1).await;
    for offset in (0..1_000).cycle().step_by(37).take(200) {
        consumer.seek(&at("in", 0), offset).await.unwrap();
        let batches = take(&queues[0], 1).await;
        assert_eq!(batches[0].offset(0), offset);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_each_time_it_is_reached() {
    let world = World::new().await;
    world.topic("in", 1);
    let producer = world.producer();
    write(&producer, "in", 0, &[b"a", b"b"]).await;
    let (_consumer, queues) = world.reader("in", 1).await;
    let mut seen = 0;
    let mut end = |expected: usize| {
        let taken = queues[0].take(1000, usize::MAX);
        seen += taken.batch.len();
        taken
            .eof
            .inspect(|eof| assert_eq!((*eof, seen), (expected as i64, expected)))
    };
    until("the end", || end(2)).await;
    write(&producer, "in", 0, &[b"c"]).await;
    until("the end again", || end(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_told_when_records_come_and_at_once_if_there_are_some() {
    let world = World::new().await;
    world.topic("in", 1);
    let producer = world.producer();
    let (_consumer, queues) = world.reader("in", 1).await;
    until("the end", || queues[0].take(10, usize::MAX).eof).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    queues[0].set_ready(Box::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    write(&producer, "in", 0, &[b"a"]).await;
    until("a call", || {
        (calls.load(Ordering::SeqCst) > 0).then_some(())
    })
    .await;
    let late = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&late);
    until("a record", || (!queues[0].is_empty()).then_some(())).await;
    queues[0].set_ready(Box::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    assert!(late.load(Ordering::SeqCst) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_seek_only_the_new_position_is_seen() {
    let world = World::new().await;
    world.topic("in", 1);
    let values: Vec<Vec<u8>> = (0..50).map(|n| vec![n; 10]).collect();
    write(
        &world.producer(),
        "in",
        0,
        &values.iter().map(Vec::as_slice).collect::<Vec<_>>(),
    )
    .await;
    let (consumer, queues) = world.reader("in", 1).await;
    // One is left in the stash by the limit on bytes.
    assert_eq!(take(&queues[0], 5).await.len(), 1);
    until("everything fetched", || {
        (queues[0].len() >= 45).then_some(())
    })
    .await;
    assert_eq!(queues[0].take(10, 15).batch.len(), 1);
    for offset in [0, 30, 2] {
        consumer.seek(&at("in", 0), offset).await.unwrap();
        assert_eq!(take(&queues[0], 1).await[0].first_offset(), Some(offset));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_partition_goes_on_where_it_was() {
    let world = World::new().await;
    world.topic("in", 1);
    let producer = world.producer();
    write(&producer, "in", 0, &[b"a", b"b", b"c", b"d"]).await;
    let (consumer, queues) = world.reader("in", 1).await;
    take(&queues[0], 2).await;
    consumer.pause(&[at("in", 0)]).unwrap();
    write(&producer, "in", 0, &[b"e"]).await;
    consumer.resume(&[at("in", 0)]).unwrap();
    let rest = owned(&take(&queues[0], 3).await);
    assert_eq!(
        rest.iter()
            .map(|record| record.value.clone().unwrap())
            .collect::<Vec<_>>(),
        [b"c", b"d", b"e"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_gone_is_an_error_and_a_seek_mends_it() {
    let world = World::new().await;
    world.topic("in", 1);
    let producer = world.producer();
    write(&producer, "in", 0, &[b"a"]).await;
    let (consumer, queues) = world.reader("in", 1).await;
    consumer.seek(&at("in", 0), 99).await.unwrap();
    let error = until("an error", || queues[0].take(10, usize::MAX).error).await;
    assert_eq!(error.kind, PartitionErrorKind::OffsetOutOfRange, "{error}");
    consumer.seek(&at("in", 0), 0).await.unwrap();
    assert_eq!(take(&queues[0], 1).await[0].first_offset(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_counted_from_extents_and_shows_what_was_dropped() {
    let world = World::new().await;
    world.topic("in", 2);
    let producer = world.producer();
    write(&producer, "in", 1, &[b"a", b"b"]).await;
    let consumer = world.consumer("lag");
    let mut extents = consumer
        .extents(&[at("in", 0), at("in", 1), at("absent", 0)])
        .await
        .unwrap();
    extents.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(extents[0].1.is_err(), "{:?}", extents[0]);
    assert_eq!(extents[1].1, Ok(Extent { start: 0, end: 0 }));
    assert_eq!(extents[2].1, Ok(Extent { start: 0, end: 2 }));
    // More than a partition keeps.
    let large = vec![0; 900_000];
    for _ in 0..8 {
        write(&producer, "in", 1, &[&large]).await;
    }
    let extents = consumer.extents(&[at("in", 1)]).await.unwrap();
    let extent = extents[0].1.clone().unwrap();
    assert!(extent.start > 0 && extent.end == 10, "{extent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_may_outlive_their_consumer() {
    let world = World::new().await;
    world.topic("in", 1);
    write(&world.producer(), "in", 0, &[b"a", b"b"]).await;
    let (consumer, queues) = world.reader("in", 1).await;
    let held = take(&queues[0], 2).await;
    within("closing", consumer.close()).await.unwrap();
    drop((consumer, queues));
    assert_eq!(held[0].value(0), Some(&b"a"[..]));
    drop(held);
    // A group's next member is not kept waiting by the first.
    let next = world.consumer("readers-of-in");
    next.subscribe(&["in"]).unwrap();
    assert!(matches!(event(&next).await, ConsumerEvent::Assign(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_wait_for_room_are_read_once_the_one_that_takes_it_is_let_go() {
    let world = World::new().await;
    world.topic("in", 20);
    let value = vec![b'v'; 10_000];
    write(&world.producer(), "in", 0, &vec![value.as_slice(); 400]).await;
    let mut options = ConsumerOptions::new("waiting");
    (options.fetch_memory, options.expected_partitions) = (1 << 20, 20);
    let (consumer, queues) = world.reader_with(&options, "in", 20).await;
    // Nobody takes of it: three quarters of the memory wait in librdkafka's queue, and the other partitions for them.
    until("all that there is room for", || {
        (queues[0].len() >= 80).then_some(())
    })
    .await;
    consumer.pause(&[at("in", 0)]).unwrap();
    for partition in 1..20 {
        write(&world.producer(), "in", partition, &[b"v"]).await;
        take(&queues[partition as usize], 1).await;
    }
}
