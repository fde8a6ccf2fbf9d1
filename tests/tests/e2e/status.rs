//! What hosts tell of themselves is kept in a topic for as long as it is of use to somebody.

use std::collections::BTreeMap;

use millstream_tests::chaos::clock::{A_DAY, Clock};
use millstream_tests::{Host, HostOptions, Kafka, PATIENCE, Scene, read_all, wait_until};

/// The keys under which something is said, as compaction would leave them.
fn told(options: &HostOptions) -> Vec<String> {
    let topic = format!("_{}.status", options.prefix);
    let newest: BTreeMap<_, _> = read_all(Kafka::shared().brokers(), &topic)
        .into_iter()
        .map(|record| (record.key.unwrap_or_default(), record.value))
        .collect();
    newest
        .into_iter()
        .filter(|(_, value)| value.is_some())
        .map(|(key, _)| String::from_utf8(key).unwrap())
        .collect()
}

fn await_told(options: &HostOptions, keys: &[&str]) {
    // A minute, until it is sure who is there, and some.
    let limit = 3 * PATIENCE;
    wait_until(&format!("what is told is {keys:?}"), limit, || {
        (told(options) == keys).then_some(())
    });
}

#[test]
fn a_host_that_leaves_takes_back_what_it_told() {
    let scene = Scene::new(1);
    let options = HostOptions::fresh();
    let mut host = Host::start(&options.clone().argument("--host-id=one"));
    scene.deploy(&host, &[]);
    let of_transform = format!("{}/one", scene.name);
    await_told(&options, &["/one", &of_transform]);
    host.process.terminate();
    assert!(host.process.await_exit(PATIENCE).success());
    assert_eq!(told(&options), [""; 0]);
}

#[test]
fn what_a_killed_host_told_is_deleted_a_day_later_and_nothing_else() {
    let scene = Scene::new(1);
    let options = HostOptions::fresh();
    let named = |name| options.clone().argument(format!("--host-id={name}"));
    let mut killed = Host::start(&named("killed"));
    scene.deploy(&killed, &[]);
    let _lives = Host::start(&named("lives"));
    let [of_killed, of_living, of_ahead] =
        ["killed", "lives", "ahead"].map(|host| format!("{}/{host}", scene.name));
    await_told(&options, &["/killed", "/lives", &of_killed, &of_living]);
    killed.process.kill();
    // A day later for this one. That makes the other host's words a day old as well, but that one goes on talking.
    let clock = Clock::start();
    clock.set(A_DAY);
    let mut ahead = named("ahead");
    ahead.environment = clock.environment();
    let _ahead = Host::start(&ahead);
    await_told(&options, &["/ahead", "/lives", &of_ahead, &of_living]);
}
