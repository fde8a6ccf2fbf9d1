use std::collections::BTreeMap;

use millstream_engine::{Description, Lookup, LookupKey, Parts};

use super::*;

const MANIFEST: &str = "name = \"route\"\nsource = { topics = [\"swipes\"] }\nmodule = \"route.wasm\"\n[outputs]\nlikes = \"swipes.likes\"\n";

fn parse(text: &str) -> Manifest {
    Manifest::parse("m.toml", text).unwrap()
}

struct World {
    topics: BTreeMap<String, TopicFacts>,
    others: BTreeMap<String, (Vec<String>, Vec<String>)>,
    create_topics: bool,
    embedded: bool,
}

impl World {
    fn with(topics: &[&str]) -> Self {
        let topics = topics
            .iter()
            .map(|name| ((*name).to_owned(), TopicFacts { partitions: 1 }))
            .collect();
        World {
            topics,
            others: BTreeMap::new(),
            create_topics: false,
            embedded: false,
        }
    }

    fn check(&self, text: &str) -> Findings {
        let facts = Facts {
            prefix: "millstream",
            topics: &self.topics,
            create_topics: self.create_topics,
            embedded: self.embedded,
            host: HostLimits {
                memory: 1 << 30,
                table_memory: 1 << 30,
            },
            others: &self.others,
        };
        manifest(&parse(text), "m.toml", &facts)
    }

    fn problems(&self, text: &str) -> Vec<String> {
        self.check(text)
            .problems
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

fn whole() -> World {
    World::with(&["swipes", "swipes.likes", "route.rejected"])
}

#[test]
fn a_sound_manifest_has_no_problem() {
    assert_eq!(whole().check(MANIFEST), Findings::default());
}

#[test]
fn a_source_that_does_not_exist_is_named_with_the_nearest_that_does() {
    let misspelt = MANIFEST.replace("[\"swipes\"]", "[\"swips\"]");
    assert_eq!(
        whole().problems(&misspelt),
        ["m.toml: source.topics: the topic \"swips\" does not exist; did you mean \"swipes\"?"]
    );
}

#[test]
fn the_topic_of_a_table_has_to_exist_and_to_be_allowed() {
    let with = |topic: &str| format!("tables = {{ users = \"{topic}\" }}\n{MANIFEST}");
    let mut world = whole();
    assert_eq!(
        world.problems(&with("swipe")),
        ["m.toml: tables.users: the topic \"swipe\" does not exist; did you mean \"swipes\"?"]
    );
    let reserved = world.problems(&with("_millstream.logs"));
    assert!(reserved[0].starts_with("m.toml: tables.users: \"_millstream.logs\" is reserved"));
    world.embedded = true;
    assert_eq!(world.check(&with("users")).missing_topics, ["users"]);
}

#[test]
fn a_table_may_ask_for_what_the_host_has_for_all() {
    let with = |memory: &str| {
        format!(
            "tables = {{ users = {{ topic = \"swipes\", memory = \"{memory}\" }} }}\n{MANIFEST}"
        )
    };
    assert!(whole().problems(&with("1 GiB")).is_empty());
    let problems = whole().problems(&with("2 GiB"));
    assert!(
        problems[0].starts_with("m.toml: tables.users.memory: asks for 2.0 GiB")
            && problems[0].contains("--table-memory"),
        "{problems:?}"
    );
}

#[test]
fn a_table_in_parts_has_as_many_partitions_as_the_source() {
    let with = format!(
        "tables = {{ users = {{ topic = \"users\", scope = \"partition\" }} }}\n{MANIFEST}"
    );
    let mut world = World::with(&["swipes", "swipes.likes", "route.rejected", "users"]);
    assert!(world.problems(&with).is_empty());
    world
        .topics
        .insert("users".into(), TopicFacts { partitions: 7 });
    let problems = world.problems(&with);
    for part in [
        "m.toml: tables.users.scope",
        "\"users\" has 7",
        "\"swipes\" has",
    ] {
        assert!(problems[0].contains(part), "{problems:?}");
    }
}

#[test]
fn topics_to_write_to_have_to_exist_unless_they_may_be_created() {
    let mut world = World::with(&["swipes"]);
    let problems = world.problems(MANIFEST);
    assert_eq!(
        problems,
        [
            "m.toml: outputs.likes: the topic \"swipes.likes\" does not exist: create it, or deploy with --create-topics",
            "m.toml: failures.rejected.topic: the topic \"route.rejected\", where rejected rows go, does not exist: create it, or deploy with --create-topics",
        ]
    );
    world.create_topics = true;
    let findings = world.check(MANIFEST);
    assert_eq!(findings.problems, []);
    assert_eq!(findings.missing_topics, ["swipes.likes", "route.rejected"]);
}

#[test]
fn the_embedded_broker_creates_sources_too_but_knows_no_times() {
    let mut world = World::with(&[]);
    world.embedded = true;
    assert_eq!(
        world.check(MANIFEST).missing_topics,
        ["swipes", "swipes.likes", "route.rejected"]
    );
    let at = MANIFEST.replace(
        "[\"swipes\"]",
        "[\"swipes\"], start = \"2026-01-01T00:00:00Z\"",
    );
    assert!(
        world.problems(&at)[0]
            .contains("m.toml: source.start: is a time, which the embedded broker cannot look up")
    );
}

#[test]
fn control_topics_and_kafkas_own_are_refused_wherever_they_stand() {
    let text = "name = \"a\"\nsource = { topics = [\"__consumer_offsets\"] }\nmodule = \"a.wasm\"\noutputs = { out = \"_millstream.logs\" }\nfailures = { rejected = { topic = \"_millstream.status\" } }\n";
    let problems = World::with(&[]).problems(text);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].starts_with("m.toml: source.topics: \"__consumer_offsets\" is reserved"));
    assert!(problems[1].starts_with("m.toml: outputs.out: \"_millstream.logs\" is reserved"));
    assert!(
        problems[2]
            .starts_with("m.toml: failures.rejected.topic: \"_millstream.status\" is reserved")
    );
}

