//! One pass over JSON text that checks all of it and remembers where a few members are. Builds nothing, copies nothing,
//! and takes strings eight bytes at a time.

use std::borrow::Cow;

use super::Field;

/// As deep as serde_json goes: deeper text is refused, so that no text can exhaust the stack.
const DEEPEST: usize = 128;

/// What is wrong, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) what: &'static str,
    pub(super) at: usize,
}

/// See [`super::fields`].
pub(super) fn fields<'a, const N: usize>(
    bytes: &'a [u8],
    paths: [&str; N],
) -> Result<[Option<Field<'a>>; N], Malformed> {
    let mut scan = Scan {
        bytes,
        at: 0,
        high: 0,
        depth: 0,
    };
    let mut found = [None; N];
    let wanted = paths.map(Some);
    scan.space();
    scan.value(&wanted, &mut found)?;
    scan.space();
    if scan.at != bytes.len() {
        return Err(scan.error("trailing characters"));
    }
    // Bytes past ASCII occur in strings alone, and most text has none.
    if scan.high & HIGH != 0
        && let Err(error) = std::str::from_utf8(bytes)
    {
        return Err(Malformed {
            what: "invalid UTF-8",
            at: error.valid_up_to(),
        });
    }
    Ok(found)
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// The high bit of each byte that is a quote, a backslash or a control character; perhaps also of bytes after the first
/// such. Bytes past ASCII don't count.
#[inline]
fn special(word: u64) -> u64 {
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero(quotes) | zero(backslashes) | control) & HIGH
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Everything in strings so far, or-ed: its high bits tell whether something is not ASCII.
    high: u64,
    depth: usize,
}

impl<'a> Scan<'a> {
    #[cold]
    fn error(&self, what: &'static str) -> Malformed {
        Malformed {
            what: if self.at >= self.bytes.len() && what != "trailing characters" {
                "unexpected end"
            } else {
                what
            },
            at: self.at,
        }
    }

