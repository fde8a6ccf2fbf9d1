"""Sends three types of events to outputs of their own, by a header."""

from enum import Enum

from millstream import Emitter, Fields, field, transform


class Out(Enum):
    SWIPES = "swipes"
    MESSAGES = "messages"
    PROFILES = "profiles"


class Event(Fields):
    kind: str = field(header="type")


@transform(outputs=Out)
def route(event: Event, out: Emitter[Out]) -> None:
    match event.kind:
        case "swipe":
            out.forward(Out.SWIPES)
        case "message":
            out.forward(Out.MESSAGES)
        case "profile":
            out.forward(Out.PROFILES)
