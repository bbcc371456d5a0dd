"""Frozen data classes that cost next to nothing to make.

In: a class with annotated fields. Out: the same class, made, compared, hashed and printed by its fields, as
`dataclasses.dataclass(frozen=True)` would have it; type checkers see just that. Its own room because `dataclasses`
writes and compiles six methods for each class, which was most of what the imports of a first launch took; these classes
share six that are written here. Only for rooms that a launch imports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field

    __all__ = ["dataclass", "field"]
else:

    class field:  # noqa: N801 (it stands for the function of that name)
        """What a field has besides its name: a default made for each record, and whether it is printed."""

        def __init__(self, *, default_factory=None, repr=True) -> None:
            self.default_factory = default_factory
            self.repr = repr

    def dataclass(*, frozen):
        """Make records of a class; they are always frozen."""
        assert frozen
        return _make

    class _Fields:
        """What makes a class one for `dataclasses.replace`, `asdict` and `fields`, found out when one of these asks."""

        def __get__(self, record, cls):
            from dataclasses import make_dataclass

            cls.__dataclass_fields__ = make_dataclass(cls.__name__, cls.__match_args__).__dataclass_fields__
            return cls.__dataclass_fields__

    def _make(cls):
        names = tuple(cls.__annotations__)
        fields = {name: cls.__dict__[name] for name in names if isinstance(cls.__dict__.get(name), field)}
        for name in fields:
            delattr(cls, name)  # any other default stays there, behind what the records have of their own
        cls.__match_args__, cls.__record_fields__, cls.__dataclass_fields__ = names, fields, _Fields()
        for name, method in METHODS.items():
            setattr(cls, name, method)
        return cls

    def _items(record):
        return [(name, getattr(record, name)) for name in record.__match_args__]

    def _values(record):
        return tuple([getattr(record, name) for name in record.__match_args__])

    def _initialize(self, *args, **kwargs):
        names, values = self.__match_args__, self.__dict__
        if len(args) > len(names):
            raise TypeError(f"{type(self).__name__}() takes {len(names)} fields, got {len(args)}")
        values.update(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name in values or name not in names:
                raise TypeError(f"{type(self).__name__}() got {name!r} twice, or has no such field")
            values[name] = value
        for name in names[len(args) :]:
            if name not in values:
                _fill(self, name)
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    def _fill(self, name):
        made = getattr(self.__record_fields__.get(name), "default_factory", None)
        if made is not None:
            self.__dict__[name] = made()
        elif not hasattr(type(self), name):
            raise TypeError(f"{type(self).__name__}() lacks {name!r}")

    def _refuse(self, name, *_):
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} stays as it is")

    def _equals(self, other):
        return _values(self) == _values(other) if type(self) is type(other) else NotImplemented

    def _hash(self):
        return hash(_values(self))

    def _print(self):
        hidden = {name for name, given in self.__record_fields__.items() if not given.repr}
        shown = [f"{name}={value!r}" for name, value in _items(self) if name not in hidden]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    METHODS = {
        "__init__": _initialize,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__eq__": _equals,
        "__hash__": _hash,
        "__repr__": _print,
    }
