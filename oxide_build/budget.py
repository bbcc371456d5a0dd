"""A budget: what kernels took when their author was content, held against what they take now.

In: a file of figures, as `oxide-build report --json` writes it or in TOML by hand, and `Resources`. Out: every figure
that grew, and what the budget does not know. Its own room because it neither measures nor prints.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from oxide_build.errors import ErrorReport, OxideError
from oxide_build.resources import Figure, ImageUse, KernelUse, Key, Resources

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HELP = "write one with oxide-build report --write-budget FILE"
_NAMES: Mapping[str, tuple[str, ...]] = {
    "kernels": ("module", "symbol", "target"),
    "images": ("module", "unit", "target"),
}
"""What each entry of those arrays is known by."""

Budget: TypeAlias = "Mapping[Key, Mapping[Figure, float]]"
"""The figures of each kernel and image."""


@dataclass(frozen=True)
class Growth:
    """One figure that is larger than the budget has it."""

    name: str
    target: str
    figure: Figure
    was: float
    now: float

    def __str__(self) -> str:
        return f"{self.name}  {self.target}  {self.figure.value}: was {self.was}, is {self.now}"


@dataclass(frozen=True)
class Comparison:
    """What grew; and, which is no failure, the kernels that only one side has, with the images only in the budget."""

    grown: tuple[Growth, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]


class OverBudget(OxideError):
    """Some figures grew."""

    def __init__(self, file: Path, grown: Collection[Growth]) -> None:
        count = "1 figure" if len(grown) == 1 else f"{len(grown)} figures"
        listed = "".join(f"\n  {growth}" for growth in grown)
        help = f"where this is meant, write the budget anew: oxide-build report --write-budget {file}"
        super().__init__(f"{file}: {count} grew{listed}", help=help)


def read(file: Path, figures: Collection[Figure] = tuple(Figure)) -> Budget:
    """Those figures of the budget in a `.toml` file, or in JSON.

    Raises OxideError for a file that is none, with every mistake in it.
    """
    try:
        text = file.read_text(encoding="utf-8")
        data = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise OxideError(f"{file}: {error.strerror}", help=_HELP) from None
    except ValueError as error:
        raise OxideError(f"{file}: not a budget: {error}", help=_HELP) from None
    mistakes: list[OxideError] = []
    budget = dict(_entries(file, data if isinstance(data, dict) else {}, figures, mistakes))
    if not budget and not mistakes:
        mistakes.append(OxideError(f"{file}: no kernels and no images in this budget", help=_HELP))
    if mistakes:
        raise ErrorReport(mistakes)
    return budget


def _entries(
    file: Path, data: Mapping[str, Any], wanted: Collection[Figure], mistakes: list[OxideError]
) -> Iterator[tuple[Key, Mapping[Figure, float]]]:
    for array, names in _NAMES.items():
        entries = data.get(array, [])
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
            where = f"{file}: {array} {number}"
            known_by = [name for name in names if name != "unit"]
            if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in known_by):
                mistakes.append(OxideError(f"{where}: {', '.join(known_by)} are needed, each a string", help=_HELP))
                continue
            figures = {figure: entry[figure.value] for figure in wanted if figure.value in entry}
            mistakes += (
                OxideError(f"{where}: {figure.value} is {value!r}, needed a number")
                for figure, value in figures.items()
                if isinstance(value, bool) or not isinstance(value, (int, float))
            )
            yield (array, *(entry.get(name, "") for name in names)), figures


def write(file: Path, resources: Resources) -> None:
    """Write the figures but for times, which vary, as a budget, whole or not at all.

    Raises OxideError where that cannot be done.
    """
    timeless = replace(resources, images=tuple(replace(image, seconds=None) for image in resources.images))
    text = json.dumps(timeless.as_data(), indent=2, ensure_ascii=False) + "\n"
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as new:
            new.write(text)
        Path(new.name).replace(file)
    except OSError as error:
        raise OxideError(f"{file}: {error.strerror}", help="name a file in a directory that is there") from None


def compare(budget: Budget, resources: Resources) -> Comparison:
    """Hold every kernel and image against the budget; what either side does not say cannot grow."""
    uses: tuple[KernelUse | ImageUse, ...] = (*resources.kernels, *resources.images)
    grown = [growth for use in uses for growth in _growths(use, budget)]
    new = (f"{use.full_name}  {use.target}" for use in resources.kernels if use.key not in budget)
    gone = map(_name, budget.keys() - {use.key for use in uses})
    return Comparison(tuple(grown), tuple(new), tuple(sorted(gone)))


def _name(key: Key) -> str:
    """An entry of the budget, as `KernelUse.full_name` and `ImageUse.full_name` have it, and its target."""
    array, *names, target = key
    return f"{(':' if array == 'kernels' else '.').join(filter(None, names))}  {target}"


def _growths(use: KernelUse | ImageUse, budget: Budget) -> Iterator[Growth]:
    for figure, was in budget.get(use.key, {}).items():
        now = getattr(use, figure.value, None)
        if now is not None and now > was:
            yield Growth(use.full_name, use.target, figure, was, now)
