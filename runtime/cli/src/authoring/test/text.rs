//! Bytes of records as they stand in a case's JSON: text as a string, other bytes as `{"base64": ".."}`, null as null; any
//! other JSON is its own compact text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Bytes, or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::authoring) struct Text {
    pub(in crate::authoring) bytes: Option<Vec<u8>>,
    /// Whether it was written as JSON: then other spaces and another order of members are the same.
    json: bool,
}

impl Text {
    pub(super) const NULL: Text = Text {
        bytes: None,
        json: false,
    };

    /// These bytes, as they are.
    pub(in crate::authoring) fn of(bytes: Option<Vec<u8>>) -> Text {
        Text { bytes, json: false }
    }

    fn parse(raw: &str) -> Result<Text, String> {
        let raw = raw.trim();
        if raw == "null" {
            return Ok(Text::NULL);
        }
        let wrong = |error: serde_json::Error| error.to_string();
        if raw.starts_with('"') {
            let text: String = serde_json::from_str(raw).map_err(wrong)?;
            return Ok(Text {
                bytes: Some(text.into_bytes()),
                json: false,
            });
        }
        if let Value::Object(members) = serde_json::from_str(raw).map_err(wrong)?
            && let (1, Some(base64)) = (members.len(), members.get("base64"))
        {
            let text = base64.as_str().ok_or("`base64` has to be a text")?;
            let bytes = STANDARD
                .decode(text)
                .map_err(|error| format!("`base64`: {error}"))?;
            return Ok(Text {
                bytes: Some(bytes),
                json: false,
            });
        }
        Ok(Text {
            bytes: Some(compact(raw).into_bytes()),
            json: true,
        })
    }

    /// Whether these bytes are what is expected.
    pub(super) fn fits(&self, bytes: Option<&[u8]>) -> bool {
        if self.bytes.as_deref() == bytes {
            return true;
        }
        let json = |bytes: Option<&[u8]>| serde_json::from_slice::<Value>(bytes?).ok();
        self.json && json(bytes).is_some_and(|value| Some(value) == json(self.bytes.as_deref()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Text::parse(raw.get()).map_err(D::Error::custom)
    }
}

/// JSON without the spaces between its tokens. Nothing else changes: neither the order of members nor numbers.
fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        if quoted || !c.is_ascii_whitespace() {
            text.push(c);
        }
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        }
    }
    text
}

/// How these bytes are written in a case.
pub(super) fn write(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let is_json =
                text.starts_with(['{', '[']) && serde_json::from_str::<Value>(text).is_ok();
            // Only what reads back as the same bytes.
            if is_json
                && Text::parse(text)
                    .is_ok_and(|read| read.json && read.bytes.as_deref() == Some(bytes))
            {
                return text.to_owned();
            }
            Value::from(text).to_string()
        }
        Err(_) => format!("{{\"base64\":\"{}\"}}", STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(raw: &str) -> Option<Vec<u8>> {
        Text::parse(raw).expect("it can be read").bytes
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_bytes() {
        let cases: [Option<&[u8]>; 10] = [
            None,
            Some(b""),
            Some(b"plain"),
            Some(b"null"),
            Some(br#"{"b":1.50,"a":" x\" "}"#),
            Some(br#"{ "spaced": 1 }"#),
            Some(b"[1,2]"),
            Some(br#"{"base64":"eA=="}"#),
            Some(b"{\"cut"),
            Some(b"\xff\x00"),
        ];
        for case in cases {
            assert_eq!(bytes(&write(case)).as_deref(), case);
        }
    }

    #[test]
    fn json_is_its_compact_text() {
        assert_eq!(
            bytes(r#" { "b" : [ 1 , "x \" y" ] } "#).as_deref(),
            Some(&br#"{"b":[1,"x \" y"]}"#[..])
        );
        assert_eq!(bytes("12").as_deref(), Some(&b"12"[..]));
    }

    #[test]
    fn json_is_compared_as_json_and_a_string_byte_by_byte() {
        let fits = |expected: &str, actual: &[u8]| {
            Text::parse(expected)
                .expect("it can be read")
                .fits(Some(actual))
        };
        assert!(fits(r#"{"a":1,"b":2}"#, br#"{"b": 2, "a": 1}"#));
        assert!(!fits(r#""{\"a\":1}""#, br#"{"a": 1}"#));
        assert!(!fits(r#"{"a":1}"#, b"{"));
    }
}
