from profiles import Out, profiles

from millstream.testing import Input, Outcome, run

TABLES = {
    "profiles": {
        "ann": {"name": "Ann", "age": 31, "country": "GB"},
        "quoted": {"name": '"Zoë"\t<3', "age": 27},
        "no-age": {"name": "Ben"},
        "no-name": {"name": 7, "age": 40},
        "neither": {"country": "GB"},
        "odd": {"name": 7, "age": "31"},
    }
}


def values(outcome: Outcome, output: Out) -> list[str]:
    return [event.text for event in outcome.to(output)]


def test_the_profile_is_added_and_the_rest_stays() -> None:
    swipe = Input('{"target":"ann","direction":"right"}', key="k", headers=[("trace", "1")])
    outcome = run(profiles, [swipe, '{ "target": "quoted" }'], tables=TABLES)
    assert values(outcome, Out.JOINED) == [
        '{"target":"ann","direction":"right","profile":{"name":"Ann","age":31}}',
        r'{ "target": "quoted" ,"profile":{"name":"\"Zoë\"\t<3","age":27}}',
    ]
    assert outcome.emitted[0].key == b"k"
    assert outcome.emitted[0].headers == [("trace", b"1")]
    assert outcome.counters == {"unknown_profiles": 0}


def test_what_is_not_known_of_a_person_is_left_out() -> None:
    outcome = run(profiles, [{"target": "no-age"}, {"target": "no-name"}], tables=TABLES)
    assert values(outcome, Out.JOINED) == [
        '{"target":"no-age","profile":{"name":"Ben"}}',
        '{"target":"no-name","profile":{"age":40}}',
    ]


def test_swipes_of_unknown_people_stay_as_they_are_and_are_counted() -> None:
    swipes = ['{"target":"nobody"}', '{ "target": "neither" }', '{"target":"odd"}']
    outcome = run(profiles, swipes, tables=TABLES)
    assert values(outcome, Out.UNKNOWN) == swipes
    assert outcome.counters == {"unknown_profiles": 3}


def test_swipes_without_a_target_are_rejected() -> None:
    outcome = run(profiles, [{}, {"target": 7}, '{"target":', None])
    assert [one.code for one in outcome.rejected] == ["missing-field", "wrong-type", "malformed-json", "null-value"]
