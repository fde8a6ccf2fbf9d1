//! A record's value that fields are declared in: what is taken out is what serde_json finds, and what it refuses is refused.

use millstream_fields::{Column, Extractor, Field, Kind, Part, Presence, Row};
use serde_json::Value;

struct OnlyValue<'a>(&'a [u8]);

impl<'a> Row<'a> for OnlyValue<'a> {
    fn key(&self) -> Option<&'a [u8]> {
        Some(self.0)
    }
    fn value(&self) -> Option<&'a [u8]> {
        Some(self.0)
    }
    fn header(&self, _: &str) -> Option<&'a [u8]> {
        Some(self.0)
    }
}

const PATHS: [&str; 5] = ["", "/a", "/b", "/a/b", "/0/a"];

/// Without the feature `exact`, serde_json may be wrong in the last bit of a number.
const LAST_BITS: u64 = if cfg!(feature = "exact") { 0 } else { 2 };

/// Any bytes.
pub fn run(data: &[u8]) {
    let kinds = [Kind::Text, Kind::Integer, Kind::Number, Kind::Boolean];
    let fields: Vec<Field> = PATHS
        .iter()
        .flat_map(|path| kinds.map(|kind| (*path, kind)))
        .map(|(path, kind)| Field {
            part: Part::Value,
            path: path.to_owned(),
            kind,
            presence: Presence::Lenient,
        })
        .collect();
    let mut extractor = Extractor::new(&fields);
    let refused = extractor.extract(&[OnlyValue(data)]);
    let json = std::str::from_utf8(data)
        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    match refused.first() {
        // serde_json only passes over what it ignores, however deep.
        Some(refused) if refused.reason.contains("nested too deeply") => return,
        Some(refused) => assert!(!json, "{refused:?}"),
        None => assert!(json),
    }
    // Its own marks for values that are kept as they stand mean nothing to anybody else.
    if data.windows(12).any(|bytes| bytes == b"$serde_json:") {
        return;
    }
    // Where it cannot build a value (lone surrogates, numbers too large) it has nothing to say.
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    if json {
        for (field, column) in fields.iter().zip(extractor.columns()) {
            check(
                field,
                column,
                value.pointer(&field.path).unwrap_or(&Value::Null),
            );
        }
    }
}

fn check(field: &Field, column: &Column, expected: &Value) {
    let null = |nulls: &millstream_fields::Bits| !nulls.or_none().is_empty();
    match column {
        Column::Text(text) => {
            let found =
                (!null(&text.nulls)).then(|| std::str::from_utf8(&text.data).expect("UTF-8"));
            assert_eq!(found, expected.as_str(), "{field}");
        }
        Column::Integer(integers) => {
            let found = (!null(&integers.nulls)).then(|| i64::from_le_bytes(integers.numbers[0]));
            // It takes -0 for a floating-point number.
            assert!(
                found == expected.as_i64() || expected.as_f64() == Some(0.0),
                "{field}"
            );
        }
        Column::Number(numbers) => {
            let found = (!null(&numbers.nulls)).then(|| f64::from_le_bytes(numbers.numbers[0]));
            let same = match (found, expected.as_f64()) {
                (Some(found), Some(number)) => {
                    found == number || found.to_bits().abs_diff(number.to_bits()) <= LAST_BITS
                }
                (found, number) => found == number,
            };
            assert!(same, "{field}: {found:?} for {expected}");
        }
        Column::Boolean(booleans) => {
            let found = (!null(&booleans.nulls)).then(|| booleans.trues.all()[0] == 1);
            assert_eq!(found, expected.as_bool(), "{field}");
        }
        Column::Raw(_) => {}
    }
}
