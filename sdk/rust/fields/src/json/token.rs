//! What a token of a JSON Pointer (RFC 6901) stands for.

/// The member that a token as it is written stands for: in it `~1` is `/` and `~0` is `~`.
#[must_use]
pub fn plain(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The element of an array that a token stands for: a number without sign and leading zeros.
#[must_use]
pub fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    token.parse().ok().filter(|_| canonical)
}
