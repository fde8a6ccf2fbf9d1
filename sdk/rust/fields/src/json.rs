//! JSON as Millstream reads it: one pass that checks the whole text, builds nothing, and hands out the pieces that were
//! looked for. The host takes declared fields out with it and the Rust SDK members of a value, so that both agree on every
//! text.
//!
//! What is JSON is what RFC 8259 says, encoded in UTF-8, nested at most [`DEEPEST`] deep. Of members of one name the last
//! counts. Escapes that are no characters (lone surrogates) are JSON, but no text: [`Found::text`] has none for them.
//!
//! ```
//! use millstream_fields::json::{Found, Name, Search, scan};
//!
//! /// Finds one member of an object.
//! #[derive(Clone, Copy)]
//! enum Member<'n> {
//!     Of(&'n str),
//!     Here,
//! }
//!
//! impl Search for Member<'_> {
//!     type Sink<'t> = Option<Found<'t>>;
//!
//!     fn member(&self, name: Name<'_>, _: &mut Self::Sink<'_>) -> Option<Self> {
//!         matches!(self, Member::Of(wanted) if name.is(wanted)).then_some(Member::Here)
//!     }
//!     fn element(&self, _: usize, _: &mut Self::Sink<'_>) -> Option<Self> {
//!         None
//!     }
//!     fn here<'t>(&self, found: Found<'t>, sink: &mut Self::Sink<'t>) {
//!         if let Member::Here = self {
//!             *sink = Some(found);
//!         }
//!     }
//! }
//!
//! let mut found = None;
//! scan(br#"{"id": 7, "type": "swipe"}"#, &Member::Of("type"), &mut found)?;
//! assert_eq!(found.and_then(Found::text).as_deref(), Some("swipe"));
//! # Ok::<(), millstream_fields::json::Malformed>(())
//! ```

mod found;
mod scan;
pub mod token;
mod unescape;

pub use found::{Found, Name};
pub use scan::{DEEPEST, scan};

/// All of `text` as one value.
///
/// # Errors
/// What makes it no JSON.
pub fn value(text: &[u8]) -> Result<Found<'_>, Malformed> {
    let mut found = Found::new(b"null", false);
    scan(text, &Whole, &mut found)?;
    Ok(found)
}

/// Looks for nothing but the outermost value.
struct Whole;

impl Search for Whole {
    type Sink<'t> = Found<'t>;

    fn member(&self, _: Name<'_>, _: &mut Found<'_>) -> Option<Self> {
        None
    }

    fn element(&self, _: usize, _: &mut Found<'_>) -> Option<Self> {
        None
    }

    fn here<'t>(&self, found: Found<'t>, sink: &mut Found<'t>) {
        *sink = found;
    }
}

/// What is looked for at one place of a text. Cheap to make: there is one for each value on the way to what is wanted.
pub trait Search: Sized {
    /// Where what is found goes.
    type Sink<'t>: ?Sized;

    /// What is looked for in a member's value, nothing if `None`. Called for every member of an object on the way; of
    /// members of one name the last counts, so what an earlier one had found is to be forgotten here.
    fn member(&self, name: Name<'_>, sink: &mut Self::Sink<'_>) -> Option<Self>;

    /// What is looked for in an array's element, nothing if `None`.
    fn element(&self, index: usize, sink: &mut Self::Sink<'_>) -> Option<Self>;

    /// The value at this place, once it is passed.
    fn here<'t>(&self, found: Found<'t>, sink: &mut Self::Sink<'t>);
}

/// A text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// At which byte.
    pub at: usize,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for Malformed {}
