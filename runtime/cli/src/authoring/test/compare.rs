//! What came out against what was expected, as lines for people: `-` was expected, `+` came.
//!
//! Records are compared output by output: between two outputs there is no order.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Expected, write};
use super::engine::Outcome;
use super::text;
use crate::output::{self, escape};

/// Shows lines of differences, indented and coloured.
pub(in crate::authoring) fn print(differences: &[String]) {
    let style = output::style::stdout();
    for line in differences {
        let shown = escape(line);
        match line.trim_start().chars().next() {
            Some('-') => output::line(format_args!("  {}", style.red(shown))),
            Some('+') => output::line(format_args!("  {}", style.green(shown))),
            _ => output::line(format_args!("  {shown}")),
        }
    }
}

/// What a run did otherwise than another run of the same records.
pub(in crate::authoring) fn runs(first: &[Outcome], second: &[Outcome]) -> Vec<String> {
    let outputs: BTreeSet<Option<&str>> = first.iter().chain(second).map(Outcome::output).collect();
    let mut lines = Vec::new();
    for output in outputs {
        let of = |all: &'_ [Outcome]| -> Vec<Outcome> {
            all.iter()
                .filter(|outcome| outcome.output() == output)
                .cloned()
                .collect()
        };
        let (first, second) = (of(first), of(second));
        for step in align(&first, &second, |a, b| a == b) {
            match step {
                Step::Same => {}
                Step::Missing(i) => lines.push(format!("- {}", write(&first[i], &[]))),
                Step::Extra(i) => lines.push(format!("+ {}", write(&second[i], &[]))),
            }
        }
    }
    lines
}

/// What came out otherwise than expected. Empty: all is well.
pub(in crate::authoring) fn with_expected(
    expected: &[Expected],
    outcomes: &[Outcome],
) -> Vec<String> {
    let outputs: BTreeSet<Option<&str>> = expected
        .iter()
        .map(|expected| expected.output.as_deref())
        .chain(outcomes.iter().map(Outcome::output))
        .collect();
    let mut lines = Vec::new();
    for output in outputs {
        let expected: Vec<&Expected> = expected
            .iter()
            .filter(|expected| expected.output.as_deref() == output)
            .collect();
        let mut came: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.output() == output)
            .collect();
        if output.is_none() {
            came.sort_by_key(|outcome| outcome.row());
        }
        let steps = align(&expected, &came, |expected, outcome| {
            fits(expected, outcome)
        });
        let mut steps = steps.into_iter().peekable();
        while let Some(step) = steps.next() {
            match step {
                Step::Same => {}
                Step::Missing(i) => match steps.next_if(|next| matches!(next, Step::Extra(_))) {
                    Some(Step::Extra(j)) => changed(expected[i], came[j], &mut lines),
                    _ => lines.push(format!("- {}", expected[i].line)),
                },
                Step::Extra(j) => lines.push(format!(
                    "+ {}  (from row {})",
                    write(came[j], &[]),
                    came[j].row()
                )),
            }
        }
    }
    lines
}

/// Which counters came to something else than expected.
pub(super) fn counters(
    expected: &BTreeMap<String, u64>,
    counts: &BTreeMap<&str, u64>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, expected) in expected {
        match counts.get(name.as_str()) {
            Some(count) if count == expected => {}
            Some(count) => {
                lines.push(format!("the counter {name}:"));
                lines.push(format!("  - {expected}"));
                lines.push(format!("  + {count}"));
            }
            None => lines.push(format!("the transform declares no counter {name}")),
        }
    }
    lines
}

/// Whether everything that is expected of an outcome is so.
fn fits(expected: &Expected, outcome: &Outcome) -> bool {
    let mut lines = Vec::new();
    changed(expected, outcome, &mut lines);
    lines.is_empty()
}

