//! Topics, offsets, and the broker that is not there.

use std::time::{Duration, SystemTime};

use millstream_kafka::admin::{Admin, Start};
use millstream_kafka::embedded::EmbeddedBroker;
use millstream_kafka::{ErrorCode, Settings};

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_listed_and_never_made_by_asking() {
    let world = World::new().await;
    let admin = Admin::embedded(&world.settings, world.broker.clone()).unwrap();
    assert!(
        admin
            .create_topic("in", 3, &[("max.message.bytes", "1000")])
            .await
            .unwrap()
    );
    assert!(!admin.create_topic("in", 3, &[]).await.unwrap());
    assert_eq!(admin.partitions("in").await.unwrap(), Some(3));
    assert_eq!(admin.partitions("absent").await.unwrap(), None);
    assert_eq!(
        admin
            .topics()
            .await
            .unwrap()
            .into_iter()
            .collect::<Vec<_>>(),
        [("in".to_owned(), 3)]
    );
    for name in ["", ".", "a b", "a/b", &"x".repeat(250)] {
        assert_eq!(
            admin.create_topic(name, 1, &[]).await.unwrap_err().code(),
            ErrorCode::InvalidTopic,
            "{name}"
        );
    }
    assert_eq!(
        admin.create_topic("none", 0, &[]).await.unwrap_err().code(),
        ErrorCode::InvalidPartitions
    );
    assert!(admin.topic_config("in").await.unwrap().deletes());
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_are_resolved_to_offsets() {
    let world = World::new().await;
    world.topic("in", 2);
    write(&world.producer(), "in", 0, &[b"a", b"b", b"c"]).await;
    let admin = Admin::embedded(&world.settings, world.broker.clone()).unwrap();
    let both = [at("in", 0), at("in", 1)];
    for (start, expected) in [
        (Start::Earliest, [0, 0]),
        (Start::Latest, [3, 0]),
        (Start::Last(2), [1, 0]),
        (Start::Last(9), [0, 0]),
    ] {
        let mut found = admin.start_offsets(&both, start).await.unwrap();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let found: Vec<_> = found
            .into_iter()
            .map(|(_, offset)| offset.unwrap())
            .collect();
        assert_eq!(found, expected, "{start:?}");
    }
    let error = admin
        .start_offsets(&both, Start::Time(SystemTime::now()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("earliest"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_port_leads_to_the_broker_and_a_taken_one_is_an_error() {
    // Below those that the system gives out by itself: it could give one that was just free to another test.
    let free = (10_000 + std::process::id() as u16 % 20_000..32_768)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap();
    let broker = EmbeddedBroker::start(Some(free)).await.unwrap();
    assert_eq!(broker.bootstrap_servers(), format!("127.0.0.1:{free}"));
    assert!(
        EmbeddedBroker::start(Some(free))
            .await
            .unwrap_err()
            .to_string()
            .contains(&free.to_string())
    );
    let settings = Settings::new(broker.bootstrap_servers(), &[]).unwrap();
    let admin = Admin::new(&settings).unwrap();
    within("an answer", admin.wait_for_brokers()).await.unwrap();
    broker.create_topic("in", 1).unwrap();
    assert_eq!(admin.partitions("in").await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_broker_is_waited_for() {
    let world = World::new().await;
    world.broker.set_up(false).unwrap();
    let admin = Admin::embedded(&world.settings, world.broker.clone()).unwrap();
    let waiting = tokio::spawn(async move { admin.wait_for_brokers().await });
    assert!(
        tokio::time::timeout(Duration::from_millis(1500), async {
            while !waiting.is_finished() {
                tokio::task::yield_now().await
            }
        })
        .await
        .is_err()
    );
    world.broker.set_up(true).unwrap();
    within("the broker", waiting).await.unwrap().unwrap();
}
