"""Shortest ways against the plain algorithm in NumPy; lengths are whole numbers, so sums are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import floyd_warshall
from tests.programs.kernels.floyd_warshall import TILE

BLOCK = TILE, TILE


def graph(nodes: int, ways: int) -> Any:
    """Distances between nodes with some `ways` to others each; infinite where there is none."""
    rng = np.random.default_rng(7)
    distances = np.full((nodes, nodes), np.inf, np.float32)
    for row in distances:
        row[rng.integers(0, nodes, ways)] = rng.integers(1, 100, ways)
    np.fill_diagonal(distances, 0)
    return distances


def expected(distances: Any) -> Any:
    found = distances.copy()
    for k in range(len(found)):
        found = np.minimum(found, found[:, k, None] + found[None, k])
    return found


@pytest.mark.parametrize(("nodes", "ways"), [(1, 1), (16, 2), (37, 3), (None, 4)])
def test_blocked(launch: Any, nodes: int | None, ways: int) -> None:
    distances = graph(nodes or launch.size(70, 500), ways)
    shortest, tiles = expected(distances), -(-len(distances) // TILE)
    for number in range(tiles):
        launch(floyd_warshall.diagonal_tile, 1, BLOCK, number, distances)
        launch(floyd_warshall.cross_tiles, (tiles, 2), BLOCK, number, distances)
        launch(floyd_warshall.other_tiles, (tiles, tiles), BLOCK, number, distances)
    assert np.array_equal(distances, shortest)


@pytest.mark.parametrize("nodes", [1, 45])
def test_node_by_node(launch: Any, nodes: int) -> None:
    distances = graph(nodes, 3)
    shortest, tiles = expected(distances), -(-nodes // TILE)
    for k in range(nodes):
        launch(floyd_warshall.through_node, (tiles, tiles), BLOCK, k, distances)
    assert np.array_equal(distances, shortest)
