//! Writing to the broker in memory.

use std::ops::Range;

use bytes::Bytes;

use super::{Flown, Memory, MemoryHeader, MemoryRows, Record, refusal};
use crate::delivery::{Base, DeliveryError, Done, Key, Outgoing, Outlet, SendError, Value};
use crate::source::Rows;

/// A topic to write to.
#[derive(Debug)]
pub struct MemoryTopic {
    name: String,
}

/// A batch on its way.
pub struct MemoryFlight {
    rows: Option<MemoryRows>,
    patched: Bytes,
    writes: Vec<(String, i32, Record)>,
    done: Done,
}

impl MemoryFlight {
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
        if !self.inner.state.lock().topics.contains_key(name) {
            return Err(refusal(
                "no-such-topic",
                &format!("the topic {name:?} does not exist"),
            ));
        }
        Ok(MemoryTopic {
            name: name.to_owned(),
        })
    }

    fn partitions(&self, topic: &MemoryTopic) -> i32 {
        self.inner
            .state
            .lock()
            .topics
            .get(&topic.name)
            .map_or(1, |topic| topic.partitions.len() as i32)
    }

    fn max_message_bytes(&self, topic: &MemoryTopic) -> u64 {
        self.inner
            .state
            .lock()
            .topics
            .get(&topic.name)
            .map_or(u64::MAX, |topic| topic.max_message_bytes)
    }

    fn begin(&self, rows: Option<MemoryRows>, patched: Vec<u8>, done: Done) -> MemoryFlight {
        MemoryFlight {
            rows,
            patched: Bytes::from(patched),
            writes: Vec::new(),
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
        {
            let state = self.inner.state.lock();
            if state
                .capacity
                .is_some_and(|capacity| state.in_flight >= capacity)
            {
                return Err(SendError::Full);
            }
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
        flight
            .writes
            .push((record.topic.name.clone(), record.partition, written));
        Ok(())
    }

    async fn ready(&self, _topic: &MemoryTopic) {
        let mut room = std::pin::pin!(self.inner.room.notified());
        room.as_mut().enable();
        let full = {
            let state = self.inner.state.lock();
            state
                .capacity
                .is_some_and(|capacity| state.in_flight >= capacity)
        };
        if full {
            room.await;
        }
    }

    fn seal(&self, flight: MemoryFlight) {
        let flown = Flown {
            writes: flight.writes,
            done: flight.done,
        };
        let mut state = self.inner.state.lock();
        state.in_flight += flown.writes.len();
        if state.corked {
            state.held.push(flown);
            return;
        }
        drop(state);
        self.land(flown);
    }

    fn recover(&self, _reason: &DeliveryError) {}
}

impl std::fmt::Debug for MemoryFlight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryFlight")
            .field("rows", &self.rows.as_ref().map(Rows::len))
            .finish_non_exhaustive()
    }
}
