"""`oxide-build` as a terminal sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import __version__
from oxide_build.cli import COMMANDS
from oxide_build.pipeline.targets import TARGETS
from tests.cli.command import REPOSITORY, cli

Sample = Callable[[str], Path]


def test_version(tmp_path: Path) -> None:
    assert cli("--version", cwd=tmp_path).stdout == f"oxide-build {__version__}\n"


def test_help_lists_the_commands(tmp_path: Path) -> None:
    text = cli("--help", cwd=tmp_path).stdout
    assert [line.split()[0] for line in text.partition("Commands:\n")[2].splitlines()] == list(COMMANDS)


def test_targets_with_what_each_needs(tmp_path: Path) -> None:
    lines = cli("targets", cwd=tmp_path).stdout.splitlines()
    assert "sm_75    6.3  10.0         this GPU generation and every newer one" in lines
    assert "sm_90a   8.0  12.0         exactly this compute capability" in lines
    assert "sm_100f  8.8  12.9         this family: the same major version, from there on" in lines


def test_targets_as_json(tmp_path: Path) -> None:
    listed = json.loads(cli("targets", "--json", cwd=tmp_path).stdout)
    assert [entry["target"] for entry in listed] == list(TARGETS)
    assert listed[0] == {
        "target": "sm_75",
        "ptx": "6.3",
        "driver": "10.0",
        "runs_on": "this GPU generation and every newer one",
    }


def test_build_in_the_tree(sample: Sample) -> None:
    root = sample("mapped")
    done = cli("build", cwd=root)
    assert done.stdout.splitlines() == ["kernels/_oxide/copy.json", "kernels/_oxide/copy.sm_80.ptx"]
    assert done.stderr.startswith("[oxide 1/1] copy -> sm_80  ")
    assert (root / "kernels/_oxide/.gitignore").is_file()


def test_build_takes_settings_as_front_ends_do(sample: Sample) -> None:
    done = cli("build", "--json", "-C", "oxide.targets=86;90", cwd=sample("mapped"), OXIDE_TARGETS="75")
    assert [path.rpartition("/")[2] for path in json.loads(done.stdout)] == [
        "copy.json",
        "copy.sm_86.ptx",
        "copy.sm_90.ptx",
    ]
    assert "[oxide] targets is set by -C oxide.targets\n" in done.stderr


@pytest.mark.parametrize("command", [["build"], ["report"], ["inspect", "kernels/copy.py"]])
def test_a_wrong_setting_is_reported(sample: Sample, command: list[str]) -> None:
    done = cli(*command, "-C", "oxide.tragets=sm_90", cwd=sample("mapped"), status=1)
    assert done.stderr == '-C oxide.tragets: unknown setting\n  help: did you mean "oxide.targets"?\n1 error\n'


def test_build_as_json(sample: Sample) -> None:
    root = sample("mapped")
    paths = json.loads(cli("build", "--json", cwd=root).stdout)
    assert paths == ["kernels/_oxide/copy.json", "kernels/_oxide/copy.sm_80.ptx"]
    assert all((root / path).is_file() for path in paths)


def test_build_elsewhere_with_targets_from_the_environment(sample: Sample, tmp_path: Path) -> None:
    root = sample("mapped")
    done = cli("build", "--root", str(root), "--out", "out", cwd=tmp_path, OXIDE_TARGETS="90a;90")
    assert done.stdout.splitlines()[1:] == [
        "out/mapped/kernels/_oxide/copy.sm_90.ptx",
        "out/mapped/kernels/_oxide/copy.sm_90a.ptx",
    ]
    assert done.stderr.startswith("[oxide] targets is set by OXIDE_TARGETS\n")
    assert not (root / "kernels/_oxide").exists()


def test_build_reports_mistakes_and_writes_nothing(sample: Sample) -> None:
    root = sample("mapped")
    kernel = root / "kernels/copy.py"
    kernel.write_text(kernel.read_text(encoding="utf-8").replace("y[i] = x[i]", "x[i] = y[i]"), encoding="utf-8")
    done = cli("build", cwd=root, status=1)
    assert done.stderr.startswith("kernels/copy.py:12:9: error: ")
    assert done.stderr.endswith("1 error\n")
    assert not (root / "kernels/_oxide").exists()


def test_build_without_a_project(tmp_path: Path) -> None:
    report = cli("build", cwd=tmp_path, status=1).stderr
    assert report.startswith(
        "pyproject.toml: no such file in the project's root\n  help: the least a project writes is"
    )


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("ast", "FunctionDef"),
        ("mir", "mir.mul"),
        ("ssa", "mir.bounds_check"),
        ("llvm", "llvm."),
        ("ll", "define ptx_kernel void @saxpy"),
        ("ptx", ".visible .entry saxpy("),
    ],
)
def test_inspect_prints_each_stage(sample: Sample, stage: str, words: str) -> None:
    root = sample("plain")
    whole = cli("inspect", "src/plain/kernels/vector.py", "--stage", stage, cwd=root).stdout
    one = cli("inspect", "src/plain/kernels/vector.py:saxpy", "--stage", stage, cwd=root).stdout
    assert words in whole
    assert words in one
    assert "scale" in whole
    assert "scale" not in one


def target_of(ptx: str) -> str:
    return next(line for line in ptx.splitlines() if line.startswith(".target ")).split()[1].rstrip(",")


def test_inspect_is_for_the_newest_target_of_the_project_or_the_one_named(sample: Sample) -> None:
    root = sample("plain")
    assert target_of(cli("inspect", "src/plain/kernels/vector.py", cwd=root).stdout) == "sm_90"
    assert target_of(cli("inspect", "vector.py", "--target", "7.5", cwd=root / "src/plain/kernels").stdout) == "sm_75"


def test_inspect_compiles_as_the_project_says_of_the_module(sample: Sample) -> None:
    root = sample("plain")
    overridden = cli("inspect", "src/plain/kernels/math_functions.py", cwd=root).stdout
    assert target_of(overridden) == "sm_80"
    assert ".loc" not in overridden
    assert ".loc" in cli("inspect", "src/plain/kernels/vector.py", cwd=root).stdout


def test_inspect_outside_of_a_project(sample: Sample, tmp_path: Path) -> None:
    kernel = sample("mapped") / "kernels/copy.py"
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone/kernel.py").write_bytes(kernel.read_bytes())
    assert target_of(cli("inspect", "kernel.py", cwd=tmp_path / "alone").stdout) == "sm_90"


@pytest.mark.parametrize("where", ["in its project", "outside"])
def test_inspect_takes_settings_as_front_ends_do(sample: Sample, tmp_path: Path, where: str) -> None:
    file = sample("mapped") / "kernels/copy.py"
    if where == "outside":
        (tmp_path / "alone").mkdir()
        file = Path(shutil.copy(file, tmp_path / "alone"))
    settings = ["-C", "oxide.targets=75;86", "-C", "oxide.line-info=false"]
    text = cli("inspect", str(file), *settings, cwd=tmp_path, OXIDE_LINE_INFO="true").stdout
    assert target_of(text) == "sm_86"
    assert ".loc" not in text
    assert ".loc" in cli("inspect", str(file), cwd=tmp_path).stdout


def test_inspect_says_what_is_wrong_with_the_project(sample: Sample) -> None:
    root = sample("mapped")
    (root / "pyproject.toml").write_text("[tool.oxide]\ntargets = 80\n", encoding="utf-8")
    report = cli("inspect", "kernels/copy.py", cwd=root, status=1).stderr
    assert "pyproject.toml:2:11: error: [tool.oxide] targets: found 80" in report


def test_inspect_of_one_kernel_by_option_and_as_json(sample: Sample) -> None:
    root = sample("plain")
    file = "src/plain/kernels/vector.py"
    text = cli("inspect", file, "--kernel", "scale", "--stage", "ssa", cwd=root).stdout
    assert text == cli("inspect", f"{file}:scale", "--stage", "ssa", cwd=root).stdout
    data = json.loads(cli("inspect", file, "--kernel", "scale", "--stage", "ssa", "--json", cwd=root).stdout)
    assert data == {"file": file, "kernel": "scale", "stage": "ssa", "target": "sm_90", "text": text}


@pytest.mark.parametrize(
    ("arguments", "report"),
    [
        (["kernels/copy.py:cpy"], "no kernel 'cpy' in this file\n  help: its kernels are: copy\n"),
        (["kernels/none.py"], "kernels/none.py: No such file or directory\n  help: name a Python file with kernels"),
        (["kernels"], "kernels: Is a directory\n"),
        (["kernels/copy.py", "--target", "sm_91"], "unknown target 'sm_91'\n  help: did you mean 'sm_90'?"),
        (["kernels/__init__.py"], "kernels/__init__.py:1:1: error: no kernel in this module"),
    ],
)
def test_inspect_refuses(sample: Sample, arguments: list[str], report: str) -> None:
    assert cli("inspect", *arguments, cwd=sample("mapped"), status=1).stderr.startswith(report)


@pytest.fixture
def built(sample: Sample) -> Path:
    """The directory from which the built package `plain` imports."""
    root = sample("plain")
    cli("build", cwd=root)
    return root / "src"


def test_explain_says_why_of_every_image(built: Path, tmp_path: Path) -> None:
    done = cli("explain", "plain", "--device", "9.0", "--driver", "12.8", cwd=tmp_path, path=str(built))
    assert done.stdout.splitlines() == [
        "plain.kernels.math_functions  (exponential)",
        "  sm_80: chosen, the best that runs here",
        "plain.kernels.vector  (saxpy, scale)",
        "  sm_75: runs here, sm_90 is better",
        "  sm_90: chosen, the best that runs here",
    ]


def test_explain_as_json(built: Path, tmp_path: Path) -> None:
    arguments = ["explain", "plain", "--device", "9.0", "--driver", "12.8", "--json"]
    functions, vector = json.loads(cli(*arguments, cwd=tmp_path, path=str(built)).stdout)
    assert (functions["module"], functions["kernels"]) == ("plain.kernels.math_functions", ["exponential"])
    assert vector == {
        "module": "plain.kernels.vector",
        "kernels": ["saxpy", "scale"],
        "images": [
            {"target": "sm_75", "kind": "ptx", "chosen": False, "reason": "runs here, sm_90 is better"},
            {"target": "sm_90", "kind": "ptx", "chosen": True, "reason": "the best that runs here"},
        ],
    }


def test_explain_of_an_old_driver_falls_back(built: Path, tmp_path: Path) -> None:
    done = cli("explain", "plain.kernels", "--device", "9.0", "--driver", "11.2", cwd=tmp_path, path=str(built))
    assert "  sm_90: needs a driver for CUDA 11.8, this one is for 11.2" in done.stdout.splitlines()
    assert "  sm_75: chosen, the best that runs here" in done.stdout.splitlines()


def test_explain_of_a_gpu_without_an_image_fails(built: Path, tmp_path: Path) -> None:
    done = cli("explain", "plain", "--device", "7.0", "--driver", "12.8", cwd=tmp_path, path=str(built), status=1)
    assert "  sm_75: runs on 7.5 and newer, this GPU is 7.0" in done.stdout.splitlines()
    assert 'add "sm_70" to targets under [tool.oxide]' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "report"),
    [
        (["no_such_package", "--device", "9.0", "--driver", "12.8"], "no package 'no_such_package' is installed here"),
        (["json", "--device", "9.0", "--driver", "12.8"], "json holds no built kernels"),
        (["json", "--device", "nine", "--driver", "12.8"], "found 'nine', needed a version of two numbers"),
    ],
)
def test_explain_refuses(tmp_path: Path, arguments: list[str], report: str) -> None:
    assert cli("explain", *arguments, cwd=tmp_path, status=1).stderr.startswith(report)


def test_doctor_says_what_is_there_and_what_for(tmp_path: Path) -> None:
    lines = cli("doctor", cwd=tmp_path).stdout.splitlines()
    assert f"ok        oxide-build   {__version__}" in lines
    assert any(line.startswith("ok        LLVM          llvmlite 0.50") for line in lines)
    assert all(line.startswith(("ok  ", "optional  ")) for line in lines)
    assert all("not here; it serves to " in line for line in lines if line.startswith("optional"))


def test_doctor_fails_without_what_every_build_needs(tmp_path: Path) -> None:
    (tmp_path / "llvmlite").mkdir()
    (tmp_path / "llvmlite/__init__.py").write_text("raise ImportError('not here')", encoding="utf-8")
    done = cli("doctor", cwd=tmp_path, status=1)
    (missing,) = (line for line in done.stdout.splitlines() if line.startswith("missing"))
    assert missing.startswith("missing   LLVM          needed to compile kernels: pip install")


def test_doctor_as_json(tmp_path: Path) -> None:
    findings = json.loads(cli("doctor", "--json", cwd=tmp_path, OXIDE_CACHE_DIR=str(tmp_path / "cache")).stdout)
    found = {finding["name"]: finding for finding in findings}
    assert found["oxide-build"]["found"] == __version__
    assert found["cache"] == {
        "name": "cache",
        "found": str(tmp_path / "cache"),
        "purpose": "compile only what changed",
        "remedy": "name a directory of yours in OXIDE_CACHE_DIR",
        "required": False,
    }


def test_doctor_finds_no_cache_where_none_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cli("doctor", cwd=tmp_path, OXIDE_CACHE_DIR=str(tmp_path / "file/cache"))
    assert "optional  cache         not here" in done.stdout


def test_cache_as_json(sample: Sample, tmp_path: Path) -> None:
    place = {"OXIDE_CACHE_DIR": str(tmp_path / "cache")}
    cli("build", cwd=sample("mapped"), **place)
    info = json.loads(cli("cache", "info", "--json", cwd=tmp_path, **place).stdout)
    assert info["directory"] == str(tmp_path / "cache")
    assert 0 < info["size"] < info["most"]
    gone = json.loads(cli("cache", "clean", "--json", cwd=tmp_path, **place).stdout)
    assert gone == {"entries": info["entries"], "size": info["size"]}


def test_without_typer_the_command_line_says_how_to_get_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['typer'] = None; sys.path.insert(0, sys.argv[1]); import oxide_build.cli"
    done = subprocess.run(
        [sys.executable, "-c", code, str(REPOSITORY)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, 'the command line needs typer: pip install "oxide-build[cli]"\n')


GENERIC = """from typing import TypeVar
from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, f64
T = TypeVar("T", f32, f64)

