//! Sizes and times as people write them.

use std::time::Duration;

use bytesize::ByteSize;

/// Reads `256 MiB`, `1GB`, `4096`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    text.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| {
            format!("\"{text}\" is not a size: write a number and a unit, such as \"256 MiB\"")
        })
}

/// Reads `1 s`, `250ms`, `1m 30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        format!(
            "\"{text}\" is not a time: write a number and a unit, such as \"250 ms\" or \"1 s\""
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_with_and_without_a_space() {
        assert_eq!(size("256 MiB"), Ok(256 << 20));
        assert_eq!(size("1GB"), Ok(1_000_000_000));
        assert_eq!(duration("1 s"), Ok(Duration::from_secs(1)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_no_unit_is_named() {
        assert!(size("lots").unwrap_err().contains("lots"));
        assert!(duration("1").unwrap_err().contains("unit"));
    }
}
