//! Records for a test.

/// A record to run a transform over. Text and bytes turn into one as its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp: i64,
    pub(crate) offset: Option<i64>,
}

impl Input {
    /// A record with this value, no key, no headers and the timestamp 0.
    pub fn value(value: impl AsRef<[u8]>) -> Self {
        Input {
            value: Some(value.as_ref().to_vec()),
            ..Input::default()
        }
    }

    /// A record whose value is this, as JSON.
    ///
    /// # Panics
    /// When `value` has no JSON.
    pub fn json(value: &impl serde::Serialize) -> Self {
        Input::value(serde_json::to_vec(value).expect("the value has JSON"))
    }

    /// A record without a value.
    pub fn null() -> Self {
        Input::default()
    }

    /// Gives it a key.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// Gives it one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), Some(value.as_ref().to_vec())));
        self
    }

    /// Gives it one more header, whose value is null.
    #[must_use]
    pub fn null_header(mut self, name: &str) -> Self {
        self.headers.push((name.to_owned(), None));
        self
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub fn timestamp(mut self, milliseconds: i64) -> Self {
        self.timestamp = milliseconds;
        self
    }

    /// Its offset; its row unless set.
    #[must_use]
    pub fn offset(mut self, offset: i64) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl From<&str> for Input {
    fn from(value: &str) -> Self {
        Input::value(value)
    }
}

impl From<String> for Input {
    fn from(value: String) -> Self {
        Input::value(value)
    }
}

impl From<&[u8]> for Input {
    fn from(value: &[u8]) -> Self {
        Input::value(value)
    }
}

impl<const N: usize> From<&[u8; N]> for Input {
    fn from(value: &[u8; N]) -> Self {
        Input::value(value)
    }
}

impl From<serde_json::Value> for Input {
    fn from(value: serde_json::Value) -> Self {
        Input::json(&value)
    }
}
