//! Writes the list of the conformance vectors, so that a new file in their folder is in the next build.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let folder = root.join("../../tests/conformance/vectors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path.canonicalize()?);
        }
    }
    files.sort();
    let lines: String = files.iter().map(|file| line(file)).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("vectors.rs"), format!("&[\n{lines}]\n"))
}

fn line(file: &Path) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    format!(
        "    ({name:?}, include_str!({:?})),\n",
        file.display().to_string()
    )
}
