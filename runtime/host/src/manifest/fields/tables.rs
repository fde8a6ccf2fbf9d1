//! `[tables]`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::reader::{Found, Problems, Section};
use crate::{
    manifest::{Scope, TableAsked},
    tables::key_field,
};

const FIELDS: &[&str] = &["topic", "memory", "scope", "value", "key-field"];

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
            tables.insert(item.name.to_owned(), asked);
        }
    }
    tables
}

fn key_field(found: &Found<'_>, scope: Scope, problems: &mut Problems<'_>) -> Option<String> {
    let pointer = problems.text(found)?;
    if scope == Scope::Partition {
        let message = "cannot be together with scope = \"partition\": rows lie in the partitions of their records' keys; leave one of \
                       the two out";
        return problems.at(found, message);
    }
    match key_field::check(pointer) {
        Ok(()) => Some(pointer.to_owned()),
        Err(why) => problems.at(found, why),
    }
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
            key_field: None,
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
    if let Some(found) = section.get("value") {
        super::encoding(&found, problems);
    }
    let key_field = section
        .get("key-field")
        .and_then(|found| key_field(&found, scope, problems));
    let named = section.demand("topic", problems, "topic = \"users\"")?;
    let name = problems.text(&named)?;
    Some(TableAsked {
        topic: super::topic(&named, name, problems)?,
        memory,
        scope,
        key_field,
    })
}
