"""`docs/runtime.md` is true: its code runs as it stands, against a fake driver and on a GPU with CuPy."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from test_compiled import made

PAGE = Path(__file__).parents[2] / "docs" / "runtime.md"
CODE = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(**replaced: str) -> dict[str, Any]:
    """Run the page's blocks one after the other; what they leave behind."""
    names: dict[str, Any] = {}
    for match in CODE.finditer(PAGE.read_text(encoding="utf-8")):
        code = match[1]
        for name, other in replaced.items():
            code = code.replace(name, other)
        exec(compile(code, str(PAGE), "exec"), names)
    return names


@pytest.fixture
def fake_cupy(cupy_like: Any, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """CuPy as far as the page needs it; its current stream is 7, others are 1."""
    cupy = MagicMock()
    cupy.ones = lambda n, dtype: cupy_like(0x1000, (n,))
    cupy.cuda.get_current_stream.return_value = SimpleNamespace(ptr=7)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


@pytest.mark.usefixtures("fake_cupy", "shipped")
def test_the_code_runs(fake: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module: Any = ModuleType("shipped.vector")
    module.saxpy = made("saxpy")
    monkeypatch.setitem(sys.modules, "shipped.vector", module)
    run_page(**{"example_pkg.kernels": "shipped", "example_pkg": "shipped"})
    assert [entry["stream"] for entry in fake.launches] == [*[7] * 9, 0, 1, 1, 7]
    assert {entry["grid"] for entry in fake.launches} == {(391, 1, 1)}
    assert len(fake.images) == 1
    assert "24 1024 0 0 1024\n8 100%\n" in capsys.readouterr().out


@pytest.mark.gpu
def test_the_code_runs_on_a_gpu() -> None:
    pytest.importorskip("cupy")
    names = run_page()
    launches = 13
    assert bool((names["y"] == 1 + 2 * launches).all())
