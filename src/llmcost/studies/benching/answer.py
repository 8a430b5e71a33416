"""What does this machine reach? Measure, fit, hold against what is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from llmcost._version import __version__
from llmcost.bench.running import FAMILIES, Request, measure
from llmcost.bench.shapes import LARGE_BATCH, LARGE_SEQ_LENGTH, Shape
from llmcost.catalog.gpus import Accelerator
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, LlmcostError, shown
from llmcost.studies.answers import Warned
from llmcost.studies.benching.comparing import (
    OF_OTHER,
    SPECIFICATION,
    with_other,
    with_specification,
)
from llmcost.studies.benching.devices import device_of
from llmcost.studies.benching.record import SCHEMA, Bench, Compared
from llmcost.studies.benching.summary import fits_of, results_of
from llmcost.studies.choices.given import Given
from llmcost.studies.choices.models import choose_model
from llmcost.units import in_unit

if TYPE_CHECKING:
    from llmcost.bench.running import Measured
    from llmcost.studies.saved import Saved

OnSample = Callable[[Mapping[str, Any]], None]
OnStart = Callable[[str], None]
HERE, DISTURBED = "this bench", "bench-disturbed"
# Warnings that follow from the samples, and are made anew when a file is read.
REMADE = (SPECIFICATION, DISTURBED)
UNKNOWN = {"kind": "unknown", "name": "unknown", "count": 0, "catalogue": None}


def run_bench(
    model: str | None = None,
    *,
    what: Sequence[str] = FAMILIES,
    device: str = "auto",
    precisions: Sequence[str] = (),
    seq_length: int | None = None,
    micro_batch_size: int | None = None,
    effort: str = "normal",
    budget: object = None,
    compare: str | os.PathLike[str] | None = None,
) -> Bench:
    """Measure this machine with the shapes of a model; return what it reaches.

    `model` is a catalogue name or the path of a config.json, a usual one of the device without;
    `what` some of matmul, memory, attention, step, optimizer and collective; `device` auto, cpu,
    cuda:0 or all; `effort` quick, normal or full; `budget` a time such as "60 s"; `compare` the
    file of another bench. Raises InputError for what cannot be, and MissingExtraError where all of
    it needs PyTorch and there is none.
    """
    request = Request(
        what=_several(what),
        device=device,
        precisions=_several(precisions),
        shape=None if model is None else shape_of(model),
        seq_length=seq_length,
        micro_batch_size=micro_batch_size,
        effort=effort,
        budget=None if budget is None else float(in_unit(budget, "s", "budget")),
    )
    return bench(request, compare=compare)


def _several(names: Sequence[str]) -> tuple[str, ...]:
    """Return names given as a list, or as one text with commas between them."""
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    return tuple(names)


def shape_of(model: str) -> Shape:
    """Return the shape that is measured of a model, by its name or the path of its config.json.

    Raises InputError for one whose architecture is not known.
    """
    architecture = choose_model(Given.of({"model": model})).architecture
    if architecture is None:
        raise InputError(f"model: got {shown(model)}; needs one whose architecture is known.")
    return Shape(model, architecture, LARGE_SEQ_LENGTH, LARGE_BATCH)


def bench(
    request: Request | None = None,
    *,
    compare: str | os.PathLike[str] | None = None,
    on_sample: OnSample | None = None,
    on_start: OnStart | None = None,
) -> Bench:
    """Measure this machine; return what it reaches, beside `compare`, the file of another bench.

    `on_sample` gets each sample and `on_start` each family as they come. Raises InputError for a
    request that cannot be and for a file that holds no bench, before anything is measured, and
    MissingExtraError where all of it needs PyTorch and there is none.
    """
    other = None if compare is None else saved_bench(compare)
    measured = measure(request or Request(), on_sample=on_sample, on_start=on_start)
    return finished(measured, other)


def finished(measured: Measured, other: Saved | None = None) -> Bench:
    """Return what samples come to, beside those of another bench."""
    return bench_of(plain(measured), other)


def plain(measured: Measured) -> dict[str, Any]:
    """Return what was measured as a file holds it."""
    data = {one.name: getattr(measured, one.name) for one in fields(measured)}
    for name in ("samples", "not_measured", "warnings"):
        data[name] = [dict(one) for one in data[name]]
    data["device"] = {**UNKNOWN, **data["device"]}
    return data


def bench_of(data: Mapping[str, Any], other: Saved | None = None) -> Bench:
    """Return the bench of a document's samples; what follows from them is worked out anew.

    Raises InputError where another bench was measured in another way.
    """
    part = _part(data)
    rows, warned = with_specification(data, part)
    more, told = _beside_before(data), list[Warned]()
    if other is not None:
        more, told = with_other(data, other.data, other.name)
    made = {*REMADE, *(OF_OTHER if other is not None else ())}
    own = [
        Warned(str(one["code"]), str(one["message"]))
        for one in data["warnings"]
        if one["code"] not in made
    ]
    kept = {key: one for key, one in data.items() if key not in _MADE}
    return Bench(
        kept,
        fits_of(data["samples"]),
        results_of(data, part),
        (*rows, *more),
        (*own, *warned, *told, *_disturbed(data)),
        {"llmcost_version": __version__, "data_version": data_version()},
    )


_MADE = (
    *("schema", "fits", "results", "comparison", "command"),
    *("llmcost_version", "data_version"),
)


def _beside_before(data: Mapping[str, Any]) -> list[Compared]:
    """Return the rows beside another bench that a saved one holds already."""
    names = [one.name for one in fields(Compared)]
    return [
        Compared(**{name: row[name] for name in names if name in row})
        for row in data.get("comparison", ())
        if row.get("other") is not None
    ]


def _part(data: Mapping[str, Any]) -> Accelerator | None:
    try:
        return device_of(data, HERE)
    except LlmcostError:
        return None


def _disturbed(data: Mapping[str, Any]) -> list[Warned]:
    found = [one for one in data["samples"] if one.get("disturbed")]
    if not found:
        return []
    why = next((str(one["disturbance"]) for one in found if one.get("disturbance")), "")
    text = (
        f"{len(found)} of {len(data['samples'])} samples were disturbed by other work on the "
        f"machine ({why}): they are slower than they would be. Measure again when it is idle."
    )
    return [Warned(DISTURBED, text)]


def saved_bench(path: str | os.PathLike[str]) -> Saved:
    """Return the bench that a file holds; raises InputError for anything else."""
    from llmcost.studies.saved import read_saved

    saved = read_saved(path)
    if saved.schema != SCHEMA:
        raise InputError(
            f"compare: {saved.name} is {saved.schema}; needs a bench: llmcost bench -o FILE.json."
        )
    return saved
