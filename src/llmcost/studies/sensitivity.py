"""Which assumption moves the answer most?

Each uncertain input is put at its 5th and at its 95th percentile while the others stay at their
medians (a tornado diagram), and is correlated by rank with the result over the draws of all of
them at once (Spearman). The first tells in the unit of the result what one input can do alone; the
second tells how much of the spread it carries beside the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from llmcost import engine, sampling
from llmcost._version import __version__
from llmcost.catalog.price_quotes import price_name
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.inputs import InputValue, Origin
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.choices.scope import DEVELOPMENT
from llmcost.studies.estimation import Prepared, check_draws, level_of, prepare
from llmcost.studies.notebooks import ShownInNotebooks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.sampling import Spread

    Floats = NDArray[np.float64]

TAIL = 0.05
OF = "cost"
EXACT = (
    *("parameters", "active_parameters", "tokens"),
    *("compute_optimal_tokens", "compute_optimal_ratio"),
)
CHOICE = (
    "Choose cost, owned_cost, development_cost, gpu_hours, wall_clock, energy, carbon or another "
    "result of llmcost estimate."
)
# Notes that tell why money or energy is not known.
MISSING = (
    *("no-gpu", "no-num-gpus", "no-price", "no-server-price", "no-power"),
    "no-development-cost",
)
NEGLIGIBLE = 1e-9
RECOMPUTE = "recompute"
Told = tuple[float | str, float | str, float | str]
LEVELS = ("none", "selective", "full")
LEVEL_COLUMNS = ("recompute_selective", "recompute_full")


class Model(Protocol):
    """A run whose results follow from its inputs, row by row."""

    @property
    def spreads(self) -> Mapping[str, Spread]:
        """The range of each input, by name."""

    def draws(self, count: int, seed: int) -> Mapping[str, Any]:
        """Return `count` draws of every input that is drawn."""

    def evaluate(self, drawn: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return every result, one row a draw; what is not drawn is at its middle."""


@dataclass(frozen=True, slots=True)
class Influence:
    """What one input does to a result: its ends [unit], the result at each, and their effect.

    `effect` is the distance between the least and the greatest result at either end and the
    middle; `rank_correlation` is Spearman's, over draws of all inputs. Of a choice, such as the
    kind of recomputation, `low` and `high` are words.
    """

    input: str
    unit: str
    low: float | str
    value: float | str
    high: float | str
    at_low: float
    at_high: float
    effect: float
    rank_correlation: float | None
    share: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Sensitivity(ShownInNotebooks):
    """The inputs that move one result [unit], those that move it most first.

    `value` is the result with every input at its middle, `low` and `high` the interval of the
    draws; `without_effect` names uncertain inputs that do not move it.
    """

    of: str
    unit: str
    value: float
    low: float
    high: float
    influences: tuple[Influence, ...]
    without_effect: tuple[str, ...] = ()
    inputs: Mapping[str, InputValue] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        most = ", ".join(f"{one.input} {one.effect:.3g}" for one in self.influences[:3])
        return f"Sensitivity({self.of} {self.value:.3g} {self.unit}: {most})"


@dataclass(frozen=True, slots=True)
class _Ends:
    """One input at its low end, its middle and its high end: as people read it, and as columns."""

    name: str
    told: Told
    columns: Mapping[str, tuple[float, float, float]]
    drawn: Floats
    share: bool = False


def find_sensitivities(
    model: str | None = None,
    *,
    of: str = OF,
    draws: int = sampling.DRAWS,
    seed: int = sampling.SEED,
    interval: object = sampling.INTERVAL,
    **arguments: Any,  # noqa: ANN401
) -> Sensitivity:
    """Return what each uncertain input of a run does to one of its results, the largest first.

    `of` names a result of `estimate`; everything else is what `estimate` takes (`max_cost` apart),
    and raises alike. Raises UnknownNameError for a result that there is none of, InputError for one
    that is not known for this run or that no uncertain input moves.
    """
    check_draws(draws, seed)
    level = level_of(interval)
    prepared = prepare(model=model, **arguments)
    found = weigh(
        prepared.model,
        of,
        RESULT_UNITS,
        draws=draws,
        seed=seed,
        level=level,
        inputs={**prepared.inputs, **dict(_rental_prices(prepared.offers))},
        why=partial(_why, prepared),
    )
    versions = {"llmcost_version": __version__, "data_version": data_version()}
    return replace(found, warnings=prepared.notes, meta={**versions, **found.meta})


