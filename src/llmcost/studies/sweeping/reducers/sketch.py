"""Counts of values in buckets whose width is a fixed share of the value; sums of them are exact.

A bucket is a run of floating-point numbers with the same sign, exponent and first nine bits of the
mantissa: 512 buckets an octave, each at most 1/512 wide relative to its lower end. Its middle is
within 1/1024 (0.098%) of every value inside. The bucket of a value is a shift of its bits: the same
on every machine, in any order, and fast. Beside the counts, the smallest and the largest value of
each group are kept as they are. The idea of buckets with a relative width is that of DDSketch
(Masson, Rim and Lee, PVLDB 12, 2019, arXiv 1908.10693), with bits instead of logarithms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

ACCURACY = 2.0**-10
BITS = 9
SHIFT = 52 - BITS
INFINITY = 2047 << BITS
# Numbers with less than a whole mantissa (below 2.2e-308) count as zero.
SMALLEST = 1 << BITS
TINY = float(np.finfo(np.float64).tiny)
UNKNOWN = -(1 << 20)
SPAN = 1 << 21
# Buckets that are counted as an array; a wider range of values is sorted instead.
WIDEST = 1 << 17
CHUNK = 1 << 14
LOOSE = 1 << 16
# Values a group of a batch needs to be counted on its own.
MANY = 2048


class Content(NamedTuple):
    """Buckets by group and key: counts, and the ends of a group on its first and last bucket."""

    group: Whole
    key: Whole
    counts: Whole
    least: Floats
    most: Floats


class Sketch:
    """Counts of buckets of any number of groups."""

    def __init__(self) -> None:
        self._pieces: list[Content] = []
        self._loose, self._held = 0, 0

    def add(self, group: int, values: Floats) -> None:
        """Count values of one group."""
        if not values.size:
            return
        key, count = counted(values.ravel())
        least, most = ends(values)
        self.add_content(_with_ends(np.full(key.size, group), key, count, [least], [most]))

    def add_rows(self, ids: Whole, code: Whole, values: Floats) -> None:
        """Count rows of values, each row of the group that its code points to."""
        values = values.reshape(code.size, -1)
        if not values.size:
            return
        if values.size < MANY * ids.size:
            self.add_content(_counted_rows(ids, code, values))
            return
        order = np.argsort(code, kind="stable")
        bounds = np.searchsorted(code[order], np.arange(ids.size + 1))
        for at, group in enumerate(ids.tolist()):
            self.add(group, values[order[bounds[at] : bounds[at + 1]]])

    def add_content(self, content: Content) -> None:
        """Add buckets that were counted elsewhere."""
        self._pieces.append(content)
        self._loose += content.key.size
        if self._loose > max(LOOSE, self._held):
            self._held, self._loose = self.content().key.size, 0

    def content(self) -> Content:
        """Return all buckets in order; the same whatever the order in which values came."""
        if not self._pieces:
            none = np.zeros(0, np.int64)
            return Content(none, none, none, np.zeros(0), np.zeros(0))
        whole = Content._make(np.concatenate(parts) for parts in zip(*self._pieces, strict=True))
        order = np.argsort(whole.group * SPAN + whole.key, kind="stable")
        self._pieces = [_summed(part(whole, order))]
        return self._pieces[0]


def _summed(c: Content) -> Content:
    """Return sorted buckets, each once."""
    new = np.ones(c.key.size, dtype=bool)
    new[1:] = (c.key[1:] != c.key[:-1]) | (c.group[1:] != c.group[:-1])
    count = np.add.reduceat(c.counts, np.flatnonzero(new))
    first = np.flatnonzero(np.concatenate([[True], c.group[1:] != c.group[:-1]]))
    least = np.fmin.reduceat(c.least, first)
    most = np.fmax.reduceat(c.most, first)
    return _with_ends(c.group[new], c.key[new], count, least, most)


def _with_ends(group: Whole, key: Whole, count: Whole, least: Any, most: Any) -> Content:  # noqa: ANN401
    """Return buckets with the ends of each group on its first and its last one."""
    change = group[1:] != group[:-1]
    low, high = np.full(key.size, np.nan), np.full(key.size, np.nan)
    low[np.concatenate([[True], change])] = least
    high[np.concatenate([change, [True]])] = most
    return Content(group, key, count, low, high)


def part(content: Content, rows: Any) -> Content:  # noqa: ANN401
    """Return some of the buckets, by a slice or a mask."""
    key, least, most = content.key[rows], content.least[rows], content.most[rows]
    return Content(content.group[rows], key, content.counts[rows], least, most)


def ends(values: Floats) -> tuple[float, float]:
    """Return the smallest and the largest of values that are known, NaN where none is."""
    low, high = float(values.min()), float(values.max())
    if not np.isnan(low):
        return low, high
    known = values[~np.isnan(values)]
    return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)


def counted(values: Floats) -> tuple[Whole, Whole]:
    """Return the keys of the buckets of values, rising, and how many are in each."""
    low, high = values.min(), values.max()
    if low >= TINY and high < np.inf:
        first = int(low.view(np.int64)) >> SHIFT
        size = (int(high.view(np.int64)) >> SHIFT) - first + 1
        if size <= WIDEST:
            return _tallied(values.view(np.int64), first, size)
    return np.unique(keys(values), return_counts=True)


def _tallied(bits: Whole, first: int, size: int) -> tuple[Whole, Whole]:
    """Return keys and counts of positive numbers between two near ends."""
    counts = np.zeros(size, dtype=np.int64)
    step = max(CHUNK, size)
    room = np.empty(min(step, bits.size), dtype=np.int64)
    for at in range(0, bits.size, step):
        part = bits[at : at + step]
        place = room[: part.size]
        np.right_shift(part, SHIFT, out=place)
        place -= first
        counts += np.bincount(place, minlength=size)
    found = np.flatnonzero(counts)
    return found + first, counts[found]


def keys(values: Floats) -> Whole:
    """Return the key of each value: it rises with the value; negative for negative ones.

    Zero has the key 0, infinity `INFINITY`, and what is not known the lowest of all.
    """
    bits = np.ascontiguousarray(values).view(np.int64)
    size = (bits & np.int64(0x7FFF_FFFF_FFFF_FFFF)) >> SHIFT
    key = np.where(bits < 0, -size, size)
    key[size < SMALLEST] = 0
    key[np.isnan(values)] = UNKNOWN
    return key


def middles(key: Whole) -> Floats:
    """Return the value that stands for each bucket: its middle, or zero, or infinity."""
    size = np.abs(key)
    value: Floats = ((size << SHIFT) | (1 << (SHIFT - 1))).view(np.float64)
    value[size >= INFINITY] = np.inf
    value[size == 0] = 0.0
    value = np.where(key < 0, -value, value)
    value[key == UNKNOWN] = np.nan
    return value


def lower_ends(key: Whole) -> Floats:
    """Return the smallest number of each bucket of positive numbers."""
    return (key << SHIFT).view(np.float64)


def _counted_rows(ids: Whole, code: Whole, values: Floats) -> Content:
    """Return the buckets of rows of few values, all groups at once."""
    each = np.repeat(code, values.shape[1])
    flat = values.ravel()
    both, count = np.unique(each * SPAN + keys(flat) - UNKNOWN, return_counts=True)
    at, key = both // SPAN, both % SPAN + UNKNOWN
    least, most = np.full(ids.size, np.inf), np.full(ids.size, -np.inf)
    known = ~np.isnan(flat)
    np.minimum.at(least, each[known], flat[known])
    np.maximum.at(most, each[known], flat[known])
    nothing = least > most
    least[nothing] = most[nothing] = np.nan
    present = np.unique(at)
    order = np.argsort(ids[at], kind="stable")
    rising = present[np.argsort(ids[present], kind="stable")]
    return _with_ends(ids[at][order], key[order], count[order], least[rising], most[rising])


def quantiles(content: Content, at: tuple[float, ...]) -> tuple[Whole, dict[str, NDArray[Any]]]:
    """Return groups, and for each the numbers of values, the ends and quantiles.

    Columns are `count`, `missing`, `min`, `max`, and one a share. A quantile lies between two
    neighbouring values of the sorted group as `numpy.quantile` has it (linear interpolation); each
    of the two is within `ACCURACY` of itself, relative, and the ends of a group are exact.
    """
    known = content.key != UNKNOWN
    group, first = np.unique(content.group, return_index=True)
    missing = np.where(known[first], 0, content.counts[first])
    total = np.add.reduceat(content.counts, first) - missing
    found: dict[str, NDArray[Any]] = {"count": total, "missing": missing}
    found["min"], found["max"] = content.least[first], np.fmax.reduceat(content.most, first)
    reached = np.cumsum(content.counts)
    before = np.concatenate([[0], reached])[first] + missing
    value = middles(content.key)
    for share in at:
        place = share * np.maximum(total - 1, 0)
        low, high = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
        below, above = (_at_rank(rank, before, reached, value, found) for rank in (low, high))
        with np.errstate(invalid="ignore"):
            between = below + (place - low) * (above - below)
        found[repr(share)] = np.where(below == above, below, between)
    return group, found


def _at_rank(
    rank: Whole, before: Whole, reached: Whole, value: Floats, of: dict[str, NDArray[Any]]
) -> Floats:
    """Return what stands for the value at a rank of each group, NaN where the group is empty."""
    bucket = np.minimum(np.searchsorted(reached, before + rank, side="right"), value.size - 1)
    found: Floats = np.clip(value[bucket], of["min"], of["max"])
    found = np.where(rank == 0, of["min"], found)
    found = np.where(rank >= of["count"] - 1, of["max"], found)
    return np.where(of["count"] > 0, found, np.nan)
