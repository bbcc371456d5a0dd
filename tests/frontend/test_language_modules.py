"""Kernels that use functions and constants of other modules: read from source, never imported."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.build import run as build
from oxide_build.build import write_in_tree
from oxide_build.config import Config, load_config
from oxide_build.errors import CompileErrors, SourceFile
from oxide_build.gpu import Kernel
from oxide_build.inspection import inspect
from oxide_build.jobs import plan
from oxide_build.manifest import Manifest
from oxide_build.pipeline import Stage, describe, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS
from oxide_build.simulator import simulate

HEAD = "from oxide_build import gpu\nfrom oxide_build.gpu import MutSlice, Slice, f32, f64, i32, u32\n"

COMMON = (
    HEAD
    + """
from enum import IntEnum
from .sizes import TILE
import numpy_is_not_here_either

DOUBLE = TILE * 2
WEIGHTS = (1, 2, DOUBLE)

class Op(IntEnum):
    ADD = 1
    MUL = DOUBLE

def host(x):
    return numpy_is_not_here_either.sum(x)

@gpu.device
def twice(x: i32, by: i32 = DOUBLE) -> i32:
    return helper(x) * by

@gpu.device
def helper(x: i32) -> i32:
    return x + TILE
"""
)
SIZES = "from .. import other\nfrom .common import DOUBLE\nTILE = 8\nLOOP = DOUBLE\n"
KERNEL = (
    HEAD
    + """
import pkg.kernels.common
from .common import DOUBLE, Op, WEIGHTS, twice
from . import common
from .sizes import LOOP as AGAIN
from pkg.kernels import common as also, reexported

@gpu.device
def helper(x: i32) -> i32:
    return -x

@gpu.kernel
def k(out: MutSlice[i32]) -> None:
    out[0] = twice(1)
    out[1] = common.twice(1, 2)
    out[2] = helper(3)
    out[3] = pkg.kernels.common.helper(x=3)
    out[4] = DOUBLE + AGAIN + also.DOUBLE
    out[5] = Op.MUL + common.Op.ADD
    for w in WEIGHTS:
        out[6] += w
    tile = gpu.shared_array(common.DOUBLE, i32)
    out[7] = len(tile) + reexported(0)
