//! Makes text that others wrote safe to print.
//!
//! A log line or a record may hold anything: sequences that move the cursor, set the window's title or paste into the
//! shell, and characters that turn the reading direction around so that a line reads differently from what it says. All of
//! these come out as visible escapes. Everything else, emoji and combining characters included, stays as it is.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes control and direction characters: `\n`, `\t`, `\x1b`, `\u{202e}`.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push(&mut out, c);
    }
    Cow::Owned(out)
}

/// The same for bytes: what is not UTF-8 comes out as `\xff`.
pub(crate) fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return escape(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(&mut out, c);
        }
        for byte in chunk.invalid() {
            push_byte(&mut out, *byte);
        }
    }
    Cow::Owned(out)
}

/// For JSON text: what JSON itself leaves alone but a terminal does not comes out as `\u009b`, so the text stays the
/// same JSON. Line breaks between tokens stay.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    let unsafe_here = |c: char| steers(c) && c != '\n';
    if !json.chars().any(unsafe_here) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if unsafe_here(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if steers(c) && c.is_ascii() => push_byte(out, c as u8),
        c if steers(c) => {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
        c => out.push(c),
    }
}

fn push_byte(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02x}");
}

/// Whether a terminal does something other than show the character.
fn steers(c: char) -> bool {
    c.is_control() // C0, DEL and C1: 0x9b alone starts a sequence on some terminals
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}'    // direction marks
            | '\u{202a}'..='\u{202e}'               // embeddings and overrides
            | '\u{2066}'..='\u{2069}'               // isolates
            | '\u{2028}' | '\u{2029}'               // line and paragraph separators
            | '\u{206a}'..='\u{206f}'               // deprecated format characters
            | '\u{feff}'                            // byte order mark
            | '\u{fff9}'..='\u{fffb}'               // interlinear annotations hide text
            | '\u{e0000}'..='\u{e007f}') // tags: invisible text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_and_emoji_are_left_alone() {
        for text in [
            "",
            "plain",
            "naïve – 50 €",
            "👩‍👩‍👧 family",
            "नमस्ते",
            r"back\slash",
        ] {
            assert!(
                matches!(escape(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn terminal_sequences_become_visible() {
        assert_eq!(escape("\u{1b}[31mred\u{1b}[0m"), r"\x1b[31mred\x1b[0m");
        assert_eq!(escape("\u{1b}]0;title\u{7}"), r"\x1b]0;title\x07");
        assert_eq!(
            escape("one\ntwo\rthree\tfour\0"),
            r"one\ntwo\rthree\tfour\x00"
        );
        assert_eq!(escape("del\u{7f} csi\u{9b}2J"), r"del\x7f csi\u{9b}2J");
        assert_eq!(escape("back\u{8}\u{8}space"), r"back\x08\x08space");
    }

    #[test]
    fn direction_and_invisible_characters_become_visible() {
        assert_eq!(escape("user\u{202e}txt.exe"), r"user\u{202e}txt.exe");
        for c in [
            '\u{61c}',
            '\u{200e}',
            '\u{200f}',
            '\u{202a}',
            '\u{202d}',
            '\u{2066}',
            '\u{2069}',
            '\u{2028}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert_eq!(escape(&c.to_string()), format!("\\u{{{:x}}}", c as u32));
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_as_hex() {
        assert_eq!(escape_bytes(b"ok \xff\x1b[2J \xc3"), r"ok \xff\x1b[2J \xc3");
        assert_eq!(escape_bytes("grün".as_bytes()), "grün");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({ "m": "a\u{202e}b\u{9b}c\u{7f}\u{e0041}\u{1b}\n" });
        let text = serde_json::to_string_pretty(&value).expect("serialises");
        let safe = escape_json(&text);
        assert!(safe.chars().all(|c| !steers(c) || c == '\n'), "{safe}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).expect("still JSON"),
            value
        );
    }
}
