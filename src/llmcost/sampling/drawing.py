"""Spreads to draws: a Latin hypercube from one seed, one stream a name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from llmcost.sampling.shapes import Points
from llmcost.sampling.spreads import Spread

if TYPE_CHECKING:
    from llmcost.sampling.scales import Floats

DRAWS = 4096
SEED = 20240723


def draw(
    spreads: Mapping[str, Spread],
    draws: int = DRAWS,
    seed: int = SEED,
    streams: Mapping[str, str] | None = None,
) -> dict[str, Floats]:
    """Return `draws` values of each spread, reproducible by `seed`.

    Each name has a stream of its own, so that adding one input leaves the draws of others alone,
    and the same name is at the same percentile in every setup. Names that `streams` maps to one
    stream rise and fall together; all others are independent of each other.
    """
    shared = streams or {}
    return {
        name: _drawn(shared.get(name, name), spread, draws, seed)
        for name, spread in spreads.items()
    }


def uniform(name: str, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """Return stratified draws between 0 and 1, for choices among shares; one stream a name."""
    return _stream(name, seed).permutation(_strata(draws).p)


def _drawn(stream: str, spread: Spread, draws: int, seed: int) -> Floats:
    if spread.exact:
        return np.full(draws, float(spread.value))
    return _stream(stream, seed).permutation(spread.quantiles(_strata(draws)))


def _stream(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(name.encode())])


@cache
def _strata(draws: int) -> Points:
    """Return the midpoints of equal strata, and their standard normal quantiles."""
    p = (np.arange(draws) + 0.5) / draws
    normal = NormalDist()
    half = np.array([normal.inv_cdf(each) for each in p[: (draws + 1) // 2].tolist()])
    return Points(p, np.concatenate([half, -half[: draws // 2][::-1]]))
