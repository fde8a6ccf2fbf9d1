//! What the scan accepts, and says, against serde_json where that is the judge.

use super::super::{Found, Malformed, Name, Search, scan};

/// The value of the member `type` of the outermost object.
enum Type {
    Object,
    Member,
}

impl Search for Type {
    type Sink<'t> = Option<Found<'t>>;

    fn member(&self, name: Name<'_>, sink: &mut Self::Sink<'_>) -> Option<Self> {
        let found = matches!(self, Type::Object) && name.is("type");
        if found {
            *sink = None;
        }
        found.then_some(Type::Member)
    }

    fn element(&self, _: usize, _: &mut Self::Sink<'_>) -> Option<Self> {
        None
    }

    fn here<'t>(&self, found: Found<'t>, sink: &mut Self::Sink<'t>) {
        if let Type::Member = self {
            *sink = Some(found);
        }
    }
}

fn kind(text: &[u8]) -> Result<Option<Found<'_>>, Malformed> {
    let mut found = None;
    scan(text, &Type::Object, &mut found)?;
    Ok(found)
}

#[test]
fn an_error_says_what_and_where() {
    let error = |text: &str| kind(text.as_bytes()).expect_err(text).to_string();
    assert_eq!(error(r#"{"a":1"#), "unexpected end at byte 6");
    assert_eq!(error(r#"{"a" 1}"#), "expected `:` at byte 5");
    assert_eq!(error(r#"{"a":1 "b":2}"#), "expected `,` or `}` at byte 7");
    assert_eq!(error(r#"{"a":01}"#), "expected `,` or `}` at byte 6");
    assert_eq!(error(r#"{"a":tru}"#), "expected a value at byte 5");
    assert_eq!(
        error("{\"a\":\"x\ny\"}"),
        "control character in a string at byte 7"
    );
    assert_eq!(error(r#"{"a":1} x"#), "trailing characters at byte 8");
    assert_eq!(error(""), "unexpected end at byte 0");
    assert_eq!(error(&"[".repeat(200)), "nested too deeply at byte 128");
    assert!(kind(b"\"\xFF\"").is_err_and(|error| error.to_string() == "invalid UTF-8 at byte 1"));
}

#[test]
fn what_is_no_character_is_json_but_no_text() {
    for escape in [r"\ud800", r"\udc00", r"\ud800\u0041", r"\ud800x"] {
        let text = format!(r#"{{"type":"{escape}"}}"#);
        let found = kind(text.as_bytes())
            .expect("it is JSON")
            .expect("a member");
        assert_eq!(found.text(), None, "{escape}");
    }
}

/// What serde_json accepts and refuses is right; the scan must agree on text of any shape.
#[test]
fn the_scan_agrees_with_serde_json() {
    let seeds: [&[u8]; 8] = [
        br#"{"type":"swipe","n":-12.5e+3,"b":[true,false,null],"s":"\u00e4\ud83d\ude00\n\"x\\"}"#,
        br#"{"typ\u0065":"\u00e4\ud83d\ude00\n\"x\\\/\b\f\r\t","type":[1,{"type":2}]}"#,
        "{\"user\":\"Jürgen 😀 longer than eight\",\"nested\":{\"a\":[[],{}],\"b\":\"\"}}"
            .as_bytes(),
        b" [ 1 , 2e5 , 0.1 , -0 , \"abcdefgh\" , \"abcdefghi\" ] ",
        b"\"just a string of some length\"",
        b"0",
        b"\"\\uD800\"",
        b"{\"a\":\"\xff\"}",
    ];
    let bytes = b"\"\\{}[]:,.eE+-01 9ntfu/\x00\x1f\x80\xc3\xff \n";
    // A small generator of its own: the same text in every run.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..200_000 {
        let mut text = seeds[round % seeds.len()].to_vec();
        for _ in 0..random(4) {
            let at = random(text.len() + 1);
            match random(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 if at < text.len() => text[at] = bytes[random(bytes.len())],
                _ => text.insert(at, bytes[random(bytes.len())]),
            }
        }
        let shown = String::from_utf8_lossy(&text);
        let ours = kind(&text);
        // Whether a number fits or an escape is a character, only a reader that builds something asks.
        let json = std::str::from_utf8(&text)
            .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        assert_eq!(ours.is_ok(), json, "{shown:?}: {ours:?}");
        if let (Ok(ours), Ok(theirs)) = (ours, serde_json::from_slice::<serde_json::Value>(&text)) {
            let theirs = theirs.get("type");
            assert_eq!(
                ours.map(|found| serde_json::from_slice(found.raw()).expect("it is JSON"))
                    .as_ref(),
                theirs,
                "{shown:?}"
            );
            let text = ours.and_then(Found::text);
            assert_eq!(
                text.as_deref(),
                theirs.and_then(|value| value.as_str()),
                "{shown:?}"
            );
        }
    }
}
