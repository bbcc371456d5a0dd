"""Which variant of a generic kernel a call asks for.

In: a generic kernel of the manifest, its variants, and what the caller passed. Out: the variant, and the arguments
that the GPU gets; or an error that lists what there is. Its own room because launch and simulator must choose alike.

Type variables follow from arrays' element types; one that stands for numbers only is a NumPy number's type, else the
first that is listed and holds all of them. A choice is kept by the types and constants that led to it, so that a
launch looks it up.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from oxide_build.errors import KernelArgumentError
from oxide_build.manifest import Constant, Generic, Kernel, Parameter, value_word
from oxide_build.signature import INTEGER_RANGES, LARGEST_FLOATS, bind_names, convert_scalar, quoted_values

ELEMENT_TYPES: Mapping[str, str] = {
    **{f"{name}{bits}": f"{short}{bits}" for name, short in (("int", "i"), ("uint", "u")) for bits in (8, 16, 32, 64)},
    **{f"float{bits}": f"f{bits}" for bits in (16, 32, 64)},
    "bfloat16": "bf16",
    "bool": "bool",
}
"""Our names of the element types, by the names that arrays have for them."""

ElementType = Callable[[object], "str | None"]
"""The element type of an argument that has no `dtype`; None for what is no array."""


class Family:
    """A generic kernel's variants, and the choices made so far; `read` knows arrays that have no `dtype`."""

    def __init__(self, generic: Generic, kernels: Iterable[Kernel], read: ElementType = lambda value: None) -> None:
        self.generic = generic
        self._kernels = {_key(kernel.variant): kernel for kernel in kernels if kernel.name == generic.name}
        self._read = read
        self._names = [name for name, _ in generic.parameters]
        self._constants = {constant.name: constant for constant in generic.constants}
        self._defaults = {constant.name: _Default(constant.default) for constant in generic.constants}
        self._passed = [place for place, name in enumerate(self._names) if name not in self._constants]
        self._array_carriers = {name for name, text in generic.parameters if "[" in text} & generic.carriers.keys()
        self._deciding = [
            (place, name in self._constants)
            for place, name in enumerate(self._names)
            if name in self._constants or name in self._array_carriers
        ]
        self._tails = dict(self._defaults_from_the_end())
        arrays_say = {generic.carriers[name] for name in self._array_carriers}
        self._numeric = set(generic.types) - arrays_say
        self._chosen: dict[tuple[object, ...], Kernel] = {}

    def choose(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Kernel, tuple[Any, ...]]:
        """The variant that a call asks for, and its arguments in order, without those known at compile time.

        Raises KernelArgumentError for arguments that do not match, values and types that are not listed, and arguments
        that disagree on a type.
        """
        tail = None if kwargs else self._tails.get(len(args))
        if tail is None:
            values = bind_names(self.generic.name, self._names, self._declaration, args, kwargs, self._defaults)
        else:
            values = args + tail
        marks = self._marks(values)
        kernel = self._chosen.get(marks) if marks else None
        if kernel is None:
            kernel = self._choose(dict(zip(self._names, values, strict=True)))
            if marks:
                self._chosen[marks] = kernel
        return kernel, tuple([values[place] for place in self._passed])

    def _defaults_from_the_end(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """The defaults that complete a call of so many arguments by position, for as many as can be left out."""
        tail: tuple[Any, ...] = ()
        yield len(self._names), tail
        for place, name in reversed([*enumerate(self._names)]):
            if name not in self._defaults:
                return
            tail = self._defaults[name], *tail
            yield place, tail

    def named(self, values: Mapping[str, Any]) -> Kernel:
        """The variant with these compile-time values and types, `{"T": gpu.f64, "BLOCK": 64}`.

        What is not named is as in a launch that does not give it, a type the first that is listed. Raises
        KernelArgumentError for what the kernel does not have, or does not list.
        """
        unknown = [name for name in values if name not in self._constants and name not in self.generic.types]
        if unknown:
            known = ", ".join([*self.generic.types, *self._constants])
            raise self._error(f"no type or compile-time parameter is called {unknown[0]!r}", f"name some of {known}")
        given = {**self._defaults, **{name: types[0] for name, types in self.generic.types.items()}, **values}
        variant = {name: self._constant(constant, given[name]) for name, constant in self._constants.items()}
        variant.update({name: self._listed(name, given[name]) for name in self.generic.types})
        return self._kernels[_key(variant)]

    def _listed(self, name: str, given: Any) -> str:
        """The type that a type variable is said to be, by ours or another library's name of it."""
        text = str(getattr(given, "__name__", given)).removeprefix("torch.")
        if (found := ELEMENT_TYPES.get(text, text)) in self.generic.types[name]:
            return found
        raise self._error(f"{name} is {quoted_values(self.generic.types[name])}, got {text}", "name one of these")

    def _marks(self, values: tuple[Any, ...]) -> tuple[object, ...]:
        """What decides a choice, to look it up by; empty where an argument says too little that can be hashed."""
        if self._numeric:
            return ()
        marks: list[object] = []
        for place, is_constant in self._deciding:
            value = values[place]
            if is_constant:
                marks += (type(value), repr(value) if isinstance(value, float) else value)
            else:
                marks.append(getattr(value, "dtype", None))
                if marks[-1] is None:
                    return ()
        known = tuple(marks)
        try:
            hash(known)
        except TypeError:
            return ()
        return known

    def _choose(self, values: Mapping[str, Any]) -> Kernel:
        variant = {name: self._constant(constant, values[name]) for name, constant in self._constants.items()}
        variant.update({name: self._type(name, values) for name in self.generic.types})
        return self._kernels[_key(variant)]

    def _declaration(self) -> str:
        """The kernel as declared: `total(x: Slice[T], BLOCK: gpu.Const[int])`."""
        parameters = ", ".join(f"{name}: {annotation}" for name, annotation in self.generic.parameters)
        return f"{self.generic.name}({parameters})"

    def _constant(self, constant: Constant, value: object) -> str:
        text = value.text if isinstance(value, _Default) else _constant_text(constant.type, value)
        if text in constant.values:
            return str(text)
        listed = quoted_values([value_word(known) for known in constant.values])
        got = getattr(value, "__name__", None) or repr(value)
        raise KernelArgumentError(
            f"{self.generic.name}: {constant.name!r} is known at compile time and is {listed}, got {got}",
            help=f"pass one of these, or list more on the decorator: @gpu.kernel(values={{{constant.name!r}: (…)}})",
        )

    def _type(self, name: str, values: Mapping[str, Any]) -> str:
        """What a type variable is in a call."""
        arrays = [p for p in self._names if p in self._array_carriers and self.generic.carriers[p] == name]
        listed = self.generic.types[name]
        found = {p: t for p in arrays if (t := self._element_type(values[p], listed)) is not None}
        if not arrays:
            numbers = {p: values[p] for p, carried in self.generic.carriers.items() if carried == name}
            typed = {p: t for p, value in numbers.items() if (t := self._element_type(value, listed)) is not None}
            found = typed or {next(iter(numbers)): self._first_fitting(name, numbers)}
        if not found:
            raise self._error(
                f"nothing says what {name} is: {arrays[0]!r} is a {type(values[arrays[0]]).__name__}, no array",
                f"pass an array of {quoted_values(listed)}",
            )
        self._check_agreement(name, found)
        (type_name,) = set(found.values())
        return type_name

    def _check_agreement(self, name: str, found: Mapping[str, str]) -> None:
        listed = self.generic.types[name]
        (first, type_name), *others = found.items()
        for parameter, other in others:
            if other != type_name:
                raise self._error(
                    f"{first!r} makes {name} {type_name}, {parameter!r} makes it {other}", "convert one of them"
                )
        if type_name not in listed:
            raise self._error(
                f"{name} is {quoted_values(listed)}, {first!r} makes it {type_name}", "convert it to one of these"
            )

    def _element_type(self, value: object, listed: tuple[str, ...]) -> str | None:
        """An array's or NumPy number's type; bits of bfloat16 count as such where those are what is listed."""
        dtype = getattr(value, "dtype", None)
        text = None if dtype is None else str(dtype).removeprefix("torch.")
        found = self._read(value) if text is None else ELEMENT_TYPES.get(text, text)
        return "bf16" if found == "u16" and "u16" not in listed and "bf16" in listed else found

    def _first_fitting(self, name: str, numbers: Mapping[str, Any]) -> str:
        listed = self.generic.types[name]
        for candidate in listed:
            if all(_fits(candidate, number) for number in numbers.values()):
                return candidate
        given = ", ".join(f"{parameter} = {number!r}" for parameter, number in numbers.items())
        raise self._error(f"{name} is {quoted_values(listed)}, none of which holds {given}", "pass numbers in range")

    def _error(self, problem: str, remedy: str) -> KernelArgumentError:
        return KernelArgumentError(
            f"{self.generic.name}: {problem}", help=f"{remedy}; it is declared {self._declaration()}"
        )


class _Default:
    """Stands for a compile-time parameter's default in a call that does not give it."""

    def __init__(self, text: str) -> None:
        self.text = text


def _key(variant: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(variant.items()))


def _fits(type_name: str, number: Any) -> bool:
    try:
        convert_scalar(Parameter("", "scalar", type_name), number)
    except KernelArgumentError:
        return False
    return True


def _constant_text(type_name: str, value: Any) -> str | None:
    """A value as the manifest has it; None for what the parameter cannot hold."""
    if type_name == "function":
        name = getattr(value, "__name__", None)
        return None if name is None else f"{value.__module__}.{name}"
    if (type_name == "bool") != (isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")):
        return None
    if type_name == "bool":
        return repr(bool(value))
    try:
        if type_name == "int" or type_name in INTEGER_RANGES:
            return repr(operator.index(value))
        return repr(float(value)) if type_name == "float" or type_name in LARGEST_FLOATS else None
    except (TypeError, ValueError, OverflowError):
        return None
