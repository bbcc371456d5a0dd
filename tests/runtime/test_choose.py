"""The choice of an image: a pure function, held against a plain reading of NVIDIA's rules."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oxide_build.errors import LoadError, NoCompatibleImageError
from oxide_build.manifest import Artifact
from oxide_build.pipeline.targets import TARGETS, least_driver, parse_ptx_version
from oxide_build.runtime.choice import choose

Image = Callable[[str, str], Artifact]
Version = tuple[int, int]

CAPABILITIES = ["7.5", "8.0", "8.6", "8.7", "8.8", "8.9", "9.0", "10.0", "10.1", "10.3", "11.0", "12.0", "12.1"]
DRIVERS = [*(f"12.{minor}" for minor in range(10)), "13.0", "13.1"]

FAMILIES = [{"10.0", "10.3"}, {"10.1", "11.0"}, {"12.0", "12.1"}]
"""Capabilities that share what `f` targets allow: 10.1 is what 11.0 was called at first."""

EMBEDDED = {"8.7", "8.8", "10.1", "11.0"}

PTX_OF_CUDA = {
    **{f"6.{minor}": f"10.{minor - 3}" for minor in (3, 4, 5)},
    **{f"7.{minor}": f"11.{minor}" for minor in range(9)},
    **{f"8.{minor}": f"12.{minor}" for minor in range(6)},
    "8.6": "12.7",
    "8.7": "12.8",
    "8.8": "12.9",
    "9.0": "13.0",
    "9.1": "13.1",
}
"""The CUDA release whose driver first reads each PTX version, from the release notes of NVIDIA's PTX manual."""


def version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def capability_of(target: str) -> str:
    digits = target.removeprefix("sm_").rstrip("af")
    return f"{digits[:-1]}.{digits[-1]}"


def runs(image: Artifact, capability: str, driver: str) -> bool:
    """NVIDIA's compatibility rules, a sentence each."""
    built_for, suffix = capability_of(image.target), image.target.lstrip("sm_0123456789")
    if version(image.driver) > version(driver):
        return False
    if built_for == capability:
        return True
    if suffix == "a" or version(built_for) > version(capability):
        return False
    if suffix == "f":
        return any({built_for, capability} <= family for family in FAMILIES)
    if image.kind == "ptx":
        return True
    return built_for.split(".")[0] == capability.split(".")[0] and not {built_for, capability} & EMBEDDED


def best_by_hand(images: list[Artifact], capability: str, driver: str) -> Artifact | None:
    """The order, read aloud: machine code first; exactly this GPU, its family, any; the latest it was built for."""
    running = [image for image in images if runs(image, capability, driver)]
    for kind, suffix in product(("cubin", "ptx"), ("a", "f", "")):
        fitting = [i for i in running if i.kind == kind and i.target.lstrip("sm_0123456789") == suffix]
        if fitting:
            return max(fitting, key=lambda image: version(capability_of(image.target)))
    return None


def shipped(number: str, suffix: str, kind: Literal["ptx", "cubin"], ptx: str) -> Artifact:
    target = f"sm_{number.replace('.', '')}{suffix}"
    return Artifact(target, kind, f"f.{target}.{kind}", ptx, PTX_OF_CUDA[ptx], "", 0)


SPELLED = [
    (number, suffix)
    for number, suffix in product(CAPABILITIES, ("", "a", "f"))
    if version(number) >= {"": (7, 5), "a": (9, 0), "f": (10, 0)}[suffix]
]
"""Every target there is: a capability and a suffix."""

images = st.builds(
    lambda spelled, kind, ptx: shipped(*spelled, kind, ptx),
    st.sampled_from(SPELLED),
    st.sampled_from(["ptx", "cubin"]),
    st.sampled_from([ptx for ptx in PTX_OF_CUDA if version(ptx) >= (7, 0)]),
)
shipments = st.lists(images, unique_by=lambda image: image.file, max_size=14)
KINDS: tuple[Literal["ptx", "cubin"], ...] = "ptx", "cubin"
EVERY = [shipped(*spelled, kind, ptx) for spelled, kind, ptx in product(SPELLED, KINDS, ("8.0", "8.7"))]


@settings(max_examples=400)
@given(shipments, st.sampled_from(CAPABILITIES), st.sampled_from(DRIVERS))
@example(EVERY, "9.0", "12.8")
def test_the_choice_is_the_one_the_rules_name(images: list[Artifact], capability: str, driver: str) -> None:
    choice = choose(images, version(capability), driver)
    assert choice.artifact == best_by_hand(images, capability, driver)
    assert [verdict.artifact for verdict in choice.verdicts] == images
    assert sum(verdict.chosen for verdict in choice.verdicts) == (choice.artifact is not None)
    assert all(verdict.reason for verdict in choice.verdicts)
    assert choice == choose(images, version(capability), version(driver))


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_image_alone_and_every_two_of_them_on_every_gpu(capability: str) -> None:
    for image, driver in product(EVERY, DRIVERS):
        choice = choose([image], version(capability), driver)
        assert (choice.artifact is not None) == runs(image, capability, driver), (image, str(choice.verdicts[0]))
    for pair in combinations(EVERY, 2):
        assert choose(pair, version(capability), "12.4").artifact == best_by_hand([*pair], capability, "12.4"), pair


