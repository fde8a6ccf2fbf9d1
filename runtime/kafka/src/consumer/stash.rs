//! Messages that were taken out of librdkafka's queue of a partition before anybody wants them.
//!
//! librdkafka leaves a partition whose queue is full out of the next fetch, and has one fetch under way with each broker. If only
//! partitions without news are in it, it lasts `fetch.wait.max.ms`, so that one busy partition among idle ones would be read
//! a queue at a time, with pauses in between. What lies here does not count as queued. As long as there is room, which all
//! partitions of a consumer share, a queue is emptied as soon as something comes, whatever its lane is doing, and its
//! partition is in the next fetch.
//!
//! Where it matters whether a queue is empty ([`super::intake`]), an entry that is alone in it is taken without room as well: it may be
//! the partition's end, which looks like a record from outside, but librdkafka counts bytes, and fetches more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ffi::consume;
use crate::ffi::message::Message;
use crate::ffi::queue::Queue;

/// Taken at a time: small beside the room, which is looked at in between, and soon done, because a lane may wait for it.
const CHUNK: usize = 100;
/// What a message takes beside its key and value, roughly.
const OVERHEAD: usize = 256;

/// Bytes for what lies in stashes.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
    used: AtomicUsize,
    /// What a record took in the last chunk of any partition.
    mean: AtomicUsize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Arc<Room> {
        Arc::new(Room {
            bytes,
            used: AtomicUsize::new(0),
            mean: AtomicUsize::new(0),
        })
    }

    fn is_left(&self) -> bool {
        self.used.load(Ordering::Relaxed) < self.bytes
    }
}

#[derive(Debug)]
pub(super) struct Stash {
    messages: VecDeque<Message>,
    bytes: usize,
    /// The position is being moved: nothing is taken.
    held: bool,
    /// What a record takes that was taken without room.
    beyond: usize,
    /// One past the last record.
    next: i64,
    /// What a record took in the last chunk, once there was one.
    mean: Option<usize>,
    moved: bool,
    room: Arc<Room>,
}

impl Stash {
    pub(super) fn new(room: Arc<Room>) -> Stash {
        Stash {
            messages: VecDeque::new(),
            bytes: 0,
            held: false,
            beyond: 0,
            next: i64::MIN,
            mean: None,
            moved: false,
            room,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Takes from the queue until there are so many messages or bytes.
    pub(super) fn fill(&mut self, queue: &Queue, messages: usize, bytes: usize) {
        while self.len() < messages && self.bytes < bytes && self.chunk(queue, CHUNK) {}
    }

    /// Takes some if there is room. Says whether it pays to ask again.
    pub(super) fn stock(&mut self, queue: &Queue) -> bool {
        self.room.is_left() && self.chunk(queue, CHUNK)
    }

    /// Takes one although there is no room, unless that was a record the last time and is here still.
    pub(super) fn look(&mut self, queue: &Queue) {
        if self.room.is_left() || self.beyond > 0 {
            return;
        }
        let before = self.len();
        self.chunk(queue, 1);
        let new = self.messages.back().filter(|_| self.len() > before);
        self.beyond = new.filter(|new| new.is_record()).map_or(0, size);
    }

    /// Bytes that are here in spite of the room.
    pub(super) fn beyond(&self) -> usize {
        self.beyond
    }

    /// Empties it and takes nothing more until [`Stash::release`].
    pub(super) fn hold(&mut self) {
        self.clear();
        self.held = true;
    }

    pub(super) fn release(&mut self) {
        self.held = false;
    }

    /// Takes so many; false if that was all.
    fn chunk(&mut self, queue: &Queue, most: usize) -> bool {
        if self.held {
            return false;
        }
        let (mut more, mut less, mut of_records, mut records) = (0, 0, 0, 0);
        let (messages, next) = (&mut self.messages, &mut self.next);
        let taken = consume::take(queue, most, |message| {
            if message.is_record() {
                // librdkafka goes on at what it believes was taken last when a partition was paused: what is taken at that
                // moment comes twice.
                if message.offset() < *next {
                    return;
                }
                *next = message.offset() + 1;
                of_records += size(&message);
                records += 1;
            } else if message.is_end() {
                // It is told anew after each pause; the last one counts.
                if let Some(before) = messages.pop_back_if(|back| back.is_end()) {
                    less += size(&before);
                }
            }
            more += size(&message);
            messages.push_back(message);
        });
        if let Some(mean) = usize::checked_div(of_records, records) {
            self.mean = Some(mean);
            self.room.mean.store(mean, Ordering::Relaxed);
        }
        self.moved |= taken > 0;
        self.bytes = self.bytes + more - less;
        self.room.used.fetch_add(more, Ordering::Relaxed);
        self.room.used.fetch_sub(less, Ordering::Relaxed);
        taken == most
    }

    /// Whether anything was taken out of the queue since this was asked.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// What a record takes in bytes, roughly; where none of this partition was seen, what those of others do.
    pub(super) fn mean(&self) -> usize {
        self.mean
            .unwrap_or_else(|| self.room.mean.load(Ordering::Relaxed))
    }

    pub(super) fn front(&self) -> Option<&Message> {
        self.messages.front()
    }

    pub(super) fn pop_front(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        let less = size(&message);
        self.bytes -= less;
        self.room.used.fetch_sub(less, Ordering::Relaxed);
        if self.messages.is_empty() {
            self.beyond = 0;
        }
        Some(message)
    }

    /// Empties it; records from before may come again.
    pub(super) fn clear(&mut self) {
        while self.pop_front().is_some() {}
        self.next = i64::MIN;
    }
}

impl Drop for Stash {
    fn drop(&mut self) {
        self.clear();
    }
}

fn size(message: &Message) -> usize {
    message.bytes() + OVERHEAD
}
