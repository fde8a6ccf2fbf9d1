import types
from enum import Enum
from typing import Any

import pytest

from millstream import Emitter, Fields, Record, field, lookup, transform
from millstream.fields import declared
from millstream.testing import Input, run


class Out(Enum):
    OUT = "out"


class Event(Fields):
    text: str | None = field("/text")
    integer: int | None = field("/integer")
    number: float | None = field("/number")
    boolean: bool | None = field("/boolean")
    raw: bytes | None = field("/raw")
    lenient: int | None = field("/lenient", lenient=True)
    key: str | None = field(part="key", lenient=True)
    in_key: int | None = field("/id", part="key")
    header: str | None = field(header="h", lenient=True)


seen: list[tuple[Any, ...]] = []


@transform(outputs=Out)
def see(event: Event, out: Emitter[Out]) -> None:
    seen.append((event.text, event.integer, event.number, event.boolean, event.raw, event.lenient, event.key, event.header))


def see_all(*records: Any) -> list[tuple[Any, ...]]:
    seen.clear()
    outcome = run(see, records)
    assert not outcome.rejected and outcome.failure is None
    return seen.copy()


def test_each_type_arrives_as_itself() -> None:
    value = '{"text":"a\\nb","integer":-9223372036854775808,"number":1e2,"boolean":true,"raw":[1, {"a":"ä"}],"lenient":7}'
    assert see_all(Input(value, key='{"id":1}', headers=[("h", "1"), ("h", "2")])) == [
        ("a\nb", -(2**63), 100.0, True, '[1, {"a":"ä"}]'.encode(), 7, '{"id":1}', "2")
    ]


def test_what_is_missing_or_null_is_none_wherever_it_stands() -> None:
    missing = (None,) * 8
    full = ("x", 1, 1.0, False, b"0", 1, None, None)
    value = {"text": "x", "integer": 1, "number": 1, "boolean": False, "raw": 0, "lenient": 1}
    rows = [{}, value, {"text": None, "lenient": "x"}, value, value, *[{}] * 5, value]
    assert see_all(*rows) == [missing, full, missing, full, full, *[missing] * 5, full]


def test_texts_past_ascii_are_cut_where_they_end() -> None:
    texts = ["é", "abc", "", "日本", "😀x"]
    assert [row[0] for row in see_all(*({"text": text} for text in texts))] == texts
    assert [row[0] for row in see_all({"text": "é"}, {}, {"text": "b"})] == ["é", None, "b"]


class Required(Fields):
    kind: str = field("/type")
    at: int = field("/at")
    key: str | None = field(part="key")


@transform(outputs=Out)
def strict(event: Required, out: Emitter[Out]) -> None:
    out.emit(Out.OUT).key(f"{event.key}:{event.kind}:{event.at}")


def test_records_without_a_value_are_rejected_where_a_field_of_it_is_required() -> None:
    rows: list[Any] = [
        Input(None, key="a"),
        Input({"type": "x", "at": 1}, key="b"),
        Input(None, key="cc"),
        Input({"type": "yé", "at": 2}),
    ]
    outcome = run(strict, rows)
    assert [(one.row, one.code, one.reason) for one in outcome.rejected] == [
        (0, "null-value", "the record has no value"),
        (2, "null-value", "the record has no value"),
    ]
    assert [(record.row, record.key) for record in outcome.emitted] == [(1, b"b:x:1"), (3, "None:yé:2".encode())]


def test_records_without_a_value_are_seen_where_they_are_wanted() -> None:
    class Wanted(Fields):
        kind: str | None = field("/type", required=True)

    kinds = []

    @transform(outputs=Out, null_values=True)
    def see(event: Wanted, out: Emitter[Out]) -> None:
        kinds.append(event.kind)

    outcome = run(see, [None, {"type": "x"}, {}, None])
    assert kinds == [None, "x", None]
    assert [one.code for one in outcome.rejected] == ["missing-field"]


def test_records_without_a_value_are_seen_where_no_field_of_it_is_required() -> None:
    assert see_all(None) == [(None,) * 8]


