//! The strings of a JSON text, found without parsing it.

/// A copy of `json` in which `push` writes what becomes of the texts of strings; it gets those parts of a string that have no
/// escape sequence in them. `None` where the last string never ends.
pub fn rewritten(json: &[u8], mut push: impl FnMut(&[u8], &mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(quote) = rest.iter().position(|&byte| byte == b'"') {
        let mut text;
        (text, rest) = rest.split_at(quote + 1);
        written.extend(text);
        loop {
            let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            (text, rest) = rest.split_at(end);
            push(text, &mut written);
            let is_last = rest[0] == b'"';
            (text, rest) = rest.split_at(if is_last { 1 } else { escape(rest)? });
            written.extend(text);
            if is_last {
                break;
            }
        }
    }
    written.extend(rest);
    Some(written)
}

/// How long the escape sequence is that a text begins with; `None` where the text ends in it.
fn escape(text: &[u8]) -> Option<usize> {
    match text {
        [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|hex| hex.is_ascii_hexdigit()) => {
            Some(6)
        }
        [_, _, ..] => Some(2),
        _ => None,
    }
}
