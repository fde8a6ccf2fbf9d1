//! `millstream build`: a project's component, through cargo. What is missing on this machine is said with the command that
//! installs it.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytesize::ByteSize;
use sha2::{Digest, Sha256};

use crate::output::{self, Complaint};

const TARGET: &str = "wasm32-wasip2";

/// Build the component of the transform in this folder
///
/// Runs `cargo build --release --target wasm32-wasip2` and prints the component's path, size and digest.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream build\n  millstream build --path guest-examples/rust/route -o route.wasm"
)]
pub(crate) struct Args {
    /// The project's folder
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    path: PathBuf,
    /// Copy the component to this file as well
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Further arguments for cargo
    #[arg(last = true, value_name = "CARGO ARGUMENTS")]
    cargo: Vec<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut module = build(&args.path, &args.cargo)?;
    if let Some(out) = args.out {
        std::fs::copy(&module, &out).map_err(|error| {
            Complaint::new(
                out.display().to_string(),
                format!("cannot be written: {error}"),
            )
            .help("name a file in a folder that you can write to")
        })?;
        module = out;
    }
    let (size, digest) = measure(&module)?;
    let style = output::style::stdout();
    output::line(format_args!(
        "{} {}",
        style.green("built"),
        shorten(&module).display()
    ));
    output::line(format_args!(
        "      {}, sha256 {digest}",
        ByteSize(size).display().iec()
    ));
    Ok(())
}

/// Builds the component of the project in `folder`; answers its path.
pub(super) fn build(folder: &Path, cargo_arguments: &[String]) -> Result<PathBuf, Complaint> {
    if !folder.join("Cargo.toml").is_file() {
        return Err(Complaint::new(folder.display().to_string(), "there is no Cargo.toml: this is no Rust transform")
            .help("run this in a transform's folder, name it with --path, or start one with `millstream new NAME`"));
    }
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

/// Size in bytes and SHA-256, as the host shows it.
fn measure(module: &Path) -> Result<(u64, String), Complaint> {
    let mut bytes = Vec::new();
    std::fs::File::open(module)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| {
            Complaint::new(
                module.display().to_string(),
                format!("cannot be read: {error}"),
            )
        })?;
    let digest = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((bytes.len() as u64, digest))
}

/// Relative to this folder where it is below it.
fn shorten(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match (here, path.canonicalize()) {
        (Ok(here), Ok(path)) => path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path),
        _ => path.to_owned(),
    }
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

    #[test]
    fn a_folder_without_a_project_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let complaint = build(folder.path(), &[]).unwrap_err();
        assert!(
            complaint
                .to_string()
                .ends_with("there is no Cargo.toml: this is no Rust transform")
        );
    }
}
