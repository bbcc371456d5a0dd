"""Structs as authors write them, for the type checkers: nothing here may need a cast or an ignore."""

from __future__ import annotations

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, bf16, f16, f32, f64, i8, i16, i32, u64


@gpu.struct
class Vec3:
    """A point in space."""

    x: f32
    y: f32
    z: f32 = f32(0.0)


@gpu.struct
class Particle:
    """Something that moves."""

    alive: bool
    position: Vec3
    mass: f64 = f64(1.0)
    home: Vec3 = Vec3(f32(0.0), f32(0.0))


@gpu.struct
class Nasty:
    """Fields that leave holes everywhere."""

    flag: bool
    wide: f64
    small: i8
    inner: Particle
    half: f16
    brain: bf16
    count: i16
    last: u64
    end: bool


ORIGIN = Vec3(f32(0.0), f32(0.0), f32(0.0))


@gpu.device
def add(a: Vec3, b: Vec3) -> Vec3:
    """The sum, field by field."""
    return Vec3(a.x + b.x, a.y + b.y, z=a.z + b.z)


@gpu.kernel
def drift(p: MutSlice[Particle], shift: Vec3, far: DisjointSlice[f32], seen: Slice[i32]) -> None:
    """Move what is alive; note how far."""
    gpu.require(len(far) <= len(p))
    i = gpu.index_1d()
    if i < len(far):
        if p[i].alive:
            p[i].position = add(p[i].position, shift)
            p[i].mass *= 0.5
        here = p[i].position
        here.x += shift.x
        match here:
            case Vec3(x=0.0, y=y):
                far[i] = y
            case Vec3(x, y, z) if x > 1.0:
                far[i] = x + y + z
            case other:
                far[i] = other.x if other != ORIGIN else f32(seen[i])


@gpu.kernel
def copy_nasty(source: Slice[Nasty], target: MutSlice[Nasty]) -> None:
    """Every field."""
    i = gpu.index_1d()
    if i < len(target):
        target[i] = source[i]
