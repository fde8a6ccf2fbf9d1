//! Words of a program: bytes, with `%` for those that are no text, and `~` for null.

use millstream_sdk::prelude::*;

/// `None` is null.
pub(crate) type Word = Option<Vec<u8>>;

pub(crate) fn word(written: &str) -> Word {
    (written != "~").then(|| bytes(written))
}

pub(crate) fn bytes(written: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = written.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| std::str::from_utf8(after.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

pub(crate) fn text(written: &str) -> Result<String, Reject> {
    String::from_utf8(bytes(written)).or_reject("bad-word")
}

/// A value as a word.
pub(crate) fn write(value: Option<&[u8]>) -> String {
    let Some(value) = value else {
        return "~".to_owned();
    };
    let mut written = String::new();
    for &byte in value {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                written.push(char::from(byte));
            }
            _ => written.push_str(&format!("%{byte:02X}")),
        }
    }
    written
}
