//! Does what its settings say, right down at the contract: no SDK between it and the host.
//!
//! - `outputs` (default `out`): the names it declares, separated by commas
//! - `reads` (default `values`): the parts it declares
//! - `mode` (default `pass`): see [`behave`]
//! - `needle`: rows whose value contains it are the ones that `reject-needle`, `trap-on-needle`, ... mean
//! - `tag`: a header `tag` of this value on every emitted record
//! - `spin`: rounds of arithmetic before each answer
//! - `log`: this text, on every batch, `log-lines` times (default once)
//! - `between`: rounds of arithmetic after which `look-up` looks again
//! - `configure-error`, `option`, `table`, `field`: what `configure` answers

mod answer;

use answer::{column, numbers};

wit_bindgen::generate!({ path: "../../../wit", world: "transform" });

use exports::millstream::transform::guest::{
    Batch, Description, Failure, Field, FieldType, Guest, Output, Part, Parts, Presence,
};
use millstream::transform::log;
use millstream::transform::metrics;
use millstream::transform::tables;
use std::sync::OnceLock;

struct Probe;

static SETTINGS: OnceLock<Vec<(String, String)>> = OnceLock::new();

fn setting(name: &str) -> Option<&'static str> {
    let settings = SETTINGS.get()?;
    settings
        .iter()
        .find(|(setting, _)| setting == name)
        .map(|(_, value)| value.as_str())
}

impl Guest for Probe {
    fn configure(settings: Vec<(String, String)>) -> Result<Description, String> {
        let _ = SETTINGS.set(settings);
        match setting("mode") {
            Some("loop-in-configure") => spin(u64::MAX),
            Some("trap-in-configure") => panic!("configure panics on purpose"),
            _ => {}
        }
        if let Some(error) = setting("configure-error") {
            return Err(error.to_owned());
        }
        let list = |name, default| -> Vec<String> {
            setting(name)
                .unwrap_or(default)
                .split(',')
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let mut reads = Parts::empty();
        for part in list("reads", "values") {
            reads |= match part.as_str() {
                "keys" => Parts::KEYS,
                "values" => Parts::VALUES,
                "headers" => Parts::HEADERS,
                "timestamps" => Parts::TIMESTAMPS,
                _ => Parts::OFFSETS,
            };
        }
        let mut outputs = list("outputs", "out");
        if setting("mode") == Some("fickle") {
            // Another answer in nearly every instance.
            use std::hash::{BuildHasher as _, RandomState};
            outputs.push(format!("o{}", RandomState::new().hash_one(0) % 1_000_000));
        }
        Ok(Description {
            reads,
            fields: setting("field").map_or_else(Vec::new, |path| {
                vec![Field {
                    part: Part::Value,
                    path: path.to_owned(),
                    kind: FieldType::Text,
                    presence: Presence::Lenient,
                }]
            }),
            lookups: Vec::new(),
            tables: list("table", ""),
            outputs,
            counters: vec!["batches".to_owned(), "rows".to_owned()],
            options: list("option", "")
                .into_iter()
                .map(|name| (name, "yes".to_owned()))
                .collect(),
        })
    }

    fn apply(batch: Batch) -> Result<Output, Failure> {
        if let Some(text) = setting("log") {
            for _ in 0..setting("log-lines").map_or(1, |lines| lines.parse().unwrap()) {
                log::write(log::Level::Info, text);
            }
        }
        metrics::add(0, 1);
        metrics::add(1, u64::from(batch.count));
        if let Some(rounds) = setting("spin") {
            spin(rounds.parse().unwrap());
        }
        let mut output = behave(&batch)?;
        if let Some(tag) = setting("tag") {
            output.added_headers = Some(answer::one_header(
                answer::emitted(&output, batch.count),
                "tag",
                tag,
            ));
        }
        Ok(output)
    }
}

/// What `mode` asks for.
fn behave(batch: &Batch) -> Result<Output, Failure> {
    let needle = setting("needle").unwrap_or("needle");
    let hit = answer::rows_with(batch, needle.as_bytes());
    let all: Vec<u32> = (0..batch.count).collect();
    match setting("mode").unwrap_or("pass") {
        // Every row, to every output.
        "fan" => {
            let outputs =
                u16::try_from(setting("outputs").map_or(1, |names| names.split(',').count()))
                    .unwrap();
            Ok(Output {
                rows: Some(numbers(
                    all.iter()
                        .flat_map(|row| (0..outputs).map(move |_| row.to_le_bytes())),
                )),
                outputs: Some(numbers(
                    all.iter().flat_map(|_| (0..outputs).map(u16::to_le_bytes)),
                )),
                ..answer::everything()
            })
        }
        // To the output whose number is the value's last digit.
        "route" => Ok(Output {
            outputs: Some(numbers(answer::last_digits(batch).map(u16::to_le_bytes))),
            ..answer::everything()
        }),
        "drop" => Ok(Output {
            rows: Some(Vec::new()),
            ..answer::everything()
        }),
        "reject" => Ok(answer::reject(&all, "unwanted", "rejected on request")),
        "reject-needle" => Ok(answer::reject(
            &hit,
            "needle-found",
            "the value holds the needle",
        )),
        "trap-on-needle" if !hit.is_empty() => panic!("the needle makes this guest panic"),
        "loop-on-needle" if !hit.is_empty() => {
            spin(u64::MAX);
            Ok(answer::everything())
        }
        "grow-on-needle" if !hit.is_empty() => {
            let mut held = Vec::new();
            loop {
                held.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "malformed-on-needle" if !hit.is_empty() => Ok(Output {
            rows: Some(numbers([batch.count.to_le_bytes()])),
            ..answer::everything()
        }),
        "transient-on-needle" if !hit.is_empty() => {
            Err(Failure::Transient("come back later".to_owned()))
        }
        "permanent-on-needle" if !hit.is_empty() => {
            Err(Failure::Permanent("never will".to_owned()))
        }
        // Keys and values become null.
        "nulls" => Ok(Output {
            keys: Some(answer::patch(column(
                (0..batch.count).map(|_| None::<&str>),
            ))),
            values: Some(answer::patch(column(
                (0..batch.count).map(|_| None::<&str>),
            ))),
            ..answer::everything()
        }),
        // The value is a key: it becomes what the first table has under it.
        "look-up" => {
            let keys = batch.values.as_ref().expect("values are read");
            let found = tables::get(0, keys);
            if let Some(rounds) = setting("between") {
                spin(rounds.parse().unwrap());
                let again = tables::get(0, keys);
                assert!(
                    (found.data == again.data) && (found.ends == again.ends),
                    "the table changed within a call"
                );
            }
            Ok(Output {
                values: Some(answer::patch(found)),
                ..answer::everything()
            })
        }
        // Values, headers and timestamps of its own: `<offset>`, a repeated and an empty header, 0 and its own.
        "rewrite" => Ok(answer::rewrite(batch)),
        _ => Ok(answer::everything()),
    }
}

fn spin(rounds: u64) {
    let mut x = 1_u64;
    for _ in 0..rounds {
        x = std::hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}

export!(Probe);
