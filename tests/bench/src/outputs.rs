//! What a round wrote, as a count and a hash that does not depend on the order of partitions or of batches.

use rdkafka::Message as _;
use sha2::{Digest as _, Sha256};

/// The contents of a set of topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) records: u64,
    /// The wrapping sum of each record's hash over output, partition, key and value: a multiset's.
    sum: u128,
}

impl Contents {
    /// In hexadecimal.
    pub(crate) fn hash(&self) -> String {
        format!("{:032x}", self.sum)
    }

    /// Adds all that a topic holds under the name of an output, which is the same in every round.
    pub(crate) fn add(&mut self, brokers: &str, output: &str, topic: &str) {
        millstream_tests::client::scan(brokers, topic, |message| {
            let mut hash = Sha256::new();
            hash.update(output);
            hash.update(message.partition().to_le_bytes());
            for part in [message.key(), message.payload()] {
                hash.update(part.map_or(-1, |part| part.len() as i64).to_le_bytes());
                hash.update(part.unwrap_or_default());
            }
            let digest = hash.finalize();
            let mut half = [0; 16];
            half.copy_from_slice(&digest[..16]);
            self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
            self.records += 1;
        });
    }
}
