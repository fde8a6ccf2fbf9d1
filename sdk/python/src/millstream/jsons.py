"""JSON as the contract has it, through Python's own module."""

import json
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

from .errors import Reject

# What RFC 8259 calls space; `bytes.strip` alone takes more.
_SPACE: Final = b" \t\r\n"
_SPACE_TEXT: Final = _SPACE.decode()
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_POSITION: Final = re.compile(r": line \d+ column \d+ \(char (\d+)\)$")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final[Any] = json.JSONDecoder(parse_constant=_no_constant)
_scan: Final[Callable[[str, int], tuple[Any, int]]] = _DECODER.scan_once


def _new_encode() -> Callable[[Any], str]:
    """`_ENCODER.encode`, which makes what it encodes with anew for each value; this makes it once."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _ENCODER.encode
    one = _ENCODER
    text = json.encoder.encode_basestring
    # The dictionary has the objects that the encoder is inside of, by which it tells circles.
    chunks = make({}, one.default, text, None, one.key_separator, one.item_separator, False, False, False)
    join = "".join
    return lambda value: join(chunks(value, 0))


_encode = _new_encode()


def loads(value: bytes) -> Any:
    """The value that this JSON is; integers are exact, of members of one name the last counts."""
    try:
        text = value.decode()
        try:
            parsed, end = _scan(text, 0)
        except StopIteration:
            # There is no value where one should be, or space before it.
            return _DECODER.decode(text)
        # `decode` looks for space on both sides with regular expressions, for each value.
        if end == len(text) or not text[end:].strip(_SPACE_TEXT):
            return parsed
        return _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise Reject("malformed-json", f"invalid UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Reject("malformed-json", _POSITION.sub(r" at character \1", reason)) from None


def dumps(value: Any) -> bytes:
    """`value` as JSON, without spaces."""
    global _encode
    try:
        return _encode(value).encode()
    except BaseException as error:
        # The encoder still takes itself to be inside of the objects where it stopped.
        _encode = _new_encode()
        if isinstance(error, (TypeError, ValueError, RecursionError)):
            raise Reject("unwritable-json", str(error)) from None
        raise


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
