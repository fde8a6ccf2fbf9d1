"""What became of a test's records: the answer applied to them, as the host does it."""

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .. import packing, wire
from ..columns import raws
from ..errors import Failure
from ..host import Level
from ..names import name_of
from .input import HeaderList, Sent


@dataclass(slots=True)
class Emitted:
    """A record as it is written.

    `output` is a name, `row` the record's that it comes from, counted from 0. `key`, `value` and values of headers are None where they are
    null, and empty where they are empty. `timestamp` is milliseconds since 1970-01-01T00:00Z, -1 for none; `partition` is None where
    the transform chose none.
    """

    output: str
    row: int
    key: bytes | None
    value: bytes | None
    headers: HeaderList
    timestamp: int
    partition: int | None = None

    @property
    def text(self) -> str:
        """The value as text."""
        assert self.value is not None, "the record has no value"
        return self.value.decode()

    @property
    def json(self) -> Any:
        """The value as JSON."""
        return json.loads(self.text)

    def header(self, name: str) -> str | None:
        """The last header of this name, as text; None where there is none or it is null."""
        value = next((value for header, value in reversed(self.headers) if header == name), None)
        return None if value is None else value.decode()


@dataclass(slots=True)
class Rejected:
    """A record that could not be processed: `row` is counted from 0, `code` is for machines, `reason` for people."""

    row: int
    code: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of the records of a test."""

    emitted: list[Emitted] = field(default_factory=list)
    """In the order in which they are written."""
    rejected: list[Rejected] = field(default_factory=list)
    """In the order of the input."""
    dropped: list[int] = field(default_factory=list)
    """The rows of the records that were neither emitted nor rejected."""
    failure: Failure | None = None
    """Why the batch failed, if it did: a `Transient` or a `Permanent`."""
    counters: dict[str, int] = field(default_factory=dict)
    """What the counters come to, by name: 0 where nothing was added."""
    logs: list[tuple[Level, str]] = field(default_factory=list)
    """What was logged, with its level."""

    def to(self, output: str | Enum) -> list[Emitted]:
        """The records that went to this output."""
        name = name_of(output)
        return [record for record in self.emitted if record.output == name]


def apply(outcome: Outcome, output: wire.Output, outputs: list[str], shown: list[Sent], kept: list[int]) -> None:
    """Applies an answer to the rows that the transform was shown; `kept` says which rows of the test they are."""
    rejected = _rejected(output.rejected)
    gone = {one.row for one in rejected}
    rows = [row for row in range(len(shown)) if row not in gone]
    if output.rows is not None:
        rows = list(packing.unpack("I", output.rows))
    for row in [*rows, *gone]:
        _require(row < len(shown), f"row {row} of a batch of {len(shown)}")
    for row in rows:
        _require(row not in gone, f"row {row} is both emitted and rejected")
    numbers = packing.unpack("H", output.outputs) if output.outputs is not None else [0] * len(rows)
    changed = _Changes(output, len(rows))
    for position, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        outcome.emitted.append(changed.emitted(position, shown[row], kept[row], outputs[number]))
    emitted = set(rows)
    outcome.dropped += [kept[row] for row in range(len(shown)) if row not in emitted and row not in gone]
    outcome.rejected += [Rejected(kept[one.row], one.code, one.reason) for one in rejected]
    outcome.rejected.sort(key=lambda one: one.row)


def _require(holds: bool, wrong: str) -> None:
    if not holds:
        raise AssertionError(f"the host would refuse the answer: {wrong}")


def _texts(column: wire.Column) -> list[str]:
    return [(entry or b"").decode() for entry in raws(column)]


def _rejected(rejections: wire.Rejections | None) -> list[Rejected]:
    if rejections is None:
        return []
    rows = packing.unpack("I", rejections.rows)
    return [Rejected(*one) for one in zip(rows, _texts(rejections.codes), _texts(rejections.reasons), strict=True)]


class _Changes:
    """What changes, by the position of the emitted record."""

    def __init__(self, output: wire.Output, emitted: int) -> None:
        def placed(at: bytes | None, entries: list[Any]) -> dict[int, Any]:
            positions = range(emitted) if at is None else packing.unpack("I", at)
            return dict(zip(positions, entries, strict=True))

        def columns(patch: wire.ColumnPatch | None) -> dict[int, bytes | None]:
            return placed(patch.at, raws(patch.to)) if patch else {}

        def numbers(patch: wire.NumbersPatch | None, code: str) -> dict[int, int]:
            return placed(patch.at, list(packing.unpack(code, patch.to))) if patch else {}

        def headers(patch: wire.HeadersPatch | None) -> dict[int, HeaderList]:
            if not patch:
                return {}
            every = list(zip(_texts(patch.to.names), raws(patch.to.values), strict=True))
            bounds = packing.bounds(patch.to.ends)
            return placed(patch.at, [every[start:end] for start, end in zip(bounds, bounds[1:])])

        self._keys = columns(output.keys)
        self._values = columns(output.values)
        self._headers = headers(output.headers)
        self._added = headers(output.added_headers)
        self._timestamps = numbers(output.timestamps, "q")
        self._partitions = numbers(output.partitions, "i")

    def emitted(self, position: int, record: Sent, row: int, output: str) -> Emitted:
        """The record at this position as it is written."""
        headers = [*self._headers.get(position, record.headers), *self._added.get(position, [])]
        for name, _ in headers:
            _require("\0" not in name, f"the header {name!r} has a NUL in its name")
            _require(not name.startswith("millstream."), f"the header {name!r}: such names are the host's")
        partition = self._partitions.get(position, -1)
        return Emitted(
            output=output,
            row=row,
            key=self._keys.get(position, record.key),
            value=self._values.get(position, record.value),
            headers=headers,
            timestamp=self._timestamps.get(position, record.timestamp),
            partition=None if partition == -1 else partition,
        )
