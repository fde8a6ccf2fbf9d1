//! Writing to the broker in memory.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::flown::{Flown, Run};
use super::{Memory, MemoryHeader, MemoryRows, Record};
use crate::delivery::{Base, DeliveryError, Done, Key, Outgoing, Outlet, SendError, Value};
use crate::source::Rows;

/// A topic to write to.
#[derive(Debug)]
pub struct MemoryTopic {
    name: Arc<str>,
    /// See [`Memory::count_only`].
    counted: bool,
}

impl MemoryTopic {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A batch on its way.
pub struct MemoryFlight {
    rows: Option<MemoryRows>,
    patched: Bytes,
    runs: Vec<Run>,
    done: Done,
}

impl MemoryFlight {
    fn run(&mut self, topic: &MemoryTopic, partition: i32) -> &mut Run {
        let same = |run: &Run| run.partition == partition && run.topic == topic.name;
        if !self.runs.last().is_some_and(same) {
            self.runs.push(Run {
                topic: Arc::clone(&topic.name),
                partition,
                records: Vec::new(),
                count: 0,
            });
        }
        let last = self.runs.len() - 1;
        &mut self.runs[last]
    }

    fn patched(&self, range: &Range<usize>) -> Bytes {
        self.patched.slice(range.clone())
    }
}

fn row(flight: &MemoryFlight, at: usize) -> Option<&Record> {
    flight.rows.as_ref().map(|rows| rows.record(at))
}

impl Outlet for Memory {
    type Rows = MemoryRows;
    type Topic = MemoryTopic;
    type Flight = MemoryFlight;

    async fn topic(&self, name: &str) -> Result<MemoryTopic, DeliveryError> {
        match self.inner.state.lock().topics.get(name) {
            Some(topic) => Ok(MemoryTopic {
                name: name.into(),
                counted: topic.counted,
            }),
            None => Err(DeliveryError::new(
                "no-such-topic",
                format!("the topic {name:?} does not exist"),
            )),
        }
    }

    fn partitions(&self, topic: &MemoryTopic) -> i32 {
        self.inner
            .state
            .lock()
            .topics
            .get(&*topic.name)
            .map_or(1, |topic| topic.partitions.len() as i32)
    }

    fn max_message_bytes(&self, topic: &MemoryTopic) -> u64 {
        self.inner
            .state
            .lock()
            .topics
            .get(&*topic.name)
            .map_or(u64::MAX, |topic| topic.max_message_bytes)
    }

    fn begin(&self, rows: Option<MemoryRows>, patched: Vec<u8>, done: Done) -> MemoryFlight {
        MemoryFlight {
            rows,
            patched: Bytes::from(patched),
            runs: Vec::new(),
            done,
        }
    }

    fn rows<'a>(&self, flight: &'a MemoryFlight) -> Option<&'a MemoryRows> {
        flight.rows.as_ref()
    }

    fn send(
        &self,
        flight: &mut MemoryFlight,
        record: &Outgoing<'_, MemoryTopic>,
    ) -> Result<(), SendError> {
        if self.full() {
            return Err(SendError::Full);
        }
        if record.topic.counted {
            flight.run(record.topic, record.partition).count += 1;
            return Ok(());
        }
        let mut headers: Vec<MemoryHeader> = match record.headers.base {
            Base::None => Vec::new(),
            Base::Row(at) | Base::LastOfRow(at) => {
                row(flight, at).map_or_else(Vec::new, |row| row.headers.clone())
            }
        };
        let list = record.headers.list.iter();
        headers.extend(
            list.map(|(name, value)| ((*name).to_owned(), value.map(Bytes::copy_from_slice))),
        );
        let written = Record {
            offset: 0,
            key: match record.key {
                Key::Null => None,
                Key::Row(at) => row(flight, at).and_then(|row| row.key.clone()),
                Key::Bytes(bytes) => Some(Bytes::copy_from_slice(bytes)),
            },
            value: match &record.value {
                Value::Null => None,
                Value::Row(at) => row(flight, *at).and_then(|row| row.value.clone()),
                Value::Patched(range) => Some(flight.patched(range)),
            },
            headers,
            timestamp: record.timestamp,
        };
        let run = flight.run(record.topic, record.partition);
        run.records.push(written);
        run.count += 1;
        Ok(())
    }

    fn idle(&self) {
        let state = self.inner.state.lock();
        if state.until_idle {
            self.land_held(state);
        }
    }

    async fn ready(&self, _topic: &MemoryTopic) {
        let mut room = std::pin::pin!(self.inner.room.notified());
        room.as_mut().enable();
        if self.full() {
            room.await;
        }
    }

    fn seal(&self, flight: MemoryFlight) {
        let flown = Flown {
            runs: flight.runs,
            done: flight.done,
            purged: false,
        };
        let mut state = self.inner.state.lock();
        self.inner
            .in_flight
            .fetch_add(flown.records(), Ordering::AcqRel);
        if state.corked {
            state.held.push(flown);
            return;
        }
        drop(state);
        self.land(flown);
    }

    fn recover(&self, _reason: &DeliveryError) {}
}

impl Memory {
    fn full(&self) -> bool {
        self.inner.in_flight.load(Ordering::Acquire) >= self.inner.capacity.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for MemoryFlight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryFlight")
            .field("rows", &self.rows.as_ref().map(Rows::len))
            .finish_non_exhaustive()
    }
}
