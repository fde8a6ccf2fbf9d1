//! Cases on disk: what goes in, what has to come out.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::engine::Outcome;
use super::text::{self, Text};
use crate::output::Complaint;

/// A case, read.
pub(in crate::authoring) struct Case {
    pub(in crate::authoring) name: String,
    folder: PathBuf,
    pub(in crate::authoring) settings: Vec<(String, String)>,
    /// What the transform's tables hold, by their names.
    pub(in crate::authoring) tables: BTreeMap<String, Table>,
    pub(in crate::authoring) input: Vec<Input>,
    /// None where there is no such file.
    pub(in crate::authoring) expected: Option<Vec<Expected>>,
    /// What counters have to come to, by their names; the others are not looked at.
    pub(super) counters: BTreeMap<String, u64>,
}

/// The latest value of each key.
pub(in crate::authoring) type Table = HashMap<Vec<u8>, Vec<u8>>;

/// A record that goes in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::authoring) struct Input {
    #[serde(default = "null")]
    pub(in crate::authoring) key: Text,
    #[serde(default = "null")]
    pub(in crate::authoring) value: Text,
    #[serde(default)]
    pub(in crate::authoring) headers: Vec<(String, Text)>,
    #[serde(default)]
    pub(in crate::authoring) timestamp: i64,
    /// The line's number, from 0, unless given.
    pub(in crate::authoring) offset: Option<i64>,
}

impl Input {
    pub(in crate::authoring) fn parse(line: &str) -> Result<Input, serde_json::Error> {
        serde_json::from_str(line)
    }
}

fn null() -> Text {
    Text::NULL
}

/// What has to come of a record; members that are not there are not compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::authoring) struct Expected {
    pub(super) output: Option<String>,
    pub(super) rejected: Option<ExpectedRejection>,
    pub(super) row: Option<usize>,
    #[serde(default, deserialize_with = "present")]
    pub(super) key: Option<Text>,
    #[serde(default, deserialize_with = "present")]
    pub(super) value: Option<Text>,
    pub(super) headers: Option<Vec<(String, Text)>>,
    pub(super) timestamp: Option<i64>,
    pub(super) partition: Option<i32>,
    /// The line as it stands, for people.
    #[serde(skip)]
    pub(super) line: String,
}

impl Expected {
    pub(in crate::authoring) fn parse(line: &str) -> Result<Expected, serde_json::Error> {
        use serde::de::Error;
        let mut expected: Expected = serde_json::from_str(line)?;
        if expected.output.is_some() == expected.rejected.is_some() {
            return Err(serde_json::Error::custom(
                "it has to have either `output` or `rejected`",
            ));
        }
        line.clone_into(&mut expected.line);
        Ok(expected)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedRejection {
    pub(super) code: String,
    pub(super) reason: Option<String>,
}

/// A member that is there, also where it is null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Text::deserialize(deserializer).map(Some)
}

const LAYOUT: &str = "a case is a folder cases/NAME with input.jsonl and expected.jsonl, and perhaps settings.toml, \
                      counters.toml and tables/*.jsonl";

/// The project's cases, by name.
pub(in crate::authoring) fn find(project: &Path, names: &[String]) -> Result<Vec<Case>, Complaint> {
    let folder = project.join("cases");
    let entries = fs::read_dir(&folder).map_err(|error| {
        Complaint::new(folder.display().to_string(), error.to_string()).help(LAYOUT)
    })?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let mut cases = Vec::new();
    for folder in folders {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if names.is_empty() || names.iter().any(|part| name.contains(part.as_str())) {
            cases.push(read(name, folder)?);
        }
    }
    if cases.is_empty() {
        let which = if names.is_empty() {
            String::new()
        } else {
            format!(" called {}", names.join(" or "))
        };
        return Err(Complaint::new(
            folder.display().to_string(),
            format!("there are no cases{which}"),
        )
        .help(LAYOUT));
    }
    Ok(cases)
}

fn read(name: String, folder: PathBuf) -> Result<Case, Complaint> {
    let input = folder.join("input.jsonl");
    let Some(input) = lines(&input, Input::parse)? else {
        return Err(Complaint::new(input.display().to_string(), "is not there").help(LAYOUT));
    };
    if input.is_empty() {
        return Err(Complaint::new(
            folder.join("input.jsonl").display().to_string(),
            "has no records",
        )
        .help("write one record a line: {\"key\":\"k\",\"value\":{\"a\":1}}"));
    }
    let expected = lines(&folder.join("expected.jsonl"), Expected::parse)?;
    let settings = settings(&folder.join("settings.toml"))?;
    let tables = tables(&folder.join("tables"))?;
    let counters = counters(&folder.join("counters.toml"))?;
    Ok(Case {
        name,
        folder,
        settings,
        tables,
        input,
        expected,
        counters,
    })
}

/// A file of JSON lines; `None` where there is none. Empty lines don't count.
fn lines<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, serde_json::Error>,
) -> Result<Option<Vec<T>>, Complaint> {
    match text(path)? {
        Some(text) => parse_lines(&path.display().to_string(), &text, parse).map(Some),
        None => Ok(None),
    }
}

