"""`oxide-build plan`: what a build would do, told without doing it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema

from oxide_build.build import run, write_in_tree
from oxide_build.config import KEYS, load_config
from oxide_build.jobs import plan
from tests.cli.test_cli import REPOSITORY, cli

Sample = Callable[[str], Path]


def planned(root: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """The JSON of a plan, which has the documented shape."""
    described = json.loads(cli("plan", "--json", *arguments, cwd=root, **environment).stdout)
    schema = json.loads((REPOSITORY / "docs/plan.schema.json").read_text(encoding="utf-8"))
    fastjsonschema.validate(schema, described)
    return dict(described)


def test_each_setting_has_its_value_and_origin(sample: Sample) -> None:
    described = planned(sample("plain"), "-C", "oxide.fast-math=true", OXIDE_OPT_LEVEL="1")
    math, vector = described["modules"]
    assert math["settings"]["targets"] == {"value": ["sm_80"], "origin": "[[tool.oxide.overrides]] 1"}
    assert vector["settings"]["targets"] == {"value": ["sm_75", "sm_90"], "origin": "pyproject.toml"}
    assert vector["settings"]["opt-level"] == {"value": 1, "origin": "OXIDE_OPT_LEVEL"}
    assert vector["settings"]["fast-math"] == {"value": True, "origin": "-C oxide.fast-math"}
    assert vector["settings"]["line-info"] == {"value": True, "origin": "default"}
    assert described["settings"]["kernels"] == {"value": ["plain.kernels.*"], "origin": "pyproject.toml"}
    assert described["settings"].keys() | vector["settings"].keys() == KEYS.keys()


def test_outputs_are_what_a_build_writes(sample: Sample) -> None:
    root = sample("plain")
    outputs = [file for module in planned(root)["modules"] for file in module["outputs"]]
    written = write_in_tree(run(plan(load_config(root, environment={}), root), 1, lambda line: None))
    assert sorted(outputs) == sorted(path.relative_to(root).as_posix() for path in written)


def test_images_say_what_they_need(sample: Sample) -> None:
    (module,) = planned(sample("mapped"), "-C", "oxide.targets=90a;8.0", "-C", "oxide.targets=75")["modules"]
    assert module["images"] == [
        {"target": "sm_75", "kind": "ptx", "least_ptx": "6.3", "least_driver": "10.0"},
        {"target": "sm_80", "kind": "ptx", "least_ptx": "7.0", "least_driver": "11.0"},
        {"target": "sm_90a", "kind": "ptx", "least_ptx": "8.0", "least_driver": "12.0"},
    ]


def test_root_elsewhere_leaves_no_directory_of_this_machine_in_the_plan(sample: Sample, tmp_path: Path) -> None:
    root = sample("mapped")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    described = planned(elsewhere, "--root", str(root))
    assert described == planned(root)
    assert str(tmp_path) not in json.dumps(described)


def test_text_has_the_notes_last(sample: Sample) -> None:
    text = cli("plan", "-C", "oxide.targets=sm_90a", cwd=sample("mapped")).stdout
    assert 'targets                ["sm_90a"]  -C oxide.targets\n' in text
    assert text.endswith('newer GPUs have no image; consider adding "sm_90"\n')


def test_every_mistake_is_reported_and_nothing_printed(sample: Sample) -> None:
    done = cli("plan", "-C", "oxide.tragets=sm_90", "-C", "oxide.jobs", cwd=sample("mapped"), status=1)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "-C oxide.tragets: unknown setting",
        '  help: did you mean "oxide.targets"?',
        "-C oxide.jobs: no value is given, needed an integer of 0 or more",
        "2 errors",
    ]


def test_no_compiler_is_needed(sample: Sample) -> None:
    program = "import sys; sys.modules['llvmlite'] = None; from oxide_build.cli import main; main()"
    command = [sys.executable, "-c", program, "plan", "--root", str(sample("plain"))]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
