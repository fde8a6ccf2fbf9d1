//! Joins the profile of the person who was swiped into each swipe.

use millstream_sdk::prelude::*;
use serde::Serialize;

#[derive(Outputs)]
enum Out {
    Joined,
    Unknown,
}

#[derive(Counters)]
enum Count {
    UnknownProfiles,
}

/// What the host takes out of each swipe, and what it looks up for it.
#[derive(Fields)]
struct Swipe<'a> {
    /// Who was swiped.
    #[field("/target")]
    target: &'a str,
    // People need not say either, and a profile with one of them is better than none.
    #[lookup("profiles", by = target, "/name", lenient)]
    name: Option<&'a str>,
    #[lookup("profiles", by = target, "/age", lenient)]
    age: Option<i64>,
}

/// The member that is added.
#[derive(Serialize)]
struct Added<'a> {
    profile: Profile<'a>,
}

/// What is known of a person: the rest is left out, not null.
#[derive(Serialize)]
struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<i64>,
}

#[transform]
fn profiles(
    swipe: Swipe<'_>,
    record: Record<'_>,
    out: &mut Emitter<Out, Count>,
) -> Result<(), Reject> {
    let Swipe { name, age, .. } = swipe;
    if name.is_none() && age.is_none() {
        out.count(Count::UnknownProfiles, 1);
        out.forward(Out::Unknown);
        return Ok(());
    }
    let added = Added {
        profile: Profile { name, age },
    };
    out.emit(Out::Joined).extend_json(record.bytes()?, &added)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_sdk::testing::{Input, Test};

    const PROFILES: [(&str, &str); 6] = [
        ("ann", r#"{"name":"Ann","age":31,"country":"GB"}"#),
        ("quoted", r#"{"name":"\"Zoë\"\t<3","age":27}"#),
        ("no-age", r#"{"name":"Ben"}"#),
        ("no-name", r#"{"name":7,"age":40}"#),
        ("neither", r#"{"country":"GB"}"#),
        ("odd", r#"{"name":7,"age":"31"}"#),
    ];

    #[test]
    fn the_profile_is_added_and_the_rest_stays() {
        let outcome = Test::new(profiles).table("profiles", PROFILES).run([
            Input::value(r#"{"target":"ann","direction":"right"}"#)
                .key("k")
                .header("trace", "1"),
            Input::value(r#"{ "target": "quoted" }"#),
        ]);
        let joined = outcome.to(Out::Joined);
        assert_eq!(
            joined[0].text(),
            r#"{"target":"ann","direction":"right","profile":{"name":"Ann","age":31}}"#
        );
        assert_eq!(joined[0].key.as_deref(), Some(&b"k"[..]));
        assert_eq!(joined[0].header("trace"), Some("1"));
        assert_eq!(
            joined[1].text(),
            r#"{ "target": "quoted" ,"profile":{"name":"\"Zoë\"\t<3","age":27}}"#
        );
        assert_eq!(outcome.counters["unknown_profiles"], 0);
    }

    #[test]
    fn what_is_not_known_of_a_person_is_left_out() {
        let outcome = Test::new(profiles)
            .table("profiles", PROFILES)
            .run([r#"{"target":"no-age"}"#, r#"{"target":"no-name"}"#]);
        let joined = outcome.to(Out::Joined);
        assert_eq!(
            joined[0].text(),
            r#"{"target":"no-age","profile":{"name":"Ben"}}"#
        );
        assert_eq!(
            joined[1].text(),
            r#"{"target":"no-name","profile":{"age":40}}"#
        );
    }

    #[test]
    fn swipes_of_unknown_people_stay_as_they_are_and_are_counted() {
        let swipes = [
            r#"{"target":"nobody"}"#,
            r#"{ "target": "neither" }"#,
            r#"{"target":"odd"}"#,
        ];
        let outcome = Test::new(profiles).table("profiles", PROFILES).run(swipes);
        let unknown = outcome.to(Out::Unknown);
        let values: Vec<_> = unknown.iter().map(|event| event.text()).collect();
        assert_eq!(values, swipes);
        assert_eq!(outcome.counters["unknown_profiles"], 3);
    }

    #[test]
    fn swipes_without_a_target_are_rejected() {
        let outcome = Test::new(profiles).run([
            Input::value("{}"),
            Input::value(r#"{"target":7}"#),
            Input::value(r#"{"target":"#),
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
