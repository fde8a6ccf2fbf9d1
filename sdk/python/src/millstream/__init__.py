"""Write Millstream transforms in Python: a function over Kafka records, which becomes a WebAssembly component.

    from enum import Enum
    from millstream import Emitter, Fields, Reject, field, transform

    class Out(Enum):
        LIKES = "likes"
        PASSES = "passes"

    class Swipe(Fields):
        direction: str = field("/direction")

    @transform(outputs=Out)
    def route(swipe: Swipe, out: Emitter[Out]) -> None:
        match swipe.direction:
            case "right":
                out.forward(Out.LIKES)
            case "left":
                out.forward(Out.PASSES)
            case other:
                raise Reject("unknown-direction", f"{other!r} is neither left nor right")

- The types of the parameters say what the function wants: see `transform`.
- `Emitter.forward` passes a record on as it is, which costs next to nothing; `Emitter.emit` changes parts of it.
- `Reject` rejects a record, `Transient` and `Permanent` fail the batch; any other exception rejects the record as ``error``.
- `Fields` are what the host takes out of each record, for a fraction of what parsing it here would cost.
- `Batch` and `Plan` are the columns below, for those who want all the speed.
- `millstream.testing` runs a transform in a plain unit test; `millstream.log` writes to its log.

``python -m millstream build MODULE -o OUT.wasm`` makes the component; ``millstream new --lang python NAME`` starts a project.
"""

from . import log
from .batch import Batch
from .columns import Column, Numbers
from .emission import Data, Emission
from .emitter import Emitter
from .errors import Failure, Permanent, Refused, Reject, Transient
from .fields import Fields, field, lookup
from .headers import Header, HeaderColumns
from .plan import Plan
from .record import Record
from .settings import Settings, setting
from .tables import Tables
from .transform import Transform, transform

__all__ = [
    "Batch",
    "Column",
    "Data",
    "Emission",
    "Emitter",
    "Failure",
    "Fields",
    "Header",
    "HeaderColumns",
    "Numbers",
    "Permanent",
    "Plan",
    "Record",
    "Refused",
    "Reject",
    "Settings",
    "Tables",
    "Transform",
    "Transient",
    "field",
    "log",
    "lookup",
    "setting",
    "transform",
]

__version__ = "0.1.0"
