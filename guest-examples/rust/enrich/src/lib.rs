//! Adds to each event the region of its country and the hour of its day, and a header with the region.

use std::collections::HashMap;

use millstream_sdk::prelude::*;
use serde::Serialize;

#[derive(Outputs)]
enum Out {
    Enriched,
}

#[derive(Settings)]
struct Settings {
    /// Countries and their regions: `GB = europe, BR = latin-america`.
    #[setting(default)]
    regions: HashMap<String, String>,
    /// The region of the other countries.
    #[setting(default = "elsewhere")]
    fallback: String,
}

/// What the host takes out of each event, and rejects events without.
#[derive(Fields)]
struct Event<'a> {
    #[field("/country")]
    country: &'a str,
    /// Milliseconds since 1970.
    #[field("/at")]
    at: i64,
}

/// The members that are added.
#[derive(Serialize)]
struct Added<'a> {
    region: &'a str,
    hour: u8,
}

#[transform]
fn enrich(
    event: Event<'_>,
    record: Record<'_>,
    out: &mut Emitter<Out>,
    settings: &Settings,
) -> Result<(), Reject> {
    let region = settings
        .regions
        .get(event.country)
        .unwrap_or(&settings.fallback);
    let added = Added {
        region,
        hour: hour(event.at),
    };
    out.emit(Out::Enriched)
        .extend_json(record.bytes()?, &added)?
        .header("region", region);
    Ok(())
}

/// The hour of the day, UTC.
fn hour(milliseconds: i64) -> u8 {
    milliseconds.div_euclid(3_600_000).rem_euclid(24) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_sdk::testing::{Input, Test};

    #[test]
    fn region_and_hour_are_added_and_the_rest_stays() {
        let outcome = Test::new(enrich)
            .setting("regions", "GB = europe, BR = latin-america")
            .run([
                Input::value(r#"{"at":1764000000123,"country":"GB"}"#)
                    .key("k")
                    .header("trace", "1"),
                Input::value(r#"{"at":0,"country":"ZZ"}"#),
            ]);
        let event = &outcome.emitted[0];
        assert_eq!(
            event.text(),
            r#"{"at":1764000000123,"country":"GB","region":"europe","hour":16}"#
        );
        assert_eq!(event.key.as_deref(), Some(&b"k"[..]));
        assert_eq!(
            (event.header("trace"), event.header("region")),
            (Some("1"), Some("europe"))
        );
        assert_eq!(outcome.emitted[1].json()["region"], "elsewhere");
    }

    #[test]
    fn events_without_country_or_time_are_rejected() {
        let outcome = Test::new(enrich).run([r#"{"at":1}"#, r#"{"country":"GB","at":"now"}"#, "{"]);
        let codes: Vec<_> = outcome
            .rejected
            .iter()
            .map(|rejected| rejected.code.as_str())
            .collect();
        assert_eq!(codes, ["missing-field", "wrong-type", "malformed-json"]);
    }

    #[test]
    fn the_hour_of_a_time_before_1970_is_an_hour() {
        assert_eq!(hour(-1), 23);
    }

    #[test]
    fn regions_that_are_no_pairs_are_refused() {
        let error = Test::new(enrich)
            .setting("regions", "GB")
            .configure()
            .unwrap_err();
        assert!(
            error.starts_with("setting `regions` is `GB`, not a list `name = value"),
            "{error}"
        );
    }
}
