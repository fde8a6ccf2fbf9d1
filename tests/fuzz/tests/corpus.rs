//! What fuzzing has found worth keeping, and some thousand mutations of it, through the same functions. Without instrumentation
//! this finds nothing deep; it keeps what was found from coming back, and the functions themselves in working order.

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

#[path = "../../../runtime/engine/tests/common/hostile.rs"]
mod hostile;

use millstream_engine::{Output, OutputBuilder};
use millstream_fuzz::{TARGETS, Target, plan};

/// Mutations of each corpus. They are the same in every run.
const MUTATIONS: u64 = 10_000;
/// No corpus is for keeping everything.
const CORPORA_LIMIT: u64 = 1 << 20;

macro_rules! targets {
    ($($name:ident)+) => {$(
        #[test]
        fn $name() {
            run(stringify!($name));
        }
    )+};
}

targets! { extract http letters logs manifest plan upload }

fn run(name: &str) {
    let target = TARGETS.into_iter().find(|(target, _)| *target == name);
    let target = target.expect("a target");
    let corpus: Vec<Vec<u8>> = files(&folder(name))
        .iter()
        .map(|path| fs::read(path).expect("a file of the corpus"))
        .collect();
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for input in &corpus {
        try_one(target, input);
    }
    let mut dice = Dice(
        name.bytes()
            .fold(0, |seed, byte| seed * 31 + u64::from(byte)),
    );
    for _ in 0..MUTATIONS {
        try_one(target, &mutated(&corpus, &mut dice));
    }
}

fn try_one((name, run): Target, input: &[u8]) {
    if catch_unwind(|| run(input)).is_ok() {
        return;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{name}"));
    fs::write(&path, input).expect("a file for the input");
    panic!(
        "{name} failed with the input in {}: put it into tests/fuzz/corpus/{name} once it is mended",
        path.display()
    );
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

#[test]
fn corpora_are_small_and_each_is_some_targets() {
    let mut size = 0;
    for folder in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")) {
        let name = folder.file_name().and_then(|name| name.to_str());
        assert!(
            TARGETS.iter().any(|(target, _)| Some(*target) == name),
            "{} is no target's",
            folder.display()
        );
        let sizes = files(&folder)
            .into_iter()
            .map(|file| fs::metadata(file).expect("a file of the corpus").len());
        size += sizes.sum::<u64>();
    }
    assert!(
        size < CORPORA_LIMIT,
        "{size} bytes: run scripts/fuzz.sh minimise"
    );
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }
}

fn mutated(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(16)).min(bytes.len());
        match dice.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"'][dice.below(6)],
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => {
                let again = bytes[at.min(end)..end].to_vec();
                bytes.splice(end..end, again);
            }
            4 => bytes.truncate(at),
            _ => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len());
                let to = (from + dice.below(40)).min(other.len());
                bytes.splice(at.min(end)..at.min(end), other[from..to].iter().copied());
            }
        }
    }
    bytes
}

/// Seeds that are no text: run it to write them anew after their form has changed.
#[test]
#[ignore = "writes into the corpus"]
fn write_seeds() {
    let write = |target: &str, name: &str, bytes: &[u8]| {
        fs::write(folder(target).join(name), bytes).expect("a file of the corpus");
    };
    let mut output = OutputBuilder::new();
    write("plan", "nothing", &plan::written(3, &output.finish()));
    write("plan", "default", &plan::written(5, &Output::default()));
    output
        .emit(2, 1)
        .key(None)
        .value(Some(b"new"))
        .timestamp(-1);
    output.emit(0, 0).key(Some(b"k")).partition(3);
    output
        .emit(0, 2)
        .headers(&[("a", None), ("b\u{e9}", Some(b"v"))]);
    output
        .emit(3, 2)
        .add_headers(&[("c", Some(b""))])
        .value(None);
    output
        .reject(1, "bad-row", "because")
        .reject(4, "x", "\u{e9}");
    let mut full = output.finish();
    write("plan", "full", &plan::written(5, &full));
    full.rows = None;
    for patch in [&mut full.keys, &mut full.values].into_iter().flatten() {
        patch.at = None;
    }
    write("plan", "dense", &plan::written(5, &full));

    let guest = hostile::Hostile::default().component();
    write("upload", "guest", &guest);
    let exports: String = (0..40)
        .map(|n| format!("(export \"{}{n}\" (instance $i))", "a".repeat(300)))
        .collect();
    let long = "b".repeat(2000);
    for (name, text) in [
        ("empty", "(component)".to_owned()),
        ("module", "(module (func (export \"a\")))".to_owned()),
        (
            "nested",
            "(component (component (core module (func))) (core module))".to_owned(),
        ),
        (
            "many-exports",
            format!("(component (instance $i) {exports})"),
        ),
        (
            "long-import",
            format!("(component (import \"{long}\" (func)))"),
        ),
        (
            "other-version",
            "(component (instance $i) (export \"millstream:transform/guest@0.2.0\" (instance $i)))"
                .to_owned(),
        ),
        (
            "imports",
            "(component (import \"wasi:io/poll@0.2.6\" (instance)) \
             (import \"millstream:transform/log@0.1.0\" (instance)) \
             (import \"wasi:http/types@0.2.0\" (instance)))"
                .to_owned(),
        ),
    ] {
        write(
            "upload",
            name,
            &wat::parse_str(text).expect("WebAssembly text"),
        );
    }
    write("upload", "text", b"(component)");
}
