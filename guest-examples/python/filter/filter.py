"""Keeps the events of some types, and drops the others."""

from enum import Enum

import millstream
from millstream import Emitter, Fields, field, setting, transform


class Out(Enum):
    KEPT = "kept"


class Event(Fields):
    """What the host takes out of each event. The event itself never enters this component."""

    kind: str = field("/type")


class Settings(millstream.Settings):
    # The types to keep, separated by commas.
    keep: frozenset[str] = setting(default=["swipe"])


@transform(outputs=Out)
def keep(event: Event, out: Emitter[Out], settings: Settings) -> None:
    if event.kind in settings.keep:
        out.forward(Out.KEPT)
