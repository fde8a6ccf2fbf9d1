//! Turns CSV into JSON: every line of a record becomes a record of its own, an object.

mod columns;
mod csv;
#[cfg(test)]
mod tests;

use std::error::Error;

use millstream_sdk::prelude::*;

use crate::columns::Column;
use crate::csv::Lines;

#[derive(Outputs)]
enum Out {
    Json,
}

#[derive(Settings)]
struct Settings {
    /// The fields of a line, in order: `id:integer, customer, price:number, paid:boolean`.
    columns: Vec<String>,
    /// What separates them.
    #[setting(default = Delimiter(','))]
    delimiter: Delimiter,
}

struct Delimiter(char);

impl FromSetting for Delimiter {
    fn from_setting(text: &str) -> Option<Self> {
        match text.as_bytes() {
            b"tab" => Some(Delimiter('\t')),
            b"\"" | b"\n" | b"\r" => None,
            [byte] => Some(Delimiter(char::from(*byte))),
            _ => None,
        }
    }

    fn expected() -> String {
        "`tab` or one ASCII character other than a quote or a line break".to_owned()
    }
}

/// The settings, understood.
struct Format {
    columns: Vec<Column>,
    delimiter: char,
}

impl State for Format {
    type Settings = Settings;

    fn init(settings: Settings) -> Result<Self, Box<dyn Error>> {
        Ok(Format {
            columns: columns::parse(&settings.columns)?,
            delimiter: settings.delimiter.0,
        })
    }
}

#[transform]
fn convert(record: Record<'_>, out: &mut Emitter<Out>, format: &Format) -> Result<(), Reject> {
    let text = record.text()?;
    // Spreadsheets begin with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let columns = &format.columns;
    for (number, line) in (1..).zip(Lines::new(text, format.delimiter)) {
        let at_line = || format!("line {number}");
        let fields = line.or_reject_with("malformed-csv", at_line)?;
        if fields.len() != columns.len() {
            let (count, s) = (fields.len(), if fields.len() == 1 { "" } else { "s" });
            reject!(
                "wrong-columns",
                "line {number} has {count} field{s}, not {}",
                columns.len()
            );
        }
        let json = columns::object(columns, &fields).or_reject_with("wrong-type", at_line)?;
        out.emit(Out::Json).value(json);
    }
    Ok(())
}
