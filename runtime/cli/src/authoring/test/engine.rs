//! Runs a case's records through a component, cut into batches in one of three ways.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use millstream_engine::{
    Batch, Change, Description, Emit, Engine, EngineConfig, Failure, Guest, Header, Instance,
    Limits, LogLine, Module, Observer, Plan, Row, ValueChange,
};

use super::case::{Case, Input};
use crate::output::Complaint;

/// Where records come from, as far as a case is concerned.
const ORIGIN: (&str, i32) = ("input", 0);

/// How records are cut into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// All in one.
    Whole,
    /// Each alone, all in one instance.
    Ones,
    /// Each alone, each in an instance of its own.
    Fresh,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::Whole => "in one batch",
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
    pub(super) fn row(&self) -> usize {
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
pub(super) struct Ran {
    pub(super) ended: Result<Vec<Outcome>, String>,
    pub(super) logs: Vec<String>,
}

/// Loads a component, of which so many instances are wanted. It is the user's own, so it is compiled right here.
pub(in crate::authoring) async fn load(file: &Path, instances: u32) -> Result<Module, Complaint> {
    let name = file.display().to_string();
    let wasm = std::fs::read(file).map_err(|error| {
        Complaint::new(&name, format!("cannot be read: {error}"))
            .help("build it with `millstream build`")
    })?;
    compile(&name, &wasm, instances).await
}

/// The same, from its bytes.
pub(in crate::authoring) async fn compile(
    name: &str,
    wasm: &[u8],
    instances: u32,
) -> Result<Module, Complaint> {
    let engine = Engine::new(EngineConfig {
        max_instances: instances,
        ..EngineConfig::default()
    })
    .map_err(|error| Complaint::new("the engine", error.to_string()))?;
    engine.load(wasm).await.map_err(|error| {
        Complaint::new(name, error.to_string()).help("build it with `millstream build`")
    })
}

/// Gathers log lines.
#[derive(Default)]
struct Logs(Mutex<Vec<String>>);

impl Logs {
    fn push(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}

impl Observer for Logs {
    fn log(&self, line: LogLine) {
        self.push(format!("{}: {}", line.level.as_str(), line.message));
    }
    fn count(&self, _counter: usize, _by: u64) {}
    fn suppressed(&self, lines: u64) {
        self.push(format!("{lines} more lines"));
    }
}

pub(super) async fn run(module: &Module, case: &Case, cut: Cut) -> Ran {
    let logs = Arc::new(Logs::default());
    let ended = outcomes(module, case, cut, &logs)
        .await
        .map_err(|failure| explain(&failure));
    let logs = std::mem::take(&mut *logs.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ran { ended, logs }
}

fn explain(failure: &Failure) -> String {
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
    logs: &Arc<Logs>,
) -> Result<Vec<Outcome>, Failure> {
    let limits = Limits::default();
    let description = module.describe(&case.settings, &limits).await?;
    let start = || module.instantiate(&case.settings, &limits, &description, logs.clone());
    let mut instance: Instance = start().await?;
    let mut all = Vec::new();
    let size = if cut == Cut::Whole {
        case.input.len()
    } else {
        1
    };
    for (batch, records) in case.input.chunks(size).enumerate() {
        if batch != 0 && (cut == Cut::Fresh || instance.wants_replacing()) {
            // The old one makes room first.
            drop(instance);
            instance = start().await?;
        }
        let outcomes = apply(&mut instance, &description, ORIGIN, records, batch * size).await?;
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
