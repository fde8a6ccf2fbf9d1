//! What a component costs before its first record.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use millstream_engine::{Deaf, Failure, Module};
use millstream_host::guests::Component;

use crate::authoring::test::engine;
use crate::output::Complaint;

/// Instances that are made to see how long one takes; the median counts.
const STARTS: usize = 21;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upfront {
    /// Bytes of the component.
    pub(super) size: u64,
    /// On all cores, for an engine that has no cache.
    pub(super) compile: Duration,
}

/// Loads a component, and says what that took.
pub(super) async fn load(file: &Path, instances: u32) -> Result<(Module, Upfront), Complaint> {
    let began = Instant::now();
    let module = engine::load(file, instances).await?;
    let compile = began.elapsed();
    let size = std::fs::metadata(file).map_or(0, |file| file.len());
    Ok((module, Upfront { size, compile }))
}

/// How long an instance takes to start and to be configured.
pub(super) async fn start(guests: &Component) -> Result<Duration, Failure> {
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let began = Instant::now();
        let instance = guests.module.instantiate(
            &guests.settings,
            &guests.limits,
            &guests.description,
            Arc::new(Deaf),
        );
        let instance = instance.await?;
        took.push(began.elapsed());
        drop(instance);
    }
    took.sort_unstable();
    Ok(took[STARTS / 2])
}

impl std::fmt::Display for Upfront {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = ByteSize(self.size).display().iec();
        write!(f, "{size}, compiled in {:.2} s", self.compile.as_secs_f64())
    }
}
