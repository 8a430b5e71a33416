"""What does this training run take?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from llmcost import engine, sampling
from llmcost._version import __version__
from llmcost.amounts import spread_from
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.formulas import scaling_laws
from llmcost.inputs import InputValue, Workload
from llmcost.studies import choices
from llmcost.studies.answers import (
    OVER_BUDGET,
    RESULT_ORDER,
    RESULT_UNITS,
    Estimate,
    Result,
    Warned,
)
from llmcost.studies.asked import Asked
from llmcost.studies.choices.factors import Factors
from llmcost.studies.run_model import RunModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.modelling import Prediction

    Floats = NDArray[np.float64]

MAX_DRAWS = 1_000_000
MIN_LEVEL, MAX_LEVEL = 0.1, 0.999
# 99.9 percent in binary is a little more than 0.999.
LEVEL_DIGITS = 12
LEAST_GOODPUT, POOR_GOODPUT, SELDOM = 1e-3, 0.2, 0.01
HISTOGRAMS = (
    *("gpu_hours", "wall_clock", "mfu", "goodput", "energy", "carbon"),
    *(name for name in engine.MONEY if name.startswith(("cost", "rental_"))),
    *("owned_cost", "acquisition_cost", "development_cost", "owned_development_cost"),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run ready to evaluate: its model, and what a reader is told about the inputs."""

    model: RunModel
    given: choices.Given
    inputs: Mapping[str, InputValue]
    notes: tuple[tuple[str, str], ...]
    law: str
    prediction: Prediction | None
    offers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Simulation:
    """An estimate, and the draws behind it by result name."""

    estimate: Estimate
    draws: Mapping[str, Floats]


def estimate(
    model: str | None = None,
    *,
    parameters: object = None,
    active_parameters: object = None,
    tokens: object = None,
    phases: Sequence[Mapping[str, object]] | None = None,
    seq_length: object = None,
    gpu: str | None = None,
    num_gpus: object = None,
    precision: str | None = None,
    mfu: object = None,
    throughput: object = None,
    goodput: object = None,
    recompute: str | None = None,
    layout: object = None,
    global_batch_size: object = None,
    framework: str | None = None,
    anchor: str | None = None,
    price: object = None,
    price_per_node_hour: object = None,
    gpus_per_node: object = None,
    provider: str | None = None,
    terms: str | None = None,
    as_of: str | None = None,
    depreciation: str | None = None,
    region: str | None = None,
    embodied: bool | None = None,
    water: bool | None = None,
    scope: str | None = None,
    equity: bool | None = None,
    post_training: object = None,
    method: str | None = None,
    currency: str | None = None,
    dollars_of: object = None,
    thresholds: bool = False,
    max_cost: object = None,
    attention_flop: str = "causal",
    scaling_law: str = "hoffmann-2022-approach-1",
    draws: int = sampling.DRAWS,
    seed: int = sampling.SEED,
    interval: object = sampling.INTERVAL,
    strict: bool = False,
    today: date | str | None = None,
    origins: Mapping[str, str] | None = None,
    **assumptions: Unpack[Factors],
) -> Estimate:
    """Return what a training run takes: FLOP, GPU-hours, wall clock and cost, with ranges.

    `model` is a catalogue name or the path of a config.json; without it `parameters` (and
    `active_parameters` for a mixture of experts) count. Quantities are text ("15T",
    "2.50 USD/GPU/hour", "35..45%"), pint quantities, or (low, high) pairs; counts and shares may be
    bare numbers, everything else needs its unit. Without `mfu` or `throughput` the MFU is predicted
    where the architecture, the accelerator and their number are known: in `layout` (text such as
    "tp=8,pp=16", whole or in part), else in the fastest that fits; `global_batch_size` is in
    sequences, or in tokens when it says so; `anchor` is a measured run to scale to. Goodput is
    modelled from failures unless given. Renting on every terms, owning, buying, energy and carbon
    stand side by side; `scope` "development" adds what lies beyond the final run. Every further
    assumption (`pue`, `server_price`, `failure_rate`, ...) is taken by its name in `Factors`.
    `method` adds the cost by a published method (epoch-2024), `currency` and `dollars_of` every
    amount in another currency or in the dollars of another year, `thresholds` the regulatory ones.
    `interval` is the share of the draws between low and high. `origins` says where a user's value
    was written (by parameter name). Raises InputError, UnitError, LayoutError and UnknownNameError
    for what cannot be used, DataError for a wrong data file, or for a stale price under `strict`.
    """
    arguments = dict(locals())
    arguments |= arguments.pop("assumptions")
    return simulate(**arguments).estimate


