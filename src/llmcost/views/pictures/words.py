"""What pictures of every kind say alike: amounts, intervals, and where the numbers are from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from llmcost.figures import EN_DASH, quantity_text, range_text
from llmcost.picture import INK, Mark, Whiskers

SHARES = ("mfu", "hfu", "goodput", "steady_share")
MOST_NAMES = 4
NOT_MODELLED = "no step was modelled: that takes an accelerator, a number of them, and no given MFU"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its interval, in `unit`; a number that is known exactly is its own interval."""

    value: float
    low: float
    high: float
    unit: str = ""

    @property
    def text(self) -> str:
        """The number as people read it: ``$117M``."""
        return quantity_text(self.value, self.unit)

    @property
    def full(self) -> str:
        """The number and its interval: ``$117M ($73.5M – $356M)``."""
        if self.low == self.high:
            return self.text
        return f"{self.text} ({range_text(self.low, self.high, self.unit, like=self.value)})"


def number(value: object) -> float | None:
    """Return a finite number as a float, and `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) else None


def amount(told: object, unit: str | None = None) -> Amount | None:
    """Return the amount in a record of ``value``, ``low``, ``high`` and ``unit``.

    `None` where it holds no value; a record without ends has its value for both.
    """
    if not isinstance(told, Mapping) or (value := number(told.get("value"))) is None:
        return None
    low, high = number(told.get("low")), number(told.get("high"))
    if low is None or high is None:
        low = high = value
    return Amount(value, low, high, str(told.get("unit") or "") if unit is None else unit)


def result(data: Mapping[str, Any], name: str) -> Amount | None:
    """Return the result `name` of an estimate, `None` where it is not known."""
    return amount(data["results"].get(name), "share" if name in SHARES else None)


def given(data: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
    """Return the value of the input `name` of an estimate, `None` where it has none."""
    told = data["inputs"].get(name)
    return told.get("value") if isinstance(told, Mapping) else None


def accelerators(data: Mapping[str, Any]) -> str:
    """Return how many accelerators of which kind an estimate has: ``16,000 h100-sxm``."""
    count, name = number(given(data, "num_gpus")), given(data, "gpu") or "GPUs"
    return f"{count:,.0f} {name}" if count else str(name)


def run_name(data: Mapping[str, Any]) -> str:
    """Return what an estimate trains: ``llama-3.1-405b on 15T tokens``."""
    named, parameters = given(data, "model"), number(given(data, "parameters"))
    if not named:
        named = f"{quantity_text(parameters, 'parameter')} parameters" if parameters else "a model"
    tokens = number(given(data, "tokens"))
    return f"{named} on {quantity_text(tokens, 'token')}" if tokens else str(named)


def phase_words(data: Mapping[str, Any]) -> str:
    """Return which step of a run of several phases is told, after a space: that of the largest."""
    phases = (data.get("step") or {}).get("phases")
    count = len(phases) if isinstance(phases, list) else 0
    return f" in the largest of {count:,} phases" if count > 1 else ""


def interval_words(data: Mapping[str, Any]) -> str:
    """Return the percentiles that intervals run between: ``10th – 90th percentile``."""
    share = number(data.get("interval"))
    if share is None:
        return f"low {EN_DASH} high"
    tail = round(50 * (1 - share), 6)
    first, last = (f"{end:g}{_ordinal(end)}" for end in (tail, 100 - tail))
    return f"{first} {EN_DASH} {last} percentile"


def _ordinal(value: float) -> str:
    if value % 1 or 10 <= value % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(int(value) % 10, "th")


def source_line(data: Mapping[str, Any]) -> str:
    """Return which program, data, draws and day of prices the numbers of a result are from."""
    return ", ".join(_sources(data))


def _sources(data: Mapping[str, Any]) -> Iterator[str]:
    if version := data.get("llmcost_version"):
        yield f"llmcost {version}"
    if version := data.get("data_version"):
        yield f"data {version}"
    if draws := number(data.get("draws")):
        yield f"{draws:,.0f} draws"
    if days := sorted(_price_days(data)):
        yield f"prices up to {days[-1]}"


def _price_days(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield every day whose prices an estimate, each setup or each claim took."""
    for setup in data.get("setups") or ():
        yield from _price_days(setup.get("estimate") or {})
    for row in data.get("rows") or ():
        yield from filter(None, [row.get("as_of")])
    yield from filter(None, [offer.get("newest") for offer in data.get("rentals") or ()])
    price = (data.get("inputs") or {}).get("price") or {}
    yield from filter(None, [(price.get("detail") or {}).get("as_of")])


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Return the first names of a list, and how many more there are.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e", "f"])
    ('a, b', 'a, b, c, d and 2 more')
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def of_drawn(shown: int, count: int) -> str:
    """Return of how many setups a finding is, where not all of them are drawn."""
    return f" (of the {shown} best ranked of {count:,} setups)" if shown < count else ""


def whiskers(label: str, totals: Sequence[Amount]) -> tuple[Mark, ...]:
    """Return the intervals of amounts at the places 0, 1, 2, ..."""
    return whiskers_at(label, tuple(map(float, range(len(totals)))), totals)


def whiskers_at(
    label: str, places: Sequence[float], totals: Sequence[Amount], colour: str = INK
) -> tuple[Mark, ...]:
    """Return the intervals of amounts, each at its place; none of those known exactly."""
    every = zip(places, totals, strict=True)
    spans = [(at, one.low, one.high) for at, one in every if one.low < one.high]
    if not spans:
        return ()
    at, low, high = zip(*spans, strict=True)
    return (Whiskers(label, at, low, high, colour),)
