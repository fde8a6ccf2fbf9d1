"""Records for a test."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..emission import Data, encoded

Tables = Mapping[Any, Mapping[Any, Any]]
"""What tables hold, by their names: values by key, which is text or bytes. Values are as those of `Input`."""

HeaderList = list[tuple[str, bytes | None]]


@dataclass(slots=True)
class Input:
    """A record to run a transform over. Values that are no bytes, text or None are JSON: ``Input({"type": "swipe"}, key="k")``.

    None is null. `timestamp` is milliseconds since 1970-01-01T00:00Z, -1 for none.
    """

    value: Any = None
    key: Data = None
    headers: Sequence[tuple[str, Data]] = ()
    timestamp: int = 0
    offset: int | None = None
    """Its row unless set."""


@dataclass(slots=True)
class Sent:
    """A record as the host has it."""

    key: bytes | None
    value: bytes | None
    headers: HeaderList = field(default_factory=list)
    timestamp: int = 0
    offset: int = 0

    def header(self, name: str) -> bytes | None:
        """The value of the last header of this name."""
        return next((value for header, value in reversed(self.headers) if header == name), None)


def written(value: Any) -> bytes | None:
    """The bytes of a value: those of bytes and text as they stand, anything else as compact JSON."""
    if value is None or isinstance(value, (bytes, bytearray, memoryview, str)):
        return encoded(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sent(record: Any, row: int) -> Sent:
    """What a test gives, as a record."""
    given = record if isinstance(record, Input) else Input(record)
    return Sent(
        key=encoded(given.key),
        value=written(given.value),
        headers=[(name, encoded(value)) for name, value in given.headers],
        timestamp=given.timestamp,
        offset=row if given.offset is None else given.offset,
    )
