"""What the test helper takes for JSON, with Python's own module as the judge where that can be one."""

import json
import random

import pytest

from millstream import wire
from millstream.testing.extract import Refused, row_of
from millstream.testing.input import Sent
from millstream.testing.scan import Malformed, scan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":1', "unexpected end at byte 6"),
        ('{"a" 1}', "expected `:` at byte 5"),
        ('{"a":1 "b":2}', "expected `,` or `}` at byte 7"),
        ('{"a":01}', "expected `,` or `}` at byte 6"),
        ('{"a":tru}', "expected a value at byte 5"),
        ('{"a":"x\ny"}', "control character in a string at byte 7"),
        ('{"a":1} x', "trailing characters at byte 8"),
        ("", "unexpected end at byte 0"),
        ("[" * 200, "nested too deeply at byte 128"),
        ("1.", "unexpected end at byte 2"),
        ("NaN", "expected a value at byte 0"),
        ("[1,]", "expected a value at byte 3"),
        ("{1:2}", "expected a member's name at byte 1"),
    ],
)
def test_an_error_says_what_and_where(text: str, message: str) -> None:
    with pytest.raises(Malformed) as error:
        scan(text.encode())
    assert str(error.value) == message


def test_only_utf_8_is_json() -> None:
    with pytest.raises(Malformed, match="invalid UTF-8 at byte 1"):
        scan(b'"\xff"')


def refuse_constants(name: str) -> None:
    raise ValueError(name)


def test_the_scan_agrees_with_python() -> None:
    seeds = [
        '{"type":"swipe","n":-12.5e+3,"b":[true,false,null],"s":"\\u00e4\\ud83d\\ude00\\n\\"x\\\\"}',
        ' [ 1 , 2e5 , 0.1 , -0 , "abc" , {} , [] ] ',
        '{"a":{"a":1},"a":2}',
        '"\\uD800"',
    ]
    pick = random.Random(7)
    for round_ in range(20_000):
        text = list(seeds[round_ % len(seeds)])
        for _ in range(pick.randrange(4)):
            at = pick.randrange(len(text) + 1)
            text[at : at + pick.randrange(2)] = pick.choice('"\\{}[]:,.eE+-01 9ntfu/\x00\x1f\n')
        joined = "".join(text)
        try:
            theirs = json.loads(joined, parse_constant=refuse_constants)
        except ValueError:
            with pytest.raises(Malformed):
                scan(joined.encode())
            continue
        found = scan(joined.encode())
        assert json.loads(found.raw) == theirs
        if isinstance(theirs, dict):
            assert isinstance(found.inner, dict)
            assert {name: json.loads(one.raw) for name, one in found.inner.items()} == theirs


def taken(field: wire.Field, value: str | None, key: str | None = None) -> object:
    return row_of([field], Sent(None if key is None else key.encode(), None if value is None else value.encode()))[0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "9223372036854775807", 2**63 - 1),
        ("integer", "9223372036854775808", None),
        ("integer", "-0", 0),
        ("integer", "1.0", None),
        ("integer", "1e3", None),
        ("integer", "true", None),
        ("number", "1e999", None),
        ("number", "1e-400", 0.0),
        ("number", '"1"', None),
        ("text", '"a\\u00e9"', "aé"),
        ("text", '"\\ud800"', None),
        ("text", "1", None),
        ("boolean", "false", False),
        ("boolean", "0", None),
        ("raw", '{"a" : [ ]}', b'{"a" : [ ]}'),
        ("raw", "null", None),
    ],
)
def test_types_are_as_the_host_takes_them(kind: wire.Kind, text: str, value: object) -> None:
    assert taken(wire.Field("value", "/x", kind, "lenient"), f'{{"x": {text}}}') == value


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a/b/0", 10),
        ("/a/b/1/c", 20),
        ("/a/b/01", None),
        ("/a/b/-", None),
        ("/e~1f", 1),
        ("/g~0h", 2),
        ("/", 3),
        ("/ab", 4),
        ("/twice", 6),
        ("/a/x", None),
    ],
)
def test_a_pointer_leads_through_objects_and_arrays(path: str, found: int | None) -> None:
    text = '{"a": {"b": [10, {"c": 20}]}, "e/f": 1, "g~h": 2, "": 3, "\\u0061b": 4, "twice": 5, "twice": 6}'
    assert taken(wire.Field("value", path, "integer", "nullable"), text) == found


@pytest.mark.parametrize(
    ("field", "value", "code", "reason"),
    [
        (wire.Field("value", "/x", "text", "required"), "{}", "missing-field", "`/x` of the value is missing or null"),
        (wire.Field("value", "/x", "text", "required"), '{"x":null}', "missing-field", "`/x` of the value is missing or null"),
        (
            wire.Field("value", "/x", "integer", "nullable"),
            '{"x":"1"}',
            "wrong-type",
            "`/x` of the value is not an integer of 64 bits (at byte 5)",
        ),
        (wire.Field("key", "", "integer", "required"), "{}", "missing-field", "the key is missing or null"),
        (wire.Field("header", "", "text", "required", "h"), "{}", "missing-field", "the header `h` is missing or null"),
        (wire.Field("value", "", "text", "nullable"), "{", "malformed-json", "the value is not JSON: unexpected end at byte 1"),
    ],
)
def test_a_row_that_lacks_something_is_refused(field: wire.Field, value: str, code: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        taken(field, value)
    assert (refused.value.code, refused.value.reason) == (code, reason)


def test_the_whole_of_a_key_is_text_as_it_stands_and_numbers_as_in_json() -> None:
    assert taken(wire.Field("key", "", "text", "required"), None, '"a') == '"a'
    assert taken(wire.Field("key", "", "integer", "lenient"), None, "12") == 12
    assert taken(wire.Field("key", "", "integer", "lenient"), None, " 12") is None
    assert taken(wire.Field("value", "", "raw", "required"), "no json") == b"no json"


@pytest.mark.parametrize("path", ["a", "/a~", "/~2"])
def test_what_is_no_pointer_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="JSON Pointer"):
        taken(wire.Field("value", path, "text", "required"), "{}")
