//! The manifest to upload: a file, a file with changes, or options alone.
//!
//! It is checked here with the host's own parser, so that what is wrong with the file itself is told without a host. A file
//! that is changed keeps its comments and line numbers.

use std::path::{Path, PathBuf};

use millstream_host::manifest::Manifest;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{Changes, usage};
use crate::args;
use crate::output::{Complaint, escape};

/// What the host calls a manifest that was never a file.
const OPTIONS: &str = "command-line";
/// What is used where neither module nor file is given.
const DEFAULT_FILE: &str = "millstream.toml";

/// A manifest that can be uploaded.
#[derive(Debug)]
pub(in crate::commands) struct Assembled {
    /// What errors call it.
    pub(super) shown_as: String,
    pub(super) text: String,
    /// Where the module is, seen from the current folder.
    pub(super) module_path: PathBuf,
}

/// Puts the manifest together.
///
/// # Errors
/// A wrong combination of options (exit 64), a file that cannot be read, or everything that is wrong with the manifest.
pub(in crate::commands) fn assemble(
    module: Option<&Path>,
    file: Option<&Path>,
    changes: &Changes,
) -> anyhow::Result<Assembled> {
    args::unique("--to", &changes.to)?;
    args::unique("--table", &changes.table)?;
    args::unique("--setting", &changes.setting)?;
    match (module, file) {
        (_, Some(file)) => from_file(file, module, changes),
        (Some(module), None) => from_options(module, changes),
        (None, None) if Path::new(DEFAULT_FILE).is_file() => {
            from_file(Path::new(DEFAULT_FILE), None, changes)
        }
        (None, None) => Err(usage(
            "deploy",
            "there is nothing to deploy: no module, no manifest, and no ./millstream.toml",
            "give a module (`millstream deploy route.wasm --name … --from … --to …`) or a manifest (`-f millstream.toml`)",
        )),
    }
}

fn from_options(module: &Path, changes: &Changes) -> anyhow::Result<Assembled> {
    if changes.name.is_none() {
        return Err(usage(
            "--name",
            "is missing",
            "name the transform, such as --name route-swipes, or deploy a manifest with -f",
        ));
    }
    if changes.from.is_empty() {
        return Err(usage(
            "--from",
            "is missing",
            "say which topic to read, such as --from swipes",
        ));
    }
    if changes.to.is_empty() {
        return Err(usage(
            "--to",
            "is missing",
            "give every output of the module a topic, such as --to likes=swipes.likes",
        ));
    }
    let mut document = DocumentMut::new();
    apply(&mut document, Some(module), changes)
        .map_err(|reason| Complaint::new(OPTIONS, reason))?;
    let assembled = Assembled {
        shown_as: OPTIONS.to_owned(),
        text: document.to_string(),
        module_path: module.to_owned(),
    };
    assembled.parsed()?;
    Ok(assembled)
}

fn from_file(file: &Path, module: Option<&Path>, changes: &Changes) -> anyhow::Result<Assembled> {
    let shown = escape(&file.to_string_lossy()).into_owned();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "is not text in UTF-8".to_owned(),
            std::io::ErrorKind::IsADirectory => "is a folder, not a manifest".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        Complaint::new(&shown, reason)
            .help("`millstream new` writes a project with a manifest; -f says where one is")
    })?;
    let shown_as = file
        .file_name()
        .map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
    let changed = match text.parse::<DocumentMut>() {
        Ok(mut document) => {
            if apply(&mut document, module, changes)
                .map_err(|reason| Complaint::new(&shown, reason))?
            {
                document.to_string()
            } else {
                text
            }
        }
        // The host's parser has the better words for it, just below.
        Err(_) => text,
    };
    let mut assembled = Assembled {
        shown_as,
        text: changed,
        module_path: PathBuf::new(),
    };
    let manifest = assembled.parsed()?;
    assembled.module_path = match module {
        Some(module) => module.to_owned(),
        // A manifest can be deployed from anywhere: what it names is beside it.
        None => file
            .parent()
            .unwrap_or(Path::new(""))
            .join(&manifest.step.module),
    };
    Ok(assembled)
}

