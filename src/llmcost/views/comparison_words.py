"""What a comparison says in words and short numbers: sentences that people paste, and cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from llmcost.figures import EM_DASH, EN_DASH, quantity_text, range_text, significant
from llmcost.views.costs import NOT_KNOWN
from llmcost.views.costs import SHARES as LOSSES
from llmcost.views.input_titles import SHARES

if TYPE_CHECKING:
    from llmcost.studies.answers import Result
    from llmcost.studies.comparison.answer import Comparison
    from llmcost.studies.comparison.parts import BreakEven, Pair, SetupResult

PRICE = "USD/GPU/hour"
# From here on a ratio is told as a multiple, below it as a change in percent.
MULTIPLE = 3.0
# From this difference of two shares of the draws on both are told.
TELLING = 0.03
VERBS = {"cost": "cheaper", "wall_clock": "faster"}
# Pairs of so many setups are told one by one; of more, those of the best.
FEW = 3
MOST_SENTENCES = 4


def value_text(name: str, result: Result | None) -> str:
    """Return a result with its unit, on a readable scale."""
    if result is None or result.value is None:
        return NOT_KNOWN
    text = quantity_text(result.value, unit_of(name, result.unit))
    return text.removesuffix(" GPU-hours") if name == "gpu_hours" else text


def ends_text(name: str, result: Result | None) -> str:
    """Return the interval of a result, without a unit that its value already has."""
    if result is None or result.value is None or result.low is None or result.high is None:
        return ""
    if result.low == result.high:
        return "exact"
    unit = unit_of(name, result.unit)
    text = range_text(result.low, result.high, unit, like=result.value)
    told = quantity_text(result.value, unit).partition(" ")[2]
    ends = text.removesuffix(f" {told}") if told else text
    return ends.removesuffix(" GPU-hours") if name == "gpu_hours" else ends


def unit_of(name: str, unit: str) -> str:
    """Return the unit that a result is written in: shares as percent."""
    return "share" if name in SHARES or name in LOSSES else unit


def change_text(ratio: float | None) -> str:
    """Return a ratio as a change in percent, or as a multiple where it is large.

    >>> change_text(0.731), change_text(1.023), change_text(4.2), change_text(1.0), change_text(0)
    ('-27%', '+2.3%', '4.2x', '0%', '-100%')
    """
    if ratio is None:
        return EM_DASH
    if ratio >= MULTIPLE:
        return f"{significant(ratio, 2)}x"
    change = ratio - 1
    text = f"{change:+.1%}" if abs(change) < 0.0995 else f"{change:+.0%}"
    return "0%" if text in ("+0.0%", "-0.0%") else text


def change_ends(ratio: Result) -> str:
    """Return the interval of a ratio as changes."""
    low, high = change_text(ratio.low), change_text(ratio.high)
    return f"{low} to {high}" if low != high else low.replace(EM_DASH, "")


def share_text(share: float | None) -> str:
    """Return a share of the draws: what hardly ever happens is not called never.

    >>> share_text(0.873), share_text(0.0004), share_text(0.9996), share_text(1), share_text(None)
    ('87%', '<1%', '>99%', '100%', '—')
    """
    if share is None:
        return EM_DASH
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def in_draws(share: float | None) -> str:
    """Return a share of the draws as the end of a sentence.

    >>> in_draws(0.87), in_draws(1.0), in_draws(0)
    ('in 87% of draws', 'in every draw', 'in no draw')
    """
    if share in (0, 1):
        return "in every draw" if share else "in no draw"
    return f"in {share_text(share)} of draws"


def sentences(found: Comparison) -> tuple[str, ...]:
    """Return what the paired draws say, in sentences of their own."""
    told = [*_pairs(found), *_break_even(found), *_front(found), *_deadline(found)]
    return tuple(told)


def _pairs(found: Comparison) -> Iterator[str]:
    """Yield who is cheaper and who is faster than whom, the winner first."""
    for result in VERBS:
        pairs = [pair for pair in found.pairs if pair.result == result]
        if len(found) > FEW:
            pairs = _of_best(found, result, pairs)
        yield from (_pair_text(_winner_first(pair)) for pair in pairs)


def _of_best(found: Comparison, result: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs of the best setup with those that come closest to it."""
    best = found.best.get(result)
    rivals = {pair.b if pair.a == best else pair.a: pair for pair in pairs if best in _both(pair)}
    ordered = sorted(rivals, key=lambda name: found[name].value(result) or 0.0)
    return [rivals[name] for name in ordered[:MOST_SENTENCES]]


