//! `[tables]`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::reader::{Found, Problems, Section};
use crate::manifest::{Scope, TableAsked};

const FIELDS: &[&str] = &["topic", "memory", "scope"];

pub(super) fn read(
    root: &Section<'_>,
    problems: &mut Problems<'_>,
) -> BTreeMap<String, TableAsked> {
    let mut tables = BTreeMap::new();
    let Some(section) = root
        .get("tables")
        .and_then(|found| problems.section(&found))
    else {
        return tables;
    };
    for item in section.items() {
        if let Some(asked) = table(&item, problems) {
            tables.insert(item.name().to_owned(), asked);
        }
    }
    tables
}

fn scope(found: &Found<'_>, problems: &mut Problems<'_>) -> Scope {
    match problems.text(found) {
        None | Some("host") => Scope::Host,
        Some("partition") => Scope::Partition,
        Some(other) => {
            let message = format!("\"{other}\" is no scope: write \"host\" or \"partition\"");
            problems.at::<()>(found, message);
            Scope::Host
        }
    }
}

/// A topic alone, or a table with the topic.
fn table(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<TableAsked> {
    if let DeValue::String(name) = found.value {
        return Some(TableAsked {
            topic: super::topic(found, name, problems)?,
            memory: None,
            scope: Scope::Host,
        });
    }
    let section = problems.section(found)?;
    section.refuse_unknown(problems, FIELDS);
    let memory = section
        .get("memory")
        .and_then(|found| problems.size(&found));
    let scope = section
        .get("scope")
        .map_or(Scope::Host, |found| scope(&found, problems));
    let named = section.demand("topic", problems, "topic = \"users\"")?;
    let name = problems.text(&named)?;
    Some(TableAsked {
        topic: super::topic(&named, name, problems)?,
        memory,
        scope,
    })
}
