//! From an empty folder to a tested component, through the binary, as a user goes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// A command in `folder`. Guests share the target folder that this test was built in, so that the SDK is built once.
fn millstream(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_millstream"))
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target_dir())
        // What the workspace has been built from is on this machine; a registry need not be.
        .env("CARGO_NET_OFFLINE", "true")
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn target_dir() -> PathBuf {
    let bin = Path::new(env!("CARGO_BIN_EXE_millstream"));
    let profile = bin.parent().expect("the folder of the profile");
    profile.parent().expect("the target folder").to_owned()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[track_caller]
fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = millstream(folder, arguments);
    let text = text(&output);
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

#[track_caller]
fn fails(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = millstream(folder, arguments);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

#[test]
fn a_new_project_builds_and_passes_its_cases_and_a_wrong_case_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = succeeds(folder.path(), &["new", "--lang", "rust", "by-age"]);
    assert!(said.contains("created by-age/"), "{said}");
    let project = folder.path().join("by-age");
    // The versions that the examples are locked to are on this machine; the newest ones may not be.
    let lock =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-examples/rust/enrich/Cargo.lock");
    let lock = fs::read_to_string(lock).expect("the example is locked");
    fs::write(
        project.join("Cargo.lock"),
        lock.replace("name = \"enrich\"", "name = \"by-age\""),
    )
    .expect("it can be written");

    let said = succeeds(&project, &["build", "-o", "by-age.wasm"]);
    assert!(
        said.contains("built by-age.wasm") && said.contains("sha256 "),
        "{said}"
    );

    let said = succeeds(&project, &["test"]);
    assert!(
        said.contains("ok      by-age") && said.contains("1 of 1 cases passed"),
        "{said}"
    );

    // Another expectation fails, says what differs, and is put right by --update.
    let expected = project.join("cases/by-age/expected.jsonl");
    let right = fs::read_to_string(&expected).expect("it is there");
    fs::write(
        &expected,
        right.replace("\"min-age\",\"18\"", "\"min-age\",\"21\""),
    )
    .expect("it can be written");
    let module = ["test", "--module", "by-age.wasm"];
    let said = fails(&project, &module, 1);
    assert!(said.contains("- headers [[\"min-age\",\"21\"]]"), "{said}");
    assert!(said.contains("+ headers [[\"min-age\",\"18\"]]"), "{said}");
    assert!(said.contains("1 of 1 cases failed"), "{said}");
    fails(
        &project,
        &[&module[..], &["--junit", "report.xml"]].concat(),
        1,
    );
    let report = fs::read_to_string(project.join("report.xml")).expect("it is written");
    assert!(
        report.contains(r#"tests="1" skipped="0" failures="1""#)
            && report.contains(r#"<testcase name="by-age""#)
            && report.contains("+ headers [[&quot;min-age&quot;,&quot;18&quot;]]"),
        "{report}"
    );
    let said = succeeds(&project, &["test", "--module", "by-age.wasm", "--update"]);
    assert!(said.contains("updated by-age"), "{said}");
    succeeds(&project, &module);

    // A counter that a case looks at has to be one of the transform's.
    let counters = project.join("cases/by-age/counters.toml");
    fs::write(&counters, "adults = 1\n").expect("it can be written");
    let said = fails(&project, &module, 1);
    assert!(said.contains("declares no counter adults"), "{said}");
    fs::remove_file(&counters).expect("it is there");

    // What becomes of other records, with another setting.
    fs::write(
        project.join("events.jsonl"),
        "{\"value\":{\"age\":20}}\n{\"value\":{\"age\":22}}\n{\"value\":\"{\"}\n",
    )
    .expect("it can be written");
    let run = ["run", "--input", "events.jsonl", "--module", "by-age.wasm"];
    let said = succeeds(&project, &[&run[..], &["--set", "min-age=21"]].concat());
    assert!(
        said.contains("\"output\":\"minors\"") && said.contains("malformed-json"),
        "{said}"
    );
    assert!(
        said.contains("3 records: 1 to adults, 1 to minors, 1 rejected")
            && !said.contains(" 0 ns of CPU")
            && said.contains("of fuel a record")
            && !said.contains(" 0 of fuel"),
        "{said}"
    );

    // Without a broker, what a record costs: a figure for every round, or a row for every case.
    let bench = ["bench", "--module", "by-age.wasm", "--records", "5000"];
    let said = succeeds(
        &project,
        &[&bench[..], &["--rounds", "2", "--json"]].concat(),
    );
    let rounds: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(rounds.as_array().map(Vec::len), Some(2), "{said}");
    for (round, number) in rounds.as_array().into_iter().flatten().zip(1..) {
        assert_eq!(round["case"], "by-age");
        assert_eq!(round["round"], number);
        for figure in [
            "records",
            "guest_cpu_ns",
            "host_cpu_ns",
            "wall_ns",
            "module_bytes",
            "compile_ms",
            "start_us",
            "memory_bytes",
        ] {
            assert!(round[figure].as_f64() > Some(0.0), "{figure}: {said}");
        }
    }
    let said = succeeds(
        &project,
        &[&bench[..], &["--rounds", "1", "--batch", "1,10,10000"]].concat(),
    );
    let rows: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("by-age"))
        .collect();
    assert!(said.contains("RECORDS/S") && rows.len() == 3, "{said}");
    assert!(
        rows[2].contains("10,000") && rows[2].contains("MiB"),
        "{said}"
    );

    // Settings that the transform refuses are said by name.
    fs::write(
        project.join("cases/by-age/settings.toml"),
        "min_age = 300\n",
    )
    .expect("it can be written");
    let said = fails(&project, &module, 1);
    assert!(
        said.contains("there is no setting `min_age`: did you mean `min-age`?"),
        "{said}"
    );
    let said = fails(&project, &bench, 1);
    assert!(
        said.contains("case by-age") && said.contains("did you mean `min-age`?"),
        "{said}"
    );

    // Code that does not compile is cargo's to explain.
    fs::write(project.join("src/lib.rs"), "fn").expect("it can be written");
    let said = fails(&project, &["build"], 1);
    assert!(said.contains("cargo build: failed"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_no_name_leads_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("taken")).expect("a folder");
    let said = fails(folder.path(), &["new", "taken"], 1);
    assert!(said.contains("taken: is already there"), "{said}");
    for name in ["../up", "Upper", "match", ""] {
        fails(folder.path(), &["new", name], 64);
    }
    let said = fails(folder.path(), &["new", "--lang", "cobol", "fine"], 64);
    assert!(
        said.contains("--lang cobol: is not known") && said.contains("rust, go, typescript"),
        "{said}"
    );
    let said = fails(folder.path(), &["new", "--sdk-path", "nowhere", "fine"], 64);
    assert!(said.contains("there is no SDK"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
}

#[test]
fn what_is_missing_is_said_with_the_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = fails(folder.path(), &["build"], 1);
    assert!(
        said.contains("none of Cargo.toml, go.mod") && said.contains("millstream new"),
        "{said}"
    );
    let said = fails(folder.path(), &["test"], 1);
    assert!(
        said.contains("cases") && said.contains("input.jsonl"),
        "{said}"
    );

    fs::write(folder.path().join("Cargo.toml"), "").expect("it can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_millstream"))
        .current_dir(folder.path())
        .env("PATH", folder.path())
        .arg("build")
        .output()
        .expect("the program runs");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("cargo: is not installed")
            && said.contains("rustup target add wasm32-wasip2"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_no_component_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("cases/one");
    fs::create_dir_all(&case).expect("a folder");
    fs::write(case.join("input.jsonl"), "{\"value\":1}\n").expect("it can be written");
    fs::write(folder.path().join("no.wasm"), "not wasm").expect("it can be written");
    let said = fails(folder.path(), &["test", "--module", "no.wasm"], 1);
    assert!(said.contains("no.wasm: "), "{said}");
}
