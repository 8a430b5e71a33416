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
CHUNK = 1 << 14
LOOSE = 1 << 18
# Buckets of all groups of a batch together that are counted as an array, a value.
DENSE = 8
# Counts in all windows together before they become pieces.
MOST_CELLS = 1 << 22


class Content(NamedTuple):
    """Buckets by group and key: counts, and the ends of a group on its first and last bucket."""

    group: Whole
    key: Whole
    counts: Whole
    least: Floats
    most: Floats


class Sketch:
    """Counts of buckets of any number of groups.

    Windows count the usual values of the groups of a batch; they become pieces when there are many,
    and pieces are summed.
    """

    def __init__(self) -> None:
        self._windows: dict[bytes, Window] = {}
        self._pieces: list[Content] = []
        self._loose, self._held = 0, 0

    def add(self, ids: Whole, code: Whole | None, values: Floats) -> None:
        """Count rows of values, each row of the group that its code points to; `ids` rise.

        Without codes all rows are of the one group there is.
        """
        if not values.size:
            return
        if code is not None:
            values = values.reshape(code.size, -1)
        plain = _plain(values)
        if plain is not None and plain.size * ids.size <= max(DENSE * values.size, LOOSE):
            self._tally(ids, code, values, plain)
            return
        flat = values.ravel()
        each = np.zeros(flat.size, np.int64) if code is None else np.repeat(code, values.shape[1])
        usual = (flat >= TINY) & (flat < np.inf)
        if plain is None and usual.any():
            self.add(ids, None if code is None else each[usual], flat[usual])
            each, flat = each[~usual], flat[~usual]
        self.add_content(_sorted_rows(ids, each, flat))

    def _tally(self, ids: Whole, code: Whole | None, values: Floats, plain: Plain) -> None:
        name = ids.tobytes()
        window = self._windows.get(name) or Window(ids, plain)
        if window.cells_to_span(plain) > MOST_CELLS:
            self.add_content(window.content())
            window = Window(ids, plain)
        self._windows[name] = window = window.spanning(plain)
        window.tally(code, values)
        if sum(window.counts.size for window in self._windows.values()) > MOST_CELLS:
            self._close()

    def _close(self) -> None:
        """Make pieces of all windows."""
        windows, self._windows = list(self._windows.values()), {}
        for window in windows:
            self.add_content(window.content())

    def add_content(self, content: Content) -> None:
        """Add buckets that were counted elsewhere."""
        self._pieces.append(content)
        self._loose += content.key.size
        if self._loose > max(LOOSE, self._held):
            self._held, self._loose = self._sum().key.size, 0

    def content(self) -> Content:
        """Return all buckets in order; the same whatever the order in which values came."""
        self._close()
        if not self._pieces:
            none = np.zeros(0, np.int64)
            return Content(none, none, none, np.zeros(0), np.zeros(0))
        return self._sum()

    def _sum(self) -> Content:
        """Return all pieces as one, and hold only that; each alone is in order."""
        if len(self._pieces) == 1:
            return self._pieces[0]
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


class Plain(NamedTuple):
    """The first bucket and the number of buckets of positive, finite values."""

    first: int
    size: int


def _plain(values: Floats) -> Plain | None:
    """Return the buckets that values span, `None` where some are not positive and finite."""
    low, high = values.min(), values.max()
    if not (low >= TINY and high < np.inf):
        return None
    first = int(low.view(np.int64)) >> SHIFT
    return Plain(first, (int(high.view(np.int64)) >> SHIFT) - first + 1)


class Window:
    """Counts of positive, finite values of a few groups in neighbouring buckets."""

    def __init__(self, ids: Whole, plain: Plain) -> None:
        self.ids = ids
        self.first = plain.first >> BITS << BITS
        width = plain.first + plain.size - self.first
        self.counts = np.zeros((ids.size, -(-width >> BITS << BITS)), dtype=np.int64)
        self.least, self.most = np.full(ids.size, np.inf), np.full(ids.size, -np.inf)

    def _range(self, plain: Plain) -> tuple[int, int]:
        """Return the first bucket and the end of the window that reaches over some more."""
        end = max(plain.first + plain.size, self.first + self.counts.shape[1])
        return min(plain.first, self.first), end

    def cells_to_span(self, plain: Plain) -> int:
        """Return how many counts a window has that reaches over some more buckets."""
        first, end = self._range(plain)
        return (end - first) * self.ids.size

    def spanning(self, plain: Plain) -> Window:
        """Return this window, or a wider one with its counts, that reaches over some more."""
        first, end = self._range(plain)
        if first == self.first and end == self.first + self.counts.shape[1]:
            return self
        wider = Window(self.ids, Plain(first, end - first))
        start = self.first - wider.first
        wider.counts[:, start : start + self.counts.shape[1]] = self.counts
        wider.least, wider.most = self.least, self.most
        return wider

    def tally(self, code: Whole | None, values: Floats) -> None:
        """Count rows of values inside the window."""
        rows = values.reshape(1, -1) if code is None else values
        code = np.zeros(1, np.int64) if code is None else code
        np.minimum.at(self.least, code, rows.min(axis=1))
        np.maximum.at(self.most, code, rows.max(axis=1))
        bits, counts = rows.ravel().view(np.int64), self.counts.reshape(-1)
        offset = (
            np.repeat(code * self.counts.shape[1], rows.shape[1]) if len(self.ids) > 1 else None
        )
        step = max(CHUNK, counts.size)
        for at in range(0, bits.size, step):
            place = bits[at : at + step] >> SHIFT
            place -= self.first
            if offset is not None:
                place += offset[at : at + step]
            counts += np.bincount(place, minlength=counts.size)

    def content(self) -> Content:
        """Return the buckets that are not empty."""
        at_group, key = np.nonzero(self.counts)
        some = self.most > 0
        counts = self.counts[at_group, key]
        group, least, most = self.ids[at_group], self.least[some], self.most[some]
        return _with_ends(group, key + self.first, counts, least, most)


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


def _sorted_rows(ids: Whole, each: Whole, values: Floats) -> Content:
    """Return the buckets of values of any kind, each of the group its code points to."""
    both, count = np.unique(each * SPAN + keys(values) - UNKNOWN, return_counts=True)
    at_group, key = both // SPAN, both % SPAN + UNKNOWN
    least, most = np.full(ids.size, np.nan), np.full(ids.size, np.nan)
    np.fmin.at(least, each, values)
    np.fmax.at(most, each, values)
    some = np.unique(at_group)
    return _with_ends(ids[at_group], key, count, least[some], most[some])


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
        with np.errstate(all="ignore"):
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
