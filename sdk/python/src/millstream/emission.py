"""One emitted record, and what of it changes."""

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any, Final

from . import jsons
from .draft import Draft

Data = bytes | bytearray | memoryview | str | None
"""What keys, values and values of headers are written as: text becomes UTF-8, None is null."""

_LAST_TIMESTAMP: Final = 2**63 - 1
_LAST_PARTITION: Final = 2**31 - 1


def encoded(data: Data) -> bytes | None:
    """The bytes that are sent."""
    if isinstance(data, str):
        return data.encode()
    if data is None or isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"bytes, str or None is what can be written, not {type(data).__name__}")


class Emission:
    """A record that was just emitted. It is its row's record, unchanged but for what is set here; setting a part again replaces what
    was set before. There is nothing to call at the end.

        out.emit(Out.COPIES).key("everyone").value(b"copy of " + (record.value or b"")).header("copied-by", "copy")
    """

    __slots__ = ("_draft", "_row", "_position")

    def __init__(self, draft: Draft, row: int, position: int) -> None:
        self._draft = draft
        self._row = row
        self._position = position

    def _at(self) -> int:
        position = self._position
        if position >= len(self._draft.outputs) + len(self._draft.emitted):
            raise RuntimeError("this record was taken back: emit it again to change it")
        return position

    def key(self, key: Data) -> "Emission":
        """Another key; None is null."""
        self._draft.keys[self._at()] = encoded(key)
        return self

    def value(self, value: Data) -> "Emission":
        """Another value; None is null, a tombstone in a compacted topic."""
        self._draft.values[self._at()] = encoded(value)
        return self

    def json(self, value: Any) -> "Emission":
        """Another value: this as JSON, without spaces. Rejects the record as ``unwritable-json`` where it has none."""
        self._draft.values[self._at()] = jsons.dumps(value)
        return self

    def extend_json(self, members: Mapping[str, Any]) -> "Emission":
        """Another value: the record's own, which is a JSON object, with these members after its own. They are added textually, nothing
        else of it changes; of a member that it already has, readers take the last. The transform has to read the values.

        Rejects the record as ``null-value`` or ``unexpected-json`` where its value is no object, as ``unwritable-json`` where the
        members are no JSON.
        """
        self._draft.values[self._at()] = jsons.extend(self._draft.originals.get(self._row), dict(members))
        return self

    def headers(self, headers: Iterable[tuple[str, Data]]) -> "Emission":
        """Other headers instead of the record's own, in this order; names may repeat."""
        self._draft.headers[self._at()] = [(name.encode(), encoded(value)) for name, value in headers]
        return self

    def header(self, name: str, value: Data) -> "Emission":
        """One more header, after those that the record has. Names that begin with ``millstream.`` are the host's."""
        self._draft.added.setdefault(self._at(), []).append((name.encode(), encoded(value)))
        return self

    def timestamp(self, milliseconds: int) -> "Emission":
        """Another timestamp, in milliseconds since 1970-01-01T00:00Z; -1 is none."""
        # What is no integer is this record's error here, and the whole batch's where the answer is packed.
        milliseconds = index(milliseconds)
        if not -1 <= milliseconds <= _LAST_TIMESTAMP:
            raise ValueError(f"{milliseconds} is no timestamp: it is -1 or later, and fits 64 bits")
        self._draft.timestamps[self._at()] = milliseconds
        return self

    def partition(self, partition: int) -> "Emission":
        """A partition of the output's topic, instead of the one that the key leads to; -1 leaves it to the key."""
        partition = index(partition)
        if not -1 <= partition <= _LAST_PARTITION:
            raise ValueError(f"{partition} is no partition: it is -1 or later, and fits 32 bits")
        self._draft.partitions[self._at()] = partition
        return self
