//! What became of a test's records: the answer applied to them, as the host does it.

use std::collections::BTreeMap;

use millstream_fields::Refused;

use super::Input;
use crate::bindings::millstream::transform::records::{Column, ColumnPatch, HeadersPatch, Output};
use crate::log::Level;
use crate::outputs::Outputs;

/// What became of the records of a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The emitted records, in the order in which they are written.
    pub emitted: Vec<Emitted>,
    /// The rejected records, in the order of the input.
    pub rejected: Vec<Rejected>,
    /// The rows of the records that were neither emitted nor rejected.
    pub dropped: Vec<usize>,
    /// The transform's own counters.
    pub counters: BTreeMap<String, u64>,
    /// What was logged.
    pub logs: Vec<(Level, String)>,
}

impl Outcome {
    /// Of an outcome over the rows `kept` makes one over all rows: the others are `refused`.
    pub(super) fn widened(mut self, kept: &[usize], refused: Vec<Refused>) -> Self {
        for emitted in &mut self.emitted {
            emitted.row = kept[emitted.row];
        }
        for rejected in &mut self.rejected {
            rejected.row = kept[rejected.row];
        }
        for dropped in &mut self.dropped {
            *dropped = kept[*dropped];
        }
        self.rejected
            .extend(refused.into_iter().map(|refused| Rejected {
                row: refused.row as usize,
                code: refused.code.to_owned(),
                reason: refused.reason,
            }));
        self.rejected.sort_by_key(|rejected| rejected.row);
        self
    }

    /// The records that went to this output.
    pub fn to<O: Outputs>(&self, output: O) -> Vec<&Emitted> {
        let name = O::NAMES[usize::from(output.index())];
        self.emitted
            .iter()
            .filter(|record| record.output == name)
            .collect()
    }
}

/// A record as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The name of the output.
    pub output: String,
    /// The row of the record that it comes from.
    pub row: usize,
    /// The key; `None` where it is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` where it is null.
    pub value: Option<Vec<u8>>,
    /// The headers, in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub timestamp: i64,
    /// The partition, where the transform chose one.
    pub partition: Option<i32>,
}

impl Emitted {
    /// The value as text.
    ///
    /// # Panics
    /// When it is null or not UTF-8.
    pub fn text(&self) -> &str {
        let value = self.value.as_deref().expect("the record has a value");
        std::str::from_utf8(value).expect("the value is text")
    }

    /// The value as JSON.
    ///
    /// # Panics
    /// When it is null or not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).expect("the value is JSON")
    }

    /// The last header of this name, as text.
    ///
    /// # Panics
    /// When it is null or not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rfind(|(header, _)| header == name)?;
        let value = value.as_deref().expect("the header has a value");
        Some(std::str::from_utf8(value).expect("the header is text"))
    }
}

/// A record that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its row.
    pub row: usize,
    /// What is wrong, for machines.
    pub code: String,
    /// What is wrong, for people.
    pub reason: String,
}

fn number(bytes: &[u8], at: usize) -> usize {
    let bytes = bytes[4 * at..4 * at + 4].try_into().expect("four bytes");
    u32::from_le_bytes(bytes) as usize
}

fn entry(column: &Column, at: usize) -> Option<Vec<u8>> {
    if column
        .nulls
        .get(at / 8)
        .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    {
        return None;
    }
    let start = if at == 0 {
        0
    } else {
        number(&column.ends, at - 1)
    };
    Some(column.data[start..number(&column.ends, at)].to_vec())
}

fn text(column: &Column, at: usize) -> String {
    String::from_utf8_lossy(&entry(column, at).unwrap_or_default()).into_owned()
}

/// Which entry of a patch an emitted record gets.
fn patched(at: Option<&Vec<u8>>, position: usize) -> Option<usize> {
    match at {
        None => Some(position),
        Some(at) => (0..at.len() / 4).find(|&entry| number(at, entry) == position),
    }
}