def test_required_fields_of_the_key_say_nothing_about_the_value() -> None:
    class Keyed(Fields):
        key: str = field(part="key")

    @transform(outputs=Out)
    def forward(event: Keyed, out: Emitter[Out]) -> None:
        out.forward(Out.OUT)

    outcome = run(forward, [Input(None, key="k"), Input({})])
    assert [record.row for record in outcome.emitted] == [0]
    assert [one.code for one in outcome.rejected] == ["missing-field"]


class Joined(Fields):
    user: str | None = field("/user")
    of_key: bytes | None = lookup("users")
    name: str | None = lookup("users", "/name", by="user", lenient=True)


def test_lookups_are_joined() -> None:
    rows = []

    @transform(outputs=Out)
    def join(event: Joined, out: Emitter[Out]) -> None:
        rows.append((event.of_key, event.name))

    run(
        join,
        [Input({"user": "ann"}, key="bob"), {"user": "zoe"}, {}],
        tables={"users": {"ann": {"name": "Ann"}, "bob": {"name": 1}}},
    )
    assert rows == [(b'{"name":1}', "Ann"), (None, None), (None, None)]
    assert join.description.tables == ["users"]
    assert [(one.table, one.key, one.field and one.field.path) for one in join.description.lookups] == [
        (0, None, None),
        (0, 0, "/name"),
    ]


def test_a_required_lookup_is_none_where_the_table_has_no_such_key() -> None:
    class Wanted(Fields):
        name: str | None = lookup("users", "/name", required=True)
        mail: bytes | None = lookup("users", "/mail", required=True)
        age: int | None = lookup("users", "/age", required=True)

    rows = []

    @transform(outputs=Out)
    def join(event: Wanted, out: Emitter[Out]) -> None:
        rows.append((event.name, event.mail, event.age))

    users = {"ann": {"name": "", "mail": "a", "age": 0}, "ben": {"name": "é", "mail": [], "age": 1}, "odd": {}}
    outcome = run(join, [Input(key=key) for key in ("zoe", "ann", "zoe", "odd", "ben")], tables={"users": users})
    assert rows == [(None, None, None), ("", b'"a"', 0), (None, None, None), ("é", b"[]", 1)]
    assert [(one.row, one.code) for one in outcome.rejected] == [(3, "missing-field")]


def test_classes_of_fields_can_be_derived_and_made() -> None:
    class More(Required):
        extra: bool | None = field("/extra")

        def shouted(self) -> str:
            return self.kind.upper()

    assert [one.name for one in declared(More)] == ["kind", "at", "key", "extra"]
    event = More(kind="x", at=1, key=None, extra=None)
    assert event.shouted() == "X" and event == More(kind="x", at=1, key=None, extra=None)
    assert repr(event) == "More(kind='x', at=1, key=None, extra=None)"
    with pytest.raises(TypeError, match="lacks 'at'"):
        More(kind="x")  # type: ignore[call-arg]


def of(hint: Any, wanted: Any) -> type[Fields]:
    made: type[Fields] = types.new_class(
        "Wrong",
        (Fields,),
        exec_body=lambda body: body.update({"__annotations__": {"x": hint}, "__module__": __name__, "x": wanted}),
    )
    return made


@pytest.mark.parametrize(
    ("hint", "wanted", "message"),
    [
        (list[str], field("/x"), "is no type of a field"),
        (str, field("/x", lenient=True), "a lenient field may be None"),
        (bytes, lookup("t"), "the table may have no such key"),
        (str | None, lookup("t"), "all of a table's value is bytes"),
        (str | None, field("/x", lenient=True, required=True), "exclude each other"),
        (str, 1, "is no field"),
    ],
)
def test_what_cannot_be_declared_is_refused(hint: Any, wanted: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"Wrong.x.*{message}"):
        declared(of(hint, wanted))


def test_a_header_has_no_path() -> None:
    with pytest.raises(TypeError, match="a header is text as it stands"):
        field("/x", header="h")


def test_a_lookup_needs_a_field_that_is_there() -> None:
    class Wrong(Fields):
        name: bytes | None = lookup("users", by="user")

    with pytest.raises(TypeError, match="name: by='user' is no field of this class"):

        @transform(outputs=Out)
        def join(event: Wrong, record: Record, out: Emitter[Out]) -> None:
            out.forward(Out.OUT)
