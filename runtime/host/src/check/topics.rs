//! Topics that the manifest names: allowed, there, and no loop.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, Findings};
use crate::{
    manifest::{Manifest, Start},
    names,
    problem::{Problem, suggestion},
};

pub(super) fn check(manifest: &Manifest, file: &str, facts: &Facts<'_>, findings: &mut Findings) {
    reserved(manifest, file, facts, &mut findings.problems);
    if facts.embedded && matches!(manifest.source.start, Start::Time(_)) {
        findings.problems.push(Problem::new(
            format!("{file}: source.start"),
            "is a time, which the embedded broker cannot look up: write \"earliest\", \"latest\" or \"-1000\"",
        ));
    }
    read_exist(manifest, file, facts, findings);
    written_exist(manifest, file, facts, findings);
    loops(manifest, file, facts, findings);
    shared(manifest, findings);
}

fn reserved(manifest: &Manifest, file: &str, facts: &Facts<'_>, problems: &mut Vec<Problem>) {
    for topic in &manifest.source.topics {
        if let Err(why) = names::check_not_reserved(topic, facts.prefix) {
            problems.push(Problem::new(format!("{file}: source.topics"), why));
        }
    }
    for (item, topic) in manifest.written_topics().chain(manifest.table_topics()) {
        if let Err(why) = names::check_not_reserved(topic, facts.prefix) {
            problems.push(Problem::new(format!("{file}: {item}"), why));
        }
    }
}

/// What is read has to be there: the sources, and the topics of tables.
fn read_exist(manifest: &Manifest, file: &str, facts: &Facts<'_>, findings: &mut Findings) {
    let sources = manifest.source.topics.iter();
    let sources = sources.map(|topic| ("source.topics".to_owned(), topic.as_str()));
    for (item, topic) in sources.chain(manifest.table_topics()) {
        if facts.topics.contains_key(topic)
            || names::check_not_reserved(topic, facts.prefix).is_err()
        {
            continue;
        }
        if facts.embedded {
            add_missing(topic, findings);
            continue;
        }
        let visible = facts
            .topics
            .keys()
            .map(String::as_str)
            .filter(|name| !name.starts_with('_'));
        let create = format!("create it first: `millstream topic create {topic}`");
        let hint = match crate::problem::nearest(topic, visible.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if visible.clone().count() <= 10 => {
                format!("{}; {create}", suggestion(topic, visible))
            }
            None => create,
        };
        findings.problems.push(Problem::new(
            format!("{file}: {item}"),
            format!("the topic \"{topic}\" does not exist; {hint}"),
        ));
    }
}

fn written_exist(manifest: &Manifest, file: &str, facts: &Facts<'_>, findings: &mut Findings) {
    for (item, topic) in manifest.written_topics() {
        if facts.topics.contains_key(topic)
            || names::check_not_reserved(topic, facts.prefix).is_err()
        {
            continue;
        }
        if facts.create_topics || facts.embedded {
            add_missing(topic, findings);
            continue;
        }
        let what = if item.starts_with("failures") {
            ", where rejected rows go,"
        } else {
            ""
        };
        findings.problems.push(Problem::new(
            format!("{file}: {item}"),
            format!("the topic \"{topic}\"{what} does not exist: create it, or deploy with --create-topics"),
        ));
    }
}

fn add_missing(topic: &str, findings: &mut Findings) {
    if !findings.missing_topics.iter().any(|known| known == topic) {
        findings.missing_topics.push(topic.to_owned());
    }
}

fn loops(manifest: &Manifest, file: &str, facts: &Facts<'_>, findings: &mut Findings) {
    if manifest.allow_loop {
        return;
    }
    let mut direct = false;
    for (item, topic) in manifest.written_topics() {
        if manifest.source.topics.iter().any(|source| source == topic) {
            direct = true;
            findings.problems.push(Problem::new(
                format!("{file}: {item}"),
                format!("\"{topic}\" is a source as well, so records would go round: name another topic, or write allow-loop = true"),
            ));
        }
    }
    if !direct && let Some(way) = way_back(manifest, facts.others) {
        findings
            .warnings
            .push(format!("records may go round: {way}"));
    }
}

/// How records of this transform come back to it through others, if they do: `likes -> enrich -> swipes`.
fn way_back(
    manifest: &Manifest,
    others: &BTreeMap<String, (Vec<String>, Vec<String>)>,
) -> Option<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<(String, String)> = manifest
        .written_topics()
        .map(|(_, topic)| (topic.to_owned(), topic.to_owned()))
        .collect();
    while let Some((topic, way)) = open.pop() {
        if manifest.source.topics.contains(&topic) {
            return Some(way);
        }
        if !reached.insert(topic.clone()) {
            continue;
        }
        for (name, (sources, written)) in others.iter().filter(|(name, _)| **name != manifest.name)
        {
            if sources.contains(&topic) {
                open.extend(
                    written
                        .iter()
                        .map(|next| (next.clone(), format!("{way} -> {name} -> {next}"))),
                );
            }
        }
    }
    None
}

fn shared(manifest: &Manifest, findings: &mut Findings) {
    let mut by_topic: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (item, topic) in manifest.written_topics() {
        by_topic.entry(topic).or_default().push(item);
    }
    for (topic, items) in by_topic.into_iter().filter(|(_, items)| items.len() > 1) {
        findings.warnings.push(format!(
            "{} go to the same topic \"{topic}\"",
            items.join(" and ")
        ));
    }
}
