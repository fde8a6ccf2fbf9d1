from route import Out, route

from millstream.testing import run


def test_swipes_go_by_their_direction_and_other_events_nowhere() -> None:
    outcome = run(
        route,
        [
            {"type": "swipe", "direction": "right"},
            {"type": "message", "direction": 7},
            {"type": "swipe", "direction": "left"},
        ],
    )
    assert [event.row for event in outcome.to(Out.LIKES)] == [0]
    assert [event.row for event in outcome.to(Out.PASSES)] == [2]
    assert outcome.dropped == [1]


def test_a_swipe_to_nowhere_is_rejected() -> None:
    outcome = run(route, [{"type": "swipe"}, {"type": "swipe", "direction": "up"}])
    assert [one.code for one in outcome.rejected] == ["unknown-direction", "unknown-direction"]
    assert outcome.rejected[0].reason == "the swipe has no direction"
    assert outcome.rejected[1].reason == 'a swipe "up" is neither left nor right'


def test_what_is_no_event_is_rejected() -> None:
    outcome = run(route, ['{"type":"swipe"', {"direction": "left"}, {"type": 1}, None])
    assert [one.code for one in outcome.rejected] == ["malformed-json", "missing-field", "wrong-type", "null-value"]
