//! The contract's types as they cross the boundary, derived. The engine's own types are made from them at once.
//!
//! `BatchShape` is never built: it lends `lower::BatchArg` its size, alignment and type check.
#![allow(dead_code)]

use wasmtime::component::{ComponentType, Lift, flags};

use super::lift::Bytes;
use crate::{
    Column, Description, Failure, Field, FieldKind, Headers, Lookup, LookupKey, Output, Part,
    Parts, Patch, Presence, Rejections,
};

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ColumnShape {
    pub(crate) data: Bytes,
    pub(crate) ends: Bytes,
    pub(crate) nulls: Bytes,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct HeadersShape {
    pub(crate) ends: Bytes,
    pub(crate) names: ColumnShape,
    pub(crate) values: ColumnShape,
}

macro_rules! patch_shape {
    ($name:ident, $to:ty) => {
        #[derive(ComponentType, Lift)]
        #[component(record)]
        pub(crate) struct $name {
            at: Option<Bytes>,
            to: $to,
        }

        impl<T: From<$to>> From<$name> for Patch<T> {
            fn from(patch: $name) -> Patch<T> {
                Patch {
                    at: patch.at.map(Bytes::into),
                    to: patch.to.into(),
                }
            }
        }
    };
}

patch_shape!(ColumnPatchShape, ColumnShape);
patch_shape!(HeadersPatchShape, HeadersShape);
patch_shape!(NumbersPatchShape, Bytes);

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct RejectionsShape {
    rows: Bytes,
    codes: ColumnShape,
    reasons: ColumnShape,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct OutputShape {
    rows: Option<Bytes>,
    outputs: Option<Bytes>,
    keys: Option<ColumnPatchShape>,
    values: Option<ColumnPatchShape>,
    headers: Option<HeadersPatchShape>,
    #[component(name = "added-headers")]
    added_headers: Option<HeadersPatchShape>,
    timestamps: Option<NumbersPatchShape>,
    partitions: Option<NumbersPatchShape>,
    rejected: Option<RejectionsShape>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum FailureShape {
    #[component(name = "transient")]
    Transient(String),
    #[component(name = "permanent")]
    Permanent(String),
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct IntegersShape {
    numbers: Bytes,
    nulls: Bytes,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct BooleansShape {
    trues: Bytes,
    nulls: Bytes,
}

#[derive(ComponentType)]
#[component(variant)]
pub(crate) enum FieldColumnShape {
    #[component(name = "text")]
    Text(ColumnShape),
    #[component(name = "integer")]
    Integer(IntegersShape),
    #[component(name = "number")]
    Number(IntegersShape),
    #[component(name = "boolean")]
    Boolean(BooleansShape),
    #[component(name = "raw")]
    Raw(ColumnShape),
}

#[derive(ComponentType)]
#[component(record)]
pub(crate) struct BatchShape {
    topic: String,
    partition: i32,
    count: u32,
    offsets: Option<Bytes>,
    timestamps: Option<Bytes>,
    keys: Option<ColumnShape>,
    values: Option<ColumnShape>,
    headers: Option<HeadersShape>,
    fields: Vec<FieldColumnShape>,
    lookups: Vec<FieldColumnShape>,
}

flags! {
    PartsShape {
        #[component(name = "keys")]
        const KEYS;
        #[component(name = "values")]
        const VALUES;
        #[component(name = "headers")]
        const HEADERS;
        #[component(name = "timestamps")]
        const TIMESTAMPS;
        #[component(name = "offsets")]
        const OFFSETS;
    }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum PartShape {
    #[component(name = "value")]
    Value,
    #[component(name = "key")]
    Key,
    #[component(name = "header")]
    Header(String),
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum FieldTypeShape {
    #[component(name = "text")]
    Text,
    #[component(name = "integer")]
    Integer,
    #[component(name = "number")]
    Number,
    #[component(name = "boolean")]
    Boolean,
    #[component(name = "raw")]
    Raw,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum PresenceShape {
    #[component(name = "required")]
    Required,
    #[component(name = "nullable")]
    Nullable,
    #[component(name = "lenient")]
    Lenient,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct FieldShape {
    part: PartShape,
    path: String,
    kind: FieldTypeShape,
    presence: PresenceShape,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum LookupKeyShape {
    #[component(name = "record-key")]
    RecordKey,
    #[component(name = "field")]
    Field(u32),
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct LookupShape {
    table: u32,
    key: LookupKeyShape,
    field: Option<FieldShape>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct DescriptionShape {
    reads: PartsShape,
    fields: Vec<FieldShape>,
    lookups: Vec<LookupShape>,
    tables: Vec<String>,
    outputs: Vec<String>,
    counters: Vec<String>,
    options: Vec<(String, String)>,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum LevelShape {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl From<ColumnShape> for Column {
    fn from(c: ColumnShape) -> Column {
        Column {
            data: c.data.into(),
            ends: c.ends.into(),
            nulls: c.nulls.into(),
        }
    }
}

impl From<HeadersShape> for Headers {
    fn from(h: HeadersShape) -> Headers {
        Headers {
            ends: h.ends.into(),
            names: h.names.into(),
            values: h.values.into(),
        }
    }
}

impl From<RejectionsShape> for Rejections {
    fn from(r: RejectionsShape) -> Rejections {
        Rejections {
            rows: r.rows.into(),
            codes: r.codes.into(),
            reasons: r.reasons.into(),
        }
    }
}

impl From<OutputShape> for Output {
    fn from(o: OutputShape) -> Output {
        Output {
            rows: o.rows.map(Bytes::into),
            outputs: o.outputs.map(Bytes::into),
            keys: o.keys.map(Into::into),
            values: o.values.map(Into::into),
            headers: o.headers.map(Into::into),
            added_headers: o.added_headers.map(Into::into),
            timestamps: o.timestamps.map(Into::into),
            partitions: o.partitions.map(Into::into),
            rejected: o.rejected.map(Into::into),
        }
    }
}

impl From<FieldShape> for Field {
    fn from(field: FieldShape) -> Field {
        Field {
            part: match field.part {
                PartShape::Value => Part::Value,
                PartShape::Key => Part::Key,
                PartShape::Header(name) => Part::Header(name),
            },
            path: field.path,
            kind: match field.kind {
                FieldTypeShape::Text => FieldKind::Text,
                FieldTypeShape::Integer => FieldKind::Integer,
                FieldTypeShape::Number => FieldKind::Number,
                FieldTypeShape::Boolean => FieldKind::Boolean,
                FieldTypeShape::Raw => FieldKind::Raw,
            },
            presence: match field.presence {
                PresenceShape::Required => Presence::Required,
                PresenceShape::Nullable => Presence::Nullable,
                PresenceShape::Lenient => Presence::Lenient,
            },
        }
    }
}

impl From<LookupShape> for Lookup {
    fn from(lookup: LookupShape) -> Lookup {
        Lookup {
            table: lookup.table,
            key: match lookup.key {
                LookupKeyShape::RecordKey => LookupKey::Record,
                LookupKeyShape::Field(index) => LookupKey::Field(index),
            },
            field: lookup.field.map(Into::into),
        }
    }
}

impl DescriptionShape {
    /// The description, if it keeps the contract's rules and this version serves all that it asks for.
    pub(crate) fn checked(self) -> Result<Description, Failure> {
        let has = |part| self.reads & part == part;
        let reads = Parts {
            keys: has(PartsShape::KEYS),
            values: has(PartsShape::VALUES),
            headers: has(PartsShape::HEADERS),
            timestamps: has(PartsShape::TIMESTAMPS),
            offsets: has(PartsShape::OFFSETS),
        };
        let options: Vec<String> = self.options.into_iter().map(|o| o.0).collect();
        let description = Description {
            reads,
            fields: self.fields.into_iter().map(Into::into).collect(),
            outputs: self.outputs,
            counters: self.counters,
            tables: self.tables,
            lookups: self.lookups.into_iter().map(Into::into).collect(),
        };
        description.check(&options)?;
        Ok(description)
    }
}
