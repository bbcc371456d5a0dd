"""The PTX of structs, judged by ptxas: one field is one access, values are registers, shared tables stay shared."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

Compile = Callable[..., str]

HEAD = """
from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, f32, f64, i32

@gpu.struct
class Vec3:
    x: f32
    y: f32
    z: f32

@gpu.struct
class Particle:
    alive: bool
    position: Vec3
    mass: f64
"""


@pytest.fixture(scope="module")
def compile_source(generator: CodeGenerator, ptxas: Callable[[str], str]) -> Compile:
    """Kernel source to PTX that ptxas accepts."""

    def run(source: str, target: str = "sm_90") -> str:
        chosen, options = TARGETS[target], Options()
        text = to_llvm_ir(to_ssa(SourceFile("kernel.py", HEAD + source, "kernel")), chosen, options)
        return ptxas(generator.emit_ptx("kernel", text, chosen, options).result())

    return run


def accesses(text: str, space: str = "global") -> list[str]:
    """The loads and stores of a space, in order."""
    return re.findall(rf"\b((?:ld|st)\.{space}(?:\.v\d)?\.[bfsu]\d+)", text)


@pytest.mark.parametrize("target", ["sm_75", "sm_90", "sm_100"])
def test_one_field_is_one_load_and_one_store(compile_source: Compile, target: str) -> None:
    source = """
@gpu.kernel
def k(p: Slice[Particle], out: DisjointSlice[Vec3]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(p):
        out[i].y = p[i].position.z
"""
    assert accesses(compile_source(source, target)) == ["ld.global.b32", "st.global.b32"]


def test_of_a_whole_struct_only_the_fields_that_are_used_are_loaded(compile_source: Compile) -> None:
    source = """
@gpu.device
def weight(p: Particle) -> f64:
    return p.mass * 2.0

@gpu.kernel
def k(p: Slice[Particle], out: DisjointSlice[f64]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(p):
        own = p[i]
        out[i] = weight(own)
"""
    assert accesses(compile_source(source)) == ["ld.global.b64", "st.global.b64"]


def test_the_address_is_one_multiplication_by_the_size(compile_source: Compile) -> None:
    source = """
@gpu.kernel
def k(p: Slice[Particle], out: DisjointSlice[f64]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(p):
        out[i] = p[i].mass
"""
    text = compile_source(source)
    assert re.search(r"mad\.wide\.[su]32 .*, 24, |mul\.wide\.[su]32 .*, 24;", text)
    assert re.search(r"ld\.global\.b64 .*\[%rd\d+\+16\]", text)


def test_struct_parameters_are_their_scalars(compile_source: Compile) -> None:
    source = """
@gpu.kernel
def k(p: Particle, out: MutSlice[f64]) -> None:
    out[0] = p.mass + p.position.y if p.alive else 0.0
"""
    text = compile_source(source)
    sizes = re.findall(r"\.param \.[a-z](\d+)(?: \.ptr \.global \.align \d+)? k_param_\d", text)
    assert sizes == ["8", "32", "32", "32", "64", "64", "32"]
    assert ".local" not in text


def test_locals_stay_in_registers(compile_source: Compile) -> None:
    source = """
@gpu.device
def longer(a: Vec3, b: Vec3) -> Vec3:
    return a if a.x > b.x else b

@gpu.kernel
def k(v: Slice[Vec3], out: MutSlice[Vec3]) -> None:
    best = Vec3(0.0, 0.0, 0.0)
    for i in range(len(v)):
        best = longer(best, v[i])
        match best:
            case Vec3(x=0.0, y=y):
                best.z = y
    out[0] = best
"""
    text = compile_source(source)
    assert ".local" not in text
    assert "call" not in text.replace("__assertfail", "")[: text.index("__assertfail")]


def test_structs_in_shared_memory(compile_source: Compile) -> None:
    source = """
@gpu.kernel
def k(p: Slice[Particle], out: DisjointSlice[f32]) -> None:
    tile = gpu.shared_array(64, Particle)
    i = gpu.index_1d()
    t = gpu.thread_idx.x % 64
    tile[t].position.y = p[t].position.y
    gpu.sync_threads()
    if i < len(out):
        out[i] = tile[63 - t].position.y
"""
    text = compile_source(source)
    assert re.search(r"\.shared \.align 16 \.b8 \S+\[1536\]", text)
    assert accesses(text, "shared") == ["st.shared.b32", "ld.shared.b32"]
