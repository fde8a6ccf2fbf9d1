//! What a table on a disk costs: putting rows in, compaction included, and looking keys up as a batch does once the cache is
//! warm, in CPU time of the process.
//!
//! `scripts/bench.sh disk-tables`; a million rows of about 200 bytes that do not compress, keys of 16 bytes in no order.

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use millstream_store::{Changes, Mark, Memory, Store, StoreError};

const ROWS: usize = 1_000_000;
const ROW_BYTES: usize = 200;
/// A prime that is no divisor of the rows: the order in which keys come.
const STEP: usize = 611_953;
/// Changes that are written together, as a feed has it.
const CHANGES: usize = 10_000;
const BATCH: usize = 1_000;
/// More than all rows.
const CACHE: usize = 512 << 20;

/// Stops a lookup that fails.
struct Stopped;

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Stopped {
        panic!("{error}")
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (store, _) = Store::open(folder.path(), &Memory::new(CACHE))?;
    let mut mark = Mark {
        topic_id: "id".to_owned(),
        ..Mark::default()
    };
    let mut changes = Changes::default();
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut value = [0; ROW_BYTES];
    let began = cpu();
    for n in 0..ROWS {
        for chunk in value.chunks_mut(8) {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            chunk.copy_from_slice(&noise.to_le_bytes());
        }
        changes.put(&key(n * STEP % ROWS), &value);
        if changes.len() == CHANGES {
            mark.nexts = BTreeMap::from([(0, n as i64)]);
            store.write(&mut changes, &mark)?;
        }
    }
    store.write(&mut changes, &mark)?;
    store.flush()?;
    report("a row put in", began, ROWS);

    for (what, found) in [
        ("a key, the first time", true),
        ("a key that is there", true),
        ("a key that is not", false),
    ] {
        let keys: Vec<[u8; 16]> = (0..ROWS)
            .map(|n| key(n * STEP % ROWS + if found { 0 } else { ROWS }))
            .collect();
        let mut values: Vec<u8> = Vec::new();
        let began = cpu();
        for batch in keys.chunks(BATCH) {
            let view = store.view();
            values.clear();
            let keys: Vec<Option<&[u8]>> = batch.iter().map(|key| Some(key.as_slice())).collect();
            let looked = view.look_up::<Stopped>(&keys, |row| {
                assert_eq!(row.is_some(), found);
                // As a column for the guest is made.
                values.extend_from_slice(row.unwrap_or_default());
                Ok(())
            });
            assert!(looked.is_ok());
            black_box(&values);
        }
        report(what, began, ROWS);
    }
    println!(
        "{:<24} {:>10.1} bytes of the disk for {} of key and value",
        "a row takes",
        store.bytes() as f64 / ROWS as f64,
        16 + ROW_BYTES
    );
    Ok(())
}

fn key(n: usize) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(format!("{n:016x}").as_bytes());
    key
}

/// Of all threads: RocksDB's as well.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

fn report(what: &str, began: Duration, times: usize) {
    let nanoseconds = (cpu() - began).as_nanos() as f64 / times as f64;
    println!("{what:<24} {nanoseconds:>10.1} ns");
}