/// Says which parts of an outcome are not as expected.
fn changed(expected: &Expected, outcome: &Outcome, lines: &mut Vec<String>) {
    let mut parts: Vec<(&str, String, String)> = Vec::new();
    let mut part = |name, same: bool, expected: String, came: String| {
        if !same {
            parts.push((name, expected, came));
        }
    };
    if let Some(row) = expected.row {
        part(
            "row",
            row == outcome.row(),
            row.to_string(),
            outcome.row().to_string(),
        );
    }
    let title = match outcome {
        Outcome::Rejected { row, code, reason } => {
            if let Some(rejected) = &expected.rejected {
                part(
                    "code",
                    rejected.code == *code,
                    rejected.code.clone(),
                    code.clone(),
                );
                if let Some(expected) = &rejected.reason {
                    part(
                        "reason",
                        expected == reason,
                        expected.clone(),
                        reason.clone(),
                    );
                }
            }
            format!("the rejection of row {row}:")
        }
        Outcome::Emitted {
            row,
            output,
            key,
            value,
            headers,
            timestamp,
            partition,
        } => {
            for (name, expected, came) in [
                ("key", &expected.key, key),
                ("value", &expected.value, value),
            ] {
                if let Some(expected) = expected {
                    let written = text::write(expected.bytes.as_deref());
                    part(
                        name,
                        expected.fits(came.as_deref()),
                        written,
                        text::write(came.as_deref()),
                    );
                }
            }
            if let Some(expected) = &expected.headers {
                let same = expected.len() == headers.len()
                    && expected.iter().zip(headers).all(|(expected, came)| {
                        expected.0 == came.0 && expected.1.fits(came.1.as_deref())
                    });
                let wanted = list(
                    expected
                        .iter()
                        .map(|(name, value)| (name, value.bytes.as_deref())),
                );
                part(
                    "headers",
                    same,
                    wanted,
                    list(headers.iter().map(|(name, value)| (name, value.as_deref()))),
                );
            }
            if let Some(expected) = expected.timestamp {
                part(
                    "timestamp",
                    expected == *timestamp,
                    expected.to_string(),
                    timestamp.to_string(),
                );
            }
            if let Some(expected) = expected.partition {
                let came = partition.map_or("none".to_owned(), |partition| partition.to_string());
                part(
                    "partition",
                    Some(expected) == *partition,
                    expected.to_string(),
                    came,
                );
            }
            format!("{output}, the record from row {row}:")
        }
    };
    if parts.is_empty() {
        return;
    }
    lines.push(title);
    for (name, expected, came) in parts {
        lines.push(format!("  - {name} {expected}"));
        lines.push(format!("  + {name} {came}"));
    }
}

fn list<'a>(headers: impl Iterator<Item = (&'a String, Option<&'a [u8]>)>) -> String {
    let headers: Vec<String> = headers
        .map(|(name, value)| {
            format!(
                "[{},{}]",
                serde_json::Value::from(name.as_str()),
                text::write(value)
            )
        })
        .collect();
    format!("[{}]", headers.join(","))
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Same,
    Missing(usize),
    Extra(usize),
}

/// Past this many comparisons records are compared position by position.
const MOST: usize = 4_000_000;

