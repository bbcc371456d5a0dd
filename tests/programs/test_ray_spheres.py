"""Pictures against the same scene traced in NumPy, in double precision, all rays at once.

Where a ray grazes an edge, single precision may decide otherwise: a few pixels may differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oxide_build import gpu
from tests.programs.kernels import ray_spheres as tracer
from tests.programs.kernels.ray_spheres import AMBIENT, FAR, FLOOR, FLOOR_HEIGHT, FLOOR_MIRROR, NEAR, NOTHING

LIGHT = np.array([tracer.LIGHT.x, tracer.LIGHT.y, tracer.LIGHT.z])


def scene(count: int) -> Any:
    """Spheres side by side before the camera: centre, radius, brightness, mirror."""
    rng = np.random.default_rng(9)
    x, y, z = (np.arange(count) - (count - 1) / 2) * 1.6, rng.uniform(-0.3, 0.6, count), rng.uniform(3, 6, count)
    columns = [x, y, z, rng.uniform(0.4, 0.9, count), rng.uniform(0.4, 1, count), rng.uniform(0, 0.7, count)]
    packed = np.ascontiguousarray(np.stack(columns, axis=1).astype(np.float32))
    return packed.view(gpu.dtype(tracer.Sphere)).reshape(-1)


def normalized(v: Any) -> Any:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def first_hit(spheres: Any, origin: Any, way: Any) -> tuple[Any, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (FLOOR_HEIGHT - origin[:, 1]) / way[:, 1]
    nearest = np.where((way[:, 1] < 0) & (t > NEAR), t, FAR)
    hit = np.where(nearest < FAR, FLOOR, NOTHING)
    for n, sphere in enumerate(spheres):
        apart = origin - sphere[:3]
        half = (apart * way).sum(axis=1)
        under = half**2 - (apart**2).sum(axis=1) + sphere[3] ** 2
        root = np.sqrt(np.maximum(under, 0))
        t = np.where(-half - root > NEAR, -half - root, root - half)
        closer = (under >= 0) & (t > NEAR) & (t < nearest)
        nearest, hit = np.where(closer, t, nearest), np.where(closer, n, hit)
    return hit, nearest


def render(spheres: Any, rows: int, cols: int) -> Any:
    spheres = spheres.view(np.float32).reshape(-1, 6).astype(np.float64)
    row, col = (place.reshape(-1) for place in np.mgrid[:rows, :cols])
    x, y = (col + 0.5) / cols * 2 - 1, (rows - row * 2 - 1) / cols
    way, origin = normalized(np.stack([x, y, np.ones(x.shape)], axis=1)), np.zeros((rows * cols, 3))
    seen, weight = np.zeros(rows * cols), np.ones(rows * cols)
    for _ in range(tracer.BOUNCES):
        hit, t = first_hit(spheres, origin, way)
        sky, floor = hit == NOTHING, hit == FLOOR
        seen += np.where(sky, weight * (0.5 + 0.5 * way[:, 1]), 0)
        at = origin + np.where(sky, 0, t)[:, None] * way
        sphere = spheres[np.maximum(hit, 0)] if len(spheres) else np.ones((len(hit), 6))
        normal = np.where(floor[:, None], [0.0, 1.0, 0.0], normalized(at - sphere[:, :3]))
        odd = (np.floor(at[:, 0]) + np.floor(at[:, 2])) % 2 != 0
        brightness = np.where(floor, np.where(odd, 0.9, 0.3), sphere[:, 4])
        mirror = np.where(floor, FLOOR_MIRROR, sphere[:, 5])
        slope = normal @ LIGHT
        dark = (slope <= 0) | (first_hit(spheres, at, np.broadcast_to(LIGHT, at.shape))[0] != NOTHING)
        light = np.where(dark, AMBIENT, AMBIENT + slope * (1 - AMBIENT))
        seen += np.where(sky, 0, weight * (1 - mirror) * brightness * light)
        weight = np.where(sky, 0, weight * mirror)
        turned = 2 * (way * normal).sum(axis=1)
        origin, way = at + NEAR * normal, normalized(way - turned[:, None] * normal)
    return seen.reshape(rows, cols)


@pytest.mark.parametrize(("spheres", "rows", "cols"), [(1, 1, 1), (0, 9, 20), (3, 50, 77), (None, None, None)])
def test_picture(launch: Any, spheres: int | None, rows: int | None, cols: int | None) -> None:
    rows, cols = rows or launch.size(90, 1000), cols or launch.size(120, 1333)
    objects = scene(5 if spheres is None else spheres)
    image = np.full((rows, cols), np.nan, np.float32)
    launch(tracer.render, (-(-cols // 16), -(-rows // 8)), (16, 8), objects, image)
    apart = np.abs(image - render(objects, rows, cols))
    assert np.isfinite(image).all()
    assert (apart > 2e-3).mean() < 0.01, np.sort(apart, axis=None)[-10:]
    assert np.median(apart) < 1e-6
