//! What a component would make of records that it could not process before: for `millstream rejected redrive --dry-run`.

use std::sync::Arc;

use millstream_engine::{Deaf, Description, Failure, Limits, Module};

use super::test::case;
use super::test::engine::{self, Outcome};
use super::trial::Record;
use crate::output::{Complaint, escape};

/// One at a time, and the next may be made before it has gone.
const INSTANCES: u32 = 4;

/// A component with its settings.
pub(crate) struct DryRun {
    module: Module,
    settings: Vec<(String, String)>,
    limits: Limits,
    description: Description,
}

/// What came of a record.
#[derive(Debug, Default)]
pub(crate) struct Came {
    /// In the form of `expected.jsonl`; none where it is dropped.
    pub(crate) lines: Vec<String>,
    pub(crate) rejected: bool,
}

impl DryRun {
    /// `name` is what complaints call it.
    ///
    /// # Errors
    /// If it is no component, does not take the settings, or looks into tables.
    pub(crate) async fn new(
        name: &str,
        wasm: &[u8],
        settings: Vec<(String, String)>,
        limits: Limits,
    ) -> Result<DryRun, Complaint> {
        let module = engine::compile(name, wasm, engine::config(INSTANCES)).await?;
        let description = module
            .describe(&settings, &limits)
            .await
            .map_err(|failure| {
                Complaint::new(escape(name), escape(&failure.to_string()))
                    .help("its settings and limits are those of the deployed manifest")
            })?;
        without_tables(name, &description)?;
        Ok(DryRun {
            module,
            settings,
            limits,
            description,
        })
    }

    /// What comes of a record, or how the component fails on it. Each record gets an instance of its own: none is blamed for
    /// what came before it.
    pub(crate) async fn of(&self, record: Record) -> Result<Came, Failure> {
        let observer = Arc::new(Deaf);
        let mut instance = self
            .module
            .instantiate(&self.settings, &self.limits, &self.description, observer)
            .await?;
        let (topic, partition) = (record.topic.clone(), record.partition);
        let input = [record.into_input()];
        let origin = (topic.as_str(), partition);
        let outcomes = engine::apply(&mut instance, &self.description, origin, &input, 0).await?;
        let rejected = |outcome: &Outcome| matches!(outcome, Outcome::Rejected { .. });
        Ok(Came {
            rejected: outcomes.iter().any(rejected),
            lines: outcomes
                .iter()
                .map(|outcome| case::write(outcome, &input))
                .collect(),
        })
    }
}

/// Refuses a component with tables. What they hold is on the hosts: without it every record would seem to fail.
fn without_tables(name: &str, description: &Description) -> Result<(), Complaint> {
    if description.tables.is_empty() {
        return Ok(());
    }
    let tables = escape(&description.tables.join(", ")).into_owned();
    Err(Complaint::new(
        escape(name),
        format!("looks into tables ({tables}), which a dry run does not have"),
    )
    .help("redrive a few letters instead: `millstream rejected redrive NAME PARTITION/OFFSET`"))
}

#[cfg(test)]
mod tests {
    use millstream_engine::Parts;

    use super::*;

    #[test]
    fn a_component_with_tables_is_refused_and_they_are_named() {
        let without = Description::simple(Parts::ALL, &["out"]);
        assert!(without_tables("route.wasm", &without).is_ok());
        let with = Description {
            tables: vec!["users".to_owned(), "cities".to_owned()],
            ..without
        };
        let complaint = without_tables("route.wasm", &with).unwrap_err();
        assert_eq!(
            complaint.to_string(),
            "route.wasm: looks into tables (users, cities), which a dry run does not have"
        );
    }
}
