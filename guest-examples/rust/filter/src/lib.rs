//! Keeps the events of some types, and drops the others.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Kept,
}

/// What the host takes out of each event. The event itself never enters this component.
#[derive(Fields)]
struct Event<'a> {
    #[field("/type")]
    kind: &'a str,
}

#[derive(Settings)]
struct Settings {
    /// The types to keep, separated by commas.
    #[setting(default = vec!["swipe".to_owned()])]
    keep: Vec<String>,
}

#[transform]
fn filter(event: Event<'_>, out: &mut Emitter<Out>, settings: &Settings) {
    if settings.keep.iter().any(|keep| keep == event.kind) {
        out.forward(Out::Kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_sdk::testing::{Input, Test};

    #[test]
    fn events_of_the_types_to_keep_are_kept_as_they_are() {
        let outcome = Test::new(filter).setting("keep", "swipe, message").run([
            r#"{"type":"open"}"#,
            r#"{"type":"swipe","direction":"left"}"#,
            r#"{"type":"message"}"#,
        ]);
        assert_eq!(outcome.dropped, [0]);
        assert_eq!(
            outcome.emitted[0].text(),
            r#"{"type":"swipe","direction":"left"}"#
        );
        assert_eq!(outcome.emitted.len(), 2);
    }

    #[test]
    fn what_is_no_event_is_rejected() {
        let outcome = Test::new(filter).run([
            Input::null(),
            Input::value(r#"{"type":"sw"#),
            Input::value(r#"{"kind":"swipe"}"#),
            Input::value("[1]"),
        ]);
        let codes: Vec<_> = outcome
            .rejected
            .iter()
            .map(|rejected| rejected.code.as_str())
            .collect();
        assert_eq!(
            codes,
            [
                "null-value",
                "malformed-json",
                "missing-field",
                "missing-field"
            ]
        );
    }
}
