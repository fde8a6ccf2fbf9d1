//! Tells the events of bots from those of people, by what a table has about their sessions.

use millstream_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Humans,
    Bots,
}

#[derive(Counters)]
enum Count {
    UnknownSessions,
}

/// What the host takes out of each event, and what it looks up for it. The event itself never enters this component.
#[derive(Fields)]
struct Event<'a> {
    #[field("/session")]
    session: &'a str,
    /// How likely the session is a bot's, from 0 to 1. Not every session has been judged.
    #[lookup("sessions", by = session, "/bot-score", lenient)]
    score: Option<f64>,
}

#[derive(Settings)]
struct Settings {
    /// From this score on a session is a bot's.
    #[setting(default = 0.9)]
    limit: f64,
}

#[transform]
fn bots(event: Event<'_>, out: &mut Emitter<Out, Count>, settings: &Settings) {
    match event.score {
        Some(score) if score >= settings.limit => out.forward(Out::Bots),
        Some(_) => out.forward(Out::Humans),
        // Nobody is taken for a bot without a reason.
        None => {
            out.count(Count::UnknownSessions, 1);
            out.forward(Out::Humans);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_sdk::testing::{Input, Outcome, Test};

    const SESSIONS: [(&str, &str); 5] = [
        ("clear", r#"{"bot-score":0.97}"#),
        ("close", r#"{"bot-score":0.9}"#),
        ("human", r#"{"bot-score":0.89}"#),
        ("new", r#"{"country":"GB"}"#),
        ("odd", r#"{"bot-score":"high"}"#),
    ];

    fn rows(outcome: &Outcome, output: Out) -> Vec<usize> {
        outcome.to(output).iter().map(|event| event.row).collect()
    }

    #[test]
    fn events_go_by_the_score_of_their_session() {
        let outcome = Test::new(bots).table("sessions", SESSIONS).run([
            r#"{"session":"clear"}"#,
            r#"{"session":"close"}"#,
            r#"{"session":"human"}"#,
        ]);
        assert_eq!(rows(&outcome, Out::Bots), [0, 1]);
        assert_eq!(rows(&outcome, Out::Humans), [2]);
        assert_eq!(outcome.counters["unknown_sessions"], 0);
    }

    #[test]
    fn sessions_without_a_score_are_humans_and_counted() {
        let outcome = Test::new(bots).table("sessions", SESSIONS).run([
            r#"{"session":"nobody"}"#,
            r#"{"session":"new"}"#,
            r#"{"session":"odd"}"#,
        ]);
        assert_eq!(rows(&outcome, Out::Humans), [0, 1, 2]);
        assert_eq!(outcome.counters["unknown_sessions"], 3);
    }

    #[test]
    fn the_limit_is_a_setting() {
        let test = Test::new(bots).table("sessions", SESSIONS);
        let outcome = test
            .setting("limit", 0.95)
            .run([r#"{"session":"clear"}"#, r#"{"session":"close"}"#]);
        assert_eq!(rows(&outcome, Out::Bots), [0]);
        assert_eq!(rows(&outcome, Out::Humans), [1]);
    }

    #[test]
    fn events_without_a_session_are_rejected() {
        let outcome = Test::new(bots).run([
            Input::value("{}"),
            Input::value(r#"{"session":7}"#),
            Input::value(r#"{"session":"#),
            Input::null(),
        ]);
        let codes: Vec<_> = outcome
            .rejected
            .iter()
            .map(|rejected| rejected.code.as_str())
            .collect();
        let expected = [
            "missing-field",
            "wrong-type",
            "malformed-json",
            "null-value",
        ];
        assert_eq!(codes, expected);
    }
}
