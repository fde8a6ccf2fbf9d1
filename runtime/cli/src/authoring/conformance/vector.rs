//! The vectors, which are data: what goes in, what has to come of it, and which feature that shows.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::authoring::test::case::{Case, Expected, Input, parse_lines, table};
use crate::output::Complaint;

const VECTORS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/vectors.rs"));

/// One vector.
pub(super) struct Vector {
    pub(super) name: String,
    /// What it shows, for people.
    pub(super) about: String,
    pub(super) feature: String,
    pub(super) core: bool,
    pub(super) case: Case,
    pub(super) expects: Expects,
    /// What the counters come to, those that are not 0, in the order of their declaration.
    pub(super) counters: Vec<String>,
    pub(super) logs: Vec<String>,
}

/// How it has to end.
pub(super) enum Expects {
    /// With what the case expects.
    Outcomes,
    /// The batch fails, as `transient: REASON` or `permanent: REASON`.
    Fails(String),
    /// `configure` fails, with this in its error.
    Refused(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    about: String,
    feature: String,
    #[serde(default)]
    core: bool,
    input: String,
    expected: Option<String>,
    fails: Option<String>,
    refused: Option<String>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    tables: BTreeMap<String, String>,
    #[serde(default)]
    counters: BTreeMap<String, u64>,
    #[serde(default)]
    logs: Vec<String>,
}

/// All of them, by name.
pub(super) fn all() -> Result<Vec<Vector>, Complaint> {
    let vector = |(name, text): &(&str, &str)| Vector::parse(name, text);
    VECTORS.iter().map(vector).collect()
}

impl Vector {
    fn parse(name: &str, text: &str) -> Result<Vector, Complaint> {
        let complaint = |why: String| Complaint::new(format!("the vector {name}"), why);
        let written: Written =
            toml::from_str(text).map_err(|error| complaint(error.to_string()))?;
        let expects = match (&written.expected, written.fails, written.refused) {
            (Some(_), None, None) => Expects::Outcomes,
            (None, Some(fails), None) => Expects::Fails(fails),
            (None, None, Some(refused)) => Expects::Refused(refused),
            _ => {
                return Err(complaint(
                    "it has to have one of `expected`, `fails` and `refused`".to_owned(),
                ));
            }
        };
        let input = parse_lines(name, &written.input, Input::parse)?;
        let expected = written.expected.as_deref();
        let expected = expected
            .map(|text| parse_lines(name, text, Expected::parse))
            .transpose()?;
        let mut tables = BTreeMap::new();
        // Those that a vector says nothing of are empty.
        for of in super::described::TABLES {
            let text = written.tables.get(*of).map_or("", String::as_str);
            let records = parse_lines(&format!("{name}, table {of}"), text, Input::parse)?;
            tables.insert((*of).to_owned(), table(records));
        }
        let counters = super::described::COUNTERS
            .iter()
            .filter_map(|counter| {
                let count = written.counters.get(*counter)?;
                Some(format!("{counter} {count}"))
            })
            .collect();
        let settings = written.settings.into_iter().collect();
        Ok(Vector {
            name: name.to_owned(),
            about: written.about,
            feature: written.feature,
            core: written.core,
            case: Case::new(name.to_owned(), settings, tables, input, expected),
            expects,
            counters,
            logs: written.logs,
        })
    }

    /// The same for a guest that declares no tables.
    pub(super) fn without_tables(mut self) -> Vector {
        self.case.tables.clear();
        self
    }

    /// Whether one of these names means it; none at all means all.
    pub(super) fn is_called(&self, names: &[String]) -> bool {
        let means = |part: &String| self.name.contains(part) || self.feature.contains(part);
        names.is_empty() || names.iter().any(means)
    }
}
