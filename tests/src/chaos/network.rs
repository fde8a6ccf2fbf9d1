//! The way from hosts to a broker, which can be cut, slow and lossy: a TCP proxy.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often a connection is torn down that loses data: once in so many pieces.
const LOSSY_ONE_IN: u64 = 200;
/// Bytes that are carried at a time.
const PIECE: usize = 64 * 1024;

/// A proxy in front of a broker. Ends with the value.
pub struct Network {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cut: AtomicBool,
    lossy: AtomicBool,
    /// Milliseconds that each piece waits.
    delay: AtomicU64,
    /// Milliseconds that a full piece on its way to the broker waits on top; a smaller one as much less.
    uphill: AtomicU64,
    ended: AtomicBool,
    pieces: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Network {
    /// Listens on `port` and leads to `to`, both on loopback.
    pub fn start(port: u16, to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the proxy's port");
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if accepting.cut.load(Ordering::Relaxed) {
                    continue;
                }
                if let Ok(server) = TcpStream::connect(("127.0.0.1", to)) {
                    accepting.join(&stream, &server);
                }
            }
        });
        Self { port, shared }
    }

    /// What clients are told as the broker's address.
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Nothing gets through, and all connections break.
    pub fn cut(&self) {
        self.shared.cut.store(true, Ordering::Relaxed);
        self.shared.break_all();
    }

    /// Every piece of data waits this long.
    pub fn slow(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.shared.delay.store(millis, Ordering::Relaxed);
    }

    /// What is written waits this long for every 64 KiB, as with a broker that is slow to acknowledge; what is read does not.
    pub fn slow_writes(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.shared.uphill.store(millis, Ordering::Relaxed);
    }

    /// Connections break now and then, in the middle of what they carry.
    pub fn lossy(&self) {
        self.shared.lossy.store(true, Ordering::Relaxed);
    }

    /// All is well again.
    pub fn mend(&self) {
        self.shared.cut.store(false, Ordering::Relaxed);
        self.shared.lossy.store(false, Ordering::Relaxed);
        self.shared.delay.store(0, Ordering::Relaxed);
        self.shared.uphill.store(0, Ordering::Relaxed);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        self.shared.break_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn join(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) {
        let mut open = self.open.lock().unwrap();
        for (from, to, uphill) in [(client, server, true), (server, client, false)] {
            let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
                return;
            };
            open.extend(from.try_clone());
            let shared = Arc::clone(self);
            thread::spawn(move || {
                shared.carry(&mut from, &mut to, uphill);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    }

    fn carry(&self, from: &mut TcpStream, to: &mut TcpStream, uphill: bool) {
        let mut buffer = vec![0; PIECE];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let mut delay = self.delay.load(Ordering::Relaxed);
            if uphill {
                // By its size: requests for records are small, and are not to wait.
                delay += self.uphill.load(Ordering::Relaxed) * count as u64 / PIECE as u64;
            }
            if delay > 0 {
                thread::sleep(Duration::from_millis(delay));
            }
            let piece = self.pieces.fetch_add(1, Ordering::Relaxed);
            let mut carried = &buffer[..count];
            let breaks = self.lossy.load(Ordering::Relaxed) && piece.is_multiple_of(LOSSY_ONE_IN);
            if breaks {
                carried = &carried[..count / 2];
            }
            if to.write_all(carried).is_err() || breaks || self.cut.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn break_all(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
