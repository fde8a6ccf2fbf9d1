//! A host's memory stays within what `docs/memory.md` adds up to, however slow a broker is to acknowledge.

use std::time::{Duration, Instant};

use millstream_tests::{
    Host, HostOptions, Kafka, KafkaOptions, Producer, fresh, guest, swipes, wait_until,
};

const MIB: u64 = 1 << 20;
/// Each fetched ahead by itself, and in turns.
const FEW: i32 = 16;
const MANY: i32 = 256;
/// Several times as many bytes as may be in flight.
const RECORDS: usize = 400_000;

/// `--in-flight`
const IN_FLIGHT: u64 = 32 * MIB;
/// The program, its threads, and its clients for control topics.
const BASE: u64 = 96 * MIB;
/// What one transform fetches ahead, its clients, its module and an instance of it for each lane.
const TRANSFORM: u64 = 48 * MIB;
/// Linear memory of an instance for each of two lanes.
const GUESTS: u64 = 4 * MIB;
/// The batch that is let in whatever is in flight.
const BATCH: u64 = 4 * MIB;
/// In flight: input, and what is kept of it to be written.
const SUM: u64 = BASE + GUESTS + TRANSFORM + BATCH + 2 * IN_FLIGHT;
/// The sum, and what allocators cannot use of what was freed.
const LIMIT: u64 = SUM + SUM / 8;

fn stays_within_its_bounds(partitions: i32, delivery: &str, settings: &str) {
    let kafka = Kafka::start(&KafkaOptions {
        proxied: true,
        ..KafkaOptions::default()
    });
    let (source, out, name) = (
        kafka.topic("in", partitions),
        kafka.topic("out", partitions),
        fresh("slow"),
    );
    kafka.create_topic(&format!("{name}.rejected"), 1, &[]);
    let producer = Producer::new(kafka.brokers());
    for (n, mut record) in swipes::events(7, RECORDS).enumerate() {
        record.partition = Some(n as i32 % partitions);
        producer.send(&source, &record);
    }
    producer.flush();
    let mut options = HostOptions::on(&kafka)
        .argument("--in-flight")
        .argument(format!("{IN_FLIGHT} B"));
    options.brokers = kafka.network().brokers();
    let host = Host::start(&options);
    // 64 KiB in a twentieth of a second: what is read at full rate has to wait.
    kafka.network().slow_writes(Duration::from_millis(50));
    host.deploy_manifest(
        &format!(
            "name = \"{name}\"\nsource = {{ topics = [\"{source}\"] }}\ndelivery = \"{delivery}\"\nmodule = \"{}\"\n\
             settings = {{ {settings} }}\n[outputs]\nout = \"{out}\"\n",
            guest("probe").display()
        ),
        &["--no-wait"],
    );
    let within = |what: &str| {
        let peak = host.process.peak_memory();
        assert!(
            peak < LIMIT,
            "{partitions} partitions, {delivery}, {settings}: {} MiB of at most {} {what}",
            peak / MIB,
            LIMIT / MIB
        );
    };
    // A transaction ends before all of it is used up.
    let full = if delivery == "at-least-once" {
        0.9
    } else {
        0.0
    };
    wait_until(
        "all that may be in flight is",
        Duration::from_secs(60),
        || {
            within("while it fills up");
            let used = host.metric("millstream_in_flight_bytes", &[])?;
            (used > IN_FLIGHT as f64 * full).then_some(())
        },
    );
    let began = host.transform(&name).expect("it is there")["records_out"]
        .as_u64()
        .unwrap_or(0);
    let (since, more) = (Instant::now(), 20_000);
    wait_until(
        "some more records are through, slowly",
        Duration::from_secs(120),
        || {
            within("while the broker is slow");
            let out = host.transform(&name)?["records_out"].as_u64()?;
            (out >= began + more && since.elapsed() > Duration::from_secs(5)).then_some(())
        },
    );
    kafka.network().mend();
    wait_until("all are through", Duration::from_secs(120), || {
        within("as the broker is quick again");
        (host.transform(&name)?["records_out"] == RECORDS).then_some(())
    });
    println!(
        "{partitions} partitions, {delivery}, {settings}: {} MiB of at most {}",
        host.process.peak_memory() / MIB,
        LIMIT / MIB
    );
}

#[test]
fn memory_stays_within_its_arithmetic_while_a_broker_is_slow_to_acknowledge() {
    for delivery in ["at-least-once", "exactly-once"] {
        // Records as they came, and with a header more.
        for settings in ["", "tag = \"t\""] {
            stays_within_its_bounds(FEW, delivery, settings);
        }
    }
}

#[test]
fn memory_stays_within_its_arithmetic_with_many_partitions_too() {
    stays_within_its_bounds(MANY, "at-least-once", "");
}