/// The fewest steps from one list to the other; missing entries come before extra ones.
fn align<A, B>(expected: &[A], came: &[B], same: impl Fn(&A, &B) -> bool) -> Vec<Step> {
    let common = expected
        .iter()
        .zip(came)
        .take_while(|(a, b)| same(a, b))
        .count();
    let (expected, came) = (&expected[common..], &came[common..]);
    let (n, m) = (expected.len(), came.len());
    let mut steps: Vec<Step> = (0..common).map(|_| Step::Same).collect();
    if n * m > MOST {
        for i in 0..n.max(m) {
            if i < n && i < m && same(&expected[i], &came[i]) {
                steps.push(Step::Same);
                continue;
            }
            steps.extend((i < n).then_some(Step::Missing(common + i)));
            steps.extend((i < m).then_some(Step::Extra(common + i)));
        }
        return steps;
    }
    // The longest common subsequence, from the ends.
    let equal: Vec<Vec<bool>> = expected
        .iter()
        .map(|a| came.iter().map(|b| same(a, b)).collect())
        .collect();
    let mut longest = vec![vec![0u32; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            longest[i][j] = if equal[i][j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    while i < n || j < m {
        if i < n && j < m && equal[i][j] {
            settle(&mut missing, &mut extra, &mut steps);
            steps.push(Step::Same);
            (i, j) = (i + 1, j + 1);
        } else if j == m || i < n && longest[i + 1][j] >= longest[i][j + 1] {
            missing.push(common + i);
            i += 1;
        } else {
            extra.push(common + j);
            j += 1;
        }
    }
    settle(&mut missing, &mut extra, &mut steps);
    steps
}

/// Puts what differs between two equal entries side by side: the first missing one with the first extra one.
fn settle(missing: &mut Vec<usize>, extra: &mut Vec<usize>, steps: &mut Vec<Step>) {
    let pairs = missing.len().min(extra.len());
    for (missing, extra) in missing.drain(..pairs).zip(extra.drain(..pairs)) {
        steps.push(Step::Missing(missing));
        steps.push(Step::Extra(extra));
    }
    steps.extend(missing.drain(..).map(Step::Missing));
    steps.extend(extra.drain(..).map(Step::Extra));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(line: &str) -> Expected {
        let mut expected: Expected = serde_json::from_str(line).expect("it can be read");
        line.clone_into(&mut expected.line);
        expected
    }

    fn came(row: usize, output: &str, value: &str) -> Outcome {
        Outcome::Emitted {
            row,
            output: output.to_owned(),
            key: None,
            value: Some(value.as_bytes().to_vec()),
            headers: Vec::new(),
            timestamp: 0,
            partition: None,
        }
    }

    #[test]
    fn counters_that_nobody_names_are_not_compared() {
        let expected = [
            ("a".to_owned(), 1),
            ("b".to_owned(), 2),
            ("d".to_owned(), 0),
        ];
        let counts = [("a", 1), ("b", 3), ("c", 4)].into();
        assert_eq!(
            counters(&expected.into(), &counts),
            [
                "the counter b:",
                "  - 2",
                "  + 3",
                "the transform declares no counter d"
            ]
        );
    }

    #[test]
    fn only_what_differs_is_said() {
        let expected = [
            expected(r#"{"output":"a","value":"1"}"#),
            expected(r#"{"output":"a","value":"2","key":null}"#),
            expected(r#"{"output":"a","value":"3"}"#),
            expected(r#"{"output":"b","value":"4"}"#),
        ];
        let outcomes = [
            came(0, "b", "4"),
            came(1, "a", "1"),
            came(2, "a", "x"),
            came(3, "a", "3"),
        ];
        assert_eq!(
            with_expected(&expected, &outcomes),
            [
                "a, the record from row 2:",
                "  - value \"2\"",
                "  + value \"x\""
            ]
        );
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_said() {
        let expected = [
            expected(r#"{"output":"a","value":"1"}"#),
            expected(r#"{"output":"a","value":"2"}"#),
            expected(r#"{"row":9,"rejected":{"code":"bad"}}"#),
        ];
        let outcomes = [came(1, "a", "2"), came(2, "a", "3")];
        assert_eq!(
            with_expected(&expected, &outcomes),
            [
                r#"- {"row":9,"rejected":{"code":"bad"}}"#,
                r#"- {"output":"a","value":"1"}"#,
                r#"+ {"output":"a","key":null,"value":"3","headers":[],"timestamp":0}  (from row 2)"#,
            ]
        );
    }

    #[test]
    fn runs_may_interleave_outputs_but_not_records_of_one() {
        let (a1, a2, b) = (came(0, "a", "1"), came(1, "a", "2"), came(1, "b", "2"));
        assert!(
            runs(
                &[a1.clone(), a2.clone(), b.clone()],
                &[b.clone(), a1.clone(), a2.clone()]
            )
            .is_empty()
        );
        assert!(!runs(&[a1.clone(), a2.clone()], &[a2, a1]).is_empty());
    }
}
