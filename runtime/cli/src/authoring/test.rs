//! `millstream test`: a component's cases, offline, through the engine that the host runs.
//!
//! Each case runs three times: as one batch, as batches of one record, and as batches of one record each in an instance of
//! its own. The host may cut batches anywhere and replace instances at any time, so all three have to agree.

pub(super) mod case;
pub(in crate::authoring) mod compare;
pub(super) mod engine;
mod junit;
pub(super) mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use millstream_engine::Module;

use crate::output::{self, Complaint, escape};
use case::Case;
use engine::Cut;

/// One runs at a time; the next may be made before it has gone.
const INSTANCES: u32 = 4;

/// Run the cases of the transform in this folder, offline, through the engine that the host runs
///
/// A case is a folder in cases/: input.jsonl has the records that go in, expected.jsonl what has to come out, settings.toml
/// the settings, if any, tables/NAME.jsonl what a table holds, and counters.toml what counters have to come to. Builds the
/// component first.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream test\n  millstream test by-age --update\n  millstream test --module route.wasm --junit report.xml"
)]
pub(crate) struct Args {
    /// Run only the cases whose name contains one of these
    names: Vec<String>,
    /// The project's folder
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    path: PathBuf,
    /// Test this component instead of building one
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Write what came out to expected.jsonl, and counts to a counters.toml that is there
    #[arg(long)]
    update: bool,
    /// Show what the component logged, also when a case passes
    #[arg(long)]
    logs: bool,
    /// Write a report in JUnit's XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// How a case went.
enum Verdict {
    Passed,
    Updated,
    Failed(Vec<String>),
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let cases = case::find(&args.path, &args.names)?;
    let file = match &args.module {
        Some(module) => module.clone(),
        None => super::build::build(&args.path, &[])?,
    };
    let module = engine::load(&file, INSTANCES).await?;
    let style = output::style::stdout();
    let mut failed = 0;
    let mut report = junit::Suite::new(&file.display().to_string());
    for case in &cases {
        let started = Instant::now();
        let (verdict, logs) = judge(&module, case, args.update).await?;
        let name = escape(&case.name);
        let records = format!(
            "{} record{}, {:.0?}",
            case.input.len(),
            if case.input.len() == 1 { "" } else { "s" },
            started.elapsed()
        );
        report.add(&case.name, started.elapsed(), &verdict, &logs);
        let differences = match verdict {
            Verdict::Passed => {
                output::line(format_args!(
                    "{} {name} {}",
                    style.green("ok     "),
                    style.dim(records)
                ));
                Vec::new()
            }
            Verdict::Updated => {
                output::line(format_args!(
                    "{} {name} {}",
                    style.yellow("updated"),
                    style.dim(records)
                ));
                Vec::new()
            }
            Verdict::Failed(differences) => {
                failed += 1;
                output::line(format_args!(
                    "{} {name} {}",
                    style.red("FAILED "),
                    style.dim(records)
                ));
                differences
            }
        };
        compare::print(&differences);
        if args.logs || !differences.is_empty() {
            for line in &logs {
                output::line(format_args!("  {} {}", style.dim("log"), escape(line)));
            }
        }
    }
    if let Some(path) = &args.junit {
        report.write(path)?;
    }
    if failed != 0 {
        return Err(Complaint::new(
            file.display().to_string(),
            format!("{failed} of {} cases failed", cases.len()),
        )
        .help("correct the transform, or accept what it does with `millstream test --update`")
        .into());
    }
    output::line(format_args!(
        "\n{} of {} cases passed",
        cases.len(),
        cases.len()
    ));
    Ok(())
}

/// Runs a case in every cut and compares. Also answers what the first run logged.
async fn judge(
    module: &Module,
    case: &Case,
    update: bool,
) -> anyhow::Result<(Verdict, Vec<String>)> {
    let whole = engine::run(module, case, Cut::Whole).await;
    let logs = whole.logs.clone();
    let outcomes = match &whole.ended {
        Ok(outcomes) => outcomes,
        Err(failure) => return Ok((Verdict::Failed(lines(&engine::explain(failure))), logs)),
    };
    // One that counts batches, say, is nothing to look at.
    let whole_counts = whole.named_counts();
    let looked_at: BTreeMap<String, u64> = whole_counts
        .iter()
        .filter(|(name, _)| case.counters.contains_key(**name))
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    for cut in [Cut::Ones, Cut::Fresh] {
        let ran = engine::run(module, case, cut).await;
        let differences = match &ran.ended {
            Ok(cut_outcomes) => {
                let mut differences = compare::runs(outcomes, cut_outcomes);
                differences.extend(compare::counters(&looked_at, &ran.named_counts()));
                differences
            }
            Err(failure) => lines(&engine::explain(failure)),
        };
        if !differences.is_empty() {
            let mut said = vec![format!(
                "{cut}, it answers something else than in one batch (-):"
            )];
            said.extend(differences);
            return Ok((Verdict::Failed(said), ran.logs));
        }
    }
    let Some(expected) = &case.expected else {
        if update {
            case.write_expected(outcomes)?;
            case.write_counters(&looked_at)?;
            return Ok((Verdict::Updated, logs));
        }
        let missing = format!(
            "there is no {}: `millstream test --update` writes it",
            show(&case.expected_file())
        );
        return Ok((Verdict::Failed(vec![missing]), logs));
    };
    let mut differences = compare::with_expected(expected, outcomes);
    let counted = compare::counters(&case.counters, &whole_counts);
    if differences.is_empty() && counted.is_empty() {
        return Ok((Verdict::Passed, logs));
    }
    if !update {
        differences.extend(counted);
        return Ok((Verdict::Failed(differences), logs));
    }
    // What is as expected keeps its form.
    if !differences.is_empty() {
        case.write_expected(outcomes)?;
    }
    if !counted.is_empty() {
        case.write_counters(&looked_at)?;
    }
    Ok((Verdict::Updated, logs))
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
