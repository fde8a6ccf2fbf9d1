//! Sets one member of each event.

use millstream_sdk::prelude::*;
use serde::Serialize;

#[derive(Outputs)]
enum Out {
    Changed,
}

/// Declared so that the host checks the whole value: what is added to must be JSON.
#[derive(Fields)]
struct Event<'a> {
    #[field("/region", lenient)]
    region: Option<&'a str>,
}

#[derive(Serialize)]
struct Added {
    region: &'static str,
}

#[transform]
fn change(event: Event<'_>, record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
    if event.region.is_some() {
        reject!("has-region", "the event has a region already");
    }
    out.emit(Out::Changed)
        .extend_json(record.bytes()?, &Added { region: "eu" })?;
    Ok(())
}
