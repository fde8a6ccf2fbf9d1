import pytest

from millstream import Failure, Permanent, Reject, Transient
from millstream.errors import describe


@pytest.mark.parametrize(
    ("code", "tidied"),
    [("bad-age", "bad-age"), ("Bad Age!", "bad-age-"), ("", "error"), ("x" * 80, "x" * 64), ("größe_1", "gr--e-1"), ("İ", "-")],
)
def test_a_code_is_made_to_fit_the_contract(code: str, tidied: str) -> None:
    assert Reject(code).code == tidied


def test_a_long_reason_is_cut_between_characters() -> None:
    assert len(Reject("code", "ä" * 1000).reason.encode()) == 1024
    assert len(Reject("code", "a" + "ä" * 1000).reason.encode()) == 1023
    assert len(Reject("code", "a" * 2000).reason) == 1024


def test_a_reason_can_always_be_sent() -> None:
    assert Reject("code", "a\ud800").reason == "a\\ud800"


def test_a_failure_can_always_be_sent() -> None:
    assert Transient("a\ud800").reason == "a\\ud800"
    assert describe(ValueError("ä\udc80")) == "ValueError: ä\\udc80"


def test_a_rejection_says_code_and_reason() -> None:
    assert str(Reject("too-young", "17 is below 18")) == "too-young: 17 is below 18"


def test_both_failures_are_failures() -> None:
    assert issubclass(Transient, Failure) and issubclass(Permanent, Failure)
    assert Transient("later").reason == "later"
