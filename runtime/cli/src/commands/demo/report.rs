//! What the demo has to say at the end: tables, figures, the verdict, what to try next.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::check::Verdict;
use super::{TRANSFORMS, expect};
use crate::api::{Deployed, Transform, TransformList};
use crate::output::{self, Complaint, escape, numbers, style, table::Columns};

/// The counts that have to come out; what is left of the expectations once the checker has them.
pub(super) struct Plan {
    records: HashMap<&'static str, u64>,
    codes: HashMap<&'static str, BTreeMap<&'static str, u64>>,
}

/// What it took.
pub(super) struct Cost {
    pub(super) wall: Duration,
    /// CPU time of the whole process.
    pub(super) cpu: Duration,
}

impl Plan {
    pub(super) fn of(expected: &HashMap<&'static str, expect::Topic>) -> Plan {
        Plan {
            records: expected
                .iter()
                .map(|(name, topic)| (*name, topic.records))
                .collect(),
            codes: expected
                .iter()
                .map(|(name, topic)| {
                    (
                        *name,
                        topic
                            .codes
                            .iter()
                            .map(|(code, count)| (*code, *count))
                            .collect(),
                    )
                })
                .collect(),
        }
    }

    /// Records of all topics.
    pub(super) fn records(&self) -> u64 {
        self.records.values().sum()
    }

    /// Records of one topic.
    pub(super) fn topic(&self, name: &str) -> u64 {
        self.records.get(name).copied().unwrap_or(0)
    }
}

/// CPU time of this process so far.
pub(super) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// A line for a transform that was deployed.
pub(super) fn deployed(name: &str, deployed: &Deployed) -> String {
    format!(
        "Deployed {name}, revision {}, module {}: running.",
        deployed.revision,
        escape(numbers::short(&deployed.digest))
    )
}

/// The tables and figures.
pub(super) fn print(
    plan: &Plan,
    verdict: &Verdict,
    list: &TransformList,
    metrics: &str,
    cost: &Cost,
) {
    output::line("");
    topics(plan, verdict).print();
    output::line("");
    transforms(list, metrics).print();
    output::line("");
    let events = plan.topic(expect::EVENTS);
    let seconds = cost.wall.as_secs_f64().max(0.001);
    output::line(format_args!(
        "{} events in {}: {} events a second, all the way through.",
        numbers::count(events),
        numbers::took(cost.wall),
        numbers::count((events as f64 / seconds) as u64)
    ));
    output::line(format_args!(
        "CPU an event: {} for everything in this process (generator, broker, host, transforms, checker).",
        micros(cost.cpu.as_secs_f64(), events)
    ));
}

fn topics(plan: &Plan, verdict: &Verdict) -> Columns {
    let mut columns = Columns::new(&[
        "TOPIC",
        "FROM",
        ">EXPECTED",
        ">FOUND",
        ">BYTES",
        "REJECTED BECAUSE",
    ]);
    for name in expect::TOPICS {
        let found = verdict.topics.get(name).cloned().unwrap_or_default();
        let mut codes: Vec<_> = found.codes.iter().collect();
        codes.sort();
        let codes: Vec<String> = codes
            .iter()
            .map(|(code, count)| format!("{} {}", numbers::count(**count), escape(code)))
            .collect();
        columns.row([
            name.to_owned(),
            writer(name).to_owned(),
            numbers::count(plan.topic(name)),
            numbers::count(found.records),
            bytesize::ByteSize(found.bytes).to_string(),
            codes.join(", "),
        ]);
    }
    columns
}

fn writer(topic: &str) -> &'static str {
    let writes = |transform: &&super::Transform| {
        transform.rejected == topic || transform.outputs.iter().any(|(_, to)| *to == topic)
    };
    TRANSFORMS
        .iter()
        .find(writes)
        .map_or("the generator", |transform| transform.name)
}

