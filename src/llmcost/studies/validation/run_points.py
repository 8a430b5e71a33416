"""The rows of a table of whole published runs as points: tokens, devices and device time.

Device time is the printed one, else the devices times the days. Rows whose figures are bounds,
rounded, recalled or assumed are scored and keep the flags that say so; post-training is not, for
its tokens are not those of the model's training.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmcost.catalog.architecture import Architecture
from llmcost.catalog.files import read
from llmcost.catalog.models import models
from llmcost.catalog.runs import RUNS
from llmcost.formulas.flops import FLOP_PER_WEIGHT
from llmcost.studies.validation.cells import Cells, Number
from llmcost.studies.validation.conventions import training_peak
from llmcost.studies.validation.devices import Device, device
from llmcost.studies.validation.measured_step import LARGEST_PEAK_SHARE
from llmcost.studies.validation.points import flags_of
from llmcost.studies.validation.shapes import shape_of
from llmcost.studies.validation.stated import Shape, Stated
from llmcost.studies.validation.table_file import EXTRA, rows_of
from llmcost.studies.validation.words import precision

NEEDED = ("id", "gpu")
HOURS_A_DAY, SECONDS_AN_HOUR = 24, 3600
DAYS = "n_gpus x wall_clock_days"
DOUBTFUL_HOURS = r"bound|assum|approx|rough|significant digit"
PARTLY = r"(used )?for part|partly|some layers|experiment"


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One whole run: tokens [token], gpu_hours [GPU*hour], seq_length [token].

    `architecture_inferred` is true where only the parameters were known. `seq_length` is that of
    the catalogue's model, `precision` what the remarks name; `None` is not known.
    """

    id: str
    source: str
    model: str
    date: str
    catalogue_model: str | None
    architecture: Architecture | None
    architecture_basis: str
    architecture_inferred: bool
    parameters: float | None
    active_parameters: float | None
    tokens: float | None
    seq_length: int | None
    accelerator: str | None
    accelerator_alternatives: tuple[str, ...]
    num_gpus: int | None
    gpu_hours: float | None
    measured_basis: str
    precision: str | None
    task: str
    flags: tuple[str, ...]
    scored: bool
    reason: str

    @property
    def mixture(self) -> bool | None:
        """Whether the model is a mixture of experts."""
        if self.architecture is None:
            return None
        return any(group.mlp.experts for group in self.architecture.groups)


def read_runs(path: str | Path | None = None) -> tuple[RunPoint, ...]:
    """Return the points of a table of whole runs, every row in order; `None`: the shipped one.

    The columns are those of data/training_runs.csv in any order, missing ones empty. Raises
    DataError for a file that cannot be read, that lacks the columns id or gpu, or that names an id
    twice. All other trouble stays with its row.
    """
    rows = _shipped() if path is None else rows_of(path, NEEDED, RUNS.headers)
    return tuple(run_point_of(row) for row in rows)


def run_point_of(row: Mapping[str, str]) -> RunPoint:
    """Return the point of one row of text by column."""
    cells = Cells(row)
    stated = _stated(cells)
    shape = shape_of(stated)
    made = device(cells.text("gpu"))
    tokens = cells.number("tokens")
    num_gpus = cells.count("n_gpus")
    hours, basis = _hours(cells, num_gpus)
    task = _task(cells)
    notes = cells.text("notes")
    entry = next((one for one in models() if one.name == shape.model), None)
    arithmetic = _precision(cells)
    reason = (
        _cell_reason(cells)
        or ("" if task == "pretrain" else f"task: got {task!r}; needs pre-training")
        or made.reason
        or shape.reason
        or _missing("tokens", tokens)
        or ("" if hours else "no device time: needs gpu_hours, or n_gpus and wall_clock_days")
        or _impossible(shape, stated, tokens, hours, made, arithmetic)
    )
    return RunPoint(
        id=cells.raw("id"),
        source=cells.text("source_keys") or cells.text("source"),
        model=cells.text("model"),
        date=cells.text("date"),
        catalogue_model=shape.model,
        architecture=shape.architecture,
        architecture_basis=shape.basis,
        architecture_inferred=shape.inferred,
        parameters=stated.parameters,
        active_parameters=stated.active_parameters,
        tokens=tokens.value if tokens else None,
        seq_length=cells.count("seq_len", binary=True) or (entry.seq_length if entry else None),
        accelerator=made.name,
        accelerator_alternatives=made.alternatives,
        num_gpus=num_gpus,
        gpu_hours=hours,
        measured_basis=basis,
        precision=arithmetic,
        task=task,
        flags=_flags(cells, notes),
        scored=not reason,
        reason=reason,
    )


