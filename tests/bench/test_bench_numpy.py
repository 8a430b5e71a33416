"""Products and memory traffic with NumPy."""

import numpy as np
import pytest
from bench_fakes import SteppingClock, made_probe

from llmcost.bench import numpy_kernels
from llmcost.bench.numpy_kernels import matmul, memory, product
from llmcost.bench.probing import Probe, ProbeError
from llmcost.bench.shapes import Gemm
from llmcost.bench.verifying import agrees


def test_a_product_is_counted_and_proved():
    """2 x 8 x 16 x 32 FLOP in a quarter of a second."""
    probe, _ = made_probe()

    one = product(probe, Gemm("grid", 8, 16, 32), "fp32")

    assert (one["flop"], one["value"], one["verified"]) == (8192, 4 * 8192, True)
    assert (one["m"], one["n"], one["k"], one["by"]) == (8, 16, 32, "numpy")


def test_a_wrong_product_is_no_sample(monkeypatch):
    """A library that is fast because it does nothing."""
    probe, sent = made_probe()
    monkeypatch.setattr(numpy_kernels.np, "matmul", lambda a, b, out: out.fill(0))

    with pytest.raises(ProbeError, match="wrong beside one in double precision"):
        product(probe, Gemm("grid", 64, 64, 64), "fp32")

    assert sent.messages == []


def test_every_product_of_the_model_and_of_the_grid_is_sampled():
    probe, sent = made_probe()

    matmul(probe)

    roles = [one["role"] for one in sent.of("sample")]
    assert roles == ["qkv", "attention out", "mlp up", "mlp down", "head", "grid", "grid"]


def test_numpy_says_what_it_does_not_multiply():
    probe, sent = made_probe(precisions=("bf16",))

    matmul(probe)

    assert sent.messages == [
        (
            "not_measured",
            {"kind": "gemm", "reason": "NumPy multiplies no bf16 matrices", "dtype": "bf16"},
        )
    ]


def test_a_product_beyond_half_the_free_memory_is_not_begun():
    probe, sent = made_probe(free=2_000_000)

    matmul(probe)

    assert all("of memory; only half of the" in one["reason"] for one in sent.of("not_measured"))
    assert len(sent.of("not_measured")) > 0


def test_the_triad_of_two_passes_moves_five_arrays(monkeypatch):
    """Multiply: read one, write one; add: read two, write one. A copy reads one and writes one."""
    probe, sent = made_probe(free=6 * 4096 * 2)

    memory(probe)

    copy, triad = sent.of("sample")
    assert (copy["op"], triad["op"]) == ("copy", "triad in two passes")
    assert copy["bytes"] == 2 * copy["array_bytes"]
    assert triad["bytes"] == 5 * triad["array_bytes"]
    assert triad["threads"] == 1


def test_arrays_are_four_times_the_last_cache_and_whole_pages(monkeypatch):
    monkeypatch.setattr("llmcost.bench.probing.cache_bytes", lambda: 100 << 20)
    roomy, _ = made_probe(free=1 << 40)
    narrow, _ = made_probe(free=60_000_000)

    assert roomy.array_bytes(arrays=3) == 400 << 20
    assert narrow.array_bytes(arrays=3) == 10_000_000 // 4096 * 4096


@pytest.mark.parametrize("precision", ["fp64", "fp32", "bf16", "fp8"])
def test_a_corner_is_right_when_only_rounded(precision):
    """Products in double precision, rounded by half a step of the format of the result."""
    random = np.random.default_rng(7)
    exact = random.standard_normal((64, 512)) @ random.standard_normal((512, 64))
    step = {"fp64": 2.0**-52, "fp32": 2.0**-23, "bf16": 2.0**-7, "fp8": 2.0**-7}[precision]
    rounded = exact * (1 + step * random.uniform(-0.5, 0.5, exact.shape))

    assert agrees(rounded, exact, 512, precision)
    assert not agrees(np.zeros_like(exact), exact, 512, precision)
    assert not agrees(np.full_like(exact, np.nan), exact, 512, precision)


def test_time_that_is_over_is_the_reason():
    probe, sent = made_probe(clock=SteppingClock(0.1), seconds=-1.0)

    matmul(probe)

    reasons = {one["reason"] for one in sent.of("not_measured")}
    assert reasons == {"its share of the time (--budget) was spent"}


def test_memory_that_is_exhausted_costs_one_sample_alone():
    def exhausted():
        raise MemoryError("Unable to allocate 3 PiB")

    probe, sent = made_probe(Probe)

    assert not probe.attempt("memory", exhausted, op="copy")
    assert sent.of("not_measured")[0]["reason"] == "the memory of the device does not hold it"
