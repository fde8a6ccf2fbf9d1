//! One pass over JSON text that checks all of it and hands out the pieces that were looked for. Builds nothing, copies
//! nothing, and takes strings eight bytes at a time.

use super::{Found, Malformed, Name, Search};

/// As deep as serde_json goes: deeper text is refused, so that no text can exhaust the stack.
pub const DEEPEST: usize = 128;

/// Passes over all of `text`, once, and gives what `search` looks for to `sink`.
///
/// # Errors
/// The first thing that makes it no JSON. What was found before is worthless then.
#[inline]
pub fn scan<'t, S: Search>(
    text: &'t [u8],
    search: &S,
    sink: &mut S::Sink<'t>,
) -> Result<(), Malformed> {
    let mut scan = Scan {
        bytes: text,
        at: 0,
        high: 0,
        depth: 0,
        escapes: 0,
        what: "",
    };
    scan.document(search, sink).map_err(|Wrong| Malformed {
        what: scan.what,
        at: scan.at,
    })?;
    // Bytes past ASCII occur in strings alone, and most text has none.
    if scan.high & HIGH != 0
        && let Err(error) = std::str::from_utf8(text)
    {
        return Err(Malformed {
            what: "invalid UTF-8",
            at: error.valid_up_to(),
        });
    }
    Ok(())
}

/// Looks for nothing.
struct Nothing;

impl Search for Nothing {
    type Sink<'t> = ();

    fn member(&self, _: Name<'_>, (): &mut ()) -> Option<Self> {
        None
    }

    fn element(&self, _: usize, (): &mut ()) -> Option<Self> {
        None
    }

    fn here<'t>(&self, _: Found<'t>, (): &mut ()) {}
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

/// Whether all eight bytes are digits.
#[inline]
fn all_digits(word: u64) -> bool {
    let threes = ONES * 0x30;
    let mask = ONES * 0xF0;
    word & mask == threes && word.wrapping_add(ONES * 6) & mask == threes
}

/// The text is malformed; the scan knows where and why. As small as can be, because every function here answers it.
struct Wrong;
type Passed = Result<(), Wrong>;

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Everything in strings so far, or-ed: its high bits tell whether something is not ASCII.
    high: u64,
    depth: usize,
    /// How many escapes there were in strings.
    escapes: usize,
    /// What is wrong, once something is.
    what: &'static str,
}

impl<'t> Scan<'t> {
    #[cold]
    fn wrong(&mut self, what: &'static str) -> Passed {
        self.what = if self.at >= self.bytes.len() {
            "unexpected end"
        } else {
            what
        };
        Err(Wrong)
    }

    #[inline]
    fn peek(&self) -> u8 {
        // No JSON begins with a NUL, so the end needs no case of its own.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn space(&mut self) {
        // Most text has none, and a loop costs even where it does not turn: the host may interrupt it.
        if self.peek() <= b' ' {
            self.spaces();
        }
    }