"""
)
FILES = {
    "pkg/__init__.py": "",
    "pkg/other.py": "",
    "pkg/kernels/__init__.py": "from .common import helper as reexported\n",
    "pkg/kernels/common.py": COMMON,
    "pkg/kernels/sizes.py": SIZES,
    "pkg/kernels/main.py": KERNEL,
}
IMPORTABLE = {
    **FILES,
    "pkg/kernels/common.py": COMMON.replace("import numpy_is_not_here_either", ""),
    "pkg/kernels/sizes.py": "TILE = 8\nLOOP = TILE * 2\n",
}
EXPECTED = [144, 18, -3, 11, 48, 17, 19, 24]


def resolver(files: Mapping[str, str]) -> Callable[[str], SourceFile | None]:
    def resolve(module: str) -> SourceFile | None:
        stem = module.replace(".", "/")
        paths = [path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in files]
        return SourceFile(paths[0], files[paths[0]], module) if paths else None

    return resolve


def source_of(files: Mapping[str, str]) -> SourceFile:
    return SourceFile("pkg/kernels/main.py", files["pkg/kernels/main.py"], "pkg.kernels.main")


def test_functions_and_constants_of_other_modules() -> None:
    module = to_ssa(source_of(FILES), resolve=resolver(FILES))
    out = np.zeros(8, np.int32)
    simulate(module, describe(module)[0], 1, 1, [out])
    assert out.tolist() == EXPECTED
    assert list(module.functions) == ["helper", "twice", "helper.1", "k"]


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def configured(root: Path, target: str) -> Config:
    table = f'[project]\nname = "pkg"\n[tool.oxide]\nkernels = ["pkg.kernels.main"]\ntargets = ["{target}"]\n'
    (root / "pyproject.toml").write_text(table)
    return load_config(root)


@pytest.mark.parametrize("base", ["", "src"])
def test_build_reads_imported_modules_and_says_so_in_the_manifest(tmp_path: Path, base: str) -> None:
    written(tmp_path / base, FILES)
    (job,) = plan(configured(tmp_path, "sm_80"), tmp_path)
    assert [source.module for source in job.imports] == [
        "pkg",
        "pkg.kernels",
        "pkg.kernels.common",
        "pkg.kernels.sizes",
        "pkg.other",
    ]
    (built,) = build([job], workers=1, log=lambda line: None)
    manifest = Manifest.from_json(built.files["_oxide/main.json"].decode())
    assert manifest.imports["pkg.kernels.common"] == hashlib.sha256(COMMON.encode()).hexdigest()
    assert "helper" not in [kernel.name for kernel in manifest.kernels]


def test_inspect_finds_modules_around_the_file(tmp_path: Path) -> None:
    written(tmp_path, FILES)
    text = inspect(tmp_path / "pkg/kernels/main.py", "k", Stage.SSA, TARGETS["sm_80"], Options())
    assert "kernel @k" in text


def test_simulate_reads_what_the_kernels_module_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = {name.replace("pkg", "pkg_simulated"): text for name, text in IMPORTABLE.items()}
    files = {name: text.replace("pkg.", "pkg_simulated.") for name, text in renamed.items()}
    written(tmp_path, files)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("pkg_simulated.kernels.main")
    out = np.zeros(8, np.int32)
    module.k.simulate[1, 1](out)
    assert out.tolist() == EXPECTED
    changed = files["pkg_simulated/kernels/common.py"].replace("x + TILE", "x + 2 * TILE")
    (tmp_path / "pkg_simulated/kernels/common.py").write_text(changed)
    module.k.simulate[1, 1](out)
    assert out[3] == 19


@pytest.mark.gpu
def test_functions_of_other_modules_on_the_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch: Any = pytest.importorskip("torch")
    from oxide_build.runtime import device

    written(tmp_path, IMPORTABLE)
    major, minor = device.current().capability
    write_in_tree(build(plan(configured(tmp_path, f"sm_{major}{minor}"), tmp_path), workers=1, log=lambda line: None))
    monkeypatch.syspath_prepend(str(tmp_path))
    kernel: Kernel = importlib.import_module("pkg.kernels.main").k
    out = torch.zeros(8, dtype=torch.int32, device="cuda")
    kernel[1, 1](out)
    assert out.cpu().tolist() == EXPECTED
    for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
        del sys.modules[name]


WRONG = {
    "elsewhere": (
        "from .missing import f\n",
        "f(1)",
        "`f` comes from `pkg.kernels.missing`, whose source cannot be found",
    ),
    "misspelt": ("from .common import hepler\n", "hepler(1)", "did you mean `helper`"),
    "host": ("from .common import host\n", "host(1)", "exists only on the host, in `pkg.kernels.common`"),
    "host module": ("import numpy as np\n", "np.sin(1)", "`np.sin` comes from `numpy`"),
    "attribute": ("from . import common\n", "common.TLIE", "`pkg.kernels.common` has no `TLIE`"),
    "member": ("from .common import Op\n", "Op.DIV", "`pkg.kernels.common` has no `Op.DIV`"),
}


@pytest.mark.parametrize(("imports", "value", "message"), WRONG.values(), ids=WRONG)
def test_wrong_imports_are_explained(imports: str, value: str, message: str) -> None:
    text = f"{HEAD}{imports}\n@gpu.kernel\ndef k(out: MutSlice[i32]) -> None:\n    out[0] = {value}\n"
    with pytest.raises(CompileErrors) as raised:
        to_ssa(source_of({"pkg/kernels/main.py": text}), resolve=resolver(FILES))
    assert message in str(raised.value)
    assert len(raised.value.errors) == 1


@pytest.mark.parametrize(
    ("common", "place"),
    [
        ("@gpu.device\ndef f(x: i32) -> i32:\n    return x + y\n", "pkg/kernels/common.py:5:16"),
        ("def f(:\n", "pkg/kernels/common.py:3:7"),
        ("@gpu.device(inline=1)\ndef f(x: i32) -> i32:\n    return x\n", "pkg/kernels/common.py:3:2"),
        ("@gpu.device\ndef f(x) -> i32:\n    return x\n", "pkg/kernels/common.py:4:7"),
    ],
)
def test_mistakes_in_an_imported_module_stand_in_its_own_file(common: str, place: str) -> None:
    kernel = f"{HEAD}from .common import f\n@gpu.kernel\ndef k(out: MutSlice[i32]) -> None:\n    out[0] = f(1) + f(2)\n"
    files = {"pkg/kernels/main.py": kernel, "pkg/kernels/common.py": HEAD + common}
    with pytest.raises(CompileErrors) as raised:
        to_ssa(source_of(files), resolve=resolver(files))
    assert str(raised.value).startswith(f"{place}: error:")
    assert len(raised.value.errors) == 1
