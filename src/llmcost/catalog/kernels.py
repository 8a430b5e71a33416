"""Measured rates of single kernels and collectives: constants of the model of a training step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import cached_facts, overlay_folder, read
from llmcost.catalog.gpus import Accelerator
from llmcost.catalog.measured import POOLED
from llmcost.catalog.sources import source_keys
from llmcost.errors import UnknownNameError

KERNEL_RATES = DataFile(
    "kernel_rates.csv",
    ("name", "generation", "precision"),
    (
        Column("name", required=True),
        Column("generation", required=True),
        Column("precision", choices=("bf16", "fp8", "fp8-block", "nvfp4")),
        Column("unit", choices=("s", "byte")),
        Column("value", "number", required=True),
        Column("standard_error", "number", required=True, minimum=0),
        Column("rows", "count", required=True, positive=True),
        Column("source", required=True),
        Column("note", required=True),
    ),
)
# What was measured in place of a precision that was not, best first.
IN_PLACE_OF: Mapping[str, tuple[str, ...]] = {
    "fp16": ("bf16",),
    "tf32": ("bf16",),
    "fp32": ("bf16",),
    "fp8": ("bf16",),
    "fp8-block": ("fp8", "bf16"),
    "mxfp8": ("fp8-block", "fp8", "bf16"),
    "int8": ("fp8", "bf16"),
    "nvfp4": ("fp8-block", "fp8", "bf16"),
    "fp4": ("nvfp4", "fp8-block", "fp8", "bf16"),
    "mxfp4": ("nvfp4", "fp8-block", "fp8", "bf16"),
}


@dataclass(frozen=True, slots=True)
class KernelRate:
    """One constant fitted on measured kernels, in base units (s, byte; shares and counts plain).

    `generation` is a generation of accelerators or a class of link, `precision` is empty where it
    does not matter. `pooled` is true where the asked generation or link has no measurement and the
    figure is the median of all; `in_place_of` names the asked precision where another one stands
    in for it, and is empty otherwise.
    """

    name: str
    generation: str
    precision: str
    unit: str
    value: float
    standard_error: float
    rows: int
    sources: tuple[str, ...]
    note: str
    pooled: bool
    in_place_of: str = ""


def kernel_rate(name: str, generation: str, precision: str = "") -> KernelRate:
    """Return the constant of that name for a generation of accelerators or a class of link.

    First the precision asked for is looked up, then those that stand in for it, then the row that
    holds for any precision: at the generation, and after that pooled over all generations. The
    result says which it was. Raises UnknownNameError for a name that no row has.
    """
    return _kernel_rate(name, generation, precision, str(overlay_folder() or ""))


def axis_share(accelerator: Accelerator) -> float:
    """Return the share of a chip's links that one axis of a torus has; 1 elsewhere."""
    text = (accelerator.scale_up_link or "").casefold()
    axes = 3 if "3d torus" in text else 2 if "2d torus" in text else 1
    return 1 / axes


def link_class(accelerator: Accelerator) -> str:
    """Return the class of the links between accelerators that kernel_rates.csv knows them by."""
    text = (accelerator.scale_up_link or "").casefold()
    for word, name in (
        *(("nvlink2", "nvlink3"), ("nvlink3", "nvlink3"), ("nvlink4", "nvlink4")),
        *(("nvlink", "nvlink5"), ("pcie", "pcie")),
        *(("ici", "ici"), ("infinity", "xgmi")),
    ):
        if word in text:
            return name
    return "any"


@cached_facts
def _kernel_rate(name: str, generation: str, precision: str, overlay: str) -> KernelRate:
    known = _rates(overlay)
    for place in (generation, POOLED):
        for near in (precision, *IN_PLACE_OF.get(precision, ()), ""):
            row = known.get((name, place, near))
            if row is not None:
                return _rate(row, precision)
    names = sorted({one for one, place, _ in known if place in (generation, POOLED)})
    raise UnknownNameError(
        "kernel rate", name, names, f"It needs a row in {KERNEL_RATES.name} for {generation}."
    )


@cached_facts
def _rates(_overlay: str) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    every = read(KERNEL_RATES)
    return {(row["name"], row["generation"], row["precision"] or ""): row for row in every}


def _rate(row: Mapping[str, Any], asked: str) -> KernelRate:
    precision = row["precision"] or ""
    return KernelRate(
        name=row["name"],
        generation=row["generation"],
        precision=precision,
        unit=row["unit"] or "",
        value=row["value"],
        standard_error=row["standard_error"],
        rows=row["rows"],
        sources=source_keys(row["source"]),
        note=row["note"],
        pooled=row["generation"] == POOLED,
        in_place_of=asked if precision not in ("", asked) else "",
    )
