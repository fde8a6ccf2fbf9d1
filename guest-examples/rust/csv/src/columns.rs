//! What the fields of a line are, and how they are written as JSON.

use std::error::Error;
use std::fmt::{self, Display};

use crate::csv::Field;

/// One of the fields that every line has.
pub struct Column {
    name: String,
    kind: Kind,
    /// The name as it begins a member: `"id":`.
    member: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
}

impl Kind {
    fn named(name: &str) -> Option<Kind> {
        match name {
            "text" => Some(Kind::Text),
            "integer" => Some(Kind::Integer),
            "number" => Some(Kind::Number),
            "boolean" => Some(Kind::Boolean),
            _ => None,
        }
    }

    fn fits(self, text: &str) -> bool {
        match self {
            Kind::Text => true,
            Kind::Integer => is_integer(text),
            Kind::Number => is_number(text),
            Kind::Boolean => matches!(text, "true" | "false"),
        }
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Text => "a text",
            Kind::Integer => "an integer",
            Kind::Number => "a number",
            Kind::Boolean => "a boolean",
        })
    }
}

/// The columns that the setting names: `id:integer`, or `customer` for a text.
pub fn parse(setting: &[String]) -> Result<Vec<Column>, String> {
    let mut columns: Vec<Column> = Vec::new();
    for entry in setting {
        let (name, kind) = entry.split_once(':').unwrap_or((entry, "text"));
        if name.is_empty() {
            return Err("setting `columns`: a column has no name".to_owned());
        }
        if columns.iter().any(|column| column.name == name) {
            return Err(format!(
                "setting `columns`: two columns are called `{name}`"
            ));
        }
        let kind = Kind::named(kind).ok_or_else(|| {
            format!("setting `columns`: `{name}` is of the type `{kind}`, not text, integer, number or boolean")
        })?;
        columns.push(Column {
            name: name.to_owned(),
            kind,
            member: quote(name) + ":",
        });
    }
    if columns.is_empty() {
        return Err("setting `columns` names no column".to_owned());
    }
    Ok(columns)
}

/// A field that is not of its column's type.
#[derive(Debug)]
pub struct WrongType(String);

impl Display for WrongType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for WrongType {}

/// A line as a JSON object. There are as many fields as columns.
pub fn object(columns: &[Column], fields: &[Field<'_>]) -> Result<String, WrongType> {
    let mut json = String::from("{");
    for (Column { name, kind, member }, field) in columns.iter().zip(fields) {
        if json.len() > 1 {
            json.push(',');
        }
        json += member;
        match field.as_deref() {
            None => json += "null",
            Some(text) if !kind.fits(text) => {
                return Err(WrongType(format!("{name} is \"{text}\", not {kind}")));
            }
            Some(text) if matches!(kind, Kind::Text) => json += &quote(text),
            // What fits is JSON as it stands: a number keeps all of its digits.
            Some(text) => json += text,
        }
    }
    json.push('}');
    Ok(json)
}

fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("every text has JSON")
}

fn is_integer(text: &str) -> bool {
    let natural = text.strip_prefix('-').unwrap_or(text);
    are_digits(natural) && (natural == "0" || !natural.starts_with('0'))
}

/// The grammar of JSON: an integer, a fraction perhaps, an exponent perhaps.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.strip_prefix(['+', '-']).unwrap_or(exponent),
        ),
        None => (text, "0"),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    is_integer(integer) && are_digits(fraction) && are_digits(exponent)
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
