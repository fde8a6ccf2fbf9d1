//! One thing that is wrong with an upload: where, what, and what to do about it.
//!
//! Checks collect problems instead of stopping at the first, so that one round trip tells a person everything.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file and the item in it: `millstream.toml:3: source.start`, `route.wasm`.
    pub item: String,
    /// What is wrong with it, and the remedy.
    pub message: String,
}

impl Problem {
    pub fn new(item: impl Into<String>, message: impl Into<String>) -> Self {
        Problem {
            item: item.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.item, self.message)
    }
}

/// The candidate that a person who wrote `written` most probably meant, if one is near enough.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        // A third of the letters wrong is still a slip; more is another word.
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).min(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// ` (did you mean "x"?)`, or a list of what there is when nothing is near.
pub(crate) fn suggestion<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(written, candidates.clone()) {
        return format!("did you mean \"{near}\"?");
    }
    let known: Vec<&str> = candidates.into_iter().collect();
    if known.is_empty() {
        "there are none".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let fields = ["source", "outputs", "delivery"];
        assert_eq!(nearest("sorce", fields), Some("source"));
        assert_eq!(nearest("output", fields), Some("outputs"));
        assert_eq!(nearest("banana", fields), None);
        assert_eq!(suggestion("banana", ["a-topic"]), "there are: a-topic");
    }
}
