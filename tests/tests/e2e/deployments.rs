//! Revisions: the next one takes over between two batches, one of several wins, and all of them outlive the hosts.

use std::time::Duration;

use millstream_tests::reaper::TempDir;
use millstream_tests::{
    Finished, Host, HostOptions, Kafka, PATIENCE, Producer, Reader, Record, Scene, read_all,
    wait_until,
};
use serde_json::Value;

#[test]
fn a_second_deploy_takes_over_at_a_batch_boundary_and_nothing_is_lost_or_doubled() {
    let kafka = Kafka::shared();
    let scene = Scene::new(4);
    // A deploy takes seconds where lanes are busy, and the first revision is to be at work all that time: it does some 15,000 a second.
    let sent: Vec<Record> = (0..300_000)
        .map(|n| Record::new(n.to_string(), n.to_string()).partition(n % 4))
        .collect();
    Producer::new(kafka.brokers()).send_all(&scene.source, &sent);
    let host = Host::fresh();
    scene.deploy(&host, &["tag=1", "spin=60000000"]);
    let mut reader = scene.reader();
    reader.until("the first revision is at work", PATIENCE, |records| {
        records.len() > 3000
    });
    scene.deploy(&host, &["tag=2"]);
    assert_eq!(host.transform(&scene.name).unwrap()["revision"], 2);
    reader.expect(sent.len());
    host.await_caught_up(&scene.name, PATIENCE);
    let found = read_all(kafka.brokers(), &scene.out);
    assert_eq!(found.len(), sent.len(), "nothing lost, nothing doubled");
    let tags = |tag: &str| {
        found
            .iter()
            .filter(|record| record.header_text("tag").as_deref() == Some(tag))
            .count()
    };
    assert!(
        tags("1") > 3000 && tags("2") > 1000 && tags("1") + tags("2") == sent.len(),
        "{} and {}",
        tags("1"),
        tags("2")
    );
    // Where a record came from is its number modulo 4: per source partition the second revision follows the first.
    for partition in 0..4 {
        let mut of: Vec<(u64, String)> = found
            .iter()
            .map(|record| {
                (
                    record.text().parse().unwrap(),
                    record.header_text("tag").unwrap(),
                )
            })
            .filter(|(number, _)| number % 4 == partition)
            .collect();
        of.sort();
        assert!(
            of.is_sorted_by_key(|(_, tag)| tag.clone()),
            "partition {partition} went back to the old revision"
        );
    }
}

#[test]
fn deploying_the_same_again_changes_nothing() {
    let scene = Scene::new(1);
    let host = Host::fresh();
    scene.deploy(&host, &["tag=1"]);
    let again = scene.deploy(&host, &["tag=1"]);
    assert!(again.out.contains("already deployed"), "{}", again.out);
    assert_eq!(host.await_state(&scene.name, "running")["revision"], 1);
    scene.deploy(&host, &["tag=2"]);
    assert_eq!(host.await_state(&scene.name, "running")["revision"], 2);
}

/// What four deploys came to that were made at the same time, and how many of them worked.
fn four_at_once(deploy: impl Fn(usize) -> Finished + Sync) -> (Vec<Finished>, usize) {
    let deploy = &deploy;
    let results: Vec<Finished> = std::thread::scope(|scope| {
        let deploys: Vec<_> = (0..4).map(|n| scope.spawn(move || deploy(n))).collect();
        deploys
            .into_iter()
            .map(|deploy| deploy.join().unwrap())
            .collect()
    });
    let worked = results.iter().filter(|result| result.code == Some(0));
    let worked = worked.count();
    (results, worked)
}

#[test]
fn of_deploys_at_the_same_time_exactly_one_wins_and_the_others_are_told() {
    let options = HostOptions::fresh();
    let hosts = [Host::start(&options), Host::start(&options)];
    let scene = Scene::new(1);
    for round in 0..3 {
        let expected = round.to_string();
        let (results, winners) = four_at_once(|n| {
            scene.try_deploy(
                &hosts[n % 2],
                &[&format!("tag={round}-{n}")],
                &["--expected-revision", &expected, "--no-wait"],
            )
        });
        assert_eq!(winners, 1, "round {round}: {results:#?}");
        for loser in results.into_iter().filter(|result| result.code != Some(0)) {
            loser.failed(1, &["revision", &(round + 1).to_string(), &scene.name]);
        }
    }
    // Without an expectation as well: whoever was overtaken while its upload was checked is told, and nothing is lost.
    let (results, winners) = four_at_once(|n| {
        scene.try_deploy(&hosts[n % 2], &[&format!("tag=free-{n}")], &["--no-wait"])
    });
    assert!(winners > 0, "{results:#?}");
    for loser in results.into_iter().filter(|result| result.code != Some(0)) {
        loser.failed(1, &["revision", &scene.name]);
    }
    for host in &hosts {
        wait_until("both hosts have the last revision", PATIENCE, || {
            (host.transform(&scene.name)?["revision"] == 3 + winners).then_some(())
        });
    }
}

