"""Lines for the transform's log. The host limits lines, per line, per call and per second. What is printed becomes a line as well.

from millstream import log

log.info(f"{len(regions)} regions")
"""

from typing import Final

from . import host
from .errors import cut

# In bytes: the host keeps 8 KiB of a line, and traps at a message of more than 1 MiB.
_LONGEST: Final = 65_536


def debug(message: str) -> None:
    """A line for whoever looks for a bug, cut at 64 KiB."""
    _write("debug", message)


def info(message: str) -> None:
    """A line for whoever wants to know."""
    _write("info", message)


def warn(message: str) -> None:
    """A line that somebody should look at some time."""
    _write("warn", message)


def error(message: str) -> None:
    """A line that somebody should look at."""
    _write("error", message)


def _write(level: host.Level, message: str) -> None:
    host.current.log(level, cut(message, _LONGEST))
