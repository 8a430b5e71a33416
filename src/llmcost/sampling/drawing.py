"""Spreads to draws: a Latin hypercube from one seed, one stream a name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from llmcost.sampling.shapes import Points, SplitNormal
from llmcost.sampling.spreads import Z90, Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.sampling.scales import Floats

DRAWS = 4096
SEED = 20240723
# Draws up to this many are kept for the next run that has the same input: 512 of 128 kB at most.
MOST_KEPT = 16384


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
    return _strata(draws).p[_order(name, draws, seed)]


def shares(
    low: Floats, value: Floats, high: Floats, name: str, draws: int = DRAWS, seed: int = SEED
) -> Floats:
    """Return draws of shares with these 10th, 50th and 90th percentiles, one row (draws) each.

    They are what `draw` returns for each of them by itself under the same name.
    """
    strata, order = _strata(draws), _order(name, draws, seed)
    ends = (low[:, None], value[:, None], high[:, None])
    drawn = SplitNormal(ends, Z90, share=True).quantiles(Points(strata.p[order], strata.z[order]))
    exact = (low == high)[:, None]
    return np.where(exact, value[:, None], drawn) if exact.any() else drawn


def _drawn(stream: str, spread: Spread, draws: int, seed: int) -> Floats:
    return (_kept if draws <= MOST_KEPT else _made)(stream, spread, draws, seed)


@lru_cache(maxsize=512)
def _kept(stream: str, spread: Spread, draws: int, seed: int) -> Floats:
    made = _made(stream, spread, draws, seed)
    made.setflags(write=False)
    return made


def _made(stream: str, spread: Spread, draws: int, seed: int) -> Floats:
    if spread.exact:
        return np.full(draws, float(spread.value))
    return spread.quantiles(_strata(draws))[_order(stream, draws, seed)]


def _order(name: str, draws: int, seed: int) -> NDArray[np.intp]:
    """Return the order in which a stream takes the strata."""
    return (_kept_order if draws <= MOST_KEPT else _made_order)(name, draws, seed)


def _made_order(name: str, draws: int, seed: int) -> NDArray[np.intp]:
    return _stream(name, seed).permutation(draws)


_kept_order = lru_cache(maxsize=64)(_made_order)


def _stream(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(name.encode())])


@cache
def _strata(draws: int) -> Points:
    """Return the midpoints of equal strata, and their standard normal quantiles."""
    p = (np.arange(draws) + 0.5) / draws
    normal = NormalDist()
    half = np.array([normal.inv_cdf(each) for each in p[: (draws + 1) // 2].tolist()])
    return Points(p, np.concatenate([half, -half[: draws // 2][::-1]]))
