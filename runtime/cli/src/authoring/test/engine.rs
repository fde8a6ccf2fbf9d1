//! Runs a case's records through a component, cut into batches in one of three ways.

use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_engine::{
    Batch, Change, Description, Emit, Engine, EngineConfig, Failure, FixedTables, Guest, Header,
    Instance, Limits, LogLine, Module, Observer, Plan, Row, ValueChange,
};

use super::case::{Case, Input, Table};
use crate::output::Complaint;

/// Where records come from, as far as a case is concerned.
const ORIGIN: (&str, i32) = ("input", 0);

/// How records are cut into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::authoring) enum Cut {
    /// All in one.
    Whole,
    /// All in one, and then once more in the same instance: the second time counts.
    Again,
    /// The first so many, then the rest.
    Two(usize),
    /// The same, the rest in a new instance.
    TwoInstances(usize),
    /// Each alone, all in one instance.
    Ones,
    /// Each alone, each in an instance of its own.
    Fresh,
}

impl Cut {
    fn batches(self, records: usize) -> Vec<Range<usize>> {
        match self {
            Cut::Whole => iter::once(0..records).collect(),
            Cut::Again => vec![0..records, 0..records],
            Cut::Two(first) | Cut::TwoInstances(first) => vec![0..first, first..records],
            Cut::Ones | Cut::Fresh => (0..records).map(|row| row..row + 1).collect(),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::Whole => "in one batch",
            Cut::Again => "shown once more to the same instance",
            Cut::Two(first) => return write!(f, "cut in two after {first} records"),
            Cut::TwoInstances(first) => {
                return write!(
                    f,
                    "cut in two after {first} records, the rest in a new instance"
                );
            }
            Cut::Ones => "cut into batches of one record",
            Cut::Fresh => "cut into batches of one record, each in a new instance",
        })
    }
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::authoring) enum Outcome {
    Emitted {
        row: usize,
        output: String,
        key: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        headers: Vec<(String, Option<Vec<u8>>)>,
        timestamp: i64,
        partition: Option<i32>,
    },
    Rejected {
        row: usize,
        code: String,
        reason: String,
    },
}

impl Outcome {
    pub(in crate::authoring) fn row(&self) -> usize {
        match self {
            Outcome::Emitted { row, .. } | Outcome::Rejected { row, .. } => *row,
        }
    }

    /// Where it goes; `None` for a rejection.
    pub(super) fn output(&self) -> Option<&str> {
        match self {
            Outcome::Emitted { output, .. } => Some(output),
            Outcome::Rejected { .. } => None,
        }
    }
}

/// How a run ended, and what was logged in it.
pub(in crate::authoring) struct Ran {
    pub(in crate::authoring) ended: Result<Vec<Outcome>, Failure>,
    pub(in crate::authoring) logs: Vec<String>,
    /// What the transform's counters came to, by their index.
    pub(in crate::authoring) counts: BTreeMap<usize, u64>,
    /// What the transform calls its counters.
    names: Vec<String>,
}

impl Ran {
    /// What the counters came to, those that nothing was added to as well.
    pub(super) fn named_counts(&self) -> BTreeMap<&str, u64> {
        let count = |index| self.counts.get(&index).copied().unwrap_or(0);
        let names = self.names.iter().enumerate();
        names
            .map(|(index, name)| (name.as_str(), count(index)))
            .collect()
    }
}

/// Loads a component, of which so many instances are wanted. It is the user's own, so it is compiled right here.
pub(in crate::authoring) async fn load(file: &Path, instances: u32) -> Result<Module, Complaint> {
    compile(&name(file), &read(file)?, config(instances)).await
}

/// The same, to be counted what it executes.
pub(in crate::authoring) async fn load_counted(
    file: &Path,
    instances: u32,
) -> Result<Module, Complaint> {
    let config = EngineConfig {
        count_fuel: true,
        ..config(instances)
    };
    compile(&name(file), &read(file)?, config).await
}

fn name(file: &Path) -> String {
    file.display().to_string()
}

fn read(file: &Path) -> Result<Vec<u8>, Complaint> {
    std::fs::read(file).map_err(|error| {
        Complaint::new(name(file), format!("cannot be read: {error}"))
            .help("build it with `millstream build`")
    })
}

pub(in crate::authoring) fn config(instances: u32) -> EngineConfig {
    EngineConfig {
        max_instances: instances,
        ..EngineConfig::default()
    }
}

/// The same, from its bytes.
pub(in crate::authoring) async fn compile(
    name: &str,
    wasm: &[u8],
    config: EngineConfig,
) -> Result<Module, Complaint> {
    let engine =
        Engine::new(config).map_err(|error| Complaint::new("the engine", error.to_string()))?;
    engine.load(wasm).await.map_err(|error| {
        Complaint::new(name, error.to_string()).help("build it with `millstream build`")
    })
}

/// Gathers log lines and counts.
#[derive(Default)]
pub(in crate::authoring) struct Ears(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    logs: Vec<String>,
    counts: BTreeMap<usize, u64>,
    names: Vec<String>,
}