def simulate(
    *,
    max_cost: object = None,
    thresholds: bool = False,
    draws: int = sampling.DRAWS,
    seed: int = sampling.SEED,
    interval: object = sampling.INTERVAL,
    origins: Mapping[str, str] | None = None,
    **arguments: Any,  # noqa: ANN401
) -> Simulation:
    """Return an estimate with its draws; takes what `estimate` takes, and raises alike."""
    check_draws(draws, seed)
    level = level_of(interval)
    prepared = prepare(origins=origins, **arguments)
    central, drawn = _evaluated(prepared.model, draws, seed)
    results = _results(prepared, central, drawn, level)
    inputs = {name: value.at(level) for name, value in prepared.inputs.items()}
    warned = [*prepared.notes, *_goodput_notes(drawn)]
    if max_cost is not None:
        inputs["max_cost"], notes = _budget(max_cost, prepared.given, results["cost"].value)
        warned += notes
    reports = _reports(prepared, drawn) | Asked(prepared.given, inputs, results).reports()
    if thresholds:
        from llmcost.studies.thresholds import threshold_report

        reports["thresholds"] = threshold_report(results, drawn)
    found = Estimate(
        results,
        inputs,
        tuple(Warned(code, message) for code, message in warned),
        {
            "llmcost_version": __version__,
            "data_version": data_version(),
            "interval": level,
            "draws": draws,
            "seed": seed,
        },
        reports,
    )
    return Simulation(found, drawn)


def _evaluated(
    model: RunModel, draws: int, seed: int
) -> tuple[Mapping[str, Floats], Mapping[str, Floats]]:
    """Return every result at middle values and drawn; raises InputError for a run without end."""
    with np.errstate(all="ignore"):
        central = model.evaluate()
        drawn = model.evaluate(model.draws(draws, seed))
    endless = np.isinf(drawn["gpu_hours"]).any() or np.isinf(drawn["wall_clock"]).any()
    refuse_endless(float(central["goodput"].flat[0]), "mtbf" in central, bool(endless))
    return central, drawn


def refuse_endless(goodput: float, modelled: bool, endless: bool) -> None:
    """Raise InputError for a run that makes no progress at its middle, or is endless in a draw."""
    if endless or (modelled and goodput < LEAST_GOODPUT):
        raise InputError(
            f"Goodput is {goodput:.2g}: failures and restarts leave no progress, at least in some "
            "draws. Give a lower failure rate, a shorter restart time or fewer accelerators."
        )


def _goodput_notes(drawn: Mapping[str, Floats]) -> list[tuple[str, str]]:
    """Warn where failures are so frequent that the model of whole restarts is not to be trusted."""
    lost = float(np.mean(drawn["goodput"] < POOR_GOODPUT)) if "mtbf" in drawn else 0.0
    if lost < SELDOM:
        return []
    text = (
        f"Goodput is below {POOR_GOODPUT:.0%} in {lost:.0%} of the draws: a cluster that fails so "
        "often would restart faster, or in part. Give --restart-time or --goodput."
    )
    return [("goodput-poor", text)]


def prepare(
    *,
    attention_flop: str = "causal",
    scaling_law: str = "hoffmann-2022-approach-1",
    origins: Mapping[str, str] | None = None,
    **arguments: Any,  # noqa: ANN401
) -> Prepared:
    """Return the run that the arguments of `estimate` describe, ready to evaluate.

    Raises what `estimate` raises for them, and InputError for a name that it does not have.
    """
    given = choices.Given.of(
        {**arguments, "attention_flop": attention_flop, "scaling_law": scaling_law}, origins
    )
    chosen = choices.choose_model(given)
    law = _known_law(scaling_law)
    workload, workload_inputs, notes = choices.choose_workload(given, chosen)
    cluster, cluster_inputs, cluster_notes = choices.choose_cluster(given, chosen)
    part = cluster_inputs.get("gpu"), cluster_inputs.get("precision")
    assumed = choices.choose_assumptions(given, chosen, workload, cluster, part)
    around = choices.choose_surroundings(given, workload, cluster, part[0])
    inputs = {**workload_inputs, **cluster_inputs, **assumed.inputs, **around.inputs}
    inputs["scaling_law"] = given.text("scaling_law", law)
    step_time = assumed.prediction.step_time if assumed.prediction else None
    return Prepared(
        RunModel(workload, cluster, assumed.assumptions, around.factors, around.fixed, step_time),
        given,
        inputs,
        (*chosen.warnings, *notes, *cluster_notes, *assumed.notes, *around.notes),
        law,
        assumed.prediction,
        around.offers,
    )


