"""Lloyd's k-means: every point to its nearest centroid, every centroid to the mean of its points.

Blocks sum their own points in shared memory, whose atomics are fast, and add those sums to the whole's once.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, MutSlice2D, Slice, Slice2D, f32, i32, math

BLOCK = 128
MOST_CLUSTERS = 32
DIMENSIONS = 4


@gpu.device
def squared_distance(a: Slice[f32], b: Slice[f32]) -> f32:
    """How far two points are apart, squared."""
    total = f32(0)
    for d in gpu.static_range(DIMENSIONS):
        apart = a[d] - b[d]
        total += apart * apart
    return total


@gpu.kernel
def assign(points: Slice2D[f32], centroids: Slice2D[f32], labels: DisjointSlice[i32]) -> None:
    """labels[p] = the number of the centroid nearest to point p; the first of several."""
    gpu.require(points.shape[0] == len(labels))
    gpu.require(points.shape[1] == DIMENSIONS and centroids.shape[1] == DIMENSIONS)
    i = gpu.index_1d()
    if i >= len(labels):
        return
    point = points[i]
    nearest, least = -1, f32(math.inf)
    for c in range(centroids.shape[0]):
        distance = squared_distance(point, centroids[c])
        if distance < least:
            nearest, least = c, distance
    labels[i] = nearest


@gpu.kernel(block=BLOCK)
def accumulate(points: Slice2D[f32], labels: Slice[i32], sums: MutSlice2D[f32], counts: MutSlice[i32]) -> None:
    """Add each point to its cluster's sum and count, for a grid of any size."""
    gpu.require(points.shape[0] == len(labels) and points.shape[1] == DIMENSIONS)
    gpu.require(len(counts) <= MOST_CLUSTERS and sums.shape[0] == len(counts) and sums.shape[1] == DIMENSIONS)
    own_sums = gpu.shared_array((MOST_CLUSTERS, DIMENSIONS), f32)
    own_counts = gpu.shared_array(MOST_CLUSTERS, i32)
    thread = gpu.thread_idx.x
    for c in range(thread, len(counts), BLOCK):
        own_counts[c] = 0
        for d in gpu.static_range(DIMENSIONS):
            own_sums[c, d] = 0.0
    gpu.sync_threads()
    for i in gpu.grid_stride(len(labels)):
        label = labels[i]
        gpu.atomic_add(own_counts, label, 1)
        for d in gpu.static_range(DIMENSIONS):
            gpu.atomic_add(own_sums, (label, d), points[i, d])
    gpu.sync_threads()
    for c in range(thread, len(counts), BLOCK):
        if own_counts[c] > 0:
            gpu.atomic_add(counts, c, own_counts[c])
            for d in gpu.static_range(DIMENSIONS):
                gpu.atomic_add(sums, (c, d), own_sums[c, d])


@gpu.kernel
def move(sums: Slice2D[f32], counts: Slice[i32], centroids: MutSlice2D[f32]) -> None:
    """Each centroid to its cluster's mean; one without points stays where it is."""
    gpu.require(sums.shape[0] == len(counts) and centroids.shape[0] == len(counts))
    gpu.require(sums.shape[1] == centroids.shape[1])
    c = gpu.index_1d()
    if c < len(counts) and counts[c] > 0:
        for d in range(centroids.shape[1]):
            centroids[c, d] = sums[c, d] / f32(counts[c])
