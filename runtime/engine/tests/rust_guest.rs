//! A component that `cargo build --target wasm32-wasip2` made, from loading to plans.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Recorder, rows, rust_guest};
use millstream_engine::{
    Batch, Change, Deaf, Engine, EngineConfig, Failure, Guest, Header, Level, Limits, LogSource,
    Module, Plan, Row, ValueChange,
};

async fn load(config: EngineConfig) -> Module {
    let engine = Engine::new(config).unwrap();
    engine.load(rust_guest()).await.unwrap()
}

fn setting(mode: &str) -> Vec<(String, String)> {
    vec![("mode".to_owned(), mode.to_owned())]
}

async fn apply(mode: &str, batch: Batch<'_>) -> Result<Plan, Failure> {
    let module = load(common::config()).await;
    apply_with(&module, mode, &Limits::default(), Arc::new(Deaf), batch).await
}

async fn apply_with(
    module: &Module,
    mode: &str,
    limits: &Limits,
    observer: Arc<dyn millstream_engine::Observer>,
    batch: Batch<'_>,
) -> Result<Plan, Failure> {
    let description = module.describe(&setting(mode), limits).await?;
    let mut instance = module
        .instantiate(&setting(mode), limits, &description, observer)
        .await?;
    instance.apply(batch).await
}

