//! Looks for a handful of paths in a text, without preparing anything.

use millstream_fields::json::{Found, Name, Search, token};

/// What is left of each path at one place of a text.
pub(super) struct Paths<'p, const N: usize>([Wanted<'p>; N]);

#[derive(Clone, Copy)]
enum Wanted<'p> {
    /// The path leads elsewhere.
    Nothing,
    /// The path ends here.
    Here,
    Below {
        token: &'p str,
        rest: &'p str,
        /// Whether the token may have escapes.
        tilde: bool,
    },
}

impl<'p, const N: usize> Paths<'p, N> {
    pub(super) fn new(paths: [&'p str; N]) -> Self {
        Paths(paths.map(Wanted::new))
    }

    /// What is left of those paths that go this way.
    #[inline]
    fn follow(
        &self,
        fits: impl Fn(&str, bool) -> bool,
        sink: &mut [Option<Found<'_>>; N],
    ) -> Option<Self> {
        let mut inner = [Wanted::Nothing; N];
        let mut any = false;
        for ((wanted, inner), found) in self.0.iter().zip(&mut inner).zip(sink) {
            if let Wanted::Below { token, rest, tilde } = *wanted
                && fits(token, tilde)
            {
                *inner = Wanted::new(rest);
                // Of members of one name the last counts, also where it lacks what an earlier one had.
                *found = None;
                any = true;
            }
        }
        any.then_some(Paths(inner))
    }
}

impl<'p> Wanted<'p> {
    #[inline]
    fn new(path: &'p str) -> Self {
        if path.is_empty() {
            return Wanted::Here;
        }
        let Some(path) = path.strip_prefix('/') else {
            return Wanted::Nothing;
        };
        let (token, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        Wanted::Below {
            token,
            rest,
            tilde: token.contains('~'),
        }
    }
}

impl<const N: usize> Search for Paths<'_, N> {
    type Sink<'t> = [Option<Found<'t>>; N];

    #[inline]
    fn member(&self, name: Name<'_>, sink: &mut Self::Sink<'_>) -> Option<Self> {
        let is = |token: &str, tilde| match tilde {
            false => name.is(token),
            true => name.is(&token::plain(token)),
        };
        self.follow(is, sink)
    }

    #[inline]
    fn element(&self, index: usize, sink: &mut Self::Sink<'_>) -> Option<Self> {
        self.follow(|token, _| token::index(token) == Some(index), sink)
    }

    #[inline]
    fn here<'t>(&self, found: Found<'t>, sink: &mut Self::Sink<'t>) {
        for (wanted, sink) in self.0.iter().zip(sink) {
            if let Wanted::Here = wanted {
                *sink = Some(found);
            }
        }
    }
}
