//! Groups: partitions come, go, and are committed.

use millstream_kafka::TopicPartition;
use millstream_kafka::consumer::{Commit, Committed, Consumer, ConsumerEvent, ConsumerOptions};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::support::*;

fn from_zero(partitions: &[TopicPartition]) -> Vec<(TopicPartition, i64)> {
    partitions
        .iter()
        .map(|partition| (partition.clone(), 0))
        .collect()
}

type Held = Arc<Mutex<BTreeSet<TopicPartition>>>;

/// A member that takes and gives whatever it is told to, for as long as the task is not aborted.
fn member(consumer: &Consumer) -> (Held, tokio::task::JoinHandle<()>) {
    let (consumer, held) = (consumer.clone(), Held::default());
    let shared = Arc::clone(&held);
    let task = tokio::spawn(async move {
        loop {
            match consumer.next_event().await {
                ConsumerEvent::Assign(partitions) => {
                    consumer.assign(&from_zero(&partitions)).unwrap();
                    shared.lock().unwrap().extend(partitions);
                }
                ConsumerEvent::Revoke(partitions) | ConsumerEvent::Lost(partitions) => {
                    // One by one: the group is told when all were given.
                    for partition in &partitions {
                        shared.lock().unwrap().remove(partition);
                        consumer.unassign(std::slice::from_ref(partition)).unwrap();
                    }
                }
                ConsumerEvent::Error(_) => {}
            }
        }
    });
    (held, task)
}

async fn holds(held: &Held, count: usize) {
    until("a share of the partitions", || {
        (held.lock().unwrap().len() == count).then_some(())
    })
    .await;
}

/// Another member takes half of the first one's four partitions, is looked at, and gives them back.
async fn half_goes_and_comes_back(world: &World, of_first: &Held, look: impl FnOnce(&Held)) {
    holds(of_first, 4).await;
    let second = world.consumer("g");
    second.subscribe(&["in"]).unwrap();
    let (of_second, following_second) = member(&second);
    holds(of_first, 2).await;
    holds(&of_second, 2).await;
    look(&of_second);
    following_second.abort();
    within("closing", second.close()).await.unwrap();
    holds(of_first, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_partitions_and_one_that_leaves_gives_its_own_back() {
    let world = World::new().await;
    world.topic("in", 4);
    let first = world.consumer("g");
    first.subscribe(&["in"]).unwrap();
    let (of_first, following_first) = member(&first);
    half_goes_and_comes_back(&world, &of_first, |of_second| {
        let (of_first, of_second) = (of_first.lock().unwrap(), of_second.lock().unwrap());
        assert_eq!((of_first.len(), of_second.len()), (2, 2));
        assert!(of_first.is_disjoint(&of_second));
    })
    .await;
    following_first.abort();
}

/// Until the last of them is, such a partition is paused, which librdkafka remembers.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_was_let_go_before_others_is_read_when_it_comes_back() {
    let world = World::new().await;
    world.topic("in", 4);
    let first = world.consumer("g");
    let queues: Vec<_> = (0..4)
        .map(|number| first.queue(&at("in", number)).unwrap())
        .collect();
    first.subscribe(&["in"]).unwrap();
    let (of_first, following_first) = member(&first);
    half_goes_and_comes_back(&world, &of_first, |_| {}).await;
    let producer = world.producer();
    for (number, queue) in (0..).zip(&queues) {
        write(&producer, "in", number, &[b"x"]).await;
        take(queue, 1).await;
    }
    following_first.abort();
}

/// librdkafka sees to an assignment or a revocation that nobody has answered, but waits without end for the answer to a loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_may_leave_with_a_loss_unanswered() {
    let world = World::new().await;
    world.topic("in", 2);
    let mut options = ConsumerOptions::new("g");
    options.session_timeout = Duration::from_secs(6);
    let (consumer, _queues) = world.reader_with(&options, "in", 2).await;
    world.broker.set_up(false).unwrap();
    let event = event(&consumer).await;
    assert!(matches!(event, ConsumerEvent::Lost(_)), "{event:?}");
    world.broker.set_up(true).unwrap();
    within("closing", consumer.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_may_be_answered_late_and_in_parts() {
    let world = World::new().await;
    world.topic("in", 2);
    write(&world.producer(), "in", 1, &[b"x"]).await;
    let consumer = world.consumer("g");
    consumer.subscribe(&["in"]).unwrap();
    let ConsumerEvent::Assign(partitions) = event(&consumer).await else {
        panic!()
    };
    let queue = consumer.queue(&at("in", 1)).unwrap();
    let committed = consumer.committed(&partitions).await.unwrap();
    assert!(committed.iter().all(|(_, committed)| committed.is_none()));
    consumer.assign(&from_zero(&partitions[..1])).unwrap();
    assert!(queue.is_empty());
    consumer.assign(&from_zero(&partitions[1..])).unwrap();
    take(&queue, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_carry_metadata_and_are_read_back() {
    let world = World::new().await;
    world.topic("in", 2);
    write(&world.producer(), "in", 0, &[b"a", b"b", b"c"]).await;
    let (consumer, _queues) = world.reader("in", 2).await;
    let commit = Commit {
        partition: at("in", 0),
        offset: 2,
        metadata: "revision 7".into(),
    };
    let result = within("a commit", consumer.commit(&[commit]))
        .await
        .unwrap();
    assert_eq!(result, [(at("in", 0), Ok(()))]);
    let mut committed = consumer
        .committed(&[at("in", 0), at("in", 1)])
        .await
        .unwrap();
    committed.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = Committed {
        offset: 2,
        metadata: "revision 7".into(),
    };
    assert_eq!(
        committed,
        [(at("in", 0), Some(expected)), (at("in", 1), None)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_broker_refuses_says_so_for_the_partition() {
    use millstream_kafka::embedded::{Injected, Request};
    let world = World::new().await;
    world.topic("in", 1);
    let (consumer, _queues) = world.reader("in", 1).await;
    world
        .broker
        .fail_requests(
            Request::OffsetCommit,
            &[Injected::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED],
        )
        .unwrap();
    let commit = Commit {
        partition: at("in", 0),
        offset: 1,
        metadata: String::new(),
    };
    match within("a commit", consumer.commit(&[commit])).await {
        Ok(results) => assert!(
            results[0]
                .1
                .as_ref()
                .is_err_and(|error| error.is_authorization()),
            "{results:?}"
        ),
        Err(error) => assert!(error.is_authorization(), "{error}"),
    }
}
