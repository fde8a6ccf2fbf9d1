//! Sends three types of events to outputs of their own, by a header.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Swipes,
    Messages,
    Profiles,
}

#[derive(Fields)]
struct Event<'a> {
    #[field(header = "type")]
    kind: &'a str,
}

#[transform]
fn route(event: Event<'_>, out: &mut Emitter<Out>) {
    match event.kind {
        "swipe" => out.forward(Out::Swipes),
        "message" => out.forward(Out::Messages),
        "profile" => out.forward(Out::Profiles),
        _ => {}
    }
}
