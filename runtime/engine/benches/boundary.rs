//! What crossing into a guest costs: CPU time a record, the whole of `apply`, with values read and not read.
//!
//! `cargo bench -p millstream-engine --bench boundary`; the guest is the one of the tests.

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::Duration;

use millstream_engine::{Batch, Deaf, Engine, Guest, Limits, Row};

const RECORDS: usize = 2_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(run());
}

async fn run() {
    let engine = Engine::new(common::config()).expect("an engine");
    let module = engine.load(common::rust_guest()).await.expect("a module");
    let value = [b'v'; 463];
    println!("{:<36} {:>10} {:>14}", "", "batch", "ns a record");
    for (what, mode) in [
        ("nothing read, all kept", "blind"),
        ("filter on the value's first byte", "first-byte"),
    ] {
        let settings = [("mode".to_owned(), mode.to_owned())];
        let limits = Limits::default();
        let description = module
            .describe(&settings, &limits)
            .await
            .expect("a description");
        for size in [10, 1000] {
            let mut instance = module
                .instantiate(&settings, &limits, &description, Arc::new(Deaf))
                .await
                .expect("an instance");
            let row = Row {
                key: Some(b"0123456789abcdef"),
                value: Some(&value),
                headers: &[],
                timestamp: 0,
                offset: 0,
            };
            let rows = vec![row; size];
            let batch = Batch {
                topic: "swipes",
                partition: 0,
                rows: &rows,
            };
            let mut cpu = Duration::ZERO;
            for call in 0..RECORDS / size {
                let plan = instance.apply(batch).await.expect("a plan");
                assert_eq!(plan.emitted(), size);
                // The first calls grow the guest's memory.
                if call >= 10 {
                    cpu += instance.cpu();
                }
            }
            let records = (RECORDS / size - 10) * size;
            println!(
                "{what:<36} {size:>10} {:>14.1}",
                cpu.as_nanos() as f64 / records as f64
            );
        }
    }
    let started = std::time::Instant::now();
    let settings = [("mode".to_owned(), "blind".to_owned())];
    let limits = Limits::default();
    let description = module
        .describe(&settings, &limits)
        .await
        .expect("a description");
    for _ in 0..1000 {
        module
            .instantiate(&settings, &limits, &description, Arc::new(Deaf))
            .await
            .expect("an instance");
    }
    println!(
        "{:<36} {:>10} {:>11} µs",
        "a new instance",
        "",
        started.elapsed().as_micros() / 1000
    );
}
