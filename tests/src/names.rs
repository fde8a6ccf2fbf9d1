//! Names and ports that no other test uses.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A name that starts with `stem` and was never used before, on any broker: made of letters, digits and `-`.
pub fn fresh(stem: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{:08x}{n:02x}", rand::random::<u32>())
}

/// A port on loopback that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
