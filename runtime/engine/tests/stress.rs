//! The unsafe module under many threads: batches of every shape, rows that are freed before their plan is read, calls that are
//! dropped halfway, instances that outlive their module. Worth most under AddressSanitizer: `make sanitize`.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use millstream_engine::{
    Batch, Change, Deaf, Engine, EngineConfig, Failure, Guest, Header, Instance, Limits, Module,
    Plan, Row, ValueChange,
};

const WORKERS: u64 = 8;

fn rounds() -> u64 {
    let rounds = std::env::var("STRESS_ROUNDS").ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(12)
}

/// `None` is null.
type Part = Option<Box<[u8]>>;

/// Every part in an allocation of its own and of just its size, so that one byte too far is another's.
struct Owned {
    key: Part,
    value: Part,
    headers: Vec<(Box<str>, Part)>,
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn bytes(&mut self) -> Part {
        let length = [0, 1, 7, 8, 9, 63, 300][self.below(7) as usize];
        let byte = self.below(256) as u8;
        (self.below(4) > 0).then(|| vec![byte; length].into_boxed_slice())
    }

    fn row(&mut self) -> Owned {
        Owned {
            key: self.bytes(),
            value: self.bytes(),
            headers: (0..self.below(4))
                .map(|n| (format!("h\u{e9}{n}").into_boxed_str(), self.bytes()))
                .collect(),
        }
    }

    /// With the fields that the guest declares, most of them as they should be.
    fn event(&mut self) -> Owned {
        let n = self.below(1000);
        let value = match self.below(9) {
            0 => "{\"type\":".to_owned(),
            1 => format!("{{\"n\":{n}}}"),
            _ => format!("{{\"type\":\"t{n}\",\"n\":{n},\"x\":{n}.5,\"b\":true,\"r\":[[{n}]]}}"),
        };
        Owned {
            value: Some(value.into_bytes().into_boxed_slice()),
            ..self.row()
        }
    }
}

/// What a plan says of one row, apart from it.
type Said = (u32, Option<Vec<u8>>, Option<Vec<u8>>, usize);

async fn call(instance: &mut Instance, rows: &[Owned]) -> Result<Plan, Failure> {
    let headers: Vec<Vec<Header<'_>>> = rows
        .iter()
        .map(|row| {
            row.headers
                .iter()
                .map(|(name, value)| Header {
                    name,
                    value: value.as_deref(),
                })
                .collect()
        })
        .collect();
    let rows: Vec<Row<'_>> = rows
        .iter()
        .zip(&headers)
        .zip(0..)
        .map(|((row, headers), offset)| Row {
            key: row.key.as_deref(),
            value: row.value.as_deref(),
            headers,
            timestamp: offset,
            offset,
        })
        .collect();
    let batch = Batch {
        topic: "t",
        partition: 1,
        rows: &rows,
    };
    instance.apply(batch).await
}

fn said(plan: &Plan) -> Vec<Said> {
    let data = plan.values_data();
    plan.records()
        .map(|record| {
            let key = match record.key {
                Change::Bytes(key) => Some(key.to_vec()),
                Change::Keep | Change::Null => None,
            };
            let value = match record.value {
                ValueChange::Bytes(range) => Some(data[range].to_vec()),
                ValueChange::Keep | ValueChange::Null => None,
            };
            let headers = record.headers.map_or(0, |headers| {
                let bytes = headers.bytes();
                assert_eq!(headers.iter().count(), headers.len());
                bytes
            });
            (record.row, key, value, headers)
        })
        .collect()
}

struct Modules {
    rust: Module,
    limits: Limits,
}

impl Modules {
    /// `None`: the others hold all the room there is.
    async fn instance(&self, mode: &str) -> Option<Instance> {
        let settings = [("mode".to_owned(), mode.to_owned())];
        let made = async {
            let description = self.rust.describe(&settings, &self.limits).await?;
            self.rust
                .instantiate(&settings, &self.limits, &description, Arc::new(Deaf))
                .await
        };
        match made.await {
            Ok(instance) => Some(instance),
            Err(Failure::Host(_)) => None,
            Err(failure) => panic!("{mode}: {failure}"),
        }
    }
}

