"""Several devices of one machine: each measured alone, then all at once, which is the true one.

Devices that compute together share power and cooling; one that lags holds up all.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

from llmcost.bench.probing import Task
from llmcost.bench.workers import Gathered, run_workers, stop_all

# A device this much slower than the median of its peers is named.
STRAGGLER = 0.05


def gather_all(task: Task, gathered: Gathered) -> None:
    """Measure the products on every device beside the first: alone, then together."""
    count = int(gathered.device.get("count", 1))
    if gathered.device.get("kind") == "cpu" or count < 2:
        return
    tasks = [replace(task, device=f"cuda:{i}", effort="quick") for i in range(count)]
    for i, one in enumerate(tasks):
        stop_all(run_workers([one], gathered, "gemm", [{"index": i, "together": False}]))
    before = len(gathered.samples)
    keys = [{"index": i, "together": True} for i in range(count)]
    stop_all(run_workers(tasks, gathered, "gemm", keys))
    for message in straggler_messages(gathered.samples[before:]):
        gathered.warnings.append({"code": "straggler", "message": message})


def straggler_messages(samples: list[dict[str, Any]]) -> list[str]:
    """Return a message for every device more than 5 % slower than the median of all."""
    ratios: dict[int, list[float]] = {}
    for key in {_key(one) for one in samples}:
        alike = [one for one in samples if _key(one) == key]
        usual = median(one["value"] for one in alike)
        for one in alike:
            ratios.setdefault(one["index"], []).append(one["value"] / usual)
    return [
        f"Device {index} computes {1 - median(found):.0%} slower than the median of all devices "
        "at once: look for its clocks, its power limit and its cooling."
        for index, found in sorted(ratios.items())
        if median(found) < 1 - STRAGGLER
    ]


def _key(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["dtype"], one["m"], one["n"], one["k"], one["role"]