    #[cold]
    fn spaces(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    fn document<S: Search>(&mut self, search: &S, sink: &mut S::Sink<'t>) -> Passed {
        self.space();
        self.value(search, sink)?;
        self.space();
        if self.at != self.bytes.len() {
            return self.wrong("trailing characters");
        }
        Ok(())
    }

    /// Passes one value in which something may be found.
    fn value<S: Search>(&mut self, search: &S, sink: &mut S::Sink<'t>) -> Passed {
        let (start, escapes) = (self.at, self.escapes);
        match self.peek() {
            b'{' => self.object(search, sink)?,
            b'[' => self.array(search, sink)?,
            _ => self.skip()?,
        }
        let raw = &self.bytes[start..self.at];
        search.here(Found::new(raw, self.escapes != escapes), sink);
        Ok(())
    }

    /// Passes one value in which nothing is wanted.
    #[inline]
    fn skip(&mut self) -> Passed {
        match self.peek() {
            b'"' => self.string(),
            b'{' => self.object(&Nothing, &mut ()),
            b'[' => self.array(&Nothing, &mut ()),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.wrong("expected a value"),
        }
    }

    fn enter(&mut self) -> Passed {
        if self.depth == DEEPEST {
            return self.wrong("nested too deeply");
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    fn leave(&mut self) -> Passed {
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn object<S: Search>(&mut self, search: &S, sink: &mut S::Sink<'t>) -> Passed {
        self.enter()?;
        if self.peek() == b'}' {
            return self.leave();
        }
        loop {
            if self.peek() != b'"' {
                return self.wrong("expected a member's name");
            }
            let (start, escapes) = (self.at + 1, self.escapes);
            self.string()?;
            let name = Name::new(&self.bytes[start..self.at - 1], self.escapes != escapes);
            self.space();
            if self.peek() != b':' {
                return self.wrong("expected `:`");
            }
            self.at += 1;
            self.space();
            match search.member(name, sink) {
                Some(inner) => self.value(&inner, sink)?,
                None => self.skip()?,
            }
            self.space();
            match self.peek() {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b'}' => return self.leave(),
                _ => return self.wrong("expected `,` or `}`"),
            }
        }
    }

    fn array<S: Search>(&mut self, search: &S, sink: &mut S::Sink<'t>) -> Passed {
        self.enter()?;
        if self.peek() == b']' {
            return self.leave();
        }
        let mut index = 0usize;
        loop {
            match search.element(index, sink) {
                Some(inner) => self.value(&inner, sink)?,
                None => self.skip()?,
            }
            index += 1;
            self.space();
            match self.peek() {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b']' => return self.leave(),
                _ => return self.wrong("expected `,` or `]`"),
            }
        }
    }

    fn word(&mut self, word: &'static [u8]) -> Passed {
        if !self.bytes[self.at..].starts_with(word) {
            return self.wrong("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Passed {
        let start = self.at;
        while let Some(chunk) = self.bytes[self.at..].first_chunk::<8>()
            && all_digits(u64::from_le_bytes(*chunk))
        {
            self.at += 8;
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start {
            return self.wrong("expected a digit");
        }
        Ok(())
    }

    fn number(&mut self) -> Passed {
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
    fn string(&mut self) -> Passed {
        self.at += 1;
        // Names and short texts, without a loop.
        if let Some(chunk) = self.bytes[self.at..].first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let special = special(word);
            self.high |= word;
            self.at += (special.trailing_zeros() / 8) as usize;
            if special != 0 && self.peek() == b'"' {
                self.at += 1;
                return Ok(());
            }
        }
        self.rest_of_string()
    }

    fn rest_of_string(&mut self) -> Passed {
        loop {
            while let Some(chunk) = self.bytes[self.at..].first_chunk::<16>() {
                let both = u128::from_le_bytes(*chunk);
                let (low, high) = (both as u64, (both >> 64) as u64);
                self.high |= low | high;
                let (in_low, in_high) = (special(low), special(high));
                if in_low != 0 {
                    self.at += (in_low.trailing_zeros() / 8) as usize;
                    break;
                }
                if in_high != 0 {
                    self.at += 8 + (in_high.trailing_zeros() / 8) as usize;
                    break;
                }
                self.at += 16;
            }
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return self.wrong("control character in a string"),
                // One of the last fifteen bytes.
                Some(byte) => {
                    self.high |= u64::from(*byte);
                    self.at += 1;
                }
                None => return self.wrong("unexpected end"),
            }
        }
    }

    #[cold]
    fn escape(&mut self) -> Passed {
        self.escapes += 1;
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            // Whether the number is a character, only who decodes the string has to know.
            b'u' => self.hex(),
            _ => self.wrong("invalid escape"),
        }
    }

    /// Passes `uXXXX`.
    fn hex(&mut self) -> Passed {
        self.at += 1;
        for _ in 0..4 {
            if !self.peek().is_ascii_hexdigit() {
                return self.wrong("invalid escape");
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
