from filter import Out, keep

from millstream.testing import run


def test_events_of_the_types_to_keep_are_kept_as_they_are() -> None:
    outcome = run(
        keep,
        ['{"type":"open"}', '{"type":"swipe","direction":"left"}', '{"type":"message"}'],
        settings={"keep": "swipe, message"},
    )
    assert outcome.dropped == [0]
    assert [event.text for event in outcome.to(Out.KEPT)] == ['{"type":"swipe","direction":"left"}', '{"type":"message"}']


def test_swipes_are_kept_unless_the_setting_says_otherwise() -> None:
    outcome = run(keep, [{"type": "swipe"}, {"type": "message"}])
    assert [event.row for event in outcome.emitted] == [0]


def test_what_is_no_event_is_rejected() -> None:
    outcome = run(keep, [None, '{"type":"sw', {"kind": "swipe"}, {"type": 7}])
    assert [one.code for one in outcome.rejected] == ["null-value", "malformed-json", "missing-field", "wrong-type"]
