"""Measured rates beside the specification, what others published, and another bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any

from llmcost.catalog.achieved import best_achieved
from llmcost.catalog.gpus import MEASURED, PRECISIONS, Accelerator, peak_class
from llmcost.errors import InputError
from llmcost.figures import quantity_text
from llmcost.studies.answers import Warned
from llmcost.studies.benching.devices import is_processor
from llmcost.studies.benching.fitting import (
    Fitted,
    Sample,
    best_product,
    memory_rate,
    precisions,
    rate_of,
    right,
)
from llmcost.studies.benching.record import Compared

# Outside of these shares of a specification something is wrong with one of the two.
MOST, LEAST = 1.02, 0.4
# Codes of warnings: a rate that cannot be; what a reader of another bench should know.
SPECIFICATION = "bench-specification"
OF_OTHER = ("bench-other-device", "bench-other-threads", "bench-nothing-alike")
LIKE_PUBLISHED = 0.95
NO_SPECIFICATION = "no specification to hold it against"
ABOVE = "above the specification: another device, precision or clock than the one named?"
BELOW = "far below the specification: power cap, a slice of a device, or other work on it?"
# How much faster or slower than another bench counts as noise.
SAME = 0.03


def with_specification(
    data: Mapping[str, Any], part: Accelerator | None
) -> tuple[list[Compared], list[Warned]]:
    """Return the best rates of a bench beside those of its accelerator, and warnings.

    `part` is `None`, or a device of its own, where no specification is known.
    """
    known = part if part is not None and part.evidence != MEASURED else None
    found = [*_products(data["samples"], known), *_memory(data["samples"], known)]
    warned = [
        Warned(SPECIFICATION, f"{one.name}: {one.share:.0%}, {one.verdict}")
        for one in found
        if one.verdict in (ABOVE, BELOW)
    ]
    return found, warned


def _products(samples: list[Sample], part: Accelerator | None) -> Iterator[Compared]:
    for dtype in precisions(samples):
        best = best_product(samples, dtype)
        if best is None:
            continue
        rate, peak, published = float(best["best_value"]), None, None
        if part is not None and dtype in PRECISIONS:
            peak = _peak(part, dtype)
            published = best_achieved(part.name, dtype)
        beside = f"{published.shape}, {published.kind}, {published.software}" if published else None
        reached = published.rate if published else None
        verdict = _verdict(rate, peak, reached)
        name = f"best_matmul_rate.{dtype}"
        yield Compared(name, "FLOP/s", rate, verdict, peak, reached, beside=beside)


def _peak(part: Accelerator, dtype: str) -> float | None:
    try:
        return part.peak_flop_rates.get(peak_class(part, dtype))
    except InputError:
        return None


def _memory(samples: list[Sample], part: Accelerator | None) -> Iterator[Compared]:
    found = memory_rate(samples)
    if found is not None:
        rated = part.memory_bandwidth if part else None
        verdict = _verdict(found.value, rated, None)
        yield Compared("memory_rate", "byte/s", found.value, verdict, rated)


def _verdict(rate: float, rated: float | None, published: float | None) -> str:
    if rated is None:
        return NO_SPECIFICATION
    if rate > MOST * rated:
        return ABOVE
    if rate < LEAST * rated:
        return BELOW
    if published is None:
        return f"{rate / rated:.0%} of the specification"
    if rate > published / LIKE_PUBLISHED:
        return "faster than what was published"
    return (
        "as published" if rate >= LIKE_PUBLISHED * published else "slower than what was published"
    )


def with_other(
    data: Mapping[str, Any], other: Mapping[str, Any], name: str
) -> tuple[list[Compared], list[Warned]]:
    """Return what both benches measured, the first over the other of the file `name`.

    Raises InputError where the two were measured in two ways.
    """
    if data["method"] != other["method"]:
        raise InputError(
            f"compare: {name} was measured by method {other['method']}, this by {data['method']}; "
            "needs one of the same method. Measure it again with this version."
        )
    mine, theirs = _by_key(data["samples"]), _by_key(other["samples"])
    found = [
        _beside(key, one, theirs[key], f"{name}, {other['device']['name']}")
        for key, one in mine.items()
        if key in theirs
    ]
    return found, _other_device(data, other, name, found)


def _other_device(
    data: Mapping[str, Any], other: Mapping[str, Any], name: str, found: list[Compared]
) -> list[Warned]:
    warned = []
    if data["device"]["name"] != other["device"]["name"]:
        text = f"{name} is of another device, {other['device']['name']}."
        warned.append(Warned(OF_OTHER[0], text))
    if is_processor(data) and data["host"].get("threads") != other["host"].get("threads"):
        text = f"{name} was measured with {other['host'].get('threads')} threads."
        warned.append(Warned(OF_OTHER[1], text))
    if not found:
        text = f"Nothing in {name} was measured here too: measure the same --model and --precision."
        warned.append(Warned(OF_OTHER[2], text))
    return warned


def _by_key(samples: list[Sample]) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for kind in dict.fromkeys(str(one["kind"]) for one in samples):
        for one in right(samples, kind):
            found.setdefault(sample_name(one), one)
    return found


def sample_name(one: Sample) -> str:
    """Return what a sample is of, in short: its kind, sizes, part and precision."""
    sizes = {
        "gemm": ("m", "n", "k"),
        "memory": (),
        "attention": ("batch", "heads", "seq_length", "head_dim"),
        "step": ("layers", "micro_batch_size", "seq_length"),
        "optimizer": ("parameters",),
        "collective": ("ranks", "bytes"),
    }[str(one["kind"])]
    words = [str(one[name]) for name in ("role", "op", "part", "model") if one.get(name)]
    shape = "x".join(
        quantity_text(one[name], "byte") if name == "bytes" else f"{one[name]:.0f}"
        for name in sizes
    )
    return " ".join([str(one["kind"]), *words, *([shape] if shape else []), str(one["dtype"])])


def _beside(name: str, mine: Sample, theirs: Sample, beside: str) -> Compared:
    here, there = rate_of(mine), rate_of(theirs)
    verdict = _faster(here, there)
    return Compared(name, str(mine["unit"]), here.value, verdict, other=there.value, beside=beside)


def _faster(here: Fitted, there: Fitted) -> str:
    """Return whether one rate is above the other by more than their runs lie apart."""
    noise = sqrt(_half(here) ** 2 + _half(there) ** 2)
    change = here.value / there.value - 1
    if abs(change) <= max(SAME, noise):
        return "the same, within the spread of the runs"
    return "faster" if change > 0 else "slower"


def _half(one: Fitted) -> float:
    return (one.high - one.low) / 2 / one.value
