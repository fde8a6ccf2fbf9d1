//! Does harm, as far as it can: `deed` says which. What no Rust program can do is written as text in tests/src/hostile.
//!
//! The other settings are numbers: `from` is the time (milliseconds since 1970) at which `awakes` begins to loop in
//! `configure`.

wit_bindgen::generate!({ path: "../../../wit", world: "transform" });

mod deeds;

use exports::millstream::transform::guest::{Batch, Description, Failure, Guest, Output, Parts};
use std::sync::OnceLock;

struct Hostile;

static SETTINGS: OnceLock<Vec<(String, String)>> = OnceLock::new();

fn setting(name: &str) -> Option<&'static str> {
    let settings = SETTINGS.get()?;
    let found = settings.iter().find(|(setting, _)| setting == name);
    found.map(|(_, value)| value.as_str())
}

impl Guest for Hostile {
    fn configure(settings: Vec<(String, String)>) -> Result<Description, String> {
        let _ = SETTINGS.set(settings);
        let mut outputs = vec!["out".to_owned()];
        match setting("deed") {
            Some("loops-in-configure") => deeds::forever(),
            Some("awakes") if deeds::later_than(setting("from")) => deeds::forever(),
            Some("grows-in-configure") => deeds::grow(),
            Some("describes-a-megabyte") => outputs = vec!["x".repeat(1_000_000)],
            Some("describes-too-much") => outputs = vec!["x".repeat(1_000); 100_000],
            Some("refuses-at-length") => return Err("no ".repeat(30_000_000)),
            _ => {}
        }
        Ok(Description {
            reads: Parts::VALUES,
            fields: Vec::new(),
            lookups: Vec::new(),
            tables: Vec::new(),
            outputs,
            counters: Vec::new(),
            options: Vec::new(),
        })
    }

    fn apply(batch: Batch) -> Result<Output, Failure> {
        deeds::apply(setting("deed").unwrap_or_default(), &batch)
    }
}

export!(Hostile);
