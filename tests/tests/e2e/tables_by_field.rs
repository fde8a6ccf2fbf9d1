//! Tables whose rows are found by a field of their value, instead of the key of their record.

use millstream_tests::{Host, Kafka, Record};

use super::tables::{COMPACTED, Joined, await_value, deletion, producer};

#[test]
fn rows_are_found_by_a_field_of_their_value_where_the_manifest_names_one() {
    let joined = Joined::new(&Kafka::shared().topic_with("users", 1, COMPACTED));
    let host = Host::fresh();
    finds_rows_by_a_field(&joined, host, "", &mut |host| host);
}

/// `restart` comes between what the rows were and what they are.
pub(super) fn finds_rows_by_a_field(
    joined: &Joined,
    host: Host,
    memory: &str,
    restart: &mut dyn FnMut(Host) -> Host,
) {
    let first = [
        Record::new("moves", r#"{"id": "a", "n": 1}"#),
        Record::new("stays", r#"{"n": 2, "id": 17}"#),
        Record::new("goes", r#"{"id": "c"}"#),
        Record::new("breaks", r#"{"id": "d"}"#),
        Record::new("hands over", r#"{"id": "e"}"#),
        Record::new("takes over", r#"{"id": "e", "n": 4}"#),
        Record::new("never", "no JSON"),
    ];
    producer().send_all(&joined.users, &first);
    let by_field = format!("{memory}, value = \"json\", key-field = \"/id\"");
    host.deploy_manifest(&joined.manifest("at-least-once", &by_field), &[]);
    await_value(&host, &joined.users, "a", r#"{"id": "a", "n": 1}"#);
    let host = restart(host);
    let then = [
        Record::new("moves", r#"{"id": "b", "n": 3}"#),
        deletion("goes"),
        deletion("hands over"),
        Record::new("breaks", r#"{"id": "#),
    ];
    producer().send_all(&joined.users, &then);
    await_value(&host, &joined.users, "b", r#"{"id": "b", "n": 3}"#);
    let stats = host.cli(["table", "stats", &joined.users]).succeeded();
    assert!(stats.out.contains("key field   /id"), "{}", stats.out);
    let keys = ["a", "b", "17", "e", "c", "d", "moves", "stays"];
    joined.ask(keys);
    let rows = [
        None,
        Some(r#"{"id": "b", "n": 3}"#),
        Some(r#"{"n": 2, "id": 17}"#),
        Some(r#"{"id": "e", "n": 4}"#),
    ];
    for ((key, found), at) in joined.found(keys.len()).into_iter().zip(0..) {
        assert_eq!(found.as_deref(), rows.get(at).copied().flatten(), "{key}");
    }
}
