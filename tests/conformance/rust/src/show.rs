//! `show WHAT`.

use millstream_sdk::prelude::*;

use crate::words::write;
use crate::{Count, Declared, Everything, Out, Settings, emit};

pub(crate) fn show(
    what: &str,
    fields: &Declared<'_>,
    record: Record<'_, Everything>,
    settings: &Settings,
    out: &mut Emitter<Out, Count>,
) -> Result<(), Reject> {
    let (what, name) = what.split_once(' ').unwrap_or((what, ""));
    let shown: Option<Vec<u8>> = match what {
        "key" => record.key().map(<[u8]>::to_vec),
        "value" => record.value().map(<[u8]>::to_vec),
        "timestamp" => text(record.timestamp()),
        "offset" => text(record.offset()),
        "partition" => text(record.partition()),
        "topic" => text(record.topic()),
        "headers" => text(headers(record)),
        "last" => record
            .header(name)
            .and_then(|header| header.value)
            .map(<[u8]>::to_vec),
        "field" => field(name, fields)?,
        "lookup" => match name {
            "by-key" => fields.by_key.map(<[u8]>::to_vec),
            "name" => fields.name.and_then(text),
            "by-number" => fields.by_number.map(<[u8]>::to_vec),
            _ => reject!("unknown-lookup", "{name}"),
        },
        "setting" => match name {
            "greeting" => text(&settings.greeting),
            "limit" => text(settings.limit),
            "strict" => text(settings.strict),
            _ => reject!("unknown-setting", "{name}"),
        },
        _ => reject!("unknown-instruction", "show"),
    };
    emit::value(out, shown.as_deref());
    Ok(())
}

fn text(shown: impl ToString) -> Option<Vec<u8>> {
    Some(shown.to_string().into_bytes())
}

fn headers(record: Record<'_, Everything>) -> String {
    let lines: Vec<String> = record
        .headers()
        .map(|header| format!("{}={}", header.name, write(header.value)))
        .collect();
    lines.join("\n")
}

fn field(name: &str, fields: &Declared<'_>) -> Result<Option<Vec<u8>>, Reject> {
    Ok(match name {
        "do" => fields.program.and_then(text),
        "text" => fields.text.and_then(text),
        "integer" => fields.integer.and_then(text),
        "number" => fields
            .number
            .and_then(|number| text(format!("{:016x}", number.to_bits()))),
        "boolean" => fields.boolean.and_then(text),
        "raw" => fields.raw.map(<[u8]>::to_vec),
        "lenient" => fields.lenient.and_then(text),
        "key" => fields.key.and_then(text),
        "header" => fields.header.and_then(text),
        _ => reject!("unknown-field", "{name}"),
    })
}
