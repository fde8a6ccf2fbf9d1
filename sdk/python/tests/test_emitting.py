import json
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from millstream import Emission, Emitter, Permanent, Record, Reject, Transient, transform
from millstream.testing import Emitted, Input, Outcome, run


class Out(Enum):
    A = "a"
    B = "b"


class Counter(Enum):
    SEEN = "seen"


Step = Callable[[Record, Emitter[Out]], Any]


def through(step: Step, *records: Any) -> Outcome:
    @transform(outputs=Out, counters=Counter)
    def each(record: Record, out: Emitter[Out]) -> None:
        step(record, out)

    return run(each, records)


def changed(change: Callable[[Emission], object], record: Any = "{}") -> Emitted:
    outcome = through(lambda record, out: change(out.emit(Out.A)), record)
    assert outcome.failure is None and not outcome.rejected, outcome
    return outcome.emitted[0]


FULL = Input("v", key="k", headers=[("h", "1")], timestamp=5)


def test_a_record_is_forwarded_as_it_is() -> None:
    outcome = through(lambda record, out: out.forward(Out.B), FULL)
    assert outcome.emitted == [Emitted("b", 0, b"k", b"v", [("h", b"1")], 5)]


def test_what_is_not_changed_stays() -> None:
    assert changed(lambda it: it.key("x"), FULL) == Emitted("a", 0, b"x", b"v", [("h", b"1")], 5)
    assert changed(lambda it: it.value(b"\xff"), FULL) == Emitted("a", 0, b"k", b"\xff", [("h", b"1")], 5)
    assert changed(lambda it: it.timestamp(-1), FULL) == Emitted("a", 0, b"k", b"v", [("h", b"1")], -1)
    assert changed(lambda it: it.partition(3), FULL) == Emitted("a", 0, b"k", b"v", [("h", b"1")], 5, 3)


def test_keys_and_values_can_be_null_or_empty() -> None:
    assert changed(lambda it: it.key(None).value(None), FULL).key is None
    assert changed(lambda it: it.key("").value(bytearray()), FULL).value == b""


def test_setting_a_part_again_replaces_it() -> None:
    assert changed(lambda it: it.value("a").json({"b": 1}), FULL).text == '{"b":1}'


def test_headers_are_replaced_or_added() -> None:
    assert changed(lambda it: it.header("x", "2").header("x", None), FULL).headers == [("h", b"1"), ("x", b"2"), ("x", None)]
    assert changed(lambda it: it.headers([]), FULL).headers == []
    assert changed(lambda it: it.header("y", "3").headers([("x", "2"), ("x", b"")]), FULL).headers == [
        ("x", b"2"),
        ("x", b""),
        ("y", b"3"),
    ]


def test_a_record_can_be_emitted_several_times() -> None:
    def both(record: Record, out: Emitter[Out]) -> None:
        out.emit(Out.A).key("1")
        out.forward(Out.B)
        out.emit(Out.A).key("3")

    outcome = through(both, "x", "y")
    assert [(one.row, one.output, one.key) for one in outcome.emitted] == [
        (row, output, key) for row in (0, 1) for output, key in (("a", b"1"), ("b", None), ("a", b"3"))
    ]


def test_an_earlier_emission_can_still_be_changed() -> None:
    def late(record: Record, out: Emitter[Out]) -> None:
        first, second = out.emit(Out.A), out.emit(Out.B)
        second.value("2")
        first.value("1")

    assert [one.text for one in through(late, "x", "y").emitted] == ["1", "2", "1", "2"]


def test_dropping_takes_back_and_nothing_of_it_stays() -> None:
    def drop(record: Record, out: Emitter[Out]) -> None:
        out.emit(Out.B).key("x").headers([("a", "1")]).header("b", "2").timestamp(1).partition(1).value("gone")
        out.drop()
        if record.value == b"again":
            out.forward(Out.A)

    outcome = through(drop, "x", "again")
    assert outcome.dropped == [0]
    assert outcome.emitted == [Emitted("a", 1, None, b"again", [], 0)]


def test_what_was_taken_back_cannot_be_changed() -> None:
    def drop(record: Record, out: Emitter[Out]) -> None:
        emission = out.emit(Out.A)
        out.drop()
        emission.key("x")

    assert through(drop, "x").rejected[0].reason == "RuntimeError: this record was taken back: emit it again to change it"


def test_a_rejection_takes_back_what_was_emitted_for_the_record() -> None:
    def reject(record: Record, out: Emitter[Out]) -> None:
        out.forward(Out.A)
        out.emit(Out.B).value("x")
        if record.text() == "bad":
            raise Reject("bad", "it is bad")

    outcome = through(reject, "bad", "good", "bad")
    assert [(one.row, one.code, one.reason) for one in outcome.rejected] == [(0, "bad", "it is bad"), (2, "bad", "it is bad")]
    assert [(one.row, one.value) for one in outcome.emitted] == [(1, b"good"), (1, b"x")]


