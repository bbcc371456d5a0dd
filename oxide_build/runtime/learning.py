"""What launches of a kernel have shown, so that the next one need not ask again.

In: each launch that went the general way and went well. Out: the plans for launches like it. Its own room because the
configurations of a kernel share it, whatever their grids and streams: what one has learned holds for all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

from oxide_build.manifest import Kernel
from oxide_build.runtime import device, forks, native, packing, scalars, streams
from oxide_build.runtime.arrays import View
from oxide_build.runtime.plan import Attempt, Buffers, Kind, Recipe, attempt, kind_of

MOST_PLANS = 16
"""Kinds of arguments with a plan of their own, which are tried in turn; those beyond are launched the general way."""


class Learned:
    """One kernel's layout of parameters, and the plans that launches have taught."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.layout = packing.plan(kernel)
        self.attempts: tuple[Attempt, ...] = ()
        self.compiled = native.plans(kernel)
        self._buffers = Buffers(self.layout)
        self._recipes: dict[tuple[tuple[Kind, ...], int], Recipe] = {}
        self._attempts: dict[tuple[tuple[Kind, ...], int], Attempt] = {}
        self._views = [place for place, parameter in enumerate(kernel.parameters) if parameter.kind != "scalar"]
        self._is_plain = not kernel.cooperative and not native.has_struct_scalars(kernel)
        self._lock = threading.Lock()

    def learn(
        self, values: tuple[Any, ...], views: Mapping[str, View], ordinal: int, function: Any, most_shared: int
    ) -> None:
        """Make a plan for launches like this one, which has been queued; nothing where there can be none."""
        if not self._is_plain:
            return
        scalars.look_for_numpy()
        kinds = tuple(kind_of(values[place]) for place in self._views)
        key = kinds, ordinal
        if all(kind.reader for kind in kinds) and self._is_news(key, most_shared):
            libraries = {view.library for view in views.values()}
            context = int(device.primary_context(ordinal))
            find = streams.finder(libraries)
            self._add(key, Recipe(self.kernel, kinds, ordinal, int(function), context, find, most_shared))

    def _is_news(self, key: tuple[tuple[Kind, ...], int], most_shared: int) -> bool:
        """Whether such launches have no plan yet that takes so much dynamic shared memory, and there is room for it."""
        known = self._recipes.get(key)
        return len(self._recipes) < MOST_PLANS if known is None else most_shared > known.most_shared

    def forget(self) -> None:
        """Have no plans any more: their contexts are another process's."""
        self.attempts = ()
        if self.compiled is not None:
            self.compiled.forget()

    def _add(self, key: tuple[tuple[Kind, ...], int], recipe: Recipe) -> None:
        with self._lock:
            if not self._is_news(key, recipe.most_shared):
                return  # another thread was first
            _planned.add(self)
            forks.watch(_forget)
            self._recipes[key] = recipe
            if self.compiled is None or not native.add(self.compiled, recipe):
                self._attempts[key] = attempt(recipe, device.driver(), self.layout, self._buffers)
                self.attempts = tuple(self._attempts.values())


_planned: WeakSet[Learned] = WeakSet()
"""Those that have plans."""


def _forget() -> None:
    for learned in tuple(_planned):
        learned.forget()
