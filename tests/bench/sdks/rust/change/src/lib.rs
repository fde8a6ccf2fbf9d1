//! Parses each event, sets one member, and writes all of it anew.

use millstream_sdk::prelude::*;
use serde_json::{Map, Value};

#[derive(Outputs)]
enum Out {
    Changed,
}

#[transform]
fn change(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
    let mut event: Map<String, Value> = record.json()?;
    event.insert("seen".to_owned(), true.into());
    out.emit(Out::Changed).json(&event)?;
    Ok(())
}
