"""`kernel.simulate`: from a kernel's own file to the simulator, without a build."""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build import gpu
from oxide_build.errors import KernelArgumentError, KernelError, LaunchError

SOURCE = '''
from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """y = a * x + y, one element a thread."""
    gpu.require(len(x) >= len(y))
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * x[i] + y[i]
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `simulated` with a kernel module `vector`, never built."""
    root = tmp_path / "simulated"
    root.mkdir()
    (root / "__init__.py").touch()
    (root / "vector.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("simulated", "simulated.vector"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.invalidate_caches()
    return root


def check(saxpy: Any) -> None:
    x, y = np.arange(1000, dtype=np.float32), np.ones(1000, np.float32)
    saxpy.simulate[4, 256](2.0, x, y=y)
    np.testing.assert_array_equal(y, 2 * x + 1)


def test_an_unbuilt_kernel_runs(package: Path) -> None:
    check(importlib.import_module("simulated.vector").saxpy)


def test_a_kernel_in_a_zipped_package_runs(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in package.iterdir():
            zipped.write(path, path.relative_to(tmp_path))
            path.unlink()
    package.rmdir()
    monkeypatch.syspath_prepend(str(archive))
    module = importlib.import_module("simulated.vector")
    assert str(archive) in str(module.__file__)
    check(module.saxpy)


def test_a_call_that_does_not_fit_is_refused_as_at_a_launch(package: Path) -> None:
    saxpy = importlib.import_module("simulated.vector").saxpy
    x, y = np.arange(8, dtype=np.float32), np.ones(8, np.float32)
    with pytest.raises(KernelArgumentError, match="missing 'y'"):
        saxpy.simulate[4, 256](2.0, x)
    with pytest.raises(KernelArgumentError, match=r"requires .*len\(x\) >= len\(y\)"):
        saxpy.simulate[4, 256](2.0, x[:4], y)
    with pytest.raises(LaunchError, match="uniqueness of the thread's own index"):
        saxpy.simulate[(1, 2), 256](2.0, x, y)


def test_a_kernel_without_a_file() -> None:
    names: dict[str, Any] = {"gpu": gpu, "__name__": "typed_in"}
    exec("@gpu.kernel\ndef k() -> None:\n    pass\n", names)
    with pytest.raises(KernelError, match="the source of kernel k is not in <string>"):
        names["k"].simulate[1, 1]()
