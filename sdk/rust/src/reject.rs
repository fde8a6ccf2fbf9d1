//! How a transform says that something is wrong: a record with [`Reject`], a whole batch with [`Failure`].

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};

/// Why one record cannot be processed. It goes where the deployment sends failures, with this code and reason; the
/// rest of the batch goes on.
///
/// Any error turns into one with `?` (its code is then `error`), and [`OrReject`] gives errors and absent values a code
/// of their own:
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// fn age(text: &str) -> Result<u8, Reject> {
///     let age: u8 = text.trim().parse().or_reject("bad-age")?;
///     if age < 18 {
///         reject!("too-young", "{age} is below 18");
///     }
///     Ok(age)
/// }
/// assert_eq!(age("abc").unwrap_err().code(), "bad-age");
/// assert_eq!(age("17").unwrap_err().to_string(), "too-young: 17 is below 18");
/// ```
pub struct Reject {
    code: Cow<'static, str>,
    reason: String,
}

impl Reject {
    /// `code` is for machines: a-z, 0-9 and `-`, at most 64 bytes; other characters become `-`. `reason` is for people;
    /// what exceeds 1 KiB of it is cut.
    pub fn new(code: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(1024));
        Reject {
            code: tidy(code.into()),
            reason,
        }
    }

    /// A stable name of what is wrong, for machines.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What is wrong, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The contract's alphabet and length: a code outside them would fail the whole batch.
fn tidy(code: Cow<'static, str>) -> Cow<'static, str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !code.is_empty() && code.len() <= 64 && code.chars().all(fits) {
        return code;
    }
    let code: String = code
        .chars()
        .take(64)
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if fits(c) { c } else { '-' })
        .collect();
    if code.is_empty() {
        Cow::Borrowed("error")
    } else {
        Cow::Owned(code)
    }
}

impl<E: Error> From<E> for Reject {
    #[cold]
    fn from(error: E) -> Self {
        Reject::new("error", chain(&error))
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)
    }
}

impl fmt::Debug for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reject")
            .field("code", &self.code)
            .field("reason", &self.reason)
            .finish()
    }
}

/// What can go wrong with a record and with its batch. A transform that returns `Result<(), Failure>` may reject a
/// record as one that returns `Result<(), Reject>` does, and may also fail the whole batch.
#[derive(Debug)]
pub enum Failure {
    /// This record cannot be processed.
    Reject(Reject),
    /// The batch may succeed later: the host tries it again.
    Transient(String),
    /// The batch never will: the host looks for the records that are to blame, as after a panic.
    Permanent(String),
}

impl Failure {
    /// The batch may succeed later.
    pub fn transient(message: impl Display) -> Self {
        Failure::Transient(message.to_string())
    }

    /// The batch never will succeed.
    pub fn permanent(message: impl Display) -> Self {
        Failure::Permanent(message.to_string())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Reject(reject) => write!(f, "{reject}"),
            Failure::Transient(message) => write!(f, "transient: {message}"),
            Failure::Permanent(message) => write!(f, "permanent: {message}"),
        }
    }
}

impl From<Reject> for Failure {
    fn from(reject: Reject) -> Self {
        Failure::Reject(reject)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Reject(error.into())
    }
}

/// Gives errors and absent values the code that a rejected record carries.
pub trait OrReject<T> {
    /// The value, or a rejection with this code; the reason is the error's text.
    ///
    /// # Errors
    /// When there is no value.
    fn or_reject(self, code: &'static str) -> Result<T, Reject>;

    /// The value, or a rejection with this code and reason.
    ///
    /// # Errors
    /// When there is no value.
    fn or_reject_with(
        self,
        code: &'static str,
        reason: impl FnOnce() -> String,
    ) -> Result<T, Reject>;
}

impl<T, E: Error> OrReject<T> for Result<T, E> {
    fn or_reject(self, code: &'static str) -> Result<T, Reject> {
        self.map_err(|error| Reject::new(code, chain(&error)))
    }

    fn or_reject_with(
        self,
        code: &'static str,
        reason: impl FnOnce() -> String,
    ) -> Result<T, Reject> {
        self.map_err(|error| Reject::new(code, format!("{}: {}", reason(), chain(&error))))
    }
}

impl<T> OrReject<T> for Option<T> {
    fn or_reject(self, code: &'static str) -> Result<T, Reject> {
        self.ok_or_else(|| Reject::new(code, code.replace('-', " ")))
    }

    fn or_reject_with(
        self,
        code: &'static str,
        reason: impl FnOnce() -> String,
    ) -> Result<T, Reject> {
        self.ok_or_else(|| Reject::new(code, reason()))
    }
}

/// Returns with a rejection: `reject!("no-direction", "direction is {direction:?}")`.
#[macro_export]
macro_rules! reject {
    ($code:expr, $($reason:tt)+) => {
        return ::core::result::Result::Err($crate::Reject::new($code, ::std::format!($($reason)+)).into())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_outside_the_contract_is_tidied() {
        assert_eq!(Reject::new("Bad Age!", "").code(), "bad-age-");
        assert_eq!(Reject::new("", "").code(), "error");
        assert_eq!(Reject::new("x".repeat(80), "").code().len(), 64);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let reject = Reject::new("code", "ä".repeat(1000));
        assert_eq!(reject.reason().len(), 1024);
        let reject = Reject::new("code", format!("a{}", "ä".repeat(1000)));
        assert_eq!(reject.reason().len(), 1023);
    }

    #[test]
    fn any_error_becomes_a_rejection() {
        fn parse(text: &str) -> Result<u8, Failure> {
            Ok(text.parse::<u8>()?)
        }
        let Err(Failure::Reject(reject)) = parse("x") else {
            panic!("not rejected");
        };
        assert_eq!(reject.to_string(), "error: invalid digit found in string");
    }
}
