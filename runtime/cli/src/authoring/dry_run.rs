//! What a component would make of records that it could not process before: for `millstream rejected redrive --dry-run`.

use std::sync::Arc;

use millstream_engine::{Deaf, Limits, Module};

use super::test::{
    case::{self, Input},
    engine,
    text::Text,
};
use crate::output::Complaint;

/// One at a time, and the next may be made before it has gone.
const INSTANCES: u32 = 4;

/// A record as it once came in.
pub(crate) struct Record {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp: i64,
}

/// A component with its settings.
pub(crate) struct DryRun {
    module: Module,
    settings: Vec<(String, String)>,
}

impl DryRun {
    /// `name` is what complaints call it.
    pub(crate) async fn new(
        name: &str,
        wasm: &[u8],
        settings: Vec<(String, String)>,
    ) -> Result<DryRun, Complaint> {
        let module = engine::compile(name, wasm, INSTANCES).await?;
        Ok(DryRun { module, settings })
    }

    /// What comes of a record, in the form of `expected.jsonl`, or how the component fails on it. Each record gets an instance
    /// of its own: none is blamed for what came before it.
    pub(crate) async fn of(&self, record: Record) -> Result<Vec<String>, String> {
        let limits = Limits::default();
        let text = |failure: millstream_engine::Failure| failure.to_string();
        let module = &self.module;
        let description = module
            .describe(&self.settings, &limits)
            .await
            .map_err(text)?;
        let mut instance = module
            .instantiate(&self.settings, &limits, &description, Arc::new(Deaf))
            .await
            .map_err(text)?;
        let headers = record.headers.into_iter();
        let input = [Input {
            key: Text::of(record.key),
            value: Text::of(record.value),
            headers: headers
                .map(|(name, value)| (name, Text::of(value)))
                .collect(),
            timestamp: record.timestamp,
            offset: Some(record.offset),
        }];
        let origin = (record.topic.as_str(), record.partition);
        let outcomes = engine::apply(&mut instance, &description, origin, &input, 0)
            .await
            .map_err(text)?;
        Ok(outcomes
            .iter()
            .map(|outcome| case::write(outcome, &input))
            .collect())
    }
}
