"""Tells the events of bots from those of people, by what a table has about their sessions."""

from enum import Enum

import millstream
from millstream import Emitter, Fields, field, lookup, transform


class Out(Enum):
    HUMANS = "humans"
    BOTS = "bots"


class Counter(Enum):
    UNKNOWN_SESSIONS = "unknown_sessions"


class Event(Fields):
    """What the host takes out of each event, and what it looks up for it. The event itself never enters this component."""

    session: str = field("/session")
    # How likely the session is a bot's, from 0 to 1. Not every session has been judged.
    score: float | None = lookup("sessions", "/bot-score", by="session", lenient=True)


class Settings(millstream.Settings):
    # From this score on a session is a bot's.
    limit: float = 0.9


@transform(outputs=Out, counters=Counter)
def bots(event: Event, out: Emitter[Out], settings: Settings) -> None:
    if event.score is None:
        # Nobody is taken for a bot without a reason.
        out.count(Counter.UNKNOWN_SESSIONS)
        out.forward(Out.HUMANS)
    elif event.score >= settings.limit:
        out.forward(Out.BOTS)
    else:
        out.forward(Out.HUMANS)
