//! The events of a dating app, the same ones in every run: event `i` is a function of `i` alone.
//!
//! About 463 bytes of JSON under a key of 16 characters; one in a hundred is wrong in a way that some transform must notice.
//! Knows nothing of topics.

use std::fmt::Write;

/// One record for the first topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) flaw: Option<Flaw>,
    pub(super) country: &'static str,
    /// The number of the user whom it is about, if it is about another one.
    pub(super) target: u64,
    /// Milliseconds since 1970-01-01T00:00Z, in the event and on the record.
    pub(super) at: i64,
    /// The user's id: 16 hexadecimal digits.
    pub(super) key: String,
    pub(super) value: Option<Vec<u8>>,
    /// A header that every fourth event has, to see that headers come through.
    pub(super) trace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Swipe { right: bool },
    Message,
    Profile,
}

/// What is wrong with an event, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The value is null.
    NoValue,
    /// The text ends in the middle.
    CutOff,
    /// A byte that is not UTF-8 stands in a text.
    NotUtf8,
    /// JSON, but no object.
    NotAnObject,
    NoType,
    /// The type is a number.
    OddType,
    /// A swipe without the country that its region is found by.
    NoCountry,
    /// A swipe whose time is a text.
    OddTime,
    /// A swipe that is neither left nor right.
    OddDirection,
    NoDirection,
}

const FLAWS: [Flaw; 10] = [
    Flaw::NoValue,
    Flaw::CutOff,
    Flaw::NotUtf8,
    Flaw::NotAnObject,
    Flaw::NoType,
    Flaw::OddType,
    Flaw::NoCountry,
    Flaw::OddTime,
    Flaw::OddDirection,
    Flaw::NoDirection,
];

/// One event in so many is flawed.
const FLAWED: u64 = 100;
/// So many people use the app.
pub(super) const USERS: u64 = 4_000;
/// 2026-01-01T00:00:00Z, and from there on seven events a second.
const EPOCH: i64 = 1_767_225_600_000;
const STEP: i64 = 143;

const COUNTRIES: [(&str, &str, &str); 10] = [
    ("GB", "London", "en-GB"),
    ("DE", "Berlin", "de-DE"),
    ("FR", "Lyon", "fr-FR"),
    ("PL", "Gdańsk", "pl-PL"),
    ("US", "Austin", "en-US"),
    ("CA", "Montréal", "fr-CA"),
    ("BR", "São Paulo", "pt-BR"),
    ("MX", "Puebla", "es-MX"),
    ("IN", "Pune", "hi-IN"),
    ("JP", "Osaka", "ja-JP"),
];
const DEVICES: [(&str, &str, &str); 4] = [
    ("ios", "iPhone17,2", "26.1"),
    ("ios", "iPhone15,4", "18.6"),
    ("android", "SM-S931B", "16"),
    ("android", "Pixel 9a", "15"),
];
const TEXTS: [&str; 5] = [
    "Hi! That is a lovely dog. What is its name? 🐕",
    "Coffee on Saturday? There is a new place by the river that I want to try.",
    "Ha, \\\"adventurous eater\\\": prove it",
    "I was at that concert too!",
    "Sorry, long week. How was yours?",
];

/// Event number `index`.
pub(super) fn event(index: u64) -> Event {
    let mut random = Random(index.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x6d69_6c6c_7374_7265);
    let kind = match random.below(100) {
        0..15 => Kind::Open,
        15..75 => Kind::Swipe {
            right: random.below(5) < 2,
        },
        75..93 => Kind::Message,
        _ => Kind::Profile,
    };
    let flaw =
        (random.below(FLAWED) == 0).then(|| FLAWS[random.below(FLAWS.len() as u64) as usize]);
    // What is wrong with a swipe needs a swipe to be wrong with.
    let kind = match (flaw, kind) {
        (Some(Flaw::NoCountry | Flaw::OddTime | Flaw::OddDirection | Flaw::NoDirection), _) => {
            Kind::Swipe { right: true }
        }
        (_, kind) => kind,
    };
    let (country, city, locale) = COUNTRIES[random.below(COUNTRIES.len() as u64) as usize];
    let at = EPOCH + index as i64 * STEP;
    let key = user(random.below(USERS));
    let target = random.below(USERS);
    let trace = index
        .is_multiple_of(4)
        .then(|| format!("{:016x}", random.next()));
    let mut event = Event {
        kind,
        flaw,
        country,
        target,
        at,
        key,
        value: None,
        trace,
    };
    event.value = value(&event, city, locale, index, &mut random);
    event
}

/// The id of a user.
pub(super) fn user(number: u64) -> String {
    format!("{:016x}", Random(number).next())
}

