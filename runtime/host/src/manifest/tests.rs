use super::*;

const WHOLE: &str = r#"
name = "route-swipes"
source = { topics = ["swipes", "more"], start = "-10" }
delivery = "at-least-once"
allow-loop = true
lanes = 2
[[steps]]
module = "target/route.wasm"
settings = { threshold = 500, strict = true, city = "Bern", hex = 0x10 }
[outputs]
likes = "swipes.likes"
[failures]
rejected = { topic = "bad" }
[limits]
memory = "64 MiB"
batch-time = "250 ms"
written-records = 10_000
"#;

const SHORT: &str = r#"
name = "a"
source = { topics = ["in"] }
module = "a.wasm"
outputs = { out = "out" }
"#;

fn problems(text: &str) -> Vec<String> {
    Manifest::parse("m.toml", text)
        .expect_err("it must be refused")
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The one problem of `SHORT` with `lines` added in front of it.
fn problem_with(lines: &str) -> String {
    let found = problems(&format!("{lines}{SHORT}"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn every_field_is_read() {
    let manifest = Manifest::parse("m.toml", WHOLE).unwrap();
    assert_eq!(manifest.source.topics, ["swipes", "more"]);
    assert_eq!(manifest.source.start, Start::Last(10));
    let settings: Vec<_> = manifest
        .step
        .settings
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(
        settings,
        ["city=Bern", "hex=16", "strict=true", "threshold=500"]
    );
    assert_eq!(manifest.outputs["likes"], "swipes.likes");
    assert_eq!(manifest.rejected_topic, "bad");
    assert_eq!(manifest.limits.memory, Some(64 << 20));
    assert_eq!(manifest.limits.batch_time, Some(Duration::from_millis(250)));
    assert_eq!(manifest.limits.written_records, Some(10_000));
    assert_eq!((manifest.lanes, manifest.allow_loop), (Some(2), true));
    assert_eq!(manifest.module_file(), "route.wasm");
}

#[test]
fn everything_but_name_source_module_and_outputs_has_a_default() {
    let manifest = Manifest::parse("m.toml", SHORT).unwrap();
    assert_eq!(manifest.source.start, Start::Earliest);
    assert_eq!(manifest.rejected_topic, "a.rejected");
    assert_eq!(manifest.limits, LimitsAsked::default());
    assert_eq!(problems("").len(), 4);
    assert!(problems("")[0].contains("name: is missing: add name ="));
}

#[test]
fn the_log_keeps_what_was_read() {
    let manifest = Manifest::parse("m.toml", WHOLE).unwrap();
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
}

#[test]
fn an_unknown_field_is_named_with_its_line_and_the_nearest_that_exists() {
    assert_eq!(
        problem_with("sorce = 1\n"),
        "m.toml:1: sorce: there is no such field; did you mean \"source\"?"
    );
    let nested = WHOLE.replace("batch-time", "batch-tme");
    assert_eq!(
        problems(&nested),
        ["m.toml:16: limits.batch-tme: there is no such field; did you mean \"batch-time\"?"]
    );
    assert!(problem_with("banana = 1\n").contains("there are: name, source"));
}

#[test]
fn what_a_later_version_can_do_is_refused_by_name() {
    let wanted = "not supported by this version of Millstream: remove";
    let two = WHOLE.replace("[outputs]", "[[steps]]\nmodule = \"b.wasm\"\n[outputs]");
    let problem = &problems(&two)[0];
    assert!(
        problem.contains("m.toml:10: steps: several steps are") && problem.contains(wanted),
        "{problem}"
    );
}

#[test]
fn tables_are_read_with_and_without_a_limit() {
    let lines = "tables = { users = \"app.users\", cities = { topic = \"cities\", memory = \"1 GiB\", scope = \"partition\" } }\n";
    let manifest = Manifest::parse("m.toml", &format!("{lines}{SHORT}")).unwrap();
    let users = &manifest.tables["users"];
    assert_eq!((&*users.topic, users.memory()), ("app.users", 512 << 20));
    let cities = &manifest.tables["cities"];
    assert_eq!((&*cities.topic, cities.memory()), ("cities", 1 << 30));
    assert_eq!((users.scope, cities.scope), (Scope::Host, Scope::Partition));
    for (line, wanted) in [
        (
            "tables = { a = 1 }\n",
            "tables.a: is an integer, but has to be a table",
        ),
        (
            "tables = { a = { topic = \"b\", scope = \"all\" } }\n",
            "tables.a.scope: \"all\" is no scope: write \"host\" or \"partition\"",
        ),
        ("tables = { a = \"b/c\" }\n", "'/'"),
        (
            "tables = { a = { topic = \"b\", key-field = \"id\" } }\n",
            "tables.a.key-field: ",
        ),
        (
            "tables = { a = { topic = \"b\", key-field = \"/id\", scope = \"partition\" } }\n",
            "tables.a.key-field: cannot be together with scope",
        ),
        (
            "tables = { a = { topic = \"b\", value = \"avro\" } }\n",
            "tables.a.value: ",
        ),
        (
            "tables = { a = { memory = \"1 MiB\" } }\n",
            "tables.a.topic: is missing",
        ),
    ] {
        let problem = problem_with(line);
        assert!(problem.contains(wanted), "{problem}");
    }
}

#[test]
fn delivery_and_the_time_between_commits_are_read() {
    let with = |lines: &str| Manifest::parse("m.toml", &format!("{lines}{SHORT}")).unwrap();
    assert_eq!(with("").delivery, Guarantee::AtLeastOnce);
    let manifest = with("delivery = \"exactly-once\"\ncommit-interval = \"50 ms\"\n");
    assert_eq!(manifest.delivery, Guarantee::ExactlyOnce);
    assert_eq!(manifest.commit_interval, Some(Duration::from_millis(50)));
    for (line, wanted) in [
        ("delivery = \"at-most-once\"\n", "is no way of delivery"),
        ("commit-interval = \"1 ms\"\n", "must be from 10ms to 5s"),
        ("commit-interval = \"1 m\"\n", "must be from 10ms to 5s"),
    ] {
        let problem = problem_with(line);
        assert!(problem.contains(wanted), "{problem}");
    }
}

#[test]
fn policies_for_failures_are_read_and_have_defaults() {
    let with = |failures: &str| {
        let text = format!("{SHORT}[failures]\n{failures}");
        Manifest::parse("m.toml", &text).unwrap()
    };
    let asked = with(
        "rejected = { topic = \"t\", policy = \"drop\", cut = true }\ntraps = \"stop\"\noversized = \"drop\"\nrefused = \"stop\"\n\
         retry = { for = \"10 min\" }\nstop-above = \"20 %\"\n\
         lost-offsets = \"earliest\"\n",
    );
    assert_eq!(asked.rejected_topic, "t");
    assert_eq!(
        asked.failures,
        FailuresAsked {
            rejected: Policy::Drop,
            traps: Policy::Stop,
            oversized: Policy::Drop,
            refused: Policy::Stop,
            cut: true,
            retry_for: Some(Duration::from_secs(600)),
            stop_above: Some(20),
            lost_offsets: LostOffsets::Earliest,
        }
    );
    assert!(!asked.written_topics().any(|(_, topic)| topic == "t"));
    let asked = with("rejected = \"stop\"\n");
    assert_eq!(asked.failures.rejected, Policy::Stop);
    assert_eq!(with("").failures, FailuresAsked::default());
    for (line, wanted) in [
        (
            "lost-offsets = \"latest\"",
            "failures.lost-offsets: \"latest\" is none of the choices: write \"stop\" or \"earliest\"",
        ),
        (
            "traps = \"ignore\"",
            "failures.traps: \"ignore\" is no policy",
        ),
        ("stop-above = \"half\"", "failures.stop-above: is no share"),
        ("stop-above = \"101 %\"", "failures.stop-above: is no share"),
        (
            "retry = { for = \"0 s\" }",
            "failures.retry.for: must be more than 0",
        ),
        (
            "retry = { after = \"1 s\" }",
            "failures.retry.after: there is no such field",
        ),
    ] {
        let found = problems(&format!("{SHORT}[failures]\n{line}\n"));
        assert!(found[0].contains(wanted), "{found:?}");
    }
}

#[test]
fn a_setting_that_is_no_text_integer_or_boolean_is_refused() {
    let problem = problem_with("settings = { rate = 0.5 }\n");
    assert_eq!(
        problem,
        "m.toml:1: settings.rate: is a float: a setting is text, an integer or a boolean; write anything else in quotes"
    );
    assert!(problem_with("settings = { list = [1] }\n").contains("settings.list: is a list"));
    assert!(problem_with("settings = { at = 2024-01-01 }\n").contains("settings.at: is a time"));
}

#[test]
fn a_settings_name_is_all_of_its_key_dots_included() {
    let text = format!(
        "{SHORT}[settings]\n\"input.format\" = \"a\"\n\"output.format\" = 2\nplain = true\n"
    );
    let manifest = Manifest::parse("m.toml", &text).unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        manifest.step.settings,
        [
            pair("input.format", "a"),
            pair("output.format", "2"),
            pair("plain", "true")
        ]
    );
}

#[test]
fn all_that_is_wrong_is_reported_at_once_in_the_order_of_the_file() {
    let text = "name = \"Bad Name\"\nsource = { topics = [], start = \"soon\" }\nmodule = 3\n[outputs]\nout = \"a b\"\n[limits]\nmemory = \"lots\"\n";
    let found = problems(text);
    let wanted = [
        "m.toml:1: name: a transform's name consists of a-z, 0-9 and '-'; 'B' is not allowed",
        "m.toml:2: source.topics: names no topic",
        "m.toml:2: source.start: \"soon\" is neither",
        "m.toml:3: module: is an integer, but has to be text in quotes",
        "m.toml:5: outputs.out: a topic's name consists of",
        "m.toml:7: limits.memory: \"lots\" is not a size",
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{found}\nis not\n{wanted}");
    }
}

#[test]
fn values_are_json_and_nothing_else_yet() {
    let with = |value: &str| SHORT.replace("[\"in\"]", &format!("[\"in\"], value = {value}"));
    assert!(Manifest::parse("m.toml", &with("\"json\"")).is_ok());
    assert!(problems(&with("\"avro\""))[0].contains("there is no encoding \"avro\""));
    assert!(problems(&with("1"))[0].contains("source.value: is an integer"));
}

#[test]
fn broken_toml_is_refused_with_the_line() {
    assert!(problems("name = \"a\"\nsource = {")[0].starts_with("m.toml:2: not valid TOML"));
    assert!(problems("name = \"a\"\nname = \"b\"\n")[0].contains("m.toml:2"));
}

#[test]
fn a_start_may_be_a_time_or_a_number_without_quotes() {
    let with = |start: &str| {
        Manifest::parse(
            "m.toml",
            &SHORT.replace("[\"in\"]", &format!("[\"in\"], start = {start}")),
        )
        .map(|m| m.source.start)
    };
    assert_eq!(with("-5"), Ok(Start::Last(5)));
    assert_eq!(with("1970-01-01T00:00:01Z"), Ok(Start::Time(1000)));
    assert!(with("5").is_err());
}

#[test]
fn contradictions_and_repetitions_are_refused() {
    assert!(
        problem_with(
            "steps = [{ module = \"b.wasm\" }]
"
        )
        .contains("stands beside [[steps]]")
    );
    let twice = SHORT.replace("[\"in\"]", "[\"in\", \"in\"]");
    assert_eq!(
        problems(&twice),
        ["m.toml:3: source.topics: \"in\" is named twice"]
    );
    assert!(problem_with("lanes = 0\n").contains("between 1 and 1024"));
    assert!(problem_with("limits = { memory = 0 }\n").contains("more than 0"));
    assert!(problem_with("allow-loop = \"yes\"\n").contains("true or false"));
    assert!(problem_with("delivery = \"at-most-once\"\n").contains("no way of delivery"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z\\-\\[\\]{}=\"'0-9.,\\n ]{0,80}") {
        let _ = Manifest::parse("m.toml", &text);
        let _ = Manifest::parse("m.toml", &format!("{text}{SHORT}"));
    }
}
