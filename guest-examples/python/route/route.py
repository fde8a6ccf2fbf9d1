"""Sends swipes to the right to one topic and swipes to the left to another; other events are dropped."""

from enum import Enum

from millstream import Emitter, Fields, Reject, field, transform


class Out(Enum):
    LIKES = "likes"
    PASSES = "passes"


class Event(Fields):
    """What the host takes out of each event. The event itself never enters this component."""

    kind: str = field("/type")
    # Only swipes have one, so whatever else stands there is not looked at.
    direction: str | None = field("/direction", lenient=True)


@transform(outputs=Out)
def route(event: Event, out: Emitter[Out]) -> None:
    if event.kind != "swipe":
        return
    match event.direction:
        case "right":
            out.forward(Out.LIKES)
        case "left":
            out.forward(Out.PASSES)
        case None:
            raise Reject("unknown-direction", "the swipe has no direction")
        case other:
            raise Reject("unknown-direction", f'a swipe "{other}" is neither left nor right')
