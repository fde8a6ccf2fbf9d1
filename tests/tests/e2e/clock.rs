//! Hosts whose wall clock is wrong, and changes.

use millstream_tests::Kafka;
use millstream_tests::chaos::Trial;
use millstream_tests::chaos::clock::{A_DAY, AHEAD, Clock, jumps};
use millstream_tests::{Host, HostOptions, Producer, Record, Scene};

#[test]
fn a_clock_that_jumps_ahead_and_a_day_back_loses_and_doubles_nothing() {
    for exactly_once in [true, false] {
        let trial = Trial {
            faults: 3,
            ..Trial::new(exactly_once)
        };
        jumps(Kafka::shared(), &trial);
    }
}

#[test]
fn a_host_whose_clock_is_wrong_from_the_start_works_and_is_seen_by_others() {
    for ahead in [AHEAD, -A_DAY] {
        let clock = Clock::start();
        clock.set(ahead);
        let right = HostOptions::fresh();
        let mut wrong = right.clone();
        wrong.environment = clock.environment();
        let scene = Scene::new(1);
        // It creates the installation's topics, and writes the first deployment.
        let wrong = Host::start(&wrong);
        scene.deploy(&wrong, &[]);
        let right = Host::start(&right);
        Producer::new(Kafka::shared().brokers()).send_all(&scene.source, &[Record::new("k", "v")]);
        scene.reader().expect(1);
        for host in [&wrong, &right] {
            millstream_tests::wait_until("both are known", millstream_tests::PATIENCE, || {
                let said = host.transform(&scene.name)?;
                (said["state"] == "running" && said["hosts"].as_array()?.len() == 2).then_some(())
            });
        }
    }
}
