"""`oxide-build report`: the figures of a project, a package, a wheel, and budgets of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import cli, environment
from tests.cli.test_cli import GENERIC

Sample = Callable[[str], Path]
NO_PTXAS = {"OXIDE_PTXAS": "/nowhere/ptxas"}


def report(*arguments: str, cwd: Path, **changes: str) -> dict[str, Any]:
    data = json.loads(cli("report", *arguments, "--json", cwd=cwd, **changes).stdout)
    assert isinstance(data, dict)
    return data


def timeless(data: dict[str, Any]) -> dict[str, Any]:
    """Without the times, which only compiling has."""
    images = [{key: value for key, value in image.items() if key != "seconds"} for image in data["images"]]
    return {**data, "images": images}


def test_every_kernel_for_every_target(sample: Sample) -> None:
    lines = cli("report", cwd=sample("plain")).stdout.splitlines()
    head, *rows = (line.split() for line in lines)
    assert head == [
        "kernel",
        "target",
        *["registers", "spills", "stack", "shared", "constant", "ptx", "cubin", "seconds"],
    ]
    assert [row[:2] for row in rows] == [
        ["math_functions.exponential", "sm_80"],
        ["vector.saxpy", "sm_75"],
        ["vector.scale", "sm_75"],
        ["vector.saxpy", "sm_90"],
        ["vector.scale", "sm_90"],
    ]
    assert all(int(row[2]) > 0 for row in rows)


def test_figures_are_those_of_ptxas_and_of_the_files(sample: Sample, ptxas_says: Callable[[Path], str]) -> None:
    root = sample("mapped")
    data = report(cwd=root)
    cli("build", cwd=root)
    image = root / "kernels/_oxide/copy.sm_80.ptx"
    (registers,) = re.findall(r"Used (\d+) registers", ptxas_says(image))
    (kernel,), (measured,) = data["kernels"], data["images"]
    assert kernel["registers"] == int(registers)
    assert measured["ptx"] == image.stat().st_size
    assert measured["seconds"] > 0


@pytest.fixture
def ptxas_says(ptxas: Callable[[str], str], tmp_path: Path) -> Callable[[Path], str]:
    """What ptxas says of an image for sm_80, asked here."""
    from tests.conftest import find_ptxas

    def ask(image: Path) -> str:
        command = [str(find_ptxas()), "-v", "-arch=sm_80", "-o", str(tmp_path / "out.cubin"), str(image)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stderr

    return ask


def test_settings_are_taken_as_front_ends_do(sample: Sample) -> None:
    root = sample("mapped")
    assert [image["target"] for image in report("-C", "oxide.targets=75;86", cwd=root)["images"]] == ["sm_75", "sm_86"]
    done = cli("report", "--package", "mapped", "-C", "oxide.targets=75", cwd=root, status=2)
    assert "-C is for a project" in done.stderr


def test_package_and_wheel_have_the_figures_of_the_project(sample: Sample, tmp_path: Path) -> None:
    root = sample("plain")
    here = timeless(report(cwd=root))
    cli("build", cwd=root)
    assert report("--package", "plain", cwd=tmp_path, path=str(root / "src")) == here
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", "dist", str(root)], cwd=tmp_path, env=environment(), check=True)
    assert report("--wheel", "dist/plain-1.0-py3-none-any.whl", cwd=tmp_path) == here


def test_variants_by_name(sample: Sample) -> None:
    root = sample("mapped")
    (root / "kernels/copy.py").write_text(GENERIC, encoding="utf-8")
    text = cli("report", cwd=root).stdout
    assert [line.partition("  ")[0] for line in text.splitlines()[1:]] == [
        "copy.plain",
        *(f"copy.fill (T = {kind}, n = {n})" for kind in ("f32", "f64") for n in (1, 2)),
    ]


def test_modules_of_one_name_have_their_own_times(sample: Sample) -> None:
    """Two packages, each with a module `vector`."""
    root = sample("plain")
    shutil.copytree(root / "src/plain/kernels", root / "src/plain/more")
    project = root / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('"plain.kernels.*"', '"plain.kernels.*", "plain.more.vector"'), encoding="utf-8")
    images = report(cwd=root)["images"]
    assert {image["module"] for image in images} >= {"plain.kernels.vector", "plain.more.vector"}
    assert all(image["seconds"] > 0 for image in images)


def test_markdown(sample: Sample) -> None:
    head, rule, row = cli("report", "--markdown", cwd=sample("mapped")).stdout.splitlines()
    assert head.startswith("| kernel | target | registers | spills |")
    assert rule.startswith("| --- | --- | --: |")
    assert re.fullmatch(r"\| copy.copy \| sm_80 \| \d+ \| 0 \| .*\|", row)
    assert head.count("|") == rule.count("|") == row.count("|")


def test_without_ptxas_the_rest_is_there_and_a_note(sample: Sample) -> None:
    done = cli("report", cwd=sample("mapped"), **NO_PTXAS)
    assert done.stdout.splitlines()[0].split() == ["kernel", "target", "shared", "ptx", "seconds"]
    assert "no ptxas on this machine, so no registers, spills, stack, constant, cubin: pip install" in done.stderr


def test_cubins_that_ship_are_the_ones_measured(sample: Sample) -> None:
    root = sample("mapped")
    project = root / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace("targets", 'emit = ["ptx", "cubin"]\ntargets'))
    (image,) = report(cwd=root)["images"]
    cli("build", cwd=root)
    assert image["cubin"] == (root / "kernels/_oxide/copy.sm_80.cubin").stat().st_size


@pytest.fixture
def budgeted(sample: Sample) -> Path:
    """A project with a budget of what it takes now, `budget.json`."""
    root = sample("plain")
    cli("report", "--write-budget", "budget.json", cwd=root)
    return root


def spoil(root: Path, array: str, figure: str, value: object) -> None:
    """Set one figure of the last entry in the budget."""
    file = root / "budget.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data[array][-1][figure] = value
    file.write_text(json.dumps(data), encoding="utf-8")


def test_a_budget_just_written_is_kept(budgeted: Path) -> None:
    assert "seconds" not in (budgeted / "budget.json").read_text(encoding="utf-8")
    assert "grew" not in cli("report", "--budget", "budget.json", cwd=budgeted).stderr


def test_what_grew_is_named(budgeted: Path) -> None:
    spoil(budgeted, "kernels", "registers", 3)
    spoil(budgeted, "images", "ptx", 100)
    done = cli("report", "--budget", "budget.json", cwd=budgeted, status=1)
    end = done.stderr.partition("budget.json: ")[2]
    assert re.fullmatch(
        r"2 figures grew\n"
        r"  plain\.kernels\.vector:scale  sm_90  registers: was 3, is \d+\n"
        r"  plain\.kernels\.vector  sm_90  ptx: was 100, is \d+\n"
        r"  help: where this is meant, write the budget anew: oxide-build report --write-budget budget\.json\n",
        end,
    )
    assert "vector.scale" in done.stdout


def test_only_the_figures_chosen_are_compared(budgeted: Path) -> None:
    spoil(budgeted, "kernels", "registers", 3)
    cli("report", "--budget", "budget.json", "--figure", "stack", "--figure", "ptx", cwd=budgeted)
    cli("report", "--budget", "budget.json", "--figure", "registers", cwd=budgeted, status=1)


def test_improvement_and_new_kernels_are_no_failure(budgeted: Path) -> None:
    spoil(budgeted, "kernels", "registers", 250)
    spoil(budgeted, "kernels", "symbol", "of_another_name")
    done = cli("report", "--budget", "budget.json", cwd=budgeted)
    assert "[oxide] not in budget.json: plain.kernels.vector:scale  sm_90\n" in done.stderr


def test_what_is_gone_is_named_and_is_no_failure(budgeted: Path) -> None:
    """The renamed kernel; and an image, where that is all that the budget has of a module."""
    spoil(budgeted, "kernels", "symbol", "renamed")
    spoil(budgeted, "images", "module", "plain.kernels.other")
    lines = cli("report", "--budget", "budget.json", cwd=budgeted).stderr.splitlines()
    assert [line for line in lines if "only in" in line] == [
        "[oxide] only in budget.json: plain.kernels.other  sm_90",
        "[oxide] only in budget.json: plain.kernels.vector:renamed  sm_90",
    ]


def test_a_budget_in_toml_says_what_it_likes(budgeted: Path) -> None:
    (budgeted / "budget.toml").write_text(
        '[[kernels]]\nmodule = "plain.kernels.vector"\nsymbol = "saxpy"\ntarget = "sm_75"\nregisters = 1\n',
        encoding="utf-8",
    )
    done = cli("report", "--budget", "budget.toml", cwd=budgeted, status=1)
    assert "budget.toml: 1 figure grew\n  plain.kernels.vector:saxpy  sm_75  registers: was 1, is " in done.stderr


def test_a_budget_of_what_cannot_be_measured_is_not_kept(budgeted: Path) -> None:
    done = cli("report", "--budget", "budget.json", cwd=budgeted, status=1, **NO_PTXAS)
    assert "the budget has registers, spills, stack, constant, cubin, which need ptxas" in done.stderr
    cli("report", "--budget", "budget.json", "--figure", "shared", "--figure", "ptx", cwd=budgeted, **NO_PTXAS)


@pytest.mark.parametrize(
    ("arguments", "report"),
    [
        (["--budget", "none.json"], "none.json: No such file or directory\n  help: write one with"),
        (["--budget", "pyproject.toml"], "pyproject.toml: no kernels and no images in this budget"),
        (["--budget", "src/plain/__init__.py"], "src/plain/__init__.py: not a budget: "),
        (["--package", "json"], "json holds no built kernels"),
        (["--wheel", "none.whl"], "none.whl: No such file or directory\n  help: name a wheel"),
        (["--wheel", "pyproject.toml"], "pyproject.toml: not a wheel"),
        (["--root", "src"], "pyproject.toml: no such file in the project's root"),
    ],
)
def test_report_refuses(sample: Sample, arguments: list[str], report: str) -> None:
    assert cli("report", *arguments, cwd=sample("plain"), status=1).stderr.startswith(report)


def test_a_budget_that_cannot_be_written(sample: Sample) -> None:
    done = cli("report", "--write-budget", "none/budget.json", cwd=sample("mapped"), status=1)
    assert (
        "none/budget.json: No such file or directory\n  help: name a file in a directory that is there" in done.stderr
    )
