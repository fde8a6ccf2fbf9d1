//! `millstream build`: a project's component, through its language's own tools. What is missing on this machine is said with the
//! command that installs it.

mod c;
mod go;
mod javascript;
mod python;
mod rust;
mod tool;

use std::io::Read;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use sha2::{Digest, Sha256};

use super::language::Language;
use crate::output::{self, Complaint};

/// Build the component of the transform in this folder
///
/// Runs what its language builds with (cargo, go, npm's millstream-build, Python's componentize-py, cmake) and prints the component's
/// path, size and digest.
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
    /// Further arguments for the language's own tool
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut module = build(&args.path, &args.arguments)?;
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

/// Builds the component of the project in `folder`, in whatever language it is; answers its path.
pub(crate) fn build(folder: &Path, arguments: &[String]) -> Result<PathBuf, Complaint> {
    match Language::of(folder) {
        Some(Language::Rust) => rust::build(folder, arguments),
        Some(Language::Go) => go::build(folder, arguments),
        Some(Language::TypeScript) => javascript::build(folder, arguments),
        Some(Language::Python) => python::build(folder, arguments),
        Some(Language::C | Language::Cpp) => c::build(folder, arguments),
        None => {
            let mut files = Language::ALL.map(Language::file).to_vec();
            files.dedup();
            let why = format!(
                "there is no project of a transform: none of {}",
                files.join(", ")
            );
            Err(Complaint::new(folder.display().to_string(), why).help(
                "run this in a transform's folder, name it with --path, or start one with `millstream new NAME`",
            ))
        }
    }
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
    fn a_folder_without_a_project_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let complaint = build(folder.path(), &[]).unwrap_err();
        assert!(
            complaint.to_string().ends_with(
                "none of Cargo.toml, go.mod, package.json, pyproject.toml, CMakeLists.txt"
            ),
            "{complaint}"
        );
    }
}
