//! How the interpreter has to describe itself: what tests/conformance/README.md says.

use millstream_engine::{Description, Field, FieldKind, Lookup, LookupKey, Part, Parts, Presence};

pub(super) const COUNTERS: &[&str] = &["seen", "asked"];
pub(super) const TABLES: &[&str] = &["users", "names"];
const OUTPUTS: &[&str] = &["a", "b", "c"];

/// What this description has otherwise, for people. Of `core`, only outputs and the first field count.
pub(super) fn differences(description: &Description, core: bool) -> Vec<String> {
    let expected = expected();
    let mut wrong = Vec::new();
    let mut differ = |what: &str, expected: String, came: String| {
        if expected != came {
            wrong.push(format!("{what} are {came}, not {expected}"));
        }
    };
    let fields = |fields: &[Field]| -> String {
        let all: Vec<String> = fields.iter().map(ToString::to_string).collect();
        format!("[{}]", all.join(" | "))
    };
    differ(
        "outputs",
        format!("{:?}", expected.outputs),
        format!("{:?}", description.outputs),
    );
    if core {
        let first = description.fields.get(..1).unwrap_or_default();
        differ(
            "the first fields",
            fields(&expected.fields[..1]),
            fields(first),
        );
        return wrong;
    }
    differ(
        "reads",
        format!("{:?}", expected.reads),
        format!("{:?}", description.reads),
    );
    differ(
        "fields",
        fields(&expected.fields),
        fields(&description.fields),
    );
    differ(
        "lookups",
        format!("{:?}", expected.lookups),
        format!("{:?}", description.lookups),
    );
    differ(
        "tables",
        format!("{:?}", expected.tables),
        format!("{:?}", description.tables),
    );
    differ(
        "counters",
        format!("{:?}", expected.counters),
        format!("{:?}", description.counters),
    );
    wrong
}

fn expected() -> Description {
    use FieldKind::{Boolean, Integer, Number, Raw, Text};
    let value = |name: &str, kind, presence| Field {
        part: Part::Value,
        path: format!("/{name}"),
        kind,
        presence,
    };
    let whole = |part| Field {
        part,
        path: String::new(),
        kind: Text,
        presence: Presence::Lenient,
    };
    let nullable = |name, kind| value(name, kind, Presence::Nullable);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Description {
        reads: Parts::ALL,
        fields: vec![
            nullable("do", Text),
            nullable("text", Text),
            nullable("integer", Integer),
            nullable("number", Number),
            nullable("boolean", Boolean),
            nullable("raw", Raw),
            value("lenient", Integer, Presence::Lenient),
            whole(Part::Key),
            whole(Part::Header("h".to_owned())),
        ],
        outputs: names(OUTPUTS),
        counters: names(COUNTERS),
        tables: names(TABLES),
        lookups: vec![
            Lookup {
                table: 0,
                key: LookupKey::Record,
                field: None,
            },
            Lookup {
                table: 0,
                key: LookupKey::Field(1),
                field: Some(value("name", Text, Presence::Lenient)),
            },
            Lookup {
                table: 1,
                key: LookupKey::Field(2),
                field: None,
            },
        ],
    }
}
