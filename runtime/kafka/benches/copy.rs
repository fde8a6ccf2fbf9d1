//! Copies a topic to another.
fn main() {}
