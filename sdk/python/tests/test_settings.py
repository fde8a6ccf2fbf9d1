from enum import Enum

import pytest

import millstream
from millstream import Refused, setting
from millstream.settings import read


class Direction(Enum):
    LEFT = "left"
    RIGHT = "right"


class Settings(millstream.Settings):
    threshold: int
    min_age: int = 18
    ratio: float = 0.5
    strict: bool = False
    greeting: str = "hello"
    keep: list[str] = setting(default=["swipe"])
    ports: frozenset[int] = setting(default=[80])
    regions: dict[str, str] = setting("cities", default={})
    direction: Direction = Direction.LEFT
    region: str | None = None


def given(**settings: str) -> Settings:
    values = read(Settings, [("threshold", "1"), *((name.replace("_", "-"), text) for name, text in settings.items())])
    assert values is not None
    return values


def test_what_is_not_set_has_its_default() -> None:
    values = given()
    assert (values.threshold, values.min_age, values.ratio, values.strict) == (1, 18, 0.5, False)
    assert (values.greeting, values.keep, values.ports, values.regions) == ("hello", ["swipe"], frozenset({80}), {})
    assert (values.direction, values.region) == (Direction.LEFT, None)


def test_each_type_is_read() -> None:
    values = given(
        min_age=" -3 ",
        ratio="2.5e-1",
        strict="true",
        greeting=" a b ",
        keep=" swipe , message ",
        ports="1,2",
        cities="berlin = eu, boston=us",
        direction="right",
        region="",
    )
    assert (values.min_age, values.ratio, values.strict, values.greeting) == (-3, 0.25, True, " a b ")
    assert (values.keep, values.ports) == (["swipe", "message"], frozenset({1, 2}))
    assert (values.regions, values.direction, values.region) == ({"berlin": "eu", "boston": "us"}, Direction.RIGHT, "")


def test_an_empty_text_is_an_empty_list() -> None:
    assert given(keep=" ").keep == []


def test_defaults_are_not_shared() -> None:
    given().keep.append("more")
    assert given().keep == ["swipe"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("min_age", "x", "an integer from -9223372036854775808 to 9223372036854775807"),
        ("min_age", "1.0", "an integer from"),
        ("min_age", "1_000", "an integer from"),
        ("min_age", "٣", "an integer from"),
        ("min_age", "9223372036854775808", "an integer from"),
        ("min_age", "", "an integer from"),
        ("ratio", "NaN", "a number"),
        ("ratio", "1e999", "a number"),
        ("strict", "True", "true or false"),
        ("ports", "1,,2", "a list with commas, where each is an integer"),
        ("cities", "berlin", "a list `name = value, name = value`, where each name is a text and each value a text"),
        ("direction", "up", "left or right"),
    ],
)
def test_a_wrong_one_is_named_with_what_was_expected(name: str, text: str, expected: str) -> None:
    with pytest.raises(Refused) as refused:
        given(**{name: text})
    assert str(refused.value).startswith(f"setting `{name.replace('_', '-')}` is `{text}`, not {expected}")


def test_an_error_names_all_that_is_wrong() -> None:
    with pytest.raises(Refused) as refused:
        read(Settings, [("min_age", "3"), ("ratio", "much"), ("colour", "red")])
    assert str(refused.value) == (
        "setting `threshold` is missing: it is an integer from -9223372036854775808 to 9223372036854775807; "
        "setting `ratio` is `much`, not a number; "
        "there is no setting `min_age`: did you mean `min-age`?; "
        "there is no setting `colour`: there are `threshold`, `min-age`, `ratio`, `strict`, `greeting`, `keep`, `ports`, `cities`, "
        "`direction`, `region`"
    )


def test_a_transform_without_settings_refuses_each() -> None:
    with pytest.raises(Refused, match="there is no setting `a`: this transform has none"):
        read(None, [("a", "1")])
    assert read(None, []) is None


def test_the_last_of_two_counts() -> None:
    values = read(Settings, [("threshold", "1"), ("threshold", "2")])
    assert values is not None and values.threshold == 2


class Blocklist(millstream.Settings):
    blocked: frozenset[str]

    def __post_init__(self) -> None:
        if not self.blocked:
            raise ValueError("`blocked` names nobody")
        self.longest = max(map(len, self.blocked))


def test_what_is_made_of_settings_is_made_once_and_may_refuse_them() -> None:
    values = read(Blocklist, [("blocked", "ann, robert")])
    assert values is not None and values.longest == 6
    with pytest.raises(Refused, match="`blocked` names nobody"):
        read(Blocklist, [("blocked", "")])


def test_a_type_that_no_text_can_become_is_refused_when_it_is_declared() -> None:
    class Wrong(millstream.Settings):
        when: object = None

    with pytest.raises(TypeError, match="Wrong.when: .*cannot be a setting"):
        read(Wrong, [])


def test_settings_can_be_made_in_a_test() -> None:
    assert Settings(threshold=3, keep=["a"]).keep == ["a"]
    with pytest.raises(TypeError, match="lacks 'threshold'"):
        Settings(min_age=3)  # type: ignore[call-arg]
