"""How the text of one setting becomes a value."""

import math
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from .fields import unwrap_optional

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SPACE: Final = " \t\r\n"
_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1


class Wrong(Exception):
    """The text is not what was expected."""


@dataclass(slots=True, frozen=True)
class Converter:
    """`expected` says what a text has to be, as in "it is …"."""

    read: Callable[[str], Any]
    expected: str
    collection: Callable[[Any], Any] | None = None

    def adapt(self, default: Any, missing: object) -> Any:
        """A default in the attribute's own type: a set may be written as a list."""
        if self.collection is None or default is missing or default is None:
            return default
        return self.collection(default)


def _integer(text: str) -> int:
    text = text.strip(_SPACE)
    # Python's own limit of 4,300 digits is an error of another type.
    if not _INTEGER.fullmatch(text) or len(text) > 4000:
        raise Wrong
    number = int(text)
    if not _LEAST <= number <= _MOST:
        raise Wrong
    return number


def _number(text: str) -> float:
    text = text.strip(_SPACE)
    if not _NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        raise Wrong
    return number


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise Wrong
    return text == "true"


_PLAIN: Final[dict[Any, Converter]] = {
    str: Converter(str, "a text"),
    int: Converter(_integer, f"an integer from {_LEAST} to {_MOST}"),
    float: Converter(_number, "a number"),
    bool: Converter(_boolean, "true or false"),
}


def converter(hint: Any) -> Converter:
    """How a text becomes a value of this type; TypeError where none can."""
    hint, _ = unwrap_optional(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enumeration(hint)
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = arguments[:1]
    if origin in (list, set, frozenset, tuple) and len(arguments) <= 1:
        return _list(origin, converter(arguments[0] if arguments else str))
    if origin is dict:
        key, value = arguments or (str, str)
        return _map(converter(key), converter(value))
    raise TypeError(
        f"{hint} cannot be a setting: use str, int, float, bool, an enumeration of texts, a list, set or dict of these"
    )


def _enumeration(enumeration: type[Enum]) -> Converter:
    members = {str(member.value): member for member in enumeration}

    def read(text: str) -> Enum:
        try:
            return members[text.strip(_SPACE)]
        except KeyError:
            raise Wrong from None

    return Converter(read, " or ".join(members))


def _parts(text: str) -> list[str]:
    """The parts of a list, without the spaces around them; an empty text is an empty list."""
    return [part.strip(_SPACE) for part in text.split(",")] if text.strip(_SPACE) else []


def _list(collection: Callable[[Any], Any], one: Converter) -> Converter:
    return Converter(
        lambda text: collection(list(map(one.read, _parts(text)))),
        f"a list with commas, where each is {one.expected}",
        collection,
    )


def _map(key: Converter, value: Converter) -> Converter:
    def read(text: str) -> dict[Any, Any]:
        pairs = {}
        for part in _parts(text):
            name, equals, rest = part.partition("=")
            if not equals:
                raise Wrong
            pairs[key.read(name.strip(_SPACE))] = value.read(rest.strip(_SPACE))
        return pairs

    return Converter(
        read,
        f"a list `name = value, name = value`, where each name is {key.expected} and each value {value.expected}",
        dict,
    )
