"""Exchanges between processes of this machine, and those of a cluster's launcher."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench_fakes import made_probe

from llmcost.bench import collective
from llmcost.bench.__main__ import main, place_of
from llmcost.bench.ranks import bus_factor, operations, sizes
from llmcost.bench.torch_device import TorchProbe
from llmcost.errors import InputError

torch = pytest.importorskip("torch", reason="PyTorch is an optional part (the extra: bench)")
SOURCE = Path(__file__).parents[2] / "src"

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="this build of PyTorch exchanges nothing"
)


@pytest.mark.parametrize(
    ("op", "ranks", "factor"),
    [
        ("all_reduce", 2, 1.0),
        ("all_reduce", 8, 1.75),
        ("all_gather", 8, 0.875),
        ("reduce_scatter", 4, 0.75),
    ],
)
def test_bus_bandwidth_has_the_factors_of_nccl_tests(op, ranks, factor):
    """Worked examples of nccl-tests, doc/PERFORMANCE.md: 2 (n-1)/n and (n-1)/n."""
    assert bus_factor(op, ranks) == factor


def test_sizes_are_powers_of_four_from_a_kibibyte():
    assert sizes("cpu", "normal")[:3] == (1024, 4096, 16384)
    assert sizes("cpu", "normal")[-1] == 64 << 20
    assert sizes("cuda", "normal")[-1] == 1 << 30
    assert operations("cuda", "normal") == ("all_reduce", "all_gather", "reduce_scatter")


def test_two_processes_exchange_sums_that_are_right():
    probe, sent = made_probe(TorchProbe, torch, family="collective", seconds=100.0)

    collective.measure_family(probe)

    found = sent.of("sample")
    assert sent.of("not_measured") == []
    assert [one["bytes"] for one in found] == list(sizes("cpu", "quick"))
    assert {(one["op"], one["ranks"], one["backend"]) for one in found} == {
        ("all_reduce", 2, "gloo")
    }
    assert all(one["verified"] for one in found)
    assert all(
        one["value"] == pytest.approx(one["bytes"] * one["factor"] / one["median_s"])
        for one in found
    )


def test_ranks_that_fail_say_why(monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "no-such-port0")
    probe, sent = made_probe(TorchProbe, torch, family="collective", seconds=60.0)

    collective.measure_family(probe)

    assert sent.of("sample") == []
    assert sent.of("not_measured")[0]["reason"].startswith("the ranks failed: ")


def test_one_device_exchanges_nothing():
    probe, sent = made_probe(TorchProbe, torch, family="collective", ranks=1)

    collective.measure_family(probe)

    assert "torchrun" in sent.of("not_measured")[0]["reason"]


def test_a_launchers_ranks_write_one_file(tmp_path):
    """As torchrun starts them: a process a rank, who meet at an address that the launcher chose."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    output = tmp_path / "collective.json"
    command = [sys.executable, "-m", "llmcost.bench", "collective", "--effort", "quick"]
    shared = {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    ranks = [
        subprocess.Popen(
            [*command, "-o", str(output)],
            env={**shared, "RANK": str(i), "LOCAL_RANK": str(i)},
            stderr=subprocess.DEVNULL,
        )
        for i in range(2)
    ]

    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    document = json.loads(output.read_text())
    assert (document["schema"], document["status"]) == ("llmcost.bench/1", "complete")
    assert {one["kind"] for one in document["samples"]} == {"collective"}


def test_outside_a_launcher_the_message_tells_how_to_start_one(capsys, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)

    assert main(["collective", "-o", "x.json"]) == 2
    assert "torchrun --nproc-per-node 8 -m llmcost.bench collective" in capsys.readouterr().err


def test_a_launcher_that_says_too_little_is_refused():
    with pytest.raises(InputError, match="WORLD_SIZE is not set"):
        place_of({"RANK": "0"}, "quick")
