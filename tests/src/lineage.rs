//! Follows every input record to what came of it, knowing nothing of Millstream: inputs are numbered in a header, which a
//! transform has to forward, and an output says which input it came from.
//!
//! Four things can be wrong, and each is told apart: inputs of which nothing came (lost), of which more came than should have
//! (doubled), records that overtook others of their partition (reordered), and records in a topic where they do not belong
//! (misrouted).

use std::collections::HashMap;
use std::fmt;

use crate::client::{Producer, scan};
use crate::record::Record;

/// The header that carries an input's number.
pub const HEADER: &str = "lineage";

/// What was sent, and where it has to arrive.
#[derive(Debug, Default)]
pub struct Lineage {
    sent: Vec<Sent>,
    /// Inputs below a number, of an output, that may be missing.
    excused: Vec<(usize, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    /// Of the source.
    partition: i32,
    /// An index into the outputs that [`Lineage::check`] is given.
    output: usize,
}

/// One record that came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Which input it came from, by its number.
    pub input: u64,
    pub output: usize,
    /// Of the output.
    pub partition: i32,
}

/// What is wrong. Lists hold a few examples; counts are of all.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    pub arrived: u64,
    pub lost: Wrong,
    pub doubled: Wrong,
    pub reordered: Wrong,
    pub misrouted: Wrong,
}

/// How often something went wrong, and for which inputs, first.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub count: u64,
    pub examples: Vec<u64>,
}

impl Wrong {
    fn add(&mut self, input: u64) {
        self.count += 1;
        if self.examples.len() < 10 {
            self.examples.push(input);
        }
    }
}

impl Lineage {
    /// How many were sent.
    pub fn len(&self) -> u64 {
        self.sent.len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Numbers an input of this source partition, which has to arrive at this output.
    pub fn number(&mut self, partition: i32, output: usize) -> u64 {
        self.sent.push(Sent { partition, output });
        self.len() - 1
    }

    /// Inputs below this number may be missing at this output: somebody has destroyed what came of them.
    pub fn excuse(&mut self, output: usize, below: u64) {
        self.excused.push((output, below));
    }

    /// The source partition of an input.
    pub fn partition_of(&self, input: u64) -> Option<i32> {
        Some(self.sent.get(input as usize)?.partition)
    }

    /// Sends a record to a partition of the source, numbered.
    pub fn send(
        &mut self,
        producer: &Producer,
        topic: &str,
        partition: i32,
        output: usize,
        record: Record,
    ) {
        let number = self.number(partition, output);
        let record = record
            .partition(partition)
            .header(HEADER, number.to_string().as_bytes());
        producer.send(topic, &record);
    }

    /// Reads these topics, which are the outputs by their index, and says what is wrong.
    pub fn check(&self, brokers: &str, topics: &[&str]) -> Report {
        let mut arrived = Vec::new();
        for (output, topic) in topics.iter().enumerate() {
            scan(brokers, topic, |message| {
                let record = Record::of(message);
                let number = record
                    .header_text(HEADER)
                    .and_then(|text| text.parse().ok());
                let input = number.unwrap_or_else(|| {
                    panic!("a record of {topic} lost the header {HEADER}: {record:?}")
                });
                arrived.push(Arrived {
                    input,
                    output,
                    partition: record.partition.unwrap_or(-1),
                });
            });
        }
        self.judge(&arrived)
    }

    /// The same of records that were read already, in the order of each output partition.
    pub fn judge(&self, arrived: &[Arrived]) -> Report {
        let mut report = Report {
            arrived: arrived.len() as u64,
            ..Report::default()
        };
        let mut times = vec![0_u32; self.sent.len()];
        // The furthest input of each way from a source partition to an output partition.
        let mut furthest: HashMap<(i32, usize, i32), u64> = HashMap::new();
        for one in arrived {
            let Some(sent) = self.sent.get(one.input as usize) else {
                report.misrouted.add(one.input);
                continue;
            };
            if sent.output != one.output {
                report.misrouted.add(one.input);
                continue;
            }
            let times = &mut times[one.input as usize];
            *times += 1;
            if *times > 1 {
                report.doubled.add(one.input);
                continue;
            }
            let way = (sent.partition, one.output, one.partition);
            let furthest = furthest.entry(way).or_insert(one.input);
            if one.input < *furthest {
                report.reordered.add(one.input);
            }
            *furthest = one.input.max(*furthest);
        }
        for (input, times) in times.iter().enumerate() {
            let excused = |(output, below): &(usize, u64)| {
                self.sent[input].output == *output && (input as u64) < *below
            };
            if *times == 0 && !self.excused.iter().any(excused) {
                report.lost.add(input as u64);
            }
        }
        report
    }
}

impl Report {
    /// Every input arrived where it should, in order; some may have come again.
    pub fn is_at_least_once(&self) -> bool {
        [&self.lost, &self.reordered, &self.misrouted]
            .iter()
            .all(|wrong| wrong.count == 0)
    }

