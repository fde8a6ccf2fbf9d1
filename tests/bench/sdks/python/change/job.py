"""Parses each event, sets one member, and writes all of it anew."""

from enum import Enum

from millstream import Emitter, Record, transform


class Out(Enum):
    CHANGED = "changed"


@transform(outputs=Out)
def change(record: Record, out: Emitter[Out]) -> None:
    event = record.json()
    event["seen"] = True
    out.emit(Out.CHANGED).json(event)
