//! What a guest can do to its host once it runs.

use std::hash::{BuildHasher as _, RandomState};
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::exports::millstream::transform::guest::{Batch, Failure, Output};
use crate::millstream::transform::log;
use crate::millstream::transform::records::{
    Column, ColumnPatch, Headers, HeadersPatch, PartitionsPatch, Rejections, TimestampsPatch,
};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn apply(deed: &str, batch: &Batch) -> Result<Output, Failure> {
    match deed {
        "traps" => panic!("on every batch"),
        "loops" => forever(),
        "recurses" => {
            black_box(recurse(0));
        }
        "grows" => grow(),
        "fills-memory" => fill(),
        // A host that let guests sleep would have a thread less.
        "sleeps" => std::thread::sleep(HOUR),
        "waits" => {
            let begun = Instant::now();
            while begun.elapsed() < HOUR {
                std::thread::yield_now();
            }
        }
        "logs" => log_a_gigabyte(),
        "prints" => print_a_gigabyte(),
        "answers-nonsense" => return Ok(nonsense()),
        "refuses-at-length" => return Err(Failure::Permanent("no ".repeat(10_000_000))),
        // The first row, again and again.
        "multiplies" => return Ok(repeated(30_000_000)),
        "multiplies-a-little" => return Ok(repeated(100_000)),
        "escapes" => return Ok(every_value(batch, &escape())),
        _ => {}
    }
    Ok(everything())
}

pub(crate) fn forever() -> ! {
    let mut x = 0_u64;
    loop {
        x = black_box(x.wrapping_add(1));
    }
}

pub(crate) fn later_than(milliseconds: Option<&str>) -> bool {
    let from = milliseconds.map_or(u64::MAX, |from| from.parse().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() >= u128::from(from)
}

pub(crate) fn grow() -> ! {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// One instruction at a time that writes all of the memory there is.
fn fill() -> ! {
    const ALL: usize = 240 << 20;
    let mut all = vec![1_u8; ALL];
    loop {
        black_box(&mut all).fill(black_box(2));
    }
}

#[expect(unconditional_recursion)]
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let here = black_box([depth; 8]);
    recurse(here[0] + 1).wrapping_add(here[7])
}

fn log_a_gigabyte() {
    let line = "x".repeat(1 << 20);
    for _ in 0..1024 {
        log::write(log::Level::Error, &line);
    }
}

/// To standard output and error, half each, without a line's end.
fn print_a_gigabyte() {
    use std::io::Write as _;
    let part = vec![b'x'; 64 << 10];
    for _ in 0..8 << 10 {
        std::io::stdout().write_all(&part).unwrap();
        std::io::stderr().write_all(&part).unwrap();
    }
}

fn everything() -> Output {
    Output {
        rows: None,
        outputs: None,
        keys: None,
        values: None,
        headers: None,
        added_headers: None,
        timestamps: None,
        partitions: None,
        rejected: None,
    }
}

fn repeated(times: usize) -> Output {
    Output {
        rows: Some(vec![0; times * 4]),
        ..everything()
    }
}

fn every_value(batch: &Batch, value: &str) -> Output {
    let count = batch.count as usize;
    let ends = (1..=count).map(|i| u32::try_from(i * value.len()).unwrap().to_le_bytes());
    Output {
        values: Some(ColumnPatch {
            at: None,
            to: Column {
                data: value.repeat(count).into_bytes(),
                ends: ends.flatten().collect(),
                nulls: Vec::new(),
            },
        }),
        ..everything()
    }
}

/// Every list that an answer can have, of random lengths and bytes.
fn nonsense() -> Output {
    let column = || Column {
        data: noise(),
        ends: noise(),
        nulls: noise(),
    };
    let columns = || ColumnPatch {
        at: Some(noise()),
        to: column(),
    };
    let headers = || HeadersPatch {
        at: Some(noise()),
        to: Headers {
            ends: noise(),
            names: column(),
            values: column(),
        },
    };
    Output {
        rows: Some(noise()),
        outputs: Some(noise()),
        keys: Some(columns()),
        values: Some(columns()),
        headers: Some(headers()),
        added_headers: Some(headers()),
        timestamps: Some(TimestampsPatch {
            at: Some(noise()),
            to: noise(),
        }),
        partitions: Some(PartitionsPatch {
            at: Some(noise()),
            to: noise(),
        }),
        rejected: Some(Rejections {
            rows: noise(),
            codes: column(),
            reasons: column(),
        }),
    }
}

/// At least one byte, so that the answer cannot happen to be right.
fn noise() -> Vec<u8> {
    let random = RandomState::new();
    let length = 1 + random.hash_one(0) % 10_000;
    (1..=length).map(|i| random.hash_one(i) as u8).collect()
}

fn escape() -> String {
    let files = std::fs::read("/etc/passwd").is_ok()
        || std::fs::write("escaped", "x").is_ok()
        || std::fs::read_dir("/").is_ok();
    let sockets = std::net::TcpStream::connect("127.0.0.1:80").is_ok()
        || std::net::UdpSocket::bind("127.0.0.1:0").is_ok()
        || std::net::TcpListener::bind("127.0.0.1:0").is_ok();
    let variables = std::env::vars().count();
    format!("files: {files}, sockets: {sockets}, variables: {variables}")
}
