//! Guests that no toolchain would make: allocators that lie, start functions that loop, answers of any bytes at all.
//! Nothing here may panic the host or read out of bounds; each ends as the failure that it is.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use std::sync::Arc;
use std::time::Duration;

use hostile::{Answer, Hostile};
use millstream_engine::{
    Batch, Deaf, Description, Engine, Failure, Guest, Instance, Limits, Module, Plan, Row,
    ValueChange,
};
use proptest::prelude::*;

async fn module(guest: &Hostile) -> Module {
    Engine::new(common::config())
        .unwrap()
        .load(&guest.component())
        .await
        .unwrap()
}

async fn instance(module: &Module, limits: &Limits) -> Result<Instance, Failure> {
    let description: Description = module.describe(&[], limits).await?;
    module
        .instantiate(&[], limits, &description, Arc::new(Deaf))
        .await
}

fn row(value: &[u8]) -> Row<'_> {
    Row {
        key: None,
        value: Some(value),
        headers: &[],
        timestamp: 0,
        offset: 0,
    }
}

/// A batch of three rows, the first of which holds the answer.
async fn answer(instance: &mut Instance, bytes: &[u8]) -> Result<Plan, Failure> {
    let rows = [row(bytes), row(b""), row(b"")];
    instance
        .apply(Batch {
            topic: "t",
            partition: 0,
            rows: &rows,
        })
        .await
}

async fn run(guest: &Hostile, limits: &Limits) -> Result<Plan, Failure> {
    let module = module(guest).await;
    answer(&mut instance(&module, limits).await?, &Answer::new().bytes).await
}

fn quick() -> Limits {
    Limits {
        batch_time: Duration::from_millis(50),
        memory: 16 << 20,
        ..Limits::default()
    }
}

#[tokio::test]
async fn the_honest_default_passes_every_row() {
    let plan = run(&Hostile::default(), &quick()).await.unwrap();
    assert_eq!(plan.emitted(), 3);
}

