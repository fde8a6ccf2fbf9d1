//! What is not a transform is refused by its name, and the cache of compiled code is not believed.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use hostile::Hostile;
use millstream_engine::{Engine, EngineConfig, EngineError, LoadError, Module};

async fn load(wasm: &[u8]) -> Result<Module, LoadError> {
    Engine::new(common::config()).unwrap().load(wasm).await
}

async fn refusal(text: &str) -> LoadError {
    let wasm = wat::parse_str(text).unwrap();
    load(&wasm).await.err().expect("it is refused")
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_a_remedy() {
    for (bytes, part) in [
        (&b""[..], "empty"),
        (b"#!/bin/sh", "does not start as WebAssembly"),
        (b"(module)", "WebAssembly text"),
        (b"\0asm\x0d\0\x01\0\xff\xff", "not a valid"),
        (b"\0asm", "not a valid"),
    ] {
        let error = load(bytes).await.err().unwrap();
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.is_modules_fault());
    }
    let core = refusal("(module (func))").await;
    assert!(matches!(core, LoadError::CoreModule), "{core}");
    assert!(core.to_string().contains("wasm32-wasip2"));
    assert!(core.to_string().contains("millstream componentize"));
    let truncated = &Hostile::default().component()[..500];
    assert!(matches!(load(truncated).await, Err(LoadError::Invalid(_))));
}

