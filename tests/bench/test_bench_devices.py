"""Accelerators, made up: their facts, their clocks and who else uses them."""

import subprocess
from types import SimpleNamespace

import pytest
from bench_fakes import FakeCuda, Recorded

from llmcost.bench import torch_device
from llmcost.bench.probing import Task
from llmcost.bench.timing import EventClock
from llmcost.bench.torch_device import (
    QUERY,
    SPELLINGS,
    CudaProbe,
    catalogue_name,
    nvidia_facts,
    torch_probe,
)
from llmcost.catalog.gpus import accelerators

HBM = 85_520_809_984


class MadeUpCuda(FakeCuda):
    """An H100 with a neighbour."""

    nccl = SimpleNamespace(version=lambda: (2, 27, 5))

    def __init__(self, count=2):
        super().__init__()
        self.count, self.chosen, self.emptied = count, None, 0

    def is_available(self):
        return self.count > 0

    def device_count(self):
        return self.count

    def set_device(self, index):
        self.chosen = index

    def empty_cache(self):
        self.emptied += 1

    def mem_get_info(self, index):
        return (70_000_000_000, HBM)

    def get_device_capability(self, index):
        return (9, 0)

    def get_device_properties(self, index):
        return SimpleNamespace(
            name="NVIDIA H100 80GB HBM3",
            total_memory=HBM,
            multi_processor_count=132,
            L2_cache_size=50 << 20,
            uuid="6f0d",
        )


class MadeUpTorch:
    """As much of PyTorch as the facts of a device need."""

    __version__ = "2.13.0+cu130"
    version = SimpleNamespace(cuda="13.0", hip=None)
    int32 = "int32"

    def __init__(self, count=2):
        self.cuda, self.empties = MadeUpCuda(count), []

    def device(self, *name):
        return name

    def set_num_threads(self, threads):
        self.threads = threads

    def Generator(self, device):
        return SimpleNamespace(manual_seed=lambda seed: seed)

    def empty(self, size, dtype, device):
        self.empties.append((size, dtype))
        return SimpleNamespace(zero_=lambda: None)


@pytest.fixture
def _no_tool(monkeypatch):
    monkeypatch.setattr(torch_device.shutil, "which", lambda name: None)


def probe_of(torch=None, **fields):
    sent = Recorded()
    return CudaProbe(Task("matmul", **fields), sent, torch or MadeUpTorch(), 1), sent


@pytest.mark.usefixtures("_no_tool")
def test_the_facts_of_an_accelerator():
    probe, _ = probe_of()

    facts = probe.facts()

    assert (facts["kind"], facts["catalogue"], facts["count"]) == ("cuda", "h100-sxm", 2)
    assert (facts["index"], facts["memory_bytes"], facts["capability"]) == (1, HBM, "9.0")
    assert (facts["runtime"], facts["collectives"]) == ("13.0", "2.27.5")
    assert isinstance(probe.clock, EventClock)
    assert probe.precisions == ("bf16",)


@pytest.mark.usefixtures("_no_tool")
def test_an_accelerator_of_amd_is_told_by_its_runtime():
    torch = MadeUpTorch()
    torch.version = SimpleNamespace(cuda=None, hip="7.1")

    facts = probe_of(torch)[0].facts()

    assert (facts["kind"], facts["runtime"], facts["capability"]) == ("rocm", "7.1", None)


