"""Monte Carlo with a counter for a generator: pi by darts, an option's price by simulated paths.

Philox 4x32 with 10 rounds turns (counter, key) into four random words with no state to keep: the word that a sample
uses depends on nothing but the seed and the sample's number, so results do not depend on how the work is spread.
Random bits follow J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, MutSlice2D, f32, f64, i32, math, u32, u64

BLOCK = 256
MULTIPLIER_0 = u64(0xD2511F53)
MULTIPLIER_1 = u64(0xCD9E8D57)
WEYL_0 = u32(0x9E3779B9)
WEYL_1 = u32(0xBB67AE85)
ROUNDS = 10
UNIT = 2.0**-32
TURN = 6.283185307179586


@gpu.device
def high_and_low(a: u64, b: u32) -> tuple[u32, u32]:
    """The two halves of a product of 32-bit numbers."""
    product = a * u64(b)
    return u32(product >> 32), u32(product)


@gpu.device
def philox(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32) -> tuple[u32, u32, u32, u32]:
    """Four random words for a counter of four words and a key of two."""
    for _ in gpu.static_range(ROUNDS):
        high_0, low_0 = high_and_low(MULTIPLIER_0, c0)
        high_1, low_1 = high_and_low(MULTIPLIER_1, c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0 += WEYL_0
        k1 += WEYL_1
    return c0, c1, c2, c3


@gpu.device
def words(sample: u64, stream: u32, seed: u64) -> tuple[u32, u32, u32, u32]:
    """The random words number `sample` of a stream."""
    return philox(u32(sample), u32(sample >> 32), stream, 0, u32(seed), u32(seed >> 32))


@gpu.device
def unit(word: u32) -> f64:
    """A random number above 0 and below 1, exact: the middle of one of 2**32 equal parts."""
    return (f64(word) + 0.5) * UNIT


@gpu.device
def block_total(scratch: MutSlice[f64], thread: i32, value: f64) -> f64:
    """The sum of every thread's `value`, right in thread 0."""
    scratch[thread] = value
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            scratch[thread] += scratch[thread + half]
        gpu.sync_threads()
        half //= 2
    return scratch[0]


@gpu.kernel
def fill(seed: u64, stream: u32, out: MutSlice2D[u32]) -> None:
    """out[n] = the four words number n."""
    gpu.require(out.shape[1] == 4)
    for i in gpu.grid_stride(out.shape[0]):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = words(u64(i), stream, seed)


@gpu.kernel
def darts(seed: u64, samples: i32, hits: MutSlice[u64]) -> None:
    """hits[0] += how many of `samples` points of a square lie in its quarter of the unit circle; an exact count."""
    found = 0
    for i in gpu.grid_stride(samples):
        x_word, y_word, _, _ = words(u64(i), 0, seed)
        x, y = u64(x_word >> 1), u64(y_word >> 1)
        if x * x + y * y < 1 << 62:
            found += 1
    for step in gpu.static_range(5):
        found += gpu.shuffle_xor(found, 1 << step)
    if gpu.lane_id() == 0:
        gpu.atomic_add(hits, 0, u64(found))


@gpu.kernel(block=BLOCK)
def asian_call(
    seed: u64, paths: i32, days: i32, spot: f64, strike: f64, drift: f64, step_volatility: f64, payoffs: MutSlice[f64]
) -> None:
    """payoffs[0] += what `paths` calls on the average price over `days` pay; payoffs[1] += the squares.

    `drift` and `step_volatility` are those of a day's logarithm. A path takes two days' normal numbers from each four
    words, by Box and Muller's transform.
    """
    scratch = gpu.shared_array(BLOCK, f64)
    total, squares = f64(0), f64(0)
    for i in gpu.grid_stride(paths):
        log_price, sum_of_prices = f64(0), f64(0)
        for day in range(0, days, 2):
            first, second, _, _ = words(u64(i), u32(day), seed)
            radius = math.sqrt(-2.0 * math.log(unit(first)))
            angle = unit(second) * TURN
            log_price += drift + step_volatility * radius * math.cos(angle)
            sum_of_prices += math.exp(log_price)
            if day + 1 < days:
                log_price += drift + step_volatility * radius * math.sin(angle)
                sum_of_prices += math.exp(log_price)
        payoff = max(spot * sum_of_prices / days - strike, 0.0)
        total += payoff
        squares += payoff * payoff
    thread = gpu.thread_idx.x
    total = block_total(scratch, thread, total)
    gpu.sync_threads()
    squares = block_total(scratch, thread, squares)
    if thread == 0:
        gpu.atomic_add(payoffs, 0, total)
        gpu.atomic_add(payoffs, 1, squares)


@gpu.kernel
def uniform(seed: u64, out: MutSlice[f32]) -> None:
    """out[n] = a random number from 0 up to below 1, of 24 bits, the first word number n."""
    for i in gpu.grid_stride(len(out)):
        word, _, _, _ = words(u64(i), 0, seed)
        out[i] = f32(word >> 8) * 2.0**-24
