//! `millstream conformance`: whether an SDK can do what the contract says, shown by the interpreter that it has to implement.

mod described;
mod report;
mod vector;

use std::path::PathBuf;

use millstream_engine::{Failure, Limits, Module};

use super::test::compare;
use super::test::engine::{self, Cut, Ran};
use crate::output::{Complaint, escape};
use vector::{Expects, Vector};

/// One runs at a time; the next may be made before it has gone.
const INSTANCES: u32 = 4;

/// Run the conformance vectors against an SDK's interpreter guest
///
/// Every SDK implements the same small interpreter (tests/conformance/README.md says what it does). Each vector runs in one batch,
/// cut in two at every place, in batches of one record, and in new instances: what comes out has to be the same.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream conformance interpreter.wasm\n  millstream conformance interpreter.wasm --core\n  millstream conformance interpreter.wasm reject --json"
)]
pub(crate) struct Args {
    /// The interpreter, as a component
    module: PathBuf,
    /// Run only the vectors whose name or feature contains one of these
    names: Vec<String>,
    /// Run only those that need neither lookups, tables, counters and settings nor fields other than the first
    #[arg(long)]
    core: bool,
    /// Every vector as JSON: an array with an object a vector
    #[arg(long)]
    json: bool,
}

/// What became of a vector; no lines: it passed.
struct Verdict {
    vector: Vector,
    wrong: Vec<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let vectors: Vec<Vector> = vector::all()?
        .into_iter()
        .filter(|vector| !args.core || vector.core)
        .filter(|vector| vector.is_called(&args.names))
        .collect();
    if vectors.is_empty() {
        return Err(
            Complaint::new("the vectors", "none has such a name or feature")
                .help("leave the names out to run all of them")
                .usage()
                .into(),
        );
    }
    let module = engine::load(&args.module, INSTANCES).await?;
    check_description(&module, args.core).await?;
    let mut verdicts = Vec::new();
    for vector in vectors {
        let wrong = judge(&module, &vector).await;
        if !args.json {
            report::differences(&vector, &wrong);
        }
        verdicts.push(Verdict { vector, wrong });
    }
    if args.json {
        report::json(&verdicts)?;
    } else {
        report::table(&verdicts);
    }
    match verdicts
        .iter()
        .filter(|verdict| !verdict.wrong.is_empty())
        .count()
    {
        0 => Ok(()),
        failed => Err(Complaint::new(
            args.module.display().to_string(),
            format!("{failed} of {} vectors failed", verdicts.len()),
        )
        .into()),
    }
}

async fn check_description(module: &Module, core: bool) -> Result<(), Complaint> {
    let complaint = |why: String| {
        Complaint::new("the interpreter", why)
            .help("tests/conformance/README.md says how it has to describe itself")
    };
    let description = module
        .describe(&[], &Limits::default())
        .await
        .map_err(|failure| complaint(failure.to_string()))?;
    let wrong = described::differences(&description, core);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(complaint(format!(
            "describes itself otherwise: {}",
            wrong.join("; ")
        )))
    }
}

/// What is wrong with what the guest makes of a vector.
async fn judge(module: &Module, vector: &Vector) -> Vec<String> {
    let whole = engine::run(module, &vector.case, Cut::Whole).await;
    let mut wrong = differences(vector, &whole);
    if !wrong.is_empty() {
        return wrong;
    }
    let records = vector.case.input.len();
    let cuts = (1..records).flat_map(|first| [Cut::Two(first), Cut::TwoInstances(first)]);
    for cut in [Cut::Again, Cut::Ones, Cut::Fresh].into_iter().chain(cuts) {
        let ran = engine::run(module, &vector.case, cut).await;
        wrong = against(vector, &whole, &ran);
        if !wrong.is_empty() {
            wrong.insert(
                0,
                format!("{cut}, it answers something else than in one batch (-):"),
            );
            return wrong;
        }
    }
    wrong
}

fn differences(vector: &Vector, ran: &Ran) -> Vec<String> {
    let mut wrong = match (&vector.expects, &ran.ended) {
        (Expects::Outcomes, Ok(outcomes)) => compare::with_expected(
            vector.case.expected.as_deref().unwrap_or_default(),
            outcomes,
        ),
        (Expects::Outcomes, Err(failure)) => vec![failure.to_string()],
        (expects, ended) => expects.differences(ended.as_ref().err()),
    };
    wrong.extend(lines("log", &vector.logs, &ran.logs));
    let counts: Vec<String> = described::COUNTERS
        .iter()
        .enumerate()
        .map(|(index, name)| (name, ran.counts.get(&index).copied().unwrap_or(0)))
        .filter(|(_, count)| *count != 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    wrong.extend(lines("counter", &vector.counters, &counts));
    wrong
}

/// What a run did otherwise than the one in one batch. A batch that fails has nothing to compare but how.
fn against(vector: &Vector, whole: &Ran, ran: &Ran) -> Vec<String> {
    let mut wrong = match (&whole.ended, &ran.ended) {
        (Ok(first), Ok(second)) => compare::runs(first, second),
        (Ok(_), Err(failure)) => vec![failure.to_string()],
        (Err(_), ended) => return vector.expects.differences(ended.as_ref().err()),
    };
    wrong.extend(lines("log", &whole.logs, &ran.logs));
    let counts = |ran: &Ran| -> Vec<String> {
        ran.counts
            .iter()
            .map(|(index, count)| format!("{index}: {count}"))
            .collect()
    };
    wrong.extend(lines("counter", &counts(whole), &counts(ran)));
    wrong
}

fn lines(what: &str, expected: &[String], came: &[String]) -> Vec<String> {
    if expected == came {
        return Vec::new();
    }
    let of = |sign, all: &[String]| -> Vec<String> {
        all.iter()
            .map(|line| format!("{sign} {what} {line}"))
            .collect()
    };
    [of('-', expected), of('+', came)].concat()
}

impl Expects {
    /// How this failure, if there was one, is not what is expected.
    fn differences(&self, failure: Option<&Failure>) -> Vec<String> {
        let (expected, fits) = match self {
            Expects::Outcomes => ("to go through".to_owned(), failure.is_none()),
            Expects::Fails(text) => (
                format!("the batch to fail, {text}"),
                failure.is_some_and(|failure| match failure {
                    Failure::Transient(why) => *text == format!("transient: {why}"),
                    Failure::Permanent(why) => *text == format!("permanent: {why}"),
                    _ => false,
                }),
            ),
            Expects::Refused(part) => (
                format!("`configure` to fail, with {part:?} in its error"),
                matches!(failure, Some(Failure::Refused(why)) if why.contains(part.as_str())),
            ),
        };
        if fits {
            return Vec::new();
        }
        let came = failure.map_or("it went through".to_owned(), ToString::to_string);
        vec![format!("- {expected}"), format!("+ {}", escape(&came))]
    }
}

#[cfg(test)]
mod tests;
