//! Where the guests' components are: `make test` (or `scripts/test.sh guests`) builds them.

use std::path::{Path, PathBuf};

/// The folder that cargo builds into: these tests lie in it themselves.
pub fn target_dir() -> PathBuf {
    let profile = profile_dir();
    profile.parent().expect("the folder above debug").to_owned()
}

/// The folder in it of the profile that this program was built with.
pub(crate) fn profile_dir() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    this.ancestors()
        .find(|path| path.join(".fingerprint").exists())
        .expect("a cargo target folder")
        .to_owned()
}

/// The component of a guest: an example (`route`) or one of tests/guests (`probe`).
pub fn guest(name: &str) -> PathBuf {
    let path = target_dir()
        .join("wasm32-wasip2/release")
        .join(format!("{}.wasm", name.replace('-', "_")));
    assert!(
        path.exists(),
        "{} is not built: run `scripts/test.sh guests` first",
        path.display()
    );
    path
}

/// The root of the source tree.
pub fn source_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the folder above tests")
}
