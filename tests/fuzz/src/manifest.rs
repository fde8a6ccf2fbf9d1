//! `millstream.toml`: what is accepted keeps every rule that later parts rely on, and what is refused says where and why.

use std::collections::BTreeMap;

use millstream_host::{
    check::{
        self, Facts, HostLimits, MOST_BATCH_TIME, MOST_CALL_BYTES, MOST_CALL_RECORDS, TopicFacts,
    },
    host::fuzzing,
    manifest::Manifest,
    names,
};

const FILE: &str = "m.toml";

/// Any text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Manifest::parse(FILE, text) {
        Ok(manifest) => accepted(&manifest, text),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused for no reason");
            let lines = 1 + text.matches('\n').count();
            for problem in problems {
                let at = problem.item.strip_prefix("m.toml:").expect("a place");
                let line = at.split(':').next().and_then(|line| line.parse().ok());
                assert!(
                    line.is_some_and(|line| (1..=lines).contains(&line)),
                    "{problem}"
                );
                assert!(!problem.message.is_empty(), "{problem}");
            }
        }
    }
}

fn accepted(manifest: &Manifest, text: &str) {
    assert!(
        text.parse::<toml::Table>().is_ok(),
        "it is no TOML to others"
    );
    assert_eq!(names::check_transform(&manifest.name), Ok(()));
    let topics = &manifest.source.topics;
    assert!(!topics.is_empty() && !manifest.outputs.is_empty());
    for (index, topic) in topics.iter().enumerate() {
        assert_eq!(names::check_topic(topic), Ok(()));
        assert!(!topics[..index].contains(topic), "{topic:?} twice");
    }
    for (_, topic) in manifest.written_topics() {
        assert_eq!(names::check_topic(topic), Ok(()));
    }
    assert!(!manifest.step.module.is_empty());
    let _ = manifest.module_file();
    let _ = manifest.source.start.to_string();

    // It is kept as JSON in the log of deployments.
    let json = serde_json::to_string(manifest).expect("JSON");
    let back: Manifest = serde_json::from_str(&json).expect("its own JSON");
    assert_eq!(back, *manifest);

    let host = HostLimits {
        memory: 1 << 30,
        table_memory: 1 << 30,
    };
    let limits = check::effective_limits(manifest, &host);
    assert!(limits.memory <= host.memory);
    assert!(limits.batch_time <= MOST_BATCH_TIME && !limits.batch_time.is_zero());
    assert!(limits.result_bytes.max(limits.written_bytes) <= MOST_CALL_BYTES);
    assert!(limits.written_records <= MOST_CALL_RECORDS);
    let _ = fuzzing::search_cpu(&limits);

    let known = TopicFacts { partitions: 1 };
    for embedded in [false, true] {
        let findings = check::manifest(
            manifest,
            FILE,
            &Facts {
                prefix: "millstream",
                topics: &BTreeMap::from([("swipes".to_owned(), known.clone())]),
                create_topics: embedded,
                embedded,
                host: host.clone(),
                others: &BTreeMap::new(),
            },
        );
        for topic in findings.missing_topics {
            assert_eq!(names::check_topic(&topic), Ok(()));
        }
    }
}
