//! What a call costs the host: allocations do not grow with the rows, and only what is read is copied, once.
#![allow(clippy::unwrap_used, unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{instance, rows};
use millstream_engine::{Batch, Guest, Header, Instance, Row};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: hands everything to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps `GlobalAlloc`'s rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Allocations of one warm call with this many rows, and bytes copied into the guest.
async fn cost(instance: &mut Instance, rows: &[Row<'_>]) -> (u64, u64) {
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows,
    };
    // The smallest of several: a call that is interrupted by the clock may allocate for it.
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = ALLOCATIONS.get();
        let plan = instance.apply(batch).await.unwrap();
        let emitted = plan.records().filter(|r| r.output == 0).count();
        least = least.min(ALLOCATIONS.get() - before);
        assert_eq!(emitted, rows.len());
    }
    (least, instance.copied_bytes())
}

fn event(value: &'static [u8]) -> Row<'static> {
    Row {
        key: Some(b"k"),
        value: Some(value),
        headers: &[Header {
            name: "h",
            value: Some(b"v"),
        }],
        timestamp: 0,
        offset: 0,
    }
}

#[tokio::test]
async fn a_name_with_escapes_is_decoded_once_however_many_fields_there_are() {
    let rows = vec![event(br#"{"\u0079":1,"type":"swipe"}"#); 1000];
    let mut instance = instance("fields-unseen").await.unwrap();
    // The extractor's columns grow once.
    cost(&mut instance, &rows).await;
    let (few, _) = cost(&mut instance, &rows[..8]).await;
    let (many, _) = cost(&mut instance, &rows).await;
    assert_eq!(many - few, 992);
}

#[tokio::test]
async fn no_allocation_per_record_and_no_copy_of_what_is_not_read() {
    let event = event(br#"{"type":"swipe","n":7,"x":1.5,"b":true,"r":[[1,2]]}"#);
    // The texts of type, r, key and header with their ends, two numbers, and the bits of one truth value.
    let fields = 5 + 5 + 1 + 1 + 4 * 4 + 2 * 8;
    for (mode, rows, bytes_a_row, bits) in [
        ("blind", rows(1000), 0, false),
        ("first-byte", rows(1000), 5 + 4, false),
        ("fields-unseen", vec![event; 1000], fields, true),
    ] {
        let mut instance = instance(mode).await.unwrap();
        // The extractor's columns grow once.
        cost(&mut instance, &rows).await;
        let (few, few_bytes) = cost(&mut instance, &rows[..8]).await;
        let (many, many_bytes) = cost(&mut instance, &rows).await;
        println!(
            "{mode}: {few} allocations for 8 rows, {many} for 1000; {few_bytes} and {many_bytes} bytes copied"
        );
        assert_eq!(few, many, "{mode}");
        assert!(many < 20, "{mode}: {many}");
        assert_eq!(
            (few_bytes, many_bytes),
            (
                8 * bytes_a_row + u64::from(bits),
                1000 * bytes_a_row + 125 * u64::from(bits)
            ),
            "{mode}"
        );
    }
}
