"""JSON as the contract has it, through Python's own module."""

import json
import re
from typing import Any, Final, NoReturn

from .errors import Reject

# What RFC 8259 calls space; `bytes.strip` alone takes more.
_SPACE: Final = b" \t\r\n"
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_POSITION: Final = re.compile(r": line \d+ column \d+ \(char (\d+)\)$")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_decode: Final = json.JSONDecoder(parse_constant=_no_constant).decode


def loads(value: bytes) -> Any:
    """The value that this JSON is; integers are exact, of members of one name the last counts."""
    try:
        return _decode(value.decode())
    except UnicodeDecodeError as error:
        raise Reject("malformed-json", f"invalid UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Reject("malformed-json", _POSITION.sub(r" at character \1", reason)) from None


def dumps(value: Any) -> bytes:
    """`value` as JSON, without spaces."""
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Reject("unwritable-json", str(error)) from None


def extend(value: bytes | None, members: dict[str, Any]) -> bytes:
    """The object `value` with these members after its own. Nothing else of it changes, and it is not parsed."""
    if value is None:
        raise Reject("null-value", "the record has no value")
    trimmed = value.strip(_SPACE)
    if not (trimmed.startswith(b"{") and trimmed.endswith(b"}")):
        raise Reject("unexpected-json", "the value is not an object")
    if not members:
        return value
    end = value.rindex(b"}")
    own = value[:end]
    # `members` bring their own braces.
    comma = b"" if own.strip(_SPACE) == b"{" else b","
    return b"%b%b%b%b" % (own, comma, dumps(members)[1:-1], value[end:])
