"""Each step of k-means against NumPy in double precision, and the whole of it finding the clusters it was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import kmeans


def clustered(count: int, clusters: int) -> tuple[Any, Any]:
    """Points around centres that lie far apart, and the centres."""
    rng = np.random.default_rng(3)
    centres = np.stack([np.arange(clusters) * 10.0, *rng.uniform(-5, 5, (kmeans.DIMENSIONS - 1, clusters))], axis=1)
    points = centres[np.arange(count) % clusters] + rng.normal(0, 0.5, (count, kmeans.DIMENSIONS))
    return points.astype(np.float32), centres.astype(np.float32)


def step(launch: Any, points: Any, centroids: Any, labels: Any) -> Any:
    """One round: `labels` and `centroids` change in place; gives the counts."""
    sums, counts = np.zeros_like(centroids), np.zeros(len(centroids), np.int32)
    launch(kmeans.assign, -(-len(points) // 256), 256, points, centroids, labels)
    launch(kmeans.accumulate, 12, kmeans.BLOCK, points, labels, sums, counts)
    launch(kmeans.move, 1, 32, sums, counts, centroids)
    return counts


@pytest.mark.parametrize(("count", "clusters"), [(1, 1), (1000, 7), (None, kmeans.MOST_CLUSTERS)])
def test_step(launch: Any, count: int | None, clusters: int) -> None:
    points, centroids = clustered(count or launch.size(10_007, 1_000_003), clusters)
    centroids += np.float32(0.3)
    before, labels = centroids.astype(np.float64), np.full(len(points), -9, np.int32)
    counts = step(launch, points, centroids, labels)
    distances = np.stack([((points - centre) ** 2).sum(axis=1) for centre in before], axis=1)
    assert (distances[np.arange(len(points)), labels] <= distances.min(axis=1) * (1 + 1e-5)).all()
    assert np.array_equal(counts, np.bincount(labels, minlength=clusters))
    means = [points[labels == c].mean(axis=0, dtype=np.float64) for c in range(clusters)]
    assert np.allclose(centroids, means, rtol=1e-3, atol=1e-3)


def test_finds_the_clusters(launch: Any) -> None:
    points, centres = clustered(launch.size(5_000, 500_000), 5)
    centroids, labels = centres + np.float32(1.5), np.empty(len(points), np.int32)
    for _ in range(4):
        step(launch, points, centroids, labels)
    assert np.array_equal(labels, np.arange(len(points)) % 5)
    assert np.abs(centroids - centres).max() < 0.1


def test_a_centroid_without_points_stays(launch: Any) -> None:
    points, labels = np.zeros((10, kmeans.DIMENSIONS), np.float32), np.empty(10, np.int32)
    centroids = np.array([[0.5] * kmeans.DIMENSIONS, [9.0] * kmeans.DIMENSIONS], np.float32)
    assert step(launch, points, centroids, labels).tolist() == [10, 0]
    assert centroids.tolist() == [[0.0] * kmeans.DIMENSIONS, [9.0] * kmeans.DIMENSIONS]


def test_no_points_move_nothing(launch: Any) -> None:
    centroids = np.ones((3, kmeans.DIMENSIONS), np.float32)
    points, labels = np.zeros((0, kmeans.DIMENSIONS), np.float32), np.zeros(0, np.int32)
    sums, counts = np.zeros_like(centroids), np.zeros(3, np.int32)
    launch(kmeans.accumulate, 2, kmeans.BLOCK, points, labels, sums, counts)
    launch(kmeans.move, 1, 32, sums, counts, centroids)
    assert (centroids == 1).all()
