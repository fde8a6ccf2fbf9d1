//! Transforms that have nothing to do.

use millstream_tests::{Host, Kafka, Producer, Record, Scene};

/// Each producer has a thread of this name.
fn producers(host: &Host) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", host.process.id())).unwrap();
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks
        .filter_map(|task| name(task.ok()?).ok())
        .filter(|name| name.trim() == "kafka-reports")
        .count()
}

#[test]
fn a_transform_that_has_written_nothing_has_no_producer() {
    let host = Host::fresh();
    let before = producers(&host);
    let scenes = [Scene::new(1), Scene::new(1)];
    for scene in &scenes {
        scene.deploy(&host, &[]);
        host.await_state(&scene.name, "running");
    }
    assert_eq!(producers(&host), before);
    let record = [Record::new("k", "v")];
    Producer::new(Kafka::shared().brokers()).send_all(&scenes[0].source, &record);
    scenes[0].reader().expect(1);
    assert_eq!(producers(&host), before + 1);
}
