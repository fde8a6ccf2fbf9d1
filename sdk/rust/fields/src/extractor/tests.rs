use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Kind::{Boolean, Integer, Number, Raw, Text};
use crate::Presence::{Lenient, Nullable, Required};

#[derive(Clone, Copy)]
struct Record<'r> {
    key: Option<&'r [u8]>,
    value: Option<&'r [u8]>,
    headers: &'r [(&'r str, Option<&'r [u8]>)],
}

impl<'r> Row<'r> for Record<'r> {
    fn key(&self) -> Option<&'r [u8]> {
        self.key
    }
    fn value(&self) -> Option<&'r [u8]> {
        self.value
    }
    fn header(&self, name: &str) -> Option<&'r [u8]> {
        self.headers.iter().rfind(|header| header.0 == name)?.1
    }
}

fn field(path: &str, kind: Kind, presence: Presence) -> Field {
    Field {
        part: Part::Value,
        path: path.to_owned(),
        kind,
        presence,
    }
}

fn row<'a>(key: Option<&'a str>, value: Option<&'a str>) -> Record<'a> {
    Record {
        key: key.map(str::as_bytes),
        value: value.map(str::as_bytes),
        headers: &[],
    }
}

/// Entry i of a column as JSON.
fn entry(column: &Column, i: usize) -> Value {
    let null = |nulls: &[u8]| {
        nulls
            .get(i / 8)
            .is_some_and(|byte| byte >> (i % 8) & 1 == 1)
    };
    let text = |strings: &crate::Strings| {
        let end = |i: usize| u32::from_le_bytes(strings.ends[i]) as usize;
        let start = if i == 0 { 0 } else { end(i - 1) };
        let data = &strings.data[start..end(i)];
        assert!(data.is_empty() || !null(strings.nulls.or_none()));
        String::from_utf8(data.to_vec()).expect("UTF-8")
    };
    let nulls = match column {
        Column::Text(strings) | Column::Raw(strings) => &strings.nulls,
        Column::Integer(numbers) | Column::Number(numbers) => &numbers.nulls,
        Column::Boolean(booleans) => &booleans.nulls,
    };
    if null(nulls.or_none()) {
        return Value::Null;
    }
    match column {
        Column::Text(strings) | Column::Raw(strings) => text(strings).into(),
        Column::Integer(integers) => i64::from_le_bytes(integers.numbers[i]).into(),
        Column::Number(numbers) => f64::from_le_bytes(numbers.numbers[i]).into(),
        Column::Boolean(booleans) => null(booleans.trues.all()).into(),
    }
}

/// What one value has for these fields, or code and reason of its refusal.
fn of(value: Option<&str>, fields: &[Field]) -> Result<Vec<Value>, (&'static str, String)> {
    let mut extractor = Extractor::new(fields);
    let rows = [row(None, value)];
    match extractor.extract(&rows).pop() {
        Some(refused) => Err((refused.code, refused.reason)),
        None => Ok(extractor.columns().iter().map(|c| entry(c, 0)).collect()),
    }
}

fn one(value: &str, kind: Kind, presence: Presence) -> Result<Value, String> {
    of(Some(value), &[field("/a", kind, presence)])
        .map(|mut fields| fields.remove(0))
        .map_err(|(code, reason)| format!("{code}: {reason}"))
}

