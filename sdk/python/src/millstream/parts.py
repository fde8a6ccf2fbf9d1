"""The columns of one batch as the host sent them, checked for being there, and its declared fields."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from . import packing, wire
from .columns import Column, Numbers, Unread, decode
from .errors import Permanent
from .fields import Declared
from .headers import HeaderColumns

# They stand where a column would be; what they raise says so.
_NO_KEYS: Final[Any] = Unread("keys")
_NO_VALUES: Final[Any] = Unread("values")
_NO_HEADERS: Final[Any] = Unread("headers")
_NO_TIMESTAMPS: Final[Any] = Unread("timestamps")
_NO_OFFSETS: Final[Any] = Unread("offsets")


def parts(batch: wire.Batch) -> tuple[Column, Column, HeaderColumns, Numbers, Numbers]:
    """Keys, values, headers, timestamps and offsets."""
    return (
        _NO_KEYS if batch.keys is None else Column(batch.keys),
        _NO_VALUES if batch.values is None else Column(batch.values),
        _NO_HEADERS if batch.headers is None else HeaderColumns(batch.headers),
        _NO_TIMESTAMPS if batch.timestamps is None else Numbers(batch.timestamps),
        _NO_OFFSETS if batch.offsets is None else Numbers(batch.offsets),
    )


class FieldColumns:
    """The declared fields and lookups of a batch; a column is decoded when it is first asked for."""

    __slots__ = ("_declared", "_columns", "_count", "_null_values", "_decoded")

    def __init__(self, declared: Sequence[Declared], batch: wire.Batch, null_values: bool) -> None:
        fields, lookups = iter(batch.fields), iter(batch.lookups)
        try:
            self._columns: list[Any] = [next(lookups if one.is_lookup else fields) for one in declared]
        except StopIteration:
            raise Permanent("the host sent fewer fields than are declared") from None
        self._declared = declared
        self._count = batch.count
        self._null_values = null_values
        self._decoded: dict[int, Sequence[Any]] = {}

    def of(self, number: int) -> Sequence[Any]:
        """The column of the field at this place."""
        decoded = self._decoded.get(number)
        if decoded is None:
            one = self._declared[number]
            # A required field is null only where there is no value: those rows are rejected, and nobody sees their entries.
            nullable = self._null_values or not one.demands_value
            decoded = decode(self._columns[number], one.kind, self._count, nullable)
            self._decoded[number] = decoded
        return decoded

    def is_plain(self, number: int) -> bool:
        """Whether entry by entry can be cut out of the whole column: where a byte is a character, or none is asked for."""
        return self._declared[number].kind == "raw" or self._columns[number].data.isascii()

    def uncut(self, number: int) -> tuple[str | bytes, Iterable[int]]:
        """All entries of a plain column end to end, and where each ends."""
        column: Any = self._columns[number]
        whole = column.data if self._declared[number].kind == "raw" else column.data.decode()
        ends = packing.view("I", column.ends)
        if len(ends) != self._count:
            raise Permanent(f"the host sent {len(ends)} entries of a field for {self._count} rows")
        return whole, ends

    def nulls(self, number: int) -> Sequence[bool]:
        """Which entries of a column are null; empty where none is."""
        nulls: bytes = self._columns[number].nulls
        return packing.unpack_bits(nulls, self._count) if nulls else ()

    def of_slot(self, slot: object) -> Sequence[Any]:
        """The column of the field whose attribute this is."""
        for number, one in enumerate(self._declared):
            if one.slot is slot:
                return self.of(number)
        raise Permanent(f"{slot!r} is no declared field: name its class in @transform(fields=…), and it as `Event.kind`")

    def nulls_of_values(self) -> bytes:
        """A bit set of the rows without a value, as far as required fields say so and the transform does not want to see them."""
        if not self._null_values:
            for one, column in zip(self._declared, self._columns):
                if one.demands_value:
                    nulls: bytes = column.nulls
                    return nulls
        return b""
