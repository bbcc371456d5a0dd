"""A check that fails on a GPU: the driver names line and thread, the host gets a KernelFault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.frontend.conftest import built_kernel, full_source

pytestmark = pytest.mark.gpu

SOURCE = """
@gpu.kernel
def outside(n: i32, x: MutSlice[i32]) -> None:
    x[gpu.thread_idx.x + n] = 10 // n
"""
LAUNCH = """
import sys, torch
from oxide_build.errors import KernelFault
sys.path.insert(0, {directory!r})
from {module} import outside
x = torch.zeros(64, dtype=torch.int32, device="cuda")
outside[1, 64]({n}, x)
try:
    torch.cuda.synchronize()
except RuntimeError as error:
    print("torch saw it")
try:
    outside[1, 64](1, x)
except KernelFault as fault:
    print("KernelFault:", fault)
"""


@pytest.mark.parametrize(("n", "message"), [(1, "index out of bounds"), (0, "integer division by zero")])
def test_a_failing_check_on_the_gpu(n: int, message: str, tmp_path: Path) -> None:
    kernel = built_kernel(full_source(SOURCE), tmp_path)
    script = LAUNCH.format(directory=str(tmp_path), module=kernel.__module__, n=n)
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "KernelFault:" in child.stdout, child.stderr
    line = full_source(SOURCE).splitlines().index("    x[gpu.thread_idx.x + n] = 10 // n") + 1
    assert f"kernel.py:{line}" in child.stderr
    assert message in child.stderr
