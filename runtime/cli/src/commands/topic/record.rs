//! A record as a line of JSON, in the form that `topic consume --format json` writes and `topic produce --jsonl` reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes that are not UTF-8 travel in the `_base64` fields. What is absent is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partition: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<i64>,
    /// Milliseconds since 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key_base64: Option<String>,
    /// Text, or any other JSON, which stands for its compact text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value_base64: Option<String>,
    /// Pairs of name and value, in order; names may repeat. A value is text, null, or `{"base64": …}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<JsonHeader>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct JsonHeader(pub(super) String, HeaderValue);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum HeaderValue {
    Text(Option<String>),
    Bytes { base64: String },
}

impl JsonRecord {
    pub(super) fn key_bytes(&self) -> Result<Option<Vec<u8>>, String> {
        bytes("key", self.key.as_ref(), self.key_base64.as_deref())
    }

    pub(super) fn value_bytes(&self) -> Result<Option<Vec<u8>>, String> {
        bytes("value", self.value.as_ref(), self.value_base64.as_deref())
    }
}

impl JsonHeader {
    pub(super) fn new(name: &str, value: Option<&[u8]>) -> JsonHeader {
        let value = match value.map(|bytes| std::str::from_utf8(bytes).map_err(|_| bytes)) {
            None => HeaderValue::Text(None),
            Some(Ok(text)) => HeaderValue::Text(Some(text.to_owned())),
            Some(Err(bytes)) => HeaderValue::Bytes {
                base64: BASE64.encode(bytes),
            },
        };
        JsonHeader(name.to_owned(), value)
    }

    pub(super) fn value_bytes(&self) -> Result<Option<Vec<u8>>, String> {
        match &self.1 {
            HeaderValue::Text(text) => Ok(text.clone().map(String::into_bytes)),
            HeaderValue::Bytes { base64 } => bytes("header", None, Some(base64)),
        }
    }
}

/// The two fields that bytes go into: text if they are text.
pub(super) fn text_or_base64(bytes: Option<&[u8]>) -> (Option<Value>, Option<String>) {
    match bytes.map(std::str::from_utf8) {
        None => (None, None),
        Some(Ok(text)) => (Some(Value::String(text.to_owned())), None),
        Some(Err(_)) => (None, bytes.map(|bytes| BASE64.encode(bytes))),
    }
}

fn bytes(
    what: &str,
    text: Option<&Value>,
    base64: Option<&str>,
) -> Result<Option<Vec<u8>>, String> {
    match (text, base64) {
        (Some(_), Some(_)) => Err(format!("has both a {what} and its base64")),
        (None, Some(base64)) => BASE64
            .decode(base64)
            .map(Some)
            .map_err(|error| format!("the {what}'s base64 is wrong: {error}")),
        (None | Some(Value::Null), None) => Ok(None),
        (Some(Value::String(text)), None) => Ok(Some(text.clone().into_bytes())),
        (Some(other), None) => Ok(Some(other.to_string().into_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> JsonRecord {
        serde_json::from_str(line).expect("a record")
    }

    #[test]
    fn null_empty_text_and_json_are_four_different_things() {
        let value = |line: &str| read(line).value_bytes().expect("bytes");
        assert_eq!(value("{}"), None);
        assert_eq!(value(r#"{"value":null}"#), None);
        assert_eq!(value(r#"{"value":""}"#), Some(vec![]));
        assert_eq!(value(r#"{"value":{"a": 1}}"#), Some(br#"{"a":1}"#.to_vec()));
        assert_eq!(
            value(r#"{"value":"{\"a\": 1}"}"#),
            Some(br#"{"a": 1}"#.to_vec())
        );
        assert_eq!(value(r#"{"value_base64":"/w=="}"#), Some(vec![0xff]));
    }

    #[test]
    fn what_consume_writes_produce_reads() {
        for bytes in [None, Some(&b""[..]), Some(b"text \x1b"), Some(b"\xff\xfe")] {
            let (value, value_base64) = text_or_base64(bytes);
            let record = JsonRecord {
                value,
                value_base64,
                headers: vec![JsonHeader::new("h", bytes)],
                ..JsonRecord::default()
            };
            let again = read(&serde_json::to_string(&record).expect("JSON"));
            assert_eq!(again.value_bytes().expect("bytes").as_deref(), bytes);
            assert_eq!(
                again.headers[0].value_bytes().expect("bytes").as_deref(),
                bytes
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(serde_json::from_str::<JsonRecord>(r#"{"valeu":"x"}"#).is_err());
        assert!(
            read(r#"{"value":"x","value_base64":"eA=="}"#)
                .value_bytes()
                .is_err()
        );
        assert!(read(r#"{"value_base64":"*"}"#).value_bytes().is_err());
    }
}
