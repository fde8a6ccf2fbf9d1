//! Copies every record.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Copy,
}

#[transform]
fn copy(batch: Batch<'_, ()>, plan: &mut Plan<Out>) {
    for row in 0..batch.len() {
        plan.forward(row, Out::Copy);
    }
}
