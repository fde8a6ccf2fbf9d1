"""Keeps three types of events, by a declared field."""

from enum import Enum

from millstream import Emitter, Fields, field, transform

KEPT = frozenset({"swipe", "message", "profile"})


class Out(Enum):
    KEPT = "kept"


class Event(Fields):
    kind: str = field("/type")


@transform(outputs=Out)
def keep(event: Event, out: Emitter[Out]) -> None:
    if event.kind in KEPT:
        out.forward(Out.KEPT)
