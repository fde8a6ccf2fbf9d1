"""What a transform that goes record by record emits its records with."""

from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from .counts import Counts
from .draft import Draft
from .emission import Emission
from .record import Record

O = TypeVar("O", bound=Enum)


class Emitter(Generic[O]):
    """Emits records that come from the record at hand. A record for which nothing is emitted is dropped. When the transform raises,
    what it emitted for this record is taken back.

    ``forward(output)`` emits the record as it is. Calling it again emits the record again, to one output or to more.
    """

    # `forward` is the `append` of a list: a function in Python would cost more than all the rest of forwarding a record.
    __slots__ = {
        "forward": "Emits the record as it is. Calling it again emits it again, to one output or to more.",
        "_draft": None,
        "_counts": None,
        "_record": None,
    }
    forward: Callable[[O], None]

    def __init__(self, draft: Draft, counts: Counts, record: Record) -> None:
        self._draft = draft
        self._counts = counts
        self._record = record
        self.forward = draft.emitted.append

    def emit(self, output: O) -> Emission:
        """Emits the record; what the answer's methods don't change stays as it is."""
        draft = self._draft
        position = len(draft.outputs) + len(draft.emitted)
        draft.emitted.append(output)
        return Emission(draft, self._record.row, position)

    def drop(self) -> None:
        """Takes back what was emitted for this record. One for which nothing was emitted is dropped without this."""
        self._draft.take_back()

    def count(self, counter: Enum, by: int = 1) -> None:
        """Adds to a counter. It counts if the host accepts the answer to this batch, whatever becomes of this record."""
        self._counts.add(counter, by)
