from enum import Enum

import pytest

from millstream import Batch, Emitter, Fields, Permanent, Plan, Record, Tables, field, log, lookup, transform
from millstream.testing import Input, run


class Out(Enum):
    OUT = "out"


class Table(Enum):
    USERS = "users"
    NAMES = "names"


USERS = {Table.USERS: {"ann": "Ann", "bob": "", b"\xff": {"a": 1}}}


@transform(outputs=Out, tables=[*Table], reads="keys")
def ask(record: Record, out: Emitter[Out], tables: Tables) -> None:
    out.emit(Out.OUT).value(tables.get(Table.USERS, record.key))


def test_a_key_has_a_value_or_none() -> None:
    outcome = run(ask, [Input(key=key) for key in ("ann", "bob", "zoe", None, b"\xff")], tables=USERS)
    assert [one.value for one in outcome.emitted] == [b"Ann", b"", None, None, b'{"a":1}']
    assert ask.description.tables == ["users", "names"]


def test_a_column_is_asked_for_at_once() -> None:
    answers = []

    @transform(outputs=Out, tables=["names", "users"], reads="keys")
    def ask_all(batch: Batch, plan: Plan[Out], tables: Tables) -> None:
        answers.append(list(tables.get_all("users", batch.keys)))
        answers.append(list(tables.get_all("users", ["ann", None, b"bob"])))

    run(ask_all, [Input(key="bob"), Input(), Input(key="ann")], tables={"users": {"ann": "Ann", "bob": ""}})
    assert answers == [[b"", None, b"Ann"], [b"Ann", None, b""]]


def test_a_table_that_is_not_declared_fails_the_batch() -> None:
    @transform(outputs=Out)
    def wrong(record: Record, out: Emitter[Out], tables: Tables) -> None:
        tables.get("users", "a")

    outcome = run(wrong, ["x"])
    assert isinstance(outcome.failure, Permanent)
    assert outcome.failure.reason == "there is no table 'users' (there are: none): name it in @transform(tables=…)"
    with pytest.raises(AssertionError, match="no table 'users'"):
        run(wrong, ["x"], tables={"users": {}})


def test_what_a_table_has_wrong_rejects_the_record_and_names_the_table() -> None:
    class Event(Fields):
        user: str = field("/user")
        country: str | None = lookup("users", "/country", by="user")
        age: int | None = lookup("users", "/age", by="user", lenient=True)

    @transform(outputs=Out)
    def look(event: Event, out: Emitter[Out]) -> None:
        out.forward(Out.OUT)

    users = {"broken": "{", "odd": {"country": 7}, "old": {"country": None, "age": "old"}}
    outcome = run(look, [{"user": user} for user in users], tables={"users": users})
    assert [one.row for one in outcome.emitted] == [2]
    broken, odd = outcome.rejected
    assert broken.code == "malformed-json"
    assert broken.reason.startswith("looked up in the table `users`: the value is not JSON: ")
    assert odd.code == "wrong-type"
    assert odd.reason.startswith("looked up in the table `users`: `/country` of the value is not a text")


def test_names_of_tables_are_given_in_a_list() -> None:
    with pytest.raises(TypeError, match=r"tables=\['users'\]"):

        @transform(outputs=Out, tables="users")
        def wrong(record: Record, out: Emitter[Out], tables: Tables) -> None:
            out.forward(Out.OUT)


def test_a_long_line_is_cut_between_characters() -> None:
    @transform(outputs=Out)
    def say(record: Record, out: Emitter[Out]) -> None:
        for line in ("x" * 100_000, "a" + "ä" * 100_000, "\ud800" * 100_000):
            log.info(line)

    lines = [line.encode() for _, line in run(say, ["a"]).logs]
    assert [len(line) for line in lines] == [65536, 65535, 65536]
    assert lines[2].startswith(b"\\ud800\\ud800")


def test_lines_are_kept_with_their_level(capsys: pytest.CaptureFixture[str]) -> None:
    @transform(outputs=Out)
    def say(record: Record, out: Emitter[Out]) -> None:
        for write in (log.debug, log.info, log.warn, log.error):
            write(f"line of {record.text()}")

    outcome = run(say, ["a"])
    assert outcome.logs == [(level, "line of a") for level in ("debug", "info", "warn", "error")]
    log.info("elsewhere")
    assert capsys.readouterr().err == "info: elsewhere\n"
