//! The module's bytes.

use std::io::ErrorKind;
use std::path::Path;

use crate::api::MODULE_LIMIT;
use crate::output::{Complaint, escape};

/// Reads a module: its file's name and its bytes. Whether it is a component is the host's to say.
///
/// # Errors
/// It is not there, cannot be read, is empty or too large for any host.
pub(super) fn read(path: &Path) -> anyhow::Result<(String, bytes::Bytes)> {
    let shown = escape(&path.to_string_lossy()).into_owned();
    let build = "build it first: `millstream build` says where it puts the component";
    let complain = |reason: String| Complaint::new(&shown, reason).help(build);
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => complain("there is no such file".to_owned()),
        _ => complain(format!("cannot be read: {error}")),
    })?;
    if !metadata.is_file() {
        return Err(complain("is not a file".to_owned()).into());
    }
    if metadata.len() > MODULE_LIMIT as u64 {
        let (size, limit) = (
            bytesize::ByteSize(metadata.len()),
            bytesize::ByteSize(MODULE_LIMIT as u64),
        );
        return Err(Complaint::new(
            &shown,
            format!("is too large: {size}, and a host takes up to {limit}"),
        )
        .help("strip debug information from it: `wasm-tools strip`, or a release build")
        .into());
    }
    let bytes =
        std::fs::read(path).map_err(|error| complain(format!("cannot be read: {error}")))?;
    if bytes.is_empty() {
        return Err(complain("is empty".to_owned()).into());
    }
    let name = path.file_name().map_or_else(
        || "module.wasm".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    Ok((name, bytes.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_is_named_with_the_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = folder.path().join("empty.wasm");
        std::fs::write(&empty, b"").expect("written");
        let large = folder.path().join("large.wasm");
        std::fs::File::create(&large)
            .and_then(|file| file.set_len(MODULE_LIMIT as u64 + 1))
            .expect("written");
        for (path, reason) in [
            (folder.path().join("none.wasm"), "there is no such file"),
            (folder.path().to_owned(), "is not a file"),
            (empty, "is empty"),
            (large, "is too large"),
        ] {
            let error = read(&path).expect_err(reason).to_string();
            assert!(
                error.starts_with(&path.display().to_string()) && error.contains(reason),
                "{error}"
            );
        }
    }
}
