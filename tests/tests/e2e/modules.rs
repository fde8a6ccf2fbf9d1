//! Modules as they are stored: what is corrupt, cut, missing or forged is noticed and never run.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use millstream_tests::{
    Host, HostOptions, Kafka, PATIENCE, Producer, Record, Scene, read_all, wait_until,
};

/// Copies an installation's deployments, and its modules as `damage` leaves them: `damage` sees each record's number.
fn copy_installation(from: &str, to: &str, damage: impl Fn(usize, &mut Record) -> bool) {
    let kafka = Kafka::shared();
    let producer = Producer::with(kafka.brokers(), &[("compression.type", "none")]);
    for topic in ["deployments", "modules"] {
        let name = format!("_{to}.{topic}");
        kafka.create_topic(&name, 1, &[("cleanup.policy", "compact")]);
        for (n, mut record) in read_all(kafka.brokers(), &format!("_{from}.{topic}"))
            .into_iter()
            .enumerate()
        {
            if topic == "deployments" || damage(n, &mut record) {
                record.timestamp = None;
                producer.send(&name, &record);
            }
        }
    }
    producer.flush();
}

/// Deploys two transforms, copies the installation with the first one's module damaged, and starts a host on the copy.
fn with_damage(damage: impl Fn(&mut Record) -> bool, texts: &[&str]) {
    let kafka = Kafka::shared();
    let (scene, other) = (Scene::new(1), Scene::new(1));
    let original = HostOptions::fresh();
    let mut host = Host::start(&original);
    scene.deploy(&host, &[]);
    // Another module for the other one: the example does what the probe would.
    host.deploy(
        &millstream_tests::guest("filter"),
        &other.name,
        &[
            "--from",
            &other.source,
            "--to",
            &format!("kept={}", other.out),
        ],
    );
    host.process.terminate();
    host.process.await_exit(PATIENCE);

    let copy = HostOptions::fresh();
    copy_installation(&original.prefix, &copy.prefix, |n, record| {
        n != 0 || damage(record)
    });
    let host = Host::start(&copy);
    let failed = host.await_state(&scene.name, "failed");
    let reason = failed["reason"].as_str().unwrap().to_lowercase();
    for text in texts {
        assert!(
            reason.contains(text),
            "the reason does not say {text:?}: {reason}"
        );
    }
    // The other transform runs, and what is broken can be deployed again.
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&other.source, &[Record::new("k", r#"{"type":"swipe"}"#)]);
    other.reader().expect(1);
    scene.deploy(&host, &["tag=again"]);
    producer.send_all(&scene.source, &[Record::new("k", "v")]);
    scene.reader().expect(1);
}

#[test]
fn a_corrupt_chunk_fails_that_transform_alone() {
    with_damage(
        |record| {
            let value = record.value.as_mut().unwrap();
            let middle = value.len() / 2;
            value[middle] ^= 1;
            true
        },
        &["module", "corrupt"],
    );
}

#[test]
fn a_truncated_chunk_fails_that_transform_alone() {
    with_damage(
        |record| {
            record.value.as_mut().unwrap().truncate(1000);
            true
        },
        &["module", "truncated"],
    );
}

#[test]
fn a_missing_chunk_fails_that_transform_alone() {
    with_damage(
        |record| {
            // Another record takes its offset; compaction would leave a gap there.
            *record = Record {
                key: Some(b"something else".to_vec()),
                value: None,
                ..Record::default()
            };
            true
        },
        &["module", "missing"],
    );
}

#[test]
fn garbage_in_the_control_topics_keeps_no_host_from_starting() {
    let kafka = Kafka::shared();
    let options = HostOptions::fresh();
    let producer = Producer::new(kafka.brokers());
    for topic in ["deployments", "modules", "status"] {
        let name = format!("_{}.{topic}", options.prefix);
        kafka.create_topic(&name, 1, &[("cleanup.policy", "compact")]);
        producer.send_all(
            &name,
            &[
                Record::new("", ""),
                Record::new("garbage", [0xff, 0, 1]),
                Record::new("x/notanumber", "{}"),
                Record::new("name/1", "{\"revision\":"),
                Record::new([0xff, 0xfe], "{}"),
                Record {
                    value: None,
                    ..Record::new("tombstone/1", "")
                },
            ],
        );
    }
    let host = Host::start(&options);
    let scene = Scene::new(1);
    scene.deploy(&host, &[]);
    producer.send_all(&scene.source, &[Record::new("k", "v")]);
    scene.reader().expect(1);
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files
}

#[test]
fn a_cache_file_that_was_tampered_with_is_not_run() {
    let kafka = Kafka::shared();
    let folder = millstream_tests::reaper::TempDir::new();
    let cache = folder.path().join("cache");
    let options = HostOptions {
        cache: Some(cache.clone()),
        ..HostOptions::fresh()
    };
    let scene = Scene::new(1);
    let producer = Producer::new(kafka.brokers());
    let mut host = Host::start(&options);
    scene.deploy(&host, &[]);
    host.process.terminate();
    host.process.await_exit(PATIENCE);
    assert_eq!(
        std::fs::metadata(&cache).unwrap().mode() & 0o777,
        0o700,
        "nobody else may write native code there"
    );

    type Tamper = fn(&mut Vec<u8>);
    let tamperings: [(&str, Tamper); 4] = [
        ("a bit flipped", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("cut", |bytes| bytes.truncate(bytes.len() / 3)),
        ("emptied", Vec::clear),
        ("garbage", |bytes| {
            bytes
                .iter_mut()
                .for_each(|byte| *byte = byte.wrapping_mul(7).wrapping_add(3))
        }),
    ];
    for (n, (what, tamper)) in tamperings.into_iter().enumerate() {
        let compiled: Vec<PathBuf> = files(&cache)
            .into_iter()
            .filter(|file| std::fs::metadata(file).unwrap().len() > 10_000)
            .collect();
        assert!(
            !compiled.is_empty(),
            "there is compiled code in {:?}",
            files(&cache)
        );
        for file in compiled {
            let mut bytes = std::fs::read(&file).unwrap();
            tamper(&mut bytes);
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            std::fs::write(&file, bytes).unwrap();
        }
        let mut host = Host::start(&options);
        producer.send_all(&scene.source, &[Record::new("k", what)]);
        scene.reader().until(
            "the module was compiled again and works",
            PATIENCE,
            |records| records.len() > n,
        );
        host.process.terminate();
        host.process.await_exit(PATIENCE);
    }

    // Another host compiles for itself when others could have written the folder.
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut host = Host::launch(&options);
    producer.send_all(&scene.source, &[Record::new("k", "open folder")]);
    // Refusing to start and starting without the cache are both safe; trusting it is not.
    wait_until("it has decided", PATIENCE, || {
        let refused = host.process.exited().is_some() && host.process.log().contains("700");
        let mended = std::fs::metadata(&cache).unwrap().mode() & 0o077 == 0;
        let ignored = host.process.log().contains("cache")
            && host
                .transform(&scene.name)
                .is_some_and(|t| t["state"] == "running");
        (refused || mended || ignored).then_some(())
    });
}
