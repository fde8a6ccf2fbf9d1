//! Large backlogs in little memory.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use millstream_tests::{Host, HostOptions, Kafka, Producer, Record, Scene, wait_until};

const RECORDS: i32 = 4_000_000;
const PARTITIONS: i32 = 64;
/// Of 100,000 bytes each.
const LARGE: i32 = 4_000;
const MEMORY: u64 = 300 << 20;

#[test]
fn memory_stays_below_300_mib_with_a_backlog_of_four_million_records_in_64_partitions() {
    let kafka = Kafka::shared();
    let scene = Scene::new(PARTITIONS);
    let producer = Producer::new(kafka.brokers());
    let mut record = Record::new("", "");
    for n in 0..RECORDS {
        record.partition = Some(n % PARTITIONS);
        record.key = Some(n.to_be_bytes().to_vec());
        record.value = Some(format!("{{\"type\":\"open\",\"seq\":{n:010},\"screen\":\"cards\",\"client\":\"ios 12.4.1\"}}").into_bytes());
        producer.send(&scene.source, &record);
    }
    producer.flush();
    let options = HostOptions::fresh();
    let host = Host::start(&options);
    scene.deploy_with(&host, &[], &["--no-wait"]);
    let mut peak = 0;
    wait_until("everything is written", Duration::from_secs(200), || {
        peak = peak.max(host.process.memory());
        assert!(peak < MEMORY, "{} MiB resident", peak >> 20);
        std::thread::sleep(Duration::from_millis(100));
        let transform = host.transform(&scene.name)?;
        assert_ne!(transform["state"], "failed", "{}", transform["reason"]);
        (transform["lag_records"] == 0 && transform["records_in"] == RECORDS).then_some(())
    });
    peak = peak.max(host.process.peak_memory());
    println!("peak memory: {} MiB", peak >> 20);
    assert!(peak < MEMORY, "{} MiB resident at its peak", peak >> 20);
    assert_eq!(
        kafka.end_offsets(&scene.out).iter().sum::<i64>(),
        i64::from(RECORDS)
    );
}

#[test]
fn bulk_of_large_values_stays_below_300_mib_too() {
    bulk_of_large_values_stays_below_300_mib_in(16);
}

#[test]
fn bulk_of_large_values_in_many_partitions_stays_below_300_mib_as_well() {
    bulk_of_large_values_stays_below_300_mib_in(300);
}

fn bulk_of_large_values_stays_below_300_mib_in(partitions: i32) {
    let kafka = Kafka::shared();
    let scene = Scene::new(partitions);
    let producer = Producer::new(kafka.brokers());
    // What is fetched is bounded by bytes, not by records. The bytes are random: what compresses a hundredfold comes out of
    // librdkafka's fetch a hundred times as large, whatever the limits on a fetch.
    let mut random = SmallRng::seed_from_u64(1);
    for n in 0..LARGE {
        let mut value = vec![0; 100_000];
        random.fill(&mut value[..]);
        producer.send(
            &scene.source,
            &Record::new(n.to_string(), value).partition(n % partitions),
        );
    }
    producer.flush();
    let host = Host::fresh();
    scene.deploy_with(&host, &[], &["--no-wait"]);
    wait_until("everything is written", Duration::from_secs(150), || {
        let transform = host.transform(&scene.name)?;
        assert_ne!(transform["state"], "failed", "{}", transform["reason"]);
        (transform["lag_records"] == 0 && transform["records_in"] == LARGE).then_some(())
    });
    let peak = host.process.peak_memory();
    println!("peak memory: {} MiB", peak >> 20);
    assert!(peak < MEMORY, "{} MiB resident at its peak", peak >> 20);
    assert_eq!(
        kafka.end_offsets(&scene.out).iter().sum::<i64>(),
        i64::from(LARGE)
    );
}
