//! The few WASI types that cross the boundary, derived.

use millstream_fields::Strings;
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

/// Marks of the resource types; none has contents.
pub(crate) struct IoError;
pub(crate) struct Pollable;
pub(crate) struct InputStream;
pub(crate) struct OutputStream;
pub(crate) struct TerminalInput;
pub(crate) struct TerminalOutput;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
pub(crate) enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Datetime {
    pub(crate) seconds: u64,
    pub(crate) nanoseconds: u32,
}

/// A column that the host gives a guest.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct NewColumn {
    data: Vec<u8>,
    ends: Vec<u8>,
    nulls: Vec<u8>,
}

impl From<Strings> for NewColumn {
    fn from(strings: Strings) -> NewColumn {
        NewColumn {
            nulls: strings.nulls.or_none().to_vec(),
            ends: strings.ends.into_flattened(),
            data: strings.data,
        }
    }
}
