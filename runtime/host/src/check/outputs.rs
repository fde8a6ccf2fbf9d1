//! The manifest against what the module says of itself.

use millstream_engine::{Description, LookupKey};

use crate::{
    manifest::{Manifest, Scope},
    problem::{Problem, suggestion},
};

/// The output that stands for the next step of a deployment that has several.
const NEXT: &str = "next";

/// Checks that every output and every table of the module has a topic, that no topic is given to one that does not exist, and
/// that the module asks for nothing that this version of the host does not have.
/// `file` is what problems call the manifest, `module` the module.
pub fn description(
    manifest: &Manifest,
    file: &str,
    module: &str,
    description: &Description,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if description.outputs.iter().any(|output| output == NEXT) {
        let message = "declares the output \"next\", which stands for the next step: several steps are not supported by this version of Millstream";
        problems.push(Problem::new(module, message));
    }
    for named in [
        Named {
            what: "output",
            option: "--to",
            declared: description.outputs.iter().map(String::as_str).collect(),
            without_topic: Some(NEXT),
            given: manifest.outputs.keys().map(String::as_str).collect(),
        },
        Named {
            what: "table",
            option: "--table",
            declared: description.tables.iter().map(String::as_str).collect(),
            without_topic: None,
            given: manifest.tables.keys().map(String::as_str).collect(),
        },
    ] {
        named.check(file, module, &mut problems);
    }
    by_fields(manifest, file, module, description, &mut problems);
    problems
}

/// A table of which hosts have partitions has a row where the record is only if both have the same key.
fn by_fields(
    manifest: &Manifest,
    file: &str,
    module: &str,
    description: &Description,
    problems: &mut Vec<Problem>,
) {
    for (at, name) in description.tables.iter().enumerate() {
        let in_parts = manifest
            .tables
            .get(name)
            .is_some_and(|table| table.scope == Scope::Partition);
        let mut lookups = description.lookups.iter();
        let by_field =
            lookups.any(|lookup| lookup.table as usize == at && lookup.key != LookupKey::Record);
        if in_parts && by_field {
            problems.push(Problem::new(
                format!("{file}: tables.{name}.scope"),
                format!(
                    "is \"partition\", but {module} looks rows up by a field, which may lie in a partition that this host has not: leave \
                     scope out, or look them up by the record's key"
                ),
            ));
        }
    }
}

/// What a module has names for and a manifest gives topics to.
struct Named<'a> {
    what: &'static str,
    /// Of the command line.
    option: &'static str,
    declared: Vec<&'a str>,
    /// The one that needs no topic.
    without_topic: Option<&'static str>,
    given: Vec<&'a str>,
}

impl Named<'_> {
    fn check(&self, file: &str, module: &str, problems: &mut Vec<Problem>) {
        let Named {
            what,
            option,
            declared,
            without_topic,
            given,
        } = self;
        let wanted = declared
            .iter()
            .filter(|name| Some(**name) != *without_topic);
        for name in wanted.filter(|name| !given.contains(name)) {
            let message = format!(
                "has no topic for the {what} \"{name}\", which {module} declares: add {name} = \"…\" or {option} {name}=…"
            );
            problems.push(Problem::new(format!("{file}: {what}s"), message));
        }
        for name in given.iter().filter(|name| !declared.contains(name)) {
            let known = suggestion(name, declared.iter().copied());
            let message = format!("{module} has no such {what}; {known}");
            problems.push(Problem::new(format!("{file}: {what}s.{name}"), message));
        }
    }
}
