"""European options by Black and Scholes' closed formula, in single and in double precision.

Each thread prices as many options as the grid leaves it. The normal distribution's integral is half a complementary
error function, whose relative accuracy holds in the tail, where prices of options far from the money come from.
"""

from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32, f64, math

T = TypeVar("T", f32, f64)

SQRT_HALF = 0.5**0.5


@gpu.device
def cumulative_normal(x: T) -> T:
    """The share of a standard normal distribution below `x`."""
    return 0.5 * math.erfc(-x * SQRT_HALF)


@gpu.device
def prices(spot: T, strike: T, years: T, rate: T, volatility: T) -> tuple[T, T]:
    """What a call and a put are worth today; at expiry, what they pay."""
    spread = volatility * math.sqrt(years)
    if spread <= 0.0:
        return max(spot - strike, 0.0), max(strike - spot, 0.0)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    paid = strike * math.exp(-rate * years)
    call = spot * cumulative_normal(d1) - paid * cumulative_normal(d2)
    put = paid * cumulative_normal(-d2) - spot * cumulative_normal(-d1)
    return call, put


@gpu.kernel
def price_single(
    rate: f32,
    volatility: f32,
    spot: Slice[f32],
    strike: Slice[f32],
    years: Slice[f32],
    call: DisjointSlice[f32],
    put: DisjointSlice[f32],
) -> None:
    """Price every option in f32, for a grid of any size."""
    gpu.require(len(spot) == len(strike) and len(spot) == len(years))
    gpu.require(len(spot) == len(call) and len(spot) == len(put))
    for i in gpu.grid_stride(len(spot)):
        call[i], put[i] = prices(spot[i], strike[i], years[i], rate, volatility)


@gpu.kernel
def price_double(
    rate: f64,
    volatility: f64,
    spot: Slice[f64],
    strike: Slice[f64],
    years: Slice[f64],
    call: DisjointSlice[f64],
    put: DisjointSlice[f64],
) -> None:
    """Price every option in f64, for a grid of any size."""
    gpu.require(len(spot) == len(strike) and len(spot) == len(years))
    gpu.require(len(spot) == len(call) and len(spot) == len(put))
    for i in gpu.grid_stride(len(spot)):
        call[i], put[i] = prices(spot[i], strike[i], years[i], rate, volatility)
