"""What `field` does, over the columns of a batch."""

from enum import Enum

from millstream import Batch, Fields, Plan, field, transform

KEPT = frozenset({"swipe", "message", "profile"})


class Out(Enum):
    KEPT = "kept"


class Event(Fields):
    kind: str = field("/type")


@transform(outputs=Out, fields=Event)
def keep(batch: Batch, plan: Plan[Out]) -> None:
    kinds = batch.column(Event.kind)
    plan.forward_rows([row for row, kind in enumerate(kinds) if kind in KEPT], Out.KEPT)
