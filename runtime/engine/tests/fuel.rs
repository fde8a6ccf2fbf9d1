//! What guests execute is counted where somebody wants to know.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{config, rows, rust_guest};
use millstream_engine::{Batch, Deaf, Engine, EngineConfig, Guest, Instance, Limits};

async fn echo(count_fuel: bool) -> Instance {
    let engine = Engine::new(EngineConfig {
        count_fuel,
        ..config()
    })
    .unwrap();
    let module = engine.load(rust_guest()).await.unwrap();
    let settings = [("mode".to_owned(), "echo".to_owned())];
    let limits = Limits::default();
    let description = module.describe(&settings, &limits).await.unwrap();
    module
        .instantiate(&settings, &limits, &description, Arc::new(Deaf))
        .await
        .unwrap()
}

async fn fuel_of(instance: &mut Instance, records: usize) -> Option<u64> {
    let rows = rows(records);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    instance.apply(batch).await.unwrap();
    instance.fuel()
}

#[tokio::test]
async fn fuel_is_of_the_last_call_and_the_same_for_the_same_records() {
    let mut instance = echo(true).await;
    // The first call also makes what later ones find.
    fuel_of(&mut instance, 1_000).await;
    let many = fuel_of(&mut instance, 1_000).await.unwrap();
    let few = fuel_of(&mut instance, 10).await.unwrap();
    assert!(few > 0 && many > 10 * few, "{few} for 10, {many} for 1,000");
    assert_eq!(fuel_of(&mut instance, 10).await, Some(few));
}

#[tokio::test]
async fn nothing_is_counted_unless_it_is_asked_for() {
    assert_eq!(fuel_of(&mut echo(false).await, 10).await, None);
}
