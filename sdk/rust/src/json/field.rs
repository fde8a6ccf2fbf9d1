//! A piece of JSON that was found, not yet turned into anything.

use std::borrow::Cow;

use millstream_fields::json::Found;
use serde::Deserialize;

use crate::reject::Reject;

/// A JSON value inside a record's value: checked, and decoded only when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a>(pub(super) Found<'a>);

impl<'a> Field<'a> {
    /// The encoded text as it stands, quotes and escapes included.
    pub fn raw(self) -> &'a [u8] {
        self.0.raw()
    }

    /// Whether it is the string `text`. Nothing is decoded where it has no escapes.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        self.0.is(text)
    }

    /// The text of a string, borrowed where it has no escapes; `None` where it is something else.
    #[inline]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        self.0.text()
    }

    /// An integer that fits; `None` where it is something else.
    pub fn as_i64(self) -> Option<i64> {
        self.0.integer()
    }

    /// An integer that fits; `None` where it is something else.
    pub fn as_u64(self) -> Option<u64> {
        self.0.unsigned()
    }

    /// A number; `None` where it is something else.
    pub fn as_f64(self) -> Option<f64> {
        self.0.number()
    }

    /// `true` or `false`; `None` where it is something else.
    pub fn as_bool(self) -> Option<bool> {
        self.0.boolean()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// A value of type `T`.
    ///
    /// # Errors
    /// `unexpected-json` where `T` wants something else.
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, Reject> {
        super::parse(self.raw())
    }
}
