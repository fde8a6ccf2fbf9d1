"""Lines about exceptions that nobody expected: where each one came from, without filling the log."""

import traceback

from . import log
from .errors import describe


class Tracebacks:
    """Logs the traceback of the first exception of each kind and place; of the others there is only the rejected record."""

    KINDS = 10

    def __init__(self) -> None:
        self._seen: set[tuple[type, int]] = set()

    def log(self, error: Exception, row: int) -> None:
        """An exception that a record is rejected with."""
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        kind = (type(error), last.tb_lineno if last else 0)
        if kind in self._seen or len(self._seen) >= self.KINDS:
            return
        self._seen.add(kind)
        # The first frame is the loop's.
        frames = error.__traceback__.tb_next if error.__traceback__ else None
        lines = traceback.format_exception(type(error), error, frames)
        log.warn(
            f"a record is rejected as `error`: {describe(error)}; further ones like it are not logged\n{''.join(lines).rstrip()}"
        )
