//! What the data plane itself costs: records from memory, through a guest, into memory that counts them.
//!
//! `cargo bench -p millstream-host --bench plane [-- path/to/module.wasm OUTPUT…]`. Without a module the guest is native: every row
//! to the output. Prints nanoseconds of wall time and of CPU (of this whole process) an event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use millstream_engine::{
    Batch, CompilerProcess, Deaf, Description, Engine, EngineConfig, Failure, Guest, Limits,
    Module, Parts, Plan,
};
use millstream_host::budget::Budget;
use millstream_host::delivery::{OutputRoute, Rejected, Routes, Stamp};
use millstream_host::guests::{AnyGuest, Guests};
use millstream_host::memory::{Memory, MemorySource, Record};
use millstream_host::runner::{self, Revision, RunState, RunnerConfig, Shared};
use millstream_host::schedule::Schedule;
use millstream_host::source::{Event, TopicPartition};
use millstream_host::stats::Stats;
use millstream_host::watchdog::Watchdog;
use rustix::time::{ClockId, clock_gettime};

const PARTITIONS: i32 = 4;
const RECORDS: usize = 500_000;

struct Pass;

impl Guest for Pass {
    async fn apply<'a>(&'a mut self, batch: Batch<'a>) -> Result<Plan, Failure> {
        Ok(Plan::pass_all(batch.rows.len()))
    }
    fn memory(&self) -> u64 {
        0
    }
    fn wants_replacing(&self) -> bool {
        false
    }
    fn cpu(&self) -> Duration {
        Duration::ZERO
    }
}

struct Component {
    module: Module,
    description: Description,
}

impl Guests for Component {
    fn create(&self) -> BoxFuture<'_, Result<Box<dyn AnyGuest>, Failure>> {
        Box::pin(async move {
            let instance = self
                .module
                .instantiate(&[], &Limits::default(), &self.description, Arc::new(Deaf))
                .await?;
            Ok(Box::new(instance) as Box<dyn AnyGuest>)
        })
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

async fn run(name: &str, description: &Description, guests: Arc<dyn Guests>) {
    let memory = Memory::new();
    memory.topic("in", PARTITIONS as usize);
    let outputs: Vec<OutputRoute> = description
        .outputs
        .iter()
        .map(|output| OutputRoute {
            name: output.as_str().into(),
            topic: format!("out.{output}").into(),
        })
        .collect();
    for topic in outputs.iter().map(|output| &*output.topic).chain(["dead"]) {
        memory.topic(topic, 4);
        memory.count_only(topic);
    }
    let value = Bytes::from(format!(
        r#"{{"type":"swipe-right","user":"u123","padding":"{}"}}"#,
        "x".repeat(415)
    ));
    for partition in 0..PARTITIONS {
        let record = |number: usize| Record {
            key: Some(Bytes::from(format!("key-{number:012}"))),
            value: Some(value.clone()),
            timestamp: 1,
            ..Record::default()
        };
        memory.append(
            "in",
            partition,
            (0..RECORDS / PARTITIONS as usize).map(record),
        );
    }
    let shared = Shared {
        lanes: tokio::runtime::Handle::current(),
        schedule: Schedule::new(2),
        budget: Budget::new(64 << 20),
        watchdog: Watchdog::new(Duration::from_secs(60)),
    };
    let revision = Revision {
        routes: Routes {
            transform: "bench".into(),
            stamp: Stamp {
                revision: 1,
                reset: 0,
            },
            digest: "".into(),
            step: 0,
            outputs,
            rejected: Rejected::Topic("dead".into()),
        },
        topics: vec!["in".into()],
        guests,
        reads: description.reads,
        starts: (0..PARTITIONS)
            .map(|partition| (TopicPartition::new("in", partition), 0))
            .collect(),
    };
    let (stats, source) = (Stats::new(), MemorySource::new(&memory));
    let delivery = memory.delivery(Arc::clone(&stats));
    let (wall, used) = (Instant::now(), cpu());
    let handle = runner::start(
        RunnerConfig::new("bench"),
        revision,
        source.clone(),
        delivery,
        Arc::clone(&stats),
        &shared,
    );
    source.play(Event::Assigned(
        (0..PARTITIONS)
            .map(|partition| TopicPartition::new("in", partition))
            .collect(),
    ));
    while stats.snapshot().records_in < RECORDS as u64 {
        if let RunState::Failed(failed) = handle.state().borrow().clone() {
            println!("{name}: {failed}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (wall, used) = (wall.elapsed(), cpu() - used);
    let lanes = handle.stats().snapshot();
    let each = |time: Duration| time.as_nanos() / RECORDS as u128;
    println!(
        "{name}: {} ns of wall time, {} ns of CPU an event (guest {}, lanes {}), {} batches",
        each(wall),
        each(used),
        each(lanes.guest_cpu),
        each(lanes.host_cpu),
        lanes.batches
    );
    handle
        .drain(tokio::time::Instant::now() + Duration::from_secs(1))
        .await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let module = std::env::args()
        .skip(1)
        .find(|argument| argument.ends_with(".wasm"));
    let simple = Description::simple(
        Parts {
            values: true,
            ..Parts::default()
        },
        &["out"],
    );
    for _ in 0..3 {
        run("native", &simple, Arc::new(|| Ok(Pass))).await;
    }
    let Some(path) = module else { return };
    let wasm = std::fs::read(&path).expect("the module");
    let config = EngineConfig {
        compiler: CompilerProcess::InProcess,
        ..EngineConfig::default()
    };
    let engine = Engine::new(config).expect("an engine");
    let module = engine.load(&wasm).await.expect("a component");
    let description = module
        .describe(&[], &Limits::default())
        .await
        .expect("a description");
    for _ in 0..3 {
        run(
            "component",
            &description,
            Arc::new(Component {
                module: module.clone(),
                description: description.clone(),
            }),
        )
        .await;
    }
}
