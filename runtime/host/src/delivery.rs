//! The seam through which records go out, and offsets with them.
//!
//! A [`Delivery`] owns a transform's outputs *and* its input offsets: it is handed each batch with the plan that a guest
//! made for it, writes what the plan says, and moves the partition's offset when, and only when, all of it is written. The two
//! cannot be said apart: at-least-once commits after acknowledgement, exactly-once in the same transaction.
//!
//! | delivery | what it promises | where |
//! | --- | --- | --- |
//! | at least once | after a failure batches are written again from the last finished one on; none is skipped | `at_least_once` |
//! | exactly once | outputs and offsets in one Kafka transaction: readers of committed records see both or neither | `exactly_once` |
//!
//! The contract of an implementation:
//! - batches of a partition are handed over in offset order by one lane; a batch is written in the order of its plan for each
//!   output partition;
//! - a batch counts against the byte budget until it and everything before it in its partition is finished;
//! - a failure of writing never reaches the lane that hands over: the partition goes back ([`Happening::GoBack`]) to its first
//!   unfinished batch, and what was handed over after it is forgotten;
//! - nothing is committed for a partition before [`Delivery::open`], after [`Delivery::close`] or after [`Delivery::lose`].
//!
//! Nothing above asks which delivery or whose outlet it is. This module knows nothing of Wasm beyond plans.

mod at_least_once;
mod copied;
mod dead_letter;
mod exactly_once;
mod kafka;
mod layout;
mod ledger;
mod lost;
mod outlet;
mod partitions;
mod pool;
mod refused;
mod route;
mod send;
mod stamp;
mod transactions;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_engine::{Failure, Plan};
use millstream_kafka::producer::RefusedRecord;
use tokio::time::Instant;

use crate::budget::Permit;
use crate::failure::{LostOffsets, Policy};
use crate::source::{Rows, TopicPartition};

pub use at_least_once::AtLeastOnce;
pub use copied::Copied;
pub(crate) use dead_letter::Told;
pub use dead_letter::{HEADER_PREFIX, REFUSED, TOO_LARGE};
pub use exactly_once::ExactlyOnce;
pub(crate) use kafka::code_of;
pub use kafka::{KafkaFlight, KafkaOffsets, KafkaOutlet, KafkaTopic, Target};
pub(crate) use layout::Tally;
pub use outlet::{
    Base, Committed, Done, Identity, Key, Offsets, OutHeaders, Outgoing, Outlet, SendError, Value,
};
pub use pool::{ProducerPool, Slot};
pub use route::Route;
pub use stamp::{Mark, NoStamp, Stamp, TopicId};
pub use transactions::{KafkaTransactions, Transactions};

/// Where a revision's records go; what its dead letters and commits say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// The transform's name.
    pub transform: Arc<str>,
    /// Revision and reset number.
    pub stamp: Stamp,
    /// The module's SHA-256, in hexadecimal.
    pub digest: Arc<str>,
    /// Which step of the deployment this is, from 0.
    pub step: u32,
    /// In the order of the module's description.
    pub outputs: Vec<OutputRoute>,
    /// What becomes of rows that cannot be processed.
    pub letters: Letters,
}

/// Where one output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRoute {
    /// The output's name in the module's description.
    pub name: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
}

/// What becomes of rows that cannot be processed, by what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letters {
    /// Where dead letters go.
    pub topic: Arc<str>,
    /// Rows that the guest, or the host on its behalf, rejects.
    pub rejected: Policy,
    /// Rows that make the guest fail.
    pub failed: Policy,
    /// Rows of which a record comes that is too large for its topic.
    pub oversized: Policy,
    /// Rows of which a record comes that its topic does not take for another reason.
    pub refused: Policy,
    /// Whether the value of a dead letter that does not fit into its topic is cut until it does.
    pub cut: bool,
}

impl Letters {
    /// All of them become dead letters of this topic.
    #[must_use]
    pub fn to(topic: impl Into<Arc<str>>) -> Self {
        Self {
            topic: topic.into(),
            rejected: Policy::DeadLetter,
            failed: Policy::DeadLetter,
            oversized: Policy::DeadLetter,
            refused: Policy::DeadLetter,
            cut: false,
        }
    }

    /// Whether any row becomes a dead letter.
    #[must_use]
    pub fn any(&self) -> bool {
        [self.rejected, self.failed, self.oversized, self.refused].contains(&Policy::DeadLetter)
    }
}

