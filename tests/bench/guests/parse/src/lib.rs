//! What `route` does, with the JSON parsed in the sandbox: what a declared field saves.

use std::borrow::Cow;

use millstream_sdk::prelude::*;
use serde::Deserialize;

#[derive(Outputs)]
enum Out {
    Swipes,
    Messages,
    Profiles,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[transform]
fn route(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
    let event: Event<'_> = record.json()?;
    match &*event.kind {
        "swipe" => out.forward(Out::Swipes),
        "message" => out.forward(Out::Messages),
        "profile" => out.forward(Out::Profiles),
        _ => {}
    }
    Ok(())
}
