from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Any

import pytest

import millstream
from millstream import Batch, Emitter, Fields, Plan, Record, Refused, Settings, Tables, field, names, transform
from millstream.testing import configure, run


class Out(Enum):
    LIKES = "likes"
    NOT_LIKED = 2


class Other(Enum):
    X = "x"


class Event(Fields):
    kind: str = field("/type")


class Limits(millstream.Settings):
    limit: int = 7


def test_parameters_may_stand_in_any_order() -> None:
    @transform(outputs=Out)
    def each(settings: Limits, tables: Tables, out: Emitter[Out], record: Record, event: Event) -> None:
        assert isinstance(tables, Tables)
        out.emit(Out.LIKES).value(f"{settings.limit} {event.kind} {record.text()}")

    outcome = run(each, [{"type": "x"}], settings={"limit": 8})
    assert outcome.emitted[0].text == '8 x {"type":"x"}'


def test_a_transform_is_still_its_function() -> None:
    @transform(outputs=Out)
    def each(event: Event, out: Emitter[Out]) -> None:
        """Does nothing."""

    each(Event(kind="x"), None)  # type: ignore[arg-type]
    assert each.__doc__ == "Does nothing." and repr(each) == "<transform each>"


def test_fields_alone_read_nothing() -> None:
    @transform(outputs=Out)
    def each(event: Event, out: Emitter[Out]) -> None: ...

    assert each.description.reads == frozenset()
    assert configure(each).outputs == ["likes", "not-liked"]


def test_wrong_settings_are_refused() -> None:
    @transform(outputs=Out)
    def each(event: Event, out: Emitter[Out], settings: Limits) -> None: ...

    with pytest.raises(Refused, match="setting `limit` is `x`, not an integer"):
        configure(each, {"limit": "x"})


def no_type(event, out: Emitter[Out]) -> None: ...  # type: ignore[no-untyped-def]
def odd_type(event: int, out: Emitter[Out]) -> None: ...
def no_emitter(event: Event) -> None: ...
def only_emitter(out: Emitter[Out]) -> None: ...
def both_faces(batch: Batch, out: Emitter[Out]) -> None: ...
def twice(record: Record, other: Record, out: Emitter[Out]) -> None: ...
def by_name(*, record: Record, out: Emitter[Out]) -> None: ...
def elsewhere(record: Record, out: Emitter[Other]) -> None: ...
async def later(record: Record, out: Emitter[Out]) -> None: ...
def many(record: Record, out: Emitter[Out]) -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_type, "the parameter 'event' has no type; a transform takes"),
        (odd_type, "the parameter 'event' is of type <class 'int'>"),
        (no_emitter, r"no_emitter\(event\) is no transform"),
        (only_emitter, r"only_emitter\(out\) is no transform"),
        (both_faces, "is no transform"),
        (twice, "two parameters are record"),
        (by_name, "cannot be given by its place"),
        (elsewhere, "it emits to Other, but its outputs are Out"),
        (later, "neither async nor a generator"),
        (many, "neither async nor a generator"),
    ],
)
def test_a_function_that_cannot_be_a_transform_is_refused(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        transform(outputs=Out)(function)


def test_parts_that_do_not_exist_are_refused() -> None:
    with pytest.raises(TypeError, match="reads='value' is no part of a record"):

        @transform(outputs=Out, reads="value")  # type: ignore[arg-type]
        def each(record: Record, out: Emitter[Out]) -> None: ...


def test_fields_belong_to_batches_in_the_decorator() -> None:
    with pytest.raises(TypeError, match="fields=Event is not among its parameters"):

        @transform(outputs=Out, fields=Event)
        def each(record: Record, out: Emitter[Out]) -> None: ...

    @transform(outputs=Out, fields=Event)
    def all_of_them(batch: Batch, plan: Plan[Out], settings: Limits) -> None: ...

    assert [one.path for one in all_of_them.description.fields] == ["/type"]


@pytest.mark.parametrize(
    ("values", "message"),
    [({"A": "a b"}, "is no name of an output"), ({}, "has 0 members"), ({"A": "x", "B_": "x-y", "C": "ä"}, "'ä'")],
)
def test_names_of_outputs_fit_the_contract(values: dict[str, str], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        names.outputs(Enum("Wrong", values))  # type: ignore[arg-type]


def test_names_of_counters_fit_the_contract() -> None:
    with pytest.raises(TypeError, match="'a-b' is no name of a counter"):
        names.counters(Enum("Wrong", {"A": "a-b"}))  # type: ignore[arg-type]
    assert names.counters(Enum("Right", {"A_B": auto()})) == ["a_b"]  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is no enumeration"):
        names.counters(Settings)  # type: ignore[arg-type]
