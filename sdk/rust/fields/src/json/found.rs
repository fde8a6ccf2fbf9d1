//! Pieces of a text: checked, and decoded only when asked.

use std::borrow::Cow;

use super::unescape::unescape;

/// A JSON value in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'t> {
    raw: &'t [u8],
    /// Whether it may have escapes.
    escaped: bool,
}

impl<'t> Found<'t> {
    /// `raw` is one value without spaces around it.
    #[inline]
    pub(super) fn new(raw: &'t [u8], escaped: bool) -> Self {
        Found { raw, escaped }
    }

    /// The encoded text as it stands, quotes and escapes included.
    #[inline]
    pub fn raw(self) -> &'t [u8] {
        self.raw
    }

    /// Whether it is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.raw == b"null"
    }

    /// Whether it is the string `text`.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        match self.inner() {
            Some(inner) if !self.escaped => inner == text.as_bytes(),
            Some(_) => self.text().as_deref() == Some(text),
            None => false,
        }
    }

    /// The text of a string, borrowed where it has no escapes. `None` where it is something else, or has an escape that is
    /// no character.
    #[inline]
    pub fn text(self) -> Option<Cow<'t, str>> {
        text(self.inner()?, self.escaped)
    }

    /// Appends the text of a string. Says whether it is one; nothing is appended otherwise.
    #[inline]
    pub fn push_text(self, to: &mut Vec<u8>) -> bool {
        match self.inner() {
            Some(inner) if !self.escaped => {
                to.extend_from_slice(inner);
                true
            }
            Some(inner) => unescape(inner, to),
            None => false,
        }
    }

    /// A number written as an integer that fits; `None` where it is something else. `-0` is 0; `1.0` and `1e3` are not
    /// written as integers.
    #[inline]
    pub fn integer(self) -> Option<i64> {
        self.parse()
    }

    /// Like [`Self::integer`].
    #[inline]
    pub fn unsigned(self) -> Option<u64> {
        self.parse()
    }

    /// The closest floating-point number; `None` where it is no number, or too large for one.
    #[inline]
    pub fn number(self) -> Option<f64> {
        match self.raw {
            [b'-' | b'0'..=b'9', ..] => self.parse().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// `true` or `false`; `None` where it is something else.
    #[inline]
    pub fn boolean(self) -> Option<bool> {
        match self.raw {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// What is between the quotes of a string.
    #[inline]
    fn inner(self) -> Option<&'t [u8]> {
        match self.raw {
            [b'"', inner @ .., b'"'] => Some(inner),
            _ => None,
        }
    }

    fn parse<T: std::str::FromStr>(self) -> Option<T> {
        std::str::from_utf8(self.raw).ok()?.parse().ok()
    }
}

/// The text of what is between a string's quotes.
#[inline]
fn text(inner: &[u8], escaped: bool) -> Option<Cow<'_, str>> {
    if !escaped {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    // Escapes are longer than what they stand for.
    let mut text = Vec::with_capacity(inner.len());
    if !unescape(inner, &mut text) {
        return None;
    }
    String::from_utf8(text).ok().map(Cow::Owned)
}

/// A member's name, between its quotes.
#[derive(Debug, Clone, Copy)]
pub struct Name<'t> {
    raw: &'t [u8],
    escaped: bool,
}

impl<'t> Name<'t> {
    #[inline]
    pub(super) fn new(raw: &'t [u8], escaped: bool) -> Self {
        Name { raw, escaped }
    }

    /// Whether it is this text. One that has escapes is decoded each time: where there are many texts, see [`Self::text`].
    #[inline]
    pub fn is(self, text: &str) -> bool {
        if self.escaped {
            return self.is_unescaped(text);
        }
        self.raw == text.as_bytes()
    }

    /// Whether it may have escapes.
    #[inline]
    pub fn is_escaped(self) -> bool {
        self.escaped
    }

    /// The name as a text, borrowed where it has no escapes. `None` where an escape is no character.
    pub fn text(self) -> Option<Cow<'t, str>> {
        text(self.raw, self.escaped)
    }

    #[cold]
    fn is_unescaped(self, text: &str) -> bool {
        self.text().as_deref() == Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(raw: &str) -> Found<'_> {
        Found::new(raw.as_bytes(), raw.contains('\\'))
    }

    #[test]
    fn a_value_is_what_it_looks_like() {
        assert_eq!(found(r#""a\nb""#).text().as_deref(), Some("a\nb"));
        assert!(found(r#""a\nb""#).is("a\nb") && found(r#""ab""#).is("ab"));
        assert!(!found("1").is("1") && !found(r#""a""#).is("\"a\""));
        assert_eq!(found("-7").integer(), Some(-7));
        assert_eq!(found("7.5e1").number(), Some(75.0));
        assert_eq!(found("\"1\"").number(), None);
        assert_eq!(found("true").boolean(), Some(true));
        assert_eq!(found("null").boolean(), None);
        assert!(found("null").is_null());
    }

    #[test]
    fn integers_are_those_written_as_such_that_fit() {
        let integer = |raw| found(raw).integer();
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(integer("-0"), Some(0));
        for other in ["1.0", "1e3", "1E0", "\"1\"", "true", "null", "[1]"] {
            assert_eq!(integer(other), None, "{other}");
        }
        assert_eq!(found("18446744073709551615").unsigned(), Some(u64::MAX));
        assert_eq!(found("-1").unsigned(), None);
    }

    #[test]
    fn numbers_are_the_closest_there_is() {
        let number = |raw| found(raw).number();
        assert_eq!(number("9007199254740993"), Some(9_007_199_254_740_992.0));
        assert_eq!(number("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert_eq!(number("1e-400"), Some(0.0));
        assert_eq!(number("1e400"), None);
        assert_eq!(number(&"9".repeat(400)), None);
    }

    #[test]
    fn what_is_no_text_leaves_nothing_behind() {
        let mut to = b"x".to_vec();
        assert!(!found(r#""a\ud800""#).push_text(&mut to));
        assert!(!found("1").push_text(&mut to));
        assert!(found(r#""\u00e9""#).push_text(&mut to));
        assert_eq!(to, "xé".as_bytes());
        assert_eq!(found(r#""a\ud800""#).text(), None);
    }
}
