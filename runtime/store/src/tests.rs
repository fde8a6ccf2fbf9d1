use std::collections::BTreeMap;
use std::fs;

use super::*;

fn mark(next: i64) -> Mark {
    Mark {
        topic_id: "id".into(),
        complete_at: 1,
        nexts: BTreeMap::from([(0, next)]),
    }
}

fn memory() -> Memory {
    Memory::new(1 << 20)
}

fn open(path: &Path) -> (Store, Option<Mark>) {
    Store::open(path, &memory()).unwrap()
}

/// Rows `from..to`, each with its number, written in batches of ten with the mark behind the last of them.
fn fill(store: &Store, from: i64, to: i64) {
    let mut changes = Changes::default();
    for n in from..to {
        changes.put(
            format!("key {n}").as_bytes(),
            format!("{n:0>100}").as_bytes(),
        );
        if n % 10 == 9 || n == to - 1 {
            store.write(&mut changes, &mark(n + 1)).unwrap();
            assert!(changes.is_empty());
        }
    }
}

/// That exactly the rows below the mark are there.
fn holds_what_its_mark_says(store: &Store, mark: Option<&Mark>, all: i64) {
    let next = mark.map_or(0, |mark| mark.nexts[&0]);
    let view = store.view();
    for n in 0..all {
        let row = view.get(format!("key {n}").as_bytes()).unwrap();
        let wanted = (n < next).then(|| format!("{n:0>100}").into_bytes());
        assert_eq!(row, wanted, "row {n} where the next is {next}");
    }
}

#[test]
fn a_view_never_changes_and_the_next_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let (store, found) = open(folder.path());
    assert_eq!(found, None);
    let mut changes = Changes::default();
    changes.put(b"a", b"1");
    changes.put(b"", b"empty");
    store.write(&mut changes, &mark(1)).unwrap();
    let first = store.view();
    changes.put(b"a", b"2");
    changes.delete(b"");
    changes.put(b"b", b"");
    assert_eq!(changes.len(), 3);
    store.write(&mut changes, &mark(2)).unwrap();
    let rows = |view: &View| {
        let mut rows = Vec::new();
        let keys: [Option<&[u8]>; 4] = [Some(b"a"), None, Some(b""), Some(b"b")];
        view.look_up::<StoreError>(&keys, |row| {
            rows.push(row.map(<[u8]>::to_vec));
            Ok(())
        })
        .unwrap();
        rows
    };
    let row = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(rows(&first), [row("1"), None, row("empty"), None]);
    assert_eq!(rows(&store.view()), [row("2"), None, None, row("")]);
}

#[test]
fn keys_are_answered_in_their_order_until_somebody_has_enough() {
    #[derive(Debug)]
    enum Stopped {
        Enough,
        Disk(StoreError),
    }
    impl From<StoreError> for Stopped {
        fn from(error: StoreError) -> Stopped {
            Stopped::Disk(error)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    fill(&store, 0, 500);
    // Every fifth key is null, and every third one has no row.
    let names: Vec<String> = (0..500)
        .map(|n| format!("key {}", if n % 3 == 0 { n + 1_000 } else { n }))
        .collect();
    let keys: Vec<Option<&[u8]>> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (n % 5 != 0).then_some(name.as_bytes()))
        .collect();
    for (most, shown) in [(usize::MAX, 500), (300, 300), (0, 0)] {
        let mut rows = Vec::new();
        let ended = store.view().look_up(&keys, |row| {
            if rows.len() == most {
                return Err(Stopped::Enough);
            }
            rows.push(row.map(<[u8]>::to_vec));
            Ok(())
        });
        match ended {
            Ok(()) => assert_eq!(shown, keys.len()),
            Err(Stopped::Enough) => assert!(shown < keys.len()),
            Err(Stopped::Disk(error)) => panic!("{error}"),
        }
        let wanted: Vec<_> = (0..shown)
            .map(|n| (n % 5 != 0 && n % 3 != 0).then(|| format!("{n:0>100}").into_bytes()))
            .collect();
        assert_eq!(rows, wanted);
    }
}

#[test]
fn what_was_written_is_there_again_with_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    fill(&store, 0, 1_000);
    assert!(
        (900..1_100).contains(&store.entries()),
        "{}",
        store.entries()
    );
    assert!(store.bytes() > 100_000);
    drop(store);
    let (store, found) = open(folder.path());
    assert_eq!(found, Some(mark(1_000)));
    holds_what_its_mark_says(&store, found.as_ref(), 1_000);
}

#[test]
fn a_folder_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let refused = Store::open(folder.path(), &memory()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
    let view = store.view();
    drop(store);
    let refused = Store::open(folder.path(), &memory()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
    drop(view);
    open(folder.path());
}

/// A copy of a store, one of whose files is cut off or gone.
fn damaged(from: &Path, to: &Path, file: &str, keep: Option<u64>) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    match keep {
        None => fs::remove_file(to.join(file)).unwrap(),
        Some(keep) => {
            let file = fs::OpenOptions::new().write(true).open(to.join(file));
            file.unwrap().set_len(keep).unwrap();
        }
    }
}

#[test]
fn a_store_with_any_file_cut_off_or_gone_is_refused_or_holds_what_its_mark_says() {
    const ALL: i64 = 3_000;
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    // Several files of rows, some written by another opening.
    for part in 0..3 {
        let (store, _) = open(&whole);
        fill(&store, part * 1_000, part * 1_000 + 500);
        store.flush().unwrap();
        fill(&store, part * 1_000 + 500, (part + 1) * 1_000);
        store.flush().unwrap();
    }
    let files = fs::read_dir(&whole).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, entry.metadata().unwrap().len())
    });
    let (mut refused, mut held) = (0, 0);
    for (file, length) in files.collect::<Vec<_>>() {
        let cuts = [
            None,
            Some(0),
            Some(1),
            Some(length / 2),
            Some(length.saturating_sub(1)),
        ];
        for keep in cuts {
            damaged(&whole, &broken, &file, keep);
            let looked = Store::open(&broken, &memory()).and_then(|(store, found)| {
                let view = store.view();
                // Damage may show when a row is looked up.
                (0..ALL).try_for_each(|n| view.get(format!("key {n}").as_bytes()).map(drop))?;
                Ok((store, found))
            });
            match looked {
                Ok((store, found)) => {
                    holds_what_its_mark_says(&store, found.as_ref(), ALL);
                    held += 1;
                }
                Err(StoreError::Broken(_)) => refused += 1,
                Err(other) => panic!("{file} cut to {keep:?}: {other}"),
            }
        }
    }
    assert!(refused >= 10 && held >= 5, "{refused} refused, {held} held");
}

#[test]
fn a_damaged_folder_is_not_said_to_be_in_use_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blocklist");
    let (store, _) = open(&path);
    fill(&store, 0, 10);
    store.flush().unwrap();
    let second = Store::open(&path, &memory()).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)), "{second}");
    drop(store);
    for entry in fs::read_dir(&path).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("MANIFEST") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let damaged = Store::open(&path, &memory()).unwrap_err();
    assert!(matches!(damaged, StoreError::Broken(_)), "{damaged}");
}
