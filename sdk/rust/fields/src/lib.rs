//! Declared fields: what a host takes out of each record, so that a guest need not parse it.
//!
//! Values are JSON, and so is a key that a pointer leads into; the whole of a key or a header is text as it stands. All
//! of a part is checked in the one pass that finds its fields. Rows in which that fails are refused, and a guest is not
//! shown them.
//!
//! The host uses this crate, and so do the native tests of transforms that are written with the Rust SDK: a field means
//! the same in both.

mod column;
mod extractor;
pub mod json;
mod lookup;
mod pointer;

pub use column::{Bits, Booleans, Column, Numbers, Strings};
pub use extractor::{Extractor, Refused, Row, TooLarge};
pub use lookup::{Joiner, Lookup, LookupKey};

/// Where a field is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The record's value.
    Value,
    /// The record's key.
    Key,
    /// The last header of this name.
    Header(String),
}

/// What a field is handed over as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8, without quotes and escapes.
    Text,
    /// A number written as an integer that fits 64 bits; `-0` is 0.
    Integer,
    /// The closest 64-bit floating-point number; none for one that is too large.
    Number,
    /// `true` or `false`.
    Boolean,
    /// The encoded text as it stands, of any type; the bytes themselves where the whole part was asked for.
    Raw,
}

/// What the host does about a field that a row lacks. A row whose value is null has null fields whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Absent, null or of another type: the row is rejected.
    Required,
    /// Absent or null: null. Of another type: the row is rejected.
    Nullable,
    /// Absent, null or of another type: null.
    Lenient,
}

/// A field that a guest declares.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Where it is looked for.
    pub part: Part,
    /// A JSON Pointer (RFC 6901) into the part. Empty: the whole part.
    pub path: String,
    /// What it is handed over as.
    pub kind: Kind,
    /// What is done where it is not there.
    pub presence: Presence,
}

impl Field {
    /// Fields of one module.
    pub const MAX: usize = 256;
    /// Bytes of a path and of a header's name.
    pub const MAX_PATH: usize = 1024;

    /// Whether it can be taken out.
    ///
    /// # Errors
    /// Why not, for whoever wrote it.
    pub fn check(&self) -> Result<(), String> {
        let shown = |text: &str| text.chars().take(80).collect::<String>();
        let refuse = |why: &str| Err(format!("the field {:?}: {why}", shown(&self.path)));
        if self.path.len() > Self::MAX_PATH {
            return refuse(&format!(
                "its path has {} bytes, at most {} are possible",
                self.path.len(),
                Self::MAX_PATH
            ));
        }
        if let Part::Header(name) = &self.part {
            if !self.path.is_empty() {
                return refuse(&format!(
                    "no path leads into the header {:?}: a header is text as it stands, leave the path empty",
                    shown(name)
                ));
            }
            if name.len() > Self::MAX_PATH {
                return refuse("the name of its header is longer than 1,024 bytes");
            }
        }
        match pointer::tokens(&self.path) {
            Ok(_) => Ok(()),
            Err(why) => refuse(why),
        }
    }

    /// What it is called in a rejection.
    fn shown(&self) -> String {
        match (&self.part, self.path.as_str()) {
            (Part::Value, "") => "the value".to_owned(),
            (Part::Key, "") => "the key".to_owned(),
            (Part::Value, path) => format!("`{path}` of the value"),
            (Part::Key, path) => format!("`{path}` of the key"),
            (Part::Header(name), _) => format!("the header `{name}`"),
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.part, self.path.as_str()) {
            (Part::Value, "") => f.write_str("value"),
            (Part::Value, path) => f.write_str(path),
            (Part::Key, path) => write!(f, "key{path}"),
            (Part::Header(name), _) => write!(f, "header {name}"),
        }?;
        let kind = format!("{:?}", self.kind).to_lowercase();
        let presence = format!("{:?}", self.presence).to_lowercase();
        write!(f, ": {kind}, {presence}")
    }
}

impl Kind {
    fn shown(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Integer => "an integer of 64 bits",
            Kind::Number => "a number",
            Kind::Boolean => "true or false",
            Kind::Raw => "a value",
        }
    }
}
