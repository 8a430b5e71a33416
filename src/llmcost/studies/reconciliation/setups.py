"""Which run stands for a claim: that of the model, one of its published hours, or of its FLOP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmcost.catalog.epoch_2024 import rule
from llmcost.catalog.gpus import accelerator, peak, usual_precision
from llmcost.catalog.runs import published_run
from llmcost.formulas import utilization
from llmcost.studies.reconciliation.claimed import Claimed, catalogued

PURCHASE = "purchase"
MANY = ("several-models", "cluster", "post-training")
# A run whose FLOP nobody published is given this MFU: its hours are what counts.
PIN_MFU, PIN_PARAMETERS = 0.4, 1e9
SECONDS = 3600
# Hours that nobody counted, which are as uncertain as the published method takes hardware to be.
UNCERTAIN = ("speculative", "assumed")
FROM_RUN = "bottom-up estimate of the run"
FROM_HOURS = "its published GPU-hours at the prices of the day"
FROM_FLOP = "its published FLOP at a typical MFU"
FROM_SIZE = "its accelerators at the prices of the day"


@dataclass(frozen=True, slots=True)
class Setup:
    """The arguments of an estimate that stands for a claim, and how it was made in words."""

    arguments: Mapping[str, object]
    how: str


def setups(claim: Claimed, *, pin: bool = True) -> Iterator[Setup]:
    """Yield the setups that can stand for a claim, the most independent of it first.

    `pin` allows a run of exactly the published hours.
    """
    if claim.run:
        yield Setup({**claim.known, **claim.run}, FROM_RUN)
        return
    yield from _of_model(claim)
    if not claim.gpus:
        return
    if pin and claim.known_hours and (pinned := _pinned(claim, claim.known_hours)):
        yield Setup(pinned, FROM_HOURS)
    if claim.num_gpus and claim.price_basis == PURCHASE:
        yield Setup(_of_flop(claim, PIN_PARAMETERS * 6e9), FROM_SIZE)
    if claim.model_flop and claim.derived_from != "cost":
        yield Setup(_of_flop(claim, claim.model_flop), FROM_FLOP)


def why_none(claim: Claimed) -> str:
    """Return why no setup stands for a claim."""
    if not claim.gpus:
        return "neither its model nor one accelerator of it is known"
    return "neither its GPU-hours nor its FLOP are published"


def peak_of(gpu: str) -> float:
    """Return the dense peak [FLOP/s/GPU] of an accelerator at its usual training precision."""
    part = accelerator(gpu)
    return peak(part, usual_precision(part))


def implied_mfu(model_flop: float, gpu_hours: float, rate: float) -> float:
    """Return the MFU of FLOP in hours [GPU*hour] at a peak [FLOP/s/GPU], every loss included."""
    achieved = model_flop / (gpu_hours * SECONDS)
    return float(utilization.mfu.kernel(model_flop_rate=achieved, peak_flop_rate=rate))


def _of_model(claim: Claimed) -> Iterator[Setup]:
    entry = catalogued(claim.model)
    if entry is None or claim.scope in MANY:
        return
    run = published_run(entry.name)
    arguments: dict[str, object] = {"model": entry.name}
    if (run is None or not run.gpu) and claim.gpus:
        arguments |= {"gpu": claim.gpus[0]}
        arguments |= {"num_gpus": claim.num_gpus} if claim.num_gpus else {}
    yield Setup({**arguments, **claim.known}, FROM_RUN)


def _pinned(claim: Claimed, hours: float) -> dict[str, object]:
    """Return a run of these hours [GPU*hour], or nothing where its FLOP need more.

    Hours that are only supposed have the range that `epoch-2024` gives a number of accelerators.
    """
    rate = peak_of(claim.gpus[0])
    flop = claim.model_flop or PIN_MFU * rate * hours * SECONDS
    mfu = implied_mfu(flop, hours, rate)
    if mfu > 1:
        return {}
    given = _around(mfu) if claim.hours_source in UNCERTAIN else mfu
    return {**_of_flop(claim, flop), "mfu": given, "goodput": 1.0}


def _around(mfu: float) -> tuple[float, float, float]:
    """Return the 90% interval of an MFU whose hours are uncertain, with the MFU in its middle."""
    known = rule("num_gpus")
    fewest, most = known.low or 1.0, known.high or 1.0
    return mfu / most, mfu, min(mfu / fewest, (1 + mfu) / 2)


def _of_flop(claim: Claimed, flop: float) -> dict[str, object]:
    tokens = flop / (6 * PIN_PARAMETERS)
    known = {"num_gpus": claim.num_gpus} if claim.num_gpus else {}
    return {"parameters": PIN_PARAMETERS, "tokens": tokens, "gpu": claim.gpus[0], **known}
