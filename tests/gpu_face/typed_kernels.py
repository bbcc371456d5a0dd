"""Kernels as authors write them, for the type checkers: nothing here may need a cast or an ignore."""

from oxide_build import gpu
from oxide_build.gpu import (
    DisjointSlice,
    DisjointSlice2D,
    MutSlice,
    MutSlice2D,
    Slice,
    Slice2D,
    f32,
    f64,
    i32,
    i64,
    math,
    u32,
)

TILE = 16
EMPTY = u32(0xFFFFFFFF)


@gpu.kernel
def saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """y = a * x + y, one element a thread."""
    gpu.require(len(x) >= len(y))
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * x[i] + y[i]


@gpu.device
def clamp(x: f32, low: f32, high: f32) -> f32:
    """`x` kept between `low` and `high`."""
    return low if x < low else high if x > high else x


@gpu.kernel(block=256)
def dot(x: Slice[f32], y: Slice[f32], out: MutSlice[f32]) -> None:
    """The dot product, by a tree in shared memory and one atomic a block."""
    partial = gpu.shared_array(256, f32)
    t = gpu.thread_idx.x
    total = f32(0.0)
    for i in gpu.grid_stride(len(x)):
        total += x[i] * y[i]
    partial[t] = total
    gpu.sync_threads()
    stride = gpu.block_dim.x // 2
    while stride > 0:
        if t < stride:
            partial[t] += partial[t + stride]
        gpu.sync_threads()
        stride //= 2
    if t == 0:
        gpu.atomic_add(out, 0, partial[0])


@gpu.kernel(block=(TILE, TILE))
def matmul(a: Slice2D[f32], b: Slice2D[f32], c: DisjointSlice2D[f32]) -> None:
    """c = a @ b in tiles."""
    row, col = gpu.index_2d()
    tile = gpu.shared_array((TILE, TILE), f32)
    tx, ty = gpu.thread_idx.x, gpu.thread_idx.y
    total = f32(0.0)
    for k in range(0, a.shape[1], TILE):
        tile[ty, tx] = a[row, k + tx]
        gpu.sync_threads()
        for j in range(TILE):
            total += tile[ty, j] * b[k + j, col]
        gpu.sync_threads()
    if row < c.shape[0] and col < c.shape[1]:
        c[row, col] = 2.0 * total


@gpu.kernel
def histogram(x: Slice[u32], bins: MutSlice[i32], scale: f64) -> None:
    """Counts, and the functions of `gpu.math`."""
    i = gpu.index_1d()
    if i < len(x) and x[i] != EMPTY:
        old = gpu.atomic_add(bins, i32(x[i]) % len(bins), 1)
        bins[0] = old + i32(math.sqrt(scale) * math.pow(scale, 2.0))


@gpu.device
def mixed(x: f32, n: u32) -> tuple[f32, u32]:
    """Functions of bits keep the types a checker sees."""
    whole, rest = divmod(x, 2.0)
    wide = gpu.fma(gpu.rsqrt(whole), rest, 1.0)
    far = math.ldexp(math.hypot(wide, x), 3) if math.isfinite(wide) else math.round(wide)
    return far, gpu.brev(gpu.bitcast(far, u32)) + u32(gpu.popc(n))


@gpu.kernel
def smooth(x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """Arithmetic with indices, a device function, literals on either side."""
    for i in gpu.grid_stride(len(y)):
        left, right = x[i - 1], x[(i + 1) % len(x)]
        y[i] = clamp(left * 0.25 + right / 2 - -(x[i] ** 2), f32(0.0), f32(1.0)) + i * 0.5


@gpu.kernel
def parallel(counts: MutSlice[u32], totals: MutSlice[f64], places: MutSlice[i32]) -> None:
    """Atomics, warp operations and counting barriers keep the types of what they are given."""
    lane: i32 = gpu.lane_id()
    old: u32 = gpu.atomic_cas(counts, 0, 0, 1, order="acquire", scope="block")
    found: u32 = gpu.atomic_inc(counts, 1, 31) + gpu.atomic_or_(counts, 2, old)
    total: f64 = gpu.shuffle_xor(totals[lane], 1) + gpu.atomic_load(totals, 0, order="seq_cst")
    gpu.atomic_store(totals, lane, gpu.shuffle(total, 0, mask=gpu.active_mask()), order="release")
    gpu.thread_fence("system")
    gpu.sync_warp()
    here: i32 = gpu.sync_threads_count(gpu.any(found == 0) and gpu.all(lane < 40))
    places[lane] = gpu.reduce_max(lane) + here + i32(gpu.clock64() - gpu.clock64())
    counts[lane] = gpu.ballot(total > 0.0) | gpu.match_any(total)


@gpu.device
def first_above(row: Slice[f32], limit: f32) -> i32:
    """A literal is returned where a scalar is declared, as is a loop's variable."""
    for i in range(len(row)):
        if row[i] > limit:
            return i
    return -1


@gpu.device
def widened(a: f32, b: f64, n: i32, m: i64) -> f64:
    """Numbers of one kind combine in the wider one, integers with floats in the float."""
    half: f64 = 0.5
    return half * a + b * (n + m)


@gpu.kernel
def weak(x: MutSlice2D[f32], places: MutSlice[i64], out: MutSlice[f64]) -> None:
    """Writable arrays where readable ones are declared, literals as arguments, membership, constants of `math`."""
    low: f32 = math.inf
    for row in range(x.shape[0]):
        low = min(low, x[row, 0])
        places[row] = first_above(x[row], 0.5 * low)
    if gpu.thread_idx.x not in (0, 1):
        out[0] = widened(1, 2.0 * low, 3, 4)


@gpu.kernel
def agreed(n: i32, x: MutSlice[f64], places: MutSlice[i32]) -> None:
    """What threads are said to agree on keeps its type."""
    i: i32 = gpu.assume_uniform(n)
    value: f64 = gpu.assume_uniform(x[i])
    if gpu.assume_uniform(value > 0.0):
        gpu.sync_threads()
        places[i] = gpu.assume_uniform(3) + i
