//! Fields that the host takes out of each record, so that the component need not parse it.
//!
//! A struct declares them; a transform takes it as its first argument. The host checks the whole of each value (it is
//! JSON), finds all fields in one pass outside of WebAssembly, and rejects records that are malformed or lack what is
//! required before the component is called. What is not read besides never enters the component.
//!
//! ```
//! use millstream_sdk::prelude::*;
//!
//! #[derive(Outputs)]
//! enum Out {
//!     Likes,
//!     Passes,
//! }
//!
//! #[derive(Fields)]
//! struct Swipe<'a> {
//!     #[field("/direction")]
//!     direction: &'a str,
//!     #[field("/target/age")]
//!     age: Option<i64>,
//! }
//!
//! #[transform]
//! fn route(swipe: Swipe<'_>, out: &mut Emitter<Out>) {
//!     match swipe {
//!         Swipe { direction: "right", age: Some(18..) } => out.forward(Out::Likes),
//!         _ => out.forward(Out::Passes),
//!     }
//! }
//!
//! let outcome = millstream_sdk::testing::run(route, [
//!     r#"{"direction": "right", "target": {"age": 30}}"#,
//!     r#"{"direction": 7}"#,
//! ]);
//! assert_eq!(outcome.to(Out::Likes).len(), 1);
//! assert_eq!(outcome.rejected[0].code, "wrong-type");
//! ```
//!
//! | in the struct | a field is | where it is not there |
//! | --- | --- | --- |
//! | `&'a str` | the text of a JSON string, without quotes and escapes | the record is rejected |
//! | `i64` | a JSON number written as an integer | the record is rejected |
//! | `f64` | a JSON number | the record is rejected |
//! | `bool` | `true` or `false` | the record is rejected |
//! | `&'a [u8]` | the encoded text of any JSON, as it stands | the record is rejected |
//! | `Option` of these | the same | `None`; of another type: the record is rejected |
//! | `Option` with `lenient` | the same | `None`, also where it is of another type |
//!
//! Where a field is: `#[field("/user/id")]` is a JSON Pointer ([RFC 6901]) into the value, `#[field(key, "/id")]` one into
//! the key; `#[field(key)]` is the whole key and `#[field(header = "trace")]` the last header of that name, both as text
//! that is not JSON. `#[field("/age", lenient)]` is the third rule above.
//!
//! What the host looks up in a table comes as a field as well: `#[lookup("users")]` is what the table `users` has under the
//! record's key, `#[lookup("users", by = user)]` what it has under another field of the struct (a text, an integer or a raw one);
//! with a path, `#[lookup("users", by = user, "/name")]`, it is a field of the JSON found there. Each is an `Option`, and `None`
//! where the table has nothing: see [`tables`](crate::tables).
//!
//! A record whose value is null lacks nothing and is not rejected by the host: take an `Option` of the struct to see it,
//! else the SDK rejects it as `null-value`.
//!
//! [RFC 6901]: https://www.rfc-editor.org/rfc/rfc6901

use std::marker::PhantomData;

use millstream_fields::{Kind, Part, Presence};

use crate::bindings::exports::millstream::transform::guest as wit;
use crate::bindings::millstream::transform::records;
use crate::columns::{Column, Columns, Numbers, is_set};

/// A struct of declared fields. Derive it: see [the module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no fields",
    note = "derive `Fields` for it, and say where each field is: `#[field(\"/path\")]`"
)]
pub trait Fields: Sized {
    /// The same struct, borrowed from a batch.
    type Of<'a>;
    #[doc(hidden)]
    const FIELDS: &'static [Declared];
    /// The fields of a row; `None` where one that is required is null, because the value is.
    #[doc(hidden)]
    fn at<'a>(columns: &[FieldColumn<'a>], row: usize) -> Option<Self::Of<'a>>;
}

impl<F: Fields> Fields for Option<F> {
    type Of<'a> = Option<F::Of<'a>>;
    const FIELDS: &'static [Declared] = F::FIELDS;

    #[inline]
    fn at<'a>(columns: &[FieldColumn<'a>], row: usize) -> Option<Self::Of<'a>> {
        Some(F::at(columns, row))
    }
}

/// What a struct of fields says about one of them.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    pub part: DeclaredPart,
    pub path: &'static str,
    pub kind: Kind,
    pub optional: bool,
    pub lenient: bool,
    /// `None`: it is the record's own.
    pub lookup: Option<DeclaredLookup>,
}

/// That a field is looked up in a table; `Declared` says what of the value found it is.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct DeclaredLookup {
    pub table: &'static str,
    /// The record's own field that is the key, by its place among those; `None`: the record's key.
    pub by: Option<u32>,
    /// All of the value.
    pub whole: bool,
}