/// Everything that goes in comes back, byte for byte, after the rows are gone.
async fn echoes(instance: &mut Instance, dice: &mut Dice) {
    let rows: Vec<Owned> = (0..=dice.below(70)).map(|_| dice.row()).collect();
    let plan = call(instance, &rows).await.unwrap();
    let wanted: Vec<_> = rows
        .iter()
        .map(|row| {
            let length = |value: &Part| value.as_ref().map_or(0, |value| value.len());
            let headers = row.headers.iter();
            let bytes: usize = headers
                .map(|(name, value)| name.len() + length(value))
                .sum();
            (row.key.as_deref().map(<[u8]>::to_vec), bytes)
        })
        .collect();
    drop(rows);
    let said = said(&plan);
    assert_eq!(said.len(), wanted.len());
    for ((row, key, value, bytes), (wanted_key, wanted_bytes)) in said.into_iter().zip(wanted) {
        assert_eq!((key, bytes), (wanted_key, wanted_bytes), "row {row}");
        let value = String::from_utf8(value.unwrap()).unwrap();
        assert!(
            value.starts_with(&format!("t 1 {row} {row} key=")),
            "{value}"
        );
    }
}

async fn takes_fields_out(instance: &mut Instance, dice: &mut Dice) {
    let rows: Vec<Owned> = (0..=dice.below(70)).map(|_| dice.event()).collect();
    let plan = call(instance, &rows).await.unwrap();
    assert_eq!(plan.emitted() + plan.rejected(), rows.len());
    let values: Vec<_> = rows.into_iter().map(|row| row.value.unwrap()).collect();
    for (row, _, value, _) in said(&plan) {
        let (value, of) = (value.unwrap(), &values[row as usize]);
        let name = value.split(|byte| *byte == b' ').next().unwrap();
        assert!(of.windows(name.len()).any(|part| part == name));
    }
}

/// The guest is in the middle of its stack when its fiber goes.
async fn is_dropped_halfway(mut instance: Instance, dice: &mut Dice) {
    let rows = [dice.row()];
    let wait = Duration::from_millis(dice.below(6));
    let given_up = tokio::time::timeout(wait, call(&mut instance, &rows)).await;
    drop(rows);
    if given_up.is_err() {
        // Whatever state it is in, it is not called again.
        let refused = call(&mut instance, &[dice.row()]).await;
        assert!(matches!(refused, Err(Failure::Host(_))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_cross_unharmed_on_many_threads_while_calls_are_dropped_halfway() {
    let engine = Engine::new(EngineConfig {
        // Less than there are workers: memory goes from one instance to the next.
        max_instances: WORKERS as u32 - 2,
        ..common::config()
    })
    .unwrap();
    let modules = Arc::new(Modules {
        rust: engine.load(common::rust_guest()).await.unwrap(),
        limits: Limits {
            batch_time: Duration::from_millis(400),
            memory: 16 << 20,
            ..Limits::default()
        },
    });
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let modules = Arc::clone(&modules);
            tokio::spawn(async move {
                let mut dice = Dice(worker);
                for round in 0..rounds() {
                    let mode = ["echo", "fields", "loop", "echo"][((worker + round) % 4) as usize];
                    let Some(mut instance) = modules.instance(mode).await else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    match mode {
                        "loop" => is_dropped_halfway(instance, &mut dice).await,
                        "fields" => {
                            for _ in 0..5 {
                                takes_fields_out(&mut instance, &mut dice).await;
                            }
                        }
                        _ => {
                            for _ in 0..5 {
                                echoes(&mut instance, &mut dice).await;
                            }
                        }
                    }
                }
                // The last one is dropped after everything that it was made of, on another thread.
                modules.instance("echo").await
            })
        })
        .collect();
    drop((engine, modules));
    let mut last = Vec::new();
    for worker in workers {
        last.extend(worker.await.unwrap());
    }
    assert!(!last.is_empty());
    for mut instance in last {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime.block_on(echoes(&mut instance, &mut Dice(99)));
        })
        .join()
        .unwrap();
    }
}
