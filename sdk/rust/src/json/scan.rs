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
        escapes: 0,
        what: "",
    };
    let mut found = [None; N];
    scan.document(&paths.map(Some), &mut found)
        .map_err(|Wrong| Malformed {
            what: scan.what,
            at: scan.at,
        })?;
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

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Everything in strings so far, or-ed: its high bits tell whether something is not ASCII.
    high: u64,
    depth: usize,
    /// How many escapes there were in strings.
    escapes: usize,
    /// What is wrong, once something is.
    what: &'static str,
}

impl<'a> Scan<'a> {
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

    fn document<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Passed {
        self.space();
        self.value(wanted, found)?;
        self.space();
        if self.at != self.bytes.len() {
            return self.wrong("trailing characters");
        }
        Ok(())
    }

    /// Passes one value. `wanted` has what is left of each path that leads here.
    fn value<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Passed {
        let start = self.at;
        match self.peek() {
            b'{' => self.object(wanted, found)?,
            b'[' => self.array(wanted, found)?,
            _ => self.skip()?,
        }
        for (path, found) in wanted.iter().zip(found) {
            if *path == Some("") {
                *found = Some(Field::new(&self.bytes[start..self.at]));
            }
        }
        Ok(())
    }

    /// Passes one value in which nothing is wanted.
    #[inline]
    fn skip(&mut self) -> Passed {
        match self.peek() {
            b'"' => self.string(),
            b'{' => self.object(&[], &mut []),
            b'[' => self.array(&[], &mut []),
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

    fn object<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Passed {
        self.enter()?;
        if self.peek() == b'}' {
            return self.leave();
        }
        let steps = wanted.map(step);
        loop {
            if self.peek() != b'"' {
                return self.wrong("expected a member's name");
            }
            let (start, escapes) = (self.at + 1, self.escapes);
            self.string()?;
            let name = &self.bytes[start..self.at - 1];
            self.space();
            if self.peek() != b':' {
                return self.wrong("expected `:`");
            }
            self.at += 1;
            self.space();
            let escaped = self.escapes != escapes;
            self.follow(&steps, |step| is_name(name, escaped, step), found)?;
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

    fn array<const N: usize>(
        &mut self,
        wanted: &[Option<&str>; N],
        found: &mut [Option<Field<'a>>; N],
    ) -> Passed {
        self.enter()?;
        if self.peek() == b']' {
            return self.leave();
        }
        let steps = wanted.map(step);
        let mut index = 0usize;
        loop {
            self.follow(&steps, |step| is_index(index, step.token), found)?;
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

    /// Passes the value of a member or an element, which some steps lead to.
    #[inline]
    fn follow<const N: usize>(
        &mut self,
        steps: &[Option<Step<'_>>; N],
        fits: impl Fn(&Step<'_>) -> bool,
        found: &mut [Option<Field<'a>>; N],
    ) -> Passed {
        let mut inner = [None; N];
        let mut any = false;
        for i in 0..N {
            if let Some(step) = &steps[i]
                && fits(step)
            {
                inner[i] = Some(step.rest);
                // Of members of one name the last counts, also where it lacks what an earlier one had.
                found[i] = None;
                any = true;
            }
        }
        if any {
            self.value(&inner, found)
        } else {
            self.skip()
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
            b'u' => match self.hex()? {
                0xD800..0xDC00 if self.bytes[self.at..].starts_with(b"\\u") => {
                    self.at += 1;
                    match self.hex()? {
                        0xDC00..0xE000 => Ok(()),
                        _ => self.wrong("lone surrogate"),
                    }
                }
                0xD800..0xE000 => self.wrong("lone surrogate"),
                _ => Ok(()),
            },
            _ => self.wrong("invalid escape"),
        }
    }

    /// The number in `uXXXX`.
    fn hex(&mut self) -> Result<u32, Wrong> {
        self.at += 1;
        let mut number = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                self.wrong("invalid escape")?;
                return Err(Wrong);
            };
            number = number * 16 + digit;
            self.at += 1;
        }
        Ok(number)
    }
}

/// One step of a path.
#[derive(Clone, Copy)]
struct Step<'p> {
    token: &'p str,
    /// What is left of the path behind it.
    rest: &'p str,
    /// Whether the token may have escapes.
    tilde: bool,
}

/// A path's first step; `None` where the path ends here or leads elsewhere.
fn step(path: Option<&str>) -> Option<Step<'_>> {
    let path = path?.strip_prefix('/')?;
    let (token, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    Some(Step {
        token,
        rest,
        tilde: token.contains('~'),
    })
}

/// Whether a member's name, as written, is what a step says.
#[inline]
fn is_name(name: &[u8], escaped: bool, step: &Step<'_>) -> bool {
    if escaped || step.tilde {
        return is_decoded_name(name, step.token);
    }
    name == step.token.as_bytes()
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
mod tests;
