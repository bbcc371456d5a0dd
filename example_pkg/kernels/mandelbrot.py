"""The Mandelbrot set."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, f64, i32


@gpu.kernel
def mandelbrot(left: f64, top: f64, step: f64, limit: i32, counts: DisjointSlice2D[i32]) -> None:
    """For the point of each pixel, how many iterations of z² + c stay within |z| <= 2, at most `limit`.

    Pixel (0, 0) is the point `left + top i`; the next one to the right is `step` away, as is the one below. In
    double precision, since the set's edge is what single precision blurs first.
    """
    row, col = gpu.index_2d()
    if row >= counts.shape[0] or col >= counts.shape[1]:
        return
    c_real = left + f64(col) * step
    c_imag = top - f64(row) * step
    real, imag = f64(0), f64(0)
    count = 0
    while count < limit and real * real + imag * imag <= 4.0:
        real, imag = real * real - imag * imag + c_real, 2.0 * real * imag + c_imag
        count += 1
    counts[row, col] = count
