"""Processes that measure: what they send is kept whatever becomes of them."""

import subprocess
import sys

import pytest
from bench_fakes import SIGNAL_SELF

from llmcost.bench import probing, running, workers
from llmcost.bench.probing import NO_TIME, Probe, Task
from llmcost.bench.running import Request, library, measure
from llmcost.bench.together import straggler_messages
from llmcost.bench.workers import Gathered, run_workers, stop_all
from llmcost.errors import InputError, MissingExtraError

SAMPLE = 'print(\'{"sample": {"kind": "gemm", "value": 1.0}}\', flush=True)\n'
DONE = 'print(\'{"done": "matmul"}\', flush=True)\n'
SEVERAL = """
import json, sys
device = json.loads(sys.stdin.readline())["device"]
print(json.dumps({"device": {"kind": "cuda", "count": 3}}))
value = 80.0 if device == "cuda:1" else 100.0
one = {"kind": "gemm", "dtype": "bf16", "m": 8, "n": 8, "k": 8, "role": "grid", "value": value}
print(json.dumps({"sample": one}))
print('{"done": "matmul"}')
"""
QUICK = Request(what=("memory",), effort="quick", by="numpy")


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a program in the place of the one that measures."""

    def put(*lines):
        (tmp_path / "bench_stand_in.py").write_text(
            "import sys\nsys.stdin.readline()\n" + "".join(lines)
        )

    put.folder = tmp_path
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(workers, "MODULE", "bench_stand_in")
    return put


def gather(seconds=30.0):
    gathered = Gathered()
    stop_all(run_workers([Task("matmul", seconds=seconds)], gathered, "gemm"))
    return gathered


def test_messages_are_kept_in_order_and_lines_that_are_none_are_not(stand_in):
    stand_in(
        SAMPLE,
        "print('a library chats'); print('[1]')\n",
        'print(\'{"not_measured": {"kind": "gemm", "reason": "none"}}\')\n',
        'print(\'{"warning": {"code": "w", "message": "m"}}\')\n' * 2,
        'print(\'{"device": {"kind": "cpu"}}\')\n',
        DONE,
    )

    gathered = gather()

    assert gathered.samples == [{"kind": "gemm", "value": 1.0}]
    assert gathered.not_measured == [{"kind": "gemm", "reason": "none"}]
    assert gathered.warnings == [{"code": "w", "message": "m"}]
    assert gathered.device == {"kind": "cpu"}


def test_a_process_that_fails_keeps_its_samples_and_says_why(stand_in):
    stand_in(SAMPLE, "raise RuntimeError('no such kernel')\n")

    gathered = gather()

    assert len(gathered.samples) == 1
    assert gathered.not_measured == [
        {
            "kind": "gemm",
            "reason": "its process failed (exit code 1): RuntimeError: no such kernel",
        }
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without signals")
def test_a_process_that_is_killed_keeps_its_samples(stand_in):
    stand_in(SAMPLE, SIGNAL_SELF)

    gathered = gather()

    assert len(gathered.samples) == 1
    assert "ended by signal 9, as for want of memory" in gathered.not_measured[0]["reason"]


def test_a_process_that_hangs_is_ended_and_keeps_its_samples(stand_in, monkeypatch):
    monkeypatch.setattr(workers, "GRACE", 0.0)
    stand_in(SAMPLE, "import time\ntime.sleep(600)\n")

    gathered = gather(seconds=2.0)

    assert gathered.not_measured[0]["reason"] == NO_TIME
    assert gathered.warnings[0]["code"] == "process-ended"


def test_what_several_processes_send_is_marked_with_whose_it_is(stand_in):
    stand_in(SAMPLE, DONE)
    gathered = Gathered()

    tasks = [Task("matmul", seconds=30.0)] * 2
    marks = [{"index": 0, "together": True}, {"index": 1, "together": True}]
    stop_all(run_workers(tasks, gathered, "gemm", marks))

    assert sorted(one["index"] for one in gathered.samples) == [0, 1]


def test_all_devices_are_measured_alone_and_then_together(stand_in, monkeypatch):
    """Device 1 of three lags by a fifth whenever it is measured."""
    monkeypatch.setattr(running, "find_spec", lambda name: name)
    (stand_in.folder / "bench_stand_in.py").write_text(SEVERAL)

    found = measure(Request(what=("matmul",), device="all", effort="quick"))

    first, *rest = found.samples
    assert "index" not in first
    alone = [one["index"] for one in rest if not one["together"]]
    assert alone == [0, 1, 2]
    assert sorted(one["index"] for one in rest if one["together"]) == [0, 1, 2]
    assert [one["code"] for one in found.warnings] == ["straggler"]
    assert found.warnings[0]["message"].startswith("Device 1 computes 20% slower")


def test_a_processor_is_one_device(stand_in, monkeypatch):
    monkeypatch.setattr(running, "find_spec", lambda name: name)
    stand_in(SAMPLE, 'print(\'{"device": {"kind": "cpu", "count": 1}}\')\n', DONE)

    found = measure(Request(what=("matmul",), device="all", effort="quick"))

    assert len(found.samples) == 1


def test_an_interrupt_ends_the_measuring_and_keeps_what_there_is(stand_in):
    stand_in(SAMPLE, "import time\ntime.sleep(600)\n")

    def interrupt(_sample):
        raise KeyboardInterrupt

    found = measure(QUICK, on_sample=interrupt)

    assert (found.status, len(found.samples)) == ("interrupted", 1)


def test_time_that_is_over_is_told():
    found = measure(Request(what=("memory",), by="numpy", budget=1e-6))

    assert (found.status, found.samples) == ("over budget", ())
    assert {one["reason"] for one in found.not_measured} == {NO_TIME}


def test_slow_libraries_do_not_cost_a_family_its_time(monkeypatch):
    """A task of 10 s whose start took 60 s still has the 4 s that it is sure of."""
    monkeypatch.setattr(probing, "monotonic", lambda: 100.0)

    late = Probe(Task("matmul", seconds=10.0, least=4.0, begun=40.0), print)
    early = Probe(Task("matmul", seconds=10.0, least=4.0, begun=100.0), print)

    assert (late.deadline, early.deadline) == (104.0, 110.0)


def test_families_share_the_budget_by_their_weights(monkeypatch):
    """Of 30 s: products 3 parts of 6, a step 3; half of its part is a family's for sure."""
    tasks = []
    monkeypatch.setattr(running, "find_spec", lambda name: name)
    monkeypatch.setattr(running, "monotonic", lambda: 0.0)
    monkeypatch.setattr(running, "run_workers", lambda found, *_, **__: tasks.extend(found) or [])

    measure(Request(what=("step", "matmul"), effort="quick"))

    assert [(one.family, one.seconds, one.least) for one in tasks] == [
        ("matmul", 15.0, 7.5),
        ("step", 30.0, 7.5),
    ]


