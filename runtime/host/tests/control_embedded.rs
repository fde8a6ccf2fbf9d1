//! The control plane on the embedded broker: what is deployed is in the log, runs, and comes back.

use std::time::Duration;

use millstream_engine::EngineConfig;
use millstream_host::{
    deployments::{
        Changed, Writer,
        kafka::KafkaLog,
        record::{Change, Revision},
    },
    host::{DeleteError, DeployError, Host, HostConfig, Upload},
    modules::{CHUNK_BYTES, ModuleError, Modules},
    supervisor::State,
};
use millstream_kafka::{
    admin::Admin, embedded::EmbeddedBroker, log::LogWriter, settings::Settings,
};

struct Broker {
    settings: Settings,
    broker: EmbeddedBroker,
    admin: Admin,
}

async fn broker() -> Broker {
    let broker = EmbeddedBroker::start(None).await.expect("it starts");
    let settings = Settings::embedded(&broker, &[]).expect("it starts");
    let admin = Admin::embedded(&settings, broker.clone()).expect("it starts");
    Broker {
        settings,
        broker,
        admin,
    }
}

impl Broker {
    async fn host(&self, modules: &std::path::Path) -> Host {
        let config = HostConfig {
            settings: self.settings.clone(),
            embedded: Some(self.broker.clone()),
            modules_folder: Some(modules.to_owned()),
            prefix: "mill".to_owned(),
            host_id: "one".to_owned(),
            engine: EngineConfig {
                max_instances: 4,
                ..EngineConfig::default()
            },
            workers: 1,
            in_flight: 1 << 20,
            table_memory: millstream_host::tables::DEFAULT_ROOM,
            table_disk: None,
            native_guests: None,
        };
        let host = Host::new(config).expect("it starts");
        host.bring_up().await.expect("it starts");
        host
    }
}

fn delete(name: &str, number: u64) -> Revision {
    Revision {
        name: name.to_owned(),
        number,
        at: 0,
        by: None,
        host: "one".to_owned(),
        request_id: format!("{name}-{number}"),
        resets: 0,
        change: Change::Delete,
    }
}

fn upload(manifest: &str, module: &[u8]) -> Upload {
    Upload {
        file: "m.toml".to_owned(),
        text: manifest.to_owned(),
        modules: vec![("m.wasm".to_owned(), module.to_vec())],
        create_topics: true,
        expected_revision: None,
        request_id: None,
        by: Some("me".to_owned()),
    }
}

