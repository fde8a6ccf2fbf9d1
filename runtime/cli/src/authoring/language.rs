//! The languages that transforms are written in.

use std::path::Path;

/// A language with an SDK. TypeScript and JavaScript are one, as C and C++ are where a project is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Go,
    TypeScript,
    Python,
    C,
    Cpp,
}

impl Language {
    pub(super) const ALL: [Language; 6] = [
        Language::Rust,
        Language::Go,
        Language::TypeScript,
        Language::Python,
        Language::C,
        Language::Cpp,
    ];

    /// The names that people call it by, ours first.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Language::Rust => &["rust", "rs"],
            Language::Go => &["go", "golang"],
            Language::TypeScript => &["typescript", "ts", "javascript", "js"],
            Language::Python => &["python", "py"],
            Language::C => &["c"],
            Language::Cpp => &["cpp", "c++", "cxx"],
        }
    }

    pub(super) fn named(name: &str) -> Option<Language> {
        let name = name.to_ascii_lowercase();
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.names().contains(&name.as_str()))
    }

    /// The folder of its SDK in a checkout.
    pub(super) fn sdk(self) -> &'static str {
        match self {
            Language::Rust => "sdk/rust",
            Language::Go => "sdk/go",
            Language::TypeScript => "sdk/javascript",
            Language::Python => "sdk/python",
            Language::C | Language::Cpp => "sdk/c",
        }
    }

    /// The file that every project of the language has.
    pub(super) fn file(self) -> &'static str {
        match self {
            Language::Rust => "Cargo.toml",
            Language::Go => "go.mod",
            Language::TypeScript => "package.json",
            Language::Python => "pyproject.toml",
            Language::C | Language::Cpp => "CMakeLists.txt",
        }
    }

    /// What the project in this folder is written in; a C++ one counts as C.
    pub(super) fn of(folder: &Path) -> Option<Language> {
        let mut all = Self::ALL.into_iter();
        all.find(|language| folder.join(language.file()).is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_says_its_language_by_its_files() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().expect("a folder");
            assert_eq!(Language::of(folder.path()), None);
            std::fs::write(folder.path().join(language.file()), "").expect("it can be written");
            let found = Language::of(folder.path()).expect("it has one");
            assert_eq!(found.file(), language.file());
        }
    }

    #[test]
    fn a_language_is_known_by_all_its_names() {
        assert_eq!(Language::named("JS"), Some(Language::TypeScript));
        assert_eq!(Language::named("c++"), Some(Language::Cpp));
        assert_eq!(Language::named("cobol"), None);
    }
}