    #[inline]
    fn peek(&self) -> u8 {
        // No JSON begins with a NUL, so the end needs no case of its own.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    /// Passes one value. `wanted` has what is left of each path that leads here.
    fn value<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Result<(), Malformed> {
        let start = self.at;
        match self.peek() {
            b'"' => self.string()?,
            b'{' => self.object(wanted, found)?,
            b'[' => self.array(wanted, found)?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => return Err(self.error("expected a value")),
        }
        for (path, found) in wanted.iter().zip(found) {
            if *path == Some("") {
                *found = Some(Field::new(&self.bytes[start..self.at]));
            }
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Malformed> {
        if self.depth == DEEPEST {
            return Err(self.error("nested too deeply"));
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    fn object<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Result<(), Malformed> {
        self.enter()?;
        if self.peek() == b'}' {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        let search = wanted
            .iter()
            .any(|path| path.is_some_and(|path| !path.is_empty()));
        loop {
            if self.peek() != b'"' {
                return Err(self.error("expected a member's name"));
            }
            let start = self.at + 1;
            self.string()?;
            let name = &self.bytes[start..self.at - 1];
            self.space();
            if self.peek() != b':' {
                return Err(self.error("expected `:`"));
            }
            self.at += 1;
            self.space();
            if search {
                self.value(&descend(wanted, |token| is_name(name, token)), found)?;
            } else {
                self.value(&[None; N], found)?;
            }
            self.space();
            match self.peek() {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b'}' => break,
                _ => return Err(self.error("expected `,` or `}`")),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn array<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Result<(), Malformed> {
        self.enter()?;
        if self.peek() == b']' {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        let search = wanted
            .iter()
            .any(|path| path.is_some_and(|path| !path.is_empty()));
        for index in 0usize.. {
            if search {
                self.value(&descend(wanted, |token| is_index(index, token)), found)?;
            } else {
                self.value(&[None; N], found)?;
            }
            self.space();
            match self.peek() {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b']' => break,
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), Malformed> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error("expected a digit"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Passes a string, from quote to quote.
    #[inline]
    fn string(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        loop {
            while let Some(chunk) = self.bytes[self.at..].first_chunk::<8>() {
                let word = u64::from_le_bytes(*chunk);
                self.high |= word;
                let special = special(word);
                if special != 0 {
                    self.at += (special.trailing_zeros() / 8) as usize;
                    break;
                }
                self.at += 8;
            }
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return Err(self.error("control character in a string")),
                // One of the last seven bytes.
                Some(byte) => {
                    self.high |= u64::from(*byte);
                    self.at += 1;
                }
                None => return Err(self.error("unexpected end")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => match self.hex()? {
                0xD800..0xDC00 if self.bytes[self.at..].starts_with(b"\\u") => {
                    self.at += 1;
                    match self.hex()? {
                        0xDC00..0xE000 => Ok(()),
                        _ => Err(self.error("lone surrogate")),
                    }
                }
                0xD800..0xE000 => Err(self.error("lone surrogate")),
                _ => Ok(()),
            },
            _ => Err(self.error("invalid escape")),
        }
    }

    /// The number in `uXXXX`.
    fn hex(&mut self) -> Result<u32, Malformed> {
        self.at += 1;
        let mut number = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                return Err(self.error("invalid escape"));
            };
            number = number * 16 + digit;
            self.at += 1;
        }
        Ok(number)
    }
}

/// What is left of each path past a first token that `fits`.
#[inline]
fn descend<'p, const N: usize>(
    wanted: &[Option<&'p str>; N],
    fits: impl Fn(&str) -> bool,
) -> [Option<&'p str>; N] {
    wanted.map(|path| {
        let path = path?.strip_prefix('/')?;
        let (token, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        fits(token).then_some(rest)
    })
}

/// Whether a member's name, as written, is what a path's token says.
#[inline]
fn is_name(name: &[u8], token: &str) -> bool {
    if name == token.as_bytes() {
        return !token.contains('~') || !token.contains("~0") && !token.contains("~1");
    }
    (name.contains(&b'\\') || token.contains('~')) && is_decoded_name(name, token)
}

#[cold]
fn is_decoded_name(name: &[u8], token: &str) -> bool {
    let token = token.replace("~1", "/").replace("~0", "~");
    let quoted = [b"\"", name, b"\""].concat();
    serde_json::from_slice::<Cow<'_, str>>(&quoted).is_ok_and(|name| name == token)
}

fn is_index(index: usize, token: &str) -> bool {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    canonical && token.parse() == Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(text: &'a str, path: &str) -> Option<&'a str> {
        let [field] = fields(text.as_bytes(), [path]).expect("it is JSON");
        field.map(|field| std::str::from_utf8(field.raw()).expect("it is text"))
    }

    #[test]
    fn a_path_leads_through_objects_and_arrays() {
        let text = r#" {"a": {"b": [10, {"c": "x"}]}, "e/f": 1, "g~h": 2, "": 3, "\u0061b": 4} "#;
        assert_eq!(at(text, "/a/b/0"), Some("10"));
        assert_eq!(at(text, "/a/b/1/c"), Some("\"x\""));
        assert_eq!(at(text, "/a/b/01"), None);
        assert_eq!(at(text, "/a/b/-"), None);
        assert_eq!(at(text, "/e~1f"), Some("1"));
        assert_eq!(at(text, "/g~0h"), Some("2"));
        assert_eq!(at(text, "/"), Some("3"));
        assert_eq!(at(text, "/ab"), Some("4"));
        assert_eq!(at(text, "/a/x"), None);
        assert_eq!(at(text, ""), Some(text.trim()));
        assert_eq!(at("[]", "/a"), None);
    }

    #[test]
    fn the_last_of_repeated_members_counts() {
        assert_eq!(at(r#"{"a":1,"a":2}"#, "/a"), Some("2"));
    }

    #[test]
    fn several_paths_are_found_in_one_pass() {
        let text = br#"{"type":"swipe","user":{"id":7},"x":null}"#;
        let [kind, id, none] =
            fields(text, ["/type", "/user/id", "/user/name"]).expect("it is JSON");
        assert!(kind.is_some_and(|kind| kind.is("swipe")));
        assert_eq!(id.and_then(Field::as_i64), Some(7));
        assert_eq!(none, None);
    }

    #[test]
    fn an_error_says_what_and_where() {
        let error = |text: &str| {
            let error = fields(text.as_bytes(), ["/a"]).expect_err("it is malformed");
            format!("{} at {}", error.what, error.at)
        };
        assert_eq!(error(r#"{"a":1"#), "unexpected end at 6");
        assert_eq!(error(r#"{"a" 1}"#), "expected `:` at 5");
        assert_eq!(error(r#"{"a":1 "b":2}"#), "expected `,` or `}` at 7");
        assert_eq!(error(r#"{"a":01}"#), "expected `,` or `}` at 6");
        assert_eq!(error(r#"{"a":tru}"#), "expected a value at 5");
        assert_eq!(
            error("{\"a\":\"x\ny\"}"),
            "control character in a string at 7"
        );
        assert_eq!(error(r#"{"a":1} x"#), "trailing characters at 8");
        assert_eq!(error(""), "unexpected end at 0");
        assert_eq!(error(&"[".repeat(200)), "nested too deeply at 128");
    }

    /// What serde_json accepts and refuses is right; the scan must agree on text of any shape.
    #[test]
    fn the_scan_agrees_with_serde_json() {
        let seeds: [&[u8]; 7] = [
            br#"{"type":"swipe","n":-12.5e+3,"b":[true,false,null],"s":"\u00e4\ud83d\ude00\n\"x\\"}"#,
            "{\"user\":\"Jürgen 😀 longer than eight\",\"nested\":{\"a\":[[],{}],\"b\":\"\"}}".as_bytes(),
            b" [ 1 , 2e5 , 0.1 , -0 , \"abcdefgh\" , \"abcdefghi\" ] ",
            b"\"just a string of some length\"",
            b"0",
            b"\"\\uD800\"",
            b"{\"a\":\"\xff\"}",
        ];
        let bytes = b"\"\\{}[]:,.eE+-01 9ntfu/\x00\x1f\x80\xc3\xff \n";
        // A small generator of its own: the same text in every run.
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for round in 0..200_000 {
            let mut text = seeds[round % seeds.len()].to_vec();
            for _ in 0..random(4) {
                let at = random(text.len() + 1);
                match random(3) {
                    0 if at < text.len() => drop(text.remove(at)),
                    1 if at < text.len() => text[at] = bytes[random(bytes.len())],
                    _ => text.insert(at, bytes[random(bytes.len())]),
                }
            }
            // Deciding about surrogates and UTF-8 only a string that is decoded does.
            let theirs = serde_json::from_slice::<serde_json::Value>(&text);
            let ours = fields(&text, ["/type"]);
            assert_eq!(
                ours.is_ok(),
                theirs.is_ok()
                    || theirs
                        .as_ref()
                        .is_err_and(|error| error.to_string().starts_with("number out of range")),
                "{:?}: {ours:?}, {theirs:?}",
                String::from_utf8_lossy(&text)
            );
            if let (Ok([ours]), Ok(theirs)) = (ours, theirs) {
                assert_eq!(
                    ours.map(|field| field.parse().expect("it is JSON"))
                        .as_ref(),
                    theirs.get("type")
                );
            }
        }
    }
}
