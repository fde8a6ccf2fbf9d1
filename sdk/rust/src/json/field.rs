//! A piece of JSON that was found, not yet turned into anything.

use std::borrow::Cow;

use serde::Deserialize;

use crate::reject::Reject;

/// A JSON value inside a record's value: checked, and decoded only when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    raw: &'a [u8],
}

impl<'a> Field<'a> {
    /// `raw` must be one JSON value without spaces around it.
    #[inline]
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        Field { raw }
    }

    /// The encoded text as it stands, quotes and escapes included.
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// Whether it is the string `text`. Nothing is decoded where `raw` has no escapes.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        match self.inner() {
            Some(inner) => {
                inner == text.as_bytes()
                    || inner.contains(&b'\\') && self.as_str().as_deref() == Some(text)
            }
            None => false,
        }
    }

    /// What is between the quotes of a string.
    #[inline]
    fn inner(self) -> Option<&'a [u8]> {
        match self.raw {
            [b'"', inner @ .., b'"'] => Some(inner),
            _ => None,
        }
    }

    /// The text of a string, borrowed where it has no escapes; `None` where it is something else.
    #[inline]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inner = self.inner()?;
        if inner.contains(&b'\\') {
            return serde_json::from_slice(self.raw).ok().map(Cow::Owned);
        }
        std::str::from_utf8(inner).ok().map(Cow::Borrowed)
    }

    /// An integer that fits; `None` where it is something else.
    pub fn as_i64(self) -> Option<i64> {
        std::str::from_utf8(self.raw).ok()?.parse().ok()
    }

    /// An integer that fits; `None` where it is something else.
    pub fn as_u64(self) -> Option<u64> {
        std::str::from_utf8(self.raw).ok()?.parse().ok()
    }

    /// A number; `None` where it is something else.
    pub fn as_f64(self) -> Option<f64> {
        match self.raw {
            [b'-' | b'0'..=b'9', ..] => std::str::from_utf8(self.raw).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// `true` or `false`; `None` where it is something else.
    pub fn as_bool(self) -> Option<bool> {
        match self.raw {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.raw == b"null"
    }

    /// A value of type `T`.
    ///
    /// # Errors
    /// `unexpected-json` where `T` wants something else.
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, Reject> {
        super::parse(self.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_what_it_looks_like() {
        let field = |raw: &'static str| Field::new(raw.as_bytes());
        assert_eq!(field(r#""a\nb""#).as_str().as_deref(), Some("a\nb"));
        assert!(field(r#""a\nb""#).is("a\nb") && field(r#""ab""#).is("ab") && !field("1").is("1"));
        assert_eq!(field("-7").as_i64(), Some(-7));
        assert_eq!(field("7.0").as_i64(), None);
        assert_eq!(field("7.5e1").as_f64(), Some(75.0));
        assert_eq!(field("\"1\"").as_f64(), None);
        assert_eq!(field("true").as_bool(), Some(true));
        assert!(field("null").is_null());
        assert_eq!(field("[1,2]").parse::<Vec<u8>>().ok(), Some(vec![1, 2]));
    }
}
