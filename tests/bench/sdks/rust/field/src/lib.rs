//! Keeps three types of events, by a declared field.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Kept,
}

#[derive(Fields)]
struct Event<'a> {
    #[field("/type")]
    kind: &'a str,
}

#[transform]
fn keep(event: Event<'_>, out: &mut Emitter<Out>) {
    if matches!(event.kind, "swipe" | "message" | "profile") {
        out.forward(Out::Kept);
    }
}