#[test]
fn a_field_is_handed_over_as_its_type() {
    let value = Some(r#"{"t":"a\u00e9\n","i":-7,"n":2.5,"b":true,"r":{"x":[1]}}"#);
    let fields = [
        field("/r/x", Raw, Required),
        field("/t", Text, Required),
        field("/i", Integer, Required),
        field("/i", Number, Required),
        field("/n", Number, Required),
        field("/b", Boolean, Required),
        field("/t", Raw, Required),
        field("/none", Text, Nullable),
    ];
    let expected = serde_json::json!(["[1]", "aé\n", -7, -7.0, 2.5, true, r#""a\u00e9\n""#, null]);
    assert_eq!(of(value, &fields).map(Value::Array), Ok(expected));
}

#[test]
fn presence_decides_about_what_is_absent_null_or_of_another_type() {
    let absent = "{}";
    let null = r#"{"a":null}"#;
    let other = r#"{"b":0,"a":"x"}"#;
    for (value, required, nullable) in [
        (
            absent,
            "missing-field: `/a` of the value is missing or null",
            None,
        ),
        (
            null,
            "missing-field: `/a` of the value is missing or null",
            None,
        ),
        (
            other,
            "wrong-type: `/a` of the value is not an integer of 64 bits (at byte 11)",
            Some("wrong-type: `/a` of the value is not an integer of 64 bits (at byte 11)"),
        ),
    ] {
        assert_eq!(one(value, Integer, Required), Err(required.to_owned()));
        let nullable = nullable.map_or(Ok(Value::Null), |reason| Err(reason.to_owned()));
        assert_eq!(one(value, Integer, Nullable), nullable);
        assert_eq!(one(value, Integer, Lenient), Ok(Value::Null));
    }
}

#[test]
fn malformed_values_are_refused_whatever_the_presence() {
    for presence in [Required, Nullable, Lenient] {
        assert_eq!(
            one(r#"{"a":1"#, Integer, presence),
            Err("malformed-json: the value is not JSON: unexpected end at byte 6".to_owned())
        );
    }
    assert!(one("", Integer, Lenient).is_err());
    assert!(one(r#"{"a":1,"b":"#, Integer, Lenient).is_err());
}

#[test]
fn a_value_that_is_null_lacks_nothing() {
    let fields = [
        field("/a", Text, Required),
        field("", Raw, Required),
        field("", Text, Required),
    ];
    assert_eq!(of(None, &fields), Ok(vec![Value::Null; 3]));
}

#[test]
fn a_lone_surrogate_is_of_another_type() {
    let value = r#"{"a":"\ud800"}"#;
    assert!(one(value, Text, Nullable).is_err_and(|reason| reason.starts_with("wrong-type")));
    assert_eq!(one(value, Text, Lenient), Ok(Value::Null));
    assert_eq!(one(value, Raw, Required), Ok(r#""\ud800""#.into()));
    assert_eq!(
        one(r#"{"\ud800":1,"a":2}"#, Integer, Required),
        Ok(2.into())
    );
}

#[test]
fn numbers_have_one_meaning() {
    let integer = |text: &str| one(&format!(r#"{{"a":{text}}}"#), Integer, Lenient);
    assert_eq!(integer("-9223372036854775808"), Ok(i64::MIN.into()));
    assert_eq!(integer("9223372036854775808"), Ok(Value::Null));
    assert_eq!(integer("-0"), Ok(0.into()));
    assert_eq!(integer("1e2"), Ok(Value::Null));
    let number = |text: &str| one(&format!(r#"{{"a":{text}}}"#), Number, Lenient);
    assert_eq!(number("1e2"), Ok(100.0.into()));
    assert_eq!(number("1e999"), Ok(Value::Null));
    assert_eq!(
        number("-0").map(|zero| zero.to_string()),
        Ok("-0.0".to_owned())
    );
}

#[test]
fn the_last_of_repeated_names_wins() {
    let fields = [
        field("/a", Integer, Required),
        field("/b", Integer, Required),
    ];
    let found = of(Some(r#"{"a":1,"a":2,"b":3}"#), &fields);
    assert_eq!(found, Ok(vec![2.into(), 3.into()]));
    assert!(one(r#"{"a":1,"a":null}"#, Integer, Required).is_err());
}

#[test]
fn text_deeper_than_the_limit_is_malformed() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let depth = crate::json::DEEPEST;
    assert_eq!(
        of(Some(&deep(depth)), &[field("/a", Text, Lenient)]),
        Ok(vec![Value::Null])
    );
    assert!(of(Some(&deep(depth + 1)), &[field("/a", Text, Lenient)]).is_err());
}

#[test]
fn whole_keys_and_headers_are_text_as_it_stands() {
    let whole = |part, kind| Field {
        part,
        path: String::new(),
        kind,
        presence: Required,
    };
    let headers: [(_, Option<&[u8]>); 4] = [
        ("h", Some(b"old")),
        ("n", Some(b"12")),
        ("h", Some(b"\"new\"")),
        ("null", None),
    ];
    let row = Record {
        headers: &headers,
        ..row(Some("u{1"), Some("{}"))
    };
    let mut extractor = Extractor::new(&[
        whole(Part::Key, Text),
        whole(Part::Header("h".into()), Text),
        whole(Part::Header("n".into()), Integer),
        whole(Part::Value, Raw),
    ]);
    assert_eq!(extractor.extract(&[row]), []);
    let entries: Vec<_> = extractor.columns().iter().map(|c| entry(c, 0)).collect();
    assert_eq!(
        Value::Array(entries),
        serde_json::json!(["u{1", "\"new\"", 12, "{}"])
    );
    for (name, reason) in [
        ("null", "missing"),
        ("absent", "missing"),
        ("h", "not a number"),
    ] {
        let mut extractor = Extractor::new(&[whole(Part::Header(name.into()), Number)]);
        let refused = extractor.extract(&[row]);
        assert!(refused[0].reason.contains(reason), "{refused:?}");
    }
    let mut extractor = Extractor::new(&[whole(Part::Key, Text)]);
    let nobody = Record { key: None, ..row };
    assert_eq!(extractor.extract(&[nobody])[0].code, "missing-field");
}

#[test]
fn pointers_lead_into_keys_too() {
    let id = Field {
        part: Part::Key,
        ..field("/id", Integer, Required)
    };
    let mut extractor = Extractor::new(&[id, field("/id", Integer, Required)]);
    let rows = [
        row(Some(r#"{"id":1}"#), Some(r#"{"id":2}"#)),
        row(Some("u1"), Some(r#"{"id":2}"#)),
    ];
    let refused = extractor.extract(&rows);
    assert_eq!(
        refused[0].reason,
        "the key is not JSON: expected a value at byte 0"
    );
    let entries: Vec<_> = extractor.columns().iter().map(|c| entry(c, 0)).collect();
    assert_eq!(entries, [1, 2]);
}

#[test]
fn refused_rows_leave_no_entry() {
    let values = [
        r#"{"a":"x","b":1}"#,
        r#"{"a":"y"}"#,
        "{",
        r#"{"a":"z","b":3}"#,
    ];
    let rows = values.map(|value| row(None, Some(value)));
    let fields = [field("/a", Text, Required), field("/b", Integer, Required)];
    let mut extractor = Extractor::new(&fields);
    for _ in 0..2 {
        let refused = extractor.extract(&rows);
        let refused: Vec<_> = refused.iter().map(|r| (r.row, r.code)).collect();
        assert_eq!(refused, [(1, "missing-field"), (2, "malformed-json")]);
        for (column, expected) in extractor.columns().iter().zip([["x", "z"], ["1", "3"]]) {
            let found = [0, 1].map(|i| entry(column, i).to_string().replace('"', ""));
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn values_that_many_fields_share_count_for_each_of_them() {
    let value = r#"{"a":"0123456789","n":7}"#;
    let fields = [
        field("/a", Text, Required),
        field("/a", Raw, Required),
        field("/n", Integer, Required),
        field("/none", Text, Nullable),
    ];
    // A text, the same with its quotes, a number.
    let bytes = 10 + 12 + 8;
    let mut extractor = Extractor::new(&fields);
    let rows = [
        row(None, Some(value)),
        row(None, Some("{}")),
        row(None, Some(value)),
    ];
    // What is refused leaves no entry, and does not count.
    let refused = extractor.extract_within(&rows, 2 * bytes).expect("room");
    assert_eq!(refused.len(), 1);
    assert_eq!(
        extractor.extract_within(&rows, 2 * bytes - 1),
        Err(TooLarge)
    );
}

#[test]
fn columns_without_room_do_not_grow_on() {
    let value = format!("\"{}\"", "x".repeat(1_000));
    let fields: Vec<_> = (0..256).map(|_| field("", Raw, Required)).collect();
    let mut extractor = Extractor::new(&fields);
    let rows = [row(None, Some(&value)); 100];
    assert_eq!(extractor.extract_within(&rows, 10_000), Err(TooLarge));
    let taken = |column: &Column| match column {
        Column::Raw(values) => values.data.len(),
        _ => 0,
    };
    let taken: usize = extractor.columns().iter().map(taken).sum();
    assert!(taken <= 10_000 + value.len(), "{taken}");
}

/// JSON text with the names that are looked for, odd spaces, and repeated members.
fn json() -> impl Strategy<Value = String> {
    let text = "(a|b|é|😀|\\\\u00e9|\\\\n|\\\\ud83d\\\\ude00|\\\\ud800|\\\\\\\\| ){0,6}";
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number,
        text.prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let name = prop_oneof![
            Just("a"),
            Just("b"),
            Just("\\u0061"),
            Just("0"),
            Just("a/b"),
            Just("~")
        ];
        let member = (name, "[ \n]{0,2}", inner.clone())
            .prop_map(|(name, space, value)| format!("\"{name}\"{space}:{space}{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(member, 0..5)
                .prop_map(|members| format!("{{ {} }}", members.join(","))),
        ]
    })
}

/// What serde_json says that a text has there, in the contract's words; `None` where its own words differ.
fn oracle(value: &Value, path: &str, kind: Kind) -> Option<Value> {
    let found = value.pointer(path).unwrap_or(&Value::Null);
    Some(match kind {
        Text if found.is_string() => found.clone(),
        Boolean if found.is_boolean() => found.clone(),
        Integer if found.is_i64() => found.clone(),
        Number if found.is_number() => found.as_f64().map_or(Value::Null, Value::from),
        // Its text is compared by what it stands for.
        Raw if !found.is_null() => found.clone(),
        // serde_json takes -0 for a floating-point number.
        Integer if found.as_f64() == Some(0.0) => return None,
        _ => Value::Null,
    })
}

fn close(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else {
        return false;
    };
    (a - b).abs() <= a.abs() * 4.0 * f64::EPSILON
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn fields_are_what_serde_json_finds(text in json()) {
        let paths = ["", "/a", "/b", "/a/a", "/a/b", "/a/0", "/0", "/b/1", "/a~1b", "/~0", "/a/b/a"];
        let kinds = [Text, Integer, Number, Boolean, Raw];
        let fields: Vec<_> = paths
            .iter()
            .flat_map(|path| kinds.map(|kind| field(path, kind, Lenient)))
            .collect();
        let found = of(Some(&text), &fields).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        // It builds a value of the whole text, which lone surrogates and numbers too large do not survive.
        let Ok(value) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
        for (field, found) in fields.iter().zip(found) {
            let Some(expected) = oracle(&value, &field.path, field.kind) else { continue };
            let found = match (field.kind, found) {
                (Raw, Value::String(raw)) if !field.path.is_empty() => {
                    serde_json::from_str(&raw).expect("raw fields are JSON")
                }
                // The whole value's bytes, whatever they are.
                (Raw, raw) if field.path.is_empty() => {
                    prop_assert_eq!(raw, Value::from(text.as_str()));
                    continue;
                }
                // serde_json may be off by the last bits: its feature float_roundtrip is not on.
                (Number, found) if close(&found, &expected) => continue,
                (_, found) => found,
            };
            prop_assert_eq!(found, expected, "{} as {:?} in {}", field.path, field.kind, text);
        }
    }

    #[test]
    fn what_serde_json_refuses_is_malformed(text in json(), at in any::<prop::sample::Index>(), with in "[ -~]") {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with.as_bytes()[0];
        let json = std::str::from_utf8(&bytes)
            .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        let rows = [Record { value: Some(&bytes), ..row(None, None) }];
        let refused = Extractor::new(&[field("/a", Text, Lenient)]).extract(&rows);
        prop_assert_eq!(refused.is_empty(), json, "{:?}: {:?}", String::from_utf8_lossy(&bytes), refused);
    }
}
