//! `millstream new`: a project that builds, tests and deploys as it is. Writes all of it or nothing.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args as ClapArgs;
use millstream_host::names;

use crate::output::{self, Complaint};

/// Start a transform: a project that builds, tests and deploys as it is
#[derive(ClapArgs, Debug)]
#[command(after_long_help = "Examples:\n  millstream new --lang rust route-swipes")]
pub(crate) struct Args {
    /// Name of the transform, and of the folder that is made
    name: String,
    /// Language to write it in: rust
    #[arg(long, default_value = "rust")]
    lang: String,
    /// Where a checkout of Millstream has its Rust SDK (sdk/rust), instead of the released one
    #[arg(long, value_name = "PATH")]
    sdk_path: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    check_language(&args.lang)?;
    check_name(&args.name)?;
    let sdk = sdk(args.sdk_path.as_deref())?;
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
    if let Err(error) = write(&folder, &args.name, &sdk) {
        // The folder is new and ours: half of a project helps nobody.
        let _ = fs::remove_dir_all(&folder);
        return Err(Complaint::new(&args.name, format!("cannot be written: {error}")).into());
    }
    let style = output::style::stdout();
    output::line(format_args!("{} {}/", style.green("created"), args.name));
    output::line(format_args!(
        "\nNext:\n  cd {}\n  cargo test           its unit tests\n  millstream build     the component\n  millstream test      its \
         cases, through the component\n  millstream deploy -f millstream.toml --create-topics",
        args.name
    ));
    Ok(())
}

fn check_language(language: &str) -> Result<(), Complaint> {
    match language {
        "rust" => Ok(()),
        "go" | "javascript" | "js" | "typescript" | "ts" | "python" | "c" | "cpp" | "zig" => Err(Complaint::new(
            format!("--lang {language}"),
            "this version of Millstream has no templates for it",
        )
        .help("use --lang rust, or build a component against wit/transform.wit with that language's own tools")
        .usage()),
        _ => Err(Complaint::new(format!("--lang {}", output::escape(language)), "is not known")
            .help("use --lang rust")
            .usage()),
    }
}

fn check_name(name: &str) -> Result<(), Complaint> {
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
        return Err(complaint("means something else to Rust".to_owned()));
    }
    Ok(())
}

/// Keywords, and names that cargo or the project itself already uses for another crate.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "main",
    "match",
    "millstream-sdk",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
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
    "yield",
];

/// The SDK as a dependency: the checkout named, the one that this program was built from if it is still there, or the
/// released one.
fn sdk(path: Option<&Path>) -> Result<String, Complaint> {
    let own = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/rust"));
    let (path, named) = match path {
        Some(path) => (path, true),
        None => (own, false),
    };
    match path.join("Cargo.toml").canonicalize() {
        Ok(manifest) => {
            let folder = manifest.parent().unwrap_or(path).display().to_string();
            Ok(format!("{{ path = {} }}", toml::Value::String(folder)))
        }
        Err(error) if named => Err(Complaint::new(
            format!("--sdk-path {}", path.display()),
            format!("there is no SDK: {error}"),
        )
        .help("name the folder sdk/rust of a checkout of Millstream")
        .usage()),
        Err(_) => Ok(format!("{:?}", env!("CARGO_PKG_VERSION"))),
    }
}

/// The project's files, and where they come from.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("new/rust/Cargo.toml.in")),
    (".gitignore", include_str!("new/rust/gitignore.in")),
    ("README.md", include_str!("new/rust/README.md.in")),
    (
        "millstream.toml",
        include_str!("new/rust/millstream.toml.in"),
    ),
    ("src/lib.rs", include_str!("new/rust/lib.rs.in")),
    (
        "cases/by-age/input.jsonl",
        include_str!("new/rust/input.jsonl.in"),
    ),
    (
        "cases/by-age/expected.jsonl",
        include_str!("new/rust/expected.jsonl.in"),
    ),
    (
        "cases/by-age/settings.toml",
        include_str!("new/rust/settings.toml.in"),
    ),
];

fn write(folder: &Path, name: &str, sdk: &str) -> io::Result<()> {
    let identifier = name.replace('-', "_");
    for (file, template) in FILES {
        let text = template
            .replace("{{name}}", name)
            .replace("{{crate}}", &identifier)
            .replace("{{function}}", &identifier)
            .replace("{{sdk}}", sdk);
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_do_for_a_transform_and_for_a_package() {
        assert!(check_name("route-swipes").is_ok());
        for name in [
            "", "Route", "9lives", "a/b", "../x", "match", "test", "-a", "a_b",
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn other_languages_are_refused_with_a_remedy() {
        assert!(check_language("rust").is_ok());
        let complaint = check_language("go").unwrap_err();
        assert_eq!(
            complaint.to_string(),
            "--lang go: this version of Millstream has no templates for it"
        );
        assert_eq!(complaint.exit(), output::USAGE);
    }

    #[test]
    fn a_project_has_no_placeholder_left() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "by-age", "\"0.1.0\"").expect("it can be written");
        for (file, _) in FILES {
            let text = fs::read_to_string(folder.path().join(file)).expect("it is there");
            assert!(!text.contains("{{"), "{file}");
        }
    }

    #[test]
    fn the_manifest_of_a_project_is_one() {
        let text = FILES
            .iter()
            .find(|(file, _)| *file == "millstream.toml")
            .expect("it has one")
            .1;
        let text = text
            .replace("{{name}}", "by-age")
            .replace("{{crate}}", "by_age");
        let manifest = millstream_host::manifest::Manifest::parse("millstream.toml", &text)
            .expect("it is right");
        assert_eq!(manifest.name, "by-age");
    }
}
