//! Events of a dating app, made from a seed: what the examples are for. About 463 bytes of JSON under a 16-byte key.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::record::Record;

/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600_000;

const COUNTRIES: [&str; 6] = ["GB", "DE", "BR", "US", "JP", "ZZ"];

/// `count` events, the same for the same seed. Timestamps ascend by 1 to 50 ms. Every 97th is malformed, in turn in each
/// of six ways.
pub fn events(seed: u64, count: usize) -> impl Iterator<Item = Record> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut at = START;
    (0..count).map(move |n| {
        at += random.random_range(1..=50);
        let user = format!(
            "{:016x}",
            random.random::<u64>() % 5000 + 0x4f0c_2a9b_e1d3_0000
        );
        let whole = event(&mut random, n, at, &user);
        let value = if n % 97 == 96 {
            malformed(n / 97, &whole)
        } else {
            Some(whole.into_bytes())
        };
        Record {
            key: Some(user.into_bytes()),
            value,
            ..Record::default()
        }
        .timestamp(at)
        .header("trace", &n.to_be_bytes())
    })
}

fn event(random: &mut SmallRng, n: usize, at: i64, user: &str) -> String {
    let country = COUNTRIES[random.random_range(0..COUNTRIES.len())];
    let other = format!("{:016x}", random.random::<u64>());
    let (kind, own) = match random.random_range(0..100) {
        0..20 => ("open", r#""screen":"cards""#.to_owned()),
        20..50 => ("swipe", format!(r#""direction":"left","target":"{other}""#)),
        50..75 => (
            "swipe",
            format!(r#""direction":"right","target":"{other}""#),
        ),
        75..90 => (
            "message",
            format!(r#""to":"{other}","text":"Hi \"{n}\" \u00e9\ud83d\ude00, \\o/""#),
        ),
        _ => (
            "profile",
            r#""age":31,"bio":"tea {and} [biscuits]""#.to_owned(),
        ),
    };
    let mut json = format!(
        r#"{{"type":"{kind}","id":"{n:020}","user":"{user}","at":{at},"platform":"ios","country":"{country}",{own},"session":{{"id":"{:032x}","seq":{n}}},"client":{{"version":"12.4.1","locale":"en-GB","network":"wifi"}},"pad":""#,
        random.random::<u128>(),
    );
    while json.len() < 460 {
        json.push(char::from(b'a' + random.random_range(0..26)));
    }
    json + "\"}"
}

fn malformed(way: usize, whole: &str) -> Option<Vec<u8>> {
    match way % 6 {
        0 => None,
        1 => Some(whole.as_bytes()[..whole.len() / 2].to_vec()),
        2 => Some(b"[1,2,3]".to_vec()),
        3 => Some(whole.replacen(r#""type":""#, r#""kind":""#, 1).into_bytes()),
        4 => Some([b"\xff\xfe".as_slice(), whole.as_bytes()].concat()),
        _ => Some(br#"{"type":7,"user":"x"}"#.to_vec()),
    }
}
