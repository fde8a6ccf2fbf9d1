"""What a transform may ask of its host, in one replaceable place: a component puts the contract's imports here, a test its own.

Without either, lines of the log are printed, and there are no tables."""

import sys
from typing import Literal, Protocol

from . import wire
from .errors import Permanent

Level = Literal["debug", "info", "warn", "error"]


class Host(Protocol):
    """The contract's imports."""

    def log(self, level: Level, message: str) -> None:
        """Writes a line to the log."""

    def count(self, counter: int, by: int) -> None:
        """Adds to a counter."""

    def get(self, table: int, keys: wire.Column) -> wire.Column:
        """The values of these keys."""


class Nowhere:
    """There is no host."""

    def log(self, level: Level, message: str) -> None:
        """Prints the line."""
        print(f"{level}: {message}", file=sys.stderr)

    def count(self, counter: int, by: int) -> None:
        """Does nothing."""

    def get(self, table: int, keys: wire.Column) -> wire.Column:
        """Fails."""
        raise Permanent("there are no tables here: run the transform with millstream.testing")


current: Host = Nowhere()
