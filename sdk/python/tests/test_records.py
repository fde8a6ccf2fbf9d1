from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from millstream import Emitter, Permanent, Record, transform
from millstream.testing import Input, Outcome, run


class Out(Enum):
    OUT = "out"


def through(look: Callable[[Record], Any], *records: Any, **options: Any) -> tuple[list[Any], Outcome]:
    """What a function sees of each record."""
    seen = []

    @transform(outputs=Out, reads=["keys", "values", "headers", "timestamps", "offsets"])
    def see(record: Record, out: Emitter[Out]) -> None:
        seen.append(look(record))

    return seen, run(see, records, **options)


def test_null_and_empty_differ() -> None:
    seen, _ = through(
        lambda record: (record.key, record.value), Input(None, key=""), Input("", key=None), Input(b"\xff", key="k")
    )
    assert seen == [(b"", None), (None, b""), (b"k", b"\xff")]


def test_a_record_knows_where_it_comes_from() -> None:
    seen, _ = through(
        lambda record: (record.topic, record.partition, record.row, record.offset, record.timestamp),
        Input("a", timestamp=-1, offset=7),
        Input("b", timestamp=2**62),
        topic="swipes",
        partition=3,
    )
    assert seen == [("swipes", 3, 0, 7, -1), ("swipes", 3, 1, 1, 2**62)]


def test_headers_keep_their_order_and_the_last_of_a_name_counts() -> None:
    headers = [("a", "1"), ("b", None), ("a", "2"), ("ä", b"\xff")]
    seen, _ = through(
        lambda record: (record.headers, record.header("a"), record.header("b"), record.header("c")),
        Input("x"),
        Input("x", headers=headers),
        Input("x", headers=[("c", "")]),
    )
    assert seen[0] == ([], None, None, None)
    assert seen[1] == ([("a", b"1"), ("b", None), ("a", b"2"), ("ä", b"\xff")], b"2", None, None)
    assert seen[2] == ([("c", b"")], None, None, b"")
    assert seen[1][0][3].name == "ä"


def test_text_is_checked() -> None:
    seen, outcome = through(Record.text, "ä", b"a\xff", None)
    assert seen == ["ä"]
    assert [(one.code, one.reason) for one in outcome.rejected] == [
        ("invalid-utf8", "the value is not text: invalid UTF-8 at byte 1"),
        ("null-value", "the record has no value"),
    ]


def test_json_is_exact() -> None:
    seen, _ = through(Record.json, '{"a":1,"a":18446744073709551616}', "[1.5,null,true]", '"\\ud83d\\ude00"')
    assert seen == [{"a": 2**64}, [1.5, None, True], "😀"]


@pytest.mark.parametrize("text", ["{", "NaN", "[Infinity]", "", b'"\xff"', "[" * 100_000, "'a'", '"\n"'])
def test_what_is_no_json_is_rejected(text: Any) -> None:
    _, outcome = through(Record.json, text)
    assert [one.code for one in outcome.rejected] == ["malformed-json"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":1', "Expecting ',' delimiter at character 6"),
        ('{"a":', "Expecting value at character 5"),
        (' {"a":x}', "Expecting value at character 6"),
        ("{} \n}", "Extra data at character 4"),
        (" 1 2", "Extra data at character 3"),
        ("1\u00a0", "Extra data at character 1"),
        (" ", "Expecting value at character 1"),
        ("[NaN]", "NaN is no JSON"),
    ],
)
def test_a_reason_says_where_the_json_ends(text: str, reason: str) -> None:
    _, outcome = through(Record.json, text)
    assert outcome.rejected[0].reason == reason


def test_space_around_json_is_none_of_it() -> None:
    seen, _ = through(Record.json, ' {"a": 1}\r\n', "\t[]", "1 ")
    assert seen == [{"a": 1}, [], 1]


@pytest.mark.parametrize("part", ["key", "value", "headers", "timestamp", "offset"])
def test_looking_at_what_is_not_read_fails_the_batch(part: str) -> None:
    @transform(outputs=Out, reads=())
    def look(record: Record, out: Emitter[Out]) -> None:
        getattr(record, part)

    outcome = run(look, ["a"])
    assert isinstance(outcome.failure, Permanent)
    assert outcome.failure.reason.startswith(f"the transform looks at {part.removesuffix('s')}")


def test_values_are_read_unless_said_otherwise() -> None:
    @transform(outputs=Out)
    def look(record: Record, out: Emitter[Out]) -> None:
        out.emit(Out.OUT).value((record.value or b"") + b"!")

    assert run(look, ["a"]).emitted[0].text == "a!"
    assert look.description.reads == {"values"}
