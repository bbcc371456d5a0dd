"""Figures of kernels that take much, and budgets with mistakes in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import budget
from oxide_build.errors import ErrorReport
from oxide_build.pipeline import ptxas as assembler
from oxide_build.pipeline.options import Options
from oxide_build.resources import Figure

LIVE = 64
"""How many values the kernel keeps at once, in no more than 24 registers."""

GREEDY = "\n".join(
    [
        ".version 7.0\n.target sm_80\n.address_size 64",
        ".const .align 4 .b8 table[512];",
        ".visible .entry greedy(.param .u64 out)\n.maxntid 32, 1, 1\n.maxnreg 24\n{",
        "  .shared .align 4 .b8 tile[640];",
        f"  .reg .b64 %p;\n  .reg .b32 %t, %c;\n  .reg .b32 %v<{LIVE}>;",
        "  ld.param.u64 %p, [out];\n  ld.const.u32 %c, [table + 508];",
        *(f"  ld.volatile.global.u32 %v{i}, [%p + {4 * i}];" for i in range(LIVE)),
        "  st.volatile.shared.u32 [tile + 636], %c;",
        *(f"  st.volatile.global.u32 [%p + {4 * i}], %v{LIVE - 1 - i};" for i in range(LIVE)),
        "  ret;\n}\n.visible .entry modest()\n{\n  ret;\n}\n",
    ]
)


def test_spills_stack_shared_and_constant_memory(ptxas: Callable[[str], str]) -> None:
    usage = assembler.assemble_and_measure("m", GREEDY.encode(), "sm_80", Options()).usage
    greedy, modest = usage["greedy"], usage["modest"]
    assert greedy.registers <= 24
    assert greedy.spills >= 2 * 4 * (LIVE - 24)
    assert greedy.stack >= 4 * (LIVE - 24)
    assert greedy.shared == 640
    assert (modest.spills, modest.stack, modest.shared) == (0, 0, 0)


@pytest.mark.parametrize("target", ["sm_80", "sm_90", "sm_120"])
def test_constant_memory_is_the_table_and_the_parameters(target: str, ptxas: Callable[[str], str]) -> None:
    ptx = GREEDY.replace(".version 7.0\n.target sm_80", f".version 8.7\n.target {target}")
    without = ptx.replace("table[512]", "table[4]").replace("table + 508", "table")
    greedy, modest = (
        assembler.assemble_and_measure("m", ptx.encode(), target, Options()).usage[name]
        for name in ("greedy", "modest")
    )
    smaller = assembler.assemble_and_measure("m", without.encode(), target, Options()).usage["greedy"]
    assert greedy.constant - smaller.constant == 508
    assert greedy.constant - modest.constant == 8


@pytest.mark.parametrize(
    ("text", "reports"),
    [
        (
            '{"kernels": [{"module": "a.b", "symbol": "c"}, 3], "images": {"module": "a.b"}}',
            [
                "kernels 1: module, symbol, target are needed, each a string",
                "kernels 2: module, symbol, target are needed, each a string",
                "images 1: module, target are needed, each a string",
            ],
        ),
        (
            '{"kernels": [{"module": "a.b", "symbol": "c", "target": "sm_80", "registers": "9", "stack": true}]}',
            ["kernels 1: registers is '9', needed a number", "kernels 1: stack is True, needed a number"],
        ),
        ("[]", ["no kernels and no images in this budget"]),
    ],
)
def test_every_mistake_in_a_budget(tmp_path: Path, text: str, reports: list[str]) -> None:
    file = tmp_path / "budget.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ErrorReport) as raised:
        budget.read(file)
    assert [error.message for error in raised.value.errors] == [
        report if report.startswith(str(file)) else f"{file}: {report}" for report in reports
    ]


def test_only_the_figures_asked_for_are_read(tmp_path: Path) -> None:
    file = tmp_path / "budget.toml"
    file.write_text('[[images]]\nmodule = "a.b"\ntarget = "sm_80"\nptx = 10\ncubin = 20\n', encoding="utf-8")
    assert budget.read(file, [Figure.PTX]) == {("images", "a.b", "", "sm_80"): {Figure.PTX: 10}}
