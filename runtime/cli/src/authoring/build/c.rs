//! A C or C++ project: CMake with the preset `wasm`, whose core module is made into a component.

use std::path::{Path, PathBuf};

use super::tool;
use crate::output::Complaint;

const MISSING: &str = "install CMake 3.21 or later (apt install cmake, brew install cmake)";

pub(super) fn build(folder: &Path, arguments: &[String]) -> Result<PathBuf, Complaint> {
    let component = tool::component(folder)?;
    let presets = folder.join("CMakePresets.json");
    if !presets.is_file() {
        return Err(Complaint::new(
            presets.display().to_string(),
            "is not there: the preset `wasm` says how WebAssembly is compiled",
        )
        .help("`millstream new --lang c NAME` shows what it looks like"));
    }
    tool::run(folder, "cmake", MISSING, |cmake| {
        cmake.args(["--preset", "wasm"]).args(arguments);
    })?;
    tool::run(folder, "cmake", MISSING, |cmake| {
        cmake.args(["--build", "--preset", "wasm"]);
    })?;
    let name = component.file_name().unwrap_or_default();
    let core = folder.join("build/wasm").join(name);
    tool::componentize(&core, &component)?;
    Ok(component)
}
