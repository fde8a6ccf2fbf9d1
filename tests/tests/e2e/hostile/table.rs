//! The guests, and what is to become of each.

use millstream_tests::Record;
use millstream_tests::hostile::{Text, bloated, many_functions, ten_gigabytes};

pub(super) struct Hostile {
    pub(super) name: &'static str,
    pub(super) module: Module,
    /// Lines of the manifest's `[limits]`.
    pub(super) limits: &'static str,
    pub(super) records: Records,
    pub(super) fate: Fate,
}

pub(super) enum Module {
    /// The guest of tests/guests/hostile, which is told what to do.
    Deed(&'static str),
    /// One of its own.
    Text(fn() -> Text),
}

pub(super) enum Fate {
    /// It is not deployed; the error says these.
    Refused(&'static [&'static str]),
    /// The transform stops; the reason says these.
    Fails(&'static [&'static str]),
    /// Every record becomes a dead letter of this code, for a reason that says this.
    Letters(&'static str, &'static str),
    /// It does no harm: every record comes out, and its value holds this.
    Passes(&'static str),
}

/// What is in its topic when it comes, the same in both partitions.
pub(super) enum Records {
    /// A few small ones.
    Few,
    /// More than may fail.
    Many,
    /// One of a megabyte, nearly: a producer's limit is one with the key and what is around it.
    Megabyte,
}

impl Records {
    pub(super) fn make(&self) -> Vec<Record> {
        let (count, value) = match self {
            Records::Few => (8, "record".to_owned()),
            Records::Many => (400, "record".to_owned()),
            Records::Megabyte => (1, "x".repeat(990_000)),
        };
        let of = |partition| vec![Record::new("k", &value).partition(partition); count];
        [of(0), of(1)].concat()
    }
}

const fn deed(name: &'static str, deed: &'static str, fate: Fate) -> Hostile {
    Hostile {
        name,
        module: Module::Deed(deed),
        limits: "",
        records: Records::Few,
        fate,
    }
}

const fn text(name: &'static str, text: fn() -> Text, fate: Fate) -> Hostile {
    Hostile {
        name,
        module: Module::Text(text),
        limits: "",
        records: Records::Few,
        fate,
    }
}

/// So that what runs until it is stopped is stopped soon. A search may use 40 times as much.
const QUICK: &str = "batch-time = \"50 ms\"";
/// Unoptimized builds take more than a second for a gigabyte.
const PATIENT: &str = "batch-time = \"10 s\"";

const CPU: &[&str] = &["CPU time of one call"];
const SEARCH: &[&str] = &["CPU time of one call", "search for the records to blame"];

pub(super) const HOSTILE: &[Hostile] = &[
    Hostile {
        records: Records::Many,
        ..deed(
            "traps on every batch",
            "traps",
            Fate::Fails(&["trapped", "failures.stop-above"]),
        )
    },
    deed(
        "answers nonsense",
        "answers-nonsense",
        Fate::Letters("malformed", "malformed"),
    ),
    text(
        "returns 10 GB",
        || Text {
            pages: 4095,
            answer: ten_gigabytes(),
            ..Text::default()
        },
        Fate::Letters("limit", "bytes handed to the host"),
    ),
    Hostile {
        records: Records::Megabyte,
        ..deed(
            "emits a row of 1 MB 30 million times",
            "multiplies",
            Fate::Letters("limit", "bytes handed to the host"),
        )
    },
    Hostile {
        records: Records::Megabyte,
        ..deed(
            "emits it as often as is allowed",
            "multiplies-a-little",
            Fate::Letters("limit", "bytes to write"),
        )
    },
    deed(
        "allocates for ever",
        "grows",
        Fate::Letters("limit", "memory of one instance"),
    ),
    deed(
        "allocates for ever in configure",
        "grows-in-configure",
        Fate::Refused(&["memory of one instance"]),
    ),
    Hostile {
        limits: QUICK,
        records: Records::Many,
        ..deed(
            "writes all of its memory at once",
            "fills-memory",
            Fate::Fails(SEARCH),
        )
    },
    Hostile {
        limits: QUICK,
        records: Records::Many,
        ..deed("loops for ever", "loops", Fate::Fails(SEARCH))
    },
    deed(
        "loops in configure",
        "loops-in-configure",
        Fate::Refused(CPU),
    ),
    text(
        "loops in a start function",
        || Text {
            start: "(loop $l (br $l))",
            ..Text::default()
        },
        Fate::Refused(CPU),
    ),
    Hostile {
        limits: QUICK,
        records: Records::Many,
        ..text(
            "loops in realloc",
            || Text {
                realloc: "(if (local.get $size) (then (loop $l (br $l)))) (i32.const 65536)",
                ..Text::default()
            },
            Fate::Fails(SEARCH),
        )
    },
    Hostile {
        limits: QUICK,
        records: Records::Many,
        ..text(
            "loops after its answer was read",
            || Text {
                post_return: "(loop $l (br $l))",
                ..Text::default()
            },
            Fate::Fails(SEARCH),
        )
    },
    deed("recurses", "recurses", Fate::Letters("trap", "trapped")),
    // A Rust program comes to the end of the stack in its memory first.
    text(
        "recurses to the end of the host's stack",
        || Text {
            post_return: "(drop (call $recurse))",
            more: "(func $recurse (result i32) (i32.add (call $recurse) (i32.const 1)))".to_owned(),
            ..Text::default()
        },
        Fate::Letters("trap", "call stack exhausted"),
    ),
    deed("sleeps for an hour", "sleeps", Fate::Passes("record")),
    Hostile {
        limits: QUICK,
        records: Records::Many,
        ..deed(
            "waits until an hour has passed",
            "waits",
            Fate::Fails(SEARCH),
        )
    },
    Hostile {
        limits: PATIENT,
        ..deed("logs 1 GB", "logs", Fate::Passes("record"))
    },
    Hostile {
        limits: PATIENT,
        ..deed("prints 1 GB", "prints", Fate::Passes("record"))
    },
    deed(
        "fails with 30 MB of reasons",
        "refuses-at-length",
        Fate::Refused(&["bytes handed to the host", "1 MiB"]),
    ),
    deed(
        "describes itself in 100 MB",
        "describes-too-much",
        Fate::Refused(&["bytes handed to the host", "1 MiB"]),
    ),
    deed(
        "has an output with a name of 1 MB",
        "describes-a-megabyte",
        Fate::Refused(&["no output can be named"]),
    ),
    text(
        "50,000 functions",
        || Text {
            more: many_functions(50_000),
            ..Text::default()
        },
        Fate::Passes("record"),
    ),
    text(
        "1 MB that compiles to 1 GB",
        || Text {
            more: bloated(700),
            ..Text::default()
        },
        Fate::Refused(&["cannot be compiled", "more than a module of"]),
    ),
    text(
        "imports http",
        || Text {
            import: Some(("http/outgoing-handler@0.2.6", "handle")),
            ..Text::default()
        },
        Fate::Refused(&["wasi:http/outgoing-handler@0.2.6", "does not give guests"]),
    ),
    deed(
        "opens files and sockets",
        "escapes",
        Fate::Passes("files: false, sockets: false, variables: 0"),
    ),
];
