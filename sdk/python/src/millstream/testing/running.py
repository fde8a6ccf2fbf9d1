"""Runs a transform over records, as one batch."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from .. import host, packing, wire
from ..columns import raws
from ..errors import Failure, Permanent, describe
from ..names import name_of
from ..transform import Transform
from . import extract
from .input import Sent, Tables, sent, written
from .outcome import Outcome, Rejected, apply


def configure(transform: Transform[Any], settings: Mapping[str, object] | None = None) -> wire.Description:
    """What a deployment with these settings would get to know; raises `millstream.Refused` where it would be refused."""
    given = [(name, _text(value)) for name, value in (settings or {}).items()]
    transform.start(given)
    return transform.description


def run(
    transform: Transform[Any],
    records: Iterable[Any],
    *,
    settings: Mapping[str, object] | None = None,
    tables: Tables | None = None,
    topic: str = "input",
    partition: int = 0,
) -> Outcome:
    """Runs a transform over these records: `Input`, or what is the value of one (bytes, text, None, anything else as JSON).

    Settings are given as a deployment would, or as the values that they are the text of. Raises `millstream.Refused` where they are wrong,
    AssertionError where the host would refuse the answer. A batch that fails has a `failure`, and nothing else.
    """
    running = transform.start([(name, _text(value)) for name, value in (settings or {}).items()])
    description = running.description
    for field in description.fields:
        extract.tokens(field.path)
    every = [sent(record, row) for row, record in enumerate(records)]
    outcome = Outcome(counters=dict.fromkeys(description.counters, 0))
    store = _Tables(description.tables, tables or {}, description.counters, outcome)
    kept: list[int] = []
    rows: list[list[Any]] = []
    for row, record in enumerate(every):
        try:
            values = extract.row_of(description.fields, record)
            rows.append([*values, *store.joined(description, record, values)])
        except extract.Refused as refused:
            outcome.rejected.append(Rejected(row, refused.code, refused.reason))
        else:
            kept.append(row)
    if not kept:
        return outcome
    shown = [every[row] for row in kept]
    before, host.current = host.current, store
    try:
        output = running.apply(_batch(description, shown, rows, topic, partition))
    except Failure as failure:
        outcome.failure = failure
    except Exception as error:
        # As a component answers it; where it came from is the chained exception's traceback.
        outcome.failure = Permanent(describe(error))
        outcome.failure.__cause__ = error
    else:
        apply(outcome, output, description.outputs, shown, kept)
    finally:
        host.current = before
    if outcome.failure is not None:
        outcome.rejected.clear()
        outcome.counters = dict.fromkeys(description.counters, 0)
    return outcome


def _text(value: object) -> str:
    """A setting as a deployment writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(name)} = {_text(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(_text, value))
    return str(value.value if isinstance(value, Enum) else value)


class _Tables:
    """The host of a test: it holds tables, and keeps what is counted and logged."""

    def __init__(self, names: list[str], tables: Tables, counters: list[str], outcome: Outcome) -> None:
        given = {name_of(name): entries for name, entries in tables.items()}
        for name in given:
            if name not in names:
                raise AssertionError(f"the transform has no table {name!r}: it has {', '.join(names) or 'none'}")
        self._names = names
        self._tables = [{written(key): written(value) for key, value in given.get(name, {}).items()} for name in names]
        self._outcome = outcome
        self._counters = counters

    def log(self, level: host.Level, message: str) -> None:
        self._outcome.logs.append((level, message))

    def count(self, counter: int, by: int) -> None:
        self._outcome.counters[self._counters[counter]] += by

    def get(self, table: int, keys: wire.Column) -> wire.Column:
        entries = self._tables[table]
        return packing.pack_column([None if key is None else entries.get(key) for key in raws(keys)])

    def joined(self, description: wire.Description, record: Sent, fields: list[Any]) -> list[Any]:
        """The lookups of a record."""
        return [self._lookup(lookup, record, fields) for lookup in description.lookups]

    def _lookup(self, lookup: wire.Lookup, record: Sent, fields: list[Any]) -> Any:
        key = record.key if lookup.key is None else fields[lookup.key]
        if isinstance(key, int):
            key = str(key)
        value = None if key is None else self._tables[lookup.table].get(written(key))
        if value is None or lookup.field is None:
            return value
        try:
            return extract.row_of([lookup.field], Sent(None, value))[0]
        except extract.Refused as refused:
            table = self._names[lookup.table]
            raise extract.Refused(refused.code, f"looked up in the table `{table}`: {refused.reason}") from None


def _batch(description: wire.Description, shown: list[Sent], rows: list[list[Any]], topic: str, partition: int) -> wire.Batch:
    reads = description.reads
    kinds: list[wire.Kind] = [field.kind for field in description.fields]
    kinds += [lookup.field.kind if lookup.field else "raw" for lookup in description.lookups]
    columns = [extract.column(kind, [row[number] for row in rows]) for number, kind in enumerate(kinds)]
    headers = [[(name.encode(), value) for name, value in record.headers] for record in shown]
    return wire.Batch(
        topic=topic,
        partition=partition,
        count=len(shown),
        offsets=packing.pack("q", [record.offset for record in shown]) if "offsets" in reads else None,
        timestamps=packing.pack("q", [record.timestamp for record in shown]) if "timestamps" in reads else None,
        keys=packing.pack_column([record.key for record in shown]) if "keys" in reads else None,
        values=packing.pack_column([record.value for record in shown]) if "values" in reads else None,
        headers=packing.pack_headers(headers) if "headers" in reads else None,
        fields=columns[: len(description.fields)],
        lookups=columns[len(description.fields) :],
    )