fn transforms(list: &TransformList, metrics: &str) -> Columns {
    let mut columns = Columns::new(&[
        "TRANSFORM",
        ">IN",
        ">OUT",
        ">DROPPED",
        ">REJECTED",
        ">GUEST CPU AN EVENT",
    ]);
    for transform in in_order(list) {
        // Each of them emits a row at most once, so what is neither out nor rejected was dropped.
        let dropped = transform
            .records_in
            .saturating_sub(transform.records_out + transform.rejected);
        let cpu = metric(
            metrics,
            "millstream_guest_cpu_seconds_total",
            &transform.name,
        );
        columns.row([
            escape(&transform.name).into_owned(),
            numbers::count(transform.records_in),
            numbers::count(transform.records_out),
            numbers::count(dropped),
            numbers::count(transform.rejected),
            cpu.map_or_else(
                || "?".to_owned(),
                |seconds| micros(seconds, transform.records_in),
            ),
        ]);
    }
    columns
}

fn in_order(list: &TransformList) -> impl Iterator<Item = &Transform> {
    TRANSFORMS.iter().filter_map(|transform| {
        list.transforms
            .iter()
            .find(|listed| listed.name == transform.name)
    })
}

fn micros(seconds: f64, events: u64) -> String {
    format!("{:.2} µs", seconds * 1e6 / events.max(1) as f64)
}

/// The value of a metric of one transform in Prometheus' text format, all its series added up.
fn metric(metrics: &str, name: &str, transform: &str) -> Option<f64> {
    let label = format!("\"{transform}\"");
    let of_it = metrics.lines().filter_map(|line| {
        let labels = line.strip_prefix(name)?.strip_prefix('{')?;
        let (labels, value) = labels.split_once('}')?;
        labels
            .contains(&label)
            .then(|| value.split_whitespace().next()?.parse::<f64>().ok())
            .flatten()
    });
    of_it.reduce(|sum, value| sum + value)
}

/// Says that all is well, or fails with everything that is not.
///
/// # Errors
/// A record is missing, wrong, doubled, out of order or dropped, or the host counted otherwise.
pub(super) fn judge(plan: &Plan, verdict: &Verdict, list: &TransformList) -> anyhow::Result<()> {
    let mut wrong = verdict.wrong.clone();
    let mut errors = verdict.errors;
    for (what, expected, found) in counts(plan, verdict, list) {
        if expected != found {
            errors += 1;
            wrong.push(format!(
                "{what}: {} instead of {}",
                numbers::count(found),
                numbers::count(expected)
            ));
        }
    }
    if errors == 0 {
        output::line(format_args!(
            "{} {} records have the key, value, headers, timestamp and order that they have to have; the broker dropped none.",
            style::stdout().green("Checked:"),
            numbers::count(plan.records())
        ));
        return Ok(());
    }
    let mut complaint = Complaint::new(
        "demo",
        format!(
            "{} wrong:",
            if errors == 1 {
                "one thing is".to_owned()
            } else {
                format!("{} things are", numbers::count(errors))
            }
        ),
    );
    for wrong in wrong {
        complaint = complaint.detail(wrong);
    }
    Err(complaint.help("this is a bug in Millstream, unless the machine was short of memory: please report it with this output").into())
}

/// Every count that there is more than one opinion of: what it is of, what it has to be, what it is.
fn counts(plan: &Plan, verdict: &Verdict, list: &TransformList) -> Vec<(String, u64, u64)> {
    let mut counts = Vec::new();
    for name in expect::TOPICS {
        let found = verdict.topics.get(name).cloned().unwrap_or_default();
        counts.push((
            format!("records in {name}"),
            plan.topic(name),
            found.records,
        ));
        for (code, expected) in plan.codes.get(name).into_iter().flatten() {
            counts.push((
                format!("records in {name} for {code}"),
                *expected,
                found.codes.get(*code).copied().unwrap_or(0),
            ));
        }
    }
    for transform in &TRANSFORMS {
        let Some(listed) = list
            .transforms
            .iter()
            .find(|listed| listed.name == transform.name)
        else {
            counts.push((format!("transforms called {}", transform.name), 1, 0));
            continue;
        };
        let name = transform.name;
        let out = transform
            .outputs
            .iter()
            .map(|(_, topic)| plan.topic(topic))
            .sum();
        counts.push((
            format!("records in, as the host counts for {name}"),
            plan.topic(transform.source),
            listed.records_in,
        ));
        counts.push((
            format!("records out, as the host counts for {name}"),
            out,
            listed.records_out,
        ));
        counts.push((
            format!("records rejected, as the host counts for {name}"),
            plan.topic(transform.rejected),
            listed.rejected,
        ));
    }
    counts
}

