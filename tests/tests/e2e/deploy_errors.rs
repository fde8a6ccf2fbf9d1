//! A deploy that is wrong says what, where and what to do, exits with 1 (or 64 for usage), and leaves nothing behind.

mod table;

use std::path::Path;

use millstream_tests::reaper::TempDir;
use millstream_tests::{Finished, Host, Kafka, Producer, Record, fresh, guest};
use table::WRONG;

/// A host, topics that exist, and a folder with modules of every kind.
struct Stage {
    host: Host,
    source: String,
    out: String,
    folder: TempDir,
    name: String,
}

impl Stage {
    fn new() -> Self {
        let kafka = Kafka::shared();
        let stage = Self {
            host: Host::fresh(),
            source: kafka.topic("in", 1),
            out: kafka.topic("out", 1),
            folder: TempDir::new(),
            name: fresh("wrong"),
        };
        kafka.create_topic(&format!("{}.rejected", stage.name), 1, &[]);
        let probe = std::fs::read(guest("probe")).unwrap();
        for (file, bytes) in [
            ("probe.wasm", probe.clone()),
            (
                "never-starts.wasm",
                std::fs::read(guest("never-starts")).unwrap(),
            ),
            ("empty.wasm", Vec::new()),
            ("text.wasm", b"#!/bin/sh\necho hello\n".to_vec()),
            ("core.wasm", b"\0asm\x01\0\0\0".to_vec()),
            ("nothing.wasm", b"\0asm\x0d\0\x01\0".to_vec()),
            ("cut.wasm", probe[..probe.len() / 2].to_vec()),
            ("broken.wasm", broken(&probe)),
            (
                "other-world.wasm",
                renamed(
                    &probe,
                    "millstream:transform/guest@0.1.0",
                    "millstream:transform/guess@0.1.0",
                ),
            ),
            (
                "newer.wasm",
                renamed(
                    &probe,
                    "millstream:transform/guest@0.1.0",
                    "millstream:transform/guest@0.9.0",
                ),
            ),
            (
                "unknown-import.wasm",
                renamed(
                    &probe,
                    "millstream:transform/metrics@0.1.0",
                    "acme:secrets-of-all/thevault@0.1.0",
                ),
            ),
        ] {
            stage.folder.file(file, bytes);
        }
        stage
    }

    /// A manifest that is right, but for what `changes` put instead of some of its lines.
    fn manifest(&self, changes: &[(&str, &str)]) -> String {
        let mut lines = vec![
            ("name", format!("name = \"{}\"", self.name)),
            (
                "source",
                format!("source = {{ topics = [\"{}\"] }}", self.source),
            ),
            ("module", "module = \"probe.wasm\"".to_owned()),
            ("outputs", format!("outputs = {{ out = \"{}\" }}", self.out)),
        ];
        for (field, line) in changes {
            let line = line
                .replace("SOURCE", &self.source)
                .replace("OUT", &self.out)
                .replace("PREFIX", &self.host.options.prefix);
            match lines.iter_mut().find(|(name, _)| name == field) {
                Some((_, old)) => *old = line,
                None => lines.push((field, line)),
            }
        }
        lines.into_iter().map(|(_, line)| line + "\n").collect()
    }

    fn deploy(&self, manifest: &str) -> Finished {
        let file = self.folder.file("millstream.toml", manifest);
        self.host.cli(["deploy", "-f", file.to_str().unwrap()])
    }
}

/// The same component with another name in it, of the same length.
fn renamed(component: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let (from, mut component, mut times) = (from.as_bytes(), component.to_vec(), 0);
    for at in 0..component.len() - from.len() {
        if component[at..].starts_with(from) {
            component[at..at + from.len()].copy_from_slice(to.as_bytes());
            times += 1;
        }
    }
    assert!(times > 0, "there is no {to} to make");
    component
}

/// The same component with code that does not validate: zeros in the middle of its code.
fn broken(component: &[u8]) -> Vec<u8> {
    let mut component = component.to_vec();
    let middle = component.len() / 3;
    component[middle..middle + 64].fill(0xff);
    component
}