def test_a_quick_measurement_of_processors_loads_its_libraries_once():
    """All families in one process: half a minute is no time to load PyTorch six times."""
    gathered = Gathered()
    task = Task("memory", by="numpy", seconds=5.0, threads=1, effort="quick")

    (first,) = run_workers([task], gathered, "memory")
    (second,) = run_workers([task], gathered, "memory", spare=first)

    assert second is first
    assert len(gathered.samples) >= 2
    stop_all([second])
    assert not second.alive


def test_a_process_that_is_gone_does_no_second_family():
    gathered = Gathered()
    task = Task("memory", by="numpy", seconds=5.0, threads=1, effort="quick")
    (first,) = run_workers([task], gathered, "memory")
    stop_all([first])

    (second,) = run_workers([task], gathered, "memory", spare=first)

    assert second is not first
    assert second.done
    stop_all([second])


def test_this_machine_is_measured_with_numpy():
    seen, begun = [], []

    found = measure(QUICK, on_sample=seen.append, on_start=begun.append)

    assert begun == ["memory"]
    assert list(found.samples) == seen
    assert {one["op"] for one in seen} <= {"copy", "triad in two passes"}
    assert (found.device["kind"], found.request["by"]) == ("cpu", "numpy")
    assert found.host["threads"] >= 1
    assert found.measured_at.endswith("+00:00")
    assert all(one["value"] > 0 for one in seen)
    assert seen or found.not_measured


