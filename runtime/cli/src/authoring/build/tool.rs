//! Tools of other languages: run, and asked for where they are missing.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::output::Complaint;

/// Runs a tool in the project's folder; what it says goes to the person. `missing` is what to do where there is no such tool.
pub(super) fn run(
    folder: &Path,
    program: impl AsRef<OsStr>,
    missing: &str,
    set: impl FnOnce(&mut Command),
) -> Result<(), Complaint> {
    let program = program.as_ref();
    let name = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    set(&mut command);
    let status = command.status().map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            Complaint::new(&name, "is not installed, or not on the PATH").help(missing)
        } else {
            Complaint::new(&name, format!("cannot be run: {error}")).help(missing)
        }
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Complaint::new(name, "failed: its messages are above")
        .help("correct what it says, then run `millstream build` again"))
}

/// Where the project's component goes: where its manifest looks for it.
pub(super) fn component(folder: &Path) -> Result<PathBuf, Complaint> {
    let path = folder.join("millstream.toml");
    let complaint = |why: String| {
        Complaint::new(path.display().to_string(), why).help(
            "say where the component goes, and is deployed from: module = \"build/transform.wasm\"",
        )
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return made(folder.join("build/transform.wasm"));
        }
        Err(error) => return Err(complaint(format!("cannot be read: {error}"))),
    };
    let manifest: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| complaint(error.to_string()))?;
    match manifest.get("module").and_then(toml::Value::as_str) {
        Some(module) => made(folder.join(module)),
        None => Err(complaint("it names no `module`".to_owned())),
    }
}

/// The absolute path of a file whose folder is made.
fn made(file: PathBuf) -> Result<PathBuf, Complaint> {
    let made = || {
        let parent = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        Ok(parent
            .canonicalize()?
            .join(file.file_name().unwrap_or_default()))
    };
    made().map_err(|error: io::Error| {
        Complaint::new(
            file.display().to_string(),
            format!("has no folder: {error}"),
        )
    })
}

/// Makes the component of a core module that another tool has built.
pub(super) fn componentize(core: &Path, component: &Path) -> Result<(), Complaint> {
    let name = core.display().to_string();
    let bytes = fs::read(core).map_err(|error| {
        Complaint::new(&name, format!("was not built: {error}"))
            .help("the messages above say what was built instead")
    })?;
    let made = crate::authoring::componentize::encode(&bytes).map_err(|error| {
        Complaint::new(&name, format!("is no transform: {error:#}"))
            .help("use the Millstream SDK of its language in the version of this program")
    })?;
    fs::write(component, made).map_err(|error| {
        Complaint::new(
            component.display().to_string(),
            format!("cannot be written: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_goes_where_the_manifest_looks_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("it is there");
        let component = || component(&path);
        assert_eq!(
            component().expect("a path"),
            path.join("build/transform.wasm")
        );
        let manifest = path.join("millstream.toml");
        fs::write(&manifest, "module = \"out/x.wasm\"").expect("it can be written");
        assert_eq!(component().expect("a path"), path.join("out/x.wasm"));
        fs::write(&manifest, "name = \"x\"").expect("it can be written");
        assert!(
            component()
                .expect_err("it names none")
                .to_string()
                .contains("`module`")
        );
    }

    #[test]
    fn a_missing_tool_is_asked_for_and_a_failing_one_is_named() {
        let here = Path::new(".");
        let missing = run(here, "no-such-tool", "install it", |_| {}).expect_err("it is missing");
        assert!(
            missing
                .to_string()
                .contains("no-such-tool: is not installed")
        );
        let failed = run(here, "false", "install it", |_| {}).expect_err("it fails");
        assert!(failed.to_string().starts_with("false: failed"), "{failed}");
    }
}
