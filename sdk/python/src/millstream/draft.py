"""The answer to a batch under construction. What need not be said (every row, in order; everything to the first output; a change
for every record) is left out of it: lists that cross cost time, and the bytes that leave a component are never freed there."""

from collections.abc import Iterable
from enum import Enum
from itertools import repeat
from operator import attrgetter
from typing import Any, Final

from . import packing, wire
from .errors import Permanent, Reject
from .names import OUTPUT

_number: Final = attrgetter(OUTPUT)

HeaderList = list[tuple[bytes, bytes | None]]


class Draft:
    """Rows and outputs of emitted records, and what of them changes, by their position among the emitted ones."""

    __slots__ = (
        "rows",
        "outputs",
        "emitted",
        "repeated",
        "keys",
        "values",
        "headers",
        "added",
        "timestamps",
        "partitions",
        "rejected",
        "originals",
    )

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.outputs: list[Enum] = []
        self.emitted: list[Enum] = []
        """Outputs of the record at hand, which may yet be taken back; they come after `outputs`."""
        self.repeated = False
        self.keys: dict[int, bytes | None] = {}
        self.values: dict[int, bytes | None] = {}
        self.headers: dict[int, HeaderList] = {}
        self.added: dict[int, HeaderList] = {}
        self.timestamps: dict[int, int] = {}
        self.partitions: dict[int, int] = {}
        self.rejected: dict[int, Reject] = {}
        self.originals: Any = None
        """The values of the batch, for answers that are made of them."""

    def clear(self) -> None:
        """For the next batch. The lists stay the same ones: others hold on to their methods."""
        self.rows.clear()
        self.outputs.clear()
        self.emitted.clear()
        self.repeated = False
        for patch in self._patches():
            patch.clear()
        self.rejected.clear()
        self.originals = None

    def _patches(self) -> tuple[dict[int, Any], ...]:
        return self.keys, self.values, self.headers, self.added, self.timestamps, self.partitions

    def take_back(self) -> None:
        """Forgets what was emitted for the record at hand."""
        if not self.emitted:
            return
        first = len(self.outputs)
        for patch in self._patches():
            if patch:
                for position in range(first, first + len(self.emitted)):
                    patch.pop(position, None)
        self.emitted.clear()

    def several(self, row: int) -> None:
        """More than one record was emitted for this row; the last one's output is where the first one's should be."""
        self.emitted.append(self.outputs.pop())
        self.outputs.extend(self.emitted)
        self.emitted.clear()
        self.rows.extend(repeat(row, len(self.outputs) - len(self.rows)))
        self.repeated = True

    def reject_all(self, rows: Iterable[int], reject: Reject) -> None:
        """Rejects these rows, whatever was emitted for them."""
        self.rejected.update(dict.fromkeys(rows, reject))
        kept = [position for position, row in enumerate(self.rows) if self.rejected.get(row) is not reject]
        if len(kept) == len(self.rows):
            return
        for patch in self._patches():
            moved = {new: patch[old] for new, old in enumerate(kept) if old in patch}
            patch.clear()
            patch.update(moved)
        self.outputs[:] = [self.outputs[position] for position in kept]
        self.rows[:] = [self.rows[position] for position in kept]

    def finish(self, count: int, names: list[str]) -> wire.Output:
        """The answer to a batch of so many rows."""
        rejected = self.rejected
        emitted = len(self.rows)
        # As many different rows as are not rejected, and none that is: these are all of them.
        every = emitted + len(rejected) == count and not self.repeated
        return wire.Output(
            rows=None if every else packing.pack("I", self.rows),
            outputs=self._outputs(names),
            keys=_column(self.keys, emitted),
            values=_column(self.values, emitted),
            headers=_headers(self.headers, emitted),
            added_headers=_headers(self.added, emitted),
            timestamps=_numbers("q", self.timestamps, emitted),
            partitions=_numbers("i", self.partitions, emitted),
            rejected=_rejections(rejected) if rejected else None,
        )

    def _outputs(self, names: list[str]) -> bytes | None:
        outputs = self.outputs
        # Most often all go to the first one, which counting tells faster than looking at each.
        if not outputs or (getattr(outputs[0], OUTPUT, None) == 0 and outputs.count(outputs[0]) == len(outputs)):
            return None
        try:
            numbers = bytes(map(_number, outputs))
        except AttributeError:
            wrong = next(output for output in self.outputs if not hasattr(output, OUTPUT))
            raise Permanent(f"{wrong!r} is no output: there are {', '.join(names)}, members of @transform(outputs=…)") from None
        return packing.pack_bytes(numbers) if any(numbers) else None


def _at(positions: list[int], emitted: int) -> bytes | None:
    return None if len(positions) == emitted else packing.pack("I", positions)


def _column(patch: dict[int, bytes | None], emitted: int) -> wire.ColumnPatch | None:
    if not patch:
        return None
    positions = sorted(patch)
    return wire.ColumnPatch(_at(positions, emitted), packing.pack_column([patch[position] for position in positions]))


def _headers(patch: dict[int, HeaderList], emitted: int) -> wire.HeadersPatch | None:
    if not patch:
        return None
    positions = sorted(patch)
    return wire.HeadersPatch(_at(positions, emitted), packing.pack_headers([patch[position] for position in positions]))


def _numbers(code: str, patch: dict[int, int], emitted: int) -> wire.NumbersPatch | None:
    if not patch:
        return None
    positions = sorted(patch)
    return wire.NumbersPatch(_at(positions, emitted), packing.pack(code, map(patch.__getitem__, positions)))


def _rejections(rejected: dict[int, Reject]) -> wire.Rejections:
    rows = sorted(rejected)

    def column(texts: Iterable[str]) -> wire.Column:
        return packing.pack_column([text.encode() for text in texts])

    return wire.Rejections(
        packing.pack("I", rows),
        column(rejected[row].code for row in rows),
        column(rejected[row].reason for row in rows),
    )
