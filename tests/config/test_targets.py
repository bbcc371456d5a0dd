"""How targets are written, which images they stand for, and what no target list says without a note."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build import readers
from oxide_build.build import notes, plan, run
from oxide_build.config import Settings, load_config
from oxide_build.errors import ConfigErrors, OxideError
from oxide_build.manifest import Manifest
from oxide_build.pipeline.targets import TARGETS, WORDS, Kind, parse_target, parse_targets

Sample = Callable[[str], Path]
PTX, CUBIN, BOTH = ("ptx",), ("cubin",), ("ptx", "cubin")


def images(emit: tuple[Kind, ...], *targets: str) -> list[str]:
    settings = Settings(targets=readers.targets.read(list(targets)), emit=emit)
    return [f"{target}.{kind}" for target, kind in settings.images]


@pytest.mark.parametrize(
    "text", ["sm_90a", "90a", "9.0a", "sm_9.0a", "compute_90a", "90a-virtual", "90a-real", "9.0a+PTX"]
)
def test_spellings_of_one_target(text: str) -> None:
    assert parse_target(text).name == "sm_90a"


def test_a_target_gets_what_emit_names() -> None:
    assert images(PTX, "sm_90", "80") == ["sm_80.ptx", "sm_90.ptx"]
    assert images(BOTH, "sm_90") == ["sm_90.ptx", "sm_90.cubin"]
    assert images(CUBIN, "sm_90") == ["sm_90.cubin"]


def test_an_ending_says_which_kinds() -> None:
    listed = ["75-virtual", "80-real", "9.0+PTX", "compute_100", "120"]
    assert images(BOTH, *listed) == [
        *("sm_75.ptx", "sm_80.cubin", "sm_90.ptx", "sm_90.cubin", "sm_100.ptx", "sm_120.ptx", "sm_120.cubin")
    ]


@pytest.mark.parametrize("listed", [("90-real", "90-virtual"), ("90-real", "90"), ("sm_90", "compute_90", "9.0+PTX")])
def test_a_target_written_twice_gets_what_both_ask_for(listed: tuple[str, ...]) -> None:
    assert images(BOTH, *listed) == ["sm_90.ptx", "sm_90.cubin"]


def test_the_spelling_comes_back() -> None:
    texts = ["sm_90", "sm_90a-virtual", "sm_100f-real", "sm_120+PTX"]
    assert [parse_target(text).spelling for text in texts] == texts


def test_words_are_the_plain_targets() -> None:
    assert {target.name for target in WORDS["all"]} == {name for name in TARGETS if name[-1].isdigit()}
    majors = {target.number // 10 for target in TARGETS.values()}
    assert [target.number // 10 for target in WORDS["all-major"]] == sorted(majors)
    for target in WORDS["all-major"]:
        rivals = [one.number for one in WORDS["all"] if one.number // 10 == target.number // 10]
        assert target.number == min(rivals)


def test_words_and_targets_mix() -> None:
    assert images(PTX, "all-major", "sm_90a", "sm_80") == [
        f"{target}.ptx"
        for target in sorted({*WORDS["all-major"], parse_target("90a")}, key=lambda t: (t.number, t.suffix))
    ]


def test_native_is_refused_with_the_reason() -> None:
    with pytest.raises(OxideError, match="depend on the GPU of the machine that builds it"):
        parse_targets("native")


def test_what_a_target_serves() -> None:
    gpus = [75, 80, 86, 89, 90, 100, 103, 110, 120]
    served = {name: [gpu for gpu in gpus if TARGETS[name].serves(gpu)] for name in ("sm_86", "sm_90a", "sm_100f")}
    assert served == {"sm_86": [86, 89, 90, 100, 103, 110, 120], "sm_90a": [90], "sm_100f": [100, 103]}


# Notes


def said(root: Path, targets: str, environment: dict[str, str] | None = None, **settings: object) -> list[str]:
    """The notes of a project built for these targets, without what the author did on purpose."""
    given = {f"oxide.{name.replace('_', '-')}": value for name, value in {"targets": targets, **settings}.items()}
    config = load_config(root, given, environment or {})
    return [note for note in notes(config, plan(config, root)) if " is set by " not in note]


@pytest.mark.parametrize(
    "targets",
    ["sm_80", "sm_75,sm_80,sm_86,sm_89,sm_90,sm_90a", "sm_100", "sm_100,sm_100a", "sm_110"],
)
def test_good_lists_are_no_news(sample: Sample, targets: str) -> None:
    assert said(sample("mapped"), targets) == []


@pytest.mark.parametrize(
    ("targets", "emit", "note"),
    [
        ("sm_90a", "ptx", 'no target is plain, so newer GPUs have no image; consider adding "sm_90"'),
        ("sm_100f,sm_90a", "ptx", 'no target is plain, so newer GPUs have no image; consider adding "sm_90"'),
        ("sm_80,sm_90", "cubin", 'no plain target has PTX, so newer GPUs have no image; add "ptx" to emit'),
        (
            "80-real,90-real",
            "ptx,cubin",
            'no plain target has PTX, so newer GPUs have no image; consider adding "sm_80-virtual"',
        ),
        (
            "sm_90a,sm_120",
            "ptx",
            'GPUs of compute capability 10.0, 10.3, 11.0 have no image, older ones have; consider adding "sm_100"',
        ),
        (
            "sm_80-real,sm_100",
            "ptx,cubin",
            'GPUs of compute capability 9.0 have no image, older ones have; consider adding "sm_90"',
        ),
    ],
)
def test_gpus_without_an_image(sample: Sample, targets: str, emit: str, note: str) -> None:
    assert f"mapped.kernels.copy: {note}" in said(sample("mapped"), targets, emit=emit)


@pytest.mark.parametrize(
    ("targets", "note"),
    [
        (
            "sm_75,sm_80,sm_90,sm_100,sm_120",
            "PTX needs a driver for CUDA 12.8 (sm_120), 12.7 (sm_100), 12.0 (sm_75, sm_80, sm_90)",
        ),
        (
            "sm_90,sm_100,sm_100f",
            "PTX needs a driver for CUDA 12.9 (sm_100f), 12.7 (sm_100), 12.0 (sm_90)",
        ),
        (
            "sm_90,sm_100f",
            'PTX needs a driver for CUDA 12.9 (sm_100f), 12.0 (sm_90); "sm_100" serves the GPUs of sm_100f with 12.7',
        ),
        (
            "sm_88",
            'PTX needs a driver for CUDA 13.0 (sm_88); "sm_87" serves the GPUs of sm_88 with 12.0',
        ),
    ],
)
def test_targets_whose_ptx_needs_a_newer_driver(sample: Sample, targets: str, note: str) -> None:
    assert said(sample("mapped"), targets) == [f"mapped.kernels.copy: {note}"]


def test_a_note_on_many_modules_is_one_note(sample: Sample) -> None:
    root = sample("plain")
    kernel = root / "src/plain/kernels/vector.py"
    for number in range(4):
        kernel.with_name(f"vector{number}.py").write_text(kernel.read_text(encoding="utf-8"), encoding="utf-8")
    (note,) = said(root, "90a")
    assert note.startswith(
        "plain.kernels.math_functions, plain.kernels.vector, plain.kernels.vector0 and 3 more: no target is plain"
    )


def rewritten(root: Path, old: str, new: str) -> Path:
    file = root / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return root


def test_a_word_in_the_file_is_noted_with_what_it_means_today(sample: Sample) -> None:
    root = rewritten(sample("mapped"), '"sm_80"', '"all-major"')
    config = load_config(root, environment={})
    note, _ = notes(config, plan(config, root))
    means = ", ".join(map(str, WORDS["all-major"]))
    assert note.startswith(f'[tool.oxide] targets: "all-major" is {means} today and may be more tomorrow')


def test_an_override_without_effect_is_noted(sample: Sample) -> None:
    general = '[[tool.oxide.overrides]]\nmodule = "plain.kernels.*"\ntargets = ["sm_90"]\n'
    root = rewritten(sample("plain"), "line-info = false\n", f"line-info = false\n\n{general}")
    config = load_config(root, environment={})
    assert list(notes(config, plan(config, root))) == [
        "[[tool.oxide.overrides]] 1 targets: later overrides replace it everywhere; put the general one first"
    ]


def test_likely_misspelt_variables_are_noted_and_strangers_are_not(sample: Sample) -> None:
    variables = {
        "OXIDE_TARGET": "80",
        "OXIDE_TOKEN": "x",
        "OXIDE_HOST": "y",
        "OXIDE_FORCE_TARGET": "sm_80",
        "TARGETS": "z",
    }
    assert said(sample("mapped"), "sm_80", variables) == [
        'OXIDE_TARGET is no variable of oxide-build: did you mean "OXIDE_TARGETS"?'
    ]


def test_endings_are_held_against_emit_of_every_source(sample: Sample) -> None:
    root = sample("mapped")
    with pytest.raises(ConfigErrors, match=r'^OXIDE_TARGETS: "sm_90-real" asks for a cubin'):
        load_config(root, {}, {"OXIDE_TARGETS": "90-real"})
    config = load_config(root, {"oxide.emit": ["ptx", "cubin"]}, {"OXIDE_TARGETS": "90-real"})
    assert [kind for _, kind in config.settings("mapped.kernels.copy").images] == ["cubin"]


def test_the_manifest_holds_what_a_word_meant(sample: Sample) -> None:
    root = sample("mapped")
    (job,) = plan(load_config(root, {}, {"OXIDE_TARGETS": "all-major"}), root)
    (built,) = run([job], 1, lambda line: None)
    manifest = Manifest.from_json(built.files["_oxide/copy.json"].decode())
    assert manifest.requested == tuple(map(str, WORDS["all-major"]))