const MANIFEST: &str = "name = \"copy\"\nsource = { topics = [\"in\"] }\nmodule = \"m.wasm\"\noutputs = { out = \"out\" }\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_back_by_whoever_comes_later() {
    let Broker {
        settings, admin, ..
    } = broker().await;
    admin
        .create_topic("_mill.deployments", 1, &[])
        .await
        .unwrap();
    let writer =
        || Writer::new(KafkaLog::new(&settings, &admin, "mill", "_mill.deployments").unwrap());
    let first = writer();
    for number in 1..=3 {
        let changed = first
            .change::<_, String>(&format!("a-{number}"), |_| Ok(delete("a", number)))
            .await
            .unwrap();
        assert!(matches!(changed, Changed::Written(_)));
    }
    let second = writer();
    assert_eq!(
        second.current().await.unwrap().latest("a").unwrap().number,
        3
    );
    let again = second
        .change::<Revision, String>("a-2", |_| unreachable!("it was carried out"))
        .await
        .unwrap();
    assert!(matches!(again, Changed::Before(revision) if revision.number == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_of_several_chunks_comes_back_whole_and_damage_is_named() {
    let Broker {
        settings, admin, ..
    } = broker().await;
    admin.create_topic("_mill.modules", 1, &[]).await.unwrap();
    let modules = Modules::in_topic(&settings, "_mill.modules").unwrap();
    let bytes: Vec<u8> = (0..CHUNK_BYTES * 2 + 7).map(|i| (i % 251) as u8).collect();
    let stored = modules.store(&bytes, "m.wasm", "u1").await.unwrap();
    assert_eq!(stored.chunks.len(), 3);
    assert_eq!(modules.fetch(&stored).await.unwrap(), bytes);

    let said = |error: ModuleError| {
        let text = error.to_string();
        assert!(
            text.contains(&stored.digest) && text.ends_with("deploy it again"),
            "{text}"
        );
        text
    };
    let mut missing = stored.clone();
    missing.chunks[1] = 999;
    assert!(said(modules.fetch(&missing).await.unwrap_err()).contains("chunk 2 of 3 is missing"));
    let mut short = stored.clone();
    short.chunks.pop();
    assert!(said(modules.fetch(&short).await.unwrap_err()).contains("truncated"));
    let mut mixed = stored.clone();
    mixed.chunks.swap(0, 1);
    assert!(said(modules.fetch(&mixed).await.unwrap_err()).contains("corrupt"));
    let mut none = stored.clone();
    none.chunks.clear();
    assert!(said(modules.fetch(&none).await.unwrap_err()).contains("not in Kafka"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_upload_leaves_nothing_behind() {
    let broker = broker().await;
    let folder = tempfile::tempdir().unwrap();
    let host = broker.host(folder.path()).await;
    let Err(DeployError::Invalid(problems)) = host.deploy(upload(MANIFEST, b"no wasm")).await
    else {
        panic!("it has to be refused");
    };
    assert_eq!(problems[0].item, "m.wasm");
    assert_eq!(broker.admin.partitions("out").await.unwrap(), None);
    assert!(host.list().is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let none = host.delete("copy", false, None, None).await;
    assert!(matches!(none, Err(DeleteError::Unknown(name)) if name == "copy"));
    host.drain(Duration::from_secs(5)).await;
}

/// A deployment whose module is gone, beside garbage: the transform fails with the reason, the host goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_fails_with_its_reason_and_harms_nobody() {
    let broker = broker().await;
    let folder = tempfile::tempdir().unwrap();
    broker
        .admin
        .create_topic("_mill.deployments", 1, &[])
        .await
        .unwrap();
    let log = LogWriter::new(&broker.settings).unwrap();
    let manifest = millstream_host::manifest::Manifest::parse("m.toml", MANIFEST).unwrap();
    let digest = "0".repeat(64);
    let deployment = serde_json::json!({
        "version": 1, "name": "copy", "number": 1, "at": 0, "host": "old", "request_id": "r", "resets": 0,
        "change": { "deploy": {
            "manifest": manifest, "text": MANIFEST,
            "module": { "digest": digest, "size": 3, "file": "m.wasm", "chunks": [] },
            "starts": {}, "described": { "reads": [], "outputs": ["out"], "counters": [] },
        } },
    });
    let records: [(&[u8], Vec<u8>); 3] = [
        (b"garbage", vec![0xff]),
        (b"newer/1", br#"{"version":99}"#.to_vec()),
        (b"copy/1", serde_json::to_vec(&deployment).unwrap()),
    ];
    for (key, value) in records {
        log.append("_mill.deployments", 0, key, Some(&value))
            .await
            .unwrap();
    }
    let host = broker.host(folder.path()).await;
    let failed = async {
        loop {
            let all = host.list();
            if all.len() == 2 && all.iter().all(|transform| transform.state == State::Failed) {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(20), failed)
        .await
        .expect("both fail");
    let reason = |at: usize| all[at].reason.clone().unwrap();
    assert!(
        reason(0).contains(&digest) && reason(0).contains("deploy it again"),
        "{}",
        reason(0)
    );
    assert!(reason(1).contains("upgrade this host"), "{}", reason(1));
    let lines = async {
        while !host
            .logs("copy", 10)
            .unwrap()
            .iter()
            .any(|line| line.message.starts_with("failed: "))
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), lines)
        .await
        .expect("the log says so as well");
    assert!(host.ready().is_ok());

    let another = host.delete("copy", false, Some("r".to_owned()), None).await;
    assert!(
        matches!(&another, Err(DeleteError::Conflict(why)) if why.contains("\"r\"")),
        "a deploy's id does not make a delete of it"
    );
    host.delete("copy", false, None, None).await.unwrap();
    let counted = async {
        while host.metrics().unwrap().contains("transform=\"copy\"") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted)
        .await
        .expect("its series go with it, whether or not anything else is deployed");
    host.drain(Duration::from_secs(5)).await;
}