#[test]
fn every_wrong_manifest_or_module_is_refused_with_what_is_wrong_with_it() {
    let stage = Stage::new();
    let before = Kafka::shared().topics_named("");
    let mut wrong = Vec::new();
    for (what, changes, texts) in WRONG {
        let finished = stage.deploy(&stage.manifest(changes));
        let said = finished
            .err
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        let missing: Vec<_> = texts
            .iter()
            .filter(|text| !said.contains(&text.to_lowercase()))
            .collect();
        if finished.code != Some(1)
            || !missing.is_empty()
            || said.contains("panicked")
            || !said.starts_with("error")
        {
            wrong.push(format!(
                "{what}: exit {:?}, the error lacks {missing:?}:\n{}{}",
                finished.code, finished.out, finished.err
            ));
        }
        assert_eq!(
            stage
                .host
                .transform(&stage.name)
                .map(|t| t["state"].clone()),
            None,
            "{what} left something deployed"
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {} errors are not as they should be\n\n{}",
        wrong.len(),
        WRONG.len(),
        wrong.join("\n")
    );
    let created: Vec<_> = Kafka::shared()
        .topics_named("")
        .into_iter()
        .filter(|topic| !before.contains(topic))
        .collect();
    assert!(
        !created
            .iter()
            .any(|topic| ["nowhere-to-be", "nothing-here", "no-grave"].contains(&topic.as_str())),
        "{created:?}"
    );
    // And the manifest that all of them were made of is right.
    stage.deploy(&stage.manifest(&[])).succeeded();
    assert_eq!(
        stage.host.await_state(&stage.name, "running")["revision"],
        1,
        "no refused deploy took a number"
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let stage = Stage::new();
    let wrong = stage.manifest(&[
        ("name", "name = \"A\""),
        ("x", "bananas = 1"),
        ("delivery", "delivery = \"maybe\""),
    ]);
    stage
        .deploy(&wrong)
        .failed(1, &["name", "bananas", "maybe"]);
    let missing = stage.manifest(&[
        ("source", "source = { topics = [\"no-source\"] }"),
        ("settings", "settings = { outputs = \"likes\" }"),
        ("outputs", "outputs = { passes = \"no-output\" }"),
    ]);
    stage
        .deploy(&missing)
        .failed(1, &["no-source", "likes", "passes"]);
}

#[test]
fn a_module_that_is_too_large_is_refused_before_it_is_sent() {
    let stage = Stage::new();
    let file = stage.folder.path().join("huge.wasm");
    std::fs::File::create(&file)
        .unwrap()
        .set_len(65 << 20)
        .unwrap();
    stage
        .deploy(&stage.manifest(&[("module", "module = \"huge.wasm\"")]))
        .failed(1, &["huge.wasm", "64.0 MiB"]);
}

#[test]
fn a_topic_of_a_missing_output_is_created_on_request() {
    let kafka = Kafka::shared();
    let stage = Stage::new();
    let (out, name) = (fresh("made"), fresh("maker"));
    kafka.delete_topic(&format!("{}.rejected", stage.name));
    let probe = guest("probe");
    let deploy = |more: &[&str]| {
        let to = format!("out={out}");
        let mut arguments = vec![
            "deploy",
            probe.to_str().unwrap(),
            "--name",
            &name,
            "--from",
            &stage.source,
            "--to",
            &to,
        ];
        arguments.extend(more);
        stage.host.cli(arguments)
    };
    deploy(&[]).failed(1, &[&out, "--create-topics"]);
    assert_eq!(kafka.partitions(&out), 0);
    let done = deploy(&["--create-topics"]).succeeded();
    assert!(
        done.out.contains(&out),
        "it says what it created:\n{}",
        done.out
    );
    assert!(kafka.partitions(&out) > 0 && kafka.partitions(&format!("{name}.rejected")) > 0);
    Producer::new(kafka.brokers()).send_all(&stage.source, &[Record::new("k", "v")]);
    millstream_tests::Reader::new(kafka.brokers(), &out).expect(1);
}

#[test]
fn what_the_command_line_says_wrong_is_a_usage_error_or_named() {
    let stage = Stage::new();
    let probe = guest("probe");
    let probe = probe.to_str().unwrap();
    let run = |arguments: &[&str]| stage.host.cli(std::iter::once(&"deploy").chain(arguments));
    run(&[probe, "--nmae", "x"]).failed(64, &["--nmae"]);
    run(&[probe, "--to", "likes"]).failed(64, &["likes", "="]);
    run(&[
        probe,
        "--name",
        "x",
        "--from",
        &stage.source,
        "--expected-revision",
        "minus one",
    ])
    .failed(64, &["--expected-revision"]);
    run(&[
        "/nowhere/route.wasm",
        "--name",
        "x",
        "--from",
        &stage.source,
        "--to",
        "out=o",
    ])
    .failed(1, &["/nowhere/route.wasm", "no such file"]);
    run(&["-f", "/nowhere/millstream.toml"])
        .failed(1, &["/nowhere/millstream.toml", "no such file"]);
    run(&["-f", stage.folder.path().to_str().unwrap()]).failed(1, &["is a folder"]);
    let to = format!("out={}", stage.out);
    run(&[probe, "--from", &stage.source, "--to", &to]).failed(64, &["--name"]);
    run(&[probe, "--name", "x", "--to", &to]).failed(64, &["--from"]);
    run(&[probe, "--name", "x", "--from", &stage.source]).failed(64, &["--to"]);
    run(&[
        probe,
        "--name",
        "x",
        "--from",
        &stage.source,
        "--to",
        &to,
        "--start",
        "noon",
    ])
    .failed(1, &["--start", "noon"]);
    // Two values for one output would hide one of them.
    run(&[
        probe,
        "--name",
        "x",
        "--from",
        &stage.source,
        "--to",
        &to,
        "--to",
        &to,
    ])
    .failed(64, &["--to", "out"]);
    let json = stage.host.cli(["list", "--json"]).succeeded();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&json.out).unwrap()["transforms"],
        serde_json::json!([])
    );
}

#[test]
fn a_host_that_is_not_there_is_named_with_what_to_do() {
    let port = millstream_tests::free_port();
    let folder = TempDir::new();
    std::fs::copy(guest("probe"), folder.path().join("probe.wasm")).unwrap();
    let server = format!("127.0.0.1:{port}");
    let module = folder.path().join("probe.wasm");
    let deploy = |server: &str| {
        let arguments = [
            "deploy",
            path(&module),
            "--name",
            "x",
            "--from",
            "a",
            "--to",
            "out=b",
            "--server",
            server,
        ];
        millstream_tests::millstream(arguments)
    };
    deploy(&server).failed(1, &[&server, "millstream serve"]);
    deploy("not an address").failed(64, &["not an address"]);
    deploy("127.0.0.1:99999").failed(64, &["99999"]);
    // Something else listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 65536]);
        let _ = stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        );
        // Read what is left, or the answer may be lost to a reset.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    deploy(&address).failed(1, &[&address, "millstream"]);
    drop(answer);
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