def _reports(prepared: Prepared, drawn: Mapping[str, Floats]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if prepared.prediction is not None:
        from llmcost.studies.modelling import memory_report, step_report

        found["step"] = step_report(prepared.prediction)
        found["memory"] = memory_report(prepared.prediction)
    if prepared.offers:
        found["rentals"] = deepcopy(list(prepared.offers))
    if "mtbf" in drawn:
        found["goodput_by_scale"] = prepared.model.goodput_by_scale()
    found["histograms"] = {
        name: {"unit": RESULT_UNITS[name], **sampling.histogram(drawn[name])}
        for name in HISTOGRAMS
        if name in drawn and np.isfinite(drawn[name]).all() and np.ptp(drawn[name])
    }
    return found


def _results(
    prepared: Prepared,
    central: Mapping[str, Floats],
    drawn: Mapping[str, Floats],
    level: float,
) -> dict[str, Result]:
    found = _exact_results(prepared.model.workload, prepared.law)
    for name in central:
        value = float(central[name].flat[0])
        found[name] = _summary(value, drawn[name], RESULT_UNITS[name], level)
    return {name: found[name] for name in RESULT_ORDER if name in found}


def _exact_results(workload: Workload, law: str) -> dict[str, Result]:
    optimal = float(scaling_laws.compute_optimal_tokens(workload.parameters, law))
    ratio = scaling_laws.compute_optimal_ratio.kernel(
        tokens=workload.tokens, compute_optimal_tokens=optimal
    )
    return {
        "parameters": _exact(workload.parameters, ""),
        "active_parameters": _exact(workload.active_parameters, ""),
        "tokens": _exact(workload.tokens, "token"),
        "compute_optimal_tokens": _exact(optimal, "token"),
        "compute_optimal_ratio": _exact(ratio, ""),
    }


def _budget(
    max_cost: object, given: choices.Given, cost: float | None
) -> tuple[InputValue, list[tuple[str, str]]]:
    limit = spread_from(max_cost, "USD", "max_cost")
    if not limit.exact:
        raise InputError(f"max_cost: got {shown(max_cost)}; needs one amount, not a range.")
    value = InputValue.of(limit, "USD", given.origin("max_cost"))
    return value, _budget_notes(cost, limit.value)


def _budget_notes(cost: float | None, limit: float) -> list[tuple[str, str]]:
    if cost is None:
        raise InputError(
            "max_cost: there is no cost to compare it with; needs an accelerator and a price."
        )
    if cost <= limit:
        return []
    return [(OVER_BUDGET, f"The cost of {cost:,.0f} USD is over the {limit:,.0f} USD allowed.")]


def _summary(value: float, draws: Any, unit: str, level: float) -> Result:  # noqa: ANN401
    if np.isnan(value):
        return Result(None, unit, None, None)
    if not np.ptp(draws):
        return _exact(value, unit)
    low, median, high = sampling.summary(draws, level)
    return Result(value, unit, low, high, median)


def _exact(value: float, unit: str) -> Result:
    return Result(float(value), unit, float(value), float(value))


def level_of(interval: object) -> float:
    """Return the share of the draws that an interval holds; raises InputError for no such share."""
    spread = spread_from(interval, "", "interval", share=True, maximum=1.0)
    level = round(spread.value, LEVEL_DIGITS)
    if not spread.exact or not MIN_LEVEL <= level <= MAX_LEVEL:
        raise InputError(
            f"interval: got {shown(interval)}; needs one share from {MIN_LEVEL:.0%} to "
            f"{MAX_LEVEL:.1%}, such as 80%."
        )
    return level


def _known_law(law: object) -> str:
    if not isinstance(law, str) or law not in scaling_laws.LAWS:
        raise UnknownNameError(
            "scaling law",
            str(law),
            scaling_laws.LAWS,
            "See: llmcost explain compute-optimal-tokens.",
        )
    return law


def check_draws(draws: object, seed: object) -> None:
    """Raise InputError for a number of draws, or a seed, that cannot be used."""
    if not isinstance(draws, int) or not 100 <= draws <= MAX_DRAWS:
        raise InputError(
            f"draws: got {shown(draws)}; needs a whole number from 100 to {MAX_DRAWS:,}."
        )
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"seed: got {shown(seed)}; needs a whole number of 0 or more.")