def test_any_other_exception_rejects_the_record_as_an_error_and_is_logged_once() -> None:
    def fail(record: Record, out: Emitter[Out]) -> None:
        out.forward(Out.A)
        dict[str, str]()[record.text()]

    outcome = through(fail, "a", "b", "c")
    assert [(one.code, one.reason) for one in outcome.rejected] == [
        ("error", "KeyError: 'a'"),
        ("error", "KeyError: 'b'"),
        ("error", "KeyError: 'c'"),
    ]
    [(level, line)] = outcome.logs
    assert level == "warn" and line.startswith("a record is rejected as `error`: KeyError: 'a'")
    assert "in fail" in line and "millstream loop" not in line


@pytest.mark.parametrize("failure", [Transient("later"), Permanent("never")])
def test_a_failure_fails_the_batch(failure: Exception) -> None:
    def fail(record: Record, out: Emitter[Out]) -> None:
        out.forward(Out.A)
        if record.row == 1:
            raise failure

    outcome = through(fail, "a", "b")
    assert outcome.failure is failure and outcome.emitted == []


def test_counters_count_whatever_becomes_of_the_record() -> None:
    def count(record: Record, out: Emitter[Out]) -> None:
        out.count(Counter.SEEN, 2)
        if record.row:
            raise Reject("bad")
        out.count(Counter.SEEN)

    assert through(count, "a", "b").counters == {"seen": 5}


def test_json_is_written_compactly() -> None:
    assert (
        changed(lambda it: it.json({"a": [1, 2.5, None, True, "ä", 2**70]})).text
        == '{"a":[1,2.5,null,true,"ä",1180591620717411303424]}'
    )


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), "\ud800", b"x"])
def test_what_has_no_json_is_rejected(value: Any) -> None:
    outcome = through(lambda record, out: out.emit(Out.A).json(value), "x")
    assert [one.code for one in outcome.rejected] == ["unwritable-json"] and not outcome.emitted


def test_what_could_not_be_written_can_be_once_it_is_changed() -> None:
    value: dict[str, Any] = {"a": [float("nan")]}

    def write(record: Record, out: Emitter[Out]) -> None:
        if record.row == 1:
            value["a"][0] = value
        if record.row == 2:
            value["a"][0] = 1
        out.emit(Out.A).json(value)

    outcome = through(write, "x", "y", "z")
    assert [(one.row, one.code) for one in outcome.rejected] == [(0, "unwritable-json"), (1, "unwritable-json")]
    assert outcome.rejected[1].reason == "Circular reference detected"
    assert [one.text for one in outcome.emitted] == ['{"a":[1]}']


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('{"a":1}', '{"a":1,"b":2}'),
        (' {"a": {} }\n', ' {"a": {} ,"b":2}\n'),
        ("{}", '{"b":2}'),
        ("{ }", '{ "b":2}'),
        ('{"b":1}', '{"b":1,"b":2}'),
    ],
)
def test_members_are_added_textually(value: str, expected: str) -> None:
    assert changed(lambda it: it.extend_json({"b": 2}), value).text == expected
    assert json.loads(expected)["b"] == 2
    assert changed(lambda it: it.extend_json({}), value).text == value


@pytest.mark.parametrize(
    ("value", "code"), [("[1]", "unexpected-json"), ("", "unexpected-json"), ("{", "unexpected-json"), (None, "null-value")]
)
def test_members_are_added_to_objects_alone(value: str | None, code: str) -> None:
    outcome = through(lambda record, out: out.emit(Out.A).extend_json({"b": 2}), value)
    assert [one.code for one in outcome.rejected] == [code]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda it: it.timestamp(-2),
        lambda it: it.timestamp(2**63),
        lambda it: it.partition(-2),
        lambda it: it.partition(2**31),
        lambda it: it.timestamp(1.5),
        lambda it: it.partition(1.0),
        lambda it: it.value(7),
        lambda it: it.key("\ud800"),
    ],
)
def test_what_the_contract_cannot_carry_rejects_the_record(wrong: Callable[[Emission], object]) -> None:
    outcome = through(lambda record, out: wrong(out.emit(Out.A)), "x", "y")
    assert [one.code for one in outcome.rejected] == ["error", "error"]


def test_a_count_that_is_no_integer_rejects_the_record_alone() -> None:
    def count(record: Record, out: Emitter[Out]) -> None:
        out.count(Counter.SEEN, 1.5 if record.row else 2)  # type: ignore[arg-type]

    outcome = through(count, "x", "y")
    assert [(one.row, one.code) for one in outcome.rejected] == [(1, "error")]
    assert outcome.counters == {"seen": 2}


def test_an_output_that_is_none_fails_the_batch() -> None:
    outcome = through(lambda record, out: out.forward("a"), "x")  # type: ignore[arg-type]
    assert outcome.failure is not None
    assert outcome.failure.reason == "'a' is no output: there are a, b, members of @transform(outputs=…)"


def test_a_counter_that_is_none_fails_the_batch() -> None:
    outcome = through(lambda record, out: out.count(Out.A), "x")
    assert outcome.failure is not None and outcome.failure.reason.endswith(
        "is no counter: name its enumeration in @transform(counters=…)"
    )


def test_headers_of_the_hosts_are_refused_by_the_helper() -> None:
    with pytest.raises(AssertionError, match="such names are the host's"):
        changed(lambda it: it.header("millstream.x", "1"))
