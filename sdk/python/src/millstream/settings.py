"""A deployment's settings as a typed class.

    class Settings(millstream.Settings):
        threshold: int                                          # must be set
        min_age: int = 18                                       # `min-age`, 18 unless set
        keep: frozenset[str] = setting(default={"swipe"})       # `keep = "swipe, message"`
        regions: dict[str, str] = setting("cities", default={}) # `cities = "berlin = eu, boston = us"`
        region: str | None = None                               # need not be set

Settings arrive as text. Every wrong one is named, with what it should have been, when the transform is deployed.
"""

import copy
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform

from .conversion import Converter, Wrong, converter
from .errors import Refused, describe

_MISSING: Final = object()


@dataclass(slots=True, frozen=True)
class _Setting:
    name: str | None
    default: Any


def setting(name: str | None = None, *, default: Any = _MISSING) -> Any:
    """A setting of another name than its attribute's in kebab-case, or with a default that is a list, a set or a map (each
    instance gets a copy). Without a default it must be set."""
    return _Setting(name, default)


@dataclass_transform(kw_only_default=True, field_specifiers=(setting,))
class Settings:
    """Base of classes that say which settings there are. Types: ``str``, ``int`` (64 bits), ``float``, ``bool``, enumerations of
    texts, ``list``, ``tuple[T, ...]``, ``set`` and ``frozenset`` of these (separated by commas), ``dict`` (``a = b, c = d``), and
    any of them with ``| None``.

    ``__post_init__`` runs once they are read, in every new instance: for what is to be made of them before the first record.
    A ValueError that it raises refuses the deployment with its text. An instance may be replaced between any two batches, so
    what it remembers is a cache: compiled tables, never counts or sums.
    """

    def __init__(self, **values: Any) -> None:
        for known in known_settings(type(self)):
            if known.attribute in values:
                value = values.pop(known.attribute)
            elif known.default is _MISSING:
                raise TypeError(f"{type(self).__name__}() lacks {known.attribute!r}")
            else:
                value = copy.copy(known.default)
            setattr(self, known.attribute, value)
        if values:
            raise TypeError(f"{type(self).__name__}() has no {next(iter(values))!r}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Makes of the settings what the records need."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


S = TypeVar("S", bound=Settings)


@dataclass(slots=True, frozen=True)
class Known:
    """One setting of a class."""

    attribute: str
    name: str
    default: Any
    converter: Converter


def known_settings(cls: type[Settings], names: dict[str, Any] | None = None) -> list[Known]:
    """The settings of a class, in order; TypeError where one has a type that no text can become. `names` are those that its types
    may use besides the module's."""
    cached: list[Known] | None = cls.__dict__.get("_known")
    if cached is not None:
        return cached
    known = []
    for attribute, hint in typing.get_type_hints(cls, localns=names).items():
        if typing.get_origin(hint) is ClassVar or attribute.startswith("_"):
            continue
        default = getattr(cls, attribute, _MISSING)
        name = None
        if isinstance(default, _Setting):
            name, default = default.name, default.default
        try:
            convert = converter(hint)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{attribute}: {error}") from None
        known.append(Known(attribute, name or attribute.replace("_", "-"), convert.adapt(default, _MISSING), convert))
    cls._known = known  # type: ignore[attr-defined]
    return known


def read(cls: type[S] | None, settings: Sequence[tuple[str, str]]) -> S | None:
    """The settings as an instance of `cls`, None where the transform has none; Refused names all that is wrong."""
    known = known_settings(cls) if cls is not None else []
    given = dict(settings)
    values: dict[str, Any] = {}
    errors = []
    for one in known:
        text = given.pop(one.name, None)
        if text is not None:
            try:
                values[one.attribute] = one.converter.read(text)
            except Wrong:
                errors.append(f"setting `{one.name}` is `{text}`, not {one.converter.expected}")
        elif one.default is _MISSING:
            errors.append(f"setting `{one.name}` is missing: it is {one.converter.expected}")
    errors.extend(_unknown(name, [one.name for one in known]) for name in given)
    if errors:
        raise Refused("; ".join(errors))
    if cls is None:
        return None
    try:
        return cls(**values)
    except ValueError as error:
        raise Refused(str(error) or describe(error)) from error


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return f"there is no setting `{name}`: this transform has none"
    tidy = name.replace("_", "-").lower()
    near = min((_edits(tidy, other), other) for other in known)
    if near[0] <= 2 and near[0] < len(near[1]):
        return f"there is no setting `{name}`: did you mean `{near[1]}`?"
    return f"there is no setting `{name}`: there are `{'`, `'.join(known)}`"


def _edits(a: str, b: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, ca in enumerate(a):
        before, row = row, [i + 1]
        for j, cb in enumerate(b):
            row.append(min(row[j] + 1, before[j + 1] + 1, before[j] + (ca != cb)))
    return row[-1]
