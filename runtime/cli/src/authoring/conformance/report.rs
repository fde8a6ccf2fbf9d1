//! What a run of the vectors comes to, for people and for machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Verdict;
use super::vector::Vector;
use crate::authoring::test::compare;
use crate::output::table::Columns;
use crate::output::{self, escape};

/// Says what is wrong with a vector, if anything is.
pub(super) fn differences(vector: &Vector, wrong: &[String]) {
    if wrong.is_empty() {
        return;
    }
    let style = output::style::stdout();
    output::line(format_args!(
        "{} {}  {}",
        style.red("FAILED"),
        vector.name,
        style.dim(escape(&vector.about))
    ));
    compare::print(wrong);
}

/// A line for each feature, and one for all.
pub(super) fn table(verdicts: &[Verdict]) {
    let mut features = BTreeMap::<&str, (usize, usize)>::new();
    for verdict in verdicts {
        let (passed, all) = features.entry(&verdict.vector.feature).or_default();
        *passed += usize::from(verdict.wrong.is_empty());
        *all += 1;
    }
    let mut columns = Columns::new(&["FEATURE", ">PASSED", ">OF", ""]);
    for (feature, (passed, all)) in &features {
        let mark = match *passed {
            0 => "no",
            some if some < *all => "in part",
            _ => "yes",
        };
        columns.row([
            (*feature).to_owned(),
            passed.to_string(),
            all.to_string(),
            mark.to_owned(),
        ]);
    }
    columns.print();
    let count = |core: bool| {
        let these = verdicts
            .iter()
            .filter(|verdict| verdict.vector.core || !core);
        let (mut passed, mut all) = (0, 0);
        for verdict in these {
            passed += usize::from(verdict.wrong.is_empty());
            all += 1;
        }
        format!("{passed}/{all}")
    };
    output::line(format_args!(
        "\nmillstream:transform 0.1 | core {} | all {}",
        count(true),
        count(false)
    ));
}

#[derive(Serialize)]
struct Line<'a> {
    vector: &'a str,
    feature: &'a str,
    core: bool,
    passed: bool,
    wrong: &'a [String],
}

pub(super) fn json(verdicts: &[Verdict]) -> anyhow::Result<()> {
    let lines: Vec<Line<'_>> = verdicts
        .iter()
        .map(|Verdict { vector, wrong }| Line {
            vector: &vector.name,
            feature: &vector.feature,
            core: vector.core,
            passed: wrong.is_empty(),
            wrong,
        })
        .collect();
    output::json(&lines)
}
