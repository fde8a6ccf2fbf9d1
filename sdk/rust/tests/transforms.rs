//! What a user's transform can do, through the columns and plans that a component exchanges with the host.

use std::error::Error;

use millstream_sdk::prelude::*;
use millstream_sdk::testing::{self, Input, Test};

#[derive(Outputs)]
enum Out {
    Main,
    Side,
}

#[derive(Counters)]
enum Count {
    Seen,
}

/// What the value says is done.
fn obey(record: Record<'_>, out: &mut Emitter<Out, Count>) -> Result<(), Failure> {
    out.count(Count::Seen, 1);
    for word in record.text()?.split(' ') {
        match word {
            "main" => out.forward(Out::Main),
            "side" => out.forward(Out::Side),
            "change" => {
                out.emit(Out::Side)
                    .key("first")
                    .key("k")
                    .value("first")
                    .value("v")
                    .header("added", "1")
                    .null_header("null")
                    .timestamp(7)
                    .partition(3);
            }
            "replace" => {
                out.emit(Out::Main)
                    .headers([("only", Some("x"))])
                    .header("and", "y")
                    .null_key()
                    .null_value();
            }
            "drop" => out.drop(),
            "reject" => reject!("told-to", "the record says {word:?}"),
            "number" => drop("x".parse::<u8>()?),
            "wait" => return Err(Failure::transient("not yet")),
            "never" => return Err(Failure::permanent("never")),
            "log" => info!("seen {}", record.row()),
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn records_go_where_they_are_emitted_in_that_order() {
    let outcome = testing::run(obey, ["main", "nothing", "side main", "main drop side"]);
    let emitted: Vec<_> = outcome
        .emitted
        .iter()
        .map(|record| (record.row, record.output.as_str()))
        .collect();
    assert_eq!(
        emitted,
        [(0, "main"), (2, "side"), (2, "main"), (3, "side")]
    );
    assert_eq!(outcome.dropped, [1]);
    assert_eq!(outcome.to(Out::Side).len(), 2);
    assert_eq!(outcome.counters["seen"], 4);
}

#[test]
fn a_record_that_is_rejected_takes_back_what_it_emitted_and_nothing_else() {
    let outcome = testing::run(
        obey,
        ["main", "side change replace reject", "change", "number"],
    );
    assert_eq!(outcome.emitted.len(), 2);
    assert_eq!(outcome.emitted[0].text(), "main");
    assert_eq!(outcome.emitted[1].text(), "v");
    assert_eq!(outcome.rejected[0].code, "told-to");
    assert_eq!(outcome.rejected[0].reason, "the record says \"reject\"");
    assert_eq!(
        (outcome.rejected[1].row, outcome.rejected[1].code.as_str()),
        (3, "error")
    );
    assert!(outcome.dropped.is_empty());
}

#[test]
fn what_is_changed_is_changed_and_the_rest_is_kept() {
    let input = |value: &str| Input::value(value).key("key").header("h", "1").timestamp(5);
    let outcome = testing::run(obey, [input("main"), input("change"), input("replace")]);
    let [kept, changed, replaced] = &outcome.emitted[..] else {
        panic!("{outcome:?}");
    };
    let header = |name: &str, value: Option<&str>| {
        (
            name.to_owned(),
            value.map(|value| value.as_bytes().to_vec()),
        )
    };
    assert_eq!(kept.headers, [header("h", Some("1"))]);
    assert_eq!((kept.timestamp, kept.partition), (5, None));
    assert_eq!(changed.key.as_deref(), Some(&b"k"[..]));
    assert_eq!(changed.text(), "v");
    assert_eq!(
        changed.headers,
        [
            header("h", Some("1")),
            header("added", Some("1")),
            header("null", None)
        ]
    );
    assert_eq!((changed.timestamp, changed.partition), (7, Some(3)));
    assert_eq!((&replaced.key, &replaced.value), (&None, &None));
    assert_eq!(
        replaced.headers,
        [header("only", Some("x")), header("and", Some("y"))]
    );
}

#[test]
fn a_failure_is_the_whole_batchs() {
    let failed = |records: [&str; 2]| Test::new(obey).try_run(records).unwrap_err().to_string();
    assert_eq!(failed(["main", "wait"]), "transient: not yet");
    assert_eq!(failed(["never", "main"]), "permanent: never");
}

#[test]
fn null_and_undecodable_values_are_rejected_by_name() {
    let outcome = testing::run(obey, [Input::null(), Input::value(b"ab\xff")]);
    assert_eq!(outcome.rejected[0].code, "null-value");
    assert_eq!(outcome.rejected[1].code, "invalid-utf8");
    assert_eq!(
        outcome.rejected[1].reason,
        "the value is not text: invalid UTF-8 at byte 2"
    );
}

#[test]
fn logs_are_kept_with_the_outcome() {
    let outcome = testing::run(obey, ["main", "log"]);
    assert_eq!(
        outcome.logs,
        [(millstream_sdk::log::Level::Info, "seen 1".to_owned())]
    );
}

#[test]
fn every_part_of_a_record_can_be_read() {
    type All = (Offsets, Keys, Values, Timestamps, Headers);
    fn describe(record: Record<'_, All>, out: &mut Emitter<Out>) {
        let headers: Vec<_> = record
            .headers()
            .map(|header| format!("{}={:?}", header.name, header.value))
            .collect();
        out.emit(Out::Main).value(format!(
            "{}/{}/{} {:?} {:?} {} {:?} {:?}",
            record.topic(),
            record.partition(),
            record.offset(),
            record.key(),
            record.value(),
            record.timestamp(),
            headers,
            record.header("a").and_then(|header| header.value),
        ));
    }
    let records = [
        Input::value("").offset(9).timestamp(-1),
        Input::null()
            .key("")
            .header("a", "")
            .null_header("b")
            .header("a", "2")
            .offset(11),
    ];
    let outcome = Test::new(describe).source("swipes", 4).run(records);
    assert_eq!(
        outcome.emitted[0].text(),
        "swipes/4/9 None Some([]) -1 [] None"
    );
    assert_eq!(
        outcome.emitted[1].text(),
        "swipes/4/11 Some([]) None 0 [\"a=Some([])\", \"b=None\", \"a=Some([50])\"] Some([50])"
    );
}

#[derive(Settings)]
struct Settings {
    threshold: u32,
    #[setting(default = "eu")]
    region: String,
    #[setting("strict-mode", default)]
    strict: bool,
    limit: Option<u8>,
}

#[test]
fn settings_are_typed_and_have_defaults() {
    fn show(_: Record<'_>, out: &mut Emitter<Out>, settings: &Settings) {
        let Settings {
            threshold,
            region,
            strict,
            limit,
        } = settings;
        out.emit(Out::Main)
            .value(format!("{threshold} {region} {strict} {limit:?}"));
    }
    let test = Test::new(show)
        .setting("threshold", 500)
        .setting("strict-mode", true);
    assert_eq!(test.run([""]).emitted[0].text(), "500 eu true None");
    let error = Test::new(show)
        .setting("treshold", 1)
        .setting("limit", 300)
        .configure()
        .unwrap_err();
    assert_eq!(
        error,
        "setting `threshold` is missing: it is an integer from 0 to 4294967295; \
         setting `limit` is `300`, not an integer from 0 to 255; \
         there is no setting `treshold`: did you mean `threshold`?"
    );
}

#[test]
fn state_is_made_from_settings_and_may_refuse_them() {
    struct Last {
        threshold: u32,
        value: Vec<u8>,
    }
    impl State for Last {
        type Settings = Settings;
        fn init(settings: Settings) -> Result<Self, Box<dyn Error>> {
            if settings.threshold == 0 {
                return Err("`threshold` must not be 0".into());
            }
            Ok(Last {
                threshold: settings.threshold,
                value: Vec::new(),
            })
        }
    }
    /// Drops repeated values.
    fn distinct(record: Record<'_>, out: &mut Emitter<Out>, last: &mut Last) -> Result<(), Reject> {
        let value = record.bytes()?;
        if value != last.value && value.len() < last.threshold as usize {
            last.value = value.to_vec();
            out.forward(Out::Main);
        }
        Ok(())
    }
    let test = Test::new(distinct).setting("threshold", 2);
    assert_eq!(test.run(["a", "a", "bb", "b", "a"]).dropped, [1, 2]);
    assert_eq!(
        Test::new(distinct)
            .setting("threshold", 0)
            .configure()
            .unwrap_err(),
        "`threshold` must not be 0"
    );
}

#[test]
fn a_batch_at_once_answers_as_record_by_record() {
    fn side(batch: Batch<'_, (Keys, Values)>, plan: &mut Plan<Out>) {
        for (row, value) in batch.values().iter().enumerate() {
            match value {
                Some(b"reject") => plan.reject(row, Reject::new("told-to", "")),
                Some(value) if !value.is_empty() => {
                    plan.emit(row, Out::Side).key(value);
                }
                _ => {}
            }
        }
    }
    let outcome = testing::run(side, ["a", "", "reject", "b"]);
    assert_eq!(outcome.emitted[1].key.as_deref(), Some(&b"b"[..]));
    assert_eq!((outcome.dropped, outcome.rejected[0].row), (vec![1], 2));
}

#[test]
#[should_panic(expected = "row 0 is both emitted and rejected")]
fn an_answer_that_the_host_would_refuse_fails_the_test() {
    fn both(_: Batch<'_>, plan: &mut Plan<Out>) {
        plan.forward(0, Out::Main);
        plan.reject(0, Reject::new("code", ""));
    }
    testing::run(both, ["a"]);
}
