//! A producer fails while a lane has the next batch of the same partition in hand: that one must not go out before the one that
//! failed.

mod plane_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millstream_host::delivery::{AtLeastOnce, DeliveryError, Done, Outgoing, Outlet, SendError};
use millstream_host::memory::{Memory, MemoryFlight, MemoryRows, MemoryTopic};
use millstream_host::stats::Stats;
use plane_support::*;

/// Fails the first flight at the moment when the second takes hold of its topic: as late as it can become known.
struct Failing {
    memory: Memory,
    held: AtomicUsize,
}

impl Outlet for Failing {
    type Rows = MemoryRows;
    type Topic = MemoryTopic;
    type Flight = MemoryFlight;

    async fn topic(&self, name: &str) -> Result<MemoryTopic, DeliveryError> {
        Outlet::topic(&self.memory, name).await
    }
    fn partitions(&self, topic: &MemoryTopic) -> i32 {
        self.memory.partitions(topic)
    }
    fn max_message_bytes(&self, topic: &MemoryTopic) -> u64 {
        Outlet::max_message_bytes(&self.memory, topic)
    }
    fn begin(&self, rows: Option<MemoryRows>, patched: Vec<u8>, done: Done) -> MemoryFlight {
        self.memory.begin(rows, patched, done)
    }
    fn hold(&self, _flight: &mut MemoryFlight, topic: &MemoryTopic) {
        let is_output = topic.name() == "out";
        if is_output && self.held.fetch_add(1, Ordering::SeqCst) == 1 {
            self.memory.fail_next(1);
            self.memory.release(0);
            self.memory.uncork();
        }
    }
    fn rows<'a>(&self, flight: &'a MemoryFlight) -> Option<&'a MemoryRows> {
        self.memory.rows(flight)
    }
    fn send(
        &self,
        flight: &mut MemoryFlight,
        record: &Outgoing<'_, MemoryTopic>,
    ) -> Result<(), SendError> {
        self.memory.send(flight, record)
    }
    async fn ready(&self, topic: &MemoryTopic) {
        self.memory.ready(topic).await;
    }
    fn seal(&self, flight: MemoryFlight) {
        self.memory.seal(flight);
    }
    fn recover(&self, reason: &DeliveryError) {
        self.memory.recover(reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_in_hand_does_not_overtake_the_one_before_it_that_failed() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..30));
    // What is sent waits for its acknowledgement.
    memory.cork();
    let (stats, held) = (Stats::new(), AtomicUsize::new(0));
    let outlet = Arc::new(Failing {
        memory: memory.clone(),
        held,
    });
    let delivery = AtLeastOnce::new(Arc::clone(&outlet), memory.clone(), Arc::clone(&stats));
    let ten = |config: &mut millstream_host::runner::RunnerConfig| config.batch.records = 10;
    let first = revision(1, pass());
    let plane = run_with(&memory, first, shared(64 << 20), ten, delivery, stats);
    plane.assign(0..1);
    plane.committed(0, 30).await;
    assert!(outlet.held.load(Ordering::SeqCst) > 3, "nothing failed");
    let all: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(memory.values("out"), all);
}
