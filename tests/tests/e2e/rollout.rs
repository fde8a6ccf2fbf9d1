//! Groups that never settle, and revisions that roll out over them: nothing is lost, and no partition goes back to an older revision.

use millstream_tests::chaos::{Trial, churn, rollout};
use millstream_tests::{Kafka, KafkaOptions};

#[test]
fn revisions_roll_out_over_hosts_that_are_killed_and_no_partition_goes_back() {
    for exactly_once in [true, false] {
        let trial = Trial {
            hosts: 3,
            ..Trial::new(exactly_once)
        };
        rollout::rollout(Kafka::shared(), &trial);
    }
}

#[test]
fn hosts_that_join_and_leave_every_two_seconds_lose_nothing() {
    for exactly_once in [true, false] {
        let trial = Trial {
            hosts: 1,
            faults: 1,
            ..Trial::new(exactly_once)
        };
        churn::churn(Kafka::shared(), &trial);
    }
}

/// A broker that gives groups of the newer kind up as soon as those of the older.
fn quick_broker() -> Kafka {
    let properties = [
        ("group.consumer.min.session.timeout.ms", "6000"),
        ("group.consumer.session.timeout.ms", "6000"),
        ("group.consumer.min.heartbeat.interval.ms", "500"),
        ("group.consumer.heartbeat.interval.ms", "500"),
    ];
    Kafka::start(&KafkaOptions {
        properties: properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..KafkaOptions::default()
    })
}

#[test]
fn the_same_in_groups_whose_brokers_assign() {
    let kafka = quick_broker();
    for exactly_once in [true, false] {
        let trial = Trial {
            hosts: 1,
            faults: 1,
            brokers_assign: true,
            ..Trial::new(exactly_once)
        };
        churn::churn(&kafka, &trial);
    }
}
