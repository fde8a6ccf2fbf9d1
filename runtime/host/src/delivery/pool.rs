//! A transform's producers, shared by all topics with the same limit on sizes.
//!
//! The limit is part of a producer's settings: batches stay below it, because a broker refuses a whole batch for its size.
//! A producer that has failed for good is replaced once, by whoever meets it first after its flights have failed, and taken their
//! partitions back. It fails as soon as a record is refused: what is behind it would otherwise come before it, because its
//! partition is to be read again. That is also why transforms have no producers together.
//!
//! A producer is three threads and more that wake once a second or oftener, so one is made when the first batch has something for it,
//! and let go once nobody has used it for a while: most of a host's transforms may have nothing to do.
//!
//! A transactional pool has one producer for all topics, and whoever ends its transactions replaces it, between two of them.

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
    /// The only slot of a transactional pool.
    only: Option<Arc<Slot>>,
}

impl ProducerPool {
    /// A pool of producers that differ from `options` in their limits only.
    #[must_use]
    pub fn new(settings: Settings, options: ProducerOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                settings,
                options: ProducerOptions {
                    gapless: true,
                    ..options
                },
                slots: Mutex::default(),
                only: None,
            }),
        }
    }

    /// A pool of one producer, which has a transactional id in `options`.
    #[must_use]
    pub fn transactional(settings: Settings, options: ProducerOptions) -> Self {
        let slot = Slot::new(&settings, options.clone());
        // It has to be initialised before it is of use.
        slot.retired.store(true, Ordering::Release);
        Self {
            inner: Arc::new(Inner {
                settings,
                options,
                slots: Mutex::default(),
                only: Some(Arc::new(slot)),
            }),
        }
    }

    /// Whether whoever ends transactions replaces its producer.
    pub(super) fn is_transactional(&self) -> bool {
        self.inner.only.is_some()
    }

    /// The producer of a transactional pool.
    pub(super) fn only(&self) -> &Slot {
        self.inner.only.as_ref().expect("a transactional pool")
    }

    /// Nothing more is sent for the moment, by any of them.
    pub(super) fn idle(&self) {
        if let Some(only) = &self.inner.only {
            return only.idle();
        }
        for slot in self.inner.slots.lock().values().filter_map(Weak::upgrade) {
            slot.idle();
        }
    }

    /// The producer for topics with this limit. It lives as long as somebody holds the slot.
    pub(super) fn slot(&self, limit: usize) -> Arc<Slot> {
        if let Some(only) = &self.inner.only {
            only.widen(limit);
            return Arc::clone(only);
        }
        let mut slots = self.inner.slots.lock();
        slots.retain(|_, slot| slot.strong_count() > 0);
        if let Some(slot) = slots.get(&limit).and_then(Weak::upgrade) {
            return slot;
        }
        let options = ProducerOptions {
            smallest_limit: limit,
            largest_limit: limit,
            ..self.inner.options.clone()
        };
        let slot = Arc::new(Slot::new(&self.inner.settings, options));
        slots.insert(limit, Arc::downgrade(&slot));
        slot
    }
}

/// One producer after another.
#[derive(Debug)]
pub struct Slot {
    settings: Settings,
    options: Mutex<ProducerOptions>,
    current: Mutex<Current>,
    /// The current producer is known to have failed.
    retired: AtomicBool,
}

/// A producer that is ready to take another one's place.
pub(super) struct Next(pub(super) Producer);

#[derive(Debug, Default)]
struct Current {
    /// None until somebody wants one.
    producer: Option<Producer>,
    /// Counts those that are no more.
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
    fn new(settings: &Settings, options: ProducerOptions) -> Self {
        Self {
            settings: settings.clone(),
            options: Mutex::new(options),
            current: Mutex::default(),
            retired: AtomicBool::new(false),
        }
    }

    fn make(&self) -> Result<Producer, KafkaError> {
        let options = self.options.lock().clone();
        Producer::new(&self.settings, &options)
    }

    fn of(&self, current: &mut Current) -> Result<Producer, KafkaError> {
        let producer = match current.producer.take() {
            Some(producer) => producer,
            None => self.make()?,
        };
        Ok(current.producer.insert(producer).clone())
    }

    pub(super) fn limit(&self) -> usize {
        self.options.lock().largest_limit
    }

    /// Takes a topic with this limit in. The producer is of no use any more if it cannot do that.
    fn widen(&self, limit: usize) {
        let mut options = self.options.lock();
        if limit < options.smallest_limit || limit > options.largest_limit {
            options.smallest_limit = options.smallest_limit.min(limit);
            options.largest_limit = options.largest_limit.max(limit);
            self.retire_all();
        }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Whichever producer there is, it has failed.
    pub(super) fn retire_all(&self) {
        self.retired.store(true, Ordering::Release);
    }

    pub(super) fn producer(&self) -> Result<Producer, KafkaError> {
        self.of(&mut self.current.lock())
    }

    fn idle(&self) {
        if let Some(producer) = &self.current.lock().producer {
            producer.idle();
        }
    }

    /// The producer to install after this one.
    pub(super) fn next(&self) -> Result<Next, KafkaError> {
        self.make().map(Next)
    }

    pub(super) fn install(&self, next: Next) {
        let mut current = self.current.lock();
        current.number += 1;
        current.producer = Some(next.0);
        self.retired.store(false, Ordering::Release);
    }

    pub(super) fn bind(&self, topic: &str) -> Result<Bound, KafkaError> {
        let mut current = self.current.lock();
        let producer = self.of(&mut current)?;
        Ok(Bound {
            topic: producer.topic(topic)?,
            producer,
            number: current.number,
        })
    }

    /// Lets the producer go; it lives for as long as something is bound to it.
    pub(super) fn rest(&self) {
        self.current.lock().pass();
        self.retired.store(false, Ordering::Release);
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

    /// Gives this one's place to another, unless somebody has.
    pub(super) fn replace(&self, failed: &Bound) {
        if self.options.lock().transactional_id.is_some() {
            self.retire(failed);
            return;
        }
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
            current.pass();
        }
        self.retired.store(false, Ordering::Release);
    }
}

impl Current {
    fn pass(&mut self) {
        self.producer = None;
        self.number += 1;
    }
}
