//! Keys that a guest looks up, checked as the columns of an answer are.

use super::check;
use super::columns::Strings;
use crate::{Column, Malformed};

/// A column of keys whose ends, nulls and data agree.
pub(crate) struct Keys {
    entries: Strings,
    count: usize,
}

impl Keys {
    /// # Errors
    /// Names the list that breaks a rule.
    pub(crate) fn new(column: Column) -> Result<Keys, Malformed> {
        let (entries, count) = check::keys(column)?;
        Ok(Keys { entries, count })
    }

    /// How many there are, nulls included.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The keys in their order; `None` is null.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        (0..self.count).map(|i| self.entries.get(i))
    }
}
