//! Where a transform starts in a partition that it has never read.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::value::{Datetime, Offset};

/// Resolved to an offset once a partition, at the first deploy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The oldest record there is: nothing is left out unless it is asked for.
    #[default]
    Earliest,
    /// The end, as it is at the deploy.
    Latest,
    /// The first record of that time or later: milliseconds since 1970-01-01T00:00Z.
    Time(i64),
    /// So many records before the end of each partition.
    Last(u64),
}

impl Start {
    /// Reads `earliest`, `latest`, an RFC 3339 time, or `-N`.
    pub(crate) fn parse(text: &str) -> Result<Start, String> {
        match text {
            "earliest" => return Ok(Start::Earliest),
            "latest" => return Ok(Start::Latest),
            _ => {}
        }
        if let Some(count) = text.strip_prefix('-')
            && let Ok(count) = count.parse::<u64>()
        {
            return Ok(Start::Last(count));
        }
        match text.parse::<Datetime>() {
            Ok(time) => Start::at(&time),
            Err(_) => Err(format!(
                "\"{text}\" is neither \"earliest\", \"latest\", a time such as \"2026-01-31T08:00:00Z\", nor a number of records a partition such as \"-1000\""
            )),
        }
    }

    pub(crate) fn at(time: &Datetime) -> Result<Start, String> {
        let incomplete = || {
            format!(
                "\"{time}\" is not a point in time: write date, time and offset, such as \"2026-01-31T08:00:00Z\""
            )
        };
        let (Some(date), Some(of_day), Some(offset)) = (time.date, time.time, time.offset) else {
            return Err(incomplete());
        };
        let minutes_east = match offset {
            Offset::Z => 0,
            Offset::Custom { minutes } => i64::from(minutes),
        };
        let days = days_since_1970(
            i64::from(date.year),
            i64::from(date.month),
            i64::from(date.day),
        );
        let minutes =
            days * 24 * 60 + i64::from(of_day.hour) * 60 + i64::from(of_day.minute) - minutes_east;
        let seconds = minutes * 60 + i64::from(of_day.second.unwrap_or(0));
        Ok(Start::Time(
            seconds * 1000 + i64::from(of_day.nanosecond.unwrap_or(0)) / 1_000_000,
        ))
    }
}

/// Days of the proleptic Gregorian calendar, years counted from March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Start::Earliest => f.write_str("earliest"),
            Start::Latest => f.write_str("latest"),
            Start::Time(ms) => {
                // An offset from UTC can take a time out of the years that can be printed.
                const YEAR_9999: i64 = 253_402_300_799_999;
                let ms = (*ms).clamp(0, YEAR_9999).unsigned_abs();
                let since = std::time::Duration::from_millis(ms);
                write!(
                    f,
                    "{}",
                    humantime::format_rfc3339_millis(std::time::UNIX_EPOCH + since)
                )
            }
            Start::Last(count) => write!(f, "-{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        assert_eq!(Start::parse("earliest"), Ok(Start::Earliest));
        assert_eq!(Start::parse("latest"), Ok(Start::Latest));
        assert_eq!(Start::parse("-1000"), Ok(Start::Last(1000)));
        assert_eq!(
            Start::parse("1970-01-01T00:00:01.5Z"),
            Ok(Start::Time(1500))
        );
        assert_eq!(
            Start::parse("2024-03-01T00:00:00Z"),
            Ok(Start::Time(1_709_251_200_000))
        );
        assert_eq!(
            Start::parse("2024-02-29T23:30:00-00:30"),
            Ok(Start::Time(1_709_251_200_000))
        );
        assert_eq!(Start::parse("1969-12-31T23:59:59Z"), Ok(Start::Time(-1000)));
    }

    #[test]
    fn what_is_no_point_in_time_is_refused() {
        assert!(Start::parse("2024-03-01").unwrap_err().contains("offset"));
        assert!(
            Start::parse("2024-03-01T00:00:00")
                .unwrap_err()
                .contains("offset")
        );
        assert!(Start::parse("yesterday").unwrap_err().contains("earliest"));
        assert!(Start::parse("--5").unwrap_err().contains("-1000"));
        assert!(Start::parse("-").is_err());
    }

    #[test]
    fn a_time_that_its_offset_takes_out_of_the_calendar_is_printed_as_the_nearest_in_it() {
        let late = Start::parse("9999-12-31T23:59:59-01:00").unwrap();
        assert_eq!(late.to_string(), "9999-12-31T23:59:59.999Z");
        let early = Start::parse("0000-01-01T00:00:00+01:00").unwrap();
        assert_eq!(early.to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn it_is_printed_as_it_is_written() {
        for text in ["earliest", "latest", "-7", "2024-03-01T00:00:00.000Z"] {
            assert_eq!(Start::parse(text).unwrap().to_string(), text);
        }
    }
}
