//! Ways in which a deploy can be wrong, and what the error has to say. One a line, so that it reads as a table.

/// What is wrong, the manifest's lines that make it so, and texts that the error has to hold.
pub(super) type Wrong = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

#[rustfmt::skip]
pub(super) const WRONG: &[Wrong] = &[
    ("an empty file", &[("module", "module = \"empty.wasm\"")], &["empty.wasm", "empty"]),
    ("not Wasm at all", &[("module", "module = \"text.wasm\"")], &["text.wasm", "not", "component"]),
    ("a core module", &[("module", "module = \"core.wasm\"")], &["core.wasm", "core WebAssembly module", "component"]),
    ("a component of no world", &[("module", "module = \"nothing.wasm\"")], &["nothing.wasm", "millstream:transform/guest"]),
    ("a component of another world", &[("module", "module = \"other-world.wasm\"")], &["other-world.wasm", "millstream:transform/guest"]),
    ("a newer version of the world", &[("module", "module = \"newer.wasm\"")], &["newer.wasm", "guest@0.9.0", "guest 0.1"]),
    ("an unknown import", &[("module", "module = \"unknown-import.wasm\"")], &["unknown-import.wasm", "acme:secrets-of-all/thevault@0.1.0"]),
    ("a file cut in half", &[("module", "module = \"cut.wasm\"")], &["cut.wasm"]),
    ("code that does not validate", &[("module", "module = \"broken.wasm\"")], &["broken.wasm"]),
    ("code that loops as it starts", &[("module", "module = \"never-starts.wasm\"")], &["never-starts.wasm", "cpu", "limit"]),
    ("a file that does not exist", &[("module", "module = \"gone.wasm\"")], &["gone.wasm", "no such file"]),
    // What its configure says
    ("configure refuses", &[("settings", "settings = { configure-error = \"threshold is missing\" }")], &["probe.wasm", "threshold is missing"]),
    ("configure traps", &[("settings", "settings = { mode = \"trap-in-configure\" }")], &["probe.wasm", "configure"]),
    ("configure loops", &[("settings", "settings = { mode = \"loop-in-configure\" }")], &["probe.wasm", "configure", "cpu"]),
    ("an unknown option", &[("settings", "settings = { option = \"turbo\" }")], &["probe.wasm", "turbo"]),
    ("declared tables", &[("settings", "settings = { table = \"users\" }")], &["probe.wasm", "tables", "not supported by this version"]),
    ("a field that cannot be", &[("settings", "settings = { field = \"type\" }")], &["probe.wasm", "\"type\"", "starts with `/`"]),
    ("no outputs declared", &[("settings", "settings = { outputs = \"\" }")], &["probe.wasm", "output"]),
    ("an output declared twice", &[("settings", "settings = { outputs = \"out,out\" }")], &["probe.wasm", "out", "twice"]),
    // Outputs and topics
    ("an output without a topic", &[("settings", "settings = { outputs = \"out,likes\" }")], &["likes", "probe.wasm", "--to likes="]),
    ("a topic for no output", &[("outputs", "outputs = { out = \"OUT\", lieks = \"OUT\" }")], &["outputs.lieks", "no such output"]),
    ("an output topic that does not exist", &[("outputs", "outputs = { out = \"nowhere-to-be\" }")], &["nowhere-to-be", "does not exist", "--create-topics"]),
    ("a source topic that does not exist", &[("source", "source = { topics = [\"nothing-here\"] }")], &["nothing-here", "does not exist"]),
    ("a rejected topic that does not exist", &[("failures", "failures = { rejected = { topic = \"no-grave\" } }")], &["no-grave", "does not exist", "--create-topics"]),
    ("a loop", &[("outputs", "outputs = { out = \"SOURCE\" }")], &["allow-loop"]),
    ("rejected rows back into the source", &[("failures", "failures = { rejected = { topic = \"SOURCE\" } }")], &["allow-loop"]),
    ("Kafka's own topic as a source", &[("source", "source = { topics = [\"__consumer_offsets\"] }")], &["__consumer_offsets", "reserved"]),
    ("the installation's own topic as an output", &[("outputs", "outputs = { out = \"_PREFIX.modules\" }")], &["reserved"]),
    ("a topic name that Kafka forbids", &[("outputs", "outputs = { out = \"a/b\" }")], &["outputs.out", "'/'"]),
    // The manifest
    ("no name", &[("name", "")], &["millstream.toml", "name", "missing"]),
    ("a bad name", &[("name", "name = \"Route_Swipes\"")], &["millstream.toml", "name", "a-z"]),
    ("a name that is too long", &[("name", "name = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"")], &["name", "63"]),
    ("no source", &[("source", "")], &["source", "missing"]),
    ("no topics", &[("source", "source = { topics = [] }")], &["source.topics", "at least one"]),
    ("the same source twice", &[("source", "source = { topics = [\"SOURCE\", \"SOURCE\"] }")], &["twice"]),
    ("no outputs", &[("outputs", "")], &["outputs", "missing"]),
    ("not TOML", &[("name", "name = route")], &["millstream.toml", "TOML"]),
    ("an unknown field", &[("retries", "retires = 3")], &["millstream.toml:5", "retires", "no such field"]),
    ("a field that is nearly right", &[("x", "outptus = { a = \"b\" }")], &["outptus", "did you mean", "outputs"]),
    ("a bad start", &[("source", "source = { topics = [\"SOURCE\"], start = \"yesterday\" }")], &["source.start", "yesterday", "earliest"]),
    ("a local time as a start", &[("source", "source = { topics = [\"SOURCE\"], start = 2026-01-31T08:00:00 }")], &["source.start", "offset"]),
    ("memory without a unit's sense", &[("limits", "limits = { memory = \"lots\" }")], &["limits.memory", "lots"]),
    ("no memory", &[("limits", "limits = { memory = \"0 MiB\" }")], &["limits.memory"]),
    ("more memory than the host gives", &[("limits", "limits = { memory = \"900 GiB\" }")], &["limits.memory", "--guest-memory"]),
    ("a batch time of nothing", &[("limits", "limits = { batch-time = \"0 s\" }")], &["limits.batch-time", "more than 0"]),
    ("an unknown limit", &[("limits", "limits = { memroy = \"1 MiB\" }")], &["limits.memroy", "memory"]),
    ("no lanes", &[("lanes", "lanes = 0")], &["lanes"]),
    // What later versions bring
    ("a long commit interval", &[("x", "commit-interval = \"1 m\"")], &["commit-interval", "5s"]),
    ("no policy for lost offsets", &[("failures", "failures = { lost-offsets = \"go-on\" }")], &["failures.lost-offsets", "write \"stop\" or \"earliest\""]),
    ("a policy that there is not", &[("x", "failures = { traps = \"ignore\" }")], &["failures.traps", "dead-letter", "drop", "stop"]),
    ("another delivery", &[("delivery", "delivery = \"maybe\"")], &["delivery", "maybe", "at-least-once"]),
    ("tables", &[("tables", "tables = { users = \"users\" }")], &["tables", "not supported by this version", "remove"]),
    ("several steps", &[("module", "steps = [{ module = \"probe.wasm\" }, { module = \"probe.wasm\" }]")], &["steps", "not supported by this version"]),
];
