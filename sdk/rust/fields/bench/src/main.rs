//! Taking three fields out of a value of some 460 bytes, the whole value checked: this crate against JSON libraries that are
//! called natively for the same.
//!
//! `scripts/bench.sh fields`. Contestants run in turn, round by round; the median of all rounds is printed, in nanoseconds a
//! value, and as a multiple of this crate's. This crate's figure includes typed columns, ready for a guest.

use std::hint::black_box;
use std::time::Instant;

use millstream_fields::{Column, Extractor, Field, Kind, Part, Presence, Row};
use serde::Deserialize;

const VALUES: usize = 1_000;
const ROUNDS: usize = 301;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    at: i64,
    session: Session<'a>,
}

#[derive(Deserialize)]
struct Session<'a> {
    id: &'a str,
}

struct Value<'a>(&'a [u8]);

impl<'a> Row<'a> for Value<'a> {
    fn key(&self) -> Option<&'a [u8]> {
        None
    }
    fn value(&self) -> Option<&'a [u8]> {
        Some(self.0)
    }
    fn header(&self, _name: &str) -> Option<&'a [u8]> {
        None
    }
}

type Contestant<'a> = (&'static str, Box<dyn FnMut() -> usize + 'a>);

fn main() {
    let values: Vec<String> = (0..VALUES).map(value).collect();
    let bytes: usize = values.iter().map(String::len).sum();
    let rows: Vec<Value<'_>> = values.iter().map(|value| Value(value.as_bytes())).collect();
    let field = |path: &str, kind| Field {
        part: Part::Value,
        path: path.to_owned(),
        kind,
        presence: Presence::Required,
    };
    let mut extractor = Extractor::new(&[
        field("/type", Kind::Text),
        field("/at", Kind::Integer),
        field("/session/id", Kind::Text),
    ]);
    let mut scratch = Vec::new();
    let mut contestants: Vec<Contestant<'_>> = vec![
        (
            "millstream-fields",
            Box::new(|| {
                assert!(extractor.extract(&rows).is_empty());
                match &extractor.columns()[0] {
                    Column::Text(texts) => texts.data.len(),
                    _ => 0,
                }
            }),
        ),
        (
            "serde_json",
            Box::new(|| sum(&values, |text| serde_json::from_slice(text).expect("JSON"))),
        ),
        (
            "sonic-rs",
            Box::new(|| sum(&values, |text| sonic_rs::from_slice(text).expect("JSON"))),
        ),
        (
            // It changes what it parses, so it needs a copy.
            "simd-json",
            Box::new(|| {
                let one = |text: &String| {
                    scratch.clear();
                    scratch.extend_from_slice(text.as_bytes());
                    seen(&simd_json::from_slice(&mut scratch).expect("JSON"))
                };
                values.iter().map(one).sum()
            }),
        ),
    ];
    let mut times = vec![Vec::with_capacity(ROUNDS); contestants.len()];
    let mut answers = vec![0; contestants.len()];
    for _ in 0..ROUNDS {
        for (place, (_, run)) in contestants.iter_mut().enumerate() {
            let began = Instant::now();
            answers[place] = black_box(run());
            times[place].push(began.elapsed().as_secs_f64() * 1e9 / VALUES as f64);
        }
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "they found different things: {answers:?}"
    );
    println!("{} bytes a value, {ROUNDS} rounds", bytes / VALUES);
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, _), median) in contestants.iter().zip(&medians) {
        println!("{name:<18} {median:>7.0} ns  {:.2}", median / medians[0]);
    }
}

fn sum<'a>(values: &'a [String], parse: impl Fn(&'a [u8]) -> Event<'a>) -> usize {
    values
        .iter()
        .map(|text| seen(&parse(text.as_bytes())))
        .sum()
}

/// Looks at every field; the answer is what all contestants have to agree on.
fn seen(event: &Event<'_>) -> usize {
    black_box((event.at, event.session.id));
    event.kind.len()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// An event of a dating app.
fn value(number: usize) -> String {
    let kind = ["open", "swipe", "swipe", "message", "profile"][number % 5];
    let mut json = format!(
        r#"{{"type":"{kind}","id":"{number:012}","user":"{:016x}","at":{},"country":"GB","place":{{"lat":51.50735,"lon":-0.12776}},"device":{{"model":"iPhone15,3","os":"17.4.1","battery":{}}},"photos":[1,2,3],"session":{{"id":"{:016x}","seq":{number}}},"about":""#,
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        1_767_225_600_000_u64 + number as u64,
        number % 101,
        number.wrapping_mul(0xD1B5_4A32_D192_ED03),
    );
    while json.len() < 454 {
        json.push_str("lorem ipsum ");
    }
    json + "\"}"
}
