"""A batch of records of one partition, as columns: what a transform takes that wants all the speed."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from . import wire
from .columns import Column, Numbers
from .headers import HeaderColumns
from .parts import FieldColumns, parts
from .record import Record

T = TypeVar("T")


class Batch:
    """Row i is entry i of every column. Columns are taken apart when they are first looked at; looking at a part that the transform
    does not read (``@transform(reads=…)``, the values alone unless said otherwise) raises `Permanent`.

        @transform(outputs=Out, fields=Event)
        def keep(batch: Batch, plan: Plan[Out]) -> None:
            kinds = batch.column(Event.kind)
            plan.forward_rows((row for row, kind in enumerate(kinds) if kind == "swipe"), Out.KEPT)
    """

    __slots__ = {
        "topic": "The topic that the records come from.",
        "partition": "The partition that the records come from.",
        "keys": "The keys, row for row.",
        "values": "The values, row for row.",
        "headers": "The headers, row for row: lists of `Header`.",
        "timestamps": "Milliseconds since 1970-01-01T00:00Z, as the records carry them; -1 for a record without.",
        "offsets": "The records' offsets, ascending.",
        "_count": None,
        "_batch": None,
        "_columns": None,
    }
    topic: str
    partition: int
    keys: Column
    values: Column
    headers: HeaderColumns
    timestamps: Numbers
    offsets: Numbers

    def __init__(self, batch: wire.Batch, columns: FieldColumns) -> None:
        self.topic = batch.topic
        self.partition = batch.partition
        self.keys, self.values, self.headers, self.timestamps, self.offsets = parts(batch)
        self._count = batch.count
        self._batch = batch
        self._columns = columns

    def __len__(self) -> int:
        return self._count

    def column(self, field: T) -> Sequence[T]:
        """The column of a declared field or lookup, named by its attribute: ``batch.column(Event.kind)``."""
        # The class's attribute is the slot; type checkers take it for what the slot holds, which is what the column is of.
        return self._columns.of_slot(field)

    def records(self) -> Iterator[Record]:
        """The records one by one, as one object with other contents each time."""
        record = Record()
        record._lend(self._batch)
        for row in range(self._count):
            record.row = row
            yield record
