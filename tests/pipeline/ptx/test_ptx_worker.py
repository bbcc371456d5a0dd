"""The code generator's processes: an LLVM that refuses, one that dies, a libdevice that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from oxide_build.errors import CompileError, InternalError
from oxide_build.pipeline import libdevice
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator, versions
from oxide_build.pipeline.targets import TARGETS, PtxVersion

TARGET = TARGETS["sm_90"]
GOOD = 'target triple = "nvptx64-nvidia-cuda"\ndefine ptx_kernel void @k() {\n  ret void\n}\n'
UNSELECTABLE = """
define ptx_kernel void @k(ptr addrspace(1) %p, float %x) {
  %y = call float @llvm.nvvm.redux.sync.fmax(float %x, i32 -1)
  store float %y, ptr addrspace(1) %p
  ret void
}
"""
NO_SUCH_SCOPE = """
define ptx_kernel void @k(ptr addrspace(1) %p) {
  fence syncscope("agent") seq_cst
  ret void
}
"""
UNRESOLVED = """
declare void @nowhere()
define ptx_kernel void @k() {
  call void @nowhere()
  ret void
}
"""
EXP = """
declare float @__nv_expf(float)
define ptx_kernel void @k(ptr addrspace(1) %p, float %x) {
  %y = call float @__nv_expf(float %x)
  store float %y, ptr addrspace(1) %p
  ret void
}
"""


def emit(generator: CodeGenerator, ir: str) -> Future[str]:
    return generator.emit_ptx("pkg.kernels", ir, TARGET, Options())


def kept_file(error: InternalError) -> Path:
    found = re.search(r"LLVM IR kept in (\S+)", str(error))
    assert found is not None
    return Path(found[1])


@pytest.mark.parametrize(
    ("ir", "reason"),
    [
        (UNSELECTABLE, "stage ptx failed: LLVM died (SIGABRT)\n    LLVM ERROR: Cannot select"),
        (NO_SUCH_SCOPE, "stage ptx failed: LLVM died (exit status 1)\n    LLVM ERROR: "),
        ("define nonsense", "stage ll failed: "),
        (UNRESOLVED, "stage ptx failed: unresolved functions: nowhere"),
        (EXP.replace("expf", "no_such"), "stage ptx failed: unresolved functions: __nv_no_such"),
    ],
)
def test_a_failure_names_its_place_and_the_next_job_succeeds(
    generator: CodeGenerator, ir: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InternalError) as caught:
        emit(generator, ir).result()
    assert f"pkg.kernels for sm_90: {reason}" in str(caught.value)
    assert kept_file(caught.value).read_text() == ir
    assert ".entry k()" in emit(generator, GOOD).result()


def test_the_last_words_of_llvm_and_the_place_of_a_syntax_error(generator: CodeGenerator) -> None:
    for ir, word in ((NO_SUCH_SCOPE, "agent"), ("define nonsense", r"1:8")):
        with pytest.raises(InternalError, match=word) as caught:
            emit(generator, ir).result()
        kept_file(caught.value).unlink()


def test_the_ptx_version_is_the_one_asked_for(generator: CodeGenerator) -> None:
    newer = replace(TARGET, ptx=PtxVersion(8, 3))
    assert ".version 8.3\n" in generator.emit_ptx("k", GOOD, newer, Options()).result()
    unknown = replace(TARGET, ptx=PtxVersion(9, 9))
    with pytest.raises(InternalError, match=r"asked for PTX 9\.9 for sm_90, LLVM wrote PTX 7\.8") as caught:
        generator.emit_ptx("k", GOOD, unknown, Options()).result()
    kept_file(caught.value).unlink()


def test_workers_are_lazy_few_and_end() -> None:
    with CodeGenerator(2) as generator:
        futures = [emit(generator, GOOD) for _ in range(8)]
        assert len({future.result() for future in futures}) == 1
        assert 1 <= generator._idle.qsize() <= 2
        processes = [generator._idle.get() for _ in range(generator._idle.qsize())]
        for worker in processes:
            generator._idle.put(worker)
    assert all(worker._process.poll() == 0 for worker in processes)


def test_libdevice_is_linked_in_and_only_what_is_needed(generator: CodeGenerator, ptxas: Callable[[str], str]) -> None:
    text = ptxas(emit(generator, EXP).result())
    assert "ex2.approx.ftz.f32" in text
    assert "__nv_" not in text


def test_a_missing_libdevice_says_what_to_install(
    generator: CodeGenerator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(libdevice.VARIABLE, str(tmp_path / "none.bc"))
    assert libdevice.find() is None
    with pytest.raises(CompileError, match="__nv_expf needs NVIDIA's libdevice") as caught:
        emit(generator, EXP).result()
    assert "pip install nvidia-nvvm" in str(caught.value)


def test_libdevice_is_found_by_variable_wheel_and_toolkit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(libdevice.VARIABLE, raising=False)
    monkeypatch.setattr("sys.path", [str(tmp_path / "site")])
    home = tmp_path / "cuda" / "nvvm" / "libdevice" / "libdevice.10.bc"
    wheel = tmp_path / "site" / "nvidia" / "cuda_nvcc" / "nvvm" / "libdevice" / "libdevice.10.bc"
    named = tmp_path / "mine.bc"
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    for path in (home, wheel, named):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if path is named:
            monkeypatch.setenv(libdevice.VARIABLE, str(named))
        assert libdevice.find() == path


def test_versions() -> None:
    assert set(versions()) == {"llvmlite", "llvm"}
    assert all(re.fullmatch(r"\d+(\.\w+)+", version) for version in versions().values())
