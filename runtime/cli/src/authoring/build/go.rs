//! A Go project: the standard compiler's core module, made into a component.

use std::path::{Path, PathBuf};

use super::tool;
use crate::output::Complaint;

const MISSING: &str = "install Go 1.24 or later from https://go.dev/dl";

pub(super) fn build(folder: &Path, arguments: &[String]) -> Result<PathBuf, Complaint> {
    let component = tool::component(folder)?;
    let core = component.with_extension("core.wasm");
    tool::run(folder, "go", MISSING, |go| {
        go.env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            .args(["build", "-buildmode=c-shared", "-ldflags=-s -w", "-o"])
            .arg(&core)
            .args(arguments);
    })?;
    tool::componentize(&core, &component)?;
    Ok(component)
}
