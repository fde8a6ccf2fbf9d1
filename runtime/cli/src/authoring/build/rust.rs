//! A Rust project, through `cargo build --release --target wasm32-wasip2`.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::output::Complaint;

const TARGET: &str = "wasm32-wasip2";

/// Builds the component of the crate in `folder`; answers its path.
pub(super) fn build(folder: &Path, cargo_arguments: &[String]) -> Result<PathBuf, Complaint> {
    check_tools(folder)?;
    let mut cargo = cargo(folder)
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ])
        .args(cargo_arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| no_cargo(&error))?;
    let mut modules = Vec::new();
    if let Some(messages) = cargo.stdout.take() {
        for line in BufReader::new(messages).lines() {
            let Ok(line) = line else { break };
            modules.extend(component_in(&line));
        }
    }
    let status = cargo
        .wait()
        .map_err(|error| Complaint::new("cargo", format!("cannot be waited for: {error}")))?;
    if !status.success() {
        return Err(
            Complaint::new("cargo build", "failed: its messages are above")
                .help("correct what it says, then run `millstream build` again"),
        );
    }
    match modules.as_slice() {
        [module] => Ok(module.clone()),
        [] => Err(Complaint::new(
            folder.join("Cargo.toml").display().to_string(),
            "builds no component",
        )
        .help("add to it:\n[lib]\ncrate-type = [\"cdylib\"]")),
        _ => Err(Complaint::new(
            folder.join("Cargo.toml").display().to_string(),
            "builds several components",
        )
        .help("choose one: `millstream build -- --package NAME`")),
    }
}

/// The component that one of cargo's messages says was built.
fn component_in(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let is_cdylib = message["target"]["crate_types"]
        .as_array()?
        .iter()
        .any(|kind| kind == "cdylib");
    let mut files = message["filenames"]
        .as_array()?
        .iter()
        .filter_map(|file| file.as_str());
    let module = files.find(|file| file.ends_with(".wasm"))?;
    is_cdylib.then(|| PathBuf::from(module))
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(folder).stdin(Stdio::null());
    cargo
}

fn no_cargo(error: &io::Error) -> Complaint {
    if error.kind() == io::ErrorKind::NotFound {
        Complaint::new("cargo", "is not installed, or not on the PATH").help(format!(
            "install Rust from https://rustup.rs, then run `rustup target add {TARGET}`"
        ))
    } else {
        Complaint::new("cargo", format!("cannot be run: {error}"))
            .help("run `cargo --version` to see what is wrong")
    }
}

/// Whether cargo is there, and the target's libraries: rustc alone would say "can't find crate for `core`".
fn check_tools(folder: &Path) -> Result<(), Complaint> {
    let version = cargo(folder)
        .arg("--version")
        .output()
        .map_err(|error| no_cargo(&error))?;
    if !version.status.success() {
        return Err(
            Complaint::new("cargo", String::from_utf8_lossy(&version.stderr).trim())
                .help("run `cargo --version` in this folder to see what is wrong"),
        );
    }
    let libraries = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(folder)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let Ok(libraries) = libraries else {
        // Cargo finds the compiler in more ways than this; it will say what it misses.
        return Ok(());
    };
    let path = String::from_utf8_lossy(&libraries.stdout).trim().to_owned();
    if !libraries.status.success() || !Path::new(&path).is_dir() {
        return Err(Complaint::new(TARGET, "Rust's target for components is not installed").help(format!(
            "run `rustup target add {TARGET}` in this folder (without rustup: install your distribution's package of the \
             Rust standard library for {TARGET})"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_told_apart_from_what_else_cargo_builds() {
        let message = |kind: &str, file: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"crate_types":["{kind}"]}},"filenames":["/t/{file}"]}}"#
            )
        };
        assert_eq!(
            component_in(&message("cdylib", "a.wasm")),
            Some(PathBuf::from("/t/a.wasm"))
        );
        assert_eq!(component_in(&message("lib", "liba.rlib")), None);
        assert_eq!(
            component_in(r#"{"reason":"build-finished","success":true}"#),
            None
        );
        assert_eq!(component_in("warning: not JSON"), None);
    }
}
