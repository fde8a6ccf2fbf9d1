//! Tables and lookups: what a guest sees of them, and what it cannot do with them.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millstream_engine::tables::{Snapshot, TableError, Tables, Values};
use millstream_engine::{
    Batch, Deaf, Engine, Failure, FixedTables, Guest, Instance, Limits, Module, Row, ValueChange,
};

async fn module() -> Module {
    let engine = Engine::new(common::config()).unwrap();
    engine.load(common::rust_guest()).await.unwrap()
}

async fn instance(
    mode: &str,
    tables: Arc<dyn Tables>,
    limits: &Limits,
) -> Result<Instance, Failure> {
    let module = module().await.with_tables(tables);
    let settings = [("mode".to_owned(), mode.to_owned())];
    let description = module.describe(&settings, limits).await?;
    module
        .instantiate(&settings, limits, &description, Arc::new(Deaf))
        .await
}

fn table<const N: usize>(entries: [(&str, &str); N]) -> FixedTables {
    let bytes = |(key, value): (&str, &str)| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    FixedTables::new(vec![HashMap::from(entries.map(bytes))])
}

fn users() -> Arc<dyn Tables> {
    Arc::new(table([("ann", "A"), ("", "nobody"), ("empty", "")]))
}

const KEYS: [Option<&[u8]>; 5] = [Some(b"ann"), None, Some(b""), Some(b"bob"), Some(b"empty")];

fn row(key: Option<&[u8]>) -> Row<'_> {
    Row {
        key,
        value: None,
        headers: &[],
        timestamp: 0,
        offset: 0,
    }
}

fn rows() -> Vec<Row<'static>> {
    KEYS.into_iter().map(row).collect()
}

fn batch<'a>(rows: &'a [Row<'a>]) -> Batch<'a> {
    Batch {
        topic: "input",
        partition: 0,
        rows,
    }
}

/// The values of what is emitted.
async fn values(instance: &mut Instance) -> Result<Vec<Option<String>>, Failure> {
    let rows = rows();
    let plan = instance.apply(batch(&rows)).await?;
    let value = |value| match value {
        ValueChange::Bytes(range) => {
            let bytes = &plan.values_data()[range];
            Some(String::from_utf8(bytes.to_vec()).unwrap())
        }
        ValueChange::Null | ValueChange::Keep => None,
    };
    Ok(plan.records().map(|record| value(record.value)).collect())
}

#[tokio::test]
async fn a_guest_gets_the_values_of_its_keys_and_null_where_there_is_none() {
    let mut instance = instance("tables", users(), &Limits::default())
        .await
        .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        values(&mut instance).await.unwrap(),
        [text("A"), None, text("nobody"), None, text("")]
    );
}

/// Counts how often it is asked for a version of itself.
struct Counting(Arc<dyn Tables>, AtomicUsize);

impl Tables for Counting {
    fn snapshot(&self, _: i32) -> Arc<dyn Snapshot> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.snapshot(0)
    }
}

#[tokio::test]
async fn each_call_sees_one_version_and_the_next_call_another() {
    let tables = Arc::new(Counting(users(), AtomicUsize::new(0)));
    let mut instance = instance("tables", tables.clone(), &Limits::default())
        .await
        .unwrap();
    assert_eq!(tables.1.load(Ordering::Relaxed), 0);
    for call in 1..=3 {
        values(&mut instance).await.unwrap();
        assert_eq!(tables.1.load(Ordering::Relaxed), call);
    }
}

#[tokio::test]
async fn what_one_call_may_look_up_is_limited() {
    let limits = Limits {
        lookup_bytes: 6,
        ..Limits::default()
    };
    let mut instance = instance("tables", users(), &limits).await.unwrap();
    let failure = values(&mut instance).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Limit { what, .. } if what.contains("looked up")),
        "{failure}"
    );
    assert!(failure.is_guests_fault());
}

