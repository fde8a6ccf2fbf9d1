//! The jobs as native code in the host: the same fields, found by the same scan, the same decisions, and the answer in the
//! same form and through the same checks as a component's.

use std::time::Duration;

use millstream_engine::{
    Batch, Column, Description, Failure, Field, FieldKind, Guest, Limits, Output, Part, Parts,
    Patch, Plan, Presence, Rejections,
};
use millstream_fields::{Column as FieldColumn, Extractor, Refused, Strings};

use crate::job::Job;

/// An instance of a job.
pub(crate) struct Native {
    job: Job,
    extractor: Extractor,
    description: Description,
    limits: Limits,
}

impl Native {
    pub(crate) fn new(job: Job) -> Self {
        let field = |path: &str, presence| Field {
            part: Part::Value,
            path: path.to_owned(),
            kind: FieldKind::Text,
            presence,
        };
        let fields = match job {
            Job::Copy | Job::Join => vec![],
            Job::Route => vec![field("/type", Presence::Required)],
            Job::Change => vec![field("/region", Presence::Lenient)],
        };
        Self {
            job,
            extractor: Extractor::new(&fields),
            description: Description::simple(Parts::default(), job.outputs()),
            limits: Limits::default(),
        }
    }

    fn route(&self, refused: &[Refused], rows: usize) -> Output {
        let [FieldColumn::Text(kinds)] = self.extractor.columns() else {
            return Output::default();
        };
        let (mut to_rows, mut outputs) = (Vec::new(), Vec::new());
        for (entry, row) in Refused::kept(refused, rows).enumerate() {
            let output = match text(kinds, entry) {
                b"swipe" => 0_u16,
                b"message" => 1,
                b"profile" => 2,
                _ => continue,
            };
            to_rows.extend_from_slice(&row.to_le_bytes());
            outputs.extend_from_slice(&output.to_le_bytes());
        }
        Output {
            rows: Some(to_rows),
            outputs: Some(outputs),
            ..Output::default()
        }
    }
}

/// Entry i of a column without nulls.
fn text(column: &Strings, i: usize) -> &[u8] {
    let end = |i: usize| u32::from_le_bytes(column.ends[i]) as usize;
    &column.data[i.checked_sub(1).map_or(0, end)..end(i)]
}

fn change(batch: Batch<'_>, refused: &[Refused]) -> Output {
    let mut to = Column::default();
    for row in Refused::kept(refused, batch.rows.len()) {
        let value = batch.rows[row as usize].value.unwrap_or_default();
        to.data
            .extend_from_slice(value.strip_suffix(b"}").unwrap_or(value));
        to.data.extend_from_slice(br#","region":"eu"}"#);
        to.ends
            .extend_from_slice(&(to.data.len() as u32).to_le_bytes());
    }
    Output {
        values: Some(Patch { at: None, to }),
        ..Output::default()
    }
}

fn rejections(refused: &[Refused]) -> Option<Rejections> {
    let mut rejections = Rejections::default();
    for refused in refused {
        rejections
            .rows
            .extend_from_slice(&refused.row.to_le_bytes());
        for (column, text) in [
            (&mut rejections.codes, refused.code),
            (&mut rejections.reasons, refused.reason.as_str()),
        ] {
            column.data.extend_from_slice(text.as_bytes());
            column
                .ends
                .extend_from_slice(&(column.data.len() as u32).to_le_bytes());
        }
    }
    (!refused.is_empty()).then_some(rejections)
}

impl Guest for Native {
    async fn apply(&mut self, batch: Batch<'_>) -> Result<Plan, Failure> {
        let refused = match self.job {
            Job::Copy => return Ok(Plan::pass_all(batch.rows.len())),
            Job::Join => return Err(Failure::Host("code compiled in has no tables".to_owned())),
            Job::Route | Job::Change => self.extractor.extract(batch.rows),
        };
        let output = match self.job {
            Job::Change => change(batch, &refused),
            _ => self.route(&refused, batch.rows.len()),
        };
        let output = Output {
            rejected: rejections(&refused),
            ..output
        };
        Plan::from_output(output, batch, &self.description, &self.limits)
    }

    fn memory(&self) -> u64 {
        0
    }

    fn wants_replacing(&self) -> bool {
        false
    }

    fn cpu(&self) -> Duration {
        Duration::ZERO
    }
}
