"""How the work of a run is split: framework, layout, recomputation, and the global batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, lcm, prod
from typing import TYPE_CHECKING

from llmcost.amounts import count_from, whole
from llmcost.catalog.overheads import Default, default
from llmcost.catalog.runs import phases as published_phases
from llmcost.errors import InputError, LayoutError, shown
from llmcost.inputs import RECOMPUTE, InputValue, Origin, Phase, Workload
from llmcost.studies.choices.given import Given
from llmcost.studies.choices.models import ChosenModel
from llmcost.studies.choices.workload import MAX_TOKENS, TOKEN_NOUNS
from llmcost.units import dimension_gap, is_quantity

if TYPE_CHECKING:
    from llmcost.layout import PartialLayout

# What only a modelled MFU uses.
MODEL_ONLY = ("layout", "global_batch_size", "framework", "anchor")
SEQUENCE_NOUNS = ("sequences", "sequence", "seqs", "seq", "samples")
MAX_SEQUENCES = 1e9
# How far from its tokens a batch may be rounded to sequences that devices can share evenly.
MOST_ROUNDED = 0.10
# How far a batch by rule may be raised where fewer sequences cannot be shared at all.
MOST_RAISED = 2.0


@dataclass(frozen=True, slots=True)
class Batch:
    """The sequences of one step, where they come from, and whether a person gave just these."""

    sequences: int
    origin: Origin
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """What is given of how a phase is split; `own` marks a layout of this phase alone."""

    phase: Phase
    batch: Batch
    partial: PartialLayout | None
    own: bool = False


def choose_framework(given: Given, vendor: str) -> InputValue:
    """Return the family of frameworks; raises InputError for an unknown one."""
    if not given.has("framework"):
        google = vendor == "Google"
        why = "the usual one on TPUs" if google else "the usual one of large runs"
        return InputValue("xla" if google else "megatron", "", Origin("default", why))
    from llmcost.errors import one_of
    from llmcost.machine import FAMILIES

    name = str(given["framework"]).strip().casefold()
    if name not in FAMILIES:
        got = shown(given["framework"])
        raise InputError(f"framework: got {got}; needs {one_of(FAMILIES)}.")
    return InputValue(name, "", given.origin("framework"))


def choose_splits(
    given: Given, model: ChosenModel, workload: Workload, num_gpus: int
) -> tuple[Split, ...]:
    """Return what is given of each phase's layout, with its batch.

    Raises LayoutError for a layout that cannot be read, InputError for a batch that cannot be.
    """
    shared = _with_recompute(given, _layout(given["layout"]))
    main = main_phase(workload.phases)
    splits = []
    for phase in workload.phases:
        own = _layout(phase.layout)
        partial = shared if own is None else _with_recompute(given, own)
        sharing = _sharing(partial, num_gpus)
        batch = _batch(given, model, phase, main, num_gpus, sharing)
        if own is not None or phase is main:
            _check_shared(batch, sharing)
        splits.append(Split(phase, batch, partial, own is not None))
    return tuple(splits)


def _sharing(partial: PartialLayout | None, num_gpus: int) -> PartialLayout | None:
    """Return what is given of a layout, without replicas that cannot fill the cluster.

    A batch that fits such replicas would fit no layout that is legal.
    """
    if partial is None or partial.data_parallel is None:
        return partial
    model = (partial.tensor_parallel, partial.pipeline_parallel, partial.context_parallel)
    filled = partial.data_parallel * prod(degree or 1 for degree in model)
    return replace(partial, data_parallel=None) if num_gpus % filled else partial


def _check_shared(batch: Batch, partial: PartialLayout | None) -> None:
    """Raise LayoutError for a batch that the replicas of a layout cannot share."""
    multiple = _multiple(partial)
    if batch.sequences % multiple:
        near = max(1, round(batch.sequences / multiple)) * multiple
        raise LayoutError(
            f"global_batch_size: got {batch.sequences:,} sequences beside "
            f"{_replica_words(partial)}; needs a multiple of {multiple:,}, such as {near:,}."
        )


def _multiple(partial: PartialLayout | None) -> int:
    """Return the sequences that replicas of a layout do at once, of what is given of it."""
    if partial is None:
        return 1
    return (partial.data_parallel or 1) * (partial.micro_batch_size or 1)


def _replica_words(partial: PartialLayout | None) -> str:
    """Return what is given of the replicas of a layout, in short names."""
    if partial is None:
        return ""
    parts = {"dp": partial.data_parallel, "mbs": partial.micro_batch_size}
    return ",".join(f"{name}={value}" for name, value in parts.items() if value)


def main_phase(phases: Sequence[Phase]) -> Phase:
    """Return the phase of most tokens."""
    return max(phases, key=lambda phase: phase.tokens)


def _layout(value: object) -> PartialLayout | None:
    if value is None:
        return None
    from llmcost.layout import Layout, PartialLayout, layout_text, read_layout

    if isinstance(value, PartialLayout):
        return value
    return read_layout(layout_text(value) if isinstance(value, Layout) else str(value))


def _with_recompute(given: Given, partial: PartialLayout | None) -> PartialLayout | None:
    """Return the layout with the recomputation that the user asked for beside it."""
    if not given.has("recompute"):
        return partial
    kind = given["recompute"]
    if kind not in RECOMPUTE:
        raise InputError(f"recompute: got {shown(kind)}; needs none, selective or full.")
    from llmcost.layout import PartialLayout

    fixed = partial or PartialLayout()
    if fixed.recompute not in (None, kind):
        raise InputError(
            f"recompute: got {kind} beside a layout with recompute={fixed.recompute}; "
            "give only one."
        )
    return replace(fixed, recompute=str(kind))


def _batch(
    given: Given,
    model: ChosenModel,
    phase: Phase,
    main: Phase,
    num_gpus: int,
    partial: PartialLayout | None,
) -> Batch:
    """Return the batch of a phase: given, in its table, published, or by rule."""
    if partial is not None and partial.global_batch_size is not None:
        if given.has("global_batch_size"):
            raise InputError("global_batch_size: got it beside the layout's gbs; give only one.")
        if phase is main or phase.layout is not None:
            return Batch(partial.global_batch_size, Origin("user", "the layout's gbs"), exact=True)
        tokens = float(partial.global_batch_size * main.seq_length)
        return _rounded(tokens, phase, num_gpus, None, Origin("user", "the layout's gbs"))
    if given.has("global_batch_size"):
        return _given_batch(given, phase, main, num_gpus, partial)
    tokens, origin = _usual_tokens(given, model, phase, num_gpus)
    strict = phase is main or phase.layout is not None
    return _rounded(tokens, phase, num_gpus, partial, origin, strict=strict)


def _given_batch(
    given: Given, phase: Phase, main: Phase, num_gpus: int, partial: PartialLayout | None
) -> Batch:
    value, origin = given["global_batch_size"], given.origin("global_batch_size")
    if _in_tokens(value):
        tokens = count_from(value, "global_batch_size", TOKEN_NOUNS, MAX_TOKENS)
        strict = phase is main or phase.layout is not None
        return _rounded(tokens, phase, num_gpus, partial, origin, strict=strict)
    number = count_from(value, "global_batch_size", SEQUENCE_NOUNS, MAX_SEQUENCES)
    sequences = whole(number, "global_batch_size")
    if phase.seq_length == main.seq_length:
        return Batch(sequences, origin, exact=True)
    return _rounded(float(sequences * main.seq_length), phase, num_gpus, None, origin)


def _in_tokens(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold().endswith(TOKEN_NOUNS)
    return is_quantity(value) and not dimension_gap(str(value.units), "token")  # type: ignore[attr-defined]


def _usual_tokens(
    given: Given, model: ChosenModel, phase: Phase, num_gpus: int
) -> tuple[float, Origin]:
    """Return the tokens of a step where nobody asked for any: published ones, or by rule."""
    if phase.global_batch_tokens is not None:
        if given.has("phases"):
            return phase.global_batch_tokens, given.origin("phases")
        return phase.global_batch_tokens, _published_origin(model, phase.global_batch_tokens)
    rows = published_phases(model.entry.name) if model.entry else ()
    alike = [row for row in rows if row.seq_length == phase.seq_length] or rows
    if alike:
        row = max(alike, key=lambda each: each.tokens)
        return float(row.global_batch_tokens), _published_origin(model, row.global_batch_tokens)
    least, each = default("global_batch_tokens"), default("global_batch_tokens_per_gpu")
    if num_gpus * each.value > least.value:
        told, keys = f"{each.value:,.0f} tokens for each accelerator", each
        return num_gpus * each.value, _rule_origin(told, keys)
    return least.value, _rule_origin(f"{least.value:,.0f} tokens a step", least)


def _rule_origin(told: str, keys: Default) -> Origin:
    return Origin("default", f"defaults.csv: {told} ({', '.join(keys.sources)})")


def _published_origin(model: ChosenModel, tokens: float) -> Origin:
    """Return the origin of a published batch [token]: the rows that have it."""
    rows = published_phases(model.entry.name) if model.entry else ()
    alike = [row for row in rows if row.global_batch_tokens == tokens]
    published = [row for row in alike if row.basis == "published"] or alike
    keys = dict.fromkeys(key for row in published for key in row.sources)
    return Origin("published", f"training_phases.csv: {', '.join(keys)}")


def _rounded(
    tokens: float,
    phase: Phase,
    num_gpus: int,
    partial: PartialLayout | None,
    origin: Origin,
    *,
    strict: bool = True,
) -> Batch:
    """Return a batch of tokens as sequences that replicas can share, and say what was rounded.

    Unless `strict` the layout may change, and its replicas with it.
    """
    wanted = tokens / phase.seq_length
    replicas = strict and partial is not None and partial.data_parallel
    partial = partial if strict else None
    multiple = _multiple(partial) if replicas else lcm(_odd(num_gpus), _multiple(partial))
    most = inf if replicas else MOST_RAISED if origin.kind == "default" else 1.0 + MOST_ROUNDED
    sequences = shareable(wanted, multiple, most=most)
    if abs(sequences / wanted - 1) < 1e-9:
        return Batch(sequences, origin)
    told = f"{origin.source}: {tokens:,.0f} tokens, rounded to {sequences:,} sequences"
    return Batch(sequences, replace(origin, source=told))


def _odd(number: int) -> int:
    """Return the greatest odd divisor of a whole number."""
    return number // (number & -number)


def shareable(wanted: float, multiple: int, *, most: float = 1.0 + MOST_ROUNDED) -> int:
    """Return the sequences near a wanted number that most replicas can share evenly.

    A whole multiple of `multiple` stays as it is. Else, of the multiples within a tenth, the one
    with the most factors of two; where none is so near, the nearest multiple that is at most
    `most` times as large; else the nearest whole number.

    >>> shareable(2048.0, 1), shareable(2048.0, 125), shareable(1365.33, 1)
    (2048, 2000, 1280)
    """
    nearest = max(1, round(wanted))
    if abs(wanted - nearest) < 1e-9 * wanted and nearest % multiple == 0:
        return nearest
    low, high = wanted * (1 - MOST_ROUNDED), wanted * (1 + MOST_ROUNDED)
    power = 1 << max(0, int(high).bit_length())
    while power:
        step = lcm(power, multiple)
        close = max(1, round(wanted / step)) * step
        if low <= close <= high:
            return close
        power >>= 1
    close = max(1, round(wanted / multiple)) * multiple
    return close if close <= most * wanted else nearest
