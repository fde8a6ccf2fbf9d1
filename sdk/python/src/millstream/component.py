"""The component's side of the contract. Only importable while componentize-py builds a component, and inside of one; the module that
`millstream.build` writes takes `Guest` from here and installs the user's transform."""

import gc
import traceback
from typing import Any, Final

from componentize_py_types import Err
from wit_world.exports import guest
from wit_world.imports import log, metrics, tables

from . import host, wire
from .errors import Failure, Refused, Transient, describe, sendable
from .finding import find
from .log import warn
from .running import Running
from .transform import Transform

_LEVELS: Final = {
    "debug": log.Level.DEBUG,
    "info": log.Level.INFO,
    "warn": log.Level.WARN,
    "error": log.Level.ERROR,
}
_READS: Final = {
    "keys": guest.Parts.KEYS,
    "values": guest.Parts.VALUES,
    "headers": guest.Parts.HEADERS,
    "timestamps": guest.Parts.TIMESTAMPS,
    "offsets": guest.Parts.OFFSETS,
}
_KINDS: Final = {
    "text": guest.FieldType.TEXT,
    "integer": guest.FieldType.INTEGER,
    "number": guest.FieldType.NUMBER,
    "boolean": guest.FieldType.BOOLEAN,
    "raw": guest.FieldType.RAW,
}
_PRESENCES: Final = {
    "required": guest.Presence.REQUIRED,
    "nullable": guest.Presence.NULLABLE,
    "lenient": guest.Presence.LENIENT,
}


class _Imports:
    """The host that the component runs in."""

    def log(self, level: host.Level, message: str) -> None:
        log.write(_LEVELS[level], message)

    def count(self, counter: int, by: int) -> None:
        metrics.add(counter, by)

    def get(self, table: int, keys: wire.Column) -> wire.Column:
        values: wire.Column = tables.get(table, keys)
        return values


_transform: Transform[Any] | None = None
_running: Running | None = None


def install(module: Any, name: str | None) -> None:
    """Makes the transform of this module the component's."""
    global _transform
    _transform = find(module, name)
    host.current = _Imports()
    # What is there now stays: no collection has to look at it again.
    gc.collect()
    gc.freeze()


class Guest:
    """The contract's exports."""

    def configure(self, settings: list[tuple[str, str]]) -> Any:
        """Starts the transform and says what it reads and has."""
        global _running
        if _transform is None:
            raise Err("the component was built without a transform: build it with `millstream build`")
        try:
            _running = _transform.start(settings)
        except Refused as error:
            raise Err(sendable(str(error))) from None
        except Exception as error:
            _log(error)
            raise Err(describe(error)) from None
        return _description(_transform.description)

    def apply(self, batch: Any) -> Any:
        """Runs the transform over a batch."""
        # Variants arrive as an object around what they hold.
        batch.fields = [column.value for column in batch.fields]
        batch.lookups = [column.value for column in batch.lookups]
        if _running is None:
            raise Err(guest.Failure_Permanent("the host called `apply` before `configure`"))
        try:
            return _running.apply(batch)
        except Transient as error:
            raise Err(guest.Failure_Transient(error.reason)) from None
        except Failure as error:
            raise Err(guest.Failure_Permanent(error.reason)) from None
        except BaseException as error:
            _log(error)
            raise Err(guest.Failure_Permanent(describe(error))) from None


def _log(error: BaseException) -> None:
    warn("".join(traceback.format_exception(error)).rstrip())


def _description(description: wire.Description) -> Any:
    reads = guest.Parts(0)
    for part in description.reads:
        reads |= _READS[part]
    return guest.Description(
        reads=reads,
        fields=[_field(field) for field in description.fields],
        lookups=[
            guest.Lookup(
                table=lookup.table,
                key=guest.LookupKey_RecordKey() if lookup.key is None else guest.LookupKey_Field(lookup.key),
                field=None if lookup.field is None else _field(lookup.field),
            )
            for lookup in description.lookups
        ],
        tables=description.tables,
        outputs=description.outputs,
        counters=description.counters,
        options=[],
    )


def _field(field: wire.Field) -> Any:
    part: Any
    if field.part == "header":
        part = guest.Part_Header(field.header)
    elif field.part == "key":
        part = guest.Part_Key()
    else:
        part = guest.Part_Value()
    return guest.Field(part=part, path=field.path, kind=_KINDS[field.kind], presence=_PRESENCES[field.presence])
