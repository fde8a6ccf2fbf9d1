from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from millstream import Batch, Column, Failure, Fields, Permanent, Plan, Reject, Transient, field, transform
from millstream.testing import Input, Outcome, run


class Out(Enum):
    A = "a"
    B = "b"


class Counter(Enum):
    ROWS = "rows"


class Event(Fields):
    kind: str = field("/type")
    size: int | None = field("/size")


def through(step: Callable[[Batch, Plan[Out]], Any], *records: Any) -> Outcome:
    @transform(outputs=Out, fields=Event, counters=Counter, reads=["keys", "values", "headers", "timestamps", "offsets"])
    def each(batch: Batch, plan: Plan[Out]) -> None:
        step(batch, plan)

    return run(each, records)


EVENTS = [{"type": "x", "size": 1}, {"type": "é"}, {"type": "x"}]


def test_fields_are_columns_named_by_their_attributes() -> None:
    columns = []
    through(lambda batch, plan: columns.extend([list(batch.column(Event.kind)), list(batch.column(Event.size))]), *EVENTS)
    assert columns == [["x", "é", "x"], [1, None, None]]


def test_parts_are_columns() -> None:
    def look(batch: Batch, plan: Plan[Out]) -> None:
        assert (len(batch), batch.topic, batch.partition) == (2, "input", 0)
        assert isinstance(batch.keys, Column) and list(batch.keys) == [b"k", None]
        assert (batch.keys[0], batch.keys[-1], batch.keys.get(1), batch.keys[0:2]) == (b"k", None, None, [b"k", None])
        assert len(batch.values) == 2 and batch.values[1] == b'{"type":"y"}'
        assert batch.headers[0] == [("h", b"1")] and batch.headers.get(1) == []
        assert list(batch.timestamps) == [5, 0] and batch.offsets[1] == 1 and len(batch.offsets) == 2
        with pytest.raises(IndexError):
            batch.keys[2]
        assert [record.key for record in batch.records()] == [b"k", None]

    outcome = through(look, Input({"type": "x"}, key="k", headers=[("h", "1")], timestamp=5), {"type": "y"})
    assert outcome.failure is None, outcome.failure


def test_a_plan_says_what_becomes_of_each_row() -> None:
    def plan_all(batch: Batch, plan: Plan[Out]) -> None:
        plan.emit(2, Out.B).key("x").extend_json({"more": 1})
        plan.forward(0, Out.A)
        plan.reject(1, "Bad", "why")
        plan.reject(1, "again")
        plan.count(Counter.ROWS, len(batch))

    outcome = through(plan_all, *EVENTS, {"type": "dropped"})
    assert [(one.row, one.output, one.key) for one in outcome.emitted] == [(2, "b", b"x"), (0, "a", None)]
    assert outcome.emitted[0].text == '{"type":"x","more":1}'
    assert [(one.row, one.code, one.reason) for one in outcome.rejected] == [(1, "bad", "why")]
    assert outcome.dropped == [3] and outcome.counters == {"rows": 4}


def test_many_rows_are_forwarded_at_once() -> None:
    def forward(batch: Batch, plan: Plan[Out]) -> None:
        plan.forward_rows((row for row, kind in enumerate(batch.column(Event.kind)) if kind == "x"), Out.B)
        plan.forward_rows([1], Out.A)

    assert [(one.row, one.output) for one in through(forward, *EVENTS).emitted] == [(0, "b"), (2, "b"), (1, "a")]


@pytest.mark.parametrize("rows", [[0, 1, 1], [2, 1, 0], [0, 0, 0]])
def test_rows_that_are_not_every_one_in_order_are_said(rows: list[int]) -> None:
    outcome = through(lambda batch, plan: plan.forward_rows(rows, Out.A), *EVENTS)
    assert [one.row for one in outcome.emitted] == rows


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda batch, plan: plan.forward(3, Out.A), "the plan has row 3, the batch has 3 rows, counted from 0"),
        (lambda batch, plan: plan.reject(-1, "x"), "the plan has row -1, the batch has 3 rows, counted from 0"),
        (lambda batch, plan: (plan.forward(0, Out.A), plan.reject(0, "x")), "row 0 is both emitted and rejected: do one of them"),
        (lambda batch, plan: batch.column("kind"), "'kind' is no declared field"),
        (lambda batch, plan: dict[str, str]()["x"], "KeyError: 'x'"),
    ],
)
def test_a_mistake_fails_the_batch(step: Callable[[Batch, Plan[Out]], Any], reason: str) -> None:
    outcome = through(step, *EVENTS)
    assert isinstance(outcome.failure, Permanent) and outcome.failure.reason.startswith(reason)
    assert not outcome.emitted and not outcome.rejected


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (Transient("later"), Transient, "later"),
        (Reject("bad", "why"), Permanent, "bad: why"),
        (ValueError("odd"), Permanent, "ValueError: odd"),
    ],
)
def test_errors_fail_the_batch(error: Exception, kind: type[Failure], reason: str) -> None:
    def fail(batch: Batch, plan: Plan[Out]) -> None:
        raise error

    failure = through(fail, *EVENTS).failure
    assert type(failure) is kind and failure.reason == reason


def test_rows_without_a_value_are_rejected_whatever_the_plan_says() -> None:
    def keyed(batch: Batch, plan: Plan[Out]) -> None:
        assert list(batch.column(Event.kind)) == ["", "x", ""]
        for row in range(len(batch)):
            plan.emit(row, Out.B if row else Out.A).key(str(row))

    outcome = through(keyed, None, {"type": "x"}, None)
    assert outcome.failure is None, outcome.failure
    assert [(one.row, one.code) for one in outcome.rejected] == [(0, "null-value"), (2, "null-value")]
    assert [(one.row, one.output, one.key) for one in outcome.emitted] == [(1, "b", b"1")]
