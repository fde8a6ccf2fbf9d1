//! The route example as native code in the host: the same JSON scan from the SDK, the same decisions, the answer in the
//! same form and through the same checks as a component's.

use std::time::Duration;

use millstream_engine::{
    Batch, Column, Description, Failure, Guest, Limits, Output, Plan, Rejections,
};
use millstream_sdk::json;

/// An instance of it.
pub(crate) struct Route {
    description: Description,
    limits: Limits,
}

impl Route {
    pub(crate) fn new() -> Self {
        let mut description = Description::default();
        description.reads.values = true;
        description.outputs = vec!["likes".to_owned(), "passes".to_owned()];
        Self {
            description,
            limits: Limits::default(),
        }
    }
}

enum Verdict {
    Likes,
    Passes,
    Nowhere,
    Rejected(&'static str, String),
}

fn decide(value: Option<&[u8]>) -> Verdict {
    let Some(value) = value else {
        return Verdict::Rejected("null-value", "the value is null".to_owned());
    };
    let [kind, direction] = match json::fields(value, ["/type", "/direction"]) {
        Ok(fields) => fields,
        Err(reject) => return Verdict::Rejected("malformed-json", reject.reason().to_owned()),
    };
    match kind.and_then(json::Field::as_str) {
        Some(kind) if kind == "swipe" => {}
        Some(_) => return Verdict::Nowhere,
        None => {
            return Verdict::Rejected(
                "unexpected-json",
                "`type` is missing or not a text".to_owned(),
            );
        }
    }
    match direction.and_then(json::Field::as_str).as_deref() {
        Some("right") => Verdict::Likes,
        Some("left") => Verdict::Passes,
        _ => Verdict::Rejected("unknown-direction", "the swipe has no direction".to_owned()),
    }
}

#[derive(Default)]
struct Rejected {
    rows: Vec<u8>,
    codes: Column,
    reasons: Column,
}

impl Rejected {
    fn push(&mut self, row: u32, code: &str, reason: &str) {
        self.rows.extend_from_slice(&row.to_le_bytes());
        for (column, text) in [(&mut self.codes, code), (&mut self.reasons, reason)] {
            column.data.extend_from_slice(text.as_bytes());
            let end = u32::try_from(column.data.len()).unwrap_or(u32::MAX);
            column.ends.extend_from_slice(&end.to_le_bytes());
        }
    }
}

impl Guest for Route {
    async fn apply(&mut self, batch: Batch<'_>) -> Result<Plan, Failure> {
        let mut rows = Vec::with_capacity(batch.rows.len() * 4);
        let mut outputs = Vec::with_capacity(batch.rows.len() * 2);
        let mut rejected = Rejected::default();
        for (row, number) in batch.rows.iter().zip(0_u32..) {
            let output = match decide(row.value) {
                Verdict::Likes => 0_u16,
                Verdict::Passes => 1,
                Verdict::Nowhere => continue,
                Verdict::Rejected(code, reason) => {
                    rejected.push(number, code, &reason);
                    continue;
                }
            };
            rows.extend_from_slice(&number.to_le_bytes());
            outputs.extend_from_slice(&output.to_le_bytes());
        }
        let rejected = (!rejected.rows.is_empty()).then_some(Rejections {
            rows: rejected.rows,
            codes: rejected.codes,
            reasons: rejected.reasons,
        });
        let output = Output {
            rows: Some(rows),
            outputs: Some(outputs),
            rejected,
            ..Output::default()
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
