//! The whole transform, natively.

use super::*;
use millstream_sdk::testing::{Input, Test};

const COLUMNS: &str = "id:integer, customer, price:number, paid:boolean";

fn refusal(columns: &str, delimiter: &str) -> String {
    Test::new(convert)
        .setting("columns", columns)
        .setting("delimiter", delimiter)
        .configure()
        .unwrap_err()
}

#[test]
fn every_line_becomes_an_object() {
    let outcome = Test::new(convert)
        .setting("columns", COLUMNS)
        .run([Input::value("7,\"Smith, \"\"A\"\"\",9.50,true\r\n\r\n8,\"\",,").key("k")]);
    let values: Vec<_> = outcome
        .emitted
        .iter()
        .map(|emitted| emitted.text())
        .collect();
    assert_eq!(
        values,
        [
            r#"{"id":7,"customer":"Smith, \"A\"","price":9.50,"paid":true}"#,
            r#"{"id":8,"customer":"","price":null,"paid":null}"#
        ]
    );
    assert_eq!(outcome.emitted[1].key.as_deref(), Some(&b"k"[..]));
}

#[test]
fn a_wrong_line_rejects_its_whole_record() {
    let outcome = Test::new(convert)
        .setting("columns", COLUMNS)
        .run(["1,Ann,2,true\n\n2,Bo,abc,true\n", "\n"]);
    assert!(outcome.emitted.is_empty());
    assert_eq!(outcome.rejected[0].code, "wrong-type");
    assert_eq!(
        outcome.rejected[0].reason,
        r#"line 2: price is "abc", not a number"#
    );
    assert_eq!(outcome.dropped, [1]);
}

#[test]
fn columns_that_are_none_are_refused() {
    let wrong =
        "setting `columns`: `day` is of the type `date`, not text, integer, number or boolean";
    assert_eq!(refusal("id, day:date", ","), wrong);
    assert_eq!(
        refusal("id, :text", ","),
        "setting `columns`: a column has no name"
    );
    assert_eq!(
        refusal("id, a, id:text", ","),
        "setting `columns`: two columns are called `id`"
    );
    assert_eq!(refusal("", ","), "setting `columns` names no column");
    let missing = Test::new(convert).configure().unwrap_err();
    assert!(
        missing.starts_with("setting `columns` is missing"),
        "{missing}"
    );
}

#[test]
fn a_delimiter_is_one_ascii_character() {
    for text in ["", ";;", "\"", "\n", "\r", "é"] {
        let expected = "`tab` or one ASCII character other than a quote or a line break";
        assert_eq!(
            refusal("id", text),
            format!("setting `delimiter` is `{text}`, not {expected}")
        );
    }
}
