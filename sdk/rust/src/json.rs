//! JSON, fast in WebAssembly.
//!
//! Three ways to look at a record's value, from the cheapest:
//! - [`Record::json_fields`] checks the whole value and finds a few members in one pass, without building anything;
//! - [`Record::json`] makes a struct of it, whose strings may borrow from the value;
//! - [`Emission::extend_json`] adds members to an object without parsing it.
//!
//! Malformed JSON is rejected as `malformed-json`, JSON of another shape than asked for as `unexpected-json`; both
//! reasons say where.

mod field;
mod paths;

use std::borrow::Cow;

use millstream_fields::json::scan;
use serde::{Deserialize, Serialize};

pub use field::Field;
use paths::Paths;

use crate::emission::Emission;
use crate::reads::{Reads, ValuesAreRead};
use crate::record::Record;
use crate::reject::Reject;

/// A value of type `T` from the JSON in `bytes`, all of it. Strings may borrow: `&str` for those without escapes,
/// `Cow<str>` for any.
///
/// # Errors
/// `malformed-json`, or `unexpected-json` where `T` wants something else.
pub fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Reject> {
    serde_json::from_slice(bytes).map_err(|error| describe(&error))
}

#[cold]
fn describe(error: &serde_json::Error) -> Reject {
    use serde_json::error::Category;
    let code = match error.classify() {
        Category::Data => "unexpected-json",
        Category::Syntax | Category::Eof | Category::Io => "malformed-json",
    };
    Reject::new(code, error.to_string())
}

/// What the JSON in `bytes` has at each of these paths ([RFC 6901] pointers such as `/user/id`), in one pass that also
/// checks that it is JSON at all. Where names repeat in an object, the last counts.
///
/// ```
/// use millstream_sdk::json;
///
/// let [kind, user] = json::fields(br#"{"type": "swipe", "user": {"id": 7}}"#, ["/type", "/user/id"])?;
/// assert!(kind.is_some_and(|kind| kind.is("swipe")));
/// assert_eq!(user.and_then(|user| user.as_i64()), Some(7));
/// # Ok::<(), millstream_sdk::Reject>(())
/// ```
///
/// # Errors
/// `malformed-json`.
///
/// [RFC 6901]: https://www.rfc-editor.org/rfc/rfc6901
pub fn fields<'a, const N: usize>(
    bytes: &'a [u8],
    paths: [&str; N],
) -> Result<[Option<Field<'a>>; N], Reject> {
    let mut found = [None; N];
    scan(bytes, &Paths::new(paths), &mut found)
        .map_err(|error| Reject::new("malformed-json", error.to_string()))?;
    Ok(found.map(|found| found.map(Field)))
}

impl<'a, R: Reads> Record<'a, R>
where
    R::Values: ValuesAreRead,
{
    /// A value of type `T` from the record's value: see [`parse`].
    ///
    /// # Errors
    /// `null-value`, `malformed-json`, or `unexpected-json` where `T` wants something else.
    #[inline]
    pub fn json<T: Deserialize<'a>>(self) -> Result<T, Reject> {
        parse(self.bytes()?)
    }

    /// What the record's value has at one path: see [`fields`].
    ///
    /// # Errors
    /// `null-value` or `malformed-json`.
    #[inline]
    pub fn json_field(self, path: &str) -> Result<Option<Field<'a>>, Reject> {
        let [field] = fields(self.bytes()?, [path])?;
        Ok(field)
    }

    /// The text that the record's value has at one path: see [`fields`].
    ///
    /// # Errors
    /// `null-value`, `malformed-json`, or `unexpected-json` where there is something else or nothing.
    #[inline]
    pub fn json_text(self, path: &str) -> Result<Cow<'a, str>, Reject> {
        match self.json_field(path)?.and_then(Field::as_str) {
            Some(text) => Ok(text),
            None => Err(Reject::new(
                "unexpected-json",
                format!("`{path}` is missing or not a text"),
            )),
        }
    }

    /// What the record's value has at each of these paths: see [`fields`].
    ///
    /// # Errors
    /// `null-value` or `malformed-json`.
    #[inline]
    pub fn json_fields<const N: usize>(
        self,
        paths: [&str; N],
    ) -> Result<[Option<Field<'a>>; N], Reject> {
        fields(self.bytes()?, paths)
    }
}

