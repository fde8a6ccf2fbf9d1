//! What `field` does, over the columns of a batch.

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
fn keep(events: Rows<'_, Event<'_>>, _: Batch<'_, ()>, plan: &mut Plan<Out>) {
    for (row, event) in events.iter().enumerate() {
        if event.is_some_and(|event| matches!(event.kind, "swipe" | "message" | "profile")) {
            plan.forward(row, Out::Kept);
        }
    }
}
