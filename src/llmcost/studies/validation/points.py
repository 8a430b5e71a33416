"""The rows of a measured throughput table, read into points.

What follows from other cells is filled in: one degree of the layout from the number of
accelerators, a single virtual stage where there is no pipeline, no expert parallelism in a dense
model. A row that cannot be scored keeps its place with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmcost.catalog.measured import THROUGHPUT_HEADERS, throughput_rows
from llmcost.studies.validation.batches import batch_of, length_of, total_from_rate, total_of
from llmcost.studies.validation.cells import Cells
from llmcost.studies.validation.conventions import Workdone
from llmcost.studies.validation.dates import date_of
from llmcost.studies.validation.degrees import DEGREES, Degrees, solved
from llmcost.studies.validation.devices import Device, device
from llmcost.studies.validation.hints import read_hints
from llmcost.studies.validation.measured_step import (
    STEP_TIME,
    Measurement,
    measurement_of,
    over_peak,
    rate_beside,
)
from llmcost.studies.validation.point import Point
from llmcost.studies.validation.shapes import shape_of
from llmcost.studies.validation.sharding import Sharding, read_sharding
from llmcost.studies.validation.stated import Shape, Stated, nearest_divisor
from llmcost.studies.validation.table_file import EXTRA, rows_of
from llmcost.studies.validation.words import (
    XLA,
    family,
    fp8_scaling,
    precision,
    recompute,
    recomputed_share,
    yes_or_no,
)

__all__ = ["Point", "flags_of", "point_of", "read_points"]

NEEDED = ("id", "gpu")
SHAPE_COLUMNS = (
    *("n_layers", "hidden", "ffn_hidden", "n_heads", "n_kv_heads", "head_dim", "vocab"),
    *("n_experts", "top_k"),
)
NOT_MEASURED = r"simulat|project|estimat|predict|theor|extrapolat|model+ed"


def read_points(path: str | Path | None = None) -> tuple[Point, ...]:
    """Return the points of a measured throughput table, every row in order; `None`: the shipped.

    The columns are those of data/throughput.csv in any order, missing ones empty, others not read.
    Raises DataError for a file that cannot be read, that lacks the columns id or gpu, or that
    names an id twice. All other trouble stays with its row.
    """
    rows = throughput_rows() if path is None else rows_of(path, NEEDED, THROUGHPUT_HEADERS)
    return tuple(point_of(row) for row in rows)


def point_of(row: Mapping[str, str]) -> Point:
    """Return the point of one row of text by column."""
    return _Reading(row).point()


class _Reading:
    """One row on its way to a point."""

    def __init__(self, row: Mapping[str, str]) -> None:
        self.cells = Cells(row)
        text = self.cells.text
        self.notes, self.framework = text("notes"), text("framework")
        self.flags = flags_of(text("quality_flag"))
        self.hints = read_hints(self.notes, self.framework, "; ".join(self.flags))
        self.family = family(self.framework or f"{self.notes} {text('source_short')}")
        self.device: Device = device(text("gpu"))
        self.task = _task(text("task"), f"{text('model_name')} {self.framework}")
        self.precision = self._precision()
        self.seq_length = length_of(self.cells)
        self.shape: Shape = self._shape()
        self.sharding: Sharding = read_sharding(
            text("fsdp_or_zero_stage"), self.framework, self.notes
        )
        self.expert_parallel = self._expert_parallel()
        self.degrees: Degrees = self._degrees()
        self.recompute = recompute(self.cells.raw("recompute"), self.notes)
        self.work = self._work()
        self.measurement = measurement_of(self.cells, self.work, self.flags)
        self.micro_batch, self.global_batch = self._batches()

    def point(self) -> Point:
        """Return the point of this row."""
        times = self._step_times()
        reason = self._reason(times)
        return Point(
            **self._who(),
            **self._layout(),
            **self._run(),
            measurement=self.measurement,
            measured_step_time=times[0] if times else None,
            measured_low=times[1] if times else None,
            measured_high=times[2] if times else None,
            measured_basis=self.measurement.basis,
            scored=not reason,
            reason=reason,
        )

    def _who(self) -> dict[str, Any]:
        cells = self.cells
        return {
            "id": cells.raw("id"),
            "source": cells.text("source_short"),
            "source_date": date_of(cells.text("source_date"), *self._names()),
            "framework": self.framework,
            "family": self.family,
            "model": cells.text("model_name"),
            "architecture": self.shape.architecture,
            "architecture_basis": self.shape.basis,
            "catalogue_model": self.shape.model,
            "architecture_inferred": self.shape.inferred,
            "accelerator": self.device.name,
            "accelerator_alternatives": self.device.alternatives,
            "num_gpus": self.degrees.num_gpus,
            "gpus_per_node": cells.count("gpus_per_node"),
            "precision": self.precision,
            "fp8_scaling": self._scaling(),
        }

    def _names(self) -> tuple[str, ...]:
        text = self.cells.text
        return text("source_short"), text("source_url_or_repo_path"), self.framework

    def _layout(self) -> dict[str, Any]:
        values, sharding = self.degrees.values, self.sharding
        data = _times(values["dp"], values["cp"])
        return {
            "tensor_parallel": values["tp"],
            "pipeline_parallel": values["pp"],
            "virtual_stages": self._virtual_stages(),
            "data_parallel": values["dp"],
            "context_parallel": values["cp"],
            "expert_parallel": self.expert_parallel,
            "expert_tensor_parallel": self.hints.expert_tensor_parallel,
            "zero_stage": sharding.stage,
            "hybrid_sharding": sharding.hybrid or self._shard_group(data) is not None,
            "shard_group": self._shard_group(data),
            "shard_group_range": sharding.group_range,
            "sequence_parallel": self._sequence_parallel(),
            "layout_missing": self.degrees.missing,
        }

    def _run(self) -> dict[str, Any]:
        values = self.degrees.values
        cell = self.cells.raw("recompute")
        share = recomputed_share(
            cell,
            self.notes,
            layers=self.shape.architecture.num_layers if self.shape.architecture else None,
            stages=values["pp"],
        )
        return {
            "micro_batch_size": self.micro_batch,
            "global_batch_size": self.global_batch,
            "seq_length": self.seq_length,
            "recompute": self.recompute,
            "recompute_share": share if self.recompute == "full" else None,
            "hints": self.hints,
            "token_drop": self._token_drop(),
            "task": self.task,
            "flags": self.flags,
        }

    def _precision(self) -> str | None:
        return precision(self.cells.text("dtype"), self.framework, self.notes)

    def _scaling(self) -> str | None:
        narrow = self.precision == "fp8"
        return fp8_scaling(self.cells.text("dtype"), self.notes) if narrow else None

    def _shape(self) -> Shape:
        """Return the shape, with a table of positions where the remarks tell of one."""
        found = shape_of(self._stated())
        told = self.hints.learned_positions and self.seq_length
        if not (told and found.architecture and not found.architecture.positions):
            return found
        longer = replace(found.architecture, positions=self.seq_length or 0)
        return replace(found, architecture=longer)

    def _stated(self) -> Stated:
        cells = self.cells
        parameters, active = cells.number("n_params_total"), cells.number("n_params_active")
        return Stated(
            name=cells.text("model_name"),
            parameters=parameters.value if parameters else None,
            active_parameters=active.value if active else None,
            numbers={name: cells.count(name) for name in SHAPE_COLUMNS},
            gated=yes_or_no(cells.text("gated_mlp")),
            tied=yes_or_no(cells.text("tied_embeddings")),
            vocabulary=self.hints.vocabulary,
            dense_layers=self.hints.dense_layers,
        )

    def _expert_parallel(self) -> int | None:
        stated = self.cells.count("ep")
        architecture = self.shape.architecture
        if stated is not None or architecture is None:
            return stated
        sparse = any(group.mlp.experts for group in architecture.groups)
        return None if sparse else 1

    def _degrees(self) -> Degrees:
        given = {name: self.cells.count(name) for name in DEGREES}
        num_gpus = self.cells.count("n_gpus")
        return solved(given, num_gpus, self.sharding, self.expert_parallel)

    def _virtual_stages(self) -> int | None:
        stated = self.cells.count("vpp")
        return 1 if stated is None and self.degrees.values["pp"] == 1 else stated

    def _shard_group(self, data: int | None) -> int | None:
        node = self.cells.count("gpus_per_node")
        return self.sharding.group_of(data, self.degrees.values["tp"], node)

    def _sequence_parallel(self) -> bool | None:
        stated = yes_or_no(self.cells.raw("sequence_parallel"))
        return False if stated is None and self.degrees.values["tp"] == 1 else stated

    def _token_drop(self) -> bool:
        stated = yes_or_no(self.cells.raw("token_drop"))
        return bool(self.hints.token_drop) if stated is None else stated

    def _batches(self) -> tuple[int | None, int | None]:
        """Return the micro batch of a replica and the global batch [sequences]."""
        micro = self.cells.number("micro_batch")
        found = batch_of(
            micro.value if micro else None,
            total_of(self.cells, self.seq_length),
            self.hints.micro_batches,
            replicas=self.degrees.values["dp"],
            devices=self.degrees.num_gpus,
            by_device=self.family == XLA,
        )
        self.hints = replace(self.hints, micro_batches=found.rounds)
        return found.micro, found.total or self._total_from_rate(found.micro)

    def _total_from_rate(self, micro: int | None) -> int | None:
        """Return the sequences of a step that took its time at the rate of tokens, if both are."""
        devices, length = self.degrees.num_gpus, self.seq_length
        if self.measurement.kind != STEP_TIME or not (devices and length):
            return None
        rates = rate_beside(self.cells, self.work, self.flags).token_rates(length)
        if rates is None:
            return None
        tokens = self.measurement.value * rates[0] * devices
        return total_from_rate(tokens, length, self.degrees.values["dp"], micro)

    def _work(self) -> Workdone:
        return Workdone(
            architecture=self.shape.architecture,
            seq_length=self.seq_length,
            accelerator=self.device.name,
            precision=self.precision,
            recompute=self.recompute,
            prediction_layer=self.hints.prediction_layer,
            task=self.task,
            packed=self.hints.packed,
        )

    def _step_times(self) -> tuple[float, float, float] | None:
        if self.measurement.reason or (self.shape.architecture is None and _flop(self.measurement)):
            return None
        return self.measurement.step_times(
            self.global_batch, self.seq_length, self.degrees.num_gpus
        )

    def _reason(self, times: tuple[float, float, float] | None) -> str:
        reasons = (
            self._cell_reasons(),
            self.device.reason,
            ""
            if self.degrees.num_gpus
            else "n_gpus: got nothing; needs the number of accelerators",
            self.shape.reason,
            self.degrees.reason,
            self._batch_reason(),
            self._depth_reason(),
            self.measurement.reason,
            self._speed_reason(times),
        )
        return next((reason for reason in reasons if reason), "")

    def _cell_reasons(self) -> str:
        kind = self.cells.text("row_kind")
        if re.search(NOT_MEASURED, kind.casefold()):
            return f"row_kind: got {kind!r}; needs a measurement"
        if EXTRA in self.cells.texts:
            return f"{self.cells.texts[EXTRA]}: quote a cell that holds a comma"
        return "; ".join(dict.fromkeys(self.cells.troubles))

    def _batch_reason(self) -> str:
        data, total, stages = (
            self.degrees.values["dp"],
            self.global_batch,
            self.degrees.values["pp"],
        )
        if total is None and self.measurement.kind == STEP_TIME:
            return "global_batch_seqs: got nothing; a step time needs the sequences of its step"
        layers = self.shape.architecture.num_layers if self.shape.architecture else 0
        if data and total and total < data:
            return f"global_batch_seqs: got {total}; needs at least the {data} replicas of dp"
        if stages and layers and stages > layers:
            return f"pp: got {stages}; needs at most the {layers} layers"
        each = self.micro_batch
        experts, devices = self.expert_parallel, self.degrees.num_gpus
        if experts and stages and devices and (devices // stages) % experts:
            share = devices // stages
            near = nearest_divisor(share, experts)
            return (
                f"ep: got {experts}; needs a divisor of a stage's {share} devices, nearest {near}"
            )
        if data and total and each and each * data > total:
            return (
                f"micro_batch: got {each} on {data} replicas; needs at most "
                f"{total // data}, for global_batch_seqs is {total}"
            )
        return ""

    def _depth_reason(self) -> str:
        """Return why the chunks of a stage cannot be: more than layers, an embedding and a loss."""
        depth, stages = self._virtual_stages(), self.degrees.values["pp"]
        if not (depth and stages and self.shape.architecture):
            return ""
        layers = self.shape.architecture.num_layers
        most = -(-(layers + 2) // stages)
        if depth <= most:
            return ""
        return f"vpp: got {depth}; needs at most {most} for {layers} layers on pp {stages}"

    def _speed_reason(self, times: tuple[float, float, float] | None) -> str:
        devices, total, seq = self.degrees.num_gpus, self.global_batch, self.seq_length
        if times is None or not (devices and total and seq):
            return ""
        most = over_peak(total * seq / times[0] / devices, self.work)
        if most is None:
            return ""
        return (
            f"{self.measurement.kind}: takes {most:.2f} times the peak of {self.device.name}; "
            "needs at most the peak (is it a rate of several accelerators, or of another model?)"
        )


def flags_of(text: str) -> tuple[str, ...]:
    """Return the flags of a cell, those between semicolons."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _flop(measurement: Measurement) -> bool:
    return bool(measurement.ways)


def _times(a: int | None, b: int | None) -> int | None:
    return a * b if a and b else None


def _task(text: str, elsewhere: str) -> str:
    """Return pretrain, lora or sft; a row that says nothing of another task is pre-training."""
    told = f"{text.casefold()} " + ("" if text else elsewhere.casefold())
    if re.search(r"lora|peft|adapter", told):
        return "lora"
    return "sft" if re.search(r"\bsft\b|fine-?_?tun|instruction", told) else "pretrain"
