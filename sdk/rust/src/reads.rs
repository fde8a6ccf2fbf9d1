//! Which parts of a record a transform looks at, said in its signature and checked by the compiler.
//!
//! The host copies only these parts into the component, so a part that is not named costs nothing. A transform says
//! what it reads in the type of its records:
//!
//! ```
//! use millstream_sdk::prelude::*;
//!
//! fn values_only(record: Record<'_>) -> bool {
//!     record.value().is_some()
//! }
//!
//! fn keys_and_headers(record: Record<'_, (Keys, Headers)>) -> bool {
//!     record.key().is_some() && record.header("trace").is_some()
//! }
//! ```
//!
//! Reading a part that is not named does not compile:
//!
//! ```compile_fail
//! use millstream_sdk::prelude::*;
//!
//! fn values_only(record: Record<'_>) -> bool {
//!     record.key().is_some() // error: this record's keys are not read
//! }
//! ```

use crate::bindings::exports::millstream::transform::guest::Parts;
use crate::tables::{NoTables, Tables};

/// The parts of a record that a transform reads: [`Keys`], [`Values`], [`Headers`], [`Timestamps`], [`Offsets`], a
/// tuple of these in any order, or `()` for none. Topic and partition are always there. An enum of [`Tables`] among them says
/// that these are looked into.
pub trait Reads: 'static {
    #[doc(hidden)]
    type Keys: Choice;
    #[doc(hidden)]
    type Values: Choice;
    #[doc(hidden)]
    type Headers: Choice;
    #[doc(hidden)]
    type Timestamps: Choice;
    #[doc(hidden)]
    type Offsets: Choice;
    #[doc(hidden)]
    type Tables: TableChoice;
}

/// The contract's flags for what `R` names.
pub(crate) fn parts<R: Reads>() -> Parts {
    let mut parts = Parts::empty();
    parts.set(Parts::KEYS, R::Keys::YES);
    parts.set(Parts::VALUES, R::Values::YES);
    parts.set(Parts::HEADERS, R::Headers::YES);
    parts.set(Parts::TIMESTAMPS, R::Timestamps::YES);
    parts.set(Parts::OFFSETS, R::Offsets::YES);
    parts
}

/// Reads keys: [`Record::key`](crate::Record::key).
#[derive(Debug, Clone, Copy)]
pub struct Keys;
/// Reads values: [`Record::value`](crate::Record::value), [`Record::json`](crate::Record::json).
#[derive(Debug, Clone, Copy)]
pub struct Values;
/// Reads headers: [`Record::headers`](crate::Record::headers), [`Record::header`](crate::Record::header).
#[derive(Debug, Clone, Copy)]
pub struct Headers;
/// Reads timestamps: [`Record::timestamp`](crate::Record::timestamp).
#[derive(Debug, Clone, Copy)]
pub struct Timestamps;
/// Reads offsets: [`Record::offset`](crate::Record::offset).
#[derive(Debug, Clone, Copy)]
pub struct Offsets;

#[doc(hidden)]
pub trait Choice: 'static {
    type Or<B: Choice>: Choice;
    const YES: bool;
}
#[doc(hidden)]
#[derive(Debug)]
pub struct Yes;
#[doc(hidden)]
#[derive(Debug)]
pub struct No;
impl Choice for Yes {
    type Or<B: Choice> = Yes;
    const YES: bool = true;
}
impl Choice for No {
    type Or<B: Choice> = B;
    const YES: bool = false;
}

/// The tables that are looked into; of two enums in one tuple the first.
#[doc(hidden)]
pub trait TableChoice: Tables {
    type Or<B: TableChoice>: TableChoice;
}
impl TableChoice for NoTables {
    type Or<B: TableChoice> = B;
}

macro_rules! part {
    ($part:ty: $keys:ty, $values:ty, $headers:ty, $timestamps:ty, $offsets:ty) => {
        impl Reads for $part {
            type Keys = $keys;
            type Values = $values;
            type Headers = $headers;
            type Timestamps = $timestamps;
            type Offsets = $offsets;
            type Tables = NoTables;
        }
    };
}
part!((): No, No, No, No, No);
part!(Keys: Yes, No, No, No, No);
part!(Values: No, Yes, No, No, No);
part!(Headers: No, No, Yes, No, No);
part!(Timestamps: No, No, No, Yes, No);
part!(Offsets: No, No, No, No, Yes);

macro_rules! tuple {
    ($first:ident $($rest:ident)*) => {
        impl<$first: Reads, $($rest: Reads),*> Reads for ($first, $($rest,)*) {
            type Keys = <$first::Keys as Choice>::Or<<($($rest,)*) as Reads>::Keys>;
            type Values = <$first::Values as Choice>::Or<<($($rest,)*) as Reads>::Values>;
            type Headers = <$first::Headers as Choice>::Or<<($($rest,)*) as Reads>::Headers>;
            type Timestamps = <$first::Timestamps as Choice>::Or<<($($rest,)*) as Reads>::Timestamps>;
            type Offsets = <$first::Offsets as Choice>::Or<<($($rest,)*) as Reads>::Offsets>;
            type Tables = <$first::Tables as TableChoice>::Or<<($($rest,)*) as Reads>::Tables>;
        }
    };
}
tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);

macro_rules! demand {
    ($name:ident, $message:literal, $note:literal) => {
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(message = $message, label = "read here", note = $note)]
        pub trait $name {}
        impl $name for Yes {}
    };
}
demand!(
    KeysAreRead,
    "this record's keys are not read",
    "name `Keys` in the record's type: `Record<'_, (Keys, Values)>`"
);
demand!(
    ValuesAreRead,
    "this record's values are not read",
    "name `Values` in the record's type: `Record<'_, (Keys, Values)>`"
);
demand!(
    HeadersAreRead,
    "this record's headers are not read",
    "name `Headers` in the record's type: `Record<'_, (Values, Headers)>`"
);
demand!(
    TimestampsAreRead,
    "this record's timestamps are not read",
    "name `Timestamps` in the record's type: `Record<'_, (Values, Timestamps)>`"
);
demand!(
    OffsetsAreRead,
    "this record's offsets are not read",
    "name `Offsets` in the record's type: `Record<'_, (Values, Offsets)>`"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_reads_what_any_of_it_reads() {
        assert_eq!(parts::<(Headers, Keys)>(), Parts::KEYS | Parts::HEADERS);
        assert_eq!(
            parts::<(Offsets, Timestamps, Headers, Values, Keys)>(),
            Parts::all()
        );
        assert_eq!(parts::<()>(), Parts::empty());
    }

    #[test]
    fn a_record_reads_its_value_unless_told_otherwise() {
        fn reads<R: Reads>(_: Option<crate::Record<'_, R>>) -> Parts {
            parts::<R>()
        }
        let record: Option<crate::Record<'_>> = None;
        assert_eq!(reads(record), Parts::VALUES);
    }
}
