//! A dead letter as anybody may have written it, up to what `millstream rejected` prints: nothing in it steers a terminal or
//! looks like a line of its own.
//!
//! `name=value` lines for headers (no `=`: null), an empty line, a line for the key, the rest for the value; `~` is null.

use millstream_host::host::{Letter, fuzzing};
use millstream_kafka::log::LogRecord;

use crate::{nullable, split};

/// Any record.
pub fn run(data: &[u8]) {
    let mut headers = Vec::new();
    let mut rest = data;
    loop {
        let (line, behind) = split(rest, b'\n');
        rest = behind;
        if line.is_empty() {
            break;
        }
        let (name, value) = split(line, b'=');
        let value = line.contains(&b'=').then(|| value.to_vec());
        // As a reader of the log has it.
        let name = std::str::from_utf8(name).unwrap_or("\u{fffd}");
        headers.push((name.to_owned(), value));
    }
    let (key, value) = split(rest, b'\n');
    let record = LogRecord {
        offset: 17,
        key: nullable(key).map(<[u8]>::to_vec),
        value: nullable(value).map(<[u8]>::to_vec),
        headers,
        timestamp: timestamp(data),
    };
    let letter = Letter::new(3, record);
    let ours = letter.told("transform") == Some("route");
    assert_eq!(fuzzing::is_letter_of(&letter, "route", None), ours);
    let code = letter.told("code");
    assert_eq!(
        fuzzing::is_letter_of(&letter, "route", Some("bad")),
        ours && code == Some("bad")
    );

    let (text, cells) = millstream::fuzzing::shown(&letter);
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
    };
    for cell in &cells {
        assert!(!cell.chars().any(steers), "{cell:?}");
    }
    assert!(!text.chars().any(|c| c != '\n' && steers(c)), "{text:?}");
    let dated = usize::from(letter.record.timestamp >= 0);
    let lines = 5 + dated + letter.record.headers.len();
    assert_eq!(text.lines().count(), lines, "{text:?}");
}

/// Any time, for a broker keeps what it is given.
fn timestamp(data: &[u8]) -> i64 {
    data.last_chunk()
        .map_or(-1, |bytes| i64::from_le_bytes(*bytes))
}
