//! What the tests of the engine share: rows, an observer that remembers, and a guest built once.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use millstream_engine::{
    Deaf, Engine, EngineConfig, Failure, Instance, Limits, LogLine, Observer, Row,
};

/// A small engine.
pub fn config() -> EngineConfig {
    EngineConfig {
        max_instances: 8,
        guest_memory: 512 << 20,
        ..EngineConfig::default()
    }
}

pub fn rows(count: usize) -> Vec<Row<'static>> {
    let row = |i| Row {
        key: Some(b"key"),
        value: Some(b"value"),
        headers: &[],
        timestamp: i,
        offset: 10 + i,
    };
    (0..count as i64).map(row).collect()
}

/// The guest of `tests/guests/modes`, built for wasm32-wasip2 by the first test that asks for it.
pub fn rust_guest() -> &'static [u8] {
    static WASM: OnceLock<Vec<u8>> = OnceLock::new();
    WASM.get_or_init(|| {
        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/modes");
        // The folder of the other guests' builds: what they depend on is compiled once.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--release",
                "--locked",
                "--target",
                "wasm32-wasip2",
                "--manifest-path",
            ])
            .arg(guest.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .unwrap();
        assert!(
            status.success(),
            "the guest does not build: is the target wasm32-wasip2 installed?"
        );
        std::fs::read(target.join("wasm32-wasip2/release/modes.wasm")).unwrap()
    })
}

/// An instance of that guest in one of its modes.
pub async fn instance(mode: &str) -> Result<Instance, Failure> {
    instance_within(mode, &Limits::default()).await
}

/// The same under these limits.
pub async fn instance_within(mode: &str, limits: &Limits) -> Result<Instance, Failure> {
    let engine = Engine::new(config()).unwrap();
    let module = engine.load(rust_guest()).await.unwrap();
    let settings = [("mode".to_owned(), mode.to_owned())];
    let description = module.describe(&settings, limits).await?;
    module
        .instantiate(&settings, limits, &description, Arc::new(Deaf))
        .await
}

/// Remembers everything.
#[derive(Default)]
pub struct Recorder {
    lines: Mutex<Vec<LogLine>>,
    counts: Mutex<Vec<(usize, u64)>>,
    suppressed: Mutex<u64>,
}

impl Recorder {
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap().clone()
    }

    pub fn counts(&self) -> Vec<(usize, u64)> {
        self.counts.lock().unwrap().clone()
    }

    pub fn suppressed(&self) -> u64 {
        *self.suppressed.lock().unwrap()
    }
}

impl Observer for Recorder {
    fn log(&self, line: LogLine) {
        self.lines.lock().unwrap().push(line);
    }

    fn count(&self, counter: usize, by: u64) {
        self.counts.lock().unwrap().push((counter, by));
    }

    fn suppressed(&self, lines: u64) {
        *self.suppressed.lock().unwrap() += lines;
    }
}
