//! A Go project: the standard compiler's core module, made into a component.

use std::path::{Path, PathBuf};

use super::tool;
use crate::output::Complaint;

const MISSING: &str = "install Go 1.26 or later from https://go.dev/dl";

pub(super) fn build(folder: &Path, arguments: &[String]) -> Result<PathBuf, Complaint> {
    let component = tool::component(folder)?;
    let core = component.with_extension("core.wasm");
    tool::run(folder, "go", MISSING, |go| {
        go.env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            // Paths of this machine stay out; names of functions stay in, for the backtraces of traps.
            .args([
                "build",
                "-trimpath",
                "-buildvcs=false",
                "-buildmode=c-shared",
                "-o",
            ])
            .arg(&core)
            .args(arguments);
    })?;
    tool::componentize(&core, &component)?;
    Ok(component)
}
