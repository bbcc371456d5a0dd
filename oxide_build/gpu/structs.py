"""`@gpu.struct`: a class of fields that kernels hold by value, and the NumPy dtype of arrays of them.

In: the author's class. Out: a dataclass, and its NumPy dtype. Its own room because
`dataclasses` and NumPy are loaded only by those who have structs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    import numpy as np
    from typing_extensions import dataclass_transform

    Class = TypeVar("Class")
else:

    def dataclass_transform(**options):
        """`typing.dataclass_transform`, which Python 3.10 has not: a mark for type checkers."""
        return lambda function: function


@dataclass_transform(eq_default=True)
def struct(cls: type[Class], /) -> type[Class]:
    """Mark a class of annotated fields as a struct: scalars, bools and other structs, side by side as in C.

    On the host it is a dataclass. In kernels it is a value: `Vec3(x, y, z)` makes one, `p.x` reads and assigns a
    field, and a copy is never the same object.
    """
    import copy
    import dataclasses

    for name in cls.__annotations__:
        default = cls.__dict__.get(name)
        if dataclasses.is_dataclass(default):
            # Each instance has its own, as a value would be.
            setattr(cls, name, dataclasses.field(default_factory=_Copies(copy.deepcopy, default)))
    return dataclasses.dataclass(cls)


class _Copies:
    """A default that is a struct: a new one each time."""

    def __init__(self, copy: Any, default: Any) -> None:
        self.copy = copy
        self.default = default

    def __call__(self) -> Any:
        return self.copy(self.default)


def dtype(type: type[Any], /) -> np.dtype[Any]:
    """The NumPy dtype of a struct or scalar type: `np.zeros(n, gpu.dtype(Particle))`.

    A struct's has the layout that kernels give it, which is C's. NumPy has no bfloat16: a `bf16` is the `uint16` of
    its bits. Raises KernelError for a class that is neither.
    """
    import numpy as np

    from oxide_build.gpu import types

    if type is bool:
        return np.dtype(np.bool_)
    if type is types.bf16:
        return np.dtype(np.uint16)
    if type.__module__ == types.__name__ and issubclass(type, (types.Integer, types.Float)):
        return np.dtype(f"{type.__name__[0]}{int(type.__name__[1:]) // 8}")
    return np.dtype([(name, dtype(field)) for name, field in _fields(type).items()], align=True)


def _fields(cls: type[Any]) -> dict[str, Any]:
    """A struct's fields and their types, annotations in quotes read."""
    import dataclasses
    import typing

    if isinstance(cls, type) and dataclasses.is_dataclass(cls):
        hints = typing.get_type_hints(cls)
        return {field.name: hints[field.name] for field in dataclasses.fields(cls)}
    from oxide_build.errors import KernelError

    name = getattr(cls, "__name__", repr(cls))
    raise KernelError(f"{name} is no struct and no scalar type of kernels", help="mark a class with `@gpu.struct`")
