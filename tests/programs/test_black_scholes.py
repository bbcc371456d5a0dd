"""Option prices against the formula in float64, with Python's own `erfc`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import black_scholes

RATE, VOLATILITY = 0.03, 0.25
erfc = np.vectorize(math.erfc, otypes=[float])


def expected_prices(spot: Any, strike: Any, years: Any) -> tuple[Any, Any]:
    spread = VOLATILITY * np.sqrt(years)
    d1 = (np.log(spot / strike) + (RATE + VOLATILITY**2 / 2) * years) / spread
    paid = strike * np.exp(-RATE * years)
    below = [erfc(-d / math.sqrt(2)) / 2 for d in (d1, d1 - spread, spread - d1, -d1)]
    return spot * below[0] - paid * below[1], paid * below[2] - spot * below[3]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float64, 1e-14)], ids=["f32", "f64"])
@pytest.mark.parametrize("count", [1, 1000, None])
def test_prices(launch: Any, count: int | None, dtype: Any, tolerance: float) -> None:
    rng, count = np.random.default_rng(1), count or launch.size(20_011, 1_000_003)
    spot, strike = (rng.uniform(5, 100, count).astype(dtype) for _ in range(2))
    years = rng.uniform(0.1, 10, count).astype(dtype)
    call, put = np.full(count, np.nan, dtype), np.full(count, np.nan, dtype)
    kernel = black_scholes.price_single if dtype == np.float32 else black_scholes.price_double
    launch(kernel, 64, 128, RATE, VOLATILITY, spot, strike, years, call, put)
    exact_prices = expected_prices(*(a.astype(np.float64) for a in (spot, strike, years)))
    for found, exact in zip((call, put), exact_prices, strict=True):
        assert np.abs(found - exact).max() <= tolerance * 100


def test_at_expiry_an_option_is_worth_what_it_pays(launch: Any) -> None:
    spot, strike, years = np.array([3.0, 5.0]), np.array([5.0, 3.0]), np.zeros(2)
    call, put = np.empty(2), np.empty(2)
    launch(black_scholes.price_double, 1, 32, RATE, VOLATILITY, spot, strike, years, call, put)
    assert call.tolist() == [0.0, 2.0]
    assert put.tolist() == [2.0, 0.0]


def test_no_options(launch: Any) -> None:
    nothing = np.zeros(0, np.float32)
    launch(black_scholes.price_single, 1, 32, RATE, VOLATILITY, nothing, nothing, nothing, nothing, nothing)
