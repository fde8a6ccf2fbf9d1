use super::*;

fn expectation(prints: &[u64]) -> Expectation {
    let left = HashMap::from([(b"k".to_vec(), (prints.to_vec(), 0))]);
    Expectation {
        topic: expect::SWIPES,
        left,
        author: None,
        found: Found::default(),
    }
}

#[test]
fn records_in_their_order_are_taken() {
    let mut expectation = expectation(&[1, 2, 3]);
    for print in [1, 2, 3] {
        assert_eq!(expectation.meet(Some(b"k"), print), Ok(()));
    }
    assert!(expectation.meet(Some(b"k"), 4).is_err(), "one too many");
}

#[test]
fn a_missing_a_doubled_a_late_and_a_wrong_record_are_told_apart() {
    let mut expectation = expectation(&[1, 2, 3, 4]);
    let mut meet = |print| expectation.meet(Some(b"k"), print);
    assert_eq!(meet(1), Ok(()));
    assert!(meet(1).unwrap_err().contains("already"));
    assert!(meet(3).unwrap_err().contains("missing before it"));
    assert!(meet(2).unwrap_err().contains("already"), "late");
    assert!(meet(9).unwrap_err().contains("should not be"));
    assert_eq!(meet(4), Ok(()));
    assert!(
        expectation
            .meet(Some(b"other"), 1)
            .unwrap_err()
            .contains("key")
    );
    assert!(expectation.meet(None, 1).unwrap_err().contains("key"));
}

fn author() -> Author {
    Author {
        name: "filter",
        source: "events",
        revision: 1,
        digest: "abc".into(),
    }
}

fn letter() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("trace", b"1"),
        ("millstream.topic", b"events"),
        ("millstream.partition", b"3"),
        ("millstream.offset", b"17"),
        ("millstream.transform", b"filter"),
        ("millstream.step", b"0"),
        ("millstream.revision", b"1"),
        ("millstream.module", b"abc"),
        ("millstream.code", b"null-value"),
        ("millstream.reason", b"the record has no value"),
        ("millstream.attempts", b"1"),
    ]
}

#[test]
fn a_dead_letter_says_where_it_is_from_and_why() {
    let headers = letter();
    let account = letter::read(&headers, &author()).expect("an account");
    assert_eq!(
        (account.partition, account.offset, account.code),
        (3, 17, "null-value")
    );
}

#[test]
fn a_dead_letter_without_a_full_account_is_wrong() {
    for left_out in 1..letter().len() {
        let mut headers = letter();
        let (name, _) = headers.remove(left_out);
        assert!(
            letter::read(&headers, &author())
                .expect_err(name)
                .contains(name)
        );
    }
    let mut headers = letter();
    headers.push(("millstream.code", b"other"));
    assert!(
        letter::read(&headers, &author())
            .expect_err("twice")
            .contains("twice")
    );
    let wrong = Author {
        digest: "def".into(),
        ..author()
    };
    assert!(
        letter::read(&letter(), &wrong)
            .expect_err("another module")
            .contains("millstream.module")
    );
}

/// Feeds `events` events into topics of one partition, and lets a checker see them afterwards.
fn fed(events: u64) -> Verdict {
    use rdkafka::mocking::MockCluster;
    let cluster: MockCluster<'_, rdkafka::producer::DefaultProducerContext> =
        MockCluster::new(1).expect("a broker");
    for topic in expect::TOPICS {
        cluster.create_topic(topic, 1, 1).expect("a topic");
    }
    let brokers = cluster.bootstrap_servers();
    super::super::feed::feed(&brokers, events, Arc::default()).expect("all acknowledged");
    let shared = Arc::new(Shared::default());
    let expected = expect::everything(events)
        .into_iter()
        .filter(|(topic, _)| *topic == expect::EVENTS)
        .collect();
    let checker = Checker::new(&brokers, 1, expected, HashMap::new(), Arc::clone(&shared))
        .expect("a checker");
    shared.stop.store(true, Ordering::Release);
    checker.run().expect("a verdict")
}

#[test]
fn what_the_generator_wrote_is_found_whole() {
    let verdict = fed(2_000);
    assert_eq!((verdict.errors, &verdict.wrong), (0, &vec![]));
    assert_eq!(verdict.topics[expect::EVENTS].records, 2_000);
}

#[test]
fn records_that_the_broker_dropped_are_noticed() {
    // Some 9 MB into one partition of at most 5 MiB.
    let verdict = fed(20_000);
    assert!(verdict.errors > 0);
    let told = verdict.wrong.join("\n");
    assert!(
        told.contains("events-0: the embedded broker dropped its first"),
        "{told}"
    );
}
