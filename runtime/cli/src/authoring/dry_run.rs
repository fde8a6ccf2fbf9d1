//! What a component would make of records that it could not process before: for `millstream rejected redrive --dry-run`.

use std::sync::Arc;

use millstream_engine::{Deaf, Limits, Module};

use super::test::{case, engine};
use super::trial::Record;
use crate::output::Complaint;

/// One at a time, and the next may be made before it has gone.
const INSTANCES: u32 = 4;

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
        let module = engine::compile(name, wasm, engine::config(INSTANCES)).await?;
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
        let origin = (record.topic.clone(), record.partition);
        let input = [record.into_input()];
        let outcomes = engine::apply(
            &mut instance,
            &description,
            (&origin.0, origin.1),
            &input,
            0,
        )
        .await
        .map_err(text)?;
        Ok(outcomes
            .iter()
            .map(|outcome| case::write(outcome, &input))
            .collect())
    }
}
