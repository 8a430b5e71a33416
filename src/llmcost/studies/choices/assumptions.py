"""MFU and recompute: given, measured, modelled, or typical with a range."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmcost.amounts import MIN_SHARE, spread_from, unit_of
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.measured import typical_mfu
from llmcost.catalog.overheads import default
from llmcost.errors import InputError, shown
from llmcost.formulas import utilization
from llmcost.formulas.flops import FORWARD_SHARE
from llmcost.inputs import RECOMPUTE, Assumptions, Cluster, InputValue, Origin, Workload, model_flop
from llmcost.sampling import Spread
from llmcost.studies.choices.given import Given, Note
from llmcost.studies.choices.layout import MODEL_ONLY
from llmcost.studies.choices.modelled import Modelled, choose_modelled, refuse_beside, why_not
from llmcost.studies.choices.models import ChosenModel
from llmcost.units import dimension_gap, named, wanted

if TYPE_CHECKING:
    from llmcost.studies.modelling import Prediction

TOKEN_RATE = "token/s/GPU"
FLOP_RATE = "FLOP/s/GPU"
MAX_RATE = 1e18

Inputs = dict[str, InputValue]


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of a run, its inputs and notes; the prediction where the MFU is modelled."""

    assumptions: Assumptions
    inputs: Inputs
    notes: list[Note]
    prediction: Prediction | None = None


def choose_assumptions(
    given: Given,
    model: ChosenModel,
    workload: Workload,
    cluster: Cluster,
    part: tuple[InputValue | None, InputValue | None],
) -> Assumed:
    """Return MFU and recompute with their ranges, inputs and notes.

    `part` is the accelerator and the precision of the run, where they are known.
    """
    given.only_one_of("mfu", "throughput")
    notes: list[Note] = []
    for name in ("mfu", "throughput"):
        if given.has(name):
            refuse_beside(given, name)
            break
    else:
        found = _modelled(given, model, workload, cluster, part)
        if isinstance(found, Modelled):
            return _assumed(found)
        notes = found
    scale = 1.0 if _in_convention_of_run(given) else _full_over_causal(workload)
    mfu, inputs, mfu_notes = _mfu(given, workload, cluster, part, scale)
    shares, recompute_input = _recompute(given)
    inputs |= {"recompute": recompute_input}
    notes += mfu_notes + _hfu_notes(given, mfu, shares)
    return Assumed(Assumptions(mfu, shares, scale), inputs, notes)


def _modelled(
    given: Given,
    model: ChosenModel,
    workload: Workload,
    cluster: Cluster,
    part: tuple[InputValue | None, InputValue | None],
) -> Modelled | list[Note]:
    """Return the modelled MFU, or the note that says why it is a typical one instead."""
    gpu, precision = part
    lacks = why_not(given, model, cluster)
    if gpu is None or precision is None:
        return []
    if lacks:
        text = f"The MFU is typical, not predicted for this run: that takes {lacks}."
        return [("mfu-typical", text)]
    try:
        return choose_modelled(
            given, model, workload, cluster, (str(gpu.value), str(precision.value))
        )
    except InputError as error:
        if any(given.has(name) for name in MODEL_ONLY) or any(p.layout for p in workload.phases):
            raise
        text = f"The MFU is typical, not predicted for this run, which cannot be modelled: {error}"
        return [("mfu-typical", text)]


def _assumed(found: Modelled) -> Assumed:
    assumptions = Assumptions(
        found.mfu, mfu_scale=found.mfu_scale, phase_recompute=found.phase_recompute
    )
    return Assumed(assumptions, found.inputs, found.notes, found.prediction)


def _mfu(
    given: Given,
    workload: Workload,
    cluster: Cluster,
    part: tuple[InputValue | None, InputValue | None],
    scale: float,
) -> tuple[Spread | None, Inputs, list[Note]]:
    if given.has("mfu"):
        spread = spread_from(given["mfu"], "", "mfu", share=True, maximum=1.0)
        return spread, {"mfu": InputValue.of(spread, "", given.origin("mfu"))}, []
    if given.has("throughput"):
        counted = workload if scale == 1 else replace(workload, causal=True)
        spread, inputs = _mfu_from_throughput(given, counted, cluster)
        return spread, inputs | {"mfu": inputs["mfu"].times(scale)}, _above_peak(spread, scale)
    gpu, precision = part
    if gpu is None or precision is None:
        return None, {}, []
    return _typical(str(gpu.value), str(precision.value), scale)


def _typical(gpu: str, precision: str, scale: float) -> tuple[Spread, Inputs, list[Note]]:
    generation = accelerator(gpu).generation
    found = typical_mfu(generation, precision)
    spread = Spread(found.low, found.value, found.high, share=True)
    where = "all accelerators" if found.pooled else generation
    source = (
        f"typical_mfu.csv: median of measured runs on {where} at {precision} "
        f"({found.series} series, {found.rows} rows), 10th to 90th percentile"
    )
    if scale != 1:
        source += f"; x{scale:.3g} to restate causal-halved attention in full"
    value = InputValue.of(spread, "", Origin("default", source)).times(scale)
    notes: list[Note] = []
    if found.pooled:
        text = (
            f"No measurement in the catalogue gives an MFU of {gpu} at {precision}, so it is that "
            "of all accelerators together: a wide guess. Give --mfu or --throughput."
        )
        notes = [("mfu-pooled", text)]
    return spread, {"mfu": value}, notes + _above_peak(spread, scale)


