use arc_swap::ArcSwap;
use proptest::prelude::*;
use tokio::sync::Notify;

use super::*;
use crate::tables::{
    Of, Shared,
    key_field::KeyField,
    progress::Progress,
    room::Room,
    rows::{Held, Seen},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn place(folder: &Path) -> DiskPlace {
    DiskPlace {
        folder: folder.to_owned(),
        bytes: 1 << 30,
    }
}

fn disk(folder: &Path) -> Arc<Disk> {
    Disk::new(&place(folder), 1 << 20).unwrap()
}

fn wanted() -> Wanted {
    Wanted {
        name: "users".into(),
        topic_id: "one".into(),
        by_field: false,
        began: SystemTime::now(),
        extents: BTreeMap::from([(0, (0, 10)), (1, (5, 20))]),
        deletions_last: DAY,
    }
}

fn nexts() -> BTreeMap<i32, i64> {
    BTreeMap::from([(0, 10), (1, 12)])
}

/// A copy with one row, complete as of now.
fn made(disk: &Arc<Disk>) {
    let (mut copy, from) = disk.open(&wanted()).unwrap();
    assert!(from.is_empty());
    copy.put(b"key", b"row");
    copy.publish(nexts(), true).unwrap();
}

fn row(copy: &Copy) -> Option<Vec<u8>> {
    let mut row = None;
    let keys: [Option<&[u8]>; 1] = [Some(b"key")];
    let found = |found: Option<&[u8]>| {
        row = found.map(<[u8]>::to_vec);
        Ok(())
    };
    copy.stored().view().look_up(&keys, found).unwrap();
    row
}

#[test]
fn a_copy_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    made(&disk(folder.path()));
    let disk = disk(folder.path());
    assert!(disk.has("users") && !disk.has("others"));
    let (copy, from) = disk.open(&wanted()).unwrap();
    assert_eq!(from, nexts());
    assert_eq!(row(&copy).as_deref(), Some(b"row".as_slice()));
}

#[test]
fn a_copy_that_may_lack_something_is_thrown_away() {
    type Change = fn(&mut Wanted);
    let changes: [(&str, Change); 5] = [
        ("another topic", |wanted| wanted.topic_id = "two".into()),
        ("deletions may be gone", |wanted| {
            wanted.deletions_last = Duration::ZERO;
        }),
        ("records were deleted unread", |wanted| {
            wanted.extents.insert(1, (13, 20));
        }),
        ("records that it has are gone", |wanted| {
            wanted.extents.insert(0, (0, 9));
        }),
        ("a partition is gone", |wanted| {
            wanted.extents.remove(&1);
        }),
    ];
    for (what, change) in changes {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path());
        made(&disk);
        let mut wanted = wanted();
        change(&mut wanted);
        let (copy, from) = disk.open(&wanted).unwrap();
        assert!(from.is_empty(), "{what}");
        assert_eq!(row(&copy), None, "{what}");
    }
}

#[test]
fn a_table_that_was_on_its_way_to_the_disk_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    let (mut copy, _) = disk.open(&wanted()).unwrap();
    copy.put(b"key", b"row");
    copy.stored
        .store
        .write(&mut copy.changes, &copy.mark)
        .unwrap();
    drop(copy);
    let (copy, from) = disk.open(&wanted()).unwrap();
    assert!(from.is_empty());
    assert_eq!(row(&copy), None);
}

#[test]
fn a_table_that_was_never_complete_is_read_on_for_as_long_as_deletions_last() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    for (began, kept) in [(DAY / 2, true), (2 * DAY, false)] {
        let began = SystemTime::now() - began;
        let (mut copy, _) = disk.open(&Wanted { began, ..wanted() }).unwrap();
        copy.put(b"key", b"row");
        copy.publish(nexts(), false).unwrap();
        drop(copy);
        let (copy, from) = disk.open(&wanted()).unwrap();
        assert_eq!((!from.is_empty(), row(&copy).is_some()), (kept, kept));
        drop(copy);
        disk.delete("users").unwrap();
    }
}

#[test]
fn hosts_that_are_given_the_same_folder_have_places_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (disk(folder.path()), disk(folder.path()));
    assert_ne!(first.folder, second.folder);
    made(&first);
    assert!(!second.has("users"));
    drop(first);
    // The next one takes the first place that is free, and with it what is there.
    assert!(disk(folder.path()).has("users"));
}