#[test]
fn a_loop_has_to_be_asked_for() {
    let round = MANIFEST.replace("swipes.likes", "swipes");
    assert!(
        whole().problems(&round)[0]
            .starts_with("m.toml: outputs.likes: \"swipes\" is a source as well")
    );
    assert_eq!(
        whole().problems(&format!("allow-loop = true\n{round}")),
        Vec::<String>::new()
    );
    let rejected = format!("failures = {{ rejected = {{ topic = \"swipes\" }} }}\n{MANIFEST}");
    assert!(
        whole().problems(&rejected)[0]
            .starts_with("m.toml: failures.rejected.topic: \"swipes\" is a source")
    );
}

#[test]
fn a_loop_through_another_transform_is_warned_of() {
    let mut world = whole();
    world.others.insert(
        "back".to_owned(),
        (vec!["swipes.likes".to_owned()], vec!["swipes".to_owned()]),
    );
    assert_eq!(
        world.check(MANIFEST).warnings,
        ["records may go round: swipes.likes -> back -> swipes"]
    );
}

#[test]
fn outputs_that_share_a_topic_are_warned_of() {
    let text = format!("{MANIFEST}passes = \"swipes.likes\"\n");
    assert_eq!(
        whole().check(&text).warnings,
        ["outputs.likes and outputs.passes go to the same topic \"swipes.likes\""]
    );
}

#[test]
fn limits_past_the_hosts_are_refused_with_both_numbers() {
    let text = format!(
        "{MANIFEST}[limits]\nmemory = \"2 GiB\"\nbatch-time = \"1 m\"\nresult-size = \"1 GiB\"\nwritten-records = 20_000_000\n"
    );
    let problems = whole().problems(&text);
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(
        problems[0].contains("limits.memory: asks for 2.0 GiB, but this host has 1.0 GiB"),
        "{}",
        problems[0]
    );
    assert!(
        problems[1].contains("limits.batch-time: asks for 1m, but one call may take at most 10s"),
        "{}",
        problems[1]
    );
    assert!(problems[2].contains("limits.result-size"));
    assert!(problems[3].contains("limits.written-records"));
}

#[test]
fn limits_that_are_not_asked_for_fit_into_the_host() {
    let limits = effective_limits(
        &parse(MANIFEST),
        &HostLimits {
            memory: 64 << 20,
            table_memory: 1 << 30,
        },
    );
    assert_eq!(limits.memory, 64 << 20);
    assert_eq!(limits.batch_time, Limits::default().batch_time);
}

/// The module is asked to describe itself in the same check that refuses such a manifest.
#[test]
fn no_call_is_given_more_than_any_host_allows_whatever_is_asked_for() {
    let asked = "[limits]\nbatch-time = \"100 years\"\nresult-size = \"1 TiB\"\nwritten-size = \"1 TiB\"\nwritten-records = 9000000000\n";
    let manifest = parse(&format!("{MANIFEST}{asked}"));
    let limits = effective_limits(
        &manifest,
        &HostLimits {
            memory: 64 << 20,
            table_memory: 1 << 30,
        },
    );
    assert_eq!(limits.batch_time, MOST_BATCH_TIME);
    assert_eq!(limits.result_bytes, MOST_CALL_BYTES);
    assert_eq!(limits.written_bytes, MOST_CALL_BYTES);
    assert_eq!(limits.written_records, MOST_CALL_RECORDS);
}

fn outputs(declared: &[&str]) -> Vec<String> {
    let description = Description::simple(Parts::ALL, declared);
    super::description(&parse(MANIFEST), "m.toml", "route.wasm", &description)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_declared_output_needs_a_topic() {
    assert_eq!(outputs(&["likes"]), Vec::<String>::new());
    assert_eq!(
        outputs(&["likes", "passes"]),
        [
            "m.toml: outputs: has no topic for the output \"passes\", which route.wasm declares: add passes = \"…\" or --to passes=…"
        ]
    );
}

#[test]
fn an_output_that_the_module_lacks_is_named_with_the_nearest_it_has() {
    assert_eq!(
        outputs(&["like"]),
        [
            "m.toml: outputs: has no topic for the output \"like\", which route.wasm declares: add like = \"…\" or --to like=…",
            "m.toml: outputs.likes: route.wasm has no such output; did you mean \"like\"?",
        ]
    );
}

#[test]
fn the_next_step_is_refused_as_long_as_there_is_none() {
    assert!(outputs(&["likes", "next"])[0].starts_with("route.wasm: declares the output \"next\""));
}

#[test]
fn a_table_in_parts_is_looked_up_by_the_records_key() {
    let manifest = parse(&format!(
        "tables = {{ users = {{ topic = \"users\", scope = \"partition\" }} }}\n{MANIFEST}"
    ));
    let by = |key| {
        let description = Description {
            tables: vec!["users".into()],
            lookups: vec![Lookup {
                table: 0,
                key,
                field: None,
            }],
            ..Description::simple(Parts::ALL, &["likes"])
        };
        super::description(&manifest, "m.toml", "route.wasm", &description)
    };
    assert!(by(LookupKey::Record).is_empty());
    let problem = by(LookupKey::Field(0))[0].to_string();
    assert!(
        problem.starts_with("m.toml: tables.users.scope") && problem.contains("by a field"),
        "{problem}"
    );
}
