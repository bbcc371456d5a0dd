"""Kernels launched without a package, by a plan and the general way: what each launched or raised."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from oxide_build import runtime
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.manifest import Contract, Kernel, Parameter
from oxide_build.runtime import native, packing
from oxide_build.runtime.learning import Learned
from tests.runtime.lookalikes import Tensor

SAXPY = Kernel(
    "saxpy",
    "saxpy",
    (
        Parameter("a", "scalar", "f32"),
        Parameter("x", "slice", "f32", 1),
        Parameter("y", "disjoint", "f32", 1),
        Parameter("n", "scalar", "i32"),
    ),
    contracts=(
        Contract(
            "n <= len(x) and n <= len(y)",
            3,
            ("and", ("le", ("scalar", "n"), ("extent", "x", 0)), ("le", ("scalar", "n"), ("extent", "y", 0))),
        ),
    ),
)
VIEWS = Kernel(
    "views",
    "views",
    (
        Parameter("flags", "slice", "bool", 1),
        Parameter("wide", "mut", "f64", 2, wide=True),
        Parameter("half", "disjoint", "bf16", 3, alignment=16),
    ),
)
X, Y = Tensor(0x1000, (500,)), Tensor(0x2000, (400,))
BITS = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}


class Scene:
    """A configuration of a kernel without a package, what it launched, and how often it went the general way."""

    def __init__(self, fake: Any, kernel: Kernel, stream: int | None = None, shared: int = 0) -> None:
        parts = [c for p in packing.plan(kernel).parameters for c in packing._codes(p)]
        fake.parameters = [BITS[packing.struct.calcsize(code)] for code in parts]
        self.fake, self.general, self.most = fake, 0, 49152
        module: Any = SimpleNamespace(function=self._function, most_shared=lambda *_: self.most)
        learned = Learned(kernel)
        self.configuration = runtime.Configuration(kernel, module, learned, (4, 2, 1), (64, 1, 1), stream, shared, None)
        made: Any = self.configuration
        self.launch = made if learned.compiled is None else native.launcher(learned.compiled, made)

    def _function(self, *_: object) -> int:
        self.general += 1
        return 71

    def outcome(self, call: Callable[[], None]) -> Any:
        """What a call launched, or what it raised."""
        self.fake.launches.clear()
        try:
            call()
        except (KernelArgumentError, LaunchError) as error:
            assert not self.fake.launches
            return type(error), str(error)
        (launched,) = self.fake.launches
        return launched

    def same(self, *args: Any, **kwargs: Any) -> Any:
        """The outcome of a call, which is the general way's."""
        found = self.outcome(lambda: self.launch(*args, **kwargs))
        assert found == self.outcome(lambda: self.configuration.launch(args, kwargs))
        return found

    def is_planned(self, *args: Any, **kwargs: Any) -> bool:
        """Whether a call goes by a plan."""
        before = self.general
        self.launch(*args, **kwargs)
        return self.general == before
