"""A model on a machine in some layouts: the time of a step, the memory of a device, does it fit?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from llmcost import engine
from llmcost.catalog.architecture import Architecture
from llmcost.catalog.calibration import calibration
from llmcost.engine.recipes import LOSSES, OPTIMIZERS, RECIPES
from llmcost.errors import InputError
from llmcost.machine import Machine, rates
from llmcost.shapes import step_columns

Columns = dict[str, Any]


def step_inputs(
    architecture: Architecture,
    machine: Machine,
    layouts: Mapping[str, Any],
    num_gpus: float,
    constants: Mapping[str, float] | None = None,
) -> Columns:
    """Return the engine's columns of a model, a machine and layouts, one row a layout.

    Raises InputError for a precision that the accelerator lacks, or a figure that is not known.
    """
    if machine.accelerator.memory is None:
        raise InputError(f"{machine.accelerator.name}: its memory is not known.")
    values = calibration().values if constants is None else constants
    return {
        **step_columns(architecture),
        **rates(machine, values),
        **memory_recipe(machine),
        **layouts,
        "num_gpus": float(num_gpus),
        "device_memory": machine.accelerator.memory,
    }


def memory_recipe(machine: Machine) -> dict[str, float]:
    """Return the bytes that weights, gradients and states take under a machine's precision."""
    software = machine.software
    columns = dict(RECIPES.get(machine.precision, RECIPES["bf16"]))
    columns["optimizer_bytes"] = OPTIMIZERS["adam"]
    columns["gradient_bytes"] = 2.0 if software.pure_bf16 else 4.0
    columns["logit_bytes"] = LOSSES["torch" if software.family in ("fsdp", "other") else "megatron"]
    columns["attention_score_bytes"] = 0.0 if software.fused_attention else 5.0
    columns["context_all_to_all"] = float(software.context_exchange == "all-to-all")
    # What is planned today can leave out the outputs of norms: Megatron-Core makes them again.
    columns["recompute_norm"] = float(software.family == "megatron" and software.year is None)
    return columns


def evaluate(columns: Mapping[str, Any]) -> Columns:
    """Return step_time with its parts [s], bytes of a device by part, and whether each row fits."""
    held = engine.memory(columns)
    return {
        **engine.step(columns),
        **{f"{name}_memory": value for name, value in held.items() if name != "stage"},
        "fits": engine.fits(held["total"], columns["device_memory"]),
    }


def rows_of(columns: Mapping[str, Any], keep: Any) -> Columns:  # noqa: ANN401
    """Return some rows of columns; numbers that hold for all rows stay as they are."""
    return {
        name: value[..., keep] if np.ndim(value) and np.shape(value)[-1] > 1 else value
        for name, value in columns.items()
    }
