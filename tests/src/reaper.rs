//! A shell process beside the tests that outlives them by a moment: when this process ends, however it ends, the pipe to
//! the shell closes, and the shell kills what was left running and removes what was left lying about.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex};

const SCRIPT: &str = r#"
    trap '' INT TERM HUP
    left=
    while IFS= read -r line; do
        case $line in
            +*) left="$left
${line#+}" ;;
            -*) left=$(printf '%s\n' "$left" | grep -vxF -e "${line#-}") ;;
        esac
    done
    printf '%s\n' "$left" | while read -r what name; do
        [ "$what" != kill ] || kill -9 "$name" 2>/dev/null
    done
    printf '%s\n' "$left" | while read -r what name; do
        [ "$what" != remove ] || rm -rf "$name"
    done
"#;

static REAPER: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
    // It ends after this process, so nothing here can wait for it.
    #[allow(clippy::zombie_processes)]
    // A group of its own: what kills the group of the tests must not kill what cleans up after them.
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("start sh");
    Mutex::new(shell.stdin.take().expect("the pipe to sh"))
});

fn tell(line: &str) {
    let mut pipe = REAPER
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    writeln!(pipe, "{line}").expect("the reaper is gone");
}

/// Kill process `pid` when this process ends.
pub fn kill_at_end(pid: u32) {
    tell(&format!("+kill {pid}"));
}

/// Process `pid` has ended and been waited for.
pub fn spare(pid: u32) {
    tell(&format!("-kill {pid}"));
}

/// A folder that is gone when the value is dropped, or this process ends.
#[derive(Debug)]
pub struct TempDir(tempfile::TempDir);

impl TempDir {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("millstream-test-")
            .tempdir()
            .expect("a temporary folder");
        tell(&format!("+remove {}", dir.path().display()));
        Self(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file in it, and returns its path.
    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.0.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("make the folder");
        }
        std::fs::write(&path, contents).expect("write a file");
        path
    }
}

impl Default for TempDir {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // The folder itself goes when the field is dropped; the path will not be used for another one.
        tell(&format!("-remove {}", self.0.path().display()));
    }
}