#[tokio::test]
async fn how_many_keys_one_call_may_look_up_is_limited() {
    for (lookup_keys, fits) in [(5, true), (4, false)] {
        let limits = Limits {
            lookup_keys,
            ..Limits::default()
        };
        let mut instance = instance("tables", users(), &limits).await.unwrap();
        match values(&mut instance).await {
            Ok(_) => assert!(fits, "{lookup_keys} keys"),
            Err(failure) => {
                assert!(!fits, "{lookup_keys} keys: {failure}");
                assert!(failure.to_string().contains("keys looked up"), "{failure}");
                assert!(failure.is_guests_fault());
            }
        }
    }
}

#[tokio::test]
async fn a_guest_that_asks_wrongly_traps_with_the_reason() {
    for (mode, reason) in [
        ("tables-other", "there is no table 1, 1 are declared"),
        ("tables-broken-keys", "keys.ends"),
    ] {
        let mut instance = instance(mode, users(), &Limits::default()).await.unwrap();
        let failure = values(&mut instance).await.unwrap_err();
        assert!(
            matches!(&failure, Failure::Trap { message, .. } if message.contains(reason)),
            "{mode}: {failure}"
        );
    }
}

#[tokio::test]
async fn tables_cannot_be_looked_into_before_a_batch_is_there() {
    let refused = instance("tables-early", users(), &Limits::default()).await;
    let failure = refused.err().unwrap();
    assert!(
        matches!(&failure, Failure::Trap { message, .. } if message.contains("within `apply`")),
        "{failure}"
    );
}

/// A table that cannot be read now.
struct Broken;

impl Tables for Broken {
    fn snapshot(&self, _: i32) -> Arc<dyn Snapshot> {
        Arc::new(Broken)
    }
}

impl Snapshot for Broken {
    fn get(&self, _: usize, _: &[Option<&[u8]>], _: &mut Values) -> Result<(), TableError> {
        Err(TableError::Unavailable("the disk is gone".to_owned()))
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_no_fault_of_the_guest() {
    let mut instance = instance("tables", Arc::new(Broken), &Limits::default())
        .await
        .unwrap();
    let failure = values(&mut instance).await.unwrap_err();
    assert_eq!(failure, Failure::Host("the disk is gone".to_owned()));
}

/// Hands the same version out to every batch.
struct Held<S>(Arc<S>);

impl<S: Snapshot + 'static> Tables for Held<S> {
    fn snapshot(&self, _: i32) -> Arc<dyn Snapshot> {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_batch_whose_rows_are_all_refused_holds_no_version_of_the_tables() {
    let tables = Arc::new(Held(Arc::new(table([("bad", "no JSON")]))));
    let mut instance = instance("joined", tables.clone(), &Limits::default())
        .await
        .unwrap();
    let rows = [row(Some(b"bad")); 2];
    let plan = instance.apply(batch(&rows)).await.unwrap();
    assert_eq!((plan.emitted(), plan.rejected()), (0, 2));
    assert_eq!(Arc::strong_count(&tables.0), 1);
}

#[tokio::test]
async fn a_batch_whose_lookups_fail_holds_no_version_of_the_tables_and_takes_no_time_of_the_guests()
{
    let tables = Arc::new(Held(Arc::new(Broken)));
    let mut instance = instance("joined", tables.clone(), &Limits::default())
        .await
        .unwrap();
    // What `configure` took.
    assert!(instance.cpu() > Duration::ZERO);
    let failure = instance.apply(batch(&rows())).await.unwrap_err();
    assert_eq!(failure, Failure::Host("the disk is gone".to_owned()));
    assert_eq!(Arc::strong_count(&tables.0), 1);
    assert_eq!(instance.cpu(), Duration::ZERO);
}

#[tokio::test]
async fn values_of_rows_that_a_lookup_refuses_do_not_count() {
    let (good, bad) = (r#"{"n":1}"#, "{");
    let limits = Limits {
        lookup_bytes: (good.len() + bad.len()) as u64,
        ..Limits::default()
    };
    let tables = Arc::new(table([("good", good), ("bad", bad)]));
    let mut instance = instance("joined", tables, &limits).await.unwrap();
    let rows = [row(Some(b"good")), row(Some(b"bad"))];
    let plan = instance.apply(batch(&rows)).await.unwrap();
    assert_eq!((plan.emitted(), plan.rejected()), (1, 1));
}