    /// The same, and none came again.
    pub fn is_exactly_once(&self) -> bool {
        self.is_at_least_once() && self.doubled.count == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} arrived", self.arrived)?;
        for (name, wrong) in [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("reordered", &self.reordered),
            ("misrouted", &self.misrouted),
        ] {
            if wrong.count > 0 {
                write!(f, ", {} {name} (such as {:?})", wrong.count, wrong.examples)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand inputs of four partitions, of which every third goes to the second output.
    fn sent() -> Lineage {
        let mut lineage = Lineage::default();
        for n in 0..1000 {
            lineage.number(n % 4, usize::from(n % 3 == 0));
        }
        lineage
    }

    /// What a faultless transform makes of them.
    fn faultless() -> Vec<Arrived> {
        let sent = sent();
        let one = |(input, sent): (usize, &Sent)| Arrived {
            input: input as u64,
            output: sent.output,
            partition: input as i32 % 2,
        };
        sent.sent.iter().enumerate().map(one).collect()
    }

    #[test]
    fn a_faultless_run_is_exactly_once() {
        let report = sent().judge(&faultless());
        assert!(report.is_exactly_once(), "{report}");
        assert_eq!(report.arrived, 1000);
    }

    #[test]
    fn what_is_lost_is_noticed() {
        let mut arrived = faultless();
        arrived.remove(500);
        let report = sent().judge(&arrived);
        assert_eq!(
            (report.lost.count, &report.lost.examples[..]),
            (1, &[500][..])
        );
        assert!(!report.is_at_least_once());
    }

    #[test]
    fn what_is_excused_may_be_missing_and_nothing_else() {
        let mut sent = sent();
        sent.excuse(0, 500);
        let arrived: Vec<_> = faultless()
            .into_iter()
            .filter(|one| one.output == 1 || one.input > 500)
            .collect();
        let report = sent.judge(&arrived);
        assert_eq!(report.lost.examples, [500]);
        sent.excuse(0, 501);
        assert!(sent.judge(&arrived).is_exactly_once());
    }

    #[test]
    fn what_is_doubled_is_noticed_and_is_no_step_back() {
        let mut arrived = faultless();
        // A replay from 300 on, after 400 had been written.
        let replay = arrived[300..400].to_vec();
        arrived.splice(400..400, replay);
        let report = sent().judge(&arrived);
        assert_eq!((report.doubled.count, report.reordered.count), (100, 0));
        assert!(report.is_at_least_once() && !report.is_exactly_once());
    }

    #[test]
    fn what_overtakes_is_noticed() {
        let mut arrived = faultless();
        // The next one of the same way, twelve later: partition and output agree.
        arrived.swap(100, 112);
        let report = sent().judge(&arrived);
        assert!(report.reordered.count > 0, "{report}");
        assert_eq!(report.lost.count, 0);
    }

    #[test]
    fn what_is_in_the_wrong_place_is_noticed() {
        let mut arrived = faultless();
        arrived[7].output = 1;
        let report = sent().judge(&arrived);
        assert_eq!((report.misrouted.count, report.lost.count), (1, 1));
        arrived[7].input = 5_000;
        assert_eq!(sent().judge(&arrived).misrouted.count, 1);
    }
}