/// JSON lines of a text that complaints call `name`.
pub(in crate::authoring) fn parse_lines<T>(
    name: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, serde_json::Error>,
) -> Result<Vec<T>, Complaint> {
    let mut all = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        all.push(parse(line).map_err(|error| {
            Complaint::new(format!("{name}:{}", number + 1), error.to_string())
                .help("docs/cases.md says what a line may have")
        })?);
    }
    Ok(all)
}

/// A file NAME.jsonl for each table.
pub(in crate::authoring) fn tables(folder: &Path) -> Result<BTreeMap<String, Table>, Complaint> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => {
            return Err(Complaint::new(
                folder.display().to_string(),
                error.to_string(),
            ));
        }
    };
    let mut tables = BTreeMap::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        if let Some(records) = lines(&path, Input::parse)? {
            tables.insert(name.into_owned(), table(records));
        }
    }
    Ok(tables)
}

/// What a compacted topic with these records says: the last one of a key counts, and one without a value deletes it.
pub(in crate::authoring) fn table(records: Vec<Input>) -> Table {
    let mut table = Table::new();
    for record in records {
        let key = record.key.bytes.unwrap_or_default();
        match record.value.bytes {
            Some(value) => table.insert(key, value),
            None => table.remove(&key),
        };
    }
    table
}

fn text(path: &Path) -> Result<Option<String>, Complaint> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Complaint::new(
            path.display().to_string(),
            format!("cannot be read: {error}"),
        )
        .help("bytes that are not UTF-8 are written as {\"base64\": \"..\"}")),
    }
}

/// Settings as text, as a manifest's: integers, numbers and booleans as they are written.
fn settings(path: &Path) -> Result<Vec<(String, String)>, Complaint> {
    let Some(text) = text(path)? else {
        return Ok(Vec::new());
    };
    let complaint = |reason: String| {
        Complaint::new(path.display().to_string(), reason)
            .help("write one setting a line: min-age = 18")
    };
    let table: toml::Table = toml::from_str(&text).map_err(|error| complaint(error.to_string()))?;
    table
        .into_iter()
        .map(|(name, value)| match value {
            toml::Value::String(text) => Ok((name, text)),
            toml::Value::Integer(number) => Ok((name, number.to_string())),
            toml::Value::Boolean(whether) => Ok((name, whether.to_string())),
            other => Err(complaint(format!(
                "`{name}` is {}: a setting is a text, an integer or a boolean",
                other.type_str()
            ))),
        })
        .collect()
}

fn counters(path: &Path) -> Result<BTreeMap<String, u64>, Complaint> {
    let text = text(path)?.unwrap_or_default();
    toml::from_str(&text).map_err(|error| {
        Complaint::new(path.display().to_string(), error.to_string())
            .help("write one counter a line: unknown_users = 2")
    })
}

impl Case {
    /// One that is in no folder.
    pub(in crate::authoring) fn new(
        name: String,
        settings: Vec<(String, String)>,
        tables: BTreeMap<String, Table>,
        input: Vec<Input>,
        expected: Option<Vec<Expected>>,
    ) -> Case {
        Case {
            name,
            folder: PathBuf::new(),
            settings,
            tables,
            input,
            expected,
            counters: BTreeMap::new(),
        }
    }

    pub(super) fn expected_file(&self) -> PathBuf {
        self.folder.join("expected.jsonl")
    }

