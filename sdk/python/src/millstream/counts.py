"""What is added to a transform's counters in one batch."""

from enum import Enum
from operator import index
from typing import Any, Final

from . import host
from .errors import Permanent
from .names import COUNTER

_MOST: Final = 2**64 - 1


class Counts:
    """Sums, by the number of their counter."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[int, int] = {}

    def add(self, counter: Enum, by: int) -> None:
        """Adds to a counter."""
        number: Any = getattr(counter, COUNTER, None)
        if number is None:
            raise Permanent(f"{counter!r} is no counter: name its enumeration in @transform(counters=…)")
        by = index(by)
        if not 0 <= by <= _MOST:
            raise ValueError(f"a counter cannot grow by {by}: counters count up, by at most 64 bits")
        self._sums[number] = min(self._sums.get(number, 0) + by, _MOST)

    def clear(self) -> None:
        """Forgets all."""
        self._sums.clear()

    def flush(self) -> None:
        """Tells the host, and forgets."""
        for number, by in self._sums.items():
            if by:
                host.current.count(number, by)
        self._sums.clear()
