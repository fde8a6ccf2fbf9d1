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

pub use input::Input;
pub use outcome::{Emitted, Outcome, Rejected};

use millstream_fields::{Extractor, Refused};

use crate::fields;
use crate::log;
use crate::reject::Failure;
use crate::transform::{Transform, configure};

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
    topic: String,
    partition: i32,
}

impl<T: Copy> Test<T> {
    /// Records come from partition 0 of the topic `input`, unless said otherwise.
    pub fn new(transform: T) -> Self {
        Test {
            transform,
            settings: Vec::new(),
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
        let mut fields = Extractor::new(&fields::extracted(T::FIELDS));
        let records: Vec<&Input> = records.iter().collect();
        let refused = fields.extract(&records);
        let kept = Refused::kept(&refused, records.len());
        let kept: Vec<usize> = kept.map(|row| row as usize).collect();
        let records: Vec<&Input> = kept.iter().map(|row| records[*row]).collect();
        if records.is_empty() {
            return Ok(Outcome::default().widened(&kept, refused));
        }
        let reads = description.reads;
        let batch = batch::of(&records, reads, &fields, &self.topic, self.partition);
        let (answer, logs) = log::capture(|| running.apply(&batch));
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
