//! What the escapes of a string stand for.

/// Appends the text of a checked string, given without its quotes. Says whether all of it is text: where an escape is no
/// character, nothing is appended.
#[cold]
pub(super) fn unescape(inner: &[u8], to: &mut Vec<u8>) -> bool {
    let before = to.len();
    let mut rest = inner;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        to.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let plain = match rest.first() {
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let Some((character, behind)) = character(rest) else {
                    to.truncate(before);
                    return false;
                };
                to.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
                continue;
            }
            Some(itself) => *itself,
            None => break,
        };
        to.push(plain);
        rest = &rest[1..];
    }
    to.extend_from_slice(rest);
    true
}

/// The character that `uXXXX`, or a pair of surrogates, stands for, and what is behind it.
fn character(escape: &[u8]) -> Option<(char, &[u8])> {
    let (first, behind) = unit(escape)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first)?, behind));
    }
    let (second, behind) = unit(behind.strip_prefix(b"\\")?)?;
    let low = (0xDC00..0xE000)
        .contains(&second)
        .then_some(second & 0x3FF)?;
    Some((
        char::from_u32(0x1_0000 + ((first & 0x3FF) << 10 | low))?,
        behind,
    ))
}

fn unit(escape: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, behind) = escape.strip_prefix(b"u")?.split_at_checked(4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u32::from_str_radix(digits, 16).ok()?, behind))
}
