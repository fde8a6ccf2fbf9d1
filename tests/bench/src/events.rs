//! Events of a dating app: about 463 bytes of compact JSON under a 16-byte key, the same ones in every run. Three quarters
//! are of a type that the job `route` keeps.

use millstream_tests::Record;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

const SEED: u64 = 463;
/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600_000;
const SIZE: usize = 463;
const ROW_SIZE: usize = 200;
/// A prime that no count of rows is a multiple of.
const SPREAD: usize = 611_953;

pub(crate) fn events(count: usize) -> impl Iterator<Item = Record> {
    let mut random = SmallRng::seed_from_u64(SEED);
    (0..count).map(move |n| {
        let at = START + n as i64;
        let user = format!("{:016x}", random.random::<u64>() % 100_000);
        let value = event(&mut random, n, at, &user);
        Record {
            key: Some(user.into_bytes()),
            value: Some(value.into_bytes()),
            ..Record::default()
        }
        .timestamp(at)
    })
}

/// A table of users, each under the key that their events have: about 200 bytes of JSON. Those that have events are spread over
/// all of it.
pub(crate) fn users(rows: usize) -> impl Iterator<Item = Record> {
    (0..rows).map(move |n| {
        let user = n * SPREAD % rows;
        let mut json = format!(
            r#"{{"id":"{user:016x}","age":{},"plan":"plus","about":""#,
            18 + user % 60
        );
        while json.len() < ROW_SIZE - 2 {
            json.push(char::from(b'a' + (user % 26) as u8));
        }
        Record::new(format!("{user:016x}"), json + "\"}")
    })
}

fn event(random: &mut SmallRng, n: usize, at: i64, user: &str) -> String {
    let other = format!("{:016x}", random.random::<u64>());
    let (kind, own) = match random.random_range(0..100) {
        0..25 => ("open", r#""screen":"cards","cold":true"#.to_owned()),
        25..47 => ("swipe", format!(r#""direction":"left","target":"{other}""#)),
        47..70 => (
            "swipe",
            format!(r#""direction":"right","target":"{other}""#),
        ),
        70..88 => (
            "message",
            format!(r#""to":"{other}","text":"how was the weekend?""#),
        ),
        _ => ("profile", r#""age":31,"photos":4"#.to_owned()),
    };
    let mut json = format!(
        r#"{{"type":"{kind}","id":"{n:012}","user":"{user}","at":{at},"country":"GB","city":"London","place":{{"lat":51.{:05},"lon":-0.{:05}}},"device":{{"model":"iPhone15,3","os":"17.4.1","battery":{}}},{own},"session":{{"id":"{:016x}","seq":{n}}},"about":""#,
        random.random_range(10_000..100_000),
        random.random_range(10_000..100_000),
        random.random_range(0..=100),
        random.random::<u64>(),
    );
    while json.len() < SIZE - 2 {
        json.push(char::from(b'a' + random.random_range(0..26)));
    }
    json + "\"}"
}
