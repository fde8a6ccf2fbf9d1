//! `millstream new`: a project that builds, tests and deploys as it is. Writes all of it or nothing.

mod templates;

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args as ClapArgs;
use millstream_host::names;

use super::language::Language;
use crate::output::{self, Complaint};
use templates::Files;

/// Start a transform: a project that builds, tests and deploys as it is
#[derive(ClapArgs, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream new --lang rust route-swipes\n  millstream new --lang typescript route-swipes"
)]
pub(crate) struct Args {
    /// Name of the transform, and of the folder that is made
    name: String,
    /// Language to write it in: rust, go, typescript, python, c or cpp
    #[arg(long, default_value = "rust")]
    lang: String,
    /// Where a checkout of Millstream has the language's SDK (sdk/rust, sdk/go, …), instead of the released one
    #[arg(long, value_name = "PATH")]
    sdk_path: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let language = language(&args.lang)?;
    check_name(&args.name, language)?;
    let sdk = sdk(language, args.sdk_path.as_deref())?;
    let folder = PathBuf::from(&args.name);
    match fs::create_dir(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Complaint::new(&args.name, "is already there")
                .help("choose another name, or move it away first")
                .into());
        }
        Err(error) => {
            return Err(
                Complaint::new(&args.name, format!("cannot be made: {error}"))
                    .help("run this in a folder that you can write to")
                    .into(),
            );
        }
    }
    if let Err(error) = write(&folder, files(language), &args.name, &sdk) {
        // The folder is new and ours: half of a project helps nobody.
        let _ = fs::remove_dir_all(&folder);
        return Err(Complaint::new(&args.name, format!("cannot be written: {error}")).into());
    }
    let style = output::style::stdout();
    output::line(format_args!("{} {}/", style.green("created"), args.name));
    output::line(format_args!("\nNext:\n  cd {}", args.name));
    for (command, what) in next(language, &args.name) {
        output::line(format_args!("  {command:<20} {what}"));
    }
    Ok(())
}

/// The commands to go on with, and what for.
fn next(language: Language, name: &str) -> impl Iterator<Item = (String, &'static str)> {
    let steps = steps(language).iter().chain(STEPS);
    steps.map(move |(command, what)| (command.replace("NAME", name), *what))
}

/// What to do with a new project called NAME, in any language.
const STEPS: &[(&str, &str)] = &[
    ("millstream build", "the component"),
    ("millstream test", "its cases, through the component"),
    ("millstream topic create NAME.in", ""),
    ("millstream deploy -f millstream.toml --create-topics", ""),
];

/// What comes first in this language.
fn steps(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Rust => &[("cargo test", "its unit tests")],
        Language::Go => &[
            ("go mod tidy", "once: fetches the SDK"),
            ("go test", "its unit tests"),
        ],
        Language::TypeScript => &[
            ("npm install", "the SDK, and what builds"),
            ("npm test", "its unit tests"),
        ],
        Language::Python => &[
            ("python3 -m venv .venv", ""),
            (".venv/bin/pip install -e '.[dev]'", ""),
            (".venv/bin/pytest", "its unit tests"),
        ],
        Language::C | Language::Cpp => &[
            ("python3 -m venv .venv", ""),
            (
                ".venv/bin/pip install ziglang==0.17.1",
                "a compiler for WebAssembly",
            ),
            ("cmake --preset native && cmake --build --preset native", ""),
            ("ctest --preset native", "its unit tests"),
        ],
    }
}

fn files(language: Language) -> Files {
    match language {
        Language::Rust => templates::RUST,
        Language::Go => templates::GO,
        Language::TypeScript => templates::JAVASCRIPT,
        Language::Python => templates::PYTHON,
        Language::C => templates::C,
        Language::Cpp => templates::CPP,
    }
}

fn language(name: &str) -> Result<Language, Complaint> {
    Language::named(name).ok_or_else(|| {
        let known = Language::ALL.map(|language| language.names()[0]);
        Complaint::new(format!("--lang {}", output::escape(name)), "is not known")
            .help(format!(
                "use one of {}, or build a component against wit/transform.wit with your language's own tools: \
                 docs/sdk-authors.md says how",
                known.join(", ")
            ))
            .usage()
    })
}

fn check_name(name: &str, language: Language) -> Result<(), Complaint> {
    let complaint = |reason: String| {
        Complaint::new(output::escape(name), reason)
            .help("use a name such as route-swipes: a-z, 0-9 and '-', beginning with a letter")
            .usage()
    };
    names::check_transform(name).map_err(complaint)?;
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(complaint(
            "a package's name begins with a letter".to_owned(),
        ));
    }
    if RESERVED.contains(&name) {
        return Err(complaint(
            "means something else to the language, or to its tools".to_owned(),
        ));
    }
    if language == Language::Python && PYTHON_MODULES.split_whitespace().any(|own| own == name) {
        return Err(complaint(
            "is a module of Python's own, which would be imported instead".to_owned(),
        ));
    }
    Ok(())
}

/// Python's standard library (3.11), as transforms would be called.
const PYTHON_MODULES: &str = include_str!("new/python_modules.txt");

/// Keywords of the languages, and names that their tools or the project itself already use.
const RESERVED: &[&str] = &[
    "abstract",
    "all",
    "alloc",
    "and",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "clean",
    "const",
    "continue",
    "core",
    "crate",
    "def",
    "del",
    "do",
    "dyn",
    "elif",
    "else",
    "enum",
    "except",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "from",
    "gen",
    "global",
    "help",
    "if",
    "impl",
    "import",
    "in",
    "install",
    "is",
    "json",
    "lambda",
    "let",
    "loop",
    "macro",
    "main",
    "match",
    "millstream-sdk",
    "mod",
    "millstream",
    "move",
    "mut",
    "not",
    "or",
    "override",
    "package",
    "pass",
    "priv",
    "proc-macro",
    "pub",
    "pytest",
    "raise",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "transform",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "with",
    "yield",
];

