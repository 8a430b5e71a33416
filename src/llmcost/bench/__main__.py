"""Exchanges of a whole cluster: ``torchrun --nproc-per-node 8 -m llmcost.bench collective``.

The launcher starts one process an accelerator on every machine and tells each its rank; rank 0
writes the samples to a file, which `llmcost estimate --anchor` reads.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from llmcost.bench.host import cores, host_facts
from llmcost.bench.probing import Task
from llmcost.bench.ranks import GLOO, NCCL, Place, measure
from llmcost.bench.running import COMPLETE, EFFORTS, METHOD
from llmcost.bench.torch_device import torch_probe
from llmcost.errors import InputError, LlmcostError, MissingExtraError

SCHEMA = "llmcost.bench/1"
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
EXIT_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Take part in the exchanges of a cluster; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        exchange(Path(asked.output), asked.effort)
    except LlmcostError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_INPUT
    return 0


def exchange(output: Path, effort: str) -> None:
    """Measure the exchanges between all ranks of a launcher; rank 0 writes them to a file.

    Raises InputError outside a launcher, MissingExtraError without PyTorch.
    """
    found: dict[str, list[dict[str, Any]]] = {"sample": [], "not_measured": []}
    place = place_of(os.environ, effort)
    measure(place, lambda kind, body: found[kind].append(body))
    if place.rank:
        return
    document = _document(place, found)
    output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"Wrote {output}.", file=sys.stderr)  # noqa: T201


def place_of(environment: Any, effort: str) -> Place:  # noqa: ANN401
    """Return the place that a launcher gave this process; raises InputError where there is none."""
    missing = [name for name in VARIABLES if not environment.get(name, "")]
    if missing:
        raise InputError(
            f"The variable {missing[0]} is not set; exchanges need a launcher. Run: torchrun "
            "--nproc-per-node 8 -m llmcost.bench collective -o collective.json"
        )
    try:
        torch: Any = import_module("torch")
    except ImportError:
        raise MissingExtraError("Measuring exchanges", extra="bench") from None
    ranks = int(environment["WORLD_SIZE"])
    return Place(
        rank=int(environment["RANK"]),
        ranks=ranks,
        local_rank=int(environment["LOCAL_RANK"]),
        meeting="env://",
        backend=NCCL if torch.cuda.is_available() else GLOO,
        effort=effort,
        seconds=EFFORTS[effort],
        threads=max(1, cores() // int(environment.get("LOCAL_WORLD_SIZE", ranks))),
    )


def _document(place: Place, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    device = f"cuda:{place.local_rank}" if place.backend == NCCL else "cpu"
    probe = torch_probe(Task("collective", device=device), lambda *_: None)
    return {
        "schema": SCHEMA,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": METHOD,
        "host": host_facts(place.threads),
        "device": probe.facts(),
        "request": {"what": ["collective"], "effort": place.effort, "ranks": place.ranks},
        "samples": found["sample"],
        "not_measured": found["not_measured"],
        "status": COMPLETE,
        "warnings": [],
        "command": f"torchrun (ranks: {place.ranks}) -m llmcost.bench collective",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("llmcost.bench", description=__doc__)
    parser.add_argument("what", choices=["collective"])
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    parser.add_argument("--effort", choices=list(EFFORTS), default="normal")
    return parser


if __name__ == "__main__":
    sys.exit(main())