impl Emission<'_> {
    /// A new value: the JSON object `object`, with the members of `added` after its own. `object` is copied, not parsed,
    /// so check it before; of a member that it already has, readers take the last. Space around it stays.
    ///
    /// ```
    /// use millstream_sdk::prelude::*;
    /// use serde::Serialize;
    ///
    /// #[derive(Outputs)]
    /// enum Out {
    ///     Enriched,
    /// }
    /// #[derive(Serialize)]
    /// struct Added {
    ///     region: &'static str,
    /// }
    ///
    /// #[transform]
    /// fn enrich(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
    ///     out.emit(Out::Enriched)
    ///         .extend_json(record.bytes()?, &Added { region: "eu" })?
    ///         .header("enriched-by", "enrich");
    ///     Ok(())
    /// }
    ///
    /// let outcome = millstream_sdk::testing::run(enrich, [r#"{"user":"ann"}"#]);
    /// assert_eq!(outcome.emitted[0].text(), r#"{"user":"ann","region":"eu"}"#);
    /// ```
    ///
    /// # Errors
    /// `unexpected-json` where `object` is no object, `unwritable-json` where `added` is none.
    pub fn extend_json(self, object: &[u8], added: &impl Serialize) -> Result<Self, Reject> {
        let trimmed = object.trim_ascii();
        let Some(members) = trimmed
            .strip_prefix(b"{")
            .and_then(|inner| inner.strip_suffix(b"}"))
        else {
            return Err(Reject::new("unexpected-json", "the value is not an object"));
        };
        let empty = members.trim_ascii().is_empty();
        let end = object.trim_ascii_end().len();
        let (open, after) = (&object[..end - 1], &object[end..]);
        self.try_value_with(|buffer| {
            buffer.push(open);
            // `added` brings its own brace, which becomes the comma.
            let brace = buffer.0.len();
            serde_json::to_writer(&mut *buffer.0, added)
                .map_err(|error| Reject::new("unwritable-json", error.to_string()))?;
            match &buffer.0[brace..] {
                [b'{', b'}'] => {
                    buffer.0.truncate(brace);
                    buffer.push(b"}");
                }
                [b'{', ..] if empty => drop(buffer.0.remove(brace)),
                [b'{', ..] => buffer.0[brace] = b',',
                _ => {
                    return Err(Reject::new(
                        "unwritable-json",
                        "what is added is not an object",
                    ));
                }
            }
            buffer.push(after);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Deserialize, Debug)]
    struct Swipe<'a> {
        direction: &'a str,
    }

    #[test]
    fn strings_borrow_from_the_value() {
        let value = br#"{"direction": "left", "user": 1}"#;
        let swipe: Swipe<'_> = parse(value).expect("it is a swipe");
        assert_eq!(swipe.direction.as_ptr(), value[15..].as_ptr());
    }

    #[test]
    fn malformed_and_unexpected_are_two_things() {
        let error = parse::<Swipe<'_>>(br#"{"direction": "left""#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "malformed-json: EOF while parsing an object at line 1 column 20"
        );
        let error = parse::<Swipe<'_>>(br#"{"user": 1}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unexpected-json: missing field `direction` at line 1 column 11"
        );
    }

    #[test]
    fn members_are_added_to_any_object_and_to_nothing_else() {
        use crate::plan::RawPlan;
        let extend = |object: &[u8], added: serde_json::Value| {
            let mut plan = RawPlan::default();
            let position = plan.push(0, 0);
            Emission::new(&mut plan, position).extend_json(object, &added)?;
            let patch = plan.finish(1).values.expect("the value changed");
            Ok::<_, Reject>(String::from_utf8(patch.to.data).expect("it is text"))
        };
        let added = || json!({"b": 2});
        assert_eq!(
            extend(b" {\"a\":1} \n", added()).ok().as_deref(),
            Some(" {\"a\":1,\"b\":2} \n")
        );
        assert_eq!(extend(b"{ }", added()).ok().as_deref(), Some(r#"{ "b":2}"#));
        assert_eq!(
            extend(b"{\"a\":1}", json!({})).ok().as_deref(),
            Some(r#"{"a":1}"#)
        );
        assert_eq!(
            extend(b"[1]", added()).unwrap_err().code(),
            "unexpected-json"
        );
        assert_eq!(extend(b"", added()).unwrap_err().code(), "unexpected-json");
        assert_eq!(
            extend(b"{}", json!(1)).unwrap_err().code(),
            "unwritable-json"
        );
    }

    fn at<'a>(text: &'a str, path: &str) -> Option<&'a str> {
        let [field] = fields(text.as_bytes(), [path]).expect("it is JSON");
        field.map(|field| std::str::from_utf8(field.raw()).expect("it is text"))
    }

    #[test]
    fn a_path_leads_through_objects_and_arrays() {
        let text = r#" {"a": {"b": [10, {"c": "x"}]}, "e/f": 1, "g~h": 2, "": 3, "\u0061b": 4} "#;
        assert_eq!(at(text, "/a/b/0"), Some("10"));
        assert_eq!(at(text, "/a/b/1/c"), Some("\"x\""));
        assert_eq!(at(text, "/a/b/01"), None);
        assert_eq!(at(text, "/a/b/-"), None);
        assert_eq!(at(text, "/e~1f"), Some("1"));
        assert_eq!(at(text, "/g~0h"), Some("2"));
        assert_eq!(at(text, "/"), Some("3"));
        assert_eq!(at(text, "/ab"), Some("4"));
        assert_eq!(at(text, "/a/x"), None);
        assert_eq!(at(text, ""), Some(text.trim()));
        assert_eq!(at("[]", "/a"), None);
    }

    #[test]
    fn the_last_of_repeated_members_counts() {
        assert_eq!(at(r#"{"a":1,"a":2}"#, "/a"), Some("2"));
        assert_eq!(at(r#"{"a":{"b":1},"a":2}"#, "/a/b"), None);
    }

    #[test]
    fn several_paths_are_found_in_one_pass() {
        let text = br#"{"type":"swipe","user":{"id":7},"x":null}"#;
        let [kind, id, none] =
            fields(text, ["/type", "/user/id", "/user/name"]).expect("it is JSON");
        assert!(kind.is_some_and(|kind| kind.is("swipe")));
        assert_eq!(id.and_then(Field::as_i64), Some(7));
        assert_eq!(none, None);
    }
}
