"""A saved estimate as a live model: named cells, and formulas that say the engine's equations.

What no closed formula of the inputs gives (a modelled MFU, the FLOP of an architecture) is a cell
of its own, labelled as computed. Everything else moves when a cell is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from llmcost import engine
from llmcost.catalog.price_quotes import price_name
from llmcost.formulas.flops import FORWARD_SHARE
from llmcost.inputs import InputValue, Origin
from llmcost.studies.answers import RESULT_UNITS, Estimate, Result
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.explanation import explain, explanations
from llmcost.views.costs import SHARES as RESULT_SHARES
from llmcost.views.estimates import RESULT_TITLES, input_text
from llmcost.views.input_titles import SHARES, input_title
from llmcost.views.reports.arithmetic import Value, references, value_of
from llmcost.views.reports.assumptions import origin_words, sources_of
from llmcost.views.reports.bases import Basis, bases_of
from llmcost.views.reports.equations import Equation, equations
from llmcost.views.reports.laws import Law, law_of

COMPUTED = Origin("modelled", "as computed for this run; a change elsewhere does not move it")
NO_INTEREST = InputValue(0.0, "", Origin("default", "no interest on the hardware"))
COMPUTED_TITLES = {
    "flop_over_6nd": "FLOP counted, over 6 x parameters x tokens",
    "recompute_forward_share": "Share of the forward pass computed again",
    "tokens_a_step": "Tokens of a step",
}
RESULT_WORDS = {
    "compute_optimal_ratio": "Times the compute-optimal tokens",
    "restart_loss": "Lost in restarts",
    "rework_loss": "Lost in work done again",
    "checkpoint_loss": "Lost in checkpoints",
    "maintenance_loss": "Lost in planned maintenance",
    "owned_servers_cost": "Owned: servers",
    "owned_network_cost": "Owned: network",
    "owned_capital_cost": "Owned: cost of capital",
    "energy_cost": "Owned: energy",
}
RATE = "USD/GPU/hour"
# Costs that have no number before a price is typed.
WAITING = {
    "cost": 'IF(ISNUMBER(price),gpu_hours*price,"")',
    "cost_per_million_tokens": 'IF(ISNUMBER(cost),cost/(tokens/1000000),"")',
}
NODE_PRICE = "price_per_node_hour/gpus_per_node"
BY_DEFINITION = "By definition."


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cell: its number or text, its formula where it has one, and what a reader is told.

    `least` and `most` are what may be typed. A `share` reads as percent. `source` is where the
    formula was published.
    """

    name: str
    title: str
    unit: str
    value: float | str
    formula: str = ""
    group: str = ""
    low: float | None = None
    high: float | None = None
    origin: str = ""
    keys: tuple[str, ...] = ()
    share: bool = False
    least: float | None = None
    most: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """A result as it was computed, and whether the model has a live cell of its name."""

    name: str
    title: str
    result: Result
    share: bool
    live: bool


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """A live model: what may be changed, what this run fixed, formulas, results, bases of cost."""

    assumptions: tuple[Entry, ...]
    fixed: tuple[Entry, ...]
    model: tuple[Entry, ...]
    results: tuple[Computed, ...]
    bases: tuple[Basis, ...]
    law: Law | None


@dataclass(slots=True)
class _Run:
    """A run while its sheet is made: its estimate, inputs by cell, and the numbers known so far."""

    estimate: Estimate
    inputs: dict[str, InputValue]
    law: Law | None
    known: dict[str, Value] = field(default_factory=dict)

    def result(self, name: str) -> float | None:
        """Return a result's number, or `None` where it is not known."""
        found = self.estimate.results.get(name)
        return found.value if found else None


def spreadsheet(data: Mapping[str, Any]) -> Spreadsheet:
    """Return the live model of an estimate's JSON; raises InputError for numbers without one."""
    run = _run(Estimate.from_dict(data))
    links = dict(_links(run))
    model = _used(tuple(_model(run)), run.estimate.results)
    cells = [_assumption(name, value, links) for name, value in run.inputs.items()]
    used = set(_referred([*(entry.formula for entry in model), *links.values()]))
    live = {*used, *(entry.name for entry in model)}
    apart = not any(formula == "price" for formula in links.values())
    typed, follows = _unpriced(run)
    return Spreadsheet(
        (*(cell for cell in cells if cell.name in used), *typed),
        tuple(cell for cell in cells if cell.name not in used),
        (*model, *follows),
        tuple(_computed_results(run.estimate, live)),
        tuple(bases_of(live, apart=apart)),
        run.law,
    )


def _run(estimate: Estimate) -> _Run:
    inputs = {**estimate.inputs, **dict(_market_prices(estimate))}
    if "server_price" in inputs:
        inputs.setdefault("cost_of_capital", NO_INTEREST)
    law = estimate.inputs.get("scaling_law")
    run = _Run(estimate, inputs, law_of(str(law.value)) if law else None)
    run.inputs |= dict(_as_computed(run))
    run.inputs = {name: one for name, one in run.inputs.items() if one.value is not None}
    run.known = dict(run.law.names) if run.law else {}
    run.known |= {
        name: float(one.value)
        for name, one in run.inputs.items()
        if isinstance(one.value, int | float)
    }
    return run


