//! E-mail addresses and card numbers in a text. A byte that is not ASCII is part of neither.

/// Appends the text with `***` for what stands before the `@` of each address, and answers how many there were.
pub fn push_without_emails(text: &[u8], to: &mut Vec<u8>) -> u64 {
    let mut found = 0;
    let mut done = 0;
    for at in (0..text.len()).filter(|&at| text[at] == b'@') {
        // What a domain took is not part of the next address.
        let before = text[done..at].iter().rev();
        let name = before.take_while(|byte| is_of_name(byte)).count();
        let domain = domain(&text[at + 1..]);
        if name == 0 || domain == 0 {
            continue;
        }
        to.extend(&text[done..at - name]);
        to.extend(b"***");
        done = at + 1 + domain;
        to.extend(&text[at..done]);
        found += 1;
    }
    to.extend(&text[done..]);
    found
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-".contains(byte)
}

/// How long the domain is that the text begins with, 0 for none: it ends with the last dot in it that two or more letters
/// follow, and these.
fn domain(text: &[u8]) -> usize {
    let is_inside = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let longest = text.iter().take_while(is_inside).count();
    for dot in (1..longest).rev().filter(|&dot| text[dot] == b'.') {
        let after = text[dot + 1..].iter();
        let letters = after.take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters >= 2 {
            return dot + 1 + letters;
        }
    }
    0
}

/// Writes `*` over all digits of card numbers but the last four, and answers how many numbers there were.
pub fn mask_cards(text: &mut [u8]) -> u64 {
    let mut found = 0;
    let mut start = 0;
    while start < text.len() {
        let len = digits(&text[start..]);
        let end = start + len;
        let is_part_of_word = start > 0 && text[start - 1].is_ascii_alphabetic()
            || text.get(end).is_some_and(u8::is_ascii_alphabetic);
        if !is_part_of_word && is_card(&text[start..end]) {
            let digits = text[start..end].iter_mut().rev();
            for digit in digits.filter(|byte| byte.is_ascii_digit()).skip(4) {
                *digit = b'*';
            }
            found += 1;
        }
        start = end.max(start + 1);
    }
    found
}

/// How long the run of digits is that the text begins with; a space or a hyphen may stand between two of them.
fn digits(text: &[u8]) -> usize {
    let mut len = 0;
    loop {
        match text[len..] {
            [b'0'..=b'9', ..] => len += 1,
            [b' ' | b'-', b'0'..=b'9', ..] if len > 0 => len += 2,
            _ => return len,
        }
    }
}

/// Whether there are 13 to 19 digits, the last of which is Luhn's check digit of the others.
fn is_card(digits: &[u8]) -> bool {
    let (mut count, mut sum) = (0, 0);
    for digit in digits.iter().rev().filter(|byte| byte.is_ascii_digit()) {
        let digit = u32::from(digit - b'0');
        sum += match (count % 2, digit) {
            (0, digit) => digit,
            (_, 0..=4) => 2 * digit,
            _ => 2 * digit - 9,
        };
        count += 1;
    }
    (13..=19).contains(&count) && sum % 10 == 0
}
