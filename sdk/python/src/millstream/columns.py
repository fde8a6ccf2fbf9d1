"""Columns as Python sees them: sequences over the bytes that the host sent. A column is taken apart when it is first looked at,
an entry of it when it is asked for."""

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TypeVar, overload

from . import packing, wire
from .errors import Permanent


class Column(Sequence[bytes | None]):
    """Byte strings, row for row: the keys or the values of a batch. An entry is None where it is null; an empty one is not.

    ``data`` has all entries end to end; entry i is ``data[bounds[i]:bounds[i + 1]]``; ``nulls`` is a bit set of the null
    ones, and empty where there are none.
    """

    __slots__ = ("data", "ends", "nulls", "bounds")
    data: bytes
    ends: bytes
    nulls: bytes
    bounds: tuple[int, ...]

    def __init__(self, column: wire.Column) -> None:
        self.data = column.data
        self.ends = column.ends
        self.nulls = column.nulls

    def __getattr__(self, name: str) -> Any:
        # Called while the slot is empty: once a column, and only for those that are looked at.
        if name != "bounds":
            raise AttributeError(name)
        self.bounds = packing.bounds(self.ends)
        return self.bounds

    def get(self, row: int) -> bytes | None:
        """The entry of this row, counted from 0; None where it is null."""
        if self.nulls and self.nulls[row >> 3] >> (row & 7) & 1:
            return None
        return self.data[self.bounds[row] : self.bounds[row + 1]]

    @overload
    def __getitem__(self, row: int) -> bytes | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[bytes | None]: ...
    def __getitem__(self, row: int | slice) -> bytes | None | list[bytes | None]:
        if isinstance(row, slice):
            return [self.get(at) for at in range(*row.indices(len(self)))]
        if row < 0:
            row += len(self)
        if not 0 <= row < len(self):
            raise IndexError(f"there is no row {row} among {len(self)}")
        return self.get(row)

    def __len__(self) -> int:
        return len(self.ends) // 4

    def __iter__(self) -> Iterator[bytes | None]:
        return iter(raws(self))

    def __repr__(self) -> str:
        return f"<Column of {len(self)}>"


class Numbers(Sequence[int]):
    """64-bit numbers, row for row: timestamps or offsets."""

    __slots__ = ("_packed", "numbers")
    numbers: tuple[int, ...]

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def __getattr__(self, name: str) -> Any:
        if name != "numbers":
            raise AttributeError(name)
        self.numbers = packing.unpack("q", self._packed)
        return self.numbers

    @overload
    def __getitem__(self, row: int) -> int: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[int, ...]: ...
    def __getitem__(self, row: int | slice) -> int | tuple[int, ...]:
        return self.numbers[row]

    def __len__(self) -> int:
        return len(self._packed) // 8

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)


class Unread:
    """Stands where a column would be that the transform does not read. Looking at it is the program's mistake, not the
    record's, so it fails the batch."""

    __slots__ = ("_part",)

    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, _: str) -> NoReturn:
        raise Permanent(f"the transform looks at {self._part} without reading them: add {self._part!r} to @transform(reads=…)")

    def __getitem__(self, _: object) -> NoReturn:
        self.__getattr__("")

    def __len__(self) -> NoReturn:
        self.__getattr__("")


def _nulled(entries: Sequence[Any], nulls: bytes) -> list[Any]:
    flags = packing.unpack_bits(nulls, len(entries))
    return [None if null else entry for entry, null in zip(entries, flags)]


def raws(column: wire.Column | Column) -> list[bytes | None]:
    """All entries as bytes."""
    entries: list[Any] = full_raws(column)
    return _nulled(entries, column.nulls) if column.nulls else entries


def full_raws(column: wire.Column | Column) -> list[bytes]:
    """All entries as bytes, empty where they are null."""
    return _cut(column.data, column.ends)


def full_texts(column: wire.Column) -> list[str]:
    """All entries as text, empty where they are null."""
    # Decoded at once where every byte is a character, then cut: an entry costs one slice.
    if column.data.isascii():
        return _cut(column.data.decode(), column.ends)
    return [entry.decode() for entry in _cut(column.data, column.ends)]


D = TypeVar("D", str, bytes)


def _cut(whole: D, ends: bytes) -> list[D]:
    start = 0
    return [whole[start : (start := end)] for end in packing.view("I", ends)]


def decode(column: wire.FieldColumn, kind: wire.Kind, count: int, nullable: bool) -> Sequence[Any]:
    """The entries of a declared field or of a lookup; those that are null are None where it is `nullable`, else empty, 0 or False."""
    # By its kind and not by its class: in a component the classes are those of the contract's bindings.
    held: Any = column
    entries: Sequence[Any]
    if kind == "text":
        entries = full_texts(held)
    elif kind == "raw":
        entries = full_raws(held)
    elif kind == "integer":
        entries = packing.unpack("q", held.numbers)
    elif kind == "number":
        entries = packing.unpack_floats(held.numbers)
    else:
        entries = packing.unpack_bits(held.trues, count)
    if len(entries) != count:
        raise Permanent(f"the host sent {len(entries)} entries of a field for {count} rows")
    return _nulled(entries, held.nulls) if nullable and held.nulls else entries
