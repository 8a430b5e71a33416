"""Exchanges between the devices of this machine: as many processes, each one rank.

Without several accelerators two processes of the host exchange through its loopback, which tells
nothing of a cluster, only that the measuring works. Ranks meet through a file, so no port can be
taken.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from typing import IO, Any

from llmcost.bench.messages import read
from llmcost.bench.probing import NO_TIME
from llmcost.bench.ranks import GLOO, NCCL, Place
from llmcost.bench.torch_device import TorchProbe

MODULE = "llmcost.bench.ranks"
LOOPBACK = {"linux": "lo", "darwin": "lo0"}
GRACE = 15.0
MOST_WORDS = 200


def measure_family(probe: TorchProbe) -> None:
    """Sample exchanges between all devices of this machine."""
    if not probe.torch.distributed.is_available():
        probe.skip("collective", "this build of PyTorch exchanges nothing (no torch.distributed)")
        return
    places = _places(probe)
    if len(places) < 2:
        probe.skip(
            "collective",
            "one device exchanges nothing; on several machines: torchrun --nproc-per-node N "
            "-m llmcost.bench collective -o collective.json",
        )
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        meeting = (Path(folder) / "meeting").as_uri()
        errors = [stack.enter_context(_errors()) for _ in places]
        started = [_start(one, meeting, err) for one, err in zip(places, errors, strict=True)]
        try:
            _gather(probe, started, errors)
        finally:
            _end(started)


def _places(probe: TorchProbe) -> list[dict[str, Any]]:
    on_host = probe.kind == "cpu"
    ranks = probe.task.ranks if on_host else int(probe.facts()["count"])
    return [
        {
            "rank": i,
            "ranks": ranks,
            "local_rank": i,
            "backend": GLOO if on_host else NCCL,
            "effort": probe.task.effort,
            "seconds": max(1.0, probe.timer.left),
            "threads": max(1, probe.threads // ranks),
        }
        for i in range(ranks)
    ]


def _start(place: dict[str, Any], meeting: str, errors: IO[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        env=_environment(place["backend"]),
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps(asdict(Place(meeting=meeting, **place))) + "\n")
        process.stdin.flush()
    return process


def _gather(probe: TorchProbe, ranks: list[subprocess.Popen[str]], errors: list[IO[str]]) -> None:
    """Pass on what rank 0 sends, until it ends or its time is over."""
    first, done = ranks[0], False
    late = Timer(max(1.0, probe.timer.left) + GRACE, first.kill)
    late.daemon = True
    late.start()
    for line in first.stdout or ():
        message = read(line)
        done = done or "done" in message
        for kind in ("sample", "not_measured"):
            if kind in message:
                probe.emit(kind, message[kind])
    late.cancel()
    if not done:
        probe.skip("collective", _fault(first, errors))


def _fault(first: subprocess.Popen[str], errors: list[IO[str]]) -> str:
    if first.wait() < 0:
        return NO_TIME
    for stream in errors:
        stream.seek(0)
        lines = [line.strip() for line in stream if line.strip()]
        if lines:
            return f"the ranks failed: {lines[-1][:MOST_WORDS]}"
    return f"the ranks failed (exit code {first.returncode})"


def _end(ranks: list[subprocess.Popen[str]]) -> None:
    for process in ranks:
        try:
            process.wait(timeout=5.0 if process is not ranks[0] else 0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _errors() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _environment(backend: str) -> dict[str, str]:
    """Return the environment of a rank: on the host it listens on its loopback only."""
    name = LOOPBACK.get(sys.platform)
    local = {"GLOO_SOCKET_IFNAME": name} if backend == GLOO and name else {}
    return {**local, **os.environ}
