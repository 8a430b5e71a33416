"""The tables of a modelled step: where its time goes, and what the memory of a device holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmcost.figures import significant
from llmcost.studies.wording import short_layout
from llmcost.table import Cell, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.answers import Estimate

PART_TITLES = {
    "matmul": "Matrix products",
    "attention": "Attention",
    "memory_bound": "Memory-bound",
    "launch": "Launch overhead",
    "tensor_parallel": "Tensor parallel, exposed",
    "context_parallel": "Context parallel, exposed",
    "expert_parallel": "Expert parallel, exposed",
    "recompute": "Recompute",
    "head": "Output layer and loss",
    "imbalance": "Uneven stages",
    "bubble": "Pipeline bubble",
    "pipeline_parallel": "Pipeline transfers, exposed",
    "data_parallel": "Data parallel, exposed",
    "optimizer": "Optimizer",
    "straggler": "Stragglers",
}
MEMORY_TITLES = {
    "weights": "Weights",
    "gradients": "Gradients",
    "optimizer_state": "Optimizer state",
    "activations": "Activations",
    "temporary_buffers": "Temporary buffers",
    "reserve": "Reserve",
}
# A part below this share of the step is left out of what people read.
LEAST_SHARE = 5e-4
MOST_PHASES = 12


def step_tables(estimate: Estimate) -> tuple[Table, ...]:
    """Return the tables of the step and of the memory, none where no step was modelled."""
    if estimate.step is None or estimate.memory is None:
        return ()
    return _step_table(estimate, estimate.step), _memory_table(estimate.memory)


def step_rows(estimate: Estimate) -> Iterator[tuple[Cell, ...]]:
    """Yield a row of the flat table for each part of the step and of the memory."""
    for kind, report in (("step", estimate.step), ("memory", estimate.memory)):
        for name, part in _quantities(report):
            yield f"{kind}.{name}", part["value"], part["unit"], None, None, kind, None, None
    if estimate.memory is not None:
        fits = estimate.memory["fits"]
        yield "memory.fits", fits, "", None, None, "memory", None, None


def _quantities(report: Mapping[str, Any] | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if report is not None:
        yield from report["parts"].items()
        for name in ("total", "capacity", "usable", "headroom"):
            if name in report:
                yield name, report[name]


def _step_table(estimate: Estimate, report: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name, part in report["parts"].items():
        if part["share"] >= LEAST_SHARE:
            rows.append((f"step.{name}", part["value"], part["share"]))
            share = f"{part['share']:.1%}"
            texts.append((PART_TITLES.get(name, name), _seconds(part["value"]), share))
    time = estimate.results["step_time"].value or 0.0
    rows.append(("step_time", time, 1.0))
    texts.append(("One step", _seconds(time), "100%"))
    fields = (
        Field("name", "Step"),
        Field("value", "Time", "s", align="right"),
        Field("share", "Share", align="right"),
    )
    return Table("step", fields, tuple(rows), texts=tuple(texts), notes=_step_notes(report))


def _step_notes(report: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [f"Layout: {short_layout(report['layout'])}."]
    phases = report.get("phases", ())
    if len(phases) > 1:
        told = [
            f"{each['seq_length']:,} tokens x {each['global_batch_size']:,} in "
            f"{_time(each)}, {short_layout(each['layout'])}"
            for each in _distinct(phases)
        ]
        rest = f"; and {len(told) - MOST_PHASES} more" if len(told) > MOST_PHASES else ""
        notes.append(f"Steps of all phases: {'; '.join(told[:MOST_PHASES])}{rest}.")
    return tuple(notes)


def _time(phase: Mapping[str, Any]) -> str:
    return _seconds(phase["step_time"]["value"])


def _seconds(time: float) -> str:
    return f"{significant(time)} s"


def _distinct(phases: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401
    keys = ("seq_length", "global_batch_size", "layout")
    return list({tuple(each[key] for key in keys): each for each in phases}.values())


def _memory_table(report: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name, part in _quantities(report):
        if name in ("capacity", "usable"):
            continue
        rows.append((f"memory.{name}", part["value"]))
        title = MEMORY_TITLES.get(name, _total_title(name, report))
        value = part["value"] if name != "headroom" else abs(part["value"])
        texts.append((title, f"{value:.1f} GB"))
    usable, capacity = report["usable"]["value"], report["capacity"]["value"]
    note = (
        f"On the fullest GPU, in 10^9 bytes. Memory sold as {capacity:.0f} GB is counted in 2^30, "
        f"which leaves programs {usable:.1f}."
    )
    fields = (Field("name", "Memory per GPU"), Field("value", "Held", "GB", align="right"))
    return Table("memory", fields, tuple(rows), texts=tuple(texts), notes=(note,))


def _total_title(name: str, report: Mapping[str, Any]) -> str:
    if name == "total":
        return "Together: fits" if report["fits"] else "Together: does not fit"
    return "Headroom" if report["headroom"]["value"] >= 0 else "Too much by"