def _both(pair: Pair) -> tuple[str, str]:
    return pair.a, pair.b


def _winner_first(pair: Pair) -> Pair:
    if pair.less >= pair.more:
        return pair
    turned = replace(pair, a=pair.b, b=pair.a, less=pair.more, more=pair.less)
    return replace(turned, less_apart=pair.more_apart, more_apart=pair.less_apart)


def _pair_text(pair: Pair) -> str:
    verb = VERBS[pair.result]
    if not pair.less:
        return f"{pair.a} and {pair.b} are level: neither is {verb} in any draw."
    return f"{pair.a} is {verb} than {pair.b} {in_draws(pair.less)}{_apart_text(pair)}."


def _apart_text(pair: Pair) -> str:
    """Return the share where the two predictions err apart, where that tells another story."""
    if pair.less_apart is None or abs(pair.less_apart - pair.less) < TELLING:
        return ""
    return f", {share_text(pair.less_apart)} if their predictions err apart"


def _break_even(found: Comparison) -> Iterator[str]:
    told = [one for setup in found.ranked if (one := to_win(found, setup.name))]
    yield from map(_break_even_text, told[:MOST_SENTENCES])


def to_win(found: Comparison, name: str) -> BreakEven | None:
    """Return the price below which a setup is the cheapest of all, `None` where none is known."""
    prices = [one for one in found.break_even if one.setup == name]
    known = [one for one in prices if one.price.value is not None]
    return min(known, key=lambda one: one.price.value or 0.0, default=None)


def _break_even_text(one: BreakEven) -> str:
    """Return the price below which a setup wins, beside what it costs now."""
    price = one.price
    inside = [f"{bare(price.low)} {EN_DASH} {bare(price.high)}"] if _uncertain(price) else []
    inside.append("it has no price now" if one.price_now is None else f"now {bare(one.price_now)}")
    return f"{one.setup} wins on cost below {bare(price.value)} {PRICE} ({'; '.join(inside)})."


def bare(price: float | None) -> str:
    """Return a price in dollars and cents, without its unit.

    >>> bare(1.6249), bare(12.3), bare(0.084)
    ('1.62', '12.3', '0.084')
    """
    return quantity_text(price, "USD").removeprefix("$")


def _uncertain(result: Result) -> bool:
    return result.low is not None and result.low != result.high


def _front(found: Comparison) -> Iterator[str]:
    priced = [setup for setup in found.setups if setup.value("cost") is not None and setup.runs]
    if len(found.front) == 1 and len(priced) > 1:
        of_these = "" if len(priced) == len(found) else f" of the {len(priced)} with a price"
        yield f"{found.front[0]} is both the cheapest and the fastest{of_these}."
    elif len(found.front) > 1:
        told = ", ".join(_on_front(found[name]) for name in found.front)
        yield f"On the Pareto front of cost against wall clock: {told}."


def _on_front(setup: SetupResult) -> str:
    results = setup.results
    cost, days = (value_text(name, results.get(name)) for name in VERBS)
    share = setup.shares.front
    return f"{setup.name} ({cost}, {days}{f'; {in_draws(share)}' if share else ''})"


def _deadline(found: Comparison) -> Iterator[str]:
    deadline = found.asked.get("deadline")
    if deadline is None:
        return
    met = [setup for setup in found.ranked if setup.shares.deadline is not None]
    told = [f"{one.name} {in_draws(one.shares.deadline)}" for one in met[:MOST_SENTENCES]]
    if told:
        yield f"Done within {quantity_text(float(deadline), 'day')}: {', '.join(told)}."
