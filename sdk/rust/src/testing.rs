//! Runs a transform in a plain `cargo test`, without WebAssembly: through the same columns and the same answer that a
//! component exchanges with the host, so nothing of it is skipped.
//!
//! ```
//! use millstream_sdk::prelude::*;
//! use millstream_sdk::testing::{self, Input};
//!
//! #[derive(Outputs)]
//! enum Out {
//!     Keyed,
//! }
//!
//! #[transform]
//! fn keyed(record: Record<'_, Keys>, out: &mut Emitter<Out>) {
//!     if record.key().is_some() {
//!         out.forward(Out::Keyed);
//!     }
//! }
//!
//! let outcome = testing::run(keyed, [Input::value("a").key("k"), Input::value("b")]);
//! assert_eq!(outcome.emitted.len(), 1);
//! assert_eq!(outcome.emitted[0].output, "keyed");
//! assert_eq!(outcome.emitted[0].text(), "a");
//! assert_eq!(outcome.dropped, [1]);
//! ```

mod batch;
mod input;
mod outcome;

use std::collections::HashMap;
use std::convert::Infallible;

pub use input::Input;
pub use outcome::{Emitted, Outcome, Rejected};

use millstream_fields::{Joiner, Refused, Strings};

use crate::fields;
use crate::log;
use crate::reject::Failure;
use crate::tables::offline::{self, Table};
use crate::transform::{self, Transform, configure};

/// Runs a transform without settings over these records, as one batch.
///
/// # Panics
/// When the transform cannot be configured, fails the batch, or gives an answer that the host would refuse.
pub fn run<Shape, T>(transform: T, records: impl IntoIterator<Item = impl Into<Input>>) -> Outcome
where
    T: Transform<Shape> + Copy,
    T::State: 'static,
{
    Test::new(transform).run(records)
}

/// A transform to test, with its settings.
#[derive(Debug, Clone)]
pub struct Test<T> {
    transform: T,
    settings: Vec<(String, String)>,
    tables: HashMap<String, Table>,
    topic: String,
    partition: i32,
}

impl<T: Copy> Test<T> {
    /// Records come from partition 0 of the topic `input`, unless said otherwise.
    pub fn new(transform: T) -> Self {
        Test {
            transform,
            settings: Vec::new(),
            tables: HashMap::new(),
            topic: "input".to_owned(),
            partition: 0,
        }
    }

    /// Sets a setting, as the deployment would.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// What a table holds. One that is not given is empty.
    #[must_use]
    pub fn table<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        mut self,
        name: &str,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let entry = |(key, value): (K, V)| (key.as_ref().to_vec(), value.as_ref().to_vec());
        let table = self.tables.entry(name.to_owned()).or_default();
        table.extend(entries.into_iter().map(entry));
        self
    }

    /// Where the records come from.
    #[must_use]
    pub fn source(mut self, topic: &str, partition: i32) -> Self {
        self.topic = topic.to_owned();
        self.partition = partition;
        self
    }

    /// What a deployment with these settings would say.
    ///
    /// # Errors
    /// Which setting is wrong, and how.
    pub fn configure<Shape>(&self) -> Result<(), String>
    where
        T: Transform<Shape>,
        T::State: 'static,
    {
        configure(self.transform, self.settings.clone()).map(drop)
    }

    /// Runs the transform over these records, as one batch.
    ///
    /// # Panics
    /// When the transform cannot be configured, fails the batch, or gives an answer that the host would refuse.
    pub fn run<Shape>(&self, records: impl IntoIterator<Item = impl Into<Input>>) -> Outcome
    where
        T: Transform<Shape>,
        T::State: 'static,
    {
        match self.try_run(records) {
            Ok(outcome) => outcome,
            Err(failure) => panic!("the batch failed: {failure}"),
        }
    }

    /// Runs the transform over these records, as one batch.
    ///
    /// # Errors
    /// When the transform fails the batch.
    ///
    /// # Panics
    /// When the transform cannot be configured, or gives an answer that the host would refuse.
    pub fn try_run<Shape>(
        &self,
        records: impl IntoIterator<Item = impl Into<Input>>,
    ) -> Result<Outcome, Failure>
    where
        T: Transform<Shape>,
        T::State: 'static,
    {
        use crate::bindings::exports::millstream::transform::guest::Failure as Failed;

        let records: Vec<Input> = records.into_iter().map(Into::into).collect();
        let (mut running, description) = configure(self.transform, self.settings.clone())
            .unwrap_or_else(|error| panic!("the deployment would be refused: {error}"));
        let names = transform::tables::<Shape, T>();
        if let Some(unknown) = self
            .tables
            .keys()
            .find(|name| !names.contains(&name.as_str()))
        {
            panic!("the transform has no table `{unknown}`: it has {names:?}");
        }
        let tables: Vec<Table> = names
            .iter()
            .map(|name| self.tables.get(*name).cloned().unwrap_or_default())
            .collect();
        let lookups = fields::joined(&names, T::FIELDS);
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut joiner = Joiner::new(&fields::extracted(T::FIELDS), &lookups, &names);
        let records: Vec<&Input> = records.iter().collect();
        let refused = joiner
            .join(&records, |table, keys| {
                let mut found = Strings::default();
                for key in keys {
                    let value = key.and_then(|key| tables[table as usize].get(key));
                    found.append(value.map(Vec::as_slice));
                }
                Ok::<_, Infallible>(found)
            })
            .unwrap_or_else(|never| match never {});
        let kept = Refused::kept(&refused, records.len());
        let kept: Vec<usize> = kept.map(|row| row as usize).collect();
        let records: Vec<&Input> = kept.iter().map(|row| records[*row]).collect();
        if records.is_empty() {
            return Ok(Outcome::default().widened(&kept, refused));
        }
        let reads = description.reads;
        let batch = batch::of(&records, reads, &joiner, &self.topic, self.partition);
        let (answer, logs) = offline::with(tables, || log::capture(|| running.apply(&batch)));
        match answer {
            Ok((output, counts)) => {
                let counters = description.counters.iter().cloned().zip(counts).collect();
                match outcome::of(&records, &description.outputs, output) {
                    Ok((emitted, rejected, dropped)) => Ok(Outcome {
                        emitted,
                        rejected,
                        dropped,
                        counters,
                        logs,
                    }
                    .widened(&kept, refused)),
                    Err(wrong) => panic!("the host would refuse the answer: {wrong}"),
                }
            }
            Err(Failed::Transient(message)) => Err(Failure::Transient(message)),
            Err(Failed::Permanent(message)) => Err(Failure::Permanent(message)),
        }
    }
}