@settings(max_examples=200)
@given(shipments, st.sampled_from(CAPABILITIES), st.sampled_from(DRIVERS))
def test_what_runs_is_never_refused_and_what_is_refused_says_what_would_help(
    images: list[Artifact], capability: str, driver: str
) -> None:
    choice = choose(images, version(capability), driver)
    if any(runs(image, capability, driver) for image in images):
        assert runs(choice.required(), capability, driver)
        return
    with pytest.raises(NoCompatibleImageError) as caught:
        choice.required()
    newest = any(runs(image, capability, "99.0") for image in images)
    assert ("upgrade the NVIDIA driver" in str(caught.value)) == newest
    assert all(str(verdict) in str(caught.value) for verdict in choice.verdicts)


def test_targets_and_their_drivers_are_those_the_build_knows() -> None:
    assert {capability_of(name) for name in TARGETS} <= set(CAPABILITIES)
    for target in TARGETS.values():
        assert least_driver(target.ptx) == PTX_OF_CUDA[str(target.ptx)]
    assert least_driver(parse_ptx_version("8.5")) == PTX_OF_CUDA["8.5"]


@settings(max_examples=100)
@given(shipments, st.sampled_from(CAPABILITIES), st.sampled_from(["sm_90", "sm_90a", "sm_80"]))
def test_a_forced_target_is_loaded_whatever_the_rules_say(images: list[Artifact], capability: str, force: str) -> None:
    forced = [image for image in images if image.target == force]
    chosen = choose(images, version(capability), "12.0", force).artifact
    assert chosen == min(forced, key=lambda image: image.kind, default=None)


def test_machine_code_has_its_words() -> None:
    images = [shipped(number, "", "cubin", "8.0") for number in ("8.0", "8.6", "8.7", "9.0")]
    assert [
        str(verdict) for verdict in choose([*images, shipped("8.9", "", "ptx", "8.0")], (8, 9), "12.8").verdicts
    ] == [
        "sm_80 cubin: runs here, sm_86 cubin is better",
        "sm_86 cubin: chosen, the best that runs here",
        "sm_87 cubin: runs on 8.7 only, this GPU is 8.9",
        "sm_90 cubin: runs on 9.0 to 9.9, this GPU is 8.9",
        "sm_89: runs here, sm_86 cubin is better",
    ]


def test_every_image_has_its_reason(image: Image) -> None:
    images = [
        image("sm_80", "11.0"),
        image("sm_90", "11.8"),
        image("sm_90a", "12.9"),
        image("sm_100f", "12.9"),
        image("sm_103a", "12.9"),
        image("sm_120", "12.8"),
    ]
    assert [str(verdict) for verdict in choose(images, (9, 0), "12.8").verdicts] == [
        "sm_80: runs here, sm_90 is better",
        "sm_90: chosen, the best that runs here",
        "sm_90a: needs a driver for CUDA 12.9, this one is for 12.8",
        "sm_100f: runs on the family of 10.0 from there on, this GPU is 9.0",
        "sm_103a: runs on compute capability 10.3 only, this GPU is 9.0",
        "sm_120: runs on 12.0 and newer, this GPU is 9.0",
    ]


def test_no_image_for_an_old_gpu(image: Image) -> None:
    with pytest.raises(NoCompatibleImageError) as caught:
        choose([image("sm_90", "11.8"), image("sm_90a", "12.0")], (8, 6), (12, 4)).required()
    assert str(caught.value) == (
        "no image for this GPU of compute capability 8.6 with a driver for CUDA 12.4; the package ships\n"
        "  sm_90: runs on 9.0 and newer, this GPU is 8.6\n"
        "  sm_90a: runs on compute capability 9.0 only, this GPU is 8.6\n"
        '  help: add "sm_86" to targets under [tool.oxide] and rebuild the package'
    )


def test_no_image_for_an_old_driver(image: Image) -> None:
    with pytest.raises(NoCompatibleImageError, match=r"driver to one for CUDA 12\.8 or newer, which is branch 570"):
        choose([image("sm_120", "12.8"), image("sm_120f", "12.9")], (12, 0), "12.6").required()


def test_no_images_at_all() -> None:
    with pytest.raises(NoCompatibleImageError, match=r"\(none\)"):
        choose([], (12, 0), "12.6").required()


def test_a_forced_target_wins_whatever_fits(image: Image) -> None:
    choice = choose([image("sm_80", "11.0"), image("sm_120", "12.8")], (9, 0), "12.8", force="sm_120")
    assert [verdict.chosen for verdict in choice.verdicts] == [False, True]
    assert choice.verdicts[0].reason == "OXIDE_FORCE_TARGET asks for sm_120"


def test_a_target_nobody_knows(image: Image) -> None:
    with pytest.raises(LoadError, match="names a target 'gfx90'"):
        choose([image("gfx90", "11.0")], (9, 0), "12.8")