/// Three commands for when the demo has ended.
pub(super) fn next_steps() {
    let program = program();
    steps([
        (
            "KEEP=1 make demo".to_owned(),
            "the same, left running to look around",
        ),
        (
            format!("{program} dev"),
            "a host with a broker of its own, for transforms of yours",
        ),
        (
            format!("{program} new --lang rust my-first"),
            "a transform that builds, tests and deploys as it is",
        ),
    ]);
}

/// Three commands for a demo that goes on.
pub(super) fn next_steps_here(address: &str) {
    let program = program();
    let server = if address.ends_with(&format!(":{}", crate::api::DEFAULT_PORT)) {
        String::new()
    } else {
        format!(" --server {address}")
    };
    steps([
        (
            format!("{program} list{server}"),
            "the transforms and their numbers",
        ),
        (
            format!("{program} topic consume swipes.likes --max 3{server}"),
            "what came out",
        ),
        (
            format!("{program} topic consume route.rejected --max 1 --format json{server}"),
            "what was rejected, and why",
        ),
    ]);
    output::line("Still running; Ctrl-C ends it.");
}

fn steps(steps: [(String, &str); 3]) {
    output::line("\nTry next:");
    let width = steps
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0);
    for (command, what) in steps {
        output::line(format_args!(
            "  {command:<width$}  {}",
            style::stdout().dim(what)
        ));
    }
}

/// What to type to run this very binary.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else {
        return "millstream".to_owned();
    };
    let here = std::env::current_dir().unwrap_or_default();
    let shown = path.strip_prefix(&here).unwrap_or(&path);
    escape(&shown.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_transform_are_added_up_and_others_are_not() {
        let text = "# TYPE a counter\nx_total{transform=\"a\",kind=\"1\"} 1.5\nx_total{transform=\"a\",kind=\"2\"} 2 12345\nx_total{transform=\"ab\"} 7\nx{transform=\"a\"} 9\n";
        assert_eq!(metric(text, "x_total", "a"), Some(3.5));
        assert_eq!(metric(text, "x_total", "c"), None);
    }

    #[test]
    fn one_count_that_differs_fails_the_demo() {
        let plan = Plan::of(&expect::everything(2_000));
        let mut verdict = Verdict::default();
        for (topic, expected) in expect::everything(2_000) {
            let codes = expected
                .codes
                .iter()
                .map(|(code, count)| ((*code).to_owned(), *count))
                .collect();
            verdict.topics.insert(
                topic,
                super::super::check::Found {
                    records: expected.records,
                    bytes: expected.bytes,
                    codes,
                },
            );
        }
        let listed = |transform: &super::super::Transform| Transform {
            name: transform.name.into(),
            records_in: plan.topic(transform.source),
            records_out: transform
                .outputs
                .iter()
                .map(|(_, topic)| plan.topic(topic))
                .sum(),
            rejected: plan.topic(transform.rejected),
            ..crate::commands::list::tests::transform()
        };
        let mut list = TransformList {
            host: "a".into(),
            hosts: vec![],
            transforms: TRANSFORMS.iter().map(listed).collect(),
        };
        assert!(judge(&plan, &verdict, &list).is_ok());

        list.transforms[0].records_out += 1;
        assert!(
            judge(&plan, &verdict, &list)
                .unwrap_err()
                .to_string()
                .contains("records out, as the host counts for filter")
        );
        list.transforms[0].records_out -= 1;
        verdict.errors = 1;
        verdict.wrong = vec!["swipes-0 at offset 3: wrong".into()];
        assert!(
            judge(&plan, &verdict, &list)
                .unwrap_err()
                .to_string()
                .contains("offset 3")
        );
        verdict = Verdict::default();
        assert!(judge(&plan, &verdict, &list).is_err());
    }
}
