//! A TypeScript or JavaScript project: the command that the SDK's package brings bundles it and makes the component.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::tool;
use crate::output::Complaint;

const MISSING: &str = "install Node.js 20 or later from https://nodejs.org";

pub(super) fn build(folder: &Path, arguments: &[String]) -> Result<PathBuf, Complaint> {
    let component = tool::component(folder)?;
    let command = folder.join("node_modules/.bin/millstream-build");
    let Ok(command) = command.canonicalize() else {
        return Err(Complaint::new(
            command.display().to_string(),
            "is not there: the project's packages are not installed",
        )
        .help(
            "run `npm install` in the project's folder (package.json depends on @millstream/sdk)",
        ));
    };
    tool::run(folder, "node", MISSING, |node| {
        // It would print the path, which is printed anyway.
        node.arg(command)
            .arg("-o")
            .arg(&component)
            .args(arguments)
            .stdout(Stdio::null());
    })?;
    Ok(component)
}