def test_what_numpy_cannot_do_is_told_with_how_to_get_it(monkeypatch, stand_in):
    monkeypatch.setattr(running, "find_spec", lambda name: None)
    stand_in(DONE)

    found = measure(Request(effort="quick"))

    reasons = {one["kind"]: one["reason"] for one in found.not_measured}
    assert set(reasons) == {"attention", "step", "optimizer", "collective"}
    assert set(reasons.values()) == {"needs PyTorch: pip install 'llmcost[bench]'"}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Request(device="cuda:0"), id="an accelerator"),
        pytest.param(Request(what=("step", "collective")), id="only what NumPy cannot"),
        pytest.param(Request(by="torch"), id="asked for by name"),
    ],
)
def test_without_pytorch_what_needs_it_is_refused(request_, monkeypatch):
    monkeypatch.setattr(running, "find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match=r"llmcost\[bench\]"):
        library(request_)


def test_a_device_that_is_not_there_ends_the_measuring_at_once(stand_in, monkeypatch):
    """The first process says so; the families after it are not started."""
    reason = "device: got cuda:7; PyTorch 2 finds 1 accelerators. Give --device cpu."
    stand_in(f'print(\'{{"no_device": {{"reason": "{reason}"}}}}\')\n', DONE)
    monkeypatch.setattr(running, "library", lambda request: "torch")
    started = []

    with pytest.raises(InputError, match="device: got cuda:7"):
        measure(Request(device="cuda:7"), on_start=started.append)

    assert started == ["matmul"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"what": ("matmul", "dreams")}, "what: got 'dreams'; needs some of matmul, memory"),
        ({"what": ()}, "what: got nothing"),
        ({"device": "tpu"}, "device: got 'tpu'; needs auto, cpu, cuda:0"),
        ({"device": "cuda:-1"}, "device: got 'cuda:-1'"),
        ({"precisions": ("bf16", "bf61")}, "Unknown precision 'bf61'. Did you mean bf16"),
        ({"effort": "heroic"}, "effort: got 'heroic'; needs quick, normal or full"),
        ({"by": "jax"}, "by: got 'jax'"),
        ({"budget": 0.0}, "budget: got 0.0; needs more than 0"),
        ({"budget": float("nan")}, "budget: got nan; needs more than 0"),
        ({"micro_batch_size": 0}, "micro_batch_size: got 0; needs more than 0"),
    ],
)
def test_requests_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(InputError) as raised:
        measure(Request(**wrong))

    assert str(raised.value).startswith(message)


def test_the_program_that_measures_ends_with_its_parent():
    """Its standard input is closed while it waits for nothing else."""
    program = (
        "import time\n"
        "from llmcost.bench.messages import end_with_parent\n"
        "end_with_parent()\n"
        "time.sleep(600)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, timeout=60, check=False
    )

    assert done.returncode == 3


def together(index, value, m=1024):
    shape = {"dtype": "bf16", "m": m, "n": m, "k": m, "role": "grid"}
    return {**shape, "index": index, "value": value}


def test_a_device_that_lags_behind_its_peers_is_named():
    """Device 2 reaches 0.90 of the median of every product; device 1 0.96, within 5 %."""
    samples = [
        together(index, value * scale, m)
        for m, scale in ((1024, 1.0), (4096, 7.0))
        for index, value in enumerate((100.0, 96.0, 90.0, 100.0, 101.0))
    ]

    messages = straggler_messages(samples)

    assert len(messages) == 1
    assert messages[0].startswith("Device 2 computes 10% slower than the median of all devices")