    /// Makes what came out what is expected, in the order of the rows.
    pub(super) fn write_expected(&self, outcomes: &[Outcome]) -> Result<(), Complaint> {
        let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
        sorted.sort_by_key(|outcome| outcome.row());
        let text: String = sorted
            .into_iter()
            .map(|outcome| write(outcome, &self.input) + "\n")
            .collect();
        overwrite(&self.expected_file(), &text)
    }

    /// The same for the counters that the case looks at, if any.
    pub(super) fn write_counters(&self, counts: &BTreeMap<String, u64>) -> Result<(), Complaint> {
        if self.counters.is_empty() {
            return Ok(());
        }
        let text: String = counts
            .iter()
            .map(|(name, count)| format!("{name} = {count}\n"))
            .collect();
        overwrite(&self.folder.join("counters.toml"), &text)
    }
}

fn overwrite(path: &Path, text: &str) -> Result<(), Complaint> {
    fs::write(path, text).map_err(|error| {
        Complaint::new(
            path.display().to_string(),
            format!("cannot be written: {error}"),
        )
    })
}

/// The line that expects this outcome. A timestamp is worth a word only where it changed.
pub(in crate::authoring) fn write(outcome: &Outcome, input: &[Input]) -> String {
    let string = |text: &str| serde_json::Value::from(text).to_string();
    match outcome {
        Outcome::Rejected { row, code, reason } => format!(
            r#"{{"row":{row},"rejected":{{"code":{},"reason":{}}}}}"#,
            string(code),
            string(reason)
        ),
        Outcome::Emitted {
            row,
            output,
            key,
            value,
            headers,
            timestamp,
            partition,
        } => {
            let headers: Vec<String> = headers
                .iter()
                .map(|(name, value)| {
                    format!("[{},{}]", string(name), text::write(value.as_deref()))
                })
                .collect();
            let mut line = format!(
                r#"{{"output":{},"key":{},"value":{},"headers":[{}]"#,
                string(output),
                text::write(key.as_deref()),
                text::write(value.as_deref()),
                headers.join(",")
            );
            if input
                .get(*row)
                .is_none_or(|input| input.timestamp != *timestamp)
            {
                line += &format!(r#","timestamp":{timestamp}"#);
            }
            if let Some(partition) = partition {
                line += &format!(r#","partition":{partition}"#);
            }
            line + "}"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Vec<Case>, Complaint>) {
        let project = tempfile::tempdir().expect("a folder");
        let folder = project.path().join("cases/one");
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("it can be written");
        }
        let found = find(project.path(), &[]);
        (project, found)
    }

    fn complaint(files: &[(&str, &str)]) -> String {
        let (project, found) = case(files);
        let complaint = found.err().expect("it is refused").to_string();
        complaint.replace(&*project.path().to_string_lossy(), "")
    }

    #[test]
    fn a_wrong_line_is_named_with_its_number() {
        let wrong = complaint(&[("input.jsonl", "{\"value\":1}\n\n{\"valu\":1}\n")]);
        assert!(
            wrong.starts_with("/cases/one/input.jsonl:3: unknown field `valu`"),
            "{wrong}"
        );
        let wrong = complaint(&[("input.jsonl", "{}"), ("expected.jsonl", "{\"row\":1}")]);
        assert_eq!(
            wrong,
            "/cases/one/expected.jsonl:1: it has to have either `output` or `rejected`"
        );
        let wrong = complaint(&[("input.jsonl", "{}"), ("settings.toml", "a = [1]")]);
        assert_eq!(
            wrong,
            "/cases/one/settings.toml: `a` is array: a setting is a text, an integer or a boolean"
        );
        let wrong = complaint(&[("input.jsonl", "{}"), ("counters.toml", "users = -1")]);
        assert!(wrong.starts_with("/cases/one/counters.toml: "), "{wrong}");
        assert_eq!(complaint(&[]), "/cases/one/input.jsonl: is not there");
        assert_eq!(
            complaint(&[("input.jsonl", "\n")]),
            "/cases/one/input.jsonl: has no records"
        );
    }

    #[test]
    fn absent_and_null_are_two_things_in_what_is_expected() {
        let (_project, found) = case(&[
            ("input.jsonl", "{}"),
            ("expected.jsonl", "{\"output\":\"a\",\"key\":null}"),
        ]);
        let cases = found.expect("it is a case");
        let expected = &cases[0].expected.as_ref().expect("something is expected")[0];
        assert_eq!(expected.key, Some(Text::NULL));
        assert_eq!(expected.value, None);
    }
}
