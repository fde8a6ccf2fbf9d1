"""A transform with its settings, as one instance of a component holds it: takes batches, answers plans."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any, Final

from . import plan as plans
from . import wire
from .batch import Batch
from .counts import Counts
from .draft import Draft
from .emitter import Emitter
from .errors import Failure, Permanent, Reject, describe
from .fields import Declared
from .loop import Loop, columns_of, compiled, write
from .packing import unpack_bits
from .parts import FieldColumns
from .plan import Plan
from .record import Record
from .settings import Settings
from .signature import Signature
from .tables import Tables
from .tracebacks import Tracebacks

_NULL_VALUE: Final = Reject("null-value", "the record has no value")


class Running(ABC):
    """One instance."""

    def __init__(
        self,
        function: Callable[..., None],
        signature: Signature,
        declared: Sequence[Declared],
        description: wire.Description,
        null_values: bool,
        settings: Settings | None,
    ) -> None:
        self.description = description
        self._function = function
        self._signature = signature
        self._declared = declared
        self._null_values = null_values
        self._settings = settings
        self._tables = Tables(description.tables)
        self._draft = Draft()
        self._counts = Counts()

    def apply(self, batch: wire.Batch) -> wire.Output:
        """The answer to a batch; raises a `Failure` where the batch fails."""
        draft = self._draft
        draft.clear()
        self._counts.clear()
        columns = FieldColumns(self._declared, batch, self._null_values)
        nulls = columns.nulls_of_values()
        without_value = list(compress(range(batch.count), unpack_bits(nulls, batch.count))) if nulls else []
        self._run(batch, columns, without_value)
        output = draft.finish(batch.count, self.description.outputs)
        self._counts.flush()
        return output

    @abstractmethod
    def _run(self, batch: wire.Batch, columns: FieldColumns, without_value: list[int]) -> None:
        """Fills the draft. The rows `without_value` are to be rejected."""


class Recordwise(Running):
    """Calls its function for each record."""

    def __init__(self, fields: Sequence[Declared], loop: Loop, *common: Any) -> None:
        super().__init__(*common)
        self._fields = fields
        self._loop = loop
        self._event = object.__new__(self._signature.fields) if self._signature.fields else None
        self._record = Record()
        self._record.row = 0
        self._emitter: Emitter[Any] = Emitter(self._draft, self._counts, self._record)
        self._tracebacks = Tracebacks()

    def _run(self, batch: wire.Batch, columns: FieldColumns, without_value: list[int]) -> None:
        through, whole = columns_of(self._fields, columns, batch.count, without_value)
        record = self._record
        record._lend(batch)
        draft = self._draft
        draft.originals = record._values
        self._loop(
            self._function,
            through,
            whole,
            self._event,
            record,
            self._emitter,
            self._settings,
            self._tables,
            draft.rows,
            draft.outputs,
            draft.emitted,
            draft.several,
            self._failed,
        )
        draft.rejected.update(dict.fromkeys(without_value, _NULL_VALUE))

    def _failed(self, row: int, error: Exception) -> None:
        """The function raised about this row."""
        if isinstance(error, Failure):
            raise error
        self._draft.take_back()
        if not isinstance(error, Reject):
            self._tracebacks.log(error, row)
            error = Reject("error", describe(error))
        # Its traceback holds on to the frames it came through, and those to the batch.
        self._draft.rejected[row] = error.with_traceback(None)


class Columnwise(Running):
    """Calls its function for each batch."""

    def _run(self, batch: wire.Batch, columns: FieldColumns, without_value: list[int]) -> None:
        draft = self._draft
        columnwise = Batch(batch, columns)
        given: dict[str, Any] = {
            "batch": columnwise,
            "plan": Plan(draft, self._counts),
            "settings": self._settings,
            "tables": self._tables,
        }
        draft.originals = columnwise.values
        try:
            self._function(*(given[argument] for argument in self._signature.arguments))
        except Reject as error:
            # There is no record that this could be about: the host finds it.
            raise Permanent(str(error)) from error
        if without_value:
            draft.reject_all(without_value, _NULL_VALUE)
        plans.check(draft, batch.count)


def prepare(
    function: Callable[..., None],
    signature: Signature,
    declared: Sequence[Declared],
    description: wire.Description,
    null_values: bool,
) -> Callable[[Settings | None], Running]:
    """What makes an instance of a transform. All that does not depend on settings is done here, while the component is built."""
    common = (function, signature, declared, description, null_values)
    if signature.columns:
        return lambda settings: Columnwise(*common, settings)
    # With records that have no value a required field may be None.
    fields = [replace(one, presence="nullable") if null_values and one.demands_value else one for one in declared]
    # Without a function that could look at it, only `extend_json` wants to know the record's row.
    loop = compiled(write(signature.arguments, fields, signature.record or "values" in description.reads))
    return lambda settings: Recordwise(fields, loop, *common, settings)
