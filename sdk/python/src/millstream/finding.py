"""Which transform of a module is meant."""

from types import ModuleType
from typing import Any

from .transform import Transform


def find(module: ModuleType, name: str | None = None) -> Transform[Any]:
    """The transform of this name in the module, or its only one."""
    if name is not None:
        named = getattr(module, name, None)
        if not isinstance(named, Transform):
            raise LookupError(f"{module.__name__} has no transform {name!r}: put @transform over the function of this name")
        return named
    # A transform may have a second name.
    transforms = {id(value): (key, value) for key, value in vars(module).items() if isinstance(value, Transform)}
    if not transforms:
        raise LookupError(f"{module.__name__} has no transform: put @transform over its function")
    if len(transforms) > 1:
        names = ", ".join(sorted(key for key, _ in transforms.values()))
        raise LookupError(f"{module.__name__} has several transforms ({names}): name one, as in `{module.__name__}:NAME`")
    return next(iter(transforms.values()))[1]
