//! Writes each value anew, its first bytes masked: the least that a changed value can cost.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Masked,
}

const MASK: &[u8] = b"********";

#[transform]
fn mask(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
    let value = record.bytes()?;
    out.emit(Out::Masked).value_with(|buffer| {
        buffer.reserve(value.len());
        buffer.push(&MASK[..MASK.len().min(value.len())]);
        buffer.push(value.get(MASK.len()..).unwrap_or_default());
    });
    Ok(())
}
