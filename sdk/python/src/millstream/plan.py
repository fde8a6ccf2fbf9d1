"""The answer to a batch, for transforms that take whole batches."""

from collections.abc import Iterable
from enum import Enum
from typing import Generic, TypeVar

from .counts import Counts
from .draft import Draft
from .emission import Emission
from .errors import Permanent, Reject

O = TypeVar("O", bound=Enum)


class Plan(Generic[O]):
    """What becomes of a batch. A row that is neither emitted nor rejected is dropped; one that is both fails the batch.

    Emitted records are written in the order in which they are emitted here. Keep the rows of each output ascending, and each of its
    partitions keeps the order of its input.
    """

    __slots__ = ("_draft", "_counts")

    def __init__(self, draft: Draft, counts: Counts) -> None:
        self._draft = draft
        self._counts = counts

    def forward(self, row: int, output: O) -> None:
        """Emits this row as it is. It may be emitted several times, to one output or to more."""
        self._draft.rows.append(row)
        self._draft.outputs.append(output)

    def forward_rows(self, rows: Iterable[int], output: O) -> None:
        """Emits these rows as they are: the fastest way to emit many."""
        draft = self._draft
        draft.rows.extend(rows)
        draft.outputs.extend([output] * (len(draft.rows) - len(draft.outputs)))

    def emit(self, row: int, output: O) -> Emission:
        """Emits this row; what the answer's methods don't change stays as it is."""
        position = len(self._draft.rows)
        self.forward(row, output)
        return Emission(self._draft, row, position)

    def reject(self, row: int, code: str, reason: str = "") -> None:
        """Says that this row cannot be processed; see `Reject` for codes and reasons. Rejecting one again changes nothing."""
        self._draft.rejected.setdefault(row, Reject(code, reason))

    def count(self, counter: Enum, by: int = 1) -> None:
        """Adds to a counter. It counts if the host accepts the answer to this batch."""
        self._counts.add(counter, by)


def check(draft: Draft, count: int) -> None:
    """What only whole batches can get wrong; also learns whether the rows are in order."""
    rows = draft.rows
    for row in (*_extremes(rows), *_extremes(draft.rejected)):
        if not 0 <= row < count:
            raise Permanent(f"the plan has row {row}, the batch has {count} rows, counted from 0")
    both = draft.rejected.keys() & set(rows) if draft.rejected else set()
    if both:
        raise Permanent(f"row {min(both)} is both emitted and rejected: do one of them")
    if len(rows) + len(draft.rejected) == count:
        draft.repeated = len(set(rows)) != len(rows) or rows != sorted(rows)


def _extremes(rows: Iterable[int]) -> tuple[int, ...]:
    rows = list(rows)
    return (min(rows), max(rows)) if rows else ()
