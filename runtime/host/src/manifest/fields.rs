//! The manifest's fields, one after the other.

mod failures;
mod reader;
mod tables;

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use toml::de::DeValue;

use self::reader::{Found, Problems, Section};
use super::{Guarantee, LimitsAsked, Manifest, Source, Start, Step};
use crate::{names, problem::Problem};

const FIELDS: &[&str] = &[
    "name",
    "source",
    "delivery",
    "commit-interval",
    "module",
    "settings",
    "steps",
    "outputs",
    "tables",
    "failures",
    "limits",
    "lanes",
    "allow-loop",
];
const SOURCE_FIELDS: &[&str] = &["topics", "start", "value"];
const STEP_FIELDS: &[&str] = &["module", "settings"];
const LIMIT_FIELDS: &[&str] = &[
    "memory",
    "batch-time",
    "result-size",
    "written-size",
    "written-records",
];
/// What makes sense of `commit-interval`.
const COMMIT_INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(5);

/// More lanes than that are a slip of the finger: each has an instance.
const LANES_LIMIT: i64 = 1024;

pub(super) fn parse(file: &str, text: &str) -> Result<Manifest, Vec<Problem>> {
    let mut problems = Problems::new(file, text);
    let document = match toml::de::DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            problems.add(at, "", format!("not valid TOML: {}", error.message()));
            return Err(problems.finish());
        }
    };
    let root = Section::root(document.get_ref());
    root.refuse_unknown(&mut problems, FIELDS);

    let name = name(&root, &mut problems);
    let source = source(&root, &mut problems);
    let delivery = delivery(&root, &mut problems);
    let commit_interval = commit_interval(&root, &mut problems);
    let step = step(&root, &mut problems);
    let outputs = outputs(&root, &mut problems);
    let tables = tables::read(&root, &mut problems);
    let (rejected, failures) = failures::read(&root, &mut problems);
    let limits = limits(&root, &mut problems);
    let lanes = lanes(&root, &mut problems);
    let allow_loop = root
        .get("allow-loop")
        .and_then(|found| problems.boolean(&found))
        .unwrap_or(false);

    match (name, source, step, outputs) {
        (Some(name), Some(source), Some(step), Some(outputs)) if problems.is_empty() => {
            let rejected_topic = Manifest::rejected_or_default(&name, rejected);
            Ok(Manifest {
                name,
                source,
                step,
                outputs,
                tables,
                rejected_topic,
                delivery,
                commit_interval,
                failures,
                limits,
                lanes,
                allow_loop,
            })
        }
        _ => Err(problems.finish()),
    }
}

fn name(root: &Section<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let found = root.demand("name", problems, "name = \"route-swipes\"")?;
    let name = problems.text(&found)?;
    match names::check_transform(name) {
        Ok(()) => Some(name.to_owned()),
        Err(why) => problems.at(&found, why),
    }
}

fn source(root: &Section<'_>, problems: &mut Problems<'_>) -> Option<Source> {
    let found = root.demand("source", problems, "source = { topics = [\"swipes\"] }")?;
    let section = problems.section(&found)?;
    section.refuse_unknown(problems, SOURCE_FIELDS);
    let topics = section
        .demand("topics", problems, "topics = [\"swipes\"]")
        .and_then(|found| topics(&found, problems));
    let start = match section.get("start") {
        Some(found) => start(&found, problems),
        None => Some(Start::default()),
    };
    if let Some(found) = section.get("value") {
        encoding(&found, problems);
    }
    Some(Source {
        topics: topics?,
        start: start?,
    })
}

