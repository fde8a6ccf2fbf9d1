//! One host that lives through all that befalls others, and whose memory has to stay what it was.
//!
//! It is behind the network that scenarios break, and works for both deliveries: one transform routes, exactly once; the guest of the
//! other panics on some records, at least once. So connections, transactions, instances, bisected batches and letters come and go
//! all the time; what any of them left behind would add up.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::stage::{LIMIT, Stage};
use super::{Trial, send};
use crate::guests::guest;
use crate::hostile::Memory;
use crate::kafka::Kafka;
use crate::wait::wait_until;

/// Records a second, for each of the two transforms.
const LOAD: u64 = 2_000;
/// The value of one in a thousand holds it.
const NEEDLE: &str = "500 ";
/// With less there is no telling growth from what a host takes to get going.
const LEAST: Duration = Duration::from_secs(300);
/// What an allocator may keep more of in one quarter than in another.
const SLACK: u64 = 8 << 20;

/// How the memory went: the least resident in each quarter of the time. The least, because a broken network fills buffers for
/// a while, which is no growth; what is lost is lost at every moment.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub took: Duration,
    pub quarters: [u64; 4],
}

impl Verdict {
    /// Whether the last quarter needs no more than the second. The first is when pools fill.
    pub fn is_flat(&self) -> bool {
        let [_, second, _, last] = self.quarters;
        self.took < LEAST || last <= second + second / 10 + SLACK
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, last] = self.quarters.map(|bytes| bytes >> 20);
        write!(
            f,
            "the least memory in each quarter of {:.0} minutes: {first}, {second}, {third}, {last} MiB",
            self.took.as_secs_f64() / 60.0
        )?;
        if self.took < LEAST {
            f.write_str(" (too short to judge)")?;
        }
        Ok(())
    }
}

/// Does this work while such a host lives; then panics unless the host kept what it promised for every record, and says how its memory
/// went.
#[track_caller]
pub fn beside(kafka: &Kafka, seed: u64, work: impl FnOnce()) -> Verdict {
    let trial = Trial {
        seed,
        hosts: 1,
        ..Trial::new(true)
    };
    let stage = Stage::start(&trial, kafka, &kafka.network().brokers());
    let panicking = panicking(&stage);
    let (began, memory) = (Instant::now(), Memory::watch(stage.hosts[0].process.id()));
    let stop = AtomicBool::new(false);
    let lineage = std::thread::scope(|scope| {
        let load = scope.spawn(|| send(kafka, &stage.source, LOAD, &stop));
        let worked = catch_unwind(AssertUnwindSafe(work));
        // The load must end even if this panicked, or the scope would wait for it for ever.
        stop.store(true, Ordering::Relaxed);
        let lineage = load.join().unwrap();
        worked.unwrap_or_else(|panic| resume_unwind(panic));
        lineage
    });
    let took = began.elapsed();
    let report = stage.finish(&lineage);
    assert!(report.is_exactly_once(), "{report}");
    stage.all_are_well();
    wait_until(
        "the transform that panics has got over every record",
        LIMIT,
        || (stage.committed_by(&panicking) >= lineage.len()).then_some(()),
    );
    let quarter = |n: u32| memory.least(began + took * n / 4, began + took * (n + 1) / 4);
    Verdict {
        took,
        quarters: [quarter(0), quarter(1), quarter(2), quarter(3)],
    }
}

/// Deploys the second transform, and says what it is called.
fn panicking(stage: &Stage<'_>) -> String {
    let name = format!("{}-panics", stage.name);
    let out = stage.kafka.topic("out", 2);
    stage
        .kafka
        .create_topic(&format!("{name}.rejected"), 1, &[]);
    let manifest = format!(
        "name = \"{name}\"\nsource = {{ topics = [\"{}\"] }}\nmodule = \"{}\"\n\
         settings = {{ mode = \"trap-on-needle\", needle = \"{NEEDLE}\" }}\n[outputs]\nout = \"{out}\"\n",
        stage.source,
        guest("probe").display(),
    );
    stage.hosts[0].deploy_manifest(&manifest, &[]);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(minutes: u64, quarters: [u64; 4]) -> Verdict {
        Verdict {
            took: Duration::from_secs(minutes * 60),
            quarters: quarters.map(|mebibytes| mebibytes << 20),
        }
    }

    #[test]
    fn memory_that_goes_on_growing_is_not_flat() {
        assert!(verdict(20, [60, 100, 104, 108]).is_flat());
        assert!(verdict(20, [60, 100, 90, 80]).is_flat());
        assert!(!verdict(20, [60, 100, 120, 140]).is_flat());
        assert!(verdict(1, [60, 100, 120, 140]).is_flat());
    }
}
