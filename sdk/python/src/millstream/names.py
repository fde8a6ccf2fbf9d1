"""Outputs, counters and tables: enumerations in a transform, names in a deployment, numbers in an answer."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

# Where a member keeps its number. An attribute, because an enumeration's own hash is a function in Python: looking a member
# up in a dictionary costs more than all the rest of forwarding a record.
OUTPUT: Final = "_millstream_output"
COUNTER: Final = "_millstream_counter"

_OUTPUT_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
_COUNTER_NAME: Final = re.compile(r"[a-z0-9_]+")


def outputs(enumeration: type[Enum]) -> list[str]:
    """The names of a transform's outputs; each member learns its number."""
    names = _names(enumeration, "-")
    if not names or len(names) > 256:
        raise TypeError(f"{enumeration.__name__} has {len(names)} members: a transform has 1 to 256 outputs")
    for member, name in zip(enumeration, names):
        if not _OUTPUT_NAME.fullmatch(name):
            raise TypeError(f"{member}: {name!r} is no name of an output: use a-z, 0-9, `-` and `_`, at most 64 characters")
    _number(enumeration, OUTPUT)
    return names


def counters(enumeration: type[Enum] | None) -> list[str]:
    """The names of a transform's counters; each member learns its number."""
    if enumeration is None:
        return []
    names = _names(enumeration, "_")
    if len(names) > 64:
        raise TypeError(f"{enumeration.__name__} has {len(names)} members: a transform has at most 64 counters")
    for member, name in zip(enumeration, names):
        if not _COUNTER_NAME.fullmatch(name):
            raise TypeError(f"{member}: {name!r} is no name of a counter: use a-z, 0-9 and `_`")
    _number(enumeration, COUNTER)
    return names


def tables(names: Iterable[str | Enum]) -> list[str]:
    """The names of a transform's tables."""
    if isinstance(names, str):
        raise TypeError(f"tables={names!r}: name them in a list, as in tables=[{names!r}]")
    return [name_of(name) for name in names]


def name_of(name: str | Enum) -> str:
    """The name that a member of an enumeration stands for; a text stands for itself."""
    return _name(name, "-") if isinstance(name, Enum) else name


def _names(enumeration: type[Enum], dash: str) -> list[str]:
    if not (isinstance(enumeration, type) and issubclass(enumeration, Enum)):
        raise TypeError(f"{enumeration!r} is no enumeration: write `class Out(Enum)`, a member for each name")
    names = [_name(member, dash) for member in enumeration]
    for name in names:
        if names.count(name) > 1:
            raise TypeError(f"{enumeration.__name__} names {name!r} twice")
    return names


def _name(member: Enum, dash: str) -> str:
    # A value that is no text, as `auto()` makes it, says nothing: then it is the member's own name.
    if isinstance(member.value, str):
        return member.value
    return member.name.lower().replace("_", dash)


def _number(enumeration: type[Enum], attribute: str) -> None:
    for number, member in enumerate(enumeration):
        setattr(member, attribute, number)
