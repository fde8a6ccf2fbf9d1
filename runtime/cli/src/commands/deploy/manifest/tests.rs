use millstream_host::failure::Policy;

use super::*;
use crate::args::Pair;

fn pair(text: &str) -> Pair {
    text.parse().expect("a pair")
}

fn changes() -> Changes {
    Changes {
        name: Some("route-swipes".into()),
        from: vec!["swipes".into(), "swipes.old".into()],
        to: vec![pair("likes=swipes.likes"), pair("passes=swipes.passes")],
        ..Changes::default()
    }
}

fn exit_of(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Complaint>().map_or(1, Complaint::exit)
}

const FILE: &str = r#"# routes
name = "route-swipes" # for now
source = { topics = ["swipes"], start = "earliest" }
[[steps]]
module = "target/route.wasm"
settings = { threshold = 500, mode = "strict" }
[outputs]
likes = "swipes.likes"
"#;

#[test]
fn options_alone_make_a_manifest() {
    let changes = Changes {
        setting: vec![pair("threshold=5")],
        start: Some("-100".into()),
        rejected: Some("bin".into()),
        allow_loop: true,
        ..changes()
    };
    let assembled =
        assemble(Some(Path::new("out/route.wasm")), None, &changes).expect("a manifest");
    let manifest = assembled.parsed().expect("parses");
    assert_eq!(manifest.name, "route-swipes");
    assert_eq!(manifest.source.topics, ["swipes", "swipes.old"]);
    assert_eq!(manifest.source.start.to_string(), "-100");
    assert_eq!(
        manifest.step.settings,
        [("threshold".to_owned(), "5".to_owned())]
    );
    assert_eq!(manifest.outputs["passes"], "swipes.passes");
    assert_eq!(manifest.rejected_topic, "bin");
    assert!(manifest.allow_loop);
    assert_eq!(assembled.module_path, Path::new("out/route.wasm"));
}

#[test]
fn what_is_missing_is_a_usage_error_that_names_the_option() {
    let module = Some(Path::new("route.wasm"));
    for (option, changes) in [
        (
            "--name",
            Changes {
                name: None,
                ..changes()
            },
        ),
        (
            "--from",
            Changes {
                from: vec![],
                ..changes()
            },
        ),
        (
            "--to",
            Changes {
                to: vec![],
                ..changes()
            },
        ),
        (
            "--to",
            Changes {
                to: vec![pair("a=b"), pair("a=c")],
                ..changes()
            },
        ),
        (
            "--setting",
            Changes {
                setting: vec![pair("a=b"), pair("a=b")],
                ..changes()
            },
        ),
    ] {
        let error = assemble(module, None, &changes).expect_err(option);
        assert!(error.to_string().starts_with(option), "{error}");
        assert_eq!(exit_of(&error), 64);
    }
}

#[test]
fn an_untouched_file_is_uploaded_as_it_is_and_its_module_is_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millstream.toml");
    std::fs::write(&file, FILE).expect("written");
    let assembled = assemble(None, Some(&file), &Changes::default()).expect("a manifest");
    assert_eq!(assembled.text, FILE);
    assert_eq!(assembled.shown_as, "millstream.toml");
    assert_eq!(
        assembled.module_path,
        folder.path().join("target/route.wasm")
    );
}

#[test]
fn options_change_a_file_and_leave_the_rest_of_it_alone() {
    let mut document: DocumentMut = FILE.parse().expect("TOML");
    let changes = Changes {
        name: Some("other".into()),
        start: Some("latest".into()),
        to: vec![pair("passes=p")],
        setting: vec![pair("threshold=600")],
        ..Changes::default()
    };
    assert!(apply(&mut document, None, &changes).expect("applied"));
    let text = document.to_string();
    assert!(text.starts_with("# routes\n"), "{text}");
    let manifest = Manifest::parse("m", &text).expect("parses");
    assert_eq!(manifest.name, "other");
    assert_eq!(manifest.source.topics, ["swipes"]);
    assert_eq!(manifest.source.start.to_string(), "latest");
    assert_eq!(manifest.step.module, "target/route.wasm");
    assert_eq!(
        manifest.step.settings,
        [
            ("mode".to_owned(), "strict".to_owned()),
            ("threshold".to_owned(), "600".to_owned())
        ]
    );
    assert_eq!(manifest.outputs.len(), 2);
}

/// What `millstream new` writes: module and settings stand in the document itself.
const WITHOUT_STEPS: &str = include_str!("../../../authoring/new/rust/millstream.toml.in");

/// The document with these options in it, and what a host makes of it.
fn changed(text: &str, module: Option<&str>, changes: &Changes) -> (String, Manifest) {
    let mut document: DocumentMut = text.parse().expect("TOML");
    assert!(apply(&mut document, module.map(Path::new), changes).expect("applied"));
    let text = document.to_string();
    let manifest = Manifest::parse("m", &text).expect(&text);
    (text, manifest)
}

#[test]
fn module_and_settings_go_where_a_manifest_without_steps_has_them() {
    let text = WITHOUT_STEPS.replace("{{name}}", "by-age");
    let changes = Changes {
        setting: vec![pair("min-age=21"), pair("strict=yes")],
        ..Changes::default()
    };
    let (text, manifest) = changed(&text, Some("other.wasm"), &changes);
    assert!(!text.contains("steps"), "{text}");
    assert_eq!(manifest.step.module, "other.wasm");
    assert_eq!(
        manifest.step.settings,
        [
            ("min-age".to_owned(), "21".to_owned()),
            ("strict".to_owned(), "yes".to_owned())
        ]
    );
    assert_eq!(manifest.outputs.len(), 2);
}

