"""What a component answers, with the contract's bindings replaced: they exist inside of components only."""

import importlib
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any
from unittest.mock import MagicMock

import pytest

import millstream
from millstream import Emitter, Record, Transient, transform


class Out(Enum):
    OUT = "out"


class Err(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


@pytest.fixture
def component(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    bindings = MagicMock(Err=Err)
    for name in ("componentize_py_types", "wit_world", "wit_world.exports", "wit_world.imports"):
        monkeypatch.setitem(sys.modules, name, bindings)
    yield importlib.import_module("millstream.component")
    del sys.modules["millstream.component"]


def answered(component: Any, made: Any, batch: Any = None) -> Any:
    """The error that a transform's `configure` answers, or where there is a batch its `apply`."""
    component._transform = made
    guest = component.Guest()
    with pytest.raises(Err) as error:
        guest.configure([])
        guest.apply(batch)
    return error.value.value


def test_what_is_wrong_with_settings_can_always_be_sent(component: Any) -> None:
    class Settings(millstream.Settings):
        def __post_init__(self) -> None:
            raise ValueError("a\ud800")

    @transform(outputs=Out)
    def each(record: Record, out: Emitter[Out], settings: Settings) -> None:
        out.forward(Out.OUT)

    assert answered(component, each) == "a\\ud800"


def test_a_failure_keeps_its_kind_whatever_its_text_is(component: Any) -> None:
    @transform(outputs=Out, reads=())
    def each(record: Record, out: Emitter[Out]) -> None:
        raise Transient("a\ud800")

    batch = MagicMock(topic="t", partition=0, count=1, keys=None, values=None, headers=None, timestamps=None, offsets=None)
    batch.fields = batch.lookups = []
    answer = answered(component, each, batch)
    assert answer is component.guest.Failure_Transient.return_value
    component.guest.Failure_Transient.assert_called_once_with("a\\ud800")
