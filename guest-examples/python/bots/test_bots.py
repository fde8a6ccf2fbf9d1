from bots import Out, bots

from millstream.testing import Outcome, run

TABLES = {
    "sessions": {
        "clear": {"bot-score": 0.97},
        "close": {"bot-score": 0.9},
        "human": {"bot-score": 0.89},
        "new": {"country": "GB"},
        "odd": {"bot-score": "high"},
    }
}


def rows(outcome: Outcome, output: Out) -> list[int]:
    return [event.row for event in outcome.to(output)]


def test_events_go_by_the_score_of_their_session() -> None:
    outcome = run(bots, [{"session": "clear"}, {"session": "close"}, {"session": "human"}], tables=TABLES)
    assert rows(outcome, Out.BOTS) == [0, 1]
    assert rows(outcome, Out.HUMANS) == [2]
    assert outcome.counters == {"unknown_sessions": 0}


def test_sessions_without_a_score_are_humans_and_counted() -> None:
    outcome = run(bots, [{"session": "nobody"}, {"session": "new"}, {"session": "odd"}], tables=TABLES)
    assert rows(outcome, Out.HUMANS) == [0, 1, 2]
    assert outcome.counters == {"unknown_sessions": 3}


def test_the_limit_is_a_setting() -> None:
    outcome = run(bots, [{"session": "clear"}, {"session": "close"}], tables=TABLES, settings={"limit": 0.95})
    assert rows(outcome, Out.BOTS) == [0]
    assert rows(outcome, Out.HUMANS) == [1]


def test_events_without_a_session_are_rejected() -> None:
    outcome = run(bots, [{}, {"session": 7}, '{"session":', None])
    assert [one.code for one in outcome.rejected] == ["missing-field", "wrong-type", "malformed-json", "null-value"]
