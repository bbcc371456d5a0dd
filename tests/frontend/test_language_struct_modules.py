"""Structs of other kernel modules: one type wherever it is named, mistakes shown where they stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from oxide_build.errors import CompileErrors, SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.simulator import simulate

HEAD = "from oxide_build import gpu\nfrom oxide_build.gpu import MutSlice, Slice, f32, i32\n"

SHAPES = (
    HEAD
    + """
@gpu.struct
class Vec2:
    x: f32
    y: f32 = 2.0

UNIT = Vec2(1.0)

@gpu.device
def flipped(v: Vec2) -> Vec2:
    return Vec2(v.y, v.x)

class Host:
    x: f32
"""
)
KERNEL = (
    HEAD
    + """
from . import shapes
from .shapes import UNIT, Vec2 as V, flipped

@gpu.struct
class Pair:
    first: V
    second: shapes.Vec2

@gpu.kernel
def k(p: MutSlice[Pair], v: Slice[V]) -> None:
    p[0] = Pair(V(v[0].x), flipped(UNIT))
    match p[0].second:
        case shapes.Vec2(x=2.0, y=y):
            p[1].first = shapes.Vec2(shapes.UNIT.y, y=y)
        case V(x, _):
            p[1].first.x = -x
"""
)


def resolver(shapes: str) -> Callable[[str], SourceFile | None]:
    files = {"pkg.shapes": shapes, "pkg": ""}
    return lambda name: SourceFile(f"{name}.py", files[name], name) if name in files else None


def test_structs_of_other_modules() -> None:
    module = to_ssa(SourceFile("pkg/main.py", KERNEL, "pkg.main"), resolve=resolver(SHAPES))
    vec2 = np.dtype([("x", "f4"), ("y", "f4")])
    p, v = np.zeros(2, [("first", vec2), ("second", vec2)]), np.array([(7, 8)], vec2)
    simulate(module, describe(module)[0], 1, 1, [p, v])
    assert p.tolist() == [((7, 2), (2, 1)), ((2, 1), (0, 0))]
    assert "struct pkg.shapes.Vec2 {x: f32, y: f32}\nstruct pkg.main.Pair" in str(module)


WRONG = {
    "misspelt": ("from .shapes import Vec3\n", "Slice[Vec3]", "`Vec3` is no type of the kernel language"),
    "host": ("from .shapes import Host\n", "Slice[Host]", "`Host` is no type of the kernel language"),
    "same name": (
        "from . import shapes\n@gpu.struct\nclass Vec2:\n    x: f32\n    y: f32\n",
        "Slice[Vec2]",
        "parameter `v` of `flipped` is Vec2, this is Vec2",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses_of_other_modules_structs(name: str) -> None:
    head, type, message = WRONG[name]
    use = "shapes.flipped(v[0])" if "import shapes" in head else "pass"
    text = f"{HEAD}{head}@gpu.kernel\ndef k(v: {type}) -> None:\n    {use}\n"
    with pytest.raises(CompileErrors) as raised:
        to_ssa(SourceFile("pkg/main.py", text, "pkg.main"), resolve=resolver(SHAPES))
    assert message in str(raised.value)


def test_a_mistake_in_another_modules_struct_is_shown_there() -> None:
    with pytest.raises(CompileErrors) as raised:
        to_ssa(
            SourceFile("pkg/main.py", KERNEL, "pkg.main"),
            resolve=resolver(SHAPES.replace("    x: f32\n    y", "    x: int\n    y")),
        )
    assert "pkg.shapes.py:6:8: error: `int` has no fixed width on a GPU" in str(raised.value)
    assert len(raised.value.errors) == 1
