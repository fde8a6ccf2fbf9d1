//! `emit OUT CHANGE…`.

use millstream_sdk::prelude::*;

use crate::words::{Word, text, word};
use crate::{Count, Out, output};

pub(crate) fn emit(rest: &str, out: &mut Emitter<Out, Count>) -> Result<(), Reject> {
    let mut words = rest.split(' ');
    let mut emission = out.emit(output(words.next().unwrap_or_default())?);
    let mut instead: Option<Vec<(String, Word)>> = None;
    let mut added: Vec<(String, Word)> = Vec::new();
    for change in words {
        if change == "headers" {
            instead.get_or_insert_default();
        } else if let Some(header) = change.strip_prefix("set:") {
            instead.get_or_insert_default().push(pair(header)?);
        } else if let Some(header) = change.strip_prefix("add:") {
            added.push(pair(header)?);
        } else {
            let (part, to) = change.split_once('=').unwrap_or((change, ""));
            emission = match (part, word(to)) {
                ("key", Some(key)) => emission.key(key),
                ("key", None) => emission.null_key(),
                ("value", Some(value)) => emission.value(value),
                ("value", None) => emission.null_value(),
                ("timestamp", _) => emission.timestamp(to.parse().or_reject("bad-number")?),
                ("partition", _) => emission.partition(to.parse().or_reject("bad-number")?),
                _ => reject!("unknown-change", "{part}"),
            };
        }
    }
    if let Some(headers) = instead {
        emission = emission.headers(headers);
    }
    for (name, value) in added {
        emission = match value {
            Some(value) => emission.header(name, value),
            None => emission.null_header(name),
        };
    }
    Ok(())
}

fn pair(header: &str) -> Result<(String, Word), Reject> {
    let (name, value) = header.split_once('=').unwrap_or((header, ""));
    Ok((text(name)?, word(value)))
}

/// Emits the record to `a` with this value.
pub(crate) fn value(out: &mut Emitter<Out, Count>, value: Option<&[u8]>) {
    let emission = out.emit(Out::A);
    match value {
        Some(value) => emission.value(value),
        None => emission.null_value(),
    };
}
