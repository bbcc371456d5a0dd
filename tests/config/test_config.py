"""`[tool.oxide]` as the build reads it: defaults, what overrides what, and settings from outside the file."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from oxide_build.config import KEYS, Config, load_config, settings_of
from oxide_build.errors import ConfigError, ConfigErrors
from oxide_build.jobs import plan
from oxide_build.pipeline.options import Options

LEAST = '[tool.oxide]\nkernels = ["p.kernels.*"]\ntargets = ["sm_90"]\n'


def read(
    root: Path, text: str, settings: dict[str, object] | None = None, environment: dict[str, str] | None = None
) -> Config:
    root.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
    return load_config(root, settings, environment or {})


def names(config: Config, module: str = "p.kernels.vector") -> list[str]:
    return [target.name for target in config.settings(module).targets]


def test_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST)
    assert config.kernels == ("p.kernels.*",)
    assert config.options == Options()
    assert (config.emit, config.on_unsupported_target, config.jobs, config.verbose) == (("ptx",), "error", 0, False)
    assert config.warnings == "show"


def test_every_option_of_the_compiler_is_a_key(tmp_path: Path) -> None:
    lines = "opt-level = 1\nfp-contract = false\nfast-math = true\nline-info = false\nbounds-checks = false\n"
    config = read(tmp_path, LEAST + lines)
    assert config.options == Options(1, fp_contract=False, fast_math=True, line_info=False, bounds_checks=False)
    assert all(getattr(config.options, f.name) != f.default for f in dataclasses.fields(Options))


def test_targets_are_canonical_sorted_and_single(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST.replace('"sm_90"', '"9.0a", "sm_100", "compute_75", "90", "sm_90", "7.5-virtual"'))
    assert names(config) == ["sm_75", "sm_90", "sm_90a", "sm_100"]


def test_overrides_apply_by_module_the_later_wins(tmp_path: Path) -> None:
    text = LEAST + (
        '[[tool.oxide.overrides]]\nmodule = "p.kernels.*"\nopt-level = 1\nfast-math = true\n'
        '[[tool.oxide.overrides]]\nmodule = "p.kernels.gemm"\ntargets = ["sm_80"]\nopt-level = 2\n'
    )
    config = read(tmp_path, text)
    assert config.settings("p.kernels.gemm").options == Options(2, fast_math=True)
    assert config.settings("p.kernels.vector").options == Options(1, fast_math=True)
    assert config.settings("p.other.vector").options == Options()
    assert names(config, "p.kernels.gemm") == ["sm_80"]


def test_front_end_over_environment_over_overrides_over_file(tmp_path: Path) -> None:
    text = LEAST + '[[tool.oxide.overrides]]\nmodule = "p.kernels.vector"\ntargets = ["sm_80"]\n'
    environment = {"OXIDE_TARGETS": "sm_86"}
    assert names(read(tmp_path, text)) == ["sm_80"]
    assert names(read(tmp_path, text, {}, environment)) == ["sm_86"]
    config = read(tmp_path, text, {"oxide.targets": "sm_89"}, environment)
    assert names(config) == ["sm_89"]
    assert config.origins["targets"] == "-C oxide.targets"


@pytest.mark.parametrize("value", ["sm_90,sm_90a", "sm_90;9.0a", " sm_90 , sm_90a,", ["sm_90", "sm_90a"], ["90,90a"]])
def test_front_ends_list_targets_in_any_way(tmp_path: Path, value: object) -> None:
    assert names(read(tmp_path, LEAST, {"oxide.targets": value})) == ["sm_90", "sm_90a"]


def test_environment_can_give_the_targets_a_file_lacks(tmp_path: Path) -> None:
    config = read(tmp_path, '[tool.oxide]\nkernels = ["p.k"]\n', {}, {"OXIDE_TARGETS": "75"})
    assert names(config) == ["sm_75"]


def test_scalar_settings(tmp_path: Path) -> None:
    settings: dict[str, object] = {
        "oxide.opt-level": "0",
        "oxide.fast-math": "true",
        "oxide.on-unsupported-target": "skip",
        "oxide.jobs": ["3"],
    }
    config = read(tmp_path, LEAST, settings, {"OXIDE_JOBS": "5", "OXIDE_VERBOSE": "1"})
    assert config.settings("p.kernels.vector").options == Options(0, fast_math=True)
    assert (config.on_unsupported_target, config.jobs, config.verbose) == ("skip", 3, True)


@pytest.mark.parametrize(
    ("settings", "environment", "report"),
    [
        ({"oxide.tragets": "sm_90"}, {}, '-C oxide.tragets: unknown setting\n  help: did you mean "oxide.targets"?'),
        ({"oxide.targets": "sm_91"}, {}, "-C oxide.targets: unknown target 'sm_91'"),
        ({"oxide.targets": ""}, {}, "-C oxide.targets: no value is given, needed an array of strings, not empty"),
        ({"oxide.targets": None}, {}, "-C oxide.targets: no value is given"),
        ({"oxide.jobs": [None, ""]}, {}, '-C oxide.jobs: found "" and "", needed an integer of 0 or more, once'),
        ({"oxide.fast-math": "yes"}, {}, '-C oxide.fast-math: found "yes" (string), needed true or false'),
        ({"oxide.opt-level": ["1", "2"]}, {}, '-C oxide.opt-level: found "1" and "2", needed an integer'),
        ({"oxide.kernels": "p.k"}, {}, "-C oxide.kernels: this key is set in pyproject.toml alone"),
        ({"oxide.speed": "3"}, {}, "-C oxide.speed: unknown setting\n  help: known settings: oxide.bounds-checks"),
        ({}, {"OXIDE_JOBS": "many"}, 'OXIDE_JOBS: found "many" (string), needed an integer of 0 or more'),
        ({}, {"OXIDE_TARGETS": "sm_1"}, "OXIDE_TARGETS: unknown target 'sm_1'"),
    ],
)
def test_mistakes_name_the_setting(
    tmp_path: Path, settings: dict[str, object], environment: dict[str, str], report: str
) -> None:
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, LEAST, settings, environment)
    assert str(raised.value).startswith(report)


def test_every_key_but_the_files_own_is_a_setting_and_a_variable(tmp_path: Path) -> None:
    texts = {"targets": "80", "emit": "cubin", "opt-level": "2", "on-unsupported-target": "skip", "warnings": "error"}
    keys = [key for key in KEYS.values() if key.outside]
    given = {
        key.name: texts.get(key.name) or ("7" if key.name == "jobs" else str(not key.default).lower()) for key in keys
    }
    by_setting = read(tmp_path, LEAST, {KEYS[name].setting: text for name, text in given.items()})
    by_variable = read(tmp_path, LEAST, {}, {KEYS[name].variable: text for name, text in given.items()})
    assert by_setting.forced == by_variable.forced
    assert by_setting.forced.keys() == {key.field for key in keys}
    assert all(by_setting.forced[key.field] != key.default for key in keys)


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("1", True), ("", True), (None, True), ("false", False), ("0", False)],
)
def test_switches(tmp_path: Path, text: str | None, value: bool) -> None:
    for default in ("true", "false"):
        config = read(tmp_path, LEAST + f"fast-math = {default}\n", {"oxide.fast-math": text})
        assert config.settings("p.kernels.vector").fast_math is value


def test_an_empty_variable_is_unset(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST, {}, {"OXIDE_TARGETS": "", "OXIDE_JOBS": " ", "OXIDE_FAST_MATH": ""})
    assert dict(config.forced) == {}


def test_an_override_of_several_modules(tmp_path: Path) -> None:
    text = LEAST + '[[tool.oxide.overrides]]\nmodule = ["p.kernels.gemm", "p.conv.*"]\nopt-level = 1\n'
    config = read(tmp_path, text)
    levels = {
        module: config.settings(module).opt_level for module in ("p.kernels.gemm", "p.conv.x", "p.kernels.y", "p.conv")
    }
    assert levels == {"p.kernels.gemm": 1, "p.conv.x": 1, "p.kernels.y": 3, "p.conv": 3}


def test_the_origin_of_every_value(tmp_path: Path) -> None:
    text = LEAST + (
        '[[tool.oxide.overrides]]\nmodule = "p.kernels.*"\nopt-level = 1\nfast-math = true\nwarnings = "ignore"\n'
        '[[tool.oxide.overrides]]\nmodule = "p.kernels.gemm"\nopt-level = 2\n'
    )
    config = read(tmp_path, text, {"oxide.fast-math": "false"}, {"OXIDE_EMIT": "cubin", "OXIDE_FAST_MATH": "1"})
    assert config.origins_of("p.kernels.gemm") == {
        **dict.fromkeys(("fp_contract", "line_info", "bounds_checks", "on_unsupported_target"), "default"),
        "targets": "pyproject.toml",
        "emit": "OXIDE_EMIT",
        "opt_level": "[[tool.oxide.overrides]] 2",
        "fast_math": "-C oxide.fast-math",
        "warnings": "[[tool.oxide.overrides]] 1",
    }
    assert config.settings("p.kernels.gemm").fast_math is False
    assert config.origins["kernels"] == "pyproject.toml"
    assert config.origins["jobs"] == "default"


def test_settings_as_a_front_end_passes_them() -> None:
    texts = ["oxide.targets=80", "oxide.targets=90", "oxide.sbom", "oxide.jobs=", "quiet=a=b"]
    assert settings_of(texts) == {"oxide.targets": ["80", "90"], "oxide.sbom": "", "oxide.jobs": "", "quiet": "a=b"}


def test_mistakes_of_file_environment_and_front_end_are_one_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        read(tmp_path, LEAST + "opt-level = 7\n", {"oxide.jobs": "-1"}, {"OXIDE_TARGETS": "x"})
    assert [error.key for error in raised.value.errors] == ["[tool.oxide] opt-level", "OXIDE_TARGETS", "-C oxide.jobs"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mistake_in_the_file_has_its_place(tmp_path: Path, end: str) -> None:
    text = LEAST + 'jobs = 1\n\n[[tool.oxide.overrides]]\nmodule = ["p.ä.*", "p"]\nopt-level = 1\n'
    tmp_path.joinpath("pyproject.toml").write_bytes(text.replace("\n", end).encode())
    with pytest.raises(ConfigErrors) as raised:
        load_config(tmp_path, {}, {})
    assert str(raised.value).splitlines()[:3] == [
        'pyproject.toml:7:20: error: [[tool.oxide.overrides]] 1 module: found "p" (string), needed a module inside a '
        "package, named as Python imports it",
        '    module = ["p.ä.*", "p"]',
        "                       ^^^",
    ]


def test_what_is_not_in_the_file_has_no_place(tmp_path: Path) -> None:
    """CMake's call names other kernels than the file may, and reports of them must not point at the file's."""
    tmp_path.joinpath("pyproject.toml").write_text(LEAST, encoding="utf-8")
    config = replace(load_config(tmp_path, {}, {}), kernels=("p.other", "p.kernels.*"))
    with pytest.raises(ConfigErrors) as raised:
        plan(config, tmp_path)
    spans = [error.span for error in raised.value.errors if isinstance(error, ConfigError)]
    assert list(map(str, spans)) == ["pyproject.toml:2:12", "None"]
