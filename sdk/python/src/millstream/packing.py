"""From lists to the contract's columns, and back: every loop that can be one in C is one."""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import Final

from . import wire

# The eight entries of a byte of a bit set, lowest first.
_BITS: Final = [tuple(bool(byte >> bit & 1) for bit in range(8)) for byte in range(256)]
_BIG_ENDIAN: Final = sys.byteorder == "big"
_rows: Final[list[int]] = []


def unpack(code: str, packed: bytes) -> tuple[int, ...]:
    """Numbers of one of `struct`'s codes."""
    return struct.unpack(f"<{len(packed) // struct.calcsize('<' + code)}{code}", packed)


def view(code: str, packed: bytes) -> Sequence[int]:
    """The same by `array`'s codes, to be gone through once: a number is made when it is reached, in the last one's place, which
    costs less than a list of them. An array hands its numbers out faster than a `memoryview` does."""
    numbers = array(code, packed)
    if _BIG_ENDIAN:
        numbers.byteswap()
    return numbers


def row_numbers(count: int) -> list[int]:
    """0 to `count`, for every batch the same objects: to allocate the numbers that an answer keeps would cost more than to find them."""
    if count > len(_rows):
        _rows.extend(range(len(_rows), count))
    return _rows[:count]


def unpack_floats(packed: bytes) -> tuple[float, ...]:
    """64-bit floating-point numbers."""
    return struct.unpack(f"<{len(packed) // 8}d", packed)


def pack(code: str, numbers: Iterable[int]) -> bytes:
    """Numbers of one of `array`'s codes; OverflowError where one does not fit."""
    packed = array(code, numbers)
    if _BIG_ENDIAN:
        packed.byteswap()
    return packed.tobytes()


def pack_bytes(numbers: bytes) -> bytes:
    """16-bit numbers below 256, given as a byte each."""
    packed = bytearray(2 * len(numbers))
    packed[::2] = numbers
    return bytes(packed)


def unpack_bits(bits: bytes, count: int) -> list[bool]:
    """The entries of a bit set, which has all its bytes."""
    entries = list(chain.from_iterable(map(_BITS.__getitem__, bits)))
    del entries[count:]
    return entries


def pack_bits(entries: Sequence[bool]) -> bytes:
    """A bit set, with all its bytes."""
    number = 0
    for at, entry in enumerate(entries):
        if entry:
            number |= 1 << at
    return number.to_bytes((len(entries) + 7) // 8, "little")


def bounds(ends: bytes) -> tuple[int, ...]:
    """Where the entries of a column begin, and after them where the last one ends."""
    return (0, *unpack("I", ends))


def pack_column(entries: Sequence[bytes | None]) -> wire.Column:
    """A column of these entries."""
    if None in entries:
        nulls = pack_bits([entry is None for entry in entries])
        plain = [entry or b"" for entry in entries]
        return wire.Column(b"".join(plain), pack("I", accumulate(map(len, plain))), nulls)
    full: Sequence[bytes] = entries  # type: ignore[assignment]  # none of them is None
    return wire.Column(b"".join(full), pack("I", accumulate(map(len, full))), b"")


def pack_headers(lists: Sequence[Sequence[tuple[bytes, bytes | None]]]) -> wire.Headers:
    """Header lists, row for row."""
    every = list(chain.from_iterable(lists))
    return wire.Headers(
        ends=pack("I", accumulate(map(len, lists))),
        names=pack_column([name for name, _ in every]),
        values=pack_column([value for _, value in every]),
    )


def pack_floats(numbers: Sequence[float]) -> bytes:
    """64-bit floating-point numbers."""
    return struct.pack(f"<{len(numbers)}d", *numbers)