fn bytes(
    patch: Option<&ColumnPatch>,
    position: usize,
    unchanged: &Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    match patch.and_then(|patch| Some((patch, patched(patch.at.as_ref(), position)?))) {
        Some((patch, at)) => entry(&patch.to, at),
        None => unchanged.clone(),
    }
}

type Headers = Vec<(String, Option<Vec<u8>>)>;

fn headers(patch: Option<&HeadersPatch>, position: usize) -> Option<Headers> {
    let patch = patch?;
    let at = patched(patch.at.as_ref(), position)?;
    let start = if at == 0 {
        0
    } else {
        number(&patch.to.ends, at - 1)
    };
    let end = number(&patch.to.ends, at);
    Some(
        (start..end)
            .map(|header| {
                (
                    text(&patch.to.names, header),
                    entry(&patch.to.values, header),
                )
            })
            .collect(),
    )
}

type Parts = (Vec<Emitted>, Vec<Rejected>, Vec<usize>);

/// # Errors
/// Says what of the answer the host would refuse; a transform can get only this much wrong.
pub(super) fn of(records: &[&Input], outputs: &[String], output: Output) -> Result<Parts, String> {
    let rejected = match &output.rejected {
        None => Vec::new(),
        Some(rejections) => (0..rejections.rows.len() / 4)
            .map(|at| Rejected {
                row: number(&rejections.rows, at),
                code: text(&rejections.codes, at),
                reason: text(&rejections.reasons, at),
            })
            .collect(),
    };
    let is_rejected = |row: usize| rejected.iter().any(|rejected| rejected.row == row);
    let rows: Vec<usize> = match &output.rows {
        None => (0..records.len())
            .filter(|&row| !is_rejected(row))
            .collect(),
        Some(rows) => (0..rows.len() / 4).map(|at| number(rows, at)).collect(),
    };
    for &row in rows
        .iter()
        .chain(rejected.iter().map(|rejected| &rejected.row))
    {
        if row >= records.len() {
            return Err(format!("row {row} of a batch of {}", records.len()));
        }
    }
    if let Some(&row) = rows.iter().find(|&&row| is_rejected(row)) {
        return Err(format!("row {row} is both emitted and rejected"));
    }
    let mut emitted = Vec::new();
    for (position, &row) in rows.iter().enumerate() {
        let record = records[row];
        let index = output.outputs.as_ref().map_or(0, |outputs| {
            usize::from(u16::from_le_bytes([
                outputs[2 * position],
                outputs[2 * position + 1],
            ]))
        });
        let mut written =
            headers(output.headers.as_ref(), position).unwrap_or_else(|| record.headers.clone());
        written.extend(headers(output.added_headers.as_ref(), position).unwrap_or_default());
        if let Some((name, _)) = written
            .iter()
            .find(|(name, _)| name.starts_with("millstream."))
        {
            return Err(format!(
                "the header `{name}`: names that begin with `millstream.` are the host's"
            ));
        }
        let timestamp = output.timestamps.as_ref().and_then(|patch| {
            let at = patched(patch.at.as_ref(), position)?;
            let bytes = patch.to[8 * at..8 * at + 8]
                .try_into()
                .expect("eight bytes");
            Some(i64::from_le_bytes(bytes))
        });
        let partition = output.partitions.as_ref().and_then(|patch| {
            let at = patched(patch.at.as_ref(), position)?;
            Some(number(&patch.to, at) as i32).filter(|&partition| partition != -1)
        });
        emitted.push(Emitted {
            output: outputs[index].clone(),
            row,
            key: bytes(output.keys.as_ref(), position, &record.key),
            value: bytes(output.values.as_ref(), position, &record.value),
            headers: written,
            timestamp: timestamp.unwrap_or(record.timestamp),
            partition,
        });
    }
    let dropped = (0..records.len())
        .filter(|&row| !is_rejected(row) && !rows.contains(&row))
        .collect();
    Ok((emitted, rejected, dropped))
}
