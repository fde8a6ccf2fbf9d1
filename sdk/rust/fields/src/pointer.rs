//! JSON Pointers (RFC 6901), many at once: a tree of their tokens that is walked along with the text.

use std::ops::Range;

use crate::json::{Found, Name, Search, token};

/// Takes a pointer apart. The error says what is wrong with it.
pub(crate) fn tokens(pointer: &str) -> Result<Vec<String>, &'static str> {
    let Some(path) = pointer.strip_prefix('/') else {
        return match pointer.is_empty() {
            true => Ok(Vec::new()),
            false => Err("a JSON Pointer is empty or starts with `/`"),
        };
    };
    let token = |token: &str| {
        let escapes_are_known = token
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']));
        match escapes_are_known {
            true => Ok(token::plain(token)),
            false => Err("in a JSON Pointer `~` is written `~0`, and `/` within a name `~1`"),
        }
    };
    path.split('/').map(token).collect()
}

/// The tokens of several pointers. Each place that one of them points to has a slot.
#[derive(Debug)]
pub(crate) struct Tree(Node);

#[derive(Debug, Default)]
struct Node {
    /// The slot of this place, if a pointer ends here.
    here: Option<usize>,
    /// The slots of this place and of all below.
    slots: Range<usize>,
    below: Vec<Child>,
}

#[derive(Debug)]
struct Child {
    token: String,
    /// The element that the token stands for in an array.
    index: Option<usize>,
    node: Node,
}

impl Tree {
    /// A tree of these pointers, and the slot of each; equal pointers share one.
    pub(crate) fn new(pointers: &[Vec<String>]) -> (Tree, Vec<usize>) {
        let mut sorted: Vec<&[String]> = pointers.iter().map(Vec::as_slice).collect();
        sorted.sort_unstable();
        sorted.dedup();
        // What starts alike is adjacent now, so that the slots below a place follow upon its own.
        let slots = pointers
            .iter()
            .map(|pointer| sorted.partition_point(|other| *other < pointer.as_slice()))
            .collect();
        (Tree(Node::new(&sorted, 0, 0)), slots)
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> usize {
        self.0.slots.len()
    }

    /// What to give to `scan`.
    pub(crate) fn search(&self) -> Place<'_> {
        Place(&self.0)
    }
}

impl Node {
    /// `sorted` are the pointers that lead through here by their first `depth` tokens, `first` is the slot of the first.
    fn new(sorted: &[&[String]], depth: usize, first: usize) -> Node {
        let mut node = Node {
            slots: first..first + sorted.len(),
            ..Node::default()
        };
        let mut at = 0;
        if sorted.first().is_some_and(|pointer| pointer.len() == depth) {
            node.here = Some(first);
            at = 1;
        }
        for group in sorted[at..].chunk_by(|a, b| a[depth] == b[depth]) {
            let token = &group[0][depth];
            node.below.push(Child {
                token: token.clone(),
                index: token::index(token),
                node: Node::new(group, depth + 1, first + at),
            });
            at += group.len();
        }
        node
    }

    /// The child of a name with escapes, which is decoded once, not once for each child.
    #[cold]
    fn of_escaped(&self, name: Name<'_>) -> Option<&Child> {
        if self.below.is_empty() {
            return None;
        }
        let name = name.text()?;
        self.below.iter().find(|child| child.token == name)
    }
}

/// A place of the tree on the way through a text.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p>(&'p Node);

impl<'p> Place<'p> {
    #[inline]
    fn enter(child: &'p Child, sink: &mut [Option<Found<'_>>]) -> Place<'p> {
        // Of members of one name the last counts, also where it lacks what an earlier one had.
        sink[child.node.slots.clone()].fill(None);
        Place(&child.node)
    }
}

