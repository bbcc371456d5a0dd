"""The benchmarks of launch and cold start, as far as they go without a GPU: figures, tables, texts and PTX."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from oxide_build.errors import DriverNotFoundError
from oxide_build.manifest import Manifest
from oxide_build.runtime import device
from tests.conftest import find_ptxas

ROOT = Path(__file__).parents[2]
Script: TypeAlias = Callable[[str], Any]


def test_the_median_and_the_distance_between_the_quartiles(script: Script) -> None:
    measurement = script("measurement")
    assert measurement.median_and_spread([5.0]) == (5.0, 0.0)
    assert measurement.median_and_spread([3.0, 1.0]) == (2.0, 1.0)
    assert measurement.median_and_spread([1.0, 2.0, 3.0, 4.0, 100.0]) == (3.0, 2.0)


def test_ratios_are_to_the_named_side_and_only_where_there_are_figures(script: Script) -> None:
    rows: list[dict[str, Any]] = [{"who": "C", "ns": 200.0}, {"who": "ours", "ns": 250.0}, {"who": "x", "error": "no"}]
    script("measurement").add_ratios(rows, "C", "ns", "ratio")
    assert [row.get("ratio") for row in rows] == [1.0, 1.25, None]


def test_without_the_base_there_are_no_ratios(script: Script) -> None:
    rows: list[dict[str, Any]] = [{"who": "C", "error": "no compiler"}, {"who": "ours", "ns": 250.0}]
    script("measurement").add_ratios(rows, "C", "ns", "ratio")
    assert rows == [{"who": "C", "error": "no compiler"}, {"who": "ours", "ns": 250.0}]


def test_the_table_lines_up_and_says_what_was_not_measured(script: Script) -> None:
    rows = [
        {"who": "C", "ns": 2920.4, "ratio": 1.0},
        {"who": "peer", "error": "ModuleNotFoundError: No module named 'peer'"},
    ]
    assert script("measurement").table(rows, ("who", "ns", "ratio")) == (
        "who      ns  ratio\n"
        "----  -----  -----\n"
        "C     2,920    1.0\n"
        "peer                not measured: ModuleNotFoundError: No module named 'peer'\n"
    )


def test_a_failure_is_one_short_line(script: Script) -> None:
    failure = script("measurement").failure
    assert failure(ValueError("first\nsecond")) == "ValueError: first"
    assert failure(ValueError()) == "ValueError: "
    assert len(failure(ValueError("x" * 1000))) < 200


def test_every_side_has_its_turn_each_round(script: Script) -> None:
    queued: list[tuple[str, int]] = []
    settled: list[str] = []

    def side(who: str) -> Callable[[int], float]:
        def queue(count: int) -> float:
            queued.append((who, count))
            return count * 2e-6

        return queue

    sides = {who: side(who) for who in "abc"}
    timings = script("launch").measure(sides, lambda: settled.append(queued[-1][0]), 4, 8)
    assert timings == {who: [pytest.approx(2000.0)] * 4 for who in "abc"}
    assert settled == [who for who, _ in queued]
    assert [sorted(settled[i : i + 3]) for i in range(0, 12, 3)] == [["a", "b", "c"]] * 4


def test_a_side_that_fails_is_a_row(script: Script) -> None:
    def make(scene: Any) -> Any:
        raise ModuleNotFoundError("No module named 'peer'")

    sides, missing = script("launch").prepare(None, {"peer": make})
    assert sides == {}
    assert missing == [{"who": "peer", "error": "ModuleNotFoundError: No module named 'peer'"}]


def test_the_rows_others_read_are_called_so(script: Script) -> None:
    sides = script("launch_sides")
    assert {"C cuLaunchKernel", "oxide-build kept configuration", "oxide-build subscript"} <= set(sides.SIDES)
    assert set(sides.OURS) <= set(sides.SIDES)
    assert script("launch").BASE in sides.SIDES


def test_cold_start_compares_with_the_bare_script_of_the_same_cache(script: Script) -> None:
    cold_start = script("cold_start")
    marks = {"interpreter": 0.01, "imported": 0.1, "memory": 0.3, "loaded": 0.31, "finished": 0.4}
    found = {
        (cold_start.BASE, "cold"): [marks] * 3,
        (cold_start.BASE, "warm"): [{**marks, "loaded": 0.305, "finished": 0.32}] * 3,
        ("oxide-build", "cold"): [{**marks, "finished": 0.44}] * 3,
        ("oxide-build", "warm"): [{**marks, "finished": 0.36}] * 3,
    }
    rows = cold_start.rows(found)
    assert [(row["who"], row["cache"], row["ratio_to_bare"]) for row in rows[2:]] == [
        ("oxide-build", "cold", 1.1),
        ("oxide-build", "warm", 1.125),
    ]
    assert rows[0]["imported"] == 0.1
    assert [(row["image"], row["cache"], row["seconds"]) for row in cold_start.loads(found)] == [
        ("ptx", "cold", pytest.approx(0.01)),
        ("ptx", "warm", pytest.approx(0.005)),
    ]


def test_a_script_that_fails_gives_its_last_words(script: Script, tmp_path: Path) -> None:
    cold_start = script("cold_start")
    file = tmp_path / "start.py"
    file.write_text("import no_such_peer")
    running, missing = cold_start.warm_up([cold_start.Start("peer", file, tmp_path / "caches")])
    assert running == []
    assert missing == [{"who": "peer", "error": "ModuleNotFoundError: No module named 'no_such_peer'"}]


def test_every_script_is_python(script: Script) -> None:
    scripts = script("cold_start_scripts")
    made = [scripts.bare("/a/b.ptx", "saxpy"), scripts.ours("package"), scripts.cuda_core("/a/b.ptx", "saxpy")]
    for one in [*made, *scripts.PEERS.values()]:
        ast.parse(one.text)


def test_the_kernel_builds_and_its_cubin_can_be_shipped(script: Script, tmp_path: Path) -> None:
    saxpy = script("saxpy")
    kernel_file = saxpy.build(tmp_path, "benchmarked", "sm_90")
    ptx = saxpy.image_file(kernel_file).read_text()
    assert saxpy.entry(ptx) == "saxpy"
    assert ptx.count(".param .") == 6
    saxpy.ship_cubin(kernel_file, str(find_ptxas()))
    manifest = Manifest.from_json((kernel_file.parent / "_oxide" / "kernel.json").read_text())
    assert [artifact.kind for artifact in manifest.artifacts] == ["cubin"]
    assert saxpy.image_file(kernel_file).name == manifest.artifacts[0].file


def test_the_hand_written_kernel_assembles(script: Script, ptxas: Callable[[str], str]) -> None:
    saxpy = script("saxpy")
    assert saxpy.entry(ptxas(saxpy.PLAIN_PTX)) == "saxpy"


@pytest.mark.parametrize("name", ["launch", "cold_start"])
def test_help_needs_no_gpu(name: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--out" in done.stdout


@pytest.mark.parametrize("name", ["launch", "cold_start"])
def test_without_a_gpu_a_script_says_so(
    script: Script, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_gpu() -> None:
        raise DriverNotFoundError("no NVIDIA GPU can be used here: none")

    monkeypatch.setattr(device, "current", no_gpu)
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    module = script(name)
    assert module.measurement.exit_status(module.main) == 2
    said = capsys.readouterr().err
    assert said == f"{name}.py measures on an NVIDIA GPU: no NVIDIA GPU can be used here: none\n"
