//! The manifest against what the module says of itself.

use millstream_engine::Description;

use crate::{
    manifest::Manifest,
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
    let declared = || description.outputs.iter().map(String::as_str);
    for output in declared() {
        if output == NEXT {
            let message = "declares the output \"next\", which stands for the next step: several steps are not supported by this version of Millstream";
            problems.push(Problem::new(module, message));
        } else if !manifest.outputs.contains_key(output) {
            let message = format!(
                "has no topic for the output \"{output}\", which {module} declares: add {output} = \"…\" or --to {output}=…"
            );
            problems.push(Problem::new(format!("{file}: outputs"), message));
        }
    }
    let tables = || description.tables.iter().map(String::as_str);
    for table in tables().filter(|table| !manifest.tables.contains_key(*table)) {
        let message = format!(
            "has no topic for the table \"{table}\", which {module} declares: add {table} = \"…\" or --table {table}=…"
        );
        problems.push(Problem::new(format!("{file}: tables"), message));
    }
    for table in manifest.tables.keys() {
        if !description.tables.contains(table) {
            let message = format!(
                "{module} has no such table; {}",
                suggestion(table, tables())
            );
            problems.push(Problem::new(format!("{file}: tables.{table}"), message));
        }
    }
    for output in manifest
        .outputs
        .keys()
        .filter(|output| !description.outputs.contains(output))
    {
        let message = format!(
            "{module} has no such output; {}",
            suggestion(output, declared())
        );
        problems.push(Problem::new(format!("{file}: outputs.{output}"), message));
    }
    problems
}