def _rental_prices(offers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, InputValue]]:
    """Yield the price on each terms, which an estimate lists as an offer, as an input."""
    for offer in (each for each in offers if each["provider"] is None):
        told = f"{offer['providers']} providers: {', '.join(offer['sources'])}"
        origin = Origin("catalogue", f"gpu_prices.csv: {told}", offer["newest"])
        price = InputValue(offer["price"], offer["unit"], origin, offer["low"], offer["high"])
        yield price_name(offer["terms"]), price


def _why(prepared: Prepared, name: str) -> str:
    """Return why a run has no such result: what it is part of, or what was missing."""
    scope = prepared.inputs.get("scope")
    if name in engine.DEVELOPMENT_OUTPUTS and (scope is None or scope.value != DEVELOPMENT):
        return "It is a part of all development: ask with --scope development."
    if name == "step_time":
        return "A step is predicted only where no MFU or throughput is given."
    return " ".join(text for code, text in prepared.notes if code in MISSING)


def weigh(
    model: Model,
    of: str,
    units: Mapping[str, str],
    *,
    draws: int,
    seed: int,
    level: float = sampling.INTERVAL,
    inputs: Mapping[str, InputValue],
    why: Callable[[str], str] = lambda _: "",
) -> Sensitivity:
    """Return what each uncertain input of a model does to the result `of`.

    `units` holds the unit of each result, `level` is the share of the draws in its interval, `why`
    says for which reason a result is not known. Raises
    UnknownNameError for a result that there is none of, InputError for one that is not known for
    this run or that no uncertain input moves.
    """
    middle = model.evaluate()
    name = _known(of, units)
    if name in EXACT:
        raise InputError(
            f"of: got {name!r}; needs a result that uncertain inputs move, and this one follows "
            "from the model and its tokens alone. Choose another with --of."
        )
    value = _value(name, middle, why)
    drawn = model.draws(draws, seed)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        results = _rows(model.evaluate(drawn)[name], draws)
        ends = list(_ends(model, drawn, draws))
        found = list(_influences(model, name, value, ends, results, inputs))
    _check_finite(name, results, found)
    moving = [one for one in found if one.effect > NEGLIGIBLE * abs(value)]
    if not moving:
        raise InputError(_nothing_uncertain(name, [one.input for one in found]))
    low, high = sampling.interval(results, level)
    return Sensitivity(
        of=name,
        unit=units[name],
        value=value,
        low=low,
        high=high,
        influences=tuple(sorted(moving, key=_least_first, reverse=True)),
        without_effect=tuple(one.input for one in found if one not in moving),
        inputs=inputs,
        meta={"interval": level, "draws": draws, "seed": seed},
    )


def _least_first(one: Influence) -> tuple[float, float, str]:
    return one.effect, abs(one.rank_correlation or 0.0), one.input


def _known(of: str, units: Mapping[str, str]) -> str:
    name = of.strip().lower().replace("-", "_")
    if name not in units:
        raise UnknownNameError("result", of, units, CHOICE)
    return name


def _value(name: str, middle: Mapping[str, Any], why: Callable[[str], str]) -> float:
    """Return the result with every input at its middle; raises InputError where it is not known."""
    value = _first(middle.get(name, np.nan))
    if np.isfinite(value):
        return value
    known = [each for each, values in middle.items() if np.isfinite(_first(values))]
    reason = why(name) or "It needs inputs that were not given and that nothing tells."
    raise InputError(f"of: {name} is not known for this run. {reason} Known: {', '.join(known)}.")


def _check_finite(name: str, results: Floats, found: Sequence[Influence]) -> None:
    """Raise InputError where ranges reach so far that a draw, or an end, has no finite result."""
    lost = 1 - float(np.isfinite(results).mean())
    beyond = [one.input for one in found if not np.isfinite(one.effect)]
    if lost or beyond:
        which = f" ({', '.join(beyond)})" if beyond else ""
        raise InputError(
            f"of: {name} has no finite value in {lost:.1%} of the draws or at an end of a range"
            f"{which}: training makes no progress there. Give narrower ranges."
        )


