"""One record of a batch. Nothing of it is copied or decoded before it is asked for."""

from typing import Any

from . import jsons, wire
from .columns import Column, Numbers
from .errors import Reject
from .headers import Header, HeaderColumns
from .parts import parts


class Record:
    """A record as it came from its topic. A transform gets the same object for every record, with other contents: keep what it
    lends, not the object.

    Looking at a part that the transform does not read (``@transform(reads=…)``, the values alone unless said otherwise) raises
    `Permanent`.
    """

    __slots__ = {
        "topic": "The topic that the record comes from.",
        "partition": "The partition that the record comes from.",
        "row": "Its row in the batch. Where batches are cut is the host's affair: don't build on it.",
        "_keys": None,
        "_values": None,
        "_headers": None,
        "_timestamps": None,
        "_offsets": None,
    }
    topic: str
    partition: int
    row: int
    _keys: Column
    _values: Column
    _headers: HeaderColumns
    _timestamps: Numbers
    _offsets: Numbers

    def _lend(self, batch: wire.Batch) -> None:
        """From now on it is about this batch."""
        self.topic = batch.topic
        self.partition = batch.partition
        self._keys, self._values, self._headers, self._timestamps, self._offsets = parts(batch)

    @property
    def key(self) -> bytes | None:
        """The key; None where it is null. An empty key is a key."""
        column = self._keys
        row = self.row
        if column.nulls:
            return column.get(row)
        bounds = column.bounds
        return column.data[bounds[row] : bounds[row + 1]]

    @property
    def value(self) -> bytes | None:
        """The value; None where it is null, as in a compacted topic's tombstone."""
        column = self._values
        row = self.row
        if column.nulls:
            return column.get(row)
        bounds = column.bounds
        return column.data[bounds[row] : bounds[row + 1]]

    def _present(self) -> bytes:
        value = self.value
        if value is None:
            raise Reject("null-value", "the record has no value")
        return value

    def text(self) -> str:
        """The value as text. Rejects as ``null-value`` where it is null, as ``invalid-utf8`` where it is not UTF-8."""
        try:
            return self._present().decode()
        except UnicodeDecodeError as error:
            raise Reject("invalid-utf8", f"the value is not text: invalid UTF-8 at byte {error.start}") from None

    def json(self) -> Any:
        """The value as JSON: integers exact, of members of one name the last. Rejects as ``null-value`` where it is null, as
        ``malformed-json`` where it is not JSON. Where a few members are wanted, declared fields cost far less."""
        return jsons.loads(self._present())

    @property
    def headers(self) -> list[Header]:
        """The headers, in their order; names may repeat, values may be None."""
        return self._headers.get(self.row)

    def header(self, name: str) -> bytes | None:
        """The value of the last header of this name, which is the one that counts where names repeat; None where there is none, or
        where it is null."""
        for header in reversed(self._headers.get(self.row)):
            if header.name == name:
                return header.value
        return None

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z, as the record carries them; -1 where it has none."""
        return self._timestamps.numbers[self.row]

    @property
    def offset(self) -> int:
        """The record's offset in its partition."""
        return self._offsets.numbers[self.row]

    def __repr__(self) -> str:
        return f"<Record {self.row} of {self.topic}/{self.partition}>"
