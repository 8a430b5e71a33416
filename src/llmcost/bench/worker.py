"""Families of measurements in a process of their own: ``python -m llmcost.bench.worker``.

Reads a line of JSON, a task, from standard input, and does it, until that closes; writes one line
of JSON per message to standard output, at once: what was measured before a crash is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from typing import Any

from llmcost.bench.host import limit_memory
from llmcost.bench.messages import lines_of_parent, send, taken_output
from llmcost.bench.probing import MEMORY_SHARE, Emit, Probe, ProbeError, Task

# Where the families are; those of PyTorch are imported only when one is asked for.
TORCH = {
    "matmul": "llmcost.bench.torch_matmul",
    "memory": "llmcost.bench.torch_memory",
    "attention": "llmcost.bench.torch_attention",
    "step": "llmcost.bench.torch_step",
    "optimizer": "llmcost.bench.torch_optimizer",
    "collective": "llmcost.bench.collective",
}


def main() -> None:
    """Do the tasks on standard input."""
    with taken_output() as out:
        for line in lines_of_parent():
            task = task_from(json.loads(line))
            run(task, lambda kind, body: send(out, {kind: body}))
            send(out, {"done": task.family})


def run(task: Task, emit: Emit) -> None:
    """Measure what a task asks for, message by message."""
    if task.by == "numpy":
        _run_numpy(task, emit)
        return
    from llmcost.bench.torch_device import torch_probe

    try:
        probe = torch_probe(task, emit)
    except ProbeError as error:
        emit("no_device", {"reason": str(error)})
        return
    emit("device", probe.facts())
    if probe.kind == "cpu":
        limit_memory(MEMORY_SHARE)
    family: Callable[[Probe], None] = import_module(TORCH[task.family]).measure_family
    family(probe)
    if (changed := probe.changes()) is not None:
        probe.warn("device-throttled", changed)


def task_from(given: dict[str, Any]) -> Task:
    """Return the task that a dictionary of plain values holds."""
    lists = {"precisions": tuple(given.get("precisions", ()))}
    return Task(**{one.name: given[one.name] for one in fields(Task) if one.name in given} | lists)


def _run_numpy(task: Task, emit: Emit) -> None:
    from llmcost.bench.host import memory_bytes, processor_name
    from llmcost.bench.numpy_kernels import FAMILIES

    limit_memory(MEMORY_SHARE)
    probe = Probe(task, emit)
    memory = memory_bytes()
    emit("device", {"kind": "cpu", "name": processor_name(), "count": 1, "memory_bytes": memory})
    FAMILIES[task.family](probe)


if __name__ == "__main__":
    main()