@gpu.kernel
def plain(x: MutSlice[f32]) -> None:
    x[0] = 1.0

@gpu.kernel(values={"n": (1, 2)})
def fill(x: MutSlice[T], n: gpu.Const[int]) -> None:
    x[0] = T(n)
"""


def test_inspect_and_explain_show_variants(sample: Sample, tmp_path: Path) -> None:
    root = sample("mapped")
    (root / "kernels/copy.py").write_text(GENERIC, encoding="utf-8")
    for stage, mark in (("ssa", "kernel @{}("), ("ll", "@{}("), ("ptx", ".entry {}(")):
        text = cli("inspect", "kernels/copy.py:fill", "--stage", stage, cwd=root).stdout
        assert all(mark.format(f"fill_{kind}_{n}") in text for kind in ("f32", "f64") for n in (1, 2))
        assert mark.format("plain") not in text
        one = cli("inspect", "kernels/copy.py:fill_f64_2", "--stage", stage, cwd=root).stdout
        assert mark.format("fill_f64_2") in one
        assert mark.format("fill_f64_1") not in one
    report = cli("inspect", "kernels/copy.py:fil", cwd=root, status=1).stderr
    assert report.startswith("no kernel 'fil' in this file\n  help: its kernels are: plain, fill, fill_f32_1, ")
    cli("build", "--root", str(root), "--out", str(tmp_path / "out"), cwd=root)
    (tmp_path / "out/mapped/__init__.py").touch()
    done = cli("explain", "mapped", "--device", "9.0", "--driver", "12.8", cwd=tmp_path / "out")
    heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert heads[:2] == ["mapped.kernels.copy  (plain)", "mapped.kernels.copy  (fill with T = f32, n = 1)"]
