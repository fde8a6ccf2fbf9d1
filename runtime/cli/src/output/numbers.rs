//! Numbers as people read them.

use std::time::Duration;

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 record`, `12 records`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{} {one}s", count(number))
    }
}

/// Seconds of lag: `0 s`, `12 s`, `3 min`, `5 h`, `2 d`.
pub(crate) fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7_200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 172_800.0 {
        format!("{:.0} h", seconds / 3_600.0)
    } else {
        format!("{:.0} d", seconds / 86_400.0)
    }
}

/// A duration to about two digits: `850 ms`, `6.2 s`.
pub(crate) fn took(duration: Duration) -> String {
    if duration.as_millis() < 1_000 {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// The first characters of a SHA-256 in hex: enough to tell modules apart.
pub(crate) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let shown: Vec<String> = [0, 999, 1_000, 12_345, 1_000_000]
            .into_iter()
            .map(count)
            .collect();
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "1,000,000"]);
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(0, "record"), "0 records");
    }

    #[test]
    fn ages_are_in_the_unit_that_fits() {
        let shown: Vec<String> = [-1.0, 12.3, 180.0, 7_200.0, 172_800.0]
            .into_iter()
            .map(age)
            .collect();
        assert_eq!(shown, ["0 s", "12 s", "3 min", "2 h", "2 d"]);
    }

    #[test]
    fn a_short_digest_does_not_panic_on_odd_ones() {
        assert_eq!(short("0123456789abcdef"), "0123456789ab");
        assert_eq!(short("abc"), "abc");
    }
}
