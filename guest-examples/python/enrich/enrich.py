"""Adds to each event the region of its country and the hour of its day, and a header with the region."""

from enum import Enum

import millstream
from millstream import Emitter, Fields, field, setting, transform


class Out(Enum):
    ENRICHED = "enriched"


class Event(Fields):
    country: str = field("/country")
    # Milliseconds since 1970.
    at: int = field("/at")


class Settings(millstream.Settings):
    # Countries and their regions: `GB = europe, BR = latin-america`.
    regions: dict[str, str] = setting(default={})
    # The region of the other countries.
    fallback: str = "elsewhere"


# The members are added to the text of the value, so the values are read; nobody parses them here.
@transform(outputs=Out, reads="values")
def enrich(event: Event, out: Emitter[Out], settings: Settings) -> None:
    region = settings.regions.get(event.country, settings.fallback)
    added = {"region": region, "hour": hour(event.at)}
    out.emit(Out.ENRICHED).extend_json(added).header("region", region)


def hour(milliseconds: int) -> int:
    """The hour of the day, UTC."""
    return milliseconds // 3_600_000 % 24
