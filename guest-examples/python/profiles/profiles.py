"""Joins the profile of the person who was swiped into each swipe."""

from enum import Enum

from millstream import Emitter, Fields, field, lookup, transform


class Out(Enum):
    JOINED = "joined"
    UNKNOWN = "unknown"


class Counter(Enum):
    UNKNOWN_PROFILES = "unknown_profiles"


class Swipe(Fields):
    """What the host takes out of each swipe, and what it looks up for it."""

    # Who was swiped.
    target: str = field("/target")
    # People need not say either, and a profile with one of them is better than none.
    name: str | None = lookup("profiles", "/name", by="target", lenient=True)
    age: int | None = lookup("profiles", "/age", by="target", lenient=True)


# The member is added to the text of the value, so the values are read; nobody parses them here.
@transform(outputs=Out, counters=Counter, reads="values")
def profiles(swipe: Swipe, out: Emitter[Out]) -> None:
    # What is not known is left out, not null.
    profile: dict[str, str | int] = {}
    if swipe.name is not None:
        profile["name"] = swipe.name
    if swipe.age is not None:
        profile["age"] = swipe.age
    if profile:
        out.emit(Out.JOINED).extend_json({"profile": profile})
    else:
        out.count(Counter.UNKNOWN_PROFILES)
        out.forward(Out.UNKNOWN)