/// Where partitions begin whose offset nobody has committed, or whose offset says nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Starts {
    /// The deployment's `start`, resolved once at its first deploy. A partition that is not in it appeared later and begins at
    /// its beginning.
    pub offsets: HashMap<TopicPartition, i64>,
    /// The topics that were deployed for, by their names. In another one of the same name those offsets mean nothing.
    pub topics: HashMap<Arc<str>, TopicId>,
    /// What becomes of offsets that are gone.
    pub lost_offsets: LostOffsets,
}

impl Starts {
    /// Whether a topic that was created anew, and is this one now, is to be read from its beginning: it was deployed for, or
    /// the policy says so.
    fn take(&self, name: &str, now: &TopicId) -> bool {
        self.lost_offsets == LostOffsets::Earliest || self.topics.get(name) == Some(now)
    }
}

impl FromIterator<(TopicPartition, i64)> for Starts {
    fn from_iter<I: IntoIterator<Item = (TopicPartition, i64)>>(offsets: I) -> Self {
        Self {
            offsets: offsets.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// A partition as it was found in the group's commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Ours to work on.
    At {
        /// The next offset to read.
        offset: i64,
        /// Handed over with every batch; see [`Handover::generation`].
        generation: u64,
    },
    /// Nobody has committed an offset. Its start has to be kept before anything is read, or a second host could resolve it
    /// anew; and the group has to have its answer before that, for it tells a member that it has forgotten only then. So it is
    /// begun here and opened once more.
    Uncommitted {
        /// Where it begins, as long as nobody commits anything else.
        offset: i64,
    },
    /// A newer revision has worked on it. Nothing is committed until it is opened again with that revision.
    Newer {
        /// That revision's.
        stamp: Stamp,
        /// The next offset to read.
        offset: i64,
    },
}

impl Opened {
    /// The next offset to read.
    #[must_use]
    pub fn offset(&self) -> i64 {
        match self {
            Self::At { offset, .. } | Self::Uncommitted { offset } | Self::Newer { offset, .. } => {
                *offset
            }
        }
    }
}

/// A batch and what becomes of it.
#[derive(Debug)]
pub struct Handover<R, T> {
    /// Whose rows these are.
    pub partition: TopicPartition,
    /// Which run through the partition this is: the number that [`Opened::At`] or the last [`Happening::GoBack`] named.
    pub generation: u64,
    /// The rows.
    pub rows: R,
    /// What the guest made of them.
    pub plan: Plan,
    /// The revision whose guest that was.
    pub route: Arc<T>,
    /// The batch's share of the byte budget.
    pub permit: Permit,
    /// When the batch was taken from its queue.
    pub taken: Instant,
    /// Calls that these rows were part of.
    pub attempts: u32,
    /// Whether the plan rejects its rows because the guest failed on them.
    pub failed: bool,
}

/// Why a batch was not taken over. Nothing of it was written, unless it is [`Undelivered::Stale`].
#[derive(Debug)]
pub enum Undelivered<R> {
    /// The partition has been closed or has gone back since: the batch is to be forgotten.
    Stale,
    /// The plan breaks a rule that only shows with the topics at hand: the guest's failure.
    Failure {
        /// Which.
        failure: Failure,
        /// The batch's rows.
        rows: R,
        /// Its share of the byte budget.
        permit: Permit,
    },
    /// A row that cannot be processed must not, or cannot, become a dead letter: the transform is to stop.
    Stop {
        /// A stable name of the reason.
        code: &'static str,
        /// What happened and what to do, for people.
        message: String,
        /// The row's offset.
        offset: i64,
    },
}

/// What a delivery tells on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// Writing failed: the partition is to be read again from this offset, after a pause.
    GoBack {
        /// Which one.
        partition: TopicPartition,
        /// From now on handovers carry this.
        generation: u64,
        /// The next offset to read.
        offset: i64,
        /// How long to leave it alone; grows with every failure in a row.
        pause: Duration,
        /// Why, for people.
        reason: String,
    },
    /// What comes next is gone, and by the revision's policy the partition is to be read on from this offset.
    Moved {
        /// Which one.
        partition: TopicPartition,
        /// From now on handovers carry this.
        generation: u64,
        /// The next offset to read.
        offset: i64,
        /// Why, for people.
        reason: String,
    },
    /// What comes next is gone, and by the revision's policy the transform is to stop before it. Another revision may go on.
    Lost {
        /// Which one.
        partition: TopicPartition,
        /// From now on handovers carry this.
        generation: u64,
        /// The next offset to read, were it there.
        offset: i64,
        /// A stable name of the reason.
        code: &'static str,
        /// What happened and what to do, for people.
        reason: String,
    },
    /// Something is in the way, and is waited for.
    Trouble(String),
}

/// The code of a [`DeliveryError`] for a record that a broker found too large.
pub const RECORD_TOO_LARGE: &str = "record-too-large";
/// The code of a record that went with its transaction: nothing was wrong with it.
pub const PURGED: &str = "purged";

/// A broker could not be asked, or refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeliveryError {
    /// A stable name of the kind.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
    /// Records that a broker refused for what they are.
    pub refused: Vec<RefusedRecord>,
}