#[tokio::test]
async fn a_start_function_counts_against_the_limits() {
    let looping = Hostile {
        start: "(loop $l (br $l))",
        ..Hostile::default()
    };
    let failed = run(&looping, &quick()).await;
    assert!(
        matches!(
            &failed,
            Err(Failure::Limit {
                what: "CPU time of one call",
                ..
            })
        ),
        "{failed:?}"
    );
    let growing = Hostile {
        start: "(if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable))",
        ..Hostile::default()
    };
    let failed = run(&growing, &quick()).await;
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
    let large = Hostile {
        pages: 1000,
        ..Hostile::default()
    };
    let failed = run(&large, &quick()).await;
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
async fn an_allocator_may_do_anything_and_harms_itself_only() {
    let with = |realloc| Hostile {
        realloc,
        ..Hostile::default()
    };
    let failed = run(&with("unreachable"), &quick()).await;
    assert!(
        matches!(&failed, Err(Failure::Trap { .. })),
        "trapping: {failed:?}"
    );
    let failed = run(&with("(loop $l (br $l)) unreachable"), &quick()).await;
    assert!(
        matches!(
            &failed,
            Err(Failure::Limit {
                what: "CPU time of one call",
                ..
            })
        ),
        "looping: {failed:?}"
    );
    for (name, realloc) in [
        ("beyond the end", "(i32.const 0x7fffff00)"),
        ("negative", "(i32.const -16)"),
        ("unaligned", "(i32.or (local.get $align) (i32.const 1))"),
        (
            "just past the end",
            "(i32.mul (memory.size) (i32.const 65536))",
        ),
    ] {
        let failed = run(&with(realloc), &quick()).await;
        let caught = matches!(&failed, Err(Failure::Malformed(_) | Failure::Trap { .. }));
        assert!(caught, "{name}: {failed:?}");
    }
    // The same address for everything: the lists overwrite the batch itself. Whatever comes of it is the guest's own.
    let same = run(&with("(i32.const 65536)"), &quick()).await;
    assert!(!matches!(&same, Err(Failure::Host(_))), "{same:?}");
    // Each call grows the memory and returns the new page.
    let growing = "(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))";
    let grown = run(&with(growing), &quick()).await;
    assert_eq!(grown.unwrap().emitted(), 3);
    // The limit of 16 MiB makes memory.grow answer -1, which is no address.
    let failed = run(
        &with("(i32.mul (memory.grow (i32.const 60)) (i32.const 65536))"),
        &quick(),
    )
    .await;
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
async fn an_answer_outside_of_memory_is_malformed() {
    for at in [
        "(i32.const -4)",
        "(i32.const 3)",
        "(i32.mul (memory.size) (i32.const 65536))",
    ] {
        let guest = Hostile {
            apply: at,
            ..Hostile::default()
        };
        let failed = run(&guest, &quick()).await;
        assert!(
            matches!(&failed, Err(Failure::Malformed(_))),
            "{at}: {failed:?}"
        );
    }
    let module = module(&Hostile::default()).await;
    for (pointer, length) in [
        (0, u32::MAX),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
        (8 << 16, 1),
    ] {
        let mut instance = instance(&module, &quick()).await.unwrap();
        let mut lying = Answer::new();
        lying
            .some(Answer::ROWS)
            .pair(Answer::ROWS + 4, pointer, length);
        let failed = answer(&mut instance, &lying.bytes).await;
        assert!(
            matches!(&failed, Err(Failure::Malformed(_))),
            "{pointer} {length}: {failed:?}"
        );
        assert!(instance.wants_replacing());
    }
}

#[tokio::test]
async fn lists_that_alias_count_each_time_and_the_largest_is_not_copied() {
    let module = module(&Hostile::default()).await;
    // 500 KiB of memory shown as four lists of 300 KiB.
    let mut aliased = Answer::new();
    for option in [Answer::KEYS, Answer::VALUES] {
        aliased
            .some(option)
            .pair(option + 16, 0, 300 << 10)
            .pair(option + 24, 0, 300 << 10);
    }
    let limits = Limits {
        result_bytes: 1 << 20,
        ..quick()
    };
    let mut limited = instance(&module, &limits).await.unwrap();
    let failed = answer(&mut limited, &aliased.bytes).await;
    assert!(matches!(&failed, Err(Failure::Limit { .. })), "{failed:?}");
    let mut roomy = instance(&module, &quick()).await.unwrap();
    let failed = answer(&mut roomy, &aliased.bytes).await;
    assert!(matches!(&failed, Err(Failure::Malformed(_))), "{failed:?}");
}

#[tokio::test]
async fn lists_may_overlap_where_they_agree() {
    let module = module(&Hostile::default()).await;
    let mut instance = instance(&module, &quick()).await.unwrap();
    // One list of ends serves as `rows`, too: 0, 1, 2 as rows and as ends of "ab" for three values.
    let mut shared = Answer::new();
    shared
        .some(Answer::ROWS)
        .list(Answer::ROWS + 4, &[0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    let ends = Hostile::ANSWER + Answer::SIZE as u32;
    shared
        .some(Answer::VALUES)
        .list(Answer::VALUES + 16, b"ab")
        .pair(Answer::VALUES + 24, ends, 12);
    let plan = answer(&mut instance, &shared.bytes).await.unwrap();
    let values: Vec<_> = plan.records().map(|r| r.value).collect();
    assert_eq!(
        values,
        [
            ValueChange::Bytes(0..0),
            ValueChange::Bytes(0..1),
            ValueChange::Bytes(1..2)
        ]
    );
}

#[tokio::test]
async fn a_line_for_the_log_may_be_long_but_not_of_any_length() {
    let guest = |apply| Hostile {
        imports: r#"(import "millstream:transform/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#,
        pages: 64,
        apply,
        ..Hostile::default()
    };
    let long =
        guest("(call $log (i32.const 0) (i32.const 2097152) (i32.const 1048576)) (i32.const 4096)");
    assert_eq!(run(&long, &quick()).await.unwrap().emitted(), 3);
    let longer =
        guest("(call $log (i32.const 0) (i32.const 2097152) (i32.const 1048577)) (i32.const 4096)");
    let failed = run(&longer, &quick()).await.unwrap_err();
    assert!(
        matches!(&failed, Failure::Trap { message, .. } if message.contains("log.write")),
        "{failed}"
    );
}

#[tokio::test]
async fn a_function_of_wasis_that_has_another_type_traps() {
    let guest = Hostile {
        wit: "
            package test:hostile;
            package wasi:filesystem@0.2.0 { interface preopens { get-directories: func(); } }
            world hostile {
                include millstream:transform/transform@0.1.0;
                import wasi:filesystem/preopens@0.2.0;
            }",
        imports: r#"(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories))"#,
        apply: "(call $directories) (i32.const 4096)",
        ..Hostile::default()
    };
    let failed = run(&guest, &quick()).await.unwrap_err();
    assert!(
        matches!(&failed, Failure::Trap { message, .. } if message.contains("neither files nor sockets")),
        "{failed}"
    );
}

#[tokio::test]
async fn a_row_emitted_and_rejected_is_malformed() {
    let module = module(&Hostile::default()).await;
    let mut instance = instance(&module, &quick()).await.unwrap();
    let mut both = Answer::new();
    both.some(Answer::ROWS)
        .list(Answer::ROWS + 4, &[1, 0, 0, 0]);
    both.some(Answer::REJECTED)
        .list(Answer::REJECTED + 4, &[1, 0, 0, 0]);
    both.list(Answer::REJECTED + 20, &[0; 4])
        .list(Answer::REJECTED + 44, &[0; 4]);
    let failed = answer(&mut instance, &both.bytes).await.unwrap_err();
    assert!(
        failed.to_string().contains("both emitted and rejected"),
        "{failed}"
    );
}

#[test]
fn any_bytes_as_an_answer_end_as_a_plan_or_as_the_guests_failure() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let module = runtime.block_on(module(&Hostile::default()));
    let word = prop_oneof![
        4 => Just(0u32),
        4 => 0u32..8,
        2 => 4096u32..5000,
        1 => Just(u32::MAX),
        1 => any::<u32>(),
    ];
    let words = prop::collection::vec(word, 90..130);
    let config = ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let limits = quick();
    let held = std::cell::RefCell::new(None);
    proptest!(config, |(words in words)| {
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        // The first byte says whether it is an answer at all; other values than 0 and 1 are tried too.
        bytes[0] %= 3;
        let outcome = runtime.block_on(async {
            let mut guest = match held.take().filter(|i: &Instance| !i.wants_replacing()) {
                Some(guest) => guest,
                None => instance(&module, &limits).await.unwrap(),
            };
            let outcome = answer(&mut guest, &bytes).await;
            held.replace(Some(guest));
            outcome
        });
        match outcome {
            Ok(plan) => {
                for r in plan.records() {
                    prop_assert!(r.row < 3 && r.output < 1);
                    if let ValueChange::Bytes(range) = r.value {
                        prop_assert!(plan.values_data().get(range).is_some());
                    }
                    let lists = [r.headers, r.added];
                    prop_assert!(lists.iter().flatten().all(|h| h.bytes() <= 1 << 20));
                }
                prop_assert!(plan.rejections().all(|r| r.row < 3 && r.code.len() <= 64));
            }
            Err(failure) => prop_assert!(failure.is_guests_fault(), "{failure:?}"),
        }
    });
}
