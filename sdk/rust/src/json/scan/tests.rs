//! What the scan accepts, finds and says, against serde_json where that is the judge.

use super::*;

fn at<'a>(text: &'a str, path: &str) -> Option<&'a str> {
    let [field] = fields(text.as_bytes(), [path]).expect("it is JSON");
    field.map(|field| std::str::from_utf8(field.raw()).expect("it is text"))
}

#[test]
fn a_path_leads_through_objects_and_arrays() {
    let text = r#" {"a": {"b": [10, {"c": "x"}]}, "e/f": 1, "g~h": 2, "": 3, "\u0061b": 4} "#;
    assert_eq!(at(text, "/a/b/0"), Some("10"));
    assert_eq!(at(text, "/a/b/1/c"), Some("\"x\""));
    assert_eq!(at(text, "/a/b/01"), None);
    assert_eq!(at(text, "/a/b/-"), None);
    assert_eq!(at(text, "/e~1f"), Some("1"));
    assert_eq!(at(text, "/g~0h"), Some("2"));
    assert_eq!(at(text, "/"), Some("3"));
    assert_eq!(at(text, "/ab"), Some("4"));
    assert_eq!(at(text, "/a/x"), None);
    assert_eq!(at(text, ""), Some(text.trim()));
    assert_eq!(at("[]", "/a"), None);
}

#[test]
fn the_last_of_repeated_members_counts() {
    assert_eq!(at(r#"{"a":1,"a":2}"#, "/a"), Some("2"));
    assert_eq!(at(r#"{"a":{"b":1},"a":2}"#, "/a/b"), None);
}

#[test]
fn several_paths_are_found_in_one_pass() {
    let text = br#"{"type":"swipe","user":{"id":7},"x":null}"#;
    let [kind, id, none] = fields(text, ["/type", "/user/id", "/user/name"]).expect("it is JSON");
    assert!(kind.is_some_and(|kind| kind.is("swipe")));
    assert_eq!(id.and_then(Field::as_i64), Some(7));
    assert_eq!(none, None);
}

#[test]
fn an_error_says_what_and_where() {
    let error = |text: &str| {
        let error = fields(text.as_bytes(), ["/a"]).expect_err("it is malformed");
        format!("{} at {}", error.what, error.at)
    };
    assert_eq!(error(r#"{"a":1"#), "unexpected end at 6");
    assert_eq!(error(r#"{"a" 1}"#), "expected `:` at 5");
    assert_eq!(error(r#"{"a":1 "b":2}"#), "expected `,` or `}` at 7");
    assert_eq!(error(r#"{"a":01}"#), "expected `,` or `}` at 6");
    assert_eq!(error(r#"{"a":tru}"#), "expected a value at 5");
    assert_eq!(
        error("{\"a\":\"x\ny\"}"),
        "control character in a string at 7"
    );
    assert_eq!(error(r#"{"a":1} x"#), "trailing characters at 8");
    assert_eq!(error(""), "unexpected end at 0");
    assert_eq!(error(&"[".repeat(200)), "nested too deeply at 128");
}

/// What serde_json accepts and refuses is right; the scan must agree on text of any shape.
#[test]
fn the_scan_agrees_with_serde_json() {
    let seeds: [&[u8]; 7] = [
        br#"{"type":"swipe","n":-12.5e+3,"b":[true,false,null],"s":"\u00e4\ud83d\ude00\n\"x\\"}"#,
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
        // Deciding about surrogates and UTF-8 only a string that is decoded does.
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        let ours = fields(&text, ["/type"]);
        assert_eq!(
            ours.is_ok(),
            theirs.is_ok()
                || theirs
                    .as_ref()
                    .is_err_and(|error| error.to_string().starts_with("number out of range")),
            "{:?}: {ours:?}, {theirs:?}",
            String::from_utf8_lossy(&text)
        );
        if let (Ok([ours]), Ok(theirs)) = (ours, theirs) {
            assert_eq!(
                ours.map(|field| field.parse().expect("it is JSON"))
                    .as_ref(),
                theirs.get("type")
            );
        }
    }
}
