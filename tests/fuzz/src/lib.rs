//! Everything that parses what others wrote, as functions of bytes.
//!
//! Each target takes any bytes at all, hands them to the product, and panics where the product panics or breaks a rule that
//! others rely on. Coverage-guided fuzzing calls them (`libfuzzer/`, `make fuzz`), and an ordinary test does with all that
//! is kept in `corpus/` (`tests/corpus.rs`).

pub mod extract;
pub mod http;
pub mod letters;
pub mod logs;
pub mod manifest;
pub mod plan;
pub mod upload;

/// A target's name, which is its corpus's too, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 7] = [
    ("extract", extract::run),
    ("http", http::run),
    ("letters", letters::run),
    ("logs", logs::run),
    ("manifest", manifest::run),
    ("plan", plan::run),
    ("upload", upload::run),
];

/// Splits at the first of these bytes; what is behind it is empty where there is none.
fn split(bytes: &[u8], at: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == at) {
        Some(place) => (&bytes[..place], &bytes[place + 1..]),
        None => (bytes, &[]),
    }
}

/// `~` is null, everything else itself.
fn nullable(bytes: &[u8]) -> Option<&[u8]> {
    (bytes != b"~").then_some(bytes)
}