def _above_peak(mfu: Spread, scale: float) -> list[Note]:
    """Tell where a convention makes the MFU of a run that can be more than 1."""
    if mfu.value * scale <= 1:
        return []
    text = (
        f"Counting attention in full, the MFU is {mfu.value * scale:.0%}: the convention counts "
        "FLOP that causal attention does not do."
    )
    return [("mfu-above-peak", text)]


def _in_convention_of_run(given: Given) -> bool:
    """Return whether the user gave a number that counts FLOP; tokens a second count none."""
    if given.has("throughput"):
        return _rate_unit(given["throughput"]) == FLOP_RATE
    return given.has("mfu")


def _full_over_causal(workload: Workload) -> float:
    """Return by how much the workload's own convention scales a causal-halved MFU."""
    if workload.causal:
        return 1.0
    causal = replace(workload, causal=True)
    scale = utilization.restated_mfu.kernel(
        mfu=1.0, model_flop=model_flop(causal), restated_flop=model_flop(workload)
    )
    return float(scale)


def _mfu_from_throughput(
    given: Given, workload: Workload, cluster: Cluster
) -> tuple[Spread, Inputs]:
    if cluster.peak_flop_rate is None:
        raise InputError("throughput: got it without an accelerator; needs --gpu for its peak.")
    unit = _rate_unit(given["throughput"])
    rate = spread_from(given["throughput"], unit, "throughput", maximum=MAX_RATE)
    ends = [
        _share_of_peak(end, unit, workload, cluster) for end in (rate.low, rate.value, rate.high)
    ]
    if ends[0] < MIN_SHARE:
        raise InputError(
            f"throughput: got {rate.low:g} {unit}, an MFU of {ends[0]:.1e}; needs the rate of one "
            "device."
        )
    if ends[-1] > 1:
        raise InputError(
            f"throughput: got {rate.high:g} {unit}, an MFU of {ends[-1]:.0%} of the peak "
            f"{cluster.peak_flop_rate / 1e12:g} TFLOP/s/GPU; needs a rate of one device below its "
            "peak. Is it a rate of several devices, or at another precision?"
        )
    spread = _scaled(rate, ends[1] / rate.value)
    where = given.origin("throughput")
    text = f"throughput {_as_given(given['throughput'], rate.value, unit)} ({where.source})"
    if unit == TOKEN_RATE and len(workload.phases) > 1:
        text += ", taken as the mean over all phases"
    origin = Origin("measured", text)
    return spread, {
        "throughput": InputValue.of(rate, unit, where),
        "mfu": InputValue.of(spread, "", origin),
    }


def _scaled(rate: Spread, factor: float) -> Spread:
    """Return the MFU of a rate; raises InputError for a distribution that reaches over the peak."""
    try:
        return rate.scaled(factor, share=True)
    except InputError as error:
        raise named("throughput", error) from None


def _as_given(value: object, number: float, unit: str) -> str:
    return value if isinstance(value, str) and len(value) < 60 else f"{number:g} {unit}"


def _share_of_peak(rate: float, unit: str, workload: Workload, cluster: Cluster) -> float:
    if unit == TOKEN_RATE:
        rate = utilization.model_flop_rate.kernel(
            tokens_per_gpu_second=rate,
            model_flop_per_token=model_flop(workload) / workload.tokens,
        )
    share = utilization.mfu.kernel(model_flop_rate=rate, peak_flop_rate=cluster.peak_flop_rate)
    return float(share)


def _rate_unit(value: object) -> str:
    """Return which of the two rates a throughput is; raises InputError for neither."""
    unit = _unit_text(value)
    for known in (TOKEN_RATE, FLOP_RATE):
        if not unit:
            break
        if not dimension_gap(unit, known):
            return known
    raise InputError(
        f"throughput: got {shown(value if isinstance(value, str) else str(value))}; needs the rate "
        "of one device with its unit, such as '430 TFLOP/s/GPU' or '9,500 token/s/GPU'."
    )


def _unit_text(value: object) -> str:
    try:
        return unit_of(value, wanted(FLOP_RATE))
    except InputError as error:
        raise named("throughput", error) from None


def _hfu_notes(given: Given, mfu: Spread | None, shares: tuple[float, float, float]) -> list[Note]:
    """Warn when a given MFU and a given recompute need more than the peak."""
    if mfu is None or not given.has("recompute") or shares[2] < 1:
        return []
    needed = mfu.value * (1 + FORWARD_SHARE)
    if needed <= 1:
        return []
    text = (
        f"An MFU of {mfu.value:.0%} with full recompute needs {needed:.0%} of the peak: one of the "
        "two cannot be."
    )
    return [("hfu-above-peak", text)]


def _recompute(given: Given) -> tuple[tuple[float, float, float], InputValue]:
    if given.has("recompute"):
        kind = given["recompute"]
        if kind not in RECOMPUTE:
            raise InputError(f"recompute: got {shown(kind)}; needs none, selective or full.")
        none, selective, full = (float(kind == name) for name in RECOMPUTE)
        return (none, selective, full), InputValue(str(kind), "", given.origin("recompute"))
    shares = tuple(default(f"recompute_{name}_share").value for name in RECOMPUTE)
    most_common = RECOMPUTE[shares.index(max(shares))]
    told = ", ".join(f"{name} {share:.0%}" for name, share in zip(RECOMPUTE, shares, strict=True))
    origin = Origin("default", f"defaults.csv: measured runs have {told}; drawn in those shares")
    return (shares[0], shares[1], shares[2]), InputValue(most_common, "", origin)
