//! What can break, by name. The end-to-end tests run each for a few faults, `make soak` for as long as it is told to.

use super::{Trial, run};
use crate::kafka::Kafka;

/// A scenario, for a broker that was started with `proxied`.
pub type Scenario = fn(&Kafka, &Trial);

/// All of them.
pub const ALL: &[(&str, Scenario)] = &[
    ("hosts are killed", kill),
    ("hosts stand still", freeze),
    ("hosts come and go, revisions change", rebalance),
    ("the network breaks", network),
    ("the clock jumps", super::clock::jumps),
    ("everything at once", everything),
    ("brokers of a cluster are killed", brokers_of_a_cluster),
    ("revisions roll out", super::rollout::rollout),
    (
        "hosts join and leave every two seconds",
        super::churn::churn,
    ),
    ("outputs are created anew", super::topics::output_recreated),
    ("outputs take smaller batches", super::topics::limit_lowered),
];

/// Hosts are killed.
pub fn kill(kafka: &Kafka, trial: &Trial) {
    run(trial, kafka, kafka.brokers(), &mut |stage| stage.kill());
}

/// Hosts stand still until their partitions are given to others.
pub fn freeze(kafka: &Kafka, trial: &Trial) {
    run(trial, kafka, kafka.brokers(), &mut |stage| stage.freeze());
}

/// Hosts join and leave in good order, and new revisions take over.
pub fn rebalance(kafka: &Kafka, trial: &Trial) {
    let mut turn = 0;
    run(trial, kafka, kafka.brokers(), &mut |stage| {
        turn += 1;
        if turn % 2 == 0 {
            stage.redeploy();
        } else {
            stage.come_and_go();
        }
    });
}

/// The network is cut, slow and lossy.
pub fn network(kafka: &Kafka, trial: &Trial) {
    let mut turn = 0;
    run(trial, kafka, &kafka.network().brokers(), &mut |stage| {
        turn += 1;
        stage.break_network(turn);
    });
}

/// Brokers of a cluster of three are killed, one at a time.
pub fn brokers(cluster: &Kafka, trial: &Trial) {
    run(trial, cluster, cluster.brokers(), &mut |stage| {
        stage.kill_broker()
    });
}

/// The same in a cluster of its own, which takes the memory of three brokers while it lasts.
fn brokers_of_a_cluster(_: &Kafka, trial: &Trial) {
    brokers(&Kafka::cluster(), trial);
}

/// All that needs one broker only in turn, as the seed says.
pub fn everything(kafka: &Kafka, trial: &Trial) {
    use rand::RngExt as _;
    run(
        trial,
        kafka,
        &kafka.network().brokers(),
        &mut |stage| match stage.random.random_range(0..5) {
            0 => stage.kill(),
            1 => stage.freeze(),
            2 => stage.come_and_go(),
            3 => stage.redeploy(),
            _ => {
                let turn = stage.random.random_range(0..3);
                stage.break_network(turn);
            }
        },
    );
}