def _market_prices(estimate: Estimate) -> Iterator[tuple[str, InputValue]]:
    """Yield the price of the market on each terms that has one."""
    for row in estimate.reports.get("rentals", ()):
        if row["provider"] is None and row["price"] is not None:
            told = f"gpu_prices.csv: {row['providers']} providers, newest {row['newest']}"
            origin = Origin("catalogue", told, row["newest"])
            detail = {"sources": row.get("sources", ())}
            price = InputValue(row["price"], row["unit"], origin, row["low"], row["high"], detail)
            yield price_name(row["terms"]), price


def _as_computed(run: _Run) -> Iterator[tuple[str, InputValue]]:
    """Yield what only results tell, in cells that stand for what no formula here gives."""
    for name in ("mfu", "steady_share"):
        if (number := run.result(name)) is not None:
            yield (
                name,
                replace(run.inputs.get(name) or InputValue(None, "", COMPUTED), value=number),
            )
    flop, rule, hardware, step, rate = (
        run.result(name) or 0.0
        for name in (
            "model_flop",
            "model_flop_6nd",
            "hardware_flop",
            "step_time",
            "tokens_per_second",
        )
    )
    if flop and rule:
        yield "flop_over_6nd", InputValue(flop / rule, "", COMPUTED)
    if flop and hardware:
        again = (hardware - flop) / (flop * FORWARD_SHARE)
        yield "recompute_forward_share", InputValue(again, "", COMPUTED)
    if step and rate:
        yield "tokens_a_step", InputValue(step * rate, "token", COMPUTED)


def _links(run: _Run) -> Iterator[tuple[str, str]]:
    """Yield the assumptions that follow others, until somebody types over them."""
    price = run.inputs.get("price")
    if price is None:
        return
    if all(name in run.known for name in references(NODE_PRICE)):
        yield "price", NODE_PRICE
    terms = None if price.detail.get("provider") else price.detail.get("terms")
    name = price_name(str(terms))
    if name in run.inputs and run.inputs[name].value == price.value:
        yield name, "price"


def _model(run: _Run) -> Iterator[Entry]:
    """Yield every formula that the run has all numbers for, in the order they build on another."""
    for group, equation in chain(equations(), _sums(run.known)):
        own = equation.name
        is_result = own in RESULT_UNITS
        known = all(name in run.known for name in (*references(equation.formula), *equation.needs))
        if own in run.known or not known or (is_result and run.result(own) is None):
            continue
        number = value_of(equation.formula, run.known)
        run.known[own] = number
        yield Entry(
            own,
            _title(own) if is_result else equation.title,
            RESULT_UNITS.get(own, equation.unit),
            number,
            equation.formula,
            group,
            share=own in SHARES or own in RESULT_SHARES,
            source=_published(equation),
        )


def _unpriced(run: _Run) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return an empty cell for a price that nobody published, and the costs that wait for it."""
    if "gpu_hours" not in run.known or "price" in run.known:
        return (), ()
    price = Entry(
        "price",
        input_title("price"),
        RATE,
        "",
        origin="not known: type a price to see the cost",
        least=0.0,
    )
    costs = (
        Entry(name, _title(name), RESULT_UNITS[name], "", formula, "Rented", source=BY_DEFINITION)
        for name, formula in WAITING.items()
    )
    return (price,), tuple(costs)


def _sums(known: Mapping[str, Value]) -> Iterator[tuple[str, Equation]]:
    """Yield the sums of a development: of the lines that the run has."""
    for name, lines in (
        ("development_cost", engine.DEVELOPMENT_LINES),
        ("owned_development_cost", engine.OWNED_DEVELOPMENT_LINES),
    ):
        formula = "+".join(line for line in lines if line in known)
        yield "Beyond the final run", Equation(name, formula, needs=(lines[0],))


def _published(equation: Equation) -> str:
    name = equation.explained or equation.name
    told = explain(name).source if name in explanations() else BY_DEFINITION
    return told[:1].upper() + told[1:]


def _used(model: Sequence[Entry], results: Mapping[str, Result]) -> tuple[Entry, ...]:
    """Return the formulas that are results, or that another one uses."""
    kept: list[Entry] = []
    for entry in reversed(model):
        if entry.name in results or entry.name in _referred(one.formula for one in kept):
            kept.append(entry)
    return tuple(reversed(kept))


def _referred(formulas: Iterable[str]) -> set[str]:
    return {name for formula in formulas for name in references(formula)}


def _assumption(name: str, value: InputValue, links: Mapping[str, str]) -> Entry:
    number = value.value if isinstance(value.value, int | float) else None
    least, most = _bounds(name)
    return Entry(
        name,
        COMPUTED_TITLES.get(name) or input_title(name),
        value.unit,
        float(number) if number is not None else input_text(name, value),
        links.get(name, ""),
        low=value.low,
        high=value.high,
        origin=origin_words(value),
        keys=sources_of(value),
        share=name in SHARES or name in RESULT_SHARES,
        least=least,
        most=most,
    )


def _bounds(name: str) -> tuple[float, float | None]:
    """Return the least and the largest number that an assumption may be."""
    if name in FACTORS:
        return FACTORS[name].floor, FACTORS[name].maximum
    return 0.0, 1.0 if name in ("mfu", "goodput") else None


def _computed_results(estimate: Estimate, live: set[str]) -> Iterator[Computed]:
    for name, result in estimate.results.items():
        if result.value is not None:
            share = name in SHARES or name in RESULT_SHARES
            yield Computed(name, _title(name), result, share, name in live)


def _title(name: str) -> str:
    """Return what a result is called where it stands alone."""
    return RESULT_WORDS.get(name) or RESULT_TITLES.get(name, name.replace("_", " ")).strip()
