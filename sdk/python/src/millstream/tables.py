"""Tables: the latest value for each key of a topic, kept by the host."""

from collections.abc import Iterable
from enum import Enum

from . import host, packing, wire
from .columns import Column
from .emission import Data, encoded
from .errors import Permanent
from .names import name_of


class Tables:
    """The tables that ``@transform(tables=…)`` names. They answer while a batch is being transformed."""

    __slots__ = ("_numbers",)

    def __init__(self, names: list[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}

    def get(self, table: str | Enum, key: Data) -> bytes | None:
        """The value of this key; None where the table has none."""
        return Column(host.current.get(self._number(table), packing.pack_column([encoded(key)]))).get(0)

    def get_all(self, table: str | Enum, keys: Column | Iterable[Data]) -> Column:
        """The values of these keys, row for row, None where there is none: one question for all of them, which costs a fraction of
        asking one by one. All are of one version of the table."""
        if isinstance(keys, Column):
            asked = wire.Column(keys.data, keys.ends, keys.nulls)
        else:
            asked = packing.pack_column([encoded(key) for key in keys])
        return Column(host.current.get(self._number(table), asked))

    def _number(self, table: str | Enum) -> int:
        name = name_of(table)
        try:
            return self._numbers[name]
        except KeyError:
            there = ", ".join(self._numbers) or "none"
            raise Permanent(f"there is no table {name!r} (there are: {there}): name it in @transform(tables=…)") from None
