//! CSV as RFC 4180 has it, strictly: what is malformed is an error, and an empty field differs from a quoted empty text.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};

/// A field of a line; `None` where it is empty and not quoted.
pub type Field<'a> = Option<Cow<'a, str>>;

/// What is wrong with a line.
#[derive(Debug)]
pub enum Malformed {
    Unclosed,
    AfterQuote,
    StrayQuote,
}

impl Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::Unclosed => "a quote never ends",
            Malformed::AfterQuote => "something follows a closing quote",
            Malformed::StrayQuote => "a quote is within a field that is not quoted",
        })
    }
}

impl Error for Malformed {}

/// The lines of a text that are not empty. After an error there is nothing to go on with.
pub struct Lines<'a> {
    rest: &'a str,
    delimiter: char,
}

impl<'a> Lines<'a> {
    /// `delimiter` is neither a quote nor part of a line end.
    pub fn new(text: &'a str, delimiter: char) -> Self {
        Lines {
            rest: text,
            delimiter,
        }
    }

    fn line(&mut self) -> Result<Vec<Field<'a>>, Malformed> {
        let mut fields = Vec::new();
        loop {
            fields.push(self.field()?);
            match self.rest.strip_prefix(self.delimiter) {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        // The last line may lack its end.
        self.rest = strip_line_end(self.rest).unwrap_or(self.rest);
        Ok(fields)
    }

    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        match self.rest.strip_prefix('"') {
            Some(rest) => self.quoted(rest).map(Some),
            None => self.plain(),
        }
    }

    fn plain(&mut self) -> Result<Field<'a>, Malformed> {
        let end = self.rest.find(['"', '\n', self.delimiter]);
        let (mut text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if rest.starts_with('"') {
            return Err(Malformed::StrayQuote);
        }
        if rest.starts_with('\n') {
            text = text.strip_suffix('\r').unwrap_or(text);
        }
        self.rest = rest;
        Ok((!text.is_empty()).then_some(Cow::Borrowed(text)))
    }

    /// `rest` is what follows the opening quote. Only a text with quotes in it is copied.
    fn quoted(&mut self, mut rest: &'a str) -> Result<Cow<'a, str>, Malformed> {
        let mut text = Cow::Borrowed("");
        loop {
            let (before, after) = rest.split_once('"').ok_or(Malformed::Unclosed)?;
            text += before;
            match after.strip_prefix('"') {
                Some(more) => {
                    text += "\"";
                    rest = more;
                }
                None => {
                    self.rest = after;
                    break;
                }
            }
        }
        let at_end = self.rest.is_empty() || strip_line_end(self.rest).is_some();
        if at_end || self.rest.starts_with(self.delimiter) {
            Ok(text)
        } else {
            Err(Malformed::AfterQuote)
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Vec<Field<'a>>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(rest) = strip_line_end(self.rest) {
            self.rest = rest;
        }
        (!self.rest.is_empty()).then(|| self.line())
    }
}

fn strip_line_end(text: &str) -> Option<&str> {
    text.strip_prefix('\n')
        .or_else(|| text.strip_prefix("\r\n"))
}
