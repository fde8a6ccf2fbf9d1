//! Hosts that join and leave faster than their group settles.

use std::time::{Duration, Instant};

use rand::RngExt as _;

use super::stage::LIMIT;
use super::{Trial, run};
use crate::host::Host;
use crate::kafka::Kafka;

/// Between two of them.
const EVERY: Duration = Duration::from_secs(2);
/// Joins and leaves of one fault.
const TURNS: u32 = 6;
/// Beside those that stay.
const MOST: usize = 3;

/// Hosts join and leave in good order, one every two seconds, whether or not the group has got over the last one.
pub fn churn(kafka: &Kafka, trial: &Trial) {
    run(trial, kafka, kafka.brokers(), &mut |stage| {
        let (mut guests, mut leaving) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let next = Instant::now() + EVERY;
            let joins = guests.is_empty() || (guests.len() < MOST && stage.random.random());
            // The last ones make room for all others to leave.
            if joins && turn < TURNS - 1 {
                guests.push(Host::launch(&stage.options));
            } else {
                let at = stage.random.random_range(0..guests.len());
                leaving.push(leave(guests.swap_remove(at)));
            }
            // The pace of the fault, not a wait for anything.
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        leaving.extend(guests.into_iter().map(leave));
        for host in &mut leaving {
            host.process.await_exit(LIMIT);
        }
    });
}

fn leave(mut host: Host) -> Host {
    host.process.terminate();
    host
}
