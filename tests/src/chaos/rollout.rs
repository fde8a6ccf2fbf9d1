//! Revisions that roll out over hosts while those are killed, stand still, join and leave.
//!
//! Each revision writes its number into a header of every record. What is promised: a partition that a revision has finished
//! work on is never worked on by an older one. Exactly once there is one record for each input, so along a partition their
//! numbers never fall. At least once an input can have several: an older host that stood still may write late what a newer one
//! has written as well. There a partition has gone back if an input has nothing but records of a revision that is older than
//! each one of an earlier input. And the stamps in the group's commits never fall, whatever the delivery.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rand::RngExt as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, TopicPartitionList};
use rustix::process::Signal;

use super::stage::{FROZEN, PARTITIONS, Stage};
use super::{Trial, run_and_check};
use crate::client::scan;
use crate::kafka::Kafka;
use crate::lineage::{HEADER, Lineage};
use crate::record::Record;

/// Each fault is a new revision and something that happens to hosts at the same time; what, follows from the seed.
pub fn rollout(kafka: &Kafka, trial: &Trial) {
    let mut tag = 0;
    let mut stamps = None;
    run_and_check(
        trial,
        kafka,
        kafka.brokers(),
        &mut |stage| {
            let group = stage.options.group(&stage.name);
            stamps.get_or_insert_with(|| Stamps::watch(kafka.brokers(), &group, &stage.source));
            roll_out(stage, &mut tag);
            match stage.random.random_range(0..4) {
                0 => stage.kill(),
                1 => {
                    // It goes on with the revision that it had, while others have two newer ones.
                    let at = stage.any();
                    stage.hosts[at].process.signal(Signal::STOP);
                    let other = (at + 1) % stage.hosts.len();
                    if other != at {
                        tag += 1;
                        let manifest = stage.manifest(&format!(", tag = \"{tag}\""));
                        stage.hosts[other].deploy_manifest(&manifest, &[]);
                    }
                    std::thread::sleep(FROZEN);
                    stage.hosts[at].process.signal(Signal::CONT);
                }
                2 => stage.come_and_go(),
                _ => {
                    // In the middle of the change, which takes hosts some moments.
                    stage.kill();
                    roll_out(stage, &mut tag);
                    stage.kill();
                }
            }
        },
        &check,
    );
    if let Some(stamps) = stamps {
        stamps.judge();
    }
}

fn roll_out(stage: &mut Stage<'_>, tag: &mut u64) {
    *tag += 1;
    let at = stage.any();
    let manifest = stage.manifest(&format!(", tag = \"{tag}\""));
    stage.hosts[at].deploy_manifest(&manifest, &[]);
}

/// The revisions that an input's records came from.
#[derive(Debug, Clone, Copy)]
struct Tags {
    oldest: u64,
    newest: u64,
}

fn check(stage: &Stage<'_>, lineage: &Lineage) {
    let mut tags: BTreeMap<u64, Tags> = BTreeMap::new();
    for output in &stage.outputs {
        scan(stage.kafka.brokers(), output, |message| {
            let record = Record::of(message);
            let number = |header| {
                record
                    .header_text(header)
                    .and_then(|text| text.parse().ok())
            };
            let input: u64 = number(HEADER).expect("the input's number");
            // The first revision has none.
            let tag: u64 = number("tag").unwrap_or(0);
            let of = tags.entry(input).or_insert(Tags {
                oldest: tag,
                newest: tag,
            });
            of.oldest = of.oldest.min(tag);
            of.newest = of.newest.max(tag);
        });
    }
    let seen = tags.values().map(|tags| tags.newest).max().unwrap_or(0);
    assert!(seen > 0, "no newer revision has written anything");
    let back = goes_back(lineage, &tags);
    assert!(
        back.is_empty(),
        "partitions went back to an older revision: {:?}",
        &back[..back.len().min(10)]
    );
}

/// Source partition, input, the newest of its revisions, and the older one that an earlier input of the partition had at least.
fn goes_back(lineage: &Lineage, tags: &BTreeMap<u64, Tags>) -> Vec<(i32, u64, u64, u64)> {
    let mut reached: BTreeMap<i32, u64> = BTreeMap::new();
    let mut back = Vec::new();
    for (input, tags) in tags {
        let partition = lineage
            .partition_of(*input)
            .expect("an input that was sent");
        let reached = reached.entry(partition).or_default();
        if tags.newest < *reached {
            back.push((partition, *input, tags.newest, *reached));
        }
        *reached = tags.oldest.max(*reached);
    }
    back
}

/// Follows the stamps in a group's commits.
struct Stamps {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Stamps {
    fn watch(brokers: &str, group: &str, topic: &str) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", group)
            .create()
            .expect("a consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition(topic, partition);
        }
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut highest = [0; PARTITIONS as usize];
            let mut fallen = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let found = consumer.committed_offsets(list.clone(), Duration::from_secs(10));
                for element in found.iter().flat_map(|found| found.elements()) {
                    let highest = &mut highest[element.partition() as usize];
                    let Some(revision) = revision_of(element.metadata()) else {
                        continue;
                    };
                    if revision < *highest {
                        let partition = element.partition();
                        fallen.push(format!(
                            "partition {partition}: r{revision} after r{highest}"
                        ));
                    }
                    *highest = revision.max(*highest);
                }
                // How often it looks, not a wait for anything.
                std::thread::sleep(Duration::from_millis(100));
            }
            fallen
        });
        Self { over, thread }
    }

    fn judge(self) {
        self.over.store(true, Ordering::Relaxed);
        let fallen = self.thread.join().expect("the stamps' thread");
        assert!(fallen.is_empty(), "stamps of commits fell: {fallen:?}");
    }
}

/// Of metadata such as `r12.0 …`.
fn revision_of(metadata: &str) -> Option<u64> {
    metadata.strip_prefix('r')?.split_once('.')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Lineage {
        let mut lineage = Lineage::default();
        for n in 0..20 {
            lineage.number(n % 2, 0);
        }
        lineage
    }

    fn tags(of: impl Fn(u64) -> (u64, u64)) -> BTreeMap<u64, Tags> {
        let tags = |n| {
            let (oldest, newest) = of(n);
            Tags { oldest, newest }
        };
        (0..20).map(|n| (n, tags(n))).collect()
    }

    #[test]
    fn partitions_take_new_revisions_over_at_their_own_time() {
        let fine = tags(|n| match n % 2 {
            0 => (n / 4, n / 4),
            _ => (n / 10, n / 10),
        });
        assert!(goes_back(&sent(), &fine).is_empty());
    }

    #[test]
    fn a_partition_that_goes_back_is_noticed() {
        let back = tags(|n| if n == 14 { (1, 1) } else { (n / 5, n / 5) });
        assert_eq!(goes_back(&sent(), &back), [(0, 14, 1, 2)]);
    }

    #[test]
    fn what_a_newer_revision_has_written_as_well_is_no_step_back() {
        let late = tags(|n| if n == 14 { (1, 2) } else { (n / 5, n / 5) });
        assert!(goes_back(&sent(), &late).is_empty());
        // Neither is what an older one has repeated from before on.
        let repeated = tags(|n| if n > 10 { (0, 0) } else { (0, 2) });
        assert!(goes_back(&sent(), &repeated).is_empty());
    }

    #[test]
    fn a_commit_says_its_revision() {
        assert_eq!(revision_of("r12.0 abc"), Some(12));
        assert_eq!(revision_of("r3.1"), Some(3));
        assert_eq!(revision_of(""), None);
    }
}