impl DeliveryError {
    /// Of this kind, in these words.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            refused: Vec::new(),
        }
    }
}

/// A partition that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which one.
    pub partition: TopicPartition,
    /// The offset that was committed: the next owner begins here.
    pub committed: i64,
    /// Batches that were in flight at the deadline; the next owner writes them again.
    pub abandoned: usize,
}

/// Outputs and offsets of one transform on this host.
pub trait Delivery: Send + Sync + 'static {
    /// What batches are made of.
    type Rows: Rows;
    /// A revision's topics, looked up.
    type Route: Send + Sync + 'static;

    /// Looks up a revision's topics. Waits for a broker that is away.
    ///
    /// # Errors
    /// If a topic does not exist or may not be written to.
    fn route(
        &self,
        routes: &Routes,
    ) -> impl Future<Output = Result<Self::Route, DeliveryError>> + Send;

    /// Finds out where assigned partitions stand. Those that nobody has committed for, or only before the last reset of
    /// offsets, begin where `starts` says, which is committed once they are `begun`: until then they are
    /// [`Opened::Uncommitted`]. Commits of other tools, which carry no stamp, count.
    ///
    /// # Errors
    /// If the broker cannot be asked, or refuses a start's commit; then none is open, and it can be tried again.
    fn open(
        &self,
        partitions: &[TopicPartition],
        stamp: Stamp,
        starts: &Starts,
        begun: bool,
    ) -> impl Future<Output = Result<Vec<Opened>, DeliveryError>> + Send;

    /// Takes a batch over. Returns when all of its records are on their way; waits while there is no room for them.
    /// Dropping the future abandons the batch.
    ///
    /// # Errors
    /// See [`Undelivered`].
    fn deliver(
        &self,
        batch: Handover<Self::Rows, Self::Route>,
    ) -> impl Future<Output = Result<(), Undelivered<Self::Rows>>> + Send;

    /// A lane has nothing more to hand over for the moment: what waits for company need not wait long.
    fn idle(&self);

    /// There is nothing to read before this offset: the end of a partition, past markers and compacted records.
    fn skip(&self, partition: &TopicPartition, generation: u64, to: i64);

    /// The next record of this partition, at `offset`, is gone, or not there yet. A happening says how it goes on.
    ///
    /// # Errors
    /// If the broker cannot be asked; then it can be tried again.
    fn lost(
        &self,
        partition: &TopicPartition,
        generation: u64,
        offset: i64,
    ) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// From the next commit on, these partitions carry this stamp, and what is lost is dealt with as `starts` says.
    fn restamp(&self, stamp: Stamp, starts: &Starts);

    /// Waits for the next happening. May be dropped without losing one.
    fn next(&self) -> impl Future<Output = Happening> + Send;

    /// Commits what is finished. Called about once a second.
    ///
    /// # Errors
    /// If it did not work for some partition; the next call tries again.
    fn commit(&self) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// Waits until what is in flight for these partitions is finished, at most until `deadline`; commits; forgets them.
    fn close(
        &self,
        partitions: &[TopicPartition],
        deadline: Instant,
    ) -> impl Future<Output = Vec<Closed>> + Send;

    /// Forgets these partitions without committing: they are somebody else's.
    fn lose(&self, partitions: &[TopicPartition]);

    /// The next offset to read of each open partition, as far as finished.
    fn positions(&self) -> Vec<(TopicPartition, i64)>;
}