impl Ears {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ears {
    /// The lines since the last time.
    pub(in crate::authoring) fn logs(&self) -> Vec<String> {
        std::mem::take(&mut self.heard().logs)
    }
}

impl Observer for Ears {
    fn log(&self, line: LogLine) {
        let line = format!("{}: {}", line.level.as_str(), line.message);
        self.heard().logs.push(line);
    }
    fn count(&self, counter: usize, by: u64) {
        *self.heard().counts.entry(counter).or_default() += by;
    }
    fn suppressed(&self, lines: u64) {
        self.heard().logs.push(format!("{lines} more lines"));
    }
}

pub(in crate::authoring) async fn run(module: &Module, case: &Case, cut: Cut) -> Ran {
    let ears = Arc::new(Ears::default());
    let ended = outcomes(module, case, cut, &ears).await;
    let Heard {
        logs,
        counts,
        names,
    } = std::mem::take(&mut *ears.heard());
    Ran {
        ended,
        logs,
        counts,
        names,
    }
}

/// The module with these tables, by their names.
///
/// # Errors
/// Names the table that is missing, or that the module does not have.
pub(in crate::authoring) fn with_tables(
    module: &Module,
    tables: &BTreeMap<String, Table>,
    description: &Description,
) -> Result<Module, Failure> {
    let declared = &description.tables;
    if let Some(unknown) = tables.keys().find(|name| !declared.contains(name)) {
        return Err(Failure::Description(format!(
            "the case has a table `{unknown}`, which the component does not declare"
        )));
    }
    let of = |name: &String| {
        tables.get(name).cloned().ok_or_else(|| {
            Failure::Description(format!(
                "it looks into the table `{name}`, for which there is no file tables/{name}.jsonl (an empty file is an empty table)"
            ))
        })
    };
    let tables = declared.iter().map(of).collect::<Result<_, _>>()?;
    Ok(module
        .clone()
        .with_tables(Arc::new(FixedTables::new(tables))))
}

pub(in crate::authoring) fn explain(failure: &Failure) -> String {
    match failure {
        Failure::Trap { backtrace, .. } if !backtrace.is_empty() => {
            format!("{failure}\n{backtrace}")
        }
        _ => failure.to_string(),
    }
}

async fn outcomes(
    module: &Module,
    case: &Case,
    cut: Cut,
    ears: &Arc<Ears>,
) -> Result<Vec<Outcome>, Failure> {
    let limits = Limits::default();
    let description = module.describe(&case.settings, &limits).await?;
    ears.heard().names.clone_from(&description.counters);
    let module = with_tables(module, &case.tables, &description)?;
    let start = || module.instantiate(&case.settings, &limits, &description, ears.clone());
    let mut instance: Instance = start().await?;
    let mut all = Vec::new();
    for (batch, rows) in cut.batches(case.input.len()).into_iter().enumerate() {
        let fresh = matches!(cut, Cut::Fresh | Cut::TwoInstances(_));
        if batch != 0 && (fresh || instance.wants_replacing()) {
            // The old one makes room first.
            drop(instance);
            instance = start().await?;
        }
        if cut == Cut::Again {
            all.clear();
            ears.heard().counts.clear();
            ears.heard().logs.clear();
        }
        let records = &case.input[rows.clone()];
        let outcomes = apply(&mut instance, &description, ORIGIN, records, rows.start).await?;
        all.extend(outcomes);
    }
    Ok(all)
}

/// Runs one batch, whose first record is row `first` of all.
pub(in crate::authoring) async fn apply(
    instance: &mut Instance,
    description: &Description,
    (topic, partition): (&str, i32),
    records: &[Input],
    first: usize,
) -> Result<Vec<Outcome>, Failure> {
    let headers: Vec<Vec<Header<'_>>> = records
        .iter()
        .map(|record| {
            let all = record.headers.iter();
            all.map(|(name, value)| Header {
                name,
                value: value.bytes.as_deref(),
            })
            .collect()
        })
        .collect();
    let rows: Vec<Row<'_>> = records
        .iter()
        .zip(&headers)
        .enumerate()
        .map(|(row, (record, headers))| Row {
            key: record.key.bytes.as_deref(),
            value: record.value.bytes.as_deref(),
            headers,
            timestamp: record.timestamp,
            offset: record.offset.unwrap_or((first + row) as i64),
        })
        .collect();
    let plan = instance
        .apply(Batch {
            topic,
            partition,
            rows: &rows,
        })
        .await?;
    let mut all: Vec<Outcome> = plan
        .records()
        .map(|emit| emitted(&plan, description, &rows, first, &emit))
        .collect();
    all.extend(plan.rejections().map(|rejection| Outcome::Rejected {
        row: first + rejection.row as usize,
        code: rejection.code.to_owned(),
        reason: rejection.reason.to_owned(),
    }));
    Ok(all)
}

/// The record as a host would write it.
fn emitted(
    plan: &Plan,
    description: &Description,
    rows: &[Row<'_>],
    first: usize,
    emit: &Emit<'_>,
) -> Outcome {
    let row = &rows[emit.row as usize];
    let mut headers: Vec<Header<'_>> = match &emit.headers {
        Some(headers) => headers.iter().collect(),
        None => row.headers.to_vec(),
    };
    headers.extend(emit.added.iter().flat_map(|added| added.iter()));
    Outcome::Emitted {
        row: first + emit.row as usize,
        output: description.outputs[usize::from(emit.output)].clone(),
        key: match emit.key {
            Change::Keep => row.key.map(<[u8]>::to_vec),
            Change::Null => None,
            Change::Bytes(bytes) => Some(bytes.to_vec()),
        },
        value: match &emit.value {
            ValueChange::Keep => row.value.map(<[u8]>::to_vec),
            ValueChange::Null => None,
            ValueChange::Bytes(range) => Some(plan.values_data()[range.clone()].to_vec()),
        },
        headers: headers
            .iter()
            .map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect(),
        timestamp: emit.timestamp.unwrap_or(row.timestamp),
        partition: emit.partition,
    }
}
