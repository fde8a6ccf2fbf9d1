//! What an at-least-once delivery stands on: something that takes records and acknowledges them later, and something that
//! keeps offsets. Kafka's are in `delivery/kafka.rs`, those in memory in `memory.rs`.

use std::ops::Range;
use std::sync::Arc;

use super::{DeliveryError, TopicId};
use crate::source::{Rows, TopicPartition};

/// Called once, from any thread, when every record of a flight is acknowledged or one of them has failed for good.
pub type Done = Box<dyn FnOnce(Result<(), DeliveryError>) + Send>;

/// A record to write. Values are named, not pointed to, so that they need not be copied while the record is on its way.
#[derive(Debug)]
pub struct Outgoing<'a, T> {
    /// Where to.
    pub topic: &'a T,
    /// Always explicit.
    pub partition: i32,
    /// Its key. Copied.
    pub key: Key<'a>,
    /// Its value.
    pub value: Value,
    /// Its headers.
    pub headers: OutHeaders<'a>,
    /// Milliseconds since 1970-01-01T00:00Z; -1 where there is none.
    pub timestamp: i64,
}

/// Where a key's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// Null.
    Null,
    /// The key of this row of the flight; null if it has none.
    Row(usize),
    /// These.
    Bytes(&'a [u8]),
}

/// Where a value's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Null.
    Null,
    /// The value of this row of the flight.
    Row(usize),
    /// These bytes of the flight's patched data.
    Patched(Range<usize>),
}

/// Headers: first the base, then the list.
#[derive(Debug, Clone, Copy)]
pub struct OutHeaders<'a> {
    /// What stays as it is.
    pub base: Base,
    /// What comes after it: names and values.
    pub list: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Headers that are forwarded untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// None.
    None,
    /// Those of this row of the flight; it will be asked for them again.
    Row(usize),
    /// Those of this row of the flight, for the last time: they may be moved instead of copied.
    LastOfRow(usize),
}

/// A record was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// No room: wait for [`Outlet::ready`], then send it again.
    Full,
    /// It never will be; the flight has failed.
    Refused(DeliveryError),
}

/// Takes records and acknowledges them in flights.
pub trait Outlet: Send + Sync + 'static {
    /// What flights can hold on to.
    type Rows: Rows;
    /// A topic to write to.
    type Topic: Send + Sync + 'static;
    /// Records that are acknowledged together, and what keeps their bytes alive.
    type Flight: Send;

    /// Looks a topic up; waits for a broker that is away.
    ///
    /// # Errors
    /// If it does not exist or may not be written to.
    fn topic(&self, name: &str) -> impl Future<Output = Result<Self::Topic, DeliveryError>> + Send;

    /// Waits until a batch may be laid out for it. Whoever waits has nothing of that batch in flight.
    fn prepare(&self, _topic: &Self::Topic) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// How many partitions it has, at least one. Grows when the topic does.
    fn partitions(&self, topic: &Self::Topic) -> i32;

    /// The largest record that it takes, in bytes of a record batch that holds only this one.
    fn max_message_bytes(&self, topic: &Self::Topic) -> u64;

    /// Whether flights can hold on to rows. Records name none otherwise.
    fn holds_rows(&self) -> bool {
        true
    }

    /// Begins a flight. `rows` is `None` where no record names one.
    fn begin(&self, rows: Option<Self::Rows>, patched: Vec<u8>, done: Done) -> Self::Flight;

    /// From here on all of the flight's records for this topic go the same way, and no other way is taken before it is done.
    fn hold(&self, _flight: &mut Self::Flight, _topic: &Self::Topic) {}

    /// The rows of a flight.
    fn rows<'a>(&self, flight: &'a Self::Flight) -> Option<&'a Self::Rows>;

    /// Sends a record as part of a flight. Never blocks.
    ///
    /// # Errors
    /// See [`SendError`].
    fn send(
        &self,
        flight: &mut Self::Flight,
        record: &Outgoing<'_, Self::Topic>,
    ) -> Result<(), SendError>;

    /// Whoever sends has nothing more for the moment: what waits for company need not wait long.
    fn idle(&self) {}

    /// Waits until there may be room again for records of this topic.
    fn ready(&self, topic: &Self::Topic) -> impl Future<Output = ()> + Send;

    /// No more records come: from now on the flight can be done. One that is dropped unsealed may still call its `done`,
    /// with any result: whoever began it has to know.
    fn seal(&self, flight: Self::Flight);

    /// A flight failed for this reason: look again at what may have changed (sizes, partitions, the connection itself).
    fn recover(&self, reason: &DeliveryError);
}

/// An offset in the group's commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// What was committed with it.
    pub metadata: String,
}

/// Which topic stands behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// This one.
    Is(TopicId),
    /// None at the moment.
    Missing,
    /// The brokers do not tell topics of the same name apart.
    Unknown,
}

/// Keeps a group's offsets.
pub trait Offsets: Send + Sync + 'static {
    /// What is committed for each of these, in the same order.
    ///
    /// # Errors
    /// If the broker cannot be asked.
    fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<Vec<Option<Committed>>, DeliveryError>> + Send;

    /// Commits; the result for each comes in the same order.
    ///
    /// # Errors
    /// If the broker cannot be asked.
    fn commit(
        &self,
        commits: &[(TopicPartition, Committed)],
    ) -> impl Future<Output = Result<Vec<Result<(), DeliveryError>>, DeliveryError>> + Send;

    /// The offsets that each of these holds now, in the same order.
    ///
    /// # Errors
    /// If the broker cannot be asked.
    fn extents(
        &self,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<Vec<Range<i64>>, DeliveryError>> + Send;

    /// Which topics stand behind these names now, in the same order.
    ///
    /// # Errors
    /// If the broker cannot be asked.
    fn identities(
        &self,
        topics: &[Arc<str>],
    ) -> impl Future<Output = Result<Vec<Identity>, DeliveryError>> + Send;
}
