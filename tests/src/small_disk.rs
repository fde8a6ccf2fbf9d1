//! File systems that are soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command in whose file system a small one lies over the folder; see [`small_disk`].
#[derive(Clone, Debug)]
pub struct SmallDisk {
    /// Runs the command that is appended to it.
    pub within: Vec<String>,
    ballast: PathBuf,
}

/// A file system of `kib` KiB over this folder, of which a file takes `ballast` KiB. `None`: this user may not have that, not
/// even in a namespace.
#[must_use]
pub fn small_disk(folder: &Path, kib: u32, ballast: u32) -> Option<SmallDisk> {
    let file = folder.join("ballast");
    let mount = format!(
        "mount -t tmpfs -o size={kib}k,mode=700 small '{}' && head -c {ballast}K /dev/zero > '{}' && exec \"$@\"",
        folder.display(),
        file.display()
    );
    // As root at once, otherwise as root of a namespace of one's own.
    let ways = [&["unshare", "-m"][..], &["unshare", "-rm"]];
    ways.into_iter().find_map(|way| {
        let words = [way, &["sh", "-c", &mount, "sh"]].concat();
        let tried = Command::new(words[0])
            .args(&words[1..])
            .arg("true")
            .output();
        let works = tried.is_ok_and(|tried| tried.status.success());
        works.then(|| SmallDisk {
            within: words.into_iter().map(str::to_owned).collect(),
            ballast: file.clone(),
        })
    })
}

impl SmallDisk {
    /// Makes room, as the process with this number sees it.
    ///
    /// # Panics
    /// If that cannot be done.
    #[track_caller]
    pub fn make_room(&self, process: u32) {
        let root = PathBuf::from(format!("/proc/{process}/root"));
        let ballast = self.ballast.strip_prefix("/").expect("an absolute path");
        std::fs::remove_file(root.join(ballast)).expect("the ballast goes");
    }
}
