//! A wall clock that jumps, for the processes that are started with it: a small library that is loaded before theirs. Compiled
//! here, by the C compiler that building librdkafka needs anyway.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::{Trial, run};
use crate::kafka::Kafka;
use crate::reaper::TempDir;

/// Past what brokers allow a record to be ahead of them, which is an hour.
pub const AHEAD: i64 = 2 * 3600;
pub const A_DAY: i64 = 24 * 3600;

/// See the module. Ends with the value; processes should end before.
pub struct Clock {
    folder: TempDir,
    library: PathBuf,
    offset: File,
}

impl Clock {
    /// One that goes right.
    pub fn start() -> Self {
        let folder = TempDir::new();
        let source = folder.file("jump.c", include_str!("clock/jump.c"));
        let library = folder.path().join("jump.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .args([&library, &source])
            .output()
            .expect("run cc");
        assert!(
            compiled.status.success(),
            "cc: {}",
            String::from_utf8_lossy(&compiled.stderr)
        );
        let path = folder.file("offset", 0_i64.to_ne_bytes());
        let offset = File::options().write(true).open(path).expect("the offset");
        Self {
            folder,
            library,
            offset,
        }
    }

    /// What a process is started with to go by it.
    pub fn environment(&self) -> Vec<(String, String)> {
        let offset = self.folder.path().join("offset");
        let text = |path: &std::path::Path| path.to_str().expect("a path in UTF-8").to_owned();
        vec![
            ("LD_PRELOAD".to_owned(), text(&self.library)),
            ("CLOCK_OFFSET_FILE".to_owned(), text(&offset)),
        ]
    }

    /// From now on it is so many seconds ahead of the machine's, or behind.
    pub fn set(&self, ahead: i64) {
        let nanoseconds = ahead * 1_000_000_000;
        self.offset
            .write_all_at(&nanoseconds.to_ne_bytes(), 0)
            .expect("write the offset");
    }
}

/// The hosts' clock is ahead, then a day behind, then right again. What they say of themselves stays within reason.
pub fn jumps(kafka: &Kafka, trial: &Trial) {
    let clock = Clock::start();
    let trial = Trial {
        environment: clock.environment(),
        ..trial.clone()
    };
    let mut turn = 0;
    run(&trial, kafka, kafka.brokers(), &mut |stage| {
        let ahead = [AHEAD, AHEAD - A_DAY, 0][turn % 3];
        clock.set(ahead);
        turn += 1;
        stage.progress();
        // Whether a host is there is told by when it was heard, whatever the clock says.
        stage.all_are_well();
        // A new revision is written, told and taken over.
        stage.redeploy();
    });
}
