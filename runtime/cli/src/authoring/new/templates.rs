//! The files of a new project in each language, and where they come from. `{{name}}` is the transform's name, `{{crate}}` the same as
//! an identifier, `{{sdk}}` the dependency on the SDK.

/// Files by their path in the project.
pub(super) type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($language:literal: $($path:literal = $file:literal),+ $(,)?) => {
        &[
            $(($path, include_str!(concat!($language, "/", $file, ".in"))),)+
            // What every project has.
            (".gitignore", include_str!(concat!($language, "/gitignore.in"))),
            ("README.md", include_str!(concat!($language, "/README.md.in"))),
            ("millstream.toml", include_str!(concat!($language, "/millstream.toml.in"))),
            ("cases/by-age/input.jsonl", include_str!("cases/input.jsonl.in")),
            ("cases/by-age/expected.jsonl", include_str!("cases/expected.jsonl.in")),
            ("cases/by-age/settings.toml", include_str!("cases/settings.toml.in")),
        ]
    };
}

pub(super) const RUST: Files = files!(
    "rust":
    "Cargo.toml" = "Cargo.toml",
    "src/lib.rs" = "lib.rs",
);
pub(super) const GO: Files = files!(
    "go":
    "go.mod" = "go.mod",
    "main.go" = "main.go",
    "main_test.go" = "main_test.go",
);
pub(super) const JAVASCRIPT: Files = files!(
    "javascript":
    "package.json" = "package.json",
    "tsconfig.json" = "tsconfig.json",
    "src/index.ts" = "index.ts",
    "src/index.test.ts" = "index.test.ts",
);
pub(super) const PYTHON: Files = files!(
    "python":
    "pyproject.toml" = "pyproject.toml",
    "{{crate}}.py" = "transform.py",
    "test_{{crate}}.py" = "test_transform.py",
);
pub(super) const C: Files = files!(
    "c":
    "CMakeLists.txt" = "CMakeLists.txt",
    "CMakePresets.json" = "CMakePresets.json",
    "src/transform.c" = "transform.c",
    "tests/transform_test.c" = "transform_test.c",
);
pub(super) const CPP: Files = files!(
    "cpp":
    "CMakeLists.txt" = "CMakeLists.txt",
    "CMakePresets.json" = "CMakePresets.json",
    "src/transform.cpp" = "transform.cpp",
    "tests/transform_test.cpp" = "transform_test.cpp",
);
