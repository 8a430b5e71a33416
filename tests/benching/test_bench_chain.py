"""From measuring to an estimate, at tiny size on the host's processors."""

import json
from dataclasses import replace
from importlib import import_module

import pytest

from llmcost import estimate
from llmcost.bench.numpy_kernels import FAMILIES
from llmcost.bench.probing import Probe
from llmcost.bench.shapes import small_shape
from llmcost.studies.benching.answer import bench_of
from tests.bench.bench_fakes import SteppingClock, made_probe
from tests.benching.made_samples import document

SMALL = {"tokens": "10M", "num_gpus": 1, "draws": 100, "as_of": "2026-09-06"}


def estimated(tmp_path, samples):
    """Return an estimate anchored on samples, by way of a saved bench."""
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(bench_of(document(samples)).to_dict()), encoding="utf-8")
    return estimate("pythia-70m", **SMALL, anchor=str(path))


def test_products_and_memory_by_numpy_anchor_an_estimate(tmp_path):
    """Every call takes a stated 10 ms: the largest product, 1024 cubed, is 215 GFLOP/s."""
    samples = []
    for family in ("matmul", "memory"):
        probe, sent = made_probe(Probe, family=family, by="numpy", clock=SteppingClock(0.01))
        FAMILIES[family](probe)
        samples += sent.of("sample")

    run = estimated(tmp_path, samples)

    assert run.inputs["peak_flop_rate"].value == pytest.approx(2 * 1024**3 / 0.01)
    assert run.inputs["gpu"].origin.kind == "measured"
    told = next(one.message for one in run.warnings if one.code == "bench-residual")
    assert "no training step" in told


def test_a_step_by_torch_scales_the_estimate(tmp_path):
    """Both passes take 0.2 s with two layers and with four: no line, so four layers it is."""
    torch = pytest.importorskip("torch", reason="PyTorch is an optional part (the extra: bench)")
    from llmcost.bench.torch_device import TorchProbe

    samples = []
    clocks = {"matmul": (0.01,), "memory": (0.01,), "step": (0.1, 0.1, 0.02), "optimizer": (0.03,)}
    for family, seconds in clocks.items():
        shape = replace(small_shape(), seq_length=32, micro_batch_size=1).as_dict()
        clock = SteppingClock(*seconds)
        probe, sent = made_probe(TorchProbe, torch, family=family, shape=shape, clock=clock)
        import_module(f"llmcost.bench.torch_{family}").measure_family(probe)
        samples += sent.of("sample")

    run = estimated(tmp_path, samples)

    told = next(one.message for one in run.warnings if one.code == "bench-residual")
    assert "both passes of 4 layers take 0.2 s (measured; 1 x 32 tokens)" in told
    assert run.inputs["mfu"].origin.source.startswith("scaled by")