impl<'p> Search for Place<'p> {
    type Sink<'t> = [Option<Found<'t>>];

    #[inline]
    fn member(&self, name: Name<'_>, sink: &mut Self::Sink<'_>) -> Option<Self> {
        let child = match name.is_escaped() {
            false => self.0.below.iter().find(|child| name.is(&child.token)),
            true => self.0.of_escaped(name),
        }?;
        Some(Place::enter(child, sink))
    }

    #[inline]
    fn element(&self, index: usize, sink: &mut Self::Sink<'_>) -> Option<Self> {
        let child = self
            .0
            .below
            .iter()
            .find(|child| child.index == Some(index))?;
        Some(Place::enter(child, sink))
    }

    #[inline]
    fn here<'t>(&self, found: Found<'t>, sink: &mut Self::Sink<'t>) {
        if let Some(slot) = self.0.here {
            sink[slot] = Some(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<const N: usize>(text: &str, pointers: [&str; N]) -> [Option<String>; N] {
        let pointers = pointers.map(|pointer| tokens(pointer).expect(pointer));
        let (tree, slots) = Tree::new(&pointers);
        let mut found = vec![None; tree.slots()];
        crate::json::scan(text.as_bytes(), &tree.search(), &mut found[..]).expect("JSON");
        std::array::from_fn(|i| {
            found[slots[i]].map(|found| String::from_utf8_lossy(found.raw()).into_owned())
        })
    }

    fn one(text: &str, pointer: &str) -> Option<String> {
        let [found] = find(text, [pointer]);
        found
    }

    #[test]
    fn a_pointer_leads_through_objects_and_arrays() {
        let text =
            r#" {"a": {"b": [10, {"c": "x"}]}, "e/f": 1, "g~h": 2, "": 3, "\u0061b": 4, "0": 5} "#;
        for (pointer, found) in [
            ("/a/b/0", Some("10")),
            ("/a/b/1/c", Some("\"x\"")),
            ("/a/b/01", None),
            ("/a/b/-", None),
            ("/e~1f", Some("1")),
            ("/g~0h", Some("2")),
            ("/", Some("3")),
            ("/ab", Some("4")),
            ("/0", Some("5")),
            ("/a/x", None),
            ("/a/b/0/x", None),
            ("", Some(text.trim())),
        ] {
            assert_eq!(one(text, pointer).as_deref(), found, "{pointer}");
        }
        assert_eq!(one("[]", "/a"), None);
    }

    #[test]
    fn a_name_with_escapes_is_the_text_that_they_stand_for() {
        let text = r#"{"\u0061":1,"b\/c":2,"\ud800":3,"\u00e9":{"\u0061":4,"d":{"\u0061":5}}}"#;
        let found = find(text, ["/a", "/b~1c", "/é/a", "/é/d", "/d", "/é/d/a"]);
        let expected = [
            Some("1"),
            Some("2"),
            Some("4"),
            Some(r#"{"\u0061":5}"#),
            None,
            Some("5"),
        ];
        assert_eq!(found.each_ref().map(Option::as_deref), expected);
    }

    #[test]
    fn of_repeated_members_the_last_counts() {
        let [a, b] = find(r#"{"a":1,"a":2,"b":3}"#, ["/a", "/b"]);
        assert_eq!((a.as_deref(), b.as_deref()), (Some("2"), Some("3")));
        let [a, inner] = find(r#"{"a":{"b":1},"a":2}"#, ["/a", "/a/b"]);
        assert_eq!((a.as_deref(), inner), (Some("2"), None));
        let [b, c] = find(r#"{"a":{"b":1},"a":{"c":2}}"#, ["/a/b", "/a/c"]);
        assert_eq!((b, c.as_deref()), (None, Some("2")));
    }

    #[test]
    fn a_place_and_one_within_it_are_both_found() {
        let text = r#"{"a":{"b":{"c":1}},"ab":2}"#;
        let found = find(text, ["/a/b/c", "/a", "/ab", "", "/a", "/a/b"]);
        let inner = r#"{"b":{"c":1}}"#;
        let expected = ["1", inner, "2", text, inner, r#"{"c":1}"#];
        assert_eq!(found, expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for wrong in ["a", "a/b", "/a~", "/~2", "~0"] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
        assert_eq!(tokens("/~01"), Ok(vec!["~1".to_owned()]));
    }
}