#[tokio::test]
async fn a_guest_sees_every_part_of_every_row_and_answers_with_patches() {
    let headers = [
        Header {
            name: "a",
            value: Some(b"1"),
        },
        Header {
            name: "a",
            value: None,
        },
    ];
    let rows = [
        Row {
            key: Some(b"key"),
            value: Some(b"value"),
            headers: &headers,
            timestamp: 17,
            offset: 100,
        },
        Row {
            key: None,
            value: None,
            headers: &[],
            timestamp: -1,
            offset: 103,
        },
        Row {
            key: Some(b""),
            value: Some(b""),
            headers: &[],
            timestamp: 0,
            offset: 104,
        },
    ];
    let batch = Batch {
        topic: "swipes",
        partition: 7,
        rows: &rows,
    };
    let plan = apply("echo", batch).await.unwrap();
    // `echo` writes what it saw of each row into the value, and the row's own parts back where they came from.
    let seen: Vec<String> = plan
        .records()
        .map(|r| match r.value {
            ValueChange::Bytes(range) => {
                String::from_utf8(plan.values_data()[range].to_vec()).unwrap()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "swipes 7 100 17 key=[107, 101, 121] value=[118, 97, 108, 117, 101] a=[49] a=null",
            "swipes 7 103 -1 key=null value=null",
            "swipes 7 104 0 key=[] value=[]",
        ]
    );
    let records: Vec<_> = plan.records().collect();
    assert_eq!(records[0].key, Change::Bytes(b"key"));
    assert_eq!(records[1].key, Change::Null);
    assert_eq!(records[2].key, Change::Bytes(b""));
    let back: Vec<_> = records[0].headers.as_ref().unwrap().iter().collect();
    assert_eq!(back, headers);
    assert_eq!(records[0].timestamp, Some(17));
    assert_eq!(records[0].partition, Some(7));
}

#[tokio::test]
async fn parts_that_are_not_read_do_not_reach_the_guest() {
    let all = rows(3);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    let plan = apply("blind", batch).await.unwrap();
    assert_eq!(plan.emitted(), 3);
    assert_eq!(plan.records().next().unwrap().value, ValueChange::Keep);
}

#[tokio::test]
async fn an_instance_takes_many_batches_and_its_memory_levels_off() {
    let module = load(common::config()).await;
    let limits = Limits::default();
    let description = module.describe(&setting("echo"), &limits).await.unwrap();
    let mut instance = module
        .instantiate(&setting("echo"), &limits, &description, Arc::new(Deaf))
        .await
        .unwrap();
    let all = rows(1000);
    let mut memory = Vec::new();
    for size in [1, 10, 1000, 1000, 3, 1000, 1000, 1000] {
        let plan = instance
            .apply(Batch {
                topic: "t",
                partition: 0,
                rows: &all[..size],
            })
            .await
            .unwrap();
        assert_eq!(plan.emitted(), size);
        memory.push(instance.memory());
    }
    assert!(memory[4] == memory[7], "{memory:?}");
    assert!(instance.cpu() > std::time::Duration::ZERO);
    assert!(!instance.wants_replacing());
}

#[tokio::test]
async fn logs_streams_and_counters_arrive_only_with_their_call() {
    let module = load(common::config()).await;
    let recorder = Arc::new(Recorder::default());
    let all = rows(2);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    apply_with(
        &module,
        "chatty",
        &Limits::default(),
        recorder.clone(),
        batch,
    )
    .await
    .unwrap();
    let lines = recorder.lines();
    let texts: Vec<_> = lines
        .iter()
        .map(|l| (l.source, l.level, l.message.as_str(), l.accepted))
        .collect();
    assert_eq!(
        texts,
        [
            (LogSource::Guest, Level::Error, "said by log.write", true),
            (LogSource::Stdout, Level::Info, "to stdout", true),
            (LogSource::Stderr, Level::Warn, "to stderr", true),
            (LogSource::Stdout, Level::Info, "no newline", true),
        ]
    );
    assert_eq!(recorder.counts(), [(0, 2), (1, 40)]);
}

#[tokio::test]
async fn counters_of_a_refused_call_do_not_count_and_its_lines_are_marked() {
    let module = load(common::config()).await;
    let recorder = Arc::new(Recorder::default());
    let all = rows(2);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    let failed = apply_with(
        &module,
        "chatty-panic",
        &Limits::default(),
        recorder.clone(),
        batch,
    )
    .await;
    assert!(
        matches!(&failed, Err(Failure::Trap { backtrace, .. }) if backtrace.contains("apply")),
        "{failed:?}"
    );
    assert!(recorder.counts().is_empty());
    let lines = recorder.lines();
    assert!(lines.iter().all(|l| !l.accepted));
    assert!(
        lines
            .iter()
            .any(|l| l.message.contains("a panic on purpose")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_counted() {
    let module = load(common::config()).await;
    let recorder = Arc::new(Recorder::default());
    let limits = Limits {
        log_lines: 10,
        log_line_bytes: 20,
        ..Limits::default()
    };
    let all = rows(1);
    apply_with(
        &module,
        "flood",
        &limits,
        recorder.clone(),
        Batch {
            topic: "t",
            partition: 0,
            rows: &all,
        },
    )
    .await
    .unwrap();
    let lines = recorder.lines();
    assert_eq!(lines.len(), 10);
    assert!(lines.iter().all(|l| l.message.len() <= 20), "{lines:?}");
    assert_eq!(recorder.suppressed(), 490);
}

#[tokio::test]
async fn answers_of_the_guest_itself_keep_their_kind() {
    let all = rows(1);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    assert_eq!(
        apply("transient", batch).await,
        Err(Failure::Transient("later".to_owned()))
    );
    assert_eq!(
        apply("permanent", batch).await,
        Err(Failure::Permanent("never".to_owned()))
    );
    assert_eq!(
        apply("refuse", batch).await,
        Err(Failure::Refused("no such mode".to_owned()))
    );
    for unserved in ["field", "lookup", "option", "no-output"] {
        let refused = apply(unserved, batch).await;
        assert!(
            matches!(refused, Err(Failure::Description(_))),
            "{unserved}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn an_instance_that_describes_itself_differently_is_refused() {
    let module = load(common::config()).await;
    let limits = Limits::default();
    let description = module.describe(&setting("echo"), &limits).await.unwrap();
    let other = module
        .instantiate(&setting("blind"), &limits, &description, Arc::new(Deaf))
        .await;
    assert!(matches!(other, Err(Failure::Malformed(_))));
}

#[tokio::test]
async fn a_guest_that_loops_is_stopped_by_its_cpu_time_and_others_go_on_meanwhile() {
    let module = load(common::config()).await;
    let limits = Limits {
        batch_time: std::time::Duration::from_millis(50),
        ..Limits::default()
    };
    let all = rows(1);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    // One thread: the two calls interleave only if the loop yields.
    let looping = apply_with(&module, "loop", &limits, Arc::new(Deaf), batch);
    let other = async {
        tokio::task::yield_now().await;
        apply_with(&module, "blind", &limits, Arc::new(Deaf), batch).await
    };
    let (looped, other) = tokio::join!(looping, other);
    assert!(
        matches!(
            &looped,
            Err(Failure::Limit {
                what: "CPU time of one call",
                ..
            })
        ),
        "{looped:?}"
    );
    assert!(other.is_ok(), "{other:?}");
}

#[tokio::test]
async fn a_guest_that_sleeps_goes_on_at_once_and_clocks_stand_still_within_a_call() {
    let all = rows(1);
    // Building it may take minutes.
    rust_guest();
    let started = std::time::Instant::now();
    let plan = apply(
        "sleep",
        Batch {
            topic: "t",
            partition: 0,
            rows: &all,
        },
    )
    .await
    .unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
    assert_eq!(plan.values_data(), b"0ns");
}

#[tokio::test]
async fn a_guest_that_recurses_without_end_traps() {
    let all = rows(1);
    let failed = apply(
        "recurse",
        Batch {
            topic: "t",
            partition: 0,
            rows: &all,
        },
    )
    .await;
    assert!(matches!(&failed, Err(Failure::Trap { .. })), "{failed:?}");
}

#[tokio::test]
async fn memory_past_the_limit_is_said_to_be_what_it_is() {
    let module = load(common::config()).await;
    let limits = Limits {
        memory: 8 << 20,
        ..Limits::default()
    };
    let all = rows(1);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    let failed = apply_with(&module, "grow", &limits, Arc::new(Deaf), batch).await;
    assert!(
        matches!(
            &failed,
            Err(Failure::Limit {
                what: "memory of one instance",
                ..
            })
        ),
        "{failed:?}"
    );
}

#[tokio::test]
async fn memory_past_the_hosts_budget_is_never_the_guests_fault_and_is_given_back() {
    let engine = Engine::new(EngineConfig {
        guest_memory: 16 << 20,
        ..common::config()
    })
    .unwrap();
    let module = engine.load(rust_guest()).await.unwrap();
    let all = rows(1);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    let failed = apply_with(&module, "grow", &Limits::default(), Arc::new(Deaf), batch).await;
    assert!(matches!(&failed, Err(Failure::Host(_))), "{failed:?}");
    assert_eq!(engine.guest_memory_used(), 0);
    assert!(
        apply_with(&module, "blind", &Limits::default(), Arc::new(Deaf), batch)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_pool_that_is_full_is_the_hosts_fault() {
    let module = load(EngineConfig {
        max_instances: 1,
        ..common::config()
    })
    .await;
    let limits = Limits::default();
    let description = module.describe(&setting("echo"), &limits).await.unwrap();
    let held = module
        .instantiate(&setting("echo"), &limits, &description, Arc::new(Deaf))
        .await
        .unwrap();
    let failed = module
        .instantiate(&setting("echo"), &limits, &description, Arc::new(Deaf))
        .await;
    assert!(
        matches!(&failed, Err(Failure::Host(why)) if why.contains("--max-instances")),
        "{:?}",
        failed.err()
    );
    drop(held);
    assert!(
        module
            .instantiate(&setting("echo"), &limits, &description, Arc::new(Deaf))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_leaking_instance_asks_to_be_replaced() {
    let module = load(common::config()).await;
    let limits = Limits {
        memory: 32 << 20,
        soft_memory: Some(4 << 20),
        ..Limits::default()
    };
    let description = module.describe(&setting("leak"), &limits).await.unwrap();
    let mut instance = module
        .instantiate(&setting("leak"), &limits, &description, Arc::new(Deaf))
        .await
        .unwrap();
    let all = rows(1);
    let mut batches = 0;
    while !instance.wants_replacing() {
        instance
            .apply(Batch {
                topic: "t",
                partition: 0,
                rows: &all,
            })
            .await
            .unwrap();
        batches += 1;
    }
    assert!((2..10).contains(&batches), "{batches}");
}

#[tokio::test]
async fn files_and_sockets_are_denied_and_the_environment_is_empty() {
    let all = rows(1);
    let plan = apply(
        "escape",
        Batch {
            topic: "t",
            partition: 0,
            rows: &all,
        },
    )
    .await
    .unwrap();
    let found = String::from_utf8(plan.values_data().to_vec()).unwrap();
    assert_eq!(
        found,
        "files: false, sockets: false, variables: 0, arguments: 0, stdin: 0"
    );
}

#[tokio::test]
async fn a_panic_of_the_host_within_a_call_ends_that_call_only() {
    let config = EngineConfig {
        log_probe: Some(Arc::new(|line| {
            if line == "said by log.write" {
                panic!("a fault of the host");
            }
        })),
        ..common::config()
    };
    let module = load(config).await;
    let all = rows(1);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    let limits = Limits::default();
    let description = module.describe(&setting("blind"), &limits).await.unwrap();
    let mut bystander = module
        .instantiate(&setting("blind"), &limits, &description, Arc::new(Deaf))
        .await
        .unwrap();
    let failed = apply_with(&module, "chatty", &limits, Arc::new(Deaf), batch).await;
    assert!(
        matches!(&failed, Err(Failure::Host(why)) if why.contains("a fault of the host")),
        "{failed:?}"
    );
    assert!(bystander.apply(batch).await.is_ok());
    assert!(
        apply_with(&module, "blind", &limits, Arc::new(Deaf), batch)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_abandoned_call_makes_the_instance_unusable() {
    let module = load(common::config()).await;
    let limits = Limits::default();
    let description = module.describe(&setting("loop"), &limits).await.unwrap();
    let mut instance = module
        .instantiate(&setting("loop"), &limits, &description, Arc::new(Deaf))
        .await
        .unwrap();
    let all = rows(1);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &all,
    };
    let patience = std::time::Duration::from_millis(20);
    assert!(
        tokio::time::timeout(patience, instance.apply(batch))
            .await
            .is_err()
    );
    assert!(instance.wants_replacing());
    assert!(matches!(instance.apply(batch).await, Err(Failure::Host(_))));
}
