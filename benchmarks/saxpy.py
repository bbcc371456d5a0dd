"""The one kernel that the launch benchmarks launch: ours built for this GPU, and the same for the peers.

In: a directory. Out: a package in it with `saxpy(a, x, y, n)`, built as any package's kernels are; PTX and cubin for
whoever loads those himself. A launch of ours hands the driver six parameters, since a view is a pointer and an extent:
`a`, x's pointer, x's extent, y's pointer, y's extent, `n`. `PLAIN_PTX` has the four of a hand-written kernel.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ELEMENTS = 256
FACTOR = 2.0

SOURCE = """
from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32, i32


@gpu.kernel
def saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32], n: i32) -> None:
    gpu.require(n <= len(x) and n <= len(y))
    i = gpu.index_1d()
    if i < n:
        y[i] = a * x[i] + y[i]
"""

CUDA_SOURCE = """
extern "C" __global__ void saxpy(float a, const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + y[i];
}
"""

TRITON_SOURCE = """
import triton
import triton.language as tl


@triton.jit
def saxpy(a, x, y, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(y + i, a * tl.load(x + i, mask=i < n) + tl.load(y + i, mask=i < n), mask=i < n)
"""

WARP_SOURCE = """
import warp as wp


@wp.kernel
def saxpy(a: wp.float32, x: wp.array(dtype=wp.float32), y: wp.array(dtype=wp.float32), n: wp.int32):
    i = wp.tid()
    if i < n:
        y[i] = a * x[i] + y[i]
"""

PLAIN_PTX = """
.version 7.0
.target sm_75
.address_size 64

.visible .entry saxpy(.param .f32 a, .param .u64 x, .param .u64 y, .param .u32 n)
{
    .reg .pred %outside;
    .reg .b32 %i, %block, %size, %n;
    .reg .b64 %offset, %x, %y;
    .reg .f32 %a, %xi, %yi;
    mov.u32 %block, %ctaid.x;
    mov.u32 %size, %ntid.x;
    mov.u32 %i, %tid.x;
    mad.lo.s32 %i, %block, %size, %i;
    ld.param.u32 %n, [n];
    setp.ge.s32 %outside, %i, %n;
    @%outside ret;
    ld.param.f32 %a, [a];
    ld.param.u64 %x, [x];
    ld.param.u64 %y, [y];
    mul.wide.s32 %offset, %i, 4;
    add.s64 %x, %x, %offset;
    add.s64 %y, %y, %offset;
    ld.global.f32 %xi, [%x];
    ld.global.f32 %yi, [%y];
    fma.rn.f32 %yi, %a, %xi, %yi;
    st.global.f32 [%y], %yi;
    ret;
}
"""


def build(directory: Path, package: str, target: str, text: str = SOURCE) -> Path:
    """Put a package with the kernels of a text, built for a target, into the directory; gives their module's file."""
    from oxide_build.build import run, write_in_tree
    from oxide_build.config import Settings
    from oxide_build.errors import SourceFile
    from oxide_build.jobs import Job
    from oxide_build.pipeline.targets import parse_target

    file = directory / package / "kernel.py"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    (file.parent / "__init__.py").touch()
    digest = hashlib.sha256(text.encode()).hexdigest()
    source = SourceFile("kernel.py", text, f"{package}.kernel")
    job = Job(source, file, digest, Settings(targets=(parse_target(target),)))
    write_in_tree(run([job], workers=1, log=lambda line: None))
    return file


def this_target() -> str:
    """The target of the GPU at hand. Raises LoadError where there is none."""
    from oxide_build.runtime import device

    major, minor = device.current().capability
    return f"sm_{major}{minor}"


def load(directory: Path, module: str) -> Any:
    """The module of that name, from the directory."""
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    return importlib.import_module(module)


def load_text(directory: Path, name: str, text: str) -> Any:
    """A module of that text: compilers that read a function's source need it in a file."""
    (directory / f"{name}.py").write_text(text, encoding="utf-8")
    return load(directory, name)


def image_file(kernel_file: Path) -> Path:
    """The one image that `build` made beside its kernel module."""
    return next(path for path in kernel_file.parent.rglob("*") if path.suffix in (".ptx", ".cubin"))


def entry(ptx: str) -> str:
    """The name of the kernel in a PTX text."""
    found = re.search(r"\.entry\s+([\w$]+)", ptx)
    if found is None:
        raise ValueError("the PTX has no .entry")
    return found[1]


def find_ptxas() -> str | None:
    """ptxas on PATH, of a CUDA toolkit at its usual place, or of the wheel nvidia-cuda-nvcc."""
    return shutil.which("ptxas") or next(map(str, _ptxas_elsewhere()), None)


def _ptxas_elsewhere() -> Iterator[Path]:
    for root in ("/usr/local/cuda", *sys.path):
        yield from Path(root).glob("bin/ptxas")
        yield from Path(root).glob("nvidia/*/bin/ptxas")


def assemble(ptxas: str, ptx: Path, target: str) -> Path:
    """The cubin of a PTX file, beside it. Raises CalledProcessError with what ptxas said."""
    cubin = ptx.with_suffix(".cubin")
    command = [ptxas, f"-arch={target}", "-o", str(cubin), str(ptx)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return cubin


def ship_cubin(kernel_file: Path, ptxas: str) -> None:
    """Make the built package one that ships the cubin of its image and no PTX."""
    from dataclasses import replace

    from oxide_build.manifest import DIRECTORY, Manifest

    file = kernel_file.parent / DIRECTORY / f"{kernel_file.stem}.json"
    manifest = Manifest.from_json(file.read_text(encoding="utf-8"))
    artifact = manifest.artifacts[0]
    ptx = file.with_name(artifact.file)
    cubin = assemble(ptxas, ptx, artifact.target)
    ptx.unlink()
    content = cubin.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    shipped = replace(artifact, kind="cubin", file=cubin.name, sha256=digest, size=len(content))
    file.write_text(replace(manifest, artifacts=(shipped,)).to_json(), encoding="utf-8")