#[test]
fn what_is_added_to_the_document_itself_does_not_end_up_in_its_last_table() {
    let bare = "name = \"n\"\n[source]\ntopics = [\"t\"]\n[outputs]\na = \"b\"\n";
    let changes = Changes {
        setting: vec![pair("threshold=5")],
        allow_loop: true,
        ..Changes::default()
    };
    let (text, manifest) = changed(bare, Some("m.wasm"), &changes);
    assert_eq!(manifest.step.module, "m.wasm");
    assert_eq!(manifest.step.settings.len(), 1, "{text}");
    assert_eq!(manifest.outputs.len(), 1, "{text}");
    assert!(manifest.allow_loop);
}

#[test]
fn comments_around_what_an_option_changes_stay() {
    let commented = "name = \"n\" # for now\nsource = { topics = [\"t\"] }\nmodule = \"m.wasm\"\n[outputs]\n# right swipes\nlikes = \"old\" # all of them\n";
    let changes = Changes {
        name: Some("other".into()),
        to: vec![pair("likes=new")],
        ..Changes::default()
    };
    let (text, _) = changed(commented, None, &changes);
    assert_eq!(
        text,
        commented
            .replace("\"n\"", "\"other\"")
            .replace("old", "new")
    );
}

#[test]
fn a_topic_for_rejected_rows_leaves_the_rest_that_is_said_of_them() {
    let changes = Changes {
        rejected: Some("bin".into()),
        ..Changes::default()
    };
    for (said, policy, cut) in [
        ("", Policy::DeadLetter, false),
        ("[failures]\nrejected = \"drop\"\n", Policy::Drop, false),
        (
            "[failures]\nrejected = { topic = \"old\", policy = \"stop\", cut = true }\n",
            Policy::Stop,
            true,
        ),
        (
            "[failures.rejected]\npolicy = \"stop\"\ncut = true\n",
            Policy::Stop,
            true,
        ),
        (
            "[failures]\nrejected.cut = true\n",
            Policy::DeadLetter,
            true,
        ),
    ] {
        let (text, manifest) = changed(&format!("{FILE}{said}"), None, &changes);
        assert_eq!(manifest.rejected_topic, "bin", "{text}");
        assert_eq!(manifest.failures.rejected, policy, "{text}");
        assert_eq!(manifest.failures.cut, cut, "{text}");
    }
}

#[test]
fn a_topic_for_a_table_leaves_the_rest_that_is_said_of_it() {
    let changes = Changes {
        table: vec![pair("users=new"), pair("cities=cities")],
        ..Changes::default()
    };
    for said in [
        "[tables]\nusers = { topic = \"old\", memory = \"1 GiB\", key-field = \"/id\" }\n",
        "[tables.users]\ntopic = \"old\"\nmemory = \"1 GiB\"\nkey-field = \"/id\"\n",
    ] {
        let (text, manifest) = changed(&format!("{FILE}{said}"), None, &changes);
        let users = &manifest.tables["users"];
        assert_eq!(users.topic, "new", "{text}");
        assert_eq!(users.memory, Some(1 << 30), "{text}");
        assert_eq!(users.key_field.as_deref(), Some("/id"), "{text}");
        assert_eq!(manifest.tables["cities"].topic, "cities");
    }
    let (_, manifest) = changed(
        &format!("{FILE}[tables]\nusers = \"old\"\n"),
        None,
        &changes,
    );
    assert_eq!(manifest.tables["users"].topic, "new");
}

#[test]
fn no_option_means_no_change() {
    let mut document: DocumentMut = FILE.parse().expect("TOML");
    assert!(!apply(&mut document, None, &Changes::default()).expect("applied"));
}

#[test]
fn everything_wrong_with_a_file_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millstream.toml");
    std::fs::write(
        &file,
        FILE.replace("route-swipes", "Route")
            .replace("earliest", "soon"),
    )
    .expect("written");
    let error = assemble(None, Some(&file), &Changes::default())
        .expect_err("two things are wrong")
        .to_string();
    assert!(
        error.contains("millstream.toml") && error.contains("'R'") && error.contains("soon"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = assemble(
        None,
        Some(Path::new("/nowhere/millstream.toml")),
        &Changes::default(),
    )
    .expect_err("none");
    assert_eq!(
        error.to_string(),
        "/nowhere/millstream.toml: there is no such file"
    );
}

#[test]
fn without_a_file_mistakes_are_named_by_their_option() {
    let wrong = Changes {
        name: Some("Route".into()),
        ..changes()
    };
    let error = assemble(Some(Path::new("route.wasm")), None, &wrong)
        .expect_err("a bad name")
        .to_string();
    assert!(error.contains("\n  --name: "), "{error}");
    assert_eq!(
        as_option("command-line:7: outputs.likes: has no topic"),
        "--to likes: has no topic"
    );
    assert_eq!(
        as_option("route.wasm: not a component"),
        "route.wasm: not a component"
    );
}