fn value(
    event: &Event,
    city: &str,
    locale: &str,
    index: u64,
    random: &mut Random,
) -> Option<Vec<u8>> {
    let flaw = event.flaw;
    let name = match event.kind {
        Kind::Open => "open",
        Kind::Swipe { .. } => "swipe",
        Kind::Message => "message",
        Kind::Profile => "profile",
    };
    let mut json = match flaw {
        Some(Flaw::NoValue) => return None,
        Some(Flaw::NoType) => "{".to_owned(),
        Some(Flaw::OddType) => r#"{"type":7,"#.to_owned(),
        _ => format!(r#"{{"type":"{name}","#),
    };
    let (platform, model, os) = DEVICES[random.below(4) as usize];
    let (key, at, session) = (&event.key, event.at, random.next());
    // Writing to a string cannot fail.
    let _ = write!(json, r#""id":"{index:012}","user":"{key}","#);
    let _ = match flaw {
        Some(Flaw::OddTime) => write!(json, r#""at":"yesterday","#),
        _ => write!(json, r#""at":{at},"#),
    };
    if flaw != Some(Flaw::NoCountry) {
        let _ = write!(json, r#""country":"{}","#, event.country);
    }
    let (latitude, longitude) = (random.below(9_000_000), random.below(18_000_000));
    let _ = write!(
        json,
        r#""city":"{city}","place":{{"lat":{}.{:05},"lon":-{}.{:05},"accuracy":{}}},"platform":"{platform}","device":{{"model":"{model}","os":"{os}","locale":"{locale}","battery":{}}},"app":"9.14.{}","session":"{session:016x}","network":{{"kind":"wifi","rtt":{}}},"experiments":["deck-v7","photo-order-b"],"#,
        latitude / 100_000,
        latitude % 100_000,
        longitude / 100_000,
        longitude % 100_000,
        5 + random.below(60),
        random.below(101),
        random.below(4),
        10 + random.below(190),
    );
    let other = user(event.target);
    let _ = match event.kind {
        Kind::Open => write!(
            json,
            r#""source":"notification","campaign":"winter-{}","cold":true,"since":{}"#,
            random.below(9),
            random.below(90_000)
        ),
        Kind::Swipe { right } => {
            let _ = match flaw {
                Some(Flaw::NoDirection) => Ok(()),
                Some(Flaw::OddDirection) => write!(json, r#""direction":"up","#),
                _ => write!(
                    json,
                    r#""direction":"{}","#,
                    if right { "right" } else { "left" }
                ),
            };
            write!(
                json,
                r#""target":"{other}","position":{},"seconds":{}.{:02}"#,
                random.below(200),
                random.below(30),
                random.below(100)
            )
        }
        Kind::Message => write!(
            json,
            r#""to":"{other}","text":"{}""#,
            TEXTS[random.below(5) as usize]
        ),
        Kind::Profile => write!(
            json,
            r#""age":{},"photos":{},"changed":["bio","prompts"]"#,
            18 + random.below(60),
            1 + random.below(8)
        ),
    };
    json.push('}');
    let mut bytes = match flaw {
        Some(Flaw::NotAnObject) => format!("[{json}]").into_bytes(),
        _ => json.into_bytes(),
    };
    match flaw {
        Some(Flaw::CutOff) => bytes.truncate(bytes.len() / 2),
        Some(Flaw::NotUtf8) => {
            // Within the text of "city": the first letter of it.
            if let Some(at) = bytes.windows(8).position(|window| window == br#""city":""#) {
                bytes[at + 8] = 0xff;
            }
        }
        _ => {}
    }
    Some(bytes)
}

/// SplitMix64: small, good enough, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> impl Iterator<Item = Event> {
        (0..20_000).map(event)
    }

    #[test]
    fn values_are_about_463_bytes_and_keys_16() {
        let sizes: Vec<usize> = events()
            .filter(|event| event.flaw.is_none())
            .map(|event| event.value.map_or(0, |value| value.len()))
            .collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((453..=473).contains(&mean), "{mean}");
        assert!(events().all(|event| event.key.len() == 16));
    }

    #[test]
    fn events_are_json_unless_they_are_flawed() {
        for event in events() {
            let parsed = event
                .value
                .as_deref()
                .map(serde_json::from_slice::<serde_json::Value>);
            match event.flaw {
                Some(Flaw::NoValue) => assert!(parsed.is_none()),
                Some(Flaw::CutOff | Flaw::NotUtf8) => {
                    assert!(parsed.expect("a value").is_err(), "{event:?}")
                }
                _ => assert!(parsed.expect("a value").is_ok(), "{event:?}"),
            }
        }
    }

    #[test]
    fn every_kind_and_every_flaw_occurs() {
        for flaw in FLAWS {
            assert!(events().any(|event| event.flaw == Some(flaw)), "{flaw:?}");
        }
        for kind in [
            Kind::Open,
            Kind::Swipe { right: true },
            Kind::Swipe { right: false },
            Kind::Message,
            Kind::Profile,
        ] {
            assert!(events().any(|event| event.kind == kind), "{kind:?}");
        }
        let flawed = events().filter(|event| event.flaw.is_some()).count();
        assert!((150..250).contains(&flawed), "{flawed}");
    }
}
