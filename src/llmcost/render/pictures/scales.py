"""Where an axis begins and ends, where its ticks are and what they say, whatever draws it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import singledispatch
from itertools import chain
from math import ceil, floor, isfinite, log10

from llmcost.figures import quantity_text, significant
from llmcost.picture import Axis, Band, Bars, Line, Mark, Panel, Points, Region, Rule, Whiskers

# Space beyond the outermost marks, as a share of the axis; beyond categories, in rows.
MARGIN = 0.05
ROW = 0.6
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# Digits of ticks within each power of ten, from the least to the most of them.
DIGITS = ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7))
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
SCIENTIFIC_FROM = 1e15
# Numbers beyond this lie on no axis.
LARGEST = 1e200
COMPACT_FROM = 1e4

Span = tuple[float, float]
Ticks = tuple[tuple[float, str], ...]


def is_categories(axis: Axis) -> bool:
    """Return whether an axis names things rather than measures them."""
    return bool(axis.ticks) and not axis.unit and axis.scale == "linear"


def span_of(panel: Panel, name: str) -> Span:
    """Return the ends of the axis `name`, x or y, of a panel, lower end first.

    They are its limits, or enclose every mark that can be drawn on its scale.
    """
    axis = panel.x if name == "x" else panel.y
    if axis.limits is not None:
        return min(axis.limits), max(axis.limits)
    values = [v for mark in panel.marks for v in reach(mark, name) if _drawable(v, axis)]
    if is_categories(axis):
        places = [place for place, _ in axis.ticks]
        return min([*values, min(places) - ROW]), max([*values, max(places) + ROW])
    return _widened(axis, min(values), max(values), panel, name) if values else (1.0, 10.0)


def fraction(axis: Axis, span: Span, value: float) -> float:
    """Return how far along an axis a value lies: 0 at the left or bottom, 1 at the other end.

    >>> fraction(Axis(scale="log"), (1, 100), 10), fraction(Axis(reverse=True), (0, 4), 1)
    (0.5, 0.75)
    """
    low, high = span
    if axis.scale == "log":
        value, low, high = (log10(max(v, 1e-300)) for v in (value, low, high))
    share = (value - low) / (high - low) if high > low else 0.5
    return 1 - share if axis.reverse else share


def ticks_of(axis: Axis, span: Span, most: int) -> Ticks:
    """Return at most about `most` ticks of an axis within its ends, each with its text."""
    if axis.ticks:
        return tuple((at, text) for at, text in axis.ticks if span[0] <= at <= span[1])
    if axis.scale == "date":
        return tuple(_dates(span, most))
    places = list(_powers(span, most) if axis.scale == "log" else _steps(span, most))
    return tuple(zip(places, _alike([tick_text(at, axis.unit) for at in places]), strict=True))


def tick_text(value: float, unit: str = "") -> str:
    """Return the number beside a tick; the axis says its unit, so that only money and shares do.

    >>> tick_text(5e7, "USD"), tick_text(3e7, "GPU*hour"), tick_text(0.4, "share"), tick_text(1e25)
    ('$50M', '30M', '40%', '1e25')
    """
    value = float(f"{value:.12g}")
    if unit == "share":
        return quantity_text(value, unit)
    if unit.startswith("USD"):
        return quantity_text(value, "USD")
    if COMPACT_FROM <= abs(value) < SCIENTIFIC_FROM:
        return quantity_text(value, "USD").replace("$", "")
    small = abs(value) < 1e-4 or abs(value) >= SCIENTIFIC_FROM
    if value and small:
        return f"{value:.3g}".replace("e+", "e").replace("e-0", "e-")
    return significant(value, 5)


def _alike(texts: list[str]) -> list[str]:
    """Return ticks in money all with cents, or all without where none has any.

    >>> _alike(["$5.00", "$10"]), _alike(["$7.50", "$10"])
    (['$5', '$10'], ['$7.50', '$10.00'])
    """
    bare = [text.removesuffix(".00") if text.startswith("$") else text for text in texts]
    if not any("." in text and text.startswith("$") and text[-1].isdigit() for text in bare):
        return bare
    return [
        f"{text}.00" if text != "$0" and text[:1] == "$" and text[1:].isdigit() else text
        for text in bare
    ]


@singledispatch
def reach(mark: Mark, name: str) -> Iterable[float]:
    """Return the numbers that a mark reaches on the axis `name`, x or y."""
    raise TypeError(f"{type(mark).__name__} is no mark of a picture, and has no {name}.")


@reach.register
def _(mark: Bars, name: str) -> Iterable[float]:
    if name == "x":
        return chain(mark.starts, mark.ends)
    return (at + side * mark.size / 2 for at in mark.at for side in (-1, 1))


@reach.register
def _(mark: Whiskers, name: str) -> Iterable[float]:
    return chain(mark.low, mark.high) if name == "x" else mark.at


@reach.register
def _(mark: Points, name: str) -> Iterable[float]:
    if name == "x":
        return chain(mark.x, mark.x_low, mark.x_high)
    return chain(mark.y, mark.y_low, mark.y_high)


@reach.register
def _(mark: Line, name: str) -> Iterable[float]:
    return mark.x if name == "x" else mark.y


@reach.register
def _(mark: Band, name: str) -> Iterable[float]:
    return mark.x if name == "x" else chain(mark.low, mark.high)


@reach.register
def _(mark: Region, name: str) -> Iterable[float]:
    return (mark.low, mark.high) if name == mark.axis else ()


@reach.register
def _(mark: Rule, name: str) -> Iterable[float]:
    return (mark.value,) if name == mark.axis else ()


def _drawable(value: float, axis: Axis) -> bool:
    if axis.scale == "log":
        return 1 / LARGEST < value < LARGEST
    return isfinite(value) and abs(value) < LARGEST


def _widened(axis: Axis, low: float, high: float, panel: Panel, name: str) -> Span:
    """Return the ends with a margin beyond them, except at a zero that bars stand on."""
    if axis.scale == "log":
        room = 10 ** (MARGIN * (log10(high) - log10(low))) if high > low else 2.0
        return low / room, high * room
    room = (high - low) * MARGIN if high > low else abs(high) / 2 or 1.0
    stands = name == "x" and any(isinstance(mark, Bars) for mark in panel.marks)
    return (
        low if stands and low == 0 else low - room,
        high if stands and high == 0 else high + room,
    )


def _steps(span: Span, most: int) -> Iterator[float]:
    """Yield round numbers within the ends."""
    low, high = span
    rough = (high - low) / max(most, 1)
    if not 0 < rough < LARGEST:
        return
    power = 10.0 ** floor(log10(rough))
    step = next(s * power for s in STEPS if s * power >= rough * (1 - 1e-9))
    for count in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1):
        yield count * step


def _powers(span: Span, most: int) -> list[float]:
    """Return powers of ten within the ends, with round numbers between where there is room."""
    low, high = span
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    found = [
        [digit * 10.0**e for e in exponents for digit in digits if low <= digit * 10.0**e <= high]
        for digits in DIGITS
    ]
    fitting = [ticks for ticks in found if len(ticks) <= most]
    if fitting:
        best = max(fitting, key=len)
        return best if len(best) > 2 or high > 10 * low else list(_steps(span, most))
    every = ceil(len(found[0]) / most)
    return found[0][::every]


def _dates(span: Span, most: int) -> Iterator[tuple[float, str]]:
    """Yield the first days of months, or of years, within the ends."""
    days = (min(max(end, date.min.toordinal()), date.max.toordinal()) for end in span)
    first, last = (date.fromordinal(round(day)) for day in days)
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    step = next((step for step in MONTHS if len(months) / step <= most), MONTHS[-1])
    for month in months:
        day = date(month // 12, month % 12 + 1, 1)
        if month % step == 0 and span[0] <= day.toordinal() <= span[1]:
            yield float(day.toordinal()), day.strftime("%Y" if step >= 12 else "%Y-%m")
