//! A Python project: the SDK's own builder runs componentize-py, in the project's virtual environment if it has one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::tool;
use crate::output::Complaint;

const MISSING: &str = "install Python 3.11 or later from https://www.python.org";
const NO_SDK: &str =
    "in the project's folder run `python3 -m venv .venv && .venv/bin/pip install -e '.[dev]'`";

pub(super) fn build(folder: &Path, arguments: &[String]) -> Result<PathBuf, Complaint> {
    let component = tool::component(folder)?;
    let python = python(folder);
    let mut look = Command::new(&python);
    look.current_dir(folder)
        .args(["-P", "-c", "import millstream, componentize_py"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Where there is no Python at all, running it says so.
    if look.status().is_ok_and(|status| !status.success()) {
        return Err(Complaint::new(
            python.display().to_string(),
            "does not have the packages millstream-sdk and componentize-py",
        )
        .help(NO_SDK));
    }
    tool::run(folder, &python, MISSING, |python| {
        python
            .args(["-P", "-m", "millstream", "build", "-o"])
            .arg(&component)
            .args(arguments)
            // It would print the path, which is printed anyway.
            .stdout(Stdio::null());
    })?;
    Ok(component)
}

/// The interpreter of the project's own environment, of the one that is active, or of the system.
fn python(folder: &Path) -> PathBuf {
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let own = folder.join(".venv").canonicalize().ok();
    own.into_iter()
        .chain(active)
        .map(|environment| environment.join("bin/python"))
        .find(|python| python.is_file())
        .unwrap_or_else(|| PathBuf::from("python3"))
}