#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum DeclaredPart {
    Value,
    Key,
    Header(&'static str),
}

impl Declared {
    fn field(&self) -> millstream_fields::Field {
        millstream_fields::Field {
            part: match self.part {
                DeclaredPart::Value => Part::Value,
                DeclaredPart::Key => Part::Key,
                DeclaredPart::Header(name) => Part::Header(name.to_owned()),
            },
            path: self.path.to_owned(),
            kind: self.kind,
            presence: match (self.optional, self.lenient) {
                (_, true) => Presence::Lenient,
                (true, false) => Presence::Nullable,
                (false, false) => Presence::Required,
            },
        }
    }
}

/// The record's own fields in the contract's words.
pub(crate) fn declared(fields: &[Declared]) -> Vec<wit::Field> {
    own(fields).map(Declared::wit).collect()
}

fn own(fields: &[Declared]) -> impl Iterator<Item = &Declared> {
    fields.iter().filter(|declared| declared.lookup.is_none())
}

fn looked_up(fields: &[Declared]) -> impl Iterator<Item = (&Declared, DeclaredLookup)> {
    fields
        .iter()
        .filter_map(|declared| Some((declared, declared.lookup?)))
}

/// The names of all tables: those that the transform looks into by itself come first.
pub(crate) fn tables(named: &[&'static str], fields: &[Declared]) -> Vec<&'static str> {
    let mut names = named.to_vec();
    for (_, lookup) in looked_up(fields) {
        if !names.contains(&lookup.table) {
            names.push(lookup.table);
        }
    }
    names
}

/// The lookups in the contract's words.
pub(crate) fn lookups(tables: &[&str], fields: &[Declared]) -> Vec<wit::Lookup> {
    looked_up(fields)
        .map(|(declared, lookup)| wit::Lookup {
            table: table(tables, lookup),
            key: lookup
                .by
                .map_or(wit::LookupKey::RecordKey, wit::LookupKey::Field),
            field: (!lookup.whole).then(|| declared.wit()),
        })
        .collect()
}

/// The lookups in the host's words, for tests.
pub(crate) fn joined(tables: &[&str], fields: &[Declared]) -> Vec<millstream_fields::Lookup> {
    use millstream_fields::{Lookup, LookupKey};
    looked_up(fields)
        .map(|(declared, lookup)| Lookup {
            table: table(tables, lookup),
            key: lookup.by.map_or(LookupKey::Record, LookupKey::Field),
            field: (!lookup.whole).then(|| declared.field()),
        })
        .collect()
}

fn table(tables: &[&str], lookup: DeclaredLookup) -> u32 {
    let index = tables.iter().position(|name| *name == lookup.table);
    index.unwrap_or_default() as u32
}

impl Declared {
    fn wit(&self) -> wit::Field {
        let field = self.field();
        wit::Field {
            part: match field.part {
                Part::Value => wit::Part::Value,
                Part::Key => wit::Part::Key,
                Part::Header(name) => wit::Part::Header(name),
            },
            path: field.path,
            kind: match field.kind {
                Kind::Text => wit::FieldType::Text,
                Kind::Integer => wit::FieldType::Integer,
                Kind::Number => wit::FieldType::Number,
                Kind::Boolean => wit::FieldType::Boolean,
                Kind::Raw => wit::FieldType::Raw,
            },
            presence: match field.presence {
                Presence::Required => wit::Presence::Required,
                Presence::Nullable => wit::Presence::Nullable,
                Presence::Lenient => wit::Presence::Lenient,
            },
        }
    }
}

/// The record's own fields in the host's words, for tests.
pub(crate) fn extracted(fields: &[Declared]) -> Vec<millstream_fields::Field> {
    own(fields).map(Declared::field).collect()
}

/// The values of one field, row for row.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum FieldColumn<'a> {
    Text(Column<'a>),
    Integer(Numbers<'a>, &'a [u8]),
    /// The bits of floating-point numbers.
    Number(Numbers<'a>, &'a [u8]),
    Boolean(&'a [u8], &'a [u8]),
    Raw(Column<'a>),
}

impl<'a> FieldColumn<'a> {
    /// `None` where the host sent another type than declared, or too few entries.
    pub(crate) fn of(
        column: &'a records::FieldColumn,
        declared: &Declared,
        rows: usize,
    ) -> Option<Self> {
        let strings =
            |column| Some(Column::of(column)).filter(|column: &Column<'_>| column.len() == rows);
        let numbers = |numbers| Some(Numbers::of(numbers)).filter(|numbers| numbers.len() == rows);
        Some(match (column, declared.kind) {
            (records::FieldColumn::Text(text), Kind::Text) => FieldColumn::Text(strings(text)?),
            (records::FieldColumn::Raw(raw), Kind::Raw) => FieldColumn::Raw(strings(raw)?),
            (records::FieldColumn::Integer(integers), Kind::Integer) => {
                FieldColumn::Integer(numbers(&integers.numbers)?, &integers.nulls)
            }
            (records::FieldColumn::Number(floats), Kind::Number) => {
                FieldColumn::Number(numbers(&floats.numbers)?, &floats.nulls)
            }
            (records::FieldColumn::Boolean(booleans), Kind::Boolean)
                if booleans.trues.len() == rows.div_ceil(8) =>
            {
                FieldColumn::Boolean(&booleans.trues, &booleans.nulls)
            }
            _ => return None,
        })
    }
}

/// A type that a field can have.
#[diagnostic::on_unimplemented(
    message = "a field cannot be `{Self}`",
    note = "it is `&str`, `i64`, `f64`, `bool`, `&[u8]`, or an `Option` of one of these"
)]
pub trait FieldType<'a>: Sized {
    #[doc(hidden)]
    const KIND: Kind;
    #[doc(hidden)]
    const OPTIONAL: bool = false;
    #[doc(hidden)]
    const IS_RAW: bool = matches!(Self::KIND, Kind::Raw);
    /// `None` where a field that is not optional is null.
    #[doc(hidden)]
    fn get(column: &FieldColumn<'a>, row: usize) -> Option<Self>;
}

macro_rules! field_type {
    ($type:ty, $kind:ident, |$column:pat_param, $row:ident| $get:expr) => {
        impl<'a> FieldType<'a> for $type {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn get(column: &FieldColumn<'a>, $row: usize) -> Option<Self> {
                match *column {
                    $column => $get,
                    // The columns are checked against the declaration before any row is.
                    _ => None,
                }
            }
        }
    };
}
field_type!(&'a str, Text, |FieldColumn::Text(text), row| {
    let text = text.get(row)?;
    Some(std::str::from_utf8(text).expect("the host sends text in UTF-8"))
});
field_type!(&'a [u8], Raw, |FieldColumn::Raw(raw), row| raw.get(row));
field_type!(i64, Integer, |FieldColumn::Integer(integers, nulls),
                           row| {
    (!is_set(nulls, row)).then(|| integers.get(row))
});
field_type!(f64, Number, |FieldColumn::Number(numbers, nulls), row| {
    (!is_set(nulls, row)).then(|| f64::from_bits(numbers.get(row) as u64))
});
field_type!(bool, Boolean, |FieldColumn::Boolean(trues, nulls), row| {
    (!is_set(nulls, row)).then(|| is_set(trues, row))
});

impl<'a, T: FieldType<'a>> FieldType<'a> for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    #[inline]
    fn get(column: &FieldColumn<'a>, row: usize) -> Option<Self> {
        Some(T::get(column, row))
    }
}

/// The fields of a batch, row for row: what a transform takes that works on a whole [`Batch`](crate::Batch).
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// #[derive(Outputs)]
/// enum Out {
///     Swipes,
/// }
///
/// #[derive(Fields)]
/// struct Event<'a> {
///     #[field("/type")]
///     kind: &'a str,
/// }
///
/// #[transform]
/// fn swipes(events: Rows<'_, Event<'_>>, _: Batch<'_, ()>, plan: &mut Plan<Out>) {
///     for (row, event) in events.iter().enumerate() {
///         if event.is_some_and(|event| event.kind == "swipe") {
///             plan.forward(row, Out::Swipes);
///         }
///     }
/// }
///
/// let outcome = millstream_sdk::testing::run(swipes, [r#"{"type":"swipe"}"#, r#"{"type":"open"}"#]);
/// assert_eq!(outcome.dropped, [1]);
/// ```
pub struct Rows<'a, F> {
    columns: &'a Columns<'a>,
    fields: PhantomData<fn() -> F>,
}

impl<F> Clone for Rows<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F> Copy for Rows<'_, F> {}

impl<F> std::fmt::Debug for Rows<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("len", &self.columns.count)
            .finish()
    }
}

impl<'a, F: Fields> Rows<'a, F> {
    pub(crate) fn new(columns: &'a Columns<'a>) -> Self {
        Rows {
            columns,
            fields: PhantomData,
        }
    }

    /// The fields of this row; `None` where the record's value is null and a field is no `Option`.
    ///
    /// # Panics
    /// When the batch has no such row.
    #[inline]
    pub fn get(self, row: usize) -> Option<F::Of<'a>> {
        F::at(self.columns.fields, row)
    }

    /// The fields of all rows, in order: see [`Self::get`].
    pub fn iter(self) -> impl Iterator<Item = Option<F::Of<'a>>> {
        (0..self.columns.count).map(move |row| self.get(row))
    }
}
