"""``llmcost bench``: what it asks for, what it tells on the way, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmcost.bench import running, workers
from llmcost.bench.running import FAMILIES, Request
from llmcost.cli import bench as command
from llmcost.cli.bench import bench, request_from
from tests.cli.helpers import llmcost

SOURCE = Path(__file__).parents[2] / "src"
# What stands for the measuring process: two products, then a thing that cannot be.
STAND_IN = """
import json, sys
family = json.loads(sys.stdin.readline())["family"]

def gemm(side, seconds):
    flop = 2 * side**3
    return {
        "kind": "gemm", "dtype": "fp32", "by": "numpy", "threads": 1, "role": "grid",
        "m": side, "n": side, "k": side, "flop": flop, "times_s": [seconds] * 5,
        "median_s": seconds, "p20_s": seconds, "p80_s": seconds, "best_s": seconds, "runs": 5,
        "value": flop / seconds, "best_value": flop / seconds, "unit": "FLOP/s",
        "disturbed": False, "disturbance": None, "verified": True,
    }

def say(**message):
    print(json.dumps(message), flush=True)

say(device={"kind": "cpu", "name": "Paper 1", "count": 1, "memory_bytes": 10**9})
if family == "matmul":
    say(sample=gemm(100, 0.001))
    say(sample=gemm(200, 0.004))
say(not_measured={"kind": "gemm", "reason": "bf16 is emulated on this device", "dtype": "bf16"})
say(done=family)
"""


@pytest.fixture
def _on_paper(tmp_path, monkeypatch):
    """Measure a machine that is made up."""
    (tmp_path / "bench_on_paper.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(workers, "MODULE", "bench_on_paper")


def asked(**options):
    """Return the request of a command line that says only this."""
    names = [parameter.name for parameter in bench.params]
    usual = dict.fromkeys(names) | {"device": "auto", "quick": False, "full": False}
    return request_from({**usual, **options})


def test_nothing_said_asks_for_everything():
    assert asked() == Request(what=FAMILIES)


def test_what_is_said_is_asked_for():
    found = asked(
        what="step, matmul",
        precision="BF16,fp8",
        model="llama-3.1-8b",
        seq_length="8k",
        micro_batch_size="2",
        full=True,
        budget="5 min",
        device="cuda:3",
    )

    assert (found.what, found.precisions) == (("step", "matmul"), ("bf16", "fp8"))
    assert (found.seq_length, found.micro_batch_size) == (8000, 2)
    assert (found.effort, found.seconds, found.device) == ("full", 300.0, "cuda:3")
    assert (found.shape.name, found.shape.architecture.hidden_size) == ("llama-3.1-8b", 4096)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--quick", "--full"], "--quick: got beside --full"),
        (["--what", "dreams"], "--what: got 'dreams'; needs some of matmul, memory"),
        (["--device", "tpu"], "--device: got 'tpu'; needs auto, cpu, cuda:0"),
        (["--seq-length", "0"], "--seq-length: got '0'; needs a whole number of 1 or more"),
        (["--micro-batch-size", "1.5"], "--micro-batch-size: got '1.5'"),
        (["--budget", "120"], "--budget: "),
        (["--budget", "3 USD"], "--budget: "),
        (["--budget", "-2 s"], "--budget: "),
        (["--budget", "1e300 s"], "--budget: got 1e+300 s; needs at most a day"),
        (["--device", "cuda:\u00b2"], "--device: got 'cuda:\u00b2'; needs auto, cpu, cuda:0"),
        (["--model", "lama-3"], "Unknown model 'lama-3'"),
        (["--compare", "no-such-file.json"], "no-such-file.json"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(
    options, message, capsys, monkeypatch
):
    monkeypatch.setattr(running, "run_workers", None)

    ran = llmcost(capsys, "bench", *options)

    assert ran.code == 2
    assert message in ran.err
    assert "Measuring" not in ran.err


@pytest.mark.usefixtures("_on_paper")
def test_samples_are_told_as_they_come_and_are_all_in_the_file(capsys, tmp_path):
    """2 x 100^3 FLOP in 1 ms, 2 x 200^3 in 4 ms."""
    output = tmp_path / "bench.json"

    ran = llmcost(capsys, "bench", "--what", "matmul", "-o", output)

    assert ran.code == 0
    assert ran.err.splitlines()[:3] == [
        "Measuring matmul ...",
        "  gemm fp32 grid 100x100x100: 2 GFLOP/s",
        "  gemm fp32 grid 200x200x200: 4 GFLOP/s",
    ]
    document = json.loads(output.read_text())
    assert document["schema"] == "llmcost.bench/1"
    assert [one["value"] for one in document["samples"]] == [2e9, 4e9]
    assert (document["device"]["name"], document["status"]) == ("Paper 1", "complete")
    assert document["not_measured"][0]["reason"] == "bf16 is emulated on this device"
    assert document["command"].startswith("llmcost bench --what matmul")


@pytest.mark.usefixtures("_on_paper")
def test_quiet_tells_nothing_on_the_way(capsys):
    ran = llmcost(capsys, "bench", "--what", "matmul", "--quiet", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert len(ran.data["samples"]) == 2


@pytest.mark.usefixtures("_on_paper")
def test_the_page_says_rates_and_what_was_not_measured(capsys):
    ran = llmcost(capsys, "bench", "--what", "matmul")

    assert "4 GFLOP/s" in ran.out
    assert "bf16 is emulated on this device" in " ".join(ran.out.split())


@pytest.mark.usefixtures("_on_paper")
def test_an_interrupt_gives_what_there_is(capsys, monkeypatch):
    def interrupt(sample):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_tell_sample", interrupt)

    ran = llmcost(capsys, "bench", "--what", "matmul", "--json")

    assert ran.code == 130
    assert (ran.data["status"], len(ran.data["samples"])) == ("interrupted", 1)


@pytest.mark.usefixtures("_on_paper")
def test_a_variable_sets_an_option(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_BENCH_WHAT", "matmul")

    assert len(llmcost(capsys, "bench", "--quiet", "--json").data["samples"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_ctrl_c_ends_a_real_measurement_with_what_there_is():
    """The signal comes after the first sample of this machine's own memory."""
    program = "from llmcost.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "bench", "--quick", "--what", "memory,matmul", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"},
    )
    with process:
        for line in process.stderr:
            if line.startswith("  "):
                process.send_signal(signal.SIGINT)
                break
        said = process.stdout.read()

    assert process.returncode == 130
    document = json.loads(said)
    assert document["status"] == "interrupted"
    assert len(document["samples"]) >= 1


def test_a_bench_that_measured_nothing_is_no_success(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        running,
        "_run_families",
        lambda request, by, threads, gathered, on_start: gathered.skip(
            "gemm", "its process failed (exit code 1): ImportError: torn"
        ),
    )

    done = llmcost(capsys, "bench", "--what", "matmul", "-q", "-o", str(tmp_path / "bench.json"))

    assert done.code == 2
    assert "nothing was measured: its process failed (exit code 1): ImportError" in done.err
    assert (tmp_path / "bench.json").exists()