def _shipped() -> tuple[Mapping[str, str], ...]:
    return tuple(
        {name: "" if row[name] is None else f"{row[name]}" for name in RUNS.headers}
        for row in read(RUNS)
    )


def _stated(cells: Cells) -> Stated:
    parameters, active = cells.number("n_params_total"), cells.number("n_params_active")
    return Stated(
        name=cells.text("catalogue_model") or cells.text("model") or cells.text("model_name"),
        parameters=parameters.value if parameters else None,
        active_parameters=active.value if active else None,
    )


def _hours(cells: Cells, num_gpus: int | None) -> tuple[float | None, str]:
    """Return the device time [GPU*hour] and the figure it comes from."""
    printed = cells.number("gpu_hours")
    if printed:
        kind = cells.text("gpu_hours_kind")
        return printed.value, f"gpu_hours{f' ({kind})' if kind else ''}"
    days = cells.number("wall_clock_days")
    if days and num_gpus:
        return num_gpus * days.value * HOURS_A_DAY, DAYS
    return None, ""


def _task(cells: Cells) -> str:
    told = cells.text("task").casefold()
    if not told:
        told = cells.text("model").casefold()
        return "post-training" if re.search(r"\brl\b|sft|instruct|fine-?tun", told) else "pretrain"
    return "pretrain" if re.search(r"pre-?train", told) else told


def _precision(cells: Cells) -> str | None:
    """Return the arithmetic that the row names, where all of the run was in it."""
    stated = cells.text("dtype")
    remarks = f"{cells.text('notes')}; {cells.text('reported_mfu_or_tflops')}"
    told = "; ".join(p for p in remarks.split(";") if not re.search(PARTLY, p.casefold()))
    return precision(stated, told, cells.text("model"))


def _flags(cells: Cells, notes: str) -> tuple[str, ...]:
    """Return the flags of a row, with what its remarks say of the run."""
    flags = list(flags_of(cells.text("flag") or cells.text("quality_flag")))
    kind = cells.text("gpu_hours_kind")
    if re.search(DOUBTFUL_HOURS, kind) and not any("hours" in flag for flag in flags):
        flags.append(f"gpu_hours_{re.sub(r'[^a-z0-9]+', '_', kind.casefold()).strip('_')}")
    if re.search(r"distill|pruned", notes.casefold()):
        flags.append("pruned_or_distilled")
    if not cells.text("gpu_hours") and cells.text("wall_clock_days"):
        flags.append("gpu_hours_from_days")
    return tuple(flags)


def _cell_reason(cells: Cells) -> str:
    if EXTRA in cells.texts:
        return f"{cells.texts[EXTRA]}: quote a cell that holds a comma"
    return "; ".join(dict.fromkeys(cells.troubles))


def _missing(column: str, found: Number | None) -> str:
    return "" if found else f"{column}: got nothing; needs the tokens of the run"


def _impossible(
    shape: Shape,
    stated: Stated,
    tokens: Number | None,
    hours: float | None,
    made: Device,
    arithmetic: str | None,
) -> str:
    """Return why the figures cannot be, where 6 x parameters x tokens are more than the peak."""
    weights = stated.active_parameters or stated.parameters
    if not (weights and tokens and hours and made.name and shape.architecture):
        return ""
    peak = training_peak(made.name, arithmetic)
    needed = FLOP_PER_WEIGHT * weights * tokens.value / (hours * SECONDS_AN_HOUR)
    if not peak or needed <= peak * LARGEST_PEAK_SHARE:
        return ""
    return (
        f"gpu_hours: 6 x parameters x tokens in {hours:,.0f} GPU-hours takes {needed / peak:.1f} "
        f"times the peak of {made.name}; needs at most the peak (are fewer parameters active?)"
    )
