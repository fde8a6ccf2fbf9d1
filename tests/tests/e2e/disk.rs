//! The folder of compiled modules cannot be written to: what is compiled is used and not kept.

use millstream_tests::reaper::TempDir;
use millstream_tests::small_disk::small_disk;
use millstream_tests::{Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene};

/// KiB: far less than any module takes.
const TINY: u32 = 64;

/// A host with this transform on it ends; another one goes on with it, and with what has come meanwhile.
fn goes_on_elsewhere(mut host: Host, scene: &Scene, options: &HostOptions) -> Host {
    host.process.terminate();
    host.process.await_exit(PATIENCE);
    send(scene, "while nobody was there");
    Host::start(options)
}

fn send(scene: &Scene, value: &str) {
    Producer::new(Kafka::shared().brokers()).send_all(&scene.source, &[Record::new("k", value)]);
}

#[test]
fn a_full_disk_under_the_cache_stops_neither_a_deploy_nor_a_restart() {
    let folder = TempDir::new();
    let Some(disk) = small_disk(folder.path(), TINY, 0) else {
        eprintln!("skipped: this user may not mount a file system, not even in a namespace");
        return;
    };
    let options = HostOptions {
        cache: Some(folder.path().to_owned()),
        within: disk.within,
        ..HostOptions::fresh()
    };
    let scene = Scene::new(1);
    let host = Host::start(&options);
    scene.deploy(&host, &[]);
    send(&scene, "before");
    scene.reader().expect(1);
    let log = host.process.log();
    assert!(
        log.contains("No space left") && log.contains("cannot keep"),
        "the log does not say why it is not kept:\n{log}"
    );
    let host = goes_on_elsewhere(host, &scene, &options);
    scene.reader().expect(2);
    host.await_state(&scene.name, "running");
}

#[test]
fn a_cache_folder_that_goes_away_stops_nothing_and_a_file_in_its_place_is_named() {
    let folder = TempDir::new();
    let cache = folder.path().join("cache");
    let options = HostOptions {
        cache: Some(cache.clone()),
        ..HostOptions::fresh()
    };
    let scene = Scene::new(1);
    let mut host = Host::start(&options);
    std::fs::remove_dir_all(&cache).expect("removed");
    std::fs::write(&cache, "a file").expect("written");
    scene.deploy(&host, &[]);
    send(&scene, "before");
    scene.reader().expect(1);
    host.process.terminate();
    host.process.await_exit(PATIENCE);

    let mut refused = Host::launch(&options);
    let status = refused.process.await_exit(PATIENCE);
    assert_ne!(status.code(), Some(0));
    let log = refused.process.log();
    let cache = cache.to_str().expect("UTF-8");
    assert!(
        log.contains(cache) && log.contains("not a directory"),
        "{log}"
    );
    assert!(!log.contains("panicked"), "{log}");

    send(&scene, "while nobody was there");
    let host = Host::start(&HostOptions {
        cache: None,
        ..options
    });
    scene.reader().expect(2);
    host.await_state(&scene.name, "running");
}