/// The SDK as the language's projects write a dependency: the checkout named, the one that this program was built from if it
/// is still there, or the released one.
fn sdk(language: Language, path: Option<&Path>) -> Result<String, Complaint> {
    let own = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(language.sdk());
    let folder = path.unwrap_or(&own);
    match folder.join(language.file()).canonicalize() {
        Ok(file) => {
            let folder = file.parent().unwrap_or(folder).display().to_string();
            Ok(dependency(language, Some(&folder)))
        }
        Err(error) if path.is_some() => Err(Complaint::new(
            format!("--sdk-path {}", folder.display()),
            format!("there is no SDK: {error}"),
        )
        .help(format!(
            "name the folder {} of a checkout of Millstream",
            language.sdk()
        ))
        .usage()),
        Err(_) => Ok(dependency(language, None)),
    }
}

/// On the SDK in this folder, or on the released one.
fn dependency(language: Language, folder: Option<&str>) -> String {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const GO: &str = "github.com/millstream/millstream/sdk/go";
    match (language, folder) {
        (Language::Rust, None) => format!("{VERSION:?}"),
        (Language::Rust, Some(folder)) => {
            format!("{{ path = {} }}", toml::Value::String(folder.to_owned()))
        }
        (Language::Go, None) => format!("require {GO} v{VERSION}"),
        (Language::Go, Some(folder)) => {
            format!("require {GO} v{VERSION}\n\nreplace {GO} => {folder}")
        }
        (Language::TypeScript, None) => format!("{VERSION:?}"),
        (Language::TypeScript, Some(folder)) => {
            serde_json::Value::String(format!("file:{folder}")).to_string()
        }
        (Language::Python, None) => format!("millstream-sdk=={VERSION}"),
        (Language::Python, Some(folder)) => format!("millstream-sdk @ file://{folder}"),
        // Where it was unpacked; presets can say so for each machine.
        (Language::C | Language::Cpp, None) => "$env{MILLSTREAM_C_SDK}".to_owned(),
        (Language::C | Language::Cpp, Some(folder)) => folder.to_owned(),
    }
}

fn write(folder: &Path, files: Files, name: &str, sdk: &str) -> io::Result<()> {
    let identifier = name.replace('-', "_");
    let fill = |template: &str| {
        template
            .replace("{{name}}", name)
            .replace("{{crate}}", &identifier)
            .replace("{{sdk}}", sdk)
    };
    for (file, template) in files {
        let path = folder.join(fill(file));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, fill(template))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_do_for_a_transform_and_for_a_package() {
        assert!(check_name("route-swipes", Language::Python).is_ok());
        for name in [
            "", "Route", "9lives", "a/b", "../x", "match", "test", "-a", "a_b",
        ] {
            assert!(check_name(name, Language::Rust).is_err(), "{name}");
        }
    }

    #[test]
    fn an_unknown_language_is_refused_with_those_that_are_known() {
        let complaint = language("cobol").unwrap_err();
        assert_eq!(complaint.to_string(), "--lang cobol: is not known");
        assert_eq!(complaint.exit(), output::USAGE);
        assert_eq!(language("ts").expect("it is known"), Language::TypeScript);
    }

    #[test]
    fn a_project_has_no_placeholder_left_and_the_file_that_tells_its_language() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().expect("a folder");
            let sdk = dependency(language, Some("/sdk"));
            write(folder.path(), files(language), "by-age", &sdk).expect("it can be written");
            let found = Language::of(folder.path()).map(Language::file);
            assert_eq!(found, Some(language.file()));
            for (file, _) in files(language) {
                let file = file.replace("{{crate}}", "by_age");
                let text = fs::read_to_string(folder.path().join(&file)).expect("it is there");
                assert!(!text.contains("{{"), "{file}: {text}");
            }
        }
    }

    #[test]
    fn a_python_project_is_not_called_as_a_module_that_python_has_itself() {
        for name in ["csv", "email", "queue", "rlcompleter"] {
            let refused = check_name(name, Language::Python).unwrap_err().to_string();
            assert!(refused.contains("Python"), "{refused}");
            assert!(check_name(name, Language::Go).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_said_to_come_next_is_what_the_project_says_itself() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().expect("a folder");
            write(folder.path(), files(language), "by-age", "x").expect("it can be written");
            let readme = fs::read_to_string(folder.path().join("README.md")).expect("it is there");
            // Python's has an environment that is activated, for all that follows.
            let own = if language == Language::Python { 3 } else { 0 };
            for (command, _) in next(language, "by-age").skip(own) {
                assert!(readme.contains(&command), "{language:?}: {command}");
            }
            assert!(readme.contains("millstream topic create by-age.in"));
        }
    }

    #[test]
    fn the_manifest_of_a_project_is_one() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().expect("a folder");
            write(folder.path(), files(language), "by-age", "x").expect("it can be written");
            let text =
                fs::read_to_string(folder.path().join("millstream.toml")).expect("it is there");
            let manifest = millstream_host::manifest::Manifest::parse("millstream.toml", &text)
                .expect("it is right");
            assert_eq!(manifest.name, "by-age");
        }
    }
}
