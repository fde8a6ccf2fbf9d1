//! A component over records that somebody wants to see it work on: for `millstream run`. Knows nothing of where they come from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream_engine::{Description, Guest, Instance, Limits, Module};

use super::test::case::{self, Input};
use super::test::engine::{self, Ears, Outcome};
use super::test::text::Text;
use crate::output::Complaint;

/// The next instance may be made before the last one has gone.
const INSTANCES: u32 = 4;

/// A record of a partition.
pub(crate) struct Record {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp: i64,
}

impl Record {
    pub(super) fn into_input(self) -> Input {
        Input {
            key: Text::of(self.key),
            value: Text::of(self.value),
            headers: self
                .headers
                .into_iter()
                .map(|(name, value)| (name, Text::of(value)))
                .collect(),
            timestamp: self.timestamp,
            offset: Some(self.offset),
        }
    }
}

/// What became of all records.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) records: u64,
    pub(crate) outputs: BTreeMap<String, u64>,
    pub(crate) rejected: u64,
    pub(crate) dropped: u64,
    pub(crate) failed: u64,
    /// CPU time in the component, with what is copied in and out.
    pub(crate) cpu: Duration,
    /// Instructions that it executed.
    pub(crate) fuel: u64,
    /// The most memory that an instance had.
    pub(crate) memory: u64,
}

/// A component that is shown records, batch after batch.
pub(crate) struct Trial {
    module: Module,
    settings: Vec<(String, String)>,
    description: Description,
    limits: Limits,
    instance: Option<Instance>,
    ears: Arc<Ears>,
    pub(crate) sums: Sums,
}

impl Trial {
    /// `tables` is a folder as of a case.
    pub(crate) async fn new(
        file: &Path,
        settings: Vec<(String, String)>,
        tables: Option<&Path>,
    ) -> Result<Trial, Complaint> {
        let complain = |why: String| Complaint::new(file.display().to_string(), why);
        let module = engine::load_counted(file, INSTANCES).await?;
        let limits = Limits::default();
        let description = module
            .describe(&settings, &limits)
            .await
            .map_err(|failure| complain(failure.to_string()))?;
        let tables = tables.map(case::tables).transpose()?.unwrap_or_default();
        let module = engine::with_tables(&module, &tables, &description).map_err(|failure| {
            complain(failure.to_string()).help("name their folder with --tables")
        })?;
        Ok(Trial {
            module,
            settings,
            description,
            limits,
            instance: None,
            ears: Arc::default(),
            sums: Sums::default(),
        })
    }

    /// Records as a case's `input.jsonl` has them, of partition 0 of the topic `input`.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Vec<Record>, Complaint> {
        let inputs = case::parse_lines(name, text, Input::parse)?;
        let record = |(row, input): (usize, Input)| Record {
            topic: "input".to_owned(),
            partition: 0,
            offset: input.offset.unwrap_or(row as i64),
            key: input.key.bytes,
            value: input.value.bytes,
            headers: input
                .headers
                .into_iter()
                .map(|(name, value)| (name, value.bytes))
                .collect(),
            timestamp: input.timestamp,
        };
        Ok(inputs.into_iter().enumerate().map(record).collect())
    }

    /// Shows records of one partition as one batch. Answers a line for each record that comes out, in the form of
    /// `expected.jsonl`, or how the component failed.
    pub(crate) async fn batch(&mut self, records: Vec<Record>) -> Result<Vec<String>, String> {
        let Some(first) = records.first() else {
            return Ok(Vec::new());
        };
        let origin = (first.topic.clone(), first.partition);
        let inputs: Vec<Input> = records.into_iter().map(Record::into_input).collect();
        self.sums.records += inputs.len() as u64;
        let ran = self.apply((&origin.0, origin.1), &inputs).await;
        let outcomes = match ran {
            Ok(outcomes) => outcomes,
            Err(failure) => {
                self.sums.failed += inputs.len() as u64;
                // A component that failed is in no known state.
                self.instance = None;
                return Err(failure);
            }
        };
        let mut seen = vec![false; inputs.len()];
        for outcome in &outcomes {
            seen[outcome.row()] = true;
            match outcome {
                Outcome::Emitted { output, .. } => {
                    *self.sums.outputs.entry(output.clone()).or_default() += 1;
                }
                Outcome::Rejected { .. } => self.sums.rejected += 1,
            }
        }
        self.sums.dropped += seen.iter().filter(|seen| !**seen).count() as u64;
        Ok(outcomes
            .iter()
            .map(|outcome| case::write(outcome, &inputs))
            .collect())
    }

    async fn apply(
        &mut self,
        origin: (&str, i32),
        inputs: &[Input],
    ) -> Result<Vec<Outcome>, String> {
        if self.instance.as_ref().is_some_and(Guest::wants_replacing) {
            self.instance = None;
        }
        if self.instance.is_none() {
            let made = self.module.instantiate(
                &self.settings,
                &self.limits,
                &self.description,
                self.ears.clone(),
            );
            self.instance = Some(made.await.map_err(|failure| failure.to_string())?);
        }
        let Some(instance) = &mut self.instance else {
            return Ok(Vec::new());
        };
        let outcomes = engine::apply(instance, &self.description, origin, inputs, 0).await;
        self.sums.cpu += instance.cpu();
        self.sums.fuel += instance.fuel().unwrap_or_default();
        self.sums.memory = self.sums.memory.max(instance.memory());
        outcomes.map_err(|failure| engine::explain(&failure))
    }

    /// What the component has logged since the last time.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.ears.logs()
    }
}
