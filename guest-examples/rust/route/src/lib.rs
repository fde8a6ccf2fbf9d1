//! Sends swipes to the right to one topic and swipes to the left to another; other events are dropped.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Likes,
    Passes,
}

/// What the host takes out of each event. The event itself never enters this component.
#[derive(Fields)]
struct Event<'a> {
    #[field("/type")]
    kind: &'a str,
    /// Only swipes have one, so whatever else stands there is not looked at.
    #[field("/direction", lenient)]
    direction: Option<&'a str>,
}

#[transform]
fn route(event: Event<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
    if event.kind != "swipe" {
        return Ok(());
    }
    match event.direction {
        Some("right") => out.forward(Out::Likes),
        Some("left") => out.forward(Out::Passes),
        Some(other) => reject!(
            "unknown-direction",
            "a swipe {other:?} is neither left nor right"
        ),
        None => reject!("unknown-direction", "the swipe has no direction"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_sdk::testing;

    #[test]
    fn swipes_go_by_their_direction_and_other_events_nowhere() {
        let outcome = testing::run(
            route,
            [
                r#"{"type":"swipe","direction":"right"}"#,
                r#"{"type":"message","direction":7}"#,
                r#"{"type":"swipe","direction":"left"}"#,
            ],
        );
        assert_eq!(outcome.to(Out::Likes)[0].row, 0);
        assert_eq!(outcome.to(Out::Passes)[0].row, 2);
        assert_eq!(outcome.dropped, [1]);
    }

    #[test]
    fn a_swipe_without_a_direction_is_rejected() {
        let outcome = testing::run(
            route,
            [
                r#"{"type":"swipe"}"#,
                r#"{"type":"swipe","direction":"up"}"#,
            ],
        );
        assert_eq!(outcome.rejected[0].reason, "the swipe has no direction");
        assert_eq!(outcome.rejected[1].code, "unknown-direction");
    }

    #[test]
    fn what_is_no_event_is_rejected() {
        let outcome = testing::run(
            route,
            [
                r#"{"type":"swipe""#,
                r#"{"direction":"left"}"#,
                r#"{"type":1}"#,
            ],
        );
        let codes: Vec<_> = outcome
            .rejected
            .iter()
            .map(|rejected| rejected.code.as_str())
            .collect();
        assert_eq!(codes, ["malformed-json", "missing-field", "wrong-type"]);
    }
}
