//! Names and ports that no other test uses.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Linux gives out ports from 32768 on (`net.ipv4.ip_local_port_range`).
const BELOW_THE_SYSTEMS_OWN: std::ops::Range<u16> = 10_000..32_768;

/// A name that starts with `stem` and was never used before, on any broker: made of letters, digits and `-`.
pub fn fresh(stem: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{:08x}{n:02x}", rand::random::<u32>())
}

/// A port on loopback that is free. Not one that the system would give to whoever asks for any: it may give the same one to
/// somebody else before it is used, as the end of a connection even.
pub fn free_port() -> u16 {
    std::iter::repeat_with(|| rand::random_range(BELOW_THE_SYSTEMS_OWN))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a number without end")
}