@pytest.mark.usefixtures("_no_tool")
def test_caches_are_flushed_by_256_mebibytes_or_twice_the_cache():
    """50 MiB of cache: twice that is less than 256 MiB, of 4-byte numbers."""
    torch = MadeUpTorch()

    probe_of(torch)[0].flush()

    assert torch.empties == [((256 << 20) // 4, "int32")]


@pytest.mark.usefixtures("_no_tool")
def test_free_memory_is_that_of_the_device_when_its_own_cache_is_given_back():
    torch = MadeUpTorch()
    probe, _ = probe_of(torch)

    assert probe.free_bytes() == 70_000_000_000
    assert torch.cuda.emptied == 1


@pytest.mark.usefixtures("_no_tool")
def test_arrays_of_a_device_are_of_four_gibibytes_or_as_large_as_fit():
    """Half of the 70 GB that are free is 20 arrays of 1.75 GB."""
    probe, _ = probe_of()

    assert probe.array_bytes(arrays=3) == 4 << 30
    assert probe.array_bytes(arrays=20) == 1_750_000_000 // 4096 * 4096


@pytest.mark.usefixtures("_no_tool")
def test_a_device_warms_up_for_a_second_and_then_shortly():
    probe, _ = probe_of()
    first = probe.timer.warm_up
    probe.attempt("gemm", dict)

    assert (first, probe.timer.warm_up, probe.timer.busy_threads) == (1.0, 0.2, 0)


@pytest.mark.usefixtures("_no_tool")
@pytest.mark.parametrize(
    ("device", "count", "kind"),
    [("auto", 2, CudaProbe), ("auto", 0, torch_device.TorchProbe), ("cuda:1", 2, CudaProbe)],
)
def test_which_device_is_measured(device, count, kind, monkeypatch):
    torch = MadeUpTorch(count)
    monkeypatch.setattr(torch_device, "import_module", lambda name: torch)

    probe = torch_probe(Task("matmul", device=device, threads=3), Recorded())

    assert (type(probe), torch.threads) == (kind, 3)


def answer(monkeypatch, **changed):
    """Let the maker's tool answer one line, of a quiet device unless it is changed."""
    usual = dict.fromkeys(QUERY, "0") | {"mig.mode.current": "Disabled", "clocks.sm": "1980"}
    line = ", ".join((usual | changed).values()) + "\n"
    asked = []

    def run(command, **_):
        asked.append(command)
        return SimpleNamespace(stdout=line)

    monkeypatch.setattr(torch_device.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(torch_device.subprocess, "run", run)
    return asked


def test_the_makers_tool_is_asked_of_this_device_only(monkeypatch):
    asked = answer(monkeypatch)

    facts = nvidia_facts("GPU-6f0d")

    assert asked[0][-2:] == ["-i", "GPU-6f0d"]
    assert facts["clocks.sm"] == "1980"


def test_only_questions_are_put_to_the_tool(monkeypatch):
    """Whatever sets a device has another option: it is only read."""
    asked = answer(monkeypatch)

    probe_of()[0].changes()

    for command in asked:
        assert [part.partition("=")[0] for part in command[1:]] == [
            "--query-gpu",
            "--format",
            "-i",
            "GPU-6f0d",
        ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"utilization.gpu": "87"}, "device-busy"),
        ({"mig.mode.current": "Enabled"}, "mig"),
    ],
)
def test_a_device_that_is_not_whole_is_told(changed, code, monkeypatch):
    answer(monkeypatch, **changed)

    _, sent = probe_of()

    assert [one["code"] for one in sent.of("warning")] == [code]


@pytest.mark.parametrize(
    ("bits", "found"),
    [
        pytest.param("0x0000000000000000", None, id="nothing"),
        pytest.param("0x0000000000000004", None, id="the power limit is how it always computes"),
        pytest.param(
            "0x0000000000000048",
            "The device was slowed: heat, the hardware slows it (1980 MHz).",
            id="heat",
        ),
    ],
)
def test_what_slows_a_device_is_told(bits, found, monkeypatch):
    answer(monkeypatch)
    probe, _ = probe_of()
    answer(monkeypatch, **{"clocks_event_reasons.active": bits})

    assert probe.changes() == found


def test_a_tool_of_an_older_driver_is_asked_in_its_words(monkeypatch):
    answer(monkeypatch)
    new, asked = torch_device.subprocess.run, []

    def run(command, **rest):
        asked.append(command[1])
        if "clocks_event_reasons" in command[1]:
            raise subprocess.CalledProcessError(6, command)
        return new(command)

    monkeypatch.setattr(torch_device.subprocess, "run", run)

    assert nvidia_facts("0")["clocks_event_reasons.active"] == "0"
    assert ["throttle" in question for question in asked] == [False, True]


def test_a_tool_that_fails_is_no_reason_not_to_measure(monkeypatch):
    monkeypatch.setattr(torch_device.shutil, "which", lambda name: "/nonexistent/nvidia-smi")

    assert nvidia_facts("0") == {}


@pytest.mark.parametrize("name", sorted(set(SPELLINGS.values())))
def test_spellings_of_drivers_lead_to_the_catalogue(name):
    assert name in {one.name for one in accelerators()}


@pytest.mark.parametrize(
    ("name", "memory", "found"),
    [
        ("NVIDIA H200", 150_754_820_096, "h200-sxm"),
        ("NVIDIA A100-SXM4-80GB", 85_050_000_000, "a100-sxm-80gb"),
        ("AMD Instinct MI300X", 206_000_000_000, "mi300x"),
        ("NVIDIA GeForce RTX 4090", 25_300_000_000, "rtx-4090"),
        ("Some Accelerator 3000", 1, None),
    ],
)
def test_names_of_drivers(name, memory, found):
    assert catalogue_name(name, memory) == found
