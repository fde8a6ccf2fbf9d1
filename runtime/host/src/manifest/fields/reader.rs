//! A TOML document with positions, and the problems found in it.

use std::time::Duration;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    manifest::units,
    problem::{self, Problem},
};

/// A table of the document and how a person would name it.
pub(super) struct Section<'t> {
    path: String,
    table: &'t DeTable<'t>,
    at: usize,
}

/// A value of the document.
pub(super) struct Found<'t> {
    /// Dotted: `source.start`.
    pub(super) path: String,
    /// As it is written, dots included.
    pub(super) name: &'t str,
    pub(super) value: &'t DeValue<'t>,
    /// Byte offset.
    pub(super) at: usize,
}

impl<'t> Found<'t> {
    /// An item of this list: what is wrong with it is the list's problem.
    pub(super) fn item(&self, item: &'t Spanned<DeValue<'t>>) -> Found<'t> {
        Found {
            path: self.path.clone(),
            name: self.name,
            value: item.get_ref(),
            at: item.span().start,
        }
    }
}

impl<'t> Section<'t> {
    pub(super) fn root(table: &'t DeTable<'t>) -> Self {
        Section {
            path: String::new(),
            table,
            at: 0,
        }
    }

    fn path_of(&self, field: &str) -> String {
        if self.path.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.path)
        }
    }

    pub(super) fn get(&self, field: &str) -> Option<Found<'t>> {
        let (key, value) = self
            .table
            .iter()
            .find(|(key, _)| key.get_ref().as_ref() == field)?;
        Some(Found {
            path: self.path_of(field),
            name: key.get_ref().as_ref(),
            value: value.get_ref(),
            at: key.span().start,
        })
    }

    /// The field, or a problem that shows how it would be written.
    pub(super) fn demand(
        &self,
        field: &str,
        problems: &mut Problems<'_>,
        example: &str,
    ) -> Option<Found<'t>> {
        let found = self.get(field);
        if found.is_none() {
            problems.add(
                self.at,
                &self.path_of(field),
                format!("is missing: add {example}"),
            );
        }
        found
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Found<'t>> {
        self.table.iter().map(|(key, value)| Found {
            path: self.path_of(key.get_ref()),
            name: key.get_ref().as_ref(),
            value: value.get_ref(),
            at: key.span().start,
        })
    }

    pub(super) fn refuse_unknown(&self, problems: &mut Problems<'_>, known: &[&str]) {
        for (key, _) in self.table.iter() {
            let field = key.get_ref().as_ref();
            if !known.contains(&field) {
                let hint = problem::suggestion(field, known.iter().copied());
                problems.add(
                    key.span().start,
                    &self.path_of(field),
                    format!("there is no such field; {hint}"),
                );
            }
        }
    }
}

/// What is wrong so far, by where it stands.
pub(super) struct Problems<'f> {
    file: &'f str,
    text: &'f str,
    found: Vec<(usize, Problem)>,
}

impl<'f> Problems<'f> {
    pub(super) fn new(file: &'f str, text: &'f str) -> Self {
        Problems {
            file,
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(_, problem)| problem).collect()
    }

    pub(super) fn add(&mut self, at: usize, path: &str, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let colon = if path.is_empty() { "" } else { ": " };
        self.found.push((
            at,
            Problem::new(format!("{}:{line}{colon}{path}", self.file), message),
        ));
    }

    /// Adds a problem of a value. `None`, for whoever wanted the value.
    pub(super) fn at<T>(&mut self, found: &Found<'_>, message: impl Into<String>) -> Option<T> {
        self.add(found.at, &found.path, message);
        None
    }

    pub(super) fn unsupported(&mut self, found: &Found<'_>, what_is: &str, remove: &str) {
        let message = format!(
            "{what_is} not supported by this version of Millstream: remove {remove} from the manifest"
        );
        self.at::<()>(found, message);
    }

    pub(super) fn wrong_type<T>(&mut self, found: &Found<'_>, wanted: &str) -> Option<T> {
        let message = format!("is {}, but has to be {wanted}", type_name(found.value));
        self.at(found, message)
    }

    pub(super) fn text<'t>(&mut self, found: &Found<'t>) -> Option<&'t str> {
        match found.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type(found, "text in quotes"),
        }
    }

    pub(super) fn boolean(&mut self, found: &Found<'_>) -> Option<bool> {
        match found.value {
            DeValue::Boolean(truth) => Some(*truth),
            _ => self.wrong_type(found, "true or false"),
        }
    }

    pub(super) fn integer(&mut self, found: &Found<'_>, least: i64, most: i64) -> Option<i64> {
        let DeValue::Integer(number) = found.value else {
            return self.wrong_type(found, "a whole number");
        };
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ if most == i64::MAX => self.at(
                found,
                format!("is {number}, but has to be at least {least}"),
            ),
            _ => self.at(
                found,
                format!("is {number}, but has to be between {least} and {most}"),
            ),
        }
    }

    /// A time that is not zero.
    pub(super) fn duration(&mut self, found: &Found<'_>) -> Option<Duration> {
        let text = self.text(found)?;
        match units::duration(text) {
            Ok(time) if time.is_zero() => self.at(found, "must be more than 0"),
            Ok(time) => Some(time),
            Err(why) => self.at(found, why),
        }
    }

    /// A size in bytes, more than 0: text with a unit, or a plain number.
    pub(super) fn size(&mut self, found: &Found<'_>) -> Option<u64> {
        let text = match found.value {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            _ => self.text(found)?,
        };
        match units::size(text) {
            Ok(0) => self.at(found, "must be more than 0"),
            Ok(size) => Some(size),
            Err(why) => self.at(found, why),
        }
    }

    pub(super) fn section<'t>(&mut self, found: &Found<'t>) -> Option<Section<'t>> {
        match found.value {
            DeValue::Table(table) => Some(Section {
                path: found.path.clone(),
                table,
                at: found.at,
            }),
            _ => self.wrong_type(found, "a table"),
        }
    }
}

pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
