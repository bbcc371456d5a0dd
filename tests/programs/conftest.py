"""How a program's test launches: the same body in the simulator, and on a GPU after a real build of the kernels.

In: kernels of `tests.programs.kernels`, NumPy arrays. Out: those arrays, changed in place. Its own room because a
program is tested as its user meets it: a package built by the real build, launched through the public face.
"""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.gpu import Kernel
from oxide_build.runtime import memory

KERNELS = Path(__file__).with_name("kernels")
BUILT = "built_programs"


class Launcher:
    """`launch(kernel, grid, block, *arguments)`, by position; arrays are NumPy's and hold the results afterwards."""

    def __init__(self, built: str | None = None) -> None:
        self._built = built

    def size(self, simulated: int, on_gpu: int) -> int:
        """An input size that is honest where the test runs."""
        return on_gpu if self._built else simulated

    def __call__(self, kernel: Kernel, grid: Any, block: Any, *arguments: Any, shared_memory: int = 0) -> None:
        """Run the kernel over the arrays and wait for it."""
        if self._built is None:
            kernel.simulate[grid, block, None, shared_memory](*arguments)
            return
        import cupy

        module = importlib.import_module(f"{self._built}.{kernel.__module__.rpartition('.')[2]}")
        held = [cupy.asarray(_plain(a)) if isinstance(a, np.ndarray) else a for a in arguments]
        passed = [_as_structs(host, device) for host, device in zip(arguments, held, strict=True)]
        getattr(module, kernel.__name__)[grid, block, None, shared_memory](*passed)
        for host, device in zip(arguments, held, strict=True):
            if isinstance(host, np.ndarray):
                _plain(host)[...] = cupy.asnumpy(device)


def _plain(array: Any) -> Any:
    """An array of structs as its bytes, since CuPy has no structured arrays; any other as it is."""
    return array if array.dtype.names is None else array.reshape(-1).view(np.uint8)


def _as_structs(host: Any, device: Any) -> Any:
    structured = isinstance(host, np.ndarray) and host.dtype.names is not None
    return memory.view(device, memory.described(host.dtype), host.shape) if structured else device


@pytest.fixture(scope="session")
def built_kernels(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a package that holds the programs' kernels, built for the GPU at hand and importable."""
    from oxide_build.build import plan, run, write_in_tree
    from oxide_build.config import load_config
    from oxide_build.runtime import device

    root = tmp_path_factory.mktemp("programs")
    shutil.copytree(KERNELS, root / BUILT, ignore=shutil.ignore_patterns("_oxide", "__pycache__"))
    major, minor = device.current().capability
    settings = f'kernels = ["{BUILT}.*"]\ntargets = ["sm_{major}{minor}"]\n'
    (root / "pyproject.toml").write_text(f'[project]\nname = "programs"\n[tool.oxide]\n{settings}')
    write_in_tree(run(plan(load_config(root), root), log=lambda line: None))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        importlib.import_module(BUILT)
    return BUILT


@pytest.fixture(params=["simulator", pytest.param("gpu", marks=pytest.mark.gpu)])
def launch(request: pytest.FixtureRequest) -> Launcher:
    """The launcher of the machine this test is for."""
    if request.param == "simulator":
        return Launcher()
    pytest.importorskip("cupy")
    return Launcher(request.getfixturevalue("built_kernels"))
