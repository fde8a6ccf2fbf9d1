//! Producers, shared by all topics with the same limit on sizes, whichever transform writes to them.
//!
//! The limit is part of a producer's settings: batches stay below it, because a broker refuses a whole batch for its size.
//! A producer that has failed for good is replaced once, by whoever meets it first; flights of the old one fail, and their
//! partitions go back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use millstream_kafka::producer::{self, Producer, ProducerOptions};
use millstream_kafka::{KafkaError, Settings};
use parking_lot::Mutex;

/// See the module. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct ProducerPool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    options: ProducerOptions,
    slots: Mutex<HashMap<usize, Weak<Slot>>>,
}

impl ProducerPool {
    /// A pool of producers that differ from `options` in their limits only.
    #[must_use]
    pub fn new(settings: Settings, options: ProducerOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                settings,
                options,
                slots: Mutex::default(),
            }),
        }
    }

    /// The producer for topics with this limit. It lives as long as somebody holds the slot.
    pub(super) fn slot(&self, limit: usize) -> Result<Arc<Slot>, KafkaError> {
        let mut slots = self.inner.slots.lock();
        slots.retain(|_, slot| slot.strong_count() > 0);
        if let Some(slot) = slots.get(&limit).and_then(Weak::upgrade) {
            return Ok(slot);
        }
        let options = ProducerOptions {
            smallest_limit: limit,
            largest_limit: limit,
            ..self.inner.options.clone()
        };
        let producer = Producer::new(&self.inner.settings, &options)?;
        let current = Mutex::new(Current {
            producer,
            number: 0,
        });
        let settings = self.inner.settings.clone();
        let slot = Arc::new(Slot {
            settings,
            options,
            current,
            retired: AtomicBool::new(false),
        });
        slots.insert(limit, Arc::downgrade(&slot));
        Ok(slot)
    }
}

/// One producer after another.
#[derive(Debug)]
pub struct Slot {
    settings: Settings,
    options: ProducerOptions,
    current: Mutex<Current>,
    /// The current producer is known to have failed.
    retired: AtomicBool,
}

#[derive(Debug)]
struct Current {
    producer: Producer,
    number: u64,
}

/// A topic's handle with the producer it belongs to.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) producer: Producer,
    pub(super) topic: producer::Topic,
    number: u64,
}

impl Slot {
    pub(super) fn limit(&self) -> usize {
        self.options.largest_limit
    }

    pub(super) fn bind(&self, topic: &str) -> Result<Bound, KafkaError> {
        let current = self.current.lock();
        let handle = current.producer.topic(topic)?;
        Ok(Bound {
            producer: current.producer.clone(),
            topic: handle,
            number: current.number,
        })
    }

    /// Whether nothing better is to be had than this.
    pub(super) fn is_current(&self, bound: &Bound) -> bool {
        !self.retired.load(Ordering::Acquire) && self.current.lock().number == bound.number
    }

    /// This producer has failed.
    pub(super) fn retire(&self, bound: &Bound) {
        if self.current.lock().number == bound.number {
            self.retired.store(true, Ordering::Release);
        }
    }

    /// Builds another one in this one's place, unless somebody has.
    pub(super) fn replace(&self, failed: &Bound) -> Result<(), KafkaError> {
        let mut current = self.current.lock();
        if current.number == failed.number {
            let why = failed
                .producer
                .fatal()
                .map_or_else(String::new, |error| error.to_string());
            tracing::warn!(
                reason = why,
                "a Kafka producer has failed for good and is replaced"
            );
            current.producer = Producer::new(&self.settings, &self.options)?;
            current.number += 1;
        }
        self.retired.store(false, Ordering::Release);
        Ok(())
    }
}
