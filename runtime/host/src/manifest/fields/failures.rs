//! `[failures]`.

use toml::de::DeValue;

use super::reader::{Found, Problems, Section};
use crate::{
    failure::{LostOffsets, Policy},
    manifest::FailuresAsked,
};

const FIELDS: &[&str] = &[
    "rejected",
    "traps",
    "oversized",
    "refused",
    "retry",
    "stop-above",
    "lost-offsets",
];
const REJECTED_FIELDS: &[&str] = &["topic", "policy", "cut"];
const RETRY_FIELDS: &[&str] = &["for"];

/// The topic for rejected rows, if one is named, and everything else.
pub(super) fn read(
    root: &Section<'_>,
    problems: &mut Problems<'_>,
) -> (Option<String>, FailuresAsked) {
    let (mut topic, mut asked) = (None, FailuresAsked::default());
    let Some(section) = root
        .get("failures")
        .and_then(|found| problems.section(&found))
    else {
        return (topic, asked);
    };
    section.refuse_unknown(problems, FIELDS);
    if let Some(found) = section.get("lost-offsets") {
        asked.lost_offsets = lost_offsets(&found, problems).unwrap_or_default();
    }
    if let Some(found) = section.get("rejected") {
        topic = rejected(&found, &mut asked, problems);
    }
    for (field, slot) in [
        ("traps", &mut asked.traps),
        ("oversized", &mut asked.oversized),
        ("refused", &mut asked.refused),
    ] {
        if let Some(found) = section.get(field) {
            *slot = policy(&found, problems).unwrap_or_default();
        }
    }
    if let Some(retry) = section
        .get("retry")
        .and_then(|found| problems.section(&found))
    {
        retry.refuse_unknown(problems, RETRY_FIELDS);
        asked.retry_for = retry.get("for").and_then(|found| problems.duration(&found));
    }
    asked.stop_above = section
        .get("stop-above")
        .and_then(|found| percent(&found, problems));
    (topic, asked)
}

/// A policy alone, or a table with the topic.
fn rejected(
    found: &Found<'_>,
    asked: &mut FailuresAsked,
    problems: &mut Problems<'_>,
) -> Option<String> {
    if let DeValue::String(_) = found.value {
        asked.rejected = policy(found, problems).unwrap_or_default();
        return None;
    }
    let section = problems.section(found)?;
    section.refuse_unknown(problems, REJECTED_FIELDS);
    if let Some(found) = section.get("policy") {
        asked.rejected = policy(&found, problems).unwrap_or_default();
    }
    asked.cut = section
        .get("cut")
        .and_then(|found| problems.boolean(&found))
        .unwrap_or(false);
    let found = section.get("topic")?;
    let name = problems.text(&found)?;
    super::topic(&found, name, problems)
}

fn policy(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<Policy> {
    match problems.text(found)? {
        "dead-letter" => Some(Policy::DeadLetter),
        "drop" => Some(Policy::Drop),
        "stop" => Some(Policy::Stop),
        other => problems.at(
            found,
            format!("{other:?} is no policy: write \"dead-letter\", \"drop\" or \"stop\""),
        ),
    }
}

fn lost_offsets(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<LostOffsets> {
    match problems.text(found)? {
        "stop" => Some(LostOffsets::Stop),
        "earliest" => Some(LostOffsets::Earliest),
        other => problems.at(
            found,
            format!("{other:?} is none of the choices: write \"stop\" or \"earliest\""),
        ),
    }
}

fn percent(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<u8> {
    let text = problems.text(found)?;
    let number = text
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<u8>().ok());
    match number {
        Some(percent @ 0..=100) => Some(percent),
        _ => problems.at(
            found,
            "is no share: write a whole percentage from \"0 %\" to \"100 %\"",
        ),
    }
}
