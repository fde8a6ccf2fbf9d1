//! Byte lists of an answer: one bounds check, one charge against the limit, one copy. Lines of a log.

use wasmtime::ValRaw;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmStr};

use crate::budget::mebibytes;
use crate::state::HostTrap;

/// A `list<u8>` that was copied out of a guest.
#[derive(Debug, Default)]
pub(crate) struct Bytes(Vec<u8>);

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Vec<u8> {
        bytes.0
    }
}

/// The lists of one answer passed `Limits::result_bytes` together. Nothing of the one that did was copied.
#[derive(Debug, thiserror::Error)]
#[error("the answer has more bytes than one may return")]
pub(crate) struct AnswerTooLarge;

// SAFETY: the layout, the size and the type check are those of `[u8]`, which is what this type stands for.
unsafe impl ComponentType for Bytes {
    type Lower = <[u8] as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <[u8] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <[u8] as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: both functions read a pointer and a length from where the canonical ABI puts them, in safe code, and look
// at the guest's memory only through a checked slice. Any bit pattern is a valid byte, and bytes need no alignment.
unsafe impl Lift for Bytes {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        _ty: InterfaceType,
        src: &[ValRaw; 2],
    ) -> wasmtime::Result<Bytes> {
        copy(cx, src[0].get_u32(), src[1].get_u32())
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        _ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Bytes> {
        let words = bytes.as_chunks::<4>().0;
        copy(
            cx,
            u32::from_le_bytes(words[0]),
            u32::from_le_bytes(words[1]),
        )
    }
}

fn copy(cx: &mut LiftContext<'_>, pointer: u32, length: u32) -> wasmtime::Result<Bytes> {
    let (start, length) = (pointer as usize, length as usize);
    let Some(list) = cx.memory().get(start..).and_then(|rest| rest.get(..length)) else {
        wasmtime::bail!("a list of {length} bytes at {start} lies outside of the memory");
    };
    cx.consume_fuel(length).map_err(|_| AnswerTooLarge)?;
    Ok(Bytes(list.to_vec()))
}

/// A string of which there is no more than can be looked at in a moment: nothing interrupts the host while it does.
pub(crate) struct Line(pub(crate) WasmStr);

/// Code units of one line; UTF-16 has to be decoded.
const MAX_LINE: u32 = 1 << 20;
/// Set in the length of a string of the encoding `latin1+utf16`, where it is UTF-16.
const UTF16_TAG: u32 = 1 << 31;

// SAFETY: the layout, the size and the type check are those of `WasmStr`, which is all that this type holds.
unsafe impl ComponentType for Line {
    type Lower = <WasmStr as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <WasmStr as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <WasmStr as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: both functions look at the length, in safe code, and leave the rest to `WasmStr`.
unsafe impl Lift for Line {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &[ValRaw; 2],
    ) -> wasmtime::Result<Line> {
        short(src[1].get_u32())?;
        WasmStr::linear_lift_from_flat(cx, ty, src).map(Line)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Line> {
        short(u32::from_le_bytes(bytes.as_chunks::<4>().0[1]))?;
        WasmStr::linear_lift_from_memory(cx, ty, bytes).map(Line)
    }
}

fn short(length: u32) -> Result<(), HostTrap> {
    let length = length & !UTF16_TAG;
    if length > MAX_LINE {
        return Err(HostTrap(format!(
            "log.write: a message of {}, at most {} are taken",
            mebibytes(length.into()),
            mebibytes(MAX_LINE.into())
        )));
    }
    Ok(())
}
