//! Topics that change under a load: outputs deleted and created again, and ones that take less than they did.

use std::time::Duration;

use rand::RngExt as _;

use super::stage::Stage;
use super::{Trial, run};
use crate::kafka::Kafka;

/// How far sources may be ahead of what was read of their ends, in records.
const SLACK: u64 = 2_000;
/// A limit that a batch of a few dozen of the load's records passes, and none of them alone.
const SMALL: &str = "2048";

/// An output is deleted, missing for some seconds, and created again.
pub fn output_recreated(kafka: &Kafka, trial: &Trial) {
    run(trial, kafka, kafka.brokers(), &mut |stage| {
        let at = stage.random.random_range(0..2);
        let topic = stage.outputs[at].clone();
        let partitions = kafka.partitions(&topic);
        kafka.drop_topic(&topic);
        // What was written before is gone with it. What is sent from here on can only be written to the new one.
        stage.excuse_what_was_sent(at);
        std::thread::sleep(Duration::from_millis(stage.random.random_range(500..4_000)));
        kafka.create_topic(&topic, partitions, &[]);
    });
}

/// An output takes only small batches from now on, then large ones again.
pub fn limit_lowered(kafka: &Kafka, trial: &Trial) {
    let mut turn = 0;
    run(trial, kafka, kafka.brokers(), &mut |stage| {
        let limit = if turn % 2 == 0 { SMALL } else { "1048588" };
        turn += 1;
        kafka.configure_topic(&stage.outputs[0], "max.message.bytes", limit);
    });
}

impl Stage<'_> {
    fn excuse_what_was_sent(&mut self, output: usize) {
        let sent: i64 = self.kafka.end_offsets(&self.source).iter().sum();
        self.excused.push((output, sent.unsigned_abs() + SLACK));
    }
}