#[test]
fn a_restart_picks_everything_up() {
    let kafka = Kafka::shared();
    let options = HostOptions::fresh();
    let mut host = Host::start(&options);
    let scenes: Vec<Scene> = (0..3).map(|_| Scene::new(2)).collect();
    let producer = Producer::new(kafka.brokers());
    let feed = |text: &str| {
        for scene in &scenes {
            producer.send_all(
                &scene.source,
                &[0, 1].map(|partition| Record::new("k", text).partition(partition)),
            );
        }
    };
    for scene in &scenes {
        scene.deploy(&host, &["tag=1"]);
    }
    scenes[1].deploy(&host, &["tag=2"]);
    host.cli(["delete", &scenes[2].name, "--yes"]).succeeded();
    feed("before");
    scenes[0].reader().expect(2);
    scenes[1].reader().expect(2);
    host.process.terminate();
    assert!(host.process.await_exit(PATIENCE).success());
    feed("while it was down");
    // A host with an empty cache does as well: everything is in Kafka.
    let folder = TempDir::new();
    let host = Host::start(&HostOptions {
        cache: Some(folder.path().join("cache")),
        ..options
    });
    feed("after");
    for (scene, tag) in scenes.iter().zip(["1", "2"]) {
        let mut reader = scene.reader();
        let found = reader.expect(6);
        assert!(
            found
                .iter()
                .all(|record| record.header_text("tag").as_deref() == Some(tag))
        );
        host.await_caught_up(&scene.name, PATIENCE);
        assert_eq!(
            read_all(kafka.brokers(), &scene.out).len(),
            6,
            "nothing doubled"
        );
    }
    assert_eq!(host.transform(&scenes[2].name), None);
    assert_eq!(kafka.end_offsets(&scenes[2].out).iter().sum::<i64>(), 0);
    let json: Value = serde_json::from_str(&host.cli(["list", "--json"]).succeeded().out).unwrap();
    let names: Vec<_> = json["transforms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    let mut wanted = [scenes[0].name.as_str(), scenes[1].name.as_str()];
    wanted.sort_unstable();
    assert_eq!(names, wanted);
}

#[test]
fn a_deleted_transform_stops_and_a_new_one_of_its_name_goes_on_or_starts_afresh() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let producer = Producer::new(kafka.brokers());
    let host = Host::fresh();
    producer.send_all(&scene.source, &[Record::new("k", "1")]);
    scene.deploy(&host, &[]);
    scene.reader().expect(1);
    host.await_caught_up(&scene.name, PATIENCE);
    host.cli(["delete", &scene.name, "--yes"]).succeeded();
    wait_until("it is gone", PATIENCE, || {
        host.transform(&scene.name).is_none().then_some(())
    });
    host.cli(["delete", &scene.name, "--yes"])
        .failed(1, &[&scene.name]);
    host.cli(["describe", &scene.name])
        .failed(1, &[&scene.name]);
    producer.send_all(&scene.source, &[Record::new("k", "2")]);
    scene.deploy(&host, &[]);
    assert_eq!(
        host.transform(&scene.name).unwrap()["revision"],
        3,
        "a delete is a revision, and numbers never restart"
    );
    let texts = |count| -> Vec<String> {
        scene
            .reader()
            .expect(count)
            .iter()
            .map(Record::text)
            .collect()
    };
    assert_eq!(texts(2), ["1", "2"], "it went on where it was");
    host.await_caught_up(&scene.name, PATIENCE);
    host.cli(["delete", &scene.name, "--offsets", "--yes"])
        .succeeded();
    wait_until("it is gone", PATIENCE, || {
        host.transform(&scene.name).is_none().then_some(())
    });
    scene.deploy(&host, &[]);
    assert_eq!(texts(4), ["1", "2", "1", "2"], "it started afresh");
}

#[test]
fn a_deploy_that_changes_the_outputs_topic_writes_there_from_then_on() {
    let kafka = Kafka::shared();
    let scene = Scene::new(1);
    let producer = Producer::new(kafka.brokers());
    let host = Host::fresh();
    producer.send_all(&scene.source, &[Record::new("k", "1")]);
    scene.deploy(&host, &[]);
    scene.reader().expect(1);
    let moved = Scene {
        out: kafka.topic("moved", 1),
        ..scene.clone()
    };
    moved.deploy(&host, &[]);
    producer.send_all(&scene.source, &[Record::new("k", "2")]);
    assert_eq!(moved.reader().expect(1)[0].text(), "2");
    assert_eq!(read_all(kafka.brokers(), &scene.out).len(), 1);
}

#[test]
fn control_topics_that_could_lose_deployments_are_refused() {
    let kafka = Kafka::shared();
    let options = HostOptions::fresh();
    kafka.create_topic(
        &format!("_{}.deployments", options.prefix),
        1,
        &[("cleanup.policy", "delete")],
    );
    let mut host = Host::launch(&options);
    let status = host.process.await_exit(PATIENCE);
    assert_eq!(status.code(), Some(1), "{}", host.process.log());
    let log = host.process.log();
    assert!(
        log.contains("cleanup.policy") && log.contains(&format!("_{}.deployments", options.prefix)),
        "{log}"
    );
}

#[test]
fn a_redeploy_waits_for_nothing_when_told_so_and_says_what_it_reads() {
    let kafka = Kafka::shared();
    let scene = Scene::new(2);
    Producer::new(kafka.brokers()).send_all(
        &scene.source,
        &(0..1234)
            .map(|n| Record::new(n.to_string(), "v"))
            .collect::<Vec<_>>(),
    );
    let host = Host::fresh();
    let done = scene.deploy_with(&host, &[], &["--no-wait"]);
    assert!(
        done.out
            .replace([',', '\u{202f}', ' '], "")
            .contains("1234"),
        "the backlog is printed:\n{}",
        done.out
    );
    assert!(done.out.contains(&scene.source), "{}", done.out);
    Reader::new(kafka.brokers(), &scene.out).until(
        "all arrive",
        Duration::from_secs(60),
        |records| records.len() == 1234,
    );
}