#[tokio::test]
async fn imports_that_no_host_gives_are_named() {
    for name in [
        "wasi:http/types@0.2.0",
        "wasi:io/poll@0.3.0",
        "millstream:transform/state@0.1.0",
        "env",
    ] {
        let error = refusal(&format!(r#"(component (import "{name}" (instance)))"#)).await;
        assert!(
            matches!(&error, LoadError::Import { name: n, .. } if n == name),
            "{error}"
        );
    }
}

#[tokio::test]
async fn names_do_not_make_an_error_of_any_length() {
    let long = format!("wasi:x/{}@0.2.0", "y".repeat(50_000));
    let import = refusal(&format!(r#"(component (import "{long}" (instance)))"#)).await;
    assert!(
        matches!(&import, LoadError::Import { name, .. } if long.starts_with(name)),
        "{import}"
    );
    let export = |n: usize| {
        let name = "z".repeat(50_000);
        format!(r#"(export "wasi:x{n}/{name}@0.2.0" (instance $i))"#)
    };
    let exports = |count| {
        let exports: String = (0..count).map(export).collect();
        format!("(component (instance $i) {exports})")
    };
    let several = refusal(&exports(10)).await;
    let shown = several.to_string();
    assert!(
        shown.contains("wasi:x4/z") && !shown.contains("wasi:x5/z"),
        "{shown}"
    );
    for error in [import, several] {
        assert!(error.to_string().len() < 2_000, "{error}");
    }
}

#[tokio::test]
async fn exports_are_counted_in_all_of_a_component() {
    // What is between them makes a section of each.
    let export =
        |n: usize| format!(r#"(instance $i{n}) (export "wasi:x/y{n}@0.2.0" (instance $i{n}))"#);
    let exports: String = (0..1001).map(export).collect();
    let error = refusal(&format!("(component {exports})")).await;
    assert!(
        matches!(
            error,
            LoadError::TooMany {
                what: "exports",
                count: 1001,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn another_world_is_refused() {
    let nothing = refusal("(component)").await;
    assert!(nothing.to_string().contains("exports nothing"), "{nothing}");
    let command =
        refusal(r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#).await;
    assert!(
        command.to_string().contains("wasi:cli/run@0.2.0"),
        "{command}"
    );
    let newer = refusal(
        r#"(component (instance $i) (export "millstream:transform/guest@0.2.0" (instance $i)))"#,
    )
    .await;
    assert!(
        newer
            .to_string()
            .contains("runs millstream:transform/guest 0.1"),
        "{newer}"
    );
    let hollow = refusal(
        r#"(component (instance $i) (export "millstream:transform/guest@0.1.0" (instance $i)))"#,
    )
    .await;
    assert!(
        hollow.to_string().contains("no function `configure`"),
        "{hollow}"
    );
}

#[tokio::test]
async fn features_that_are_off_and_sizes_past_the_limits_are_refused() {
    let threads = Hostile {
        more: "(memory $s 1 1 shared)",
        ..Hostile::default()
    };
    let text = threads.text();
    let wasm = wat::parse_str(format!(
        r#"(component (core module {}) (instance $i) (export "millstream:transform/guest@0.1.0" (instance $i)))"#,
        text.trim().trim_start_matches("(module").strip_suffix(')').unwrap()
    ))
    .unwrap();
    let error = load(&wasm).await.err().unwrap();
    assert!(matches!(error, LoadError::Invalid(_)), "{error}");

    let small = EngineConfig {
        max_module_bytes: 100,
        ..common::config()
    };
    let error = Engine::new(small)
        .unwrap()
        .load(&Hostile::default().component())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, LoadError::TooLarge { limit: 100, .. }),
        "{error}"
    );
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_the_arithmetic() {
    let with = |max_instances, guest_memory| {
        let config = EngineConfig {
            max_instances,
            guest_memory,
            ..EngineConfig::default()
        };
        match Engine::new(config) {
            Err(EngineError::Sizes(text)) => text,
            other => panic!("{:?}", other.err()),
        }
    };
    let many = with(1_000_000, 1 << 30);
    assert!(
        many.contains("--max-instances is 1000000") && many.contains("at most"),
        "{many}"
    );
    assert!(with(0, 1 << 30).contains("at least 1"));
    assert!(with(10, 1 << 20).contains("--guest-memory is 1 MiB"));
}

fn engine(cache: &Path) -> Result<Engine, EngineError> {
    Engine::new(EngineConfig {
        cache_dir: Some(cache.to_owned()),
        ..common::config()
    })
}

fn only_file(cache: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(cache)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[tokio::test]
async fn a_cache_file_that_was_tampered_with_is_compiled_anew() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("deep/cache");
    let wasm = Hostile::default().component();
    engine(&cache).unwrap().load(&wasm).await.unwrap();
    assert_eq!(
        fs::metadata(&cache).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let file = only_file(&cache);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let good = fs::read(&file).unwrap();

    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let wrong = [
        changed(0),
        changed(20),
        changed(good.len() / 2),
        changed(good.len() - 1),
        good[..good.len() / 2].to_vec(),
        good[..10].to_vec(),
        Vec::new(),
    ];
    for (i, bytes) in wrong.iter().enumerate() {
        fs::write(&file, bytes).unwrap();
        engine(&cache).unwrap().load(&wasm).await.unwrap();
        assert!(fs::read(&file).unwrap() == good, "damage {i} stayed");
    }
    // Whole, but writable by others: anyone may have written it.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    engine(&cache).unwrap().load(&wasm).await.unwrap();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // A link to good code elsewhere.
    let elsewhere = home.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    engine(&cache).unwrap().load(&wasm).await.unwrap();
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
}

#[tokio::test]
async fn an_intact_cache_file_is_used() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("cache");
    let wasm = Hostile::default().component();
    engine(&cache).unwrap().load(&wasm).await.unwrap();
    let written = fs::metadata(only_file(&cache)).unwrap().modified().unwrap();
    // A program that cannot be started: only the cache can serve this module.
    let compiler = millstream_engine::CompilerProcess::Child {
        program: "/nonexistent".into(),
        args: vec![],
    };
    let config = EngineConfig {
        cache_dir: Some(cache.clone()),
        compiler,
        ..common::config()
    };
    let engine = Engine::new(config).unwrap();
    engine.load(&wasm).await.unwrap();
    assert_eq!(
        fs::metadata(only_file(&cache)).unwrap().modified().unwrap(),
        written
    );
    let other = Hostile {
        pages: 9,
        ..Hostile::default()
    }
    .component();
    let error = engine.load(&other).await.err().unwrap();
    assert!(!error.is_modules_fault(), "{error}");
}

#[tokio::test]
async fn what_killed_processes_left_in_the_cache_is_in_nobodys_way_and_goes() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("cache");
    drop(engine(&cache).unwrap());
    // One of a process that had this one's id, as each start in a container has.
    let recent = cache.join(format!(".{}-0.tmp", std::process::id()));
    let old = cache.join(".1-0.tmp");
    for file in [&recent, &old] {
        fs::write(file, "cut short").unwrap();
    }
    let file = fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let engine = engine(&cache).unwrap();
    assert!(!old.exists());
    // It may be another host's, which is still writing it.
    assert!(recent.exists());
    engine.load(&Hostile::default().component()).await.unwrap();
    let kept = fs::read_dir(&cache)
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".code")
        })
        .count();
    assert_eq!(kept, 1);
}

#[test]
fn a_cache_folder_that_others_could_write_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let open = home.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    let error = engine(&open).err().unwrap().to_string();
    assert!(error.contains("chmod 700"), "{error}");
    let link = home.path().join("link");
    let real = home.path().join("real");
    fs::create_dir(&real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(&real, &link).unwrap();
    assert!(engine(&link).is_err());
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(engine(&file).is_err());
}
