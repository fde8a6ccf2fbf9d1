"""The headers of a batch, taken apart when somebody first asks for them."""

from typing import Any, NamedTuple

from . import packing, wire
from .columns import raws


class Header(NamedTuple):
    """One header: the name is UTF-8, the value None where it is null."""

    name: str
    value: bytes | None


class HeaderColumns:
    """The headers of all rows."""

    __slots__ = ("_headers", "_bounds", "_all")
    _bounds: tuple[int, ...]
    _all: list[Header]

    def __init__(self, headers: wire.Headers) -> None:
        self._headers = headers

    def __getattr__(self, name: str) -> Any:
        # Called while the slots are empty.
        if name not in ("_bounds", "_all"):
            raise AttributeError(name)
        headers = self._headers
        self._bounds = packing.bounds(headers.ends)
        names = [(header or b"").decode() for header in raws(headers.names)]
        self._all = list(map(Header, names, raws(headers.values)))
        return getattr(self, name)

    def get(self, row: int) -> list[Header]:
        """The headers of this row, in their order."""
        bounds = self._bounds
        return self._all[bounds[row] : bounds[row + 1]]

    def __getitem__(self, row: int) -> list[Header]:
        if row >= len(self):
            raise IndexError(f"there is no row {row} among {len(self)}")
        return self.get(row)

    def __len__(self) -> int:
        return len(self._headers.ends) // 4
