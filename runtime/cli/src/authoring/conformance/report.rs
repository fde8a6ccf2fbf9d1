//! What a run of the vectors comes to, for people and for machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::vector::Vector;
use super::{Judged, Verdict};
use crate::authoring::test::compare;
use crate::output::table::Columns;
use crate::output::{self, escape};

/// Says what is wrong with what an interpreter made of a vector, if anything is.
pub(super) fn differences(module: &str, vector: &Vector, wrong: &[String]) {
    if wrong.is_empty() {
        return;
    }
    let style = output::style::stdout();
    output::line(format_args!(
        "{} {}: {}  {}",
        style.red("FAILED"),
        escape(module),
        vector.name,
        style.dim(escape(&vector.about))
    ));
    compare::print(wrong);
}

/// How many of some vectors passed.
#[derive(Clone, Copy, Default)]
struct Share {
    passed: usize,
    all: usize,
}

impl Share {
    fn of<'v>(verdicts: impl Iterator<Item = &'v Verdict>) -> Share {
        verdicts.fold(Share::default(), |share, verdict| Share {
            passed: share.passed + usize::from(verdict.wrong.is_empty()),
            all: share.all + 1,
        })
    }

    fn shown(self) -> String {
        match self.passed {
            0 => "no".to_owned(),
            passed if passed < self.all => format!("{passed} of {}", self.all),
            _ => "yes".to_owned(),
        }
    }
}

/// A row for each feature and a column for each interpreter, and a line for each that says all of it.
pub(super) fn table(all: &[Judged]) {
    let mut features = BTreeMap::<&str, usize>::new();
    for verdict in all
        .iter()
        .flat_map(|judged| &judged.verdicts)
        .take(all[0].verdicts.len())
    {
        *features.entry(&verdict.vector.feature).or_default() += 1;
    }
    let titles: Vec<String> = all
        .iter()
        .map(|judged| escape(&judged.module).to_uppercase())
        .collect();
    let mut head = vec!["FEATURE", ">VECTORS"];
    head.extend(titles.iter().map(String::as_str));
    let mut columns = Columns::new(&head);
    for (feature, vectors) in features {
        let mut row = vec![feature.to_owned(), vectors.to_string()];
        row.extend(all.iter().map(|judged| {
            let of = |verdict: &&Verdict| verdict.vector.feature == feature;
            Share::of(judged.verdicts.iter().filter(of)).shown()
        }));
        columns.row(row);
    }
    columns.print();
    output::line(format_args!(""));
    for judged in all {
        let core = Share::of(judged.verdicts.iter().filter(|verdict| verdict.vector.core));
        let whole = Share::of(judged.verdicts.iter());
        output::line(format_args!(
            "{}: millstream:transform 0.1 | core {}/{} | all {}/{}",
            escape(&judged.module),
            core.passed,
            core.all,
            whole.passed,
            whole.all
        ));
    }
}

#[derive(Serialize)]
struct Line<'a> {
    module: &'a str,
    vector: &'a str,
    feature: &'a str,
    core: bool,
    passed: bool,
    wrong: &'a [String],
}

pub(super) fn json(all: &[Judged]) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for Judged { module, verdicts } in all {
        for Verdict { vector, wrong } in verdicts {
            lines.push(Line {
                module,
                vector: &vector.name,
                feature: &vector.feature,
                core: vector.core,
                passed: wrong.is_empty(),
                wrong,
            });
        }
    }
    output::json(&lines)
}
