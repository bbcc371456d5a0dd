"""What a kernel's decorator becomes in PTX, judged by ptxas and seen in its text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS
from oxide_build.pipeline.units import split

SOURCE = """from typing import TypeVar
from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, f64
T = TypeVar("T", f32, f64)

@gpu.device
def third(x: T) -> T:
    return (x + 1.0) / (x * x)

@gpu.kernel{options}
def kernel(x: MutSlice[f32], i: gpu.i32) -> None:
    x[i] = third(x[i])

@gpu.kernel(values={{"n": (32, 64)}}, block="n")
def generic(x: MutSlice[T], n: gpu.Const[int]) -> None:
    x[n] = third(x[n])
"""

Units = Callable[..., dict[str, str]]


DEFAULT = Options()


@pytest.fixture
def units(generator: CodeGenerator, ptxas: Callable[[str], str]) -> Units:
    """Each unit's PTX, accepted by ptxas, for decorator options."""

    def compile_units(options: str, project: Options = DEFAULT, target: str = "sm_90") -> dict[str, str]:
        module = to_ssa(SourceFile("kernel.py", SOURCE.format(options=options), "test.kernel"))
        texts = {name: to_llvm_ir(part, TARGETS[target], project) for name, part in split(module).items()}
        made = {name: generator.emit_ptx(name, text, TARGETS[target], project).result() for name, text in texts.items()}
        for text in made.values():
            ptxas(text)
        return made

    return compile_units


def test_each_variant_has_its_block(units: Units) -> None:
    made = units("")
    assert list(made) == ["", "generic_f32_32", "generic_f32_64", "generic_f64_32", "generic_f64_64"]
    assert [re.findall(r"\.reqntid (\d+)", text) for text in made.values()] == [[], ["32"], ["64"], ["32"], ["64"]]
    assert "ld.global.b64" in made["generic_f64_32"] or "ld.global.f64" in made["generic_f64_32"]
    assert not re.search(r"div\.rn\.f32|fma\.rn\.f32", made["generic_f64_32"])


@pytest.mark.parametrize(
    ("options", "found", "absent"),
    [
        ("(max_threads=96)", [r"\.maxntid 96"], r"\.reqntid|\.minnctapersm"),
        ("(max_threads=96, min_blocks=5)", [r"\.maxntid 96", r"\.minnctapersm 5"], r"\.reqntid"),
        ("(block=64, min_blocks=4)", [r"\.reqntid 64", r"\.minnctapersm 4"], r"\.maxntid"),
        ("(min_blocks=2)", [r"\.maxntid 1024", r"\.minnctapersm 2"], r"\.reqntid"),
        ("(bounds_checks=False)", [r"\.entry kernel"], "__assertfail"),
        ("", ["__assertfail"], r"\.approx|\.ftz"),
    ],
)
@pytest.mark.parametrize("target", ["sm_75", "sm_90", "sm_100"])
def test_options_reach_the_code(units: Units, options: str, found: list[str], absent: str, target: str) -> None:
    text = units(options, target=target)[""]
    assert all(re.search(pattern, text) for pattern in found)
    assert not re.search(absent, text)


def test_fast_math_is_one_kernels_own(units: Units) -> None:
    made = units("(fast_math=True)")
    assert "div.approx.ftz.f32" in made["kernel"]
    assert ".ftz" not in made["generic_f32_32"]
    made = units("(fast_math=False)", Options(fast_math=True))
    assert not re.search(r"\.approx|\.ftz", made["kernel"])
    assert ".ftz" in made["generic_f32_32"]


def test_bounds_checks_of_the_project_can_be_had_back(units: Units) -> None:
    made = units("(bounds_checks=True)", Options(bounds_checks=False))
    assert "__assertfail" in made[""]
    assert "__assertfail" not in made["generic_f32_32"]