#[test]
fn tables_that_take_more_of_the_disk_than_they_may_are_refused_with_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let small = DiskPlace {
        bytes: 1 << 20,
        ..place(folder.path())
    };
    let disk = Disk::new(&small, 1 << 20).unwrap();
    let (mut copy, _) = disk.open(&wanted()).unwrap();
    copy.fits().unwrap();
    for n in 0..2_000_u32 {
        copy.put(&n.to_be_bytes(), &[0; 1000]);
    }
    copy.publish(nexts(), true).unwrap();
    let refused = copy.fits().unwrap_err().to_string();
    for part in ["1.0 MiB", "2000 rows", "--table-disk"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    drop(copy);
    assert_eq!(disk.used.load(Relaxed), 0);
}

#[test]
fn a_copy_that_nobody_wanted_for_a_week_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = {
        let disk = disk(folder.path());
        made(&disk);
        disk.path("users")
    };
    let of_age = |age: Duration| {
        let then = SystemTime::now() - age;
        File::open(&path).unwrap().set_modified(then).unwrap();
    };
    of_age(UNUSED - DAY);
    assert!(disk(folder.path()).has("users"));
    of_age(UNUSED + DAY);
    assert!(!disk(folder.path()).has("users"));
}

fn shared() -> Shared {
    Shared {
        of: Of {
            topic: "users".into(),
            part: None,
            key_field: Some("/id".into()),
        },
        limit: AtomicU64::new(u64::MAX),
        raised: Notify::new(),
        rows: ArcSwap::default(),
        progress: Progress::new(),
    }
}

/// The rows under these ids.
fn rows(shared: &Shared) -> Vec<Option<Vec<u8>>> {
    let ids: Vec<String> = (0..4).map(|id| id.to_string()).collect();
    let keys: Vec<Option<&[u8]>> = ids.iter().map(|id| Some(id.as_bytes())).collect();
    let mut rows = Vec::new();
    let found = |row: Option<&[u8]>| {
        rows.push(row.map(<[u8]>::to_vec));
        Ok(())
    };
    shared.rows.load().now().look_up(&keys, found).unwrap();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Records with few keys, values with few ids, or none; in memory, on the disk, and gone from one to the other half way.
    #[test]
    fn rows_by_a_field_are_those_that_records_made_last_wherever_they_are(
        changes in prop::collection::vec((0..4_u8, prop::option::of(0..5_u8), any::<bool>()), 0..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path());
        let copy = |name: &str| {
            let wanted = Wanted { name: name.into(), ..wanted() };
            disk.open(&wanted).unwrap().0
        };
        let everywhere = [shared(), shared(), shared()];
        let room = Room::new(u64::MAX);
        let mut held = [
            Held::in_memory(&everywhere[0], &room),
            Held::on_disk(&everywhere[1], copy("users")),
            Held::in_memory(&everywhere[2], &room),
        ];
        let mut field = KeyField::new("/id");
        // The id that each record's key made last, and the rows with the key that made each last.
        let mut made = BTreeMap::new();
        let mut model = BTreeMap::new();
        let half = changes.len() / 2;
        for (n, (record, id, publish)) in changes.into_iter().enumerate() {
            // 4 stands for a value without an id.
            let value = id.map(|id| match id {
                4 => format!("no id {n}"),
                id => format!(r#"{{"id": {id}, "n": {n}}}"#),
            });
            let id = id.filter(|id| *id < 4);
            if let Some(before) = made.remove(&record).filter(|before| Some(*before) != id)
                && model.get(&before).is_some_and(|(owner, _)| *owner == record)
            {
                model.remove(&before);
            }
            if let Some(id) = id {
                made.insert(record, id);
                model.insert(id, (record, value.clone().unwrap().into_bytes()));
            }
            for held in &mut held {
                let value = value.as_ref().map(String::as_bytes);
                held.change(Some(&[record]), value, Some(&mut field)).unwrap();
                if publish {
                    prop_assert!(held.publish(|| (nexts(), true)).unwrap());
                }
            }
            if n == half {
                prop_assert!(held[2].publish(|| (nexts(), true)).unwrap());
                let mut moved = copy("moved");
                if let (Seen::Memory(version), Held::Memory { made, .. }) = (everywhere[2].rows.load().now(), &held[2]) {
                    moved.take_over(&version, made, nexts(), true).unwrap();
                }
                held[2] = Held::on_disk(&everywhere[2], moved);
            }
        }
        let wanted: Vec<Option<Vec<u8>>> = (0..4).map(|id| model.get(&id).map(|(_, row)| row.clone())).collect();
        for (held, shared) in held.iter_mut().zip(&everywhere) {
            prop_assert!(held.publish(|| (nexts(), true)).unwrap());
            prop_assert_eq!(&rows(shared), &wanted);
        }
    }
}
