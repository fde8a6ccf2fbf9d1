//! `millstream conformance`: whether an SDK can do what the contract says, shown by the interpreter that it has to implement.

mod described;
mod report;
mod vector;

use std::path::PathBuf;
use std::rc::Rc;

use millstream_engine::{Failure, Limits, Module};

use super::test::compare;
use super::test::engine::{self, Cut, Ran};
use crate::output::{Complaint, escape};
use vector::{Expects, Vector};

/// One runs at a time; the next may be made before it has gone.
const INSTANCES: u32 = 4;

/// Run the conformance vectors against SDKs' interpreter guests
///
/// Every SDK implements the same small interpreter (tests/conformance/README.md says what it does). Each vector runs in one batch,
/// cut in two at every place, in batches of one record, and in new instances: what comes out has to be the same.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream conformance interpreter.wasm\n  millstream conformance interpreter.wasm --core --only reject\n  millstream conformance go.wasm python.wasm --json"
)]
pub(crate) struct Args {
    /// Interpreters, as components; each is called by its file's name
    #[arg(required = true)]
    modules: Vec<PathBuf>,
    /// Run only the vectors whose name or feature contains this; can be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Run only those that need neither lookups, tables, counters and settings nor fields other than the first
    #[arg(long)]
    core: bool,
    /// Every vector as JSON: an array with an object for each vector and interpreter
    #[arg(long)]
    json: bool,
}

/// What an interpreter made of all vectors.
struct Judged {
    /// The file's name, without `.wasm`.
    module: String,
    verdicts: Vec<Verdict>,
}

/// What became of a vector; no lines: it passed.
struct Verdict {
    vector: Rc<Vector>,
    wrong: Vec<String>,
}

impl Judged {
    fn failed(&self) -> usize {
        let wrong = |verdict: &&Verdict| !verdict.wrong.is_empty();
        self.verdicts.iter().filter(wrong).count()
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let vectors: Vec<Rc<Vector>> = vector::all()?
        .into_iter()
        .filter(|vector| !args.core || vector.core)
        .filter(|vector| vector.is_called(&args.only))
        .map(|vector| {
            if args.core {
                vector.without_tables()
            } else {
                vector
            }
        })
        .map(Rc::new)
        .collect();
    if vectors.is_empty() {
        return Err(
            Complaint::new("--only", "no vector has such a name or feature")
                .help("leave it out to run all of them")
                .usage()
                .into(),
        );
    }
    let mut all = Vec::new();
    for file in &args.modules {
        let module = engine::load(file, INSTANCES).await?;
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        check_description(&name, &module, args.core).await?;
        let mut verdicts = Vec::new();
        for vector in &vectors {
            let wrong = judge(&module, vector).await;
            if !args.json {
                report::differences(&name, vector, &wrong);
            }
            let vector = Rc::clone(vector);
            verdicts.push(Verdict { vector, wrong });
        }
        all.push(Judged {
            module: name,
            verdicts,
        });
    }
    if args.json {
        report::json(&all)?;
    } else {
        report::table(&all);
    }
    match all.iter().map(Judged::failed).sum() {
        0 => Ok(()),
        failed => Err(Complaint::new(
            "the contract",
            format!(
                "{} not as it says",
                if failed == 1 {
                    "one vector went".to_owned()
                } else {
                    format!("{failed} vectors went")
                }
            ),
        )
        .help("tests/conformance/README.md says what each line has to do")
        .into()),
    }
}

async fn check_description(name: &str, module: &Module, core: bool) -> Result<(), Complaint> {
    let complaint = |why: String| {
        Complaint::new(format!("the interpreter {}", escape(name)), why)
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
