"""The discrete Fourier transform of 2**k complex points, by Stockham's radix-2 passes: no bit reversal.

Pass number p joins transforms of `span` = 2**p points into ones of twice as many, and writes them in order. Short
transforms make all passes in shared memory, one block a row; long ones make one pass a launch, between two arrays.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, MutSlice2D, Slice, f32, i32, math

HALF_POINTS = 256
POINTS = 2 * HALF_POINTS
PI = 3.141592653589793


@gpu.device
def twiddle(place: i32, span: i32, sign: f32) -> tuple[f32, f32]:
    """The `place`-th of the half circle's `span` roots of one, real and imaginary part."""
    angle = sign * PI * place / span
    return math.cos(angle), math.sin(angle)


@gpu.device
def product(a_re: f32, a_im: f32, b_re: f32, b_im: f32) -> tuple[f32, f32]:
    """The product of two complex numbers."""
    return a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re


@gpu.kernel(block=HALF_POINTS)
def transform_rows(sign: f32, re: MutSlice2D[f32], im: MutSlice2D[f32]) -> None:
    """Every row, of POINTS points, to its transform in place; `sign` is -1 forward, 1 back. A block a row."""
    gpu.require(re.shape[1] == POINTS and im.shape[1] == POINTS and re.shape[0] == im.shape[0])
    row, thread = gpu.block_idx.x, gpu.thread_idx.x
    work_re = gpu.shared_array(POINTS, f32)
    work_im = gpu.shared_array(POINTS, f32)
    if row >= re.shape[0]:
        return
    for i in range(thread, POINTS, HALF_POINTS):
        work_re[i] = re[row, i]
        work_im[i] = im[row, i]
    gpu.sync_threads()
    span = 1
    while span < POINTS:
        place = thread % span
        a_re, a_im = work_re[thread], work_im[thread]
        w_re, w_im = twiddle(place, span, sign)
        b_re, b_im = product(work_re[thread + HALF_POINTS], work_im[thread + HALF_POINTS], w_re, w_im)
        gpu.sync_threads()
        to = (thread - place) * 2 + place
        work_re[to], work_im[to] = a_re + b_re, a_im + b_im
        work_re[to + span], work_im[to + span] = a_re - b_re, a_im - b_im
        gpu.sync_threads()
        span *= 2
    for i in range(thread, POINTS, HALF_POINTS):
        re[row, i] = work_re[i]
        im[row, i] = work_im[i]


@gpu.kernel
def transform_pass(
    span: i32, sign: f32, re: Slice[f32], im: Slice[f32], out_re: MutSlice[f32], out_im: MutSlice[f32]
) -> None:
    """One pass over all points, for a grid of any size; the host doubles `span` from 1 and swaps the arrays."""
    gpu.require(len(re) == len(im) and len(re) == len(out_re) and len(re) == len(out_im))
    gpu.require(len(re) % 2 == 0 and span >= 1)
    half = len(re) // 2
    for i in gpu.grid_stride(half):
        place = i % span
        w_re, w_im = twiddle(place, span, sign)
        b_re, b_im = product(re[i + half], im[i + half], w_re, w_im)
        to = (i - place) * 2 + place
        out_re[to], out_im[to] = re[i] + b_re, im[i] + b_im
        out_re[to + span], out_im[to + span] = re[i] - b_re, im[i] - b_im