/// Writes options into a manifest; says whether anything was written.
fn apply(
    document: &mut DocumentMut,
    module: Option<&Path>,
    changes: &Changes,
) -> Result<bool, String> {
    let before = document.to_string();
    if let Some(name) = &changes.name {
        put(document.as_table_mut(), "name", name.as_str());
    }
    if changes.allow_loop {
        put(document.as_table_mut(), "allow-loop", true);
    }
    if !changes.from.is_empty() || changes.start.is_some() {
        let source = table(document.as_table_mut(), "source")?;
        if !changes.from.is_empty() {
            let topics = Value::from_iter(changes.from.iter().map(String::as_str));
            put(source, "topics", topics);
        }
        if let Some(start) = &changes.start {
            put(source, "start", start.as_str());
        }
    }
    if module.is_some() || !changes.setting.is_empty() {
        let step = step(document)?;
        if let Some(module) = module {
            put(step, "module", module.to_string_lossy().into_owned());
        }
        if !changes.setting.is_empty() {
            let settings = table(step, "settings")?;
            for pair in &changes.setting {
                put(settings, &pair.key, pair.value.as_str());
            }
        }
    }
    if !changes.to.is_empty() {
        let outputs = table(document.as_table_mut(), "outputs")?;
        for pair in &changes.to {
            put(outputs, &pair.key, pair.value.as_str());
        }
    }
    if !changes.table.is_empty() {
        let tables = table(document.as_table_mut(), "tables")?;
        for pair in &changes.table {
            put_topic(tables, &pair.key, &pair.value);
        }
    }
    if let Some(topic) = &changes.rejected {
        put_rejected(table(document.as_table_mut(), "failures")?, topic);
    }
    Ok(document.to_string() != before)
}

/// Replaces a value where it stands, between the comments around it, or adds it.
fn put(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    match table.get_mut(key) {
        Some(item) => {
            if let Some(old) = item.as_value() {
                value.decor_mut().clone_from(old.decor());
            }
            *item = Item::Value(value);
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Names the topic of an entry, which may be a topic alone or a table that says more.
fn put_topic(parent: &mut dyn TableLike, key: &str, topic: &str) {
    match parent.get_mut(key).and_then(Item::as_table_like_mut) {
        Some(entry) => put(entry, "topic", topic),
        None => put(parent, key, topic),
    }
}

/// Names the topic for rejected rows; what else is said of them stays.
fn put_rejected(failures: &mut dyn TableLike, topic: &str) {
    let said = failures.get("rejected");
    if !said.is_some_and(Item::is_table_like) {
        // `rejected = "drop"` is short for a table with that policy.
        let policy = said.and_then(Item::as_str).map(|policy| ("policy", policy));
        let entry: InlineTable = policy.into_iter().collect();
        put(failures, "rejected", entry);
    }
    put_topic(failures, "rejected", topic);
}

/// The table of that name, whichever way it is written; a new one if there is none.
fn table<'t>(parent: &'t mut Table, key: &str) -> Result<&'t mut dyn TableLike, String> {
    parent
        .entry(key)
        .or_insert_with(toml_edit::table)
        .as_table_like_mut()
        .ok_or_else(|| format!("{key} is not a table"))
}

/// Where the module and its settings are said: in the one step, or, without [[steps]], in the document itself.
fn step(document: &mut DocumentMut) -> Result<&mut Table, String> {
    if !document.contains_key("steps") {
        return Ok(document.as_table_mut());
    }
    document
        .get_mut("steps")
        .and_then(Item::as_array_of_tables_mut)
        .and_then(|steps| steps.get_mut(0))
        .ok_or_else(|| "steps is not written as [[steps]], so options cannot change it".to_owned())
}

impl Assembled {
    fn parsed(&self) -> anyhow::Result<Manifest> {
        Manifest::parse(&self.shown_as, &self.text).map_err(|problems| {
            let mut complaint = Complaint::new(escape(&self.shown_as), "cannot be deployed");
            for problem in problems {
                complaint = complaint.detail(format!(
                    "{}: {}",
                    escape(&problem.item),
                    escape(&problem.message)
                ));
            }
            self.in_words_of_the_command_line(complaint.into())
        })
    }

    /// Where there was no file, what is wrong is called by its option rather than by a line of a file never written.
    pub(super) fn in_words_of_the_command_line(&self, error: anyhow::Error) -> anyhow::Error {
        if self.shown_as != OPTIONS {
            return error;
        }
        match error.downcast::<Complaint>() {
            Ok(complaint) => complaint.reworded(as_option).into(),
            Err(error) => error,
        }
    }
}

/// `command-line:3: outputs.likes: …` as `--to likes: …`.
fn as_option(detail: &str) -> String {
    let Some(rest) = detail.strip_prefix(OPTIONS) else {
        return detail.to_owned();
    };
    let rest = match rest.strip_prefix(':') {
        Some(rest) => rest
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .trim_start_matches(':')
            .trim_start(),
        None => rest,
    };
    let options: [(&str, &str); 10] = [
        ("outputs.", "--to "),
        ("outputs", "--to"),
        ("tables.", "--table "),
        ("tables", "--table"),
        ("source.topics", "--from"),
        ("source.start", "--start"),
        ("settings.", "--setting "),
        ("failures.rejected.topic", "--rejected"),
        ("allow-loop", "--allow-loop"),
        ("name", "--name"),
    ];
    for (item, option) in options {
        if let Some(rest) = rest.strip_prefix(item) {
            return format!("{option}{rest}");
        }
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests;
