"""Every kernel the repository ships or shows, through ptxas for every target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS, Target

ROOT = Path(__file__).parent.parent
CASES = sorted((ROOT / "tests/cases").glob("*.case"))
EXAMPLES = sorted(path for path in (ROOT / "example_pkg/kernels").glob("*.py") if path.stem != "__init__")
OLDEST_TO_NEWEST = tuple(TARGETS[name] for name in ("sm_75", "sm_90a", "sm_121"))
VARIANTS = {
    "default": (Options(), tuple(TARGETS.values())),
    "fast": (Options(fast_math=True, bounds_checks=False, line_info=False), OLDEST_TO_NEWEST),
    "plain": (Options(opt_level=0, fp_contract=False), OLDEST_TO_NEWEST),
}


@pytest.mark.parametrize(("options", "targets"), VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("path", [*CASES, *EXAMPLES], ids=lambda path: path.stem)
def test_ptxas_accepts_every_kernel_for_every_target(
    path: Path,
    options: Options,
    targets: tuple[Target, ...],
    generator: CodeGenerator,
    ptxas: Callable[[str], str],
) -> None:
    text = path.read_text(encoding="utf-8").partition("\n====")[0] + "\n"
    module = to_ssa(SourceFile(path.name, text, f"kernels.{path.stem}"))
    for target in targets:
        ptx = generator.emit_ptx(module.name, to_llvm_ir(module, target, options), target, options).result()
        assert f".version {target.ptx}\n.target {target}" in ptxas(ptx)
