//! A fault of the host within a guest's call is that lane's alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use millstream_engine::EngineConfig;
use millstream_host::host::{Host, HostConfig, Upload};
use millstream_kafka::settings::Settings;
use millstream_tests::{Kafka, PATIENCE, Producer, Record, Scene, fresh, guest, wait_until};

/// A host within this process, whose `log.write` panics while `faulty`.
fn host(prefix: &str, faulty: &Arc<AtomicBool>, panics: &Arc<AtomicUsize>) -> Host {
    let (faulty, panics) = (Arc::clone(faulty), Arc::clone(panics));
    let config = HostConfig {
        settings: Settings::new(Kafka::shared().brokers(), &[]).unwrap(),
        embedded: None,
        modules_folder: None,
        prefix: prefix.to_owned(),
        host_id: "faulty".to_owned(),
        engine: EngineConfig {
            max_instances: 8,
            log_probe: Some(Arc::new(move |line| {
                if line == "boom" && faulty.load(Ordering::Relaxed) {
                    panics.fetch_add(1, Ordering::Relaxed);
                    panic!("a fault of the host, on purpose");
                }
            })),
            ..EngineConfig::default()
        },
        // One worker: a lane that took it along would stop everything.
        workers: 1,
        // Less than two batches: a transform that holds some of it must not keep the other out.
        in_flight: 1 << 20,
        table_memory: millstream_host::tables::DEFAULT_ROOM,
        table_disk: None,
        native_guests: None,
    };
    Host::new(config).unwrap()
}

fn upload(scene: &Scene, settings: &str) -> Upload {
    let text = format!(
        "name = \"{}\"\nsource = {{ topics = [\"{}\"] }}\nmodule = \"probe.wasm\"\nsettings = {{ {settings} }}\n\
         [outputs]\nout = \"{}\"\n",
        scene.name, scene.source, scene.out
    );
    Upload {
        file: "millstream.toml".to_owned(),
        text,
        modules: vec![(
            "probe.wasm".to_owned(),
            std::fs::read(guest("probe")).unwrap(),
        )],
        create_topics: false,
        expected_revision: None,
        request_id: None,
        by: None,
    }
}

#[test]
fn a_panic_in_a_host_import_leaves_other_lanes_running_and_loses_nothing() {
    let kafka = Kafka::shared();
    let (faulty, panics) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
    );
    let (struck, bystander) = (Scene::new(1), Scene::new(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let host = runtime.block_on(async {
        let host = host(&fresh("it"), &faulty, &panics);
        host.bring_up().await.unwrap();
        host.deploy(upload(&struck, "log = \"boom\""))
            .await
            .unwrap();
        host.deploy(upload(&bystander, "log = \"hush\""))
            .await
            .unwrap();
        host
    });
    let records: Vec<Record> = (0..100).map(|n| Record::new("k", n.to_string())).collect();
    let producer = Producer::new(kafka.brokers());
    producer.send_all(&struck.source, &records);
    wait_until(
        "the host's import has panicked, and again",
        PATIENCE,
        || (panics.load(Ordering::Relaxed) > 1).then_some(()),
    );
    producer.send_all(&bystander.source, &records);
    bystander.reader().expect(100);
    assert_eq!(
        kafka.end_offsets(&struck.out),
        [0],
        "nothing comes of a call that did not end"
    );
    // The fault is the host's: no record is blamed, and when it is gone the transform goes on where it was.
    faulty.store(false, Ordering::Relaxed);
    struck.reader().expect(100);
    assert_eq!(kafka.end_offsets(&struck.rejected), [0]);
    runtime.block_on(host.drain(Duration::from_secs(10)));
}
