//! What a table in memory costs: putting rows in, and looking keys up as a batch does, in CPU time of the thread.
//!
//! `cargo bench --workspace --bench tables`; a million rows of about 200 bytes, keys of 16 bytes in no order.

use std::{convert::Infallible, hint::black_box, sync::Arc, time::Duration};

use millstream_host::tables::index::{Index, Writer};

const ROWS: usize = 1_000_000;
const ROW_BYTES: usize = 200;
/// Primes that are no divisors of the rows: the order in which keys come, and another one in which they are looked up.
const STEP: usize = 611_953;
const OTHER_STEP: usize = 380_117;
/// Changes that become visible together, as a feed has it.
const CHANGES: usize = 10_000;
const BATCH: usize = 1_000;

fn main() {
    let index = Arc::<Index>::default();
    let mut writer = Writer::new(Arc::clone(&index));
    let value = [b'v'; ROW_BYTES];
    let began = cpu();
    for n in 0..ROWS {
        writer.put(&key(n * STEP % ROWS), &value);
        if writer.unseen() == CHANGES {
            assert!(writer.publish());
        }
    }
    writer.publish();
    writer.settle();
    report("a row put in", began, ROWS);

    for (what, found) in [("a key that is there", true), ("a key that is not", false)] {
        let keys: Vec<[u8; 16]> = (0..ROWS)
            .map(|n| key(n * OTHER_STEP % ROWS + if found { 0 } else { ROWS }))
            .collect();
        let mut values: Vec<u8> = Vec::new();
        let began = cpu();
        for batch in keys.chunks(BATCH) {
            let version = index.version();
            values.clear();
            let batch: Vec<Option<&[u8]>> = batch.iter().map(|key| Some(&key[..])).collect();
            let looked = version.look_up(&batch, |value| {
                assert_eq!(value.is_some(), found);
                // As a column for the guest is made.
                values.extend_from_slice(value.unwrap_or_default());
                Ok::<(), Infallible>(())
            });
            assert!(looked.is_ok());
            black_box(&values);
        }
        report(what, began, ROWS);
    }
    let version = index.version();
    println!(
        "{:<24} {:>10.1} bytes of memory for {} of key and value",
        "a row takes",
        version.bytes() as f64 / version.len() as f64,
        16 + ROW_BYTES
    );
}

fn key(n: usize) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(format!("{n:016x}").as_bytes());
    key
}

fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

fn report(what: &str, began: Duration, times: usize) {
    let nanoseconds = (cpu() - began).as_nanos() as f64 / times as f64;
    println!("{what:<24} {nanoseconds:>10.1} ns");
}