fn topics(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<Vec<String>> {
    let DeValue::Array(array) = found.value else {
        return problems.wrong_type(found, "a list of topics, such as [\"swipes\"]");
    };
    let mut topics: Vec<String> = Vec::new();
    let mut sound = true;
    for item in array.iter() {
        let item = found.item(item);
        match problems
            .text(&item)
            .and_then(|name| topic(&item, name, problems))
        {
            Some(name) if topics.contains(&name) => {
                sound = false;
                problems.at::<()>(&item, format!("\"{name}\" is named twice"));
            }
            Some(name) => topics.push(name),
            None => sound = false,
        }
    }
    if topics.is_empty() && sound {
        return problems.at(found, "names no topic: a transform reads at least one");
    }
    sound.then_some(topics)
}

fn topic(found: &Found<'_>, name: &str, problems: &mut Problems<'_>) -> Option<String> {
    match names::check_topic(name) {
        Ok(()) => Some(name.to_owned()),
        Err(why) => problems.at(found, why),
    }
}

/// What values are, for the fields that a module declares. There is one encoding so far, which is also the default.
fn encoding(found: &Found<'_>, problems: &mut Problems<'_>) {
    if let Some(name) = problems.text(found)
        && name != "json"
    {
        let why =
            format!("there is no encoding {name:?}: declared fields are taken out of \"json\"");
        problems.at::<()>(found, why);
    }
}

fn start(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<Start> {
    let start = match found.value {
        DeValue::Datetime(time) => Start::at(time),
        // `start = -1000` means the same with and without quotes.
        DeValue::Integer(number) => Start::parse(number.as_str()),
        _ => Start::parse(problems.text(found)?),
    };
    start.map_or_else(|why| problems.at(found, why), Some)
}

fn delivery(root: &Section<'_>, problems: &mut Problems<'_>) -> Guarantee {
    let Some(found) = root.get("delivery") else {
        return Guarantee::default();
    };
    match problems.text(&found) {
        None | Some("at-least-once") => Guarantee::AtLeastOnce,
        Some("exactly-once") => Guarantee::ExactlyOnce,
        Some(other) => {
            let message = format!(
                "\"{other}\" is no way of delivery: write \"at-least-once\" or \"exactly-once\""
            );
            problems.at::<()>(&found, message);
            Guarantee::default()
        }
    }
}

fn commit_interval(root: &Section<'_>, problems: &mut Problems<'_>) -> Option<Duration> {
    let found = root.get("commit-interval")?;
    let time = problems.duration(&found)?;
    if !COMMIT_INTERVALS.contains(&time) {
        let message = format!(
            "must be from {} to {}: shorter ones cost a broker more than they bring, longer ones come close to the time after which \
             a broker aborts a transaction",
            humantime::format_duration(*COMMIT_INTERVALS.start()),
            humantime::format_duration(*COMMIT_INTERVALS.end())
        );
        return problems.at(&found, message);
    }
    Some(time)
}

fn step(root: &Section<'_>, problems: &mut Problems<'_>) -> Option<Step> {
    let Some(steps) = root.get("steps") else {
        let module = root.demand("module", problems, "module = \"route.wasm\"");
        return step_of(module, root.get("settings"), problems);
    };
    for shorthand in ["module", "settings"] {
        if let Some(found) = root.get(shorthand) {
            problems.at::<()>(
                &found,
                "stands beside [[steps]]: write it into the step, or leave [[steps]] out",
            );
        }
    }
    let DeValue::Array(array) = steps.value else {
        return problems.wrong_type(&steps, "a list of steps: write [[steps]]");
    };
    let mut items = array.iter();
    let Some(first) = items.next() else {
        return problems.at(&steps, "names no step: write [[steps]] with a module");
    };
    if let Some(second) = items.next() {
        let second = steps.item(second);
        problems.unsupported(&second, "several steps are", "all but one of the [[steps]]");
    }
    let section = problems.section(&steps.item(first))?;
    section.refuse_unknown(problems, STEP_FIELDS);
    let module = section.demand("module", problems, "module = \"route.wasm\"");
    step_of(module, section.get("settings"), problems)
}

fn step_of(
    module: Option<Found<'_>>,
    settings: Option<Found<'_>>,
    problems: &mut Problems<'_>,
) -> Option<Step> {
    let settings = match settings {
        Some(found) => texts_of(&found, problems),
        None => Some(Vec::new()),
    };
    let module = module.and_then(|found| match problems.text(&found) {
        Some("") => problems.at(&found, "is empty: name the file of the component"),
        text => text.map(str::to_owned),
    });
    Some(Step {
        module: module?,
        settings: settings?,
    })
}

/// Settings: text, and integers and booleans written out as such.
fn texts_of(found: &Found<'_>, problems: &mut Problems<'_>) -> Option<Vec<(String, String)>> {
    let section = problems.section(found)?;
    let mut settings = Vec::new();
    let mut sound = true;
    for item in section.items() {
        let text = match item.value {
            DeValue::String(text) => Some(text.as_ref().to_owned()),
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().trim_start_matches('+').to_owned()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Some(number.to_string()),
                Err(_) => problems.at(&item, "is a number that no 64 bits can hold: write it in quotes"),
            },
            DeValue::Boolean(truth) => Some(truth.to_string()),
            other => problems.at(
                &item,
                format!("is {}: a setting is text, an integer or a boolean; write anything else in quotes", reader::type_name(other)),
            ),
        };
        match text {
            Some(text) => settings.push((item.name.to_owned(), text)),
            None => sound = false,
        }
    }
    sound.then_some(settings)
}

fn outputs(root: &Section<'_>, problems: &mut Problems<'_>) -> Option<BTreeMap<String, String>> {
    let found = root.demand(
        "outputs",
        problems,
        "[outputs] with a line such as likes = \"swipes.likes\"",
    )?;
    let section = problems.section(&found)?;
    let mut outputs = BTreeMap::new();
    let mut sound = true;
    for item in section.items() {
        match problems
            .text(&item)
            .and_then(|name| topic(&item, name, problems))
        {
            Some(topic) => drop(outputs.insert(item.name.to_owned(), topic)),
            None => sound = false,
        }
    }
    if outputs.is_empty() && sound {
        return problems.at(&found, "names no output: a transform has at least one");
    }
    sound.then_some(outputs)
}

fn limits(root: &Section<'_>, problems: &mut Problems<'_>) -> LimitsAsked {
    let mut limits = LimitsAsked::default();
    let Some(section) = root
        .get("limits")
        .and_then(|found| problems.section(&found))
    else {
        return limits;
    };
    section.refuse_unknown(problems, LIMIT_FIELDS);
    for (field, slot) in [
        ("memory", &mut limits.memory),
        ("result-size", &mut limits.result_size),
        ("written-size", &mut limits.written_size),
    ] {
        *slot = section.get(field).and_then(|found| problems.size(&found));
    }
    limits.batch_time = section
        .get("batch-time")
        .and_then(|found| problems.duration(&found));
    limits.written_records = section
        .get("written-records")
        .and_then(|found| problems.integer(&found, 1, i64::MAX))
        .map(i64::unsigned_abs);
    limits
}

fn lanes(root: &Section<'_>, problems: &mut Problems<'_>) -> Option<u32> {
    let found = root.get("lanes")?;
    problems
        .integer(&found, 1, LANES_LIMIT)
        .and_then(|lanes| u32::try_from(lanes).ok())
}
