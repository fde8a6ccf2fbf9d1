//! Under load, with things breaking all the time: nothing is lost, and exactly once nothing is doubled. `make soak` runs the
//! same for longer.

use millstream_tests::chaos::{Trial, scenarios};
use millstream_tests::{Kafka, KafkaOptions};

#[test]
fn killed_hosts_lose_nothing_and_exactly_once_double_nothing() {
    for exactly_once in [true, false] {
        scenarios::kill(Kafka::shared(), &Trial::new(exactly_once));
    }
}

#[test]
fn exactly_once_a_host_that_stands_still_loses_and_doubles_nothing() {
    let trial = Trial {
        faults: 1,
        ..Trial::new(true)
    };
    scenarios::freeze(Kafka::shared(), &trial);
}

#[test]
fn exactly_once_rebalances_and_new_revisions_lose_and_double_nothing() {
    scenarios::rebalance(Kafka::shared(), &Trial::new(true));
}

#[test]
fn exactly_once_a_network_that_is_cut_slow_and_lossy_loses_and_doubles_nothing() {
    let kafka = Kafka::start(&KafkaOptions {
        proxied: true,
        ..KafkaOptions::default()
    });
    let trial = Trial {
        hosts: 1,
        faults: 3,
        ..Trial::new(true)
    };
    scenarios::network(&kafka, &trial);
}

#[test]
fn exactly_once_brokers_that_are_killed_lose_and_double_nothing() {
    let trial = Trial {
        hosts: 1,
        // Three brokers on a small machine: `make soak` kills more of them.
        faults: 1,
        ..Trial::new(true)
    };
    scenarios::brokers(&Kafka::cluster(), &trial);
}