def _first(values: Any) -> float:  # noqa: ANN401
    return float(np.asarray(values).flat[0])


def _rows(values: Any, draws: int) -> Floats:  # noqa: ANN401
    """Return one number a draw; a result that no draw moves is one number for all of them."""
    return np.broadcast_to(np.asarray(values, dtype=np.float64).reshape(-1), (draws,))


def _ends(model: Model, drawn: Mapping[str, Any], draws: int) -> Iterator[_Ends]:
    """Yield every input that has two different ends."""
    for name, spread in model.spreads.items():
        low, high = (float(spread.quantile(share)) for share in (TAIL, 1 - TAIL))
        if low < high:
            ends = (low, spread.value, high)
            yield _Ends(name, ends, {name: ends}, _rows(drawn[name], draws), spread.share)
    if all(name in drawn for name in LEVEL_COLUMNS):
        yield from _recompute(*(_rows(drawn[name], draws) for name in LEVEL_COLUMNS))


def _recompute(selective: Floats, full: Floats) -> Iterator[_Ends]:
    """Yield the kind of recomputation, a choice: the least of it drawn, the usual, the most."""
    level = (selective + 2 * full).astype(int)
    low, high = np.quantile(level, (TAIL, 1 - TAIL), method="inverted_cdf")
    ends = (int(low), int(np.bincount(level).argmax()), int(high))
    if low < high:
        columns = {
            name: (float(ends[0] == at), float(ends[1] == at), float(ends[2] == at))
            for at, name in enumerate(LEVEL_COLUMNS, 1)
        }
        told = (LEVELS[ends[0]], LEVELS[ends[1]], LEVELS[ends[2]])
        yield _Ends(RECOMPUTE, told, columns, level.astype(np.float64))


def _influences(
    model: Model,
    name: str,
    value: float,
    ends: Sequence[_Ends],
    results: Floats,
    inputs: Mapping[str, InputValue],
) -> Iterator[Influence]:
    """Yield the influence of each input, all of them evaluated at once: two rows an input."""
    if not ends:
        return
    found = _rows(model.evaluate(_two_rows_each(ends))[name], 2 * len(ends))
    for at, one in enumerate(ends):
        at_low, at_high = (float(found[2 * at + side]) for side in (0, 1))
        told = inputs.get(one.name)
        yield Influence(
            *(one.name, _unit(one, told), *_as_told(one, told), at_low, at_high),
            effect=max(at_low, at_high, value) - min(at_low, at_high, value),
            rank_correlation=_correlation(one.drawn, results),
            share=one.share,
            origin=told.origin if told else None,
        )


def _two_rows_each(ends: Sequence[_Ends]) -> dict[str, Floats]:
    """Return columns with two rows an input: that one at its ends, all others at their middle."""
    triples = {name: triple for one in ends for name, triple in one.columns.items()}
    columns = {name: np.full(2 * len(ends), middle) for name, (_, middle, _) in triples.items()}
    for at, one in enumerate(ends):
        for name, (low, _, high) in one.columns.items():
            columns[name][2 * at : 2 * at + 2] = low, high
    return columns


def _as_told(one: _Ends, told: InputValue | None) -> Told:
    """Return both ends and the middle in the convention that the input is told in."""
    times = told.told_times if told else 1.0
    low, middle, high = (end * times if isinstance(end, float) else end for end in one.told)
    return low, middle, high


def _unit(one: _Ends, told: InputValue | None) -> str:
    return told.unit if told and one.name != RECOMPUTE else ""


def _correlation(drawn: Floats, results: Floats) -> float | None:
    if not np.ptp(drawn) or not np.ptp(results):
        return None
    return float(sampling.rank_correlation(drawn, results))


def _nothing_uncertain(name: str, still: Sequence[str]) -> str:
    those = f" of those that are uncertain here ({', '.join(still)})" if still else ""
    return (
        f"of: got {shown(name)}; needs a result that uncertain inputs move, and none{those} does. "
        "Choose another with --of, or give an input as a range, such as --mfu 35..45%."
    )
