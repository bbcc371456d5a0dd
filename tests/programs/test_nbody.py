"""Forces and a short flight of many bodies against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.kernels import nbody

BLOCK = nbody.BLOCK


def bodies_of(n: int) -> np.ndarray:
    """Places in a cube, masses that add up to 1."""
    bodies = np.random.default_rng(n).random((n, 4), np.float32)
    bodies[:, 3] /= bodies[:, 3].sum()
    return bodies


def pulls(bodies: np.ndarray) -> np.ndarray:
    """The acceleration of every body, a fourth column of zeros."""
    result = np.zeros(bodies.shape)
    places, masses = bodies[:, :3].astype(np.float64), bodies[:, 3].astype(np.float64)
    for i, place in enumerate(places):
        apart = places - place
        result[i, :3] = (masses * ((apart**2).sum(axis=1) + nbody.SOFTENING) ** -1.5) @ apart
    return result


def fly(launch: Launcher, bodies: np.ndarray, velocities: np.ndarray, dt: float, steps: int) -> None:
    """Move the bodies by leapfrog."""
    blocks, accelerations = -(-len(bodies) // BLOCK), np.full_like(bodies, np.nan)
    launch(nbody.accelerate, blocks, BLOCK, bodies, accelerations)
    for _ in range(steps):
        launch(nbody.kick, blocks, BLOCK, dt / 2, accelerations, velocities)
        launch(nbody.drift, blocks, BLOCK, dt, velocities, bodies)
        launch(nbody.accelerate, blocks, BLOCK, bodies, accelerations)
        launch(nbody.kick, blocks, BLOCK, dt / 2, accelerations, velocities)


def fly_exactly(bodies: np.ndarray, velocities: np.ndarray, dt: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    bodies, velocities = bodies.astype(np.float64), velocities.astype(np.float64)
    accelerations = pulls(bodies)
    for _ in range(steps):
        velocities[:, :3] += accelerations[:, :3] * dt / 2
        bodies[:, :3] += velocities[:, :3] * dt
        accelerations = pulls(bodies)
        velocities[:, :3] += accelerations[:, :3] * dt / 2
    return bodies, velocities


@pytest.mark.parametrize("n", [1, 2, 127, 128, 129, "many"])
def test_forces(launch: Launcher, n: int | str) -> None:
    bodies = bodies_of(launch.size(700, 8_193) if isinstance(n, str) else n)
    found = np.full_like(bodies, np.nan)
    launch(nbody.accelerate, -(-len(bodies) // BLOCK), BLOCK, bodies, found)
    np.testing.assert_allclose(found, pulls(bodies), rtol=1e-4, atol=1e-4)


def test_flight(launch: Launcher) -> None:
    bodies = bodies_of(launch.size(150, 2_000))
    velocities = np.zeros_like(bodies)
    expected = fly_exactly(bodies, velocities, 1e-2, 10)
    fly(launch, bodies, velocities, 1e-2, 10)
    np.testing.assert_allclose(bodies, expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(velocities, expected[1], rtol=1e-3, atol=1e-4)
