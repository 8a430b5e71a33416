"""A bench as an anchor: measured rates, the step scaled to, and a wider interval."""

import json
from dataclasses import replace
from math import exp, hypot, log

import pytest

from llmcost import estimate
from llmcost.catalog.calibration import calibration
from llmcost.catalog.gpus import accelerator
from llmcost.errors import InputError
from llmcost.machine import Machine, Software, rates
from llmcost.studies.benching.anchoring import bench_anchor, measured_rates, residual_of
from llmcost.studies.benching.blocks import architecture_of, block_of, predicted_passes
from llmcost.studies.benching.devices import device_of
from llmcost.studies.intervals import ANCHORED, interval_of
from llmcost.studies.modelling import Setting
from tests.benching.made_samples import (
    H200,
    attention,
    document,
    exchange,
    h200,
    processor,
    products,
    step,
    triad,
)

PART = accelerator("h200-sxm")
MACHINE = Machine(PART, "bf16", Software("megatron"))
SMALL = {"tokens": "10M", "num_gpus": 1, "draws": 200, "as_of": "2026-09-06"}


def saved(tmp_path, data, name="bench.json"):
    path = tmp_path / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def block_architecture(data, layers=32):
    architecture = architecture_of(next(s for s in data["samples"] if s["kind"] == "step"))
    return replace(architecture, groups=(replace(architecture.groups[0], count=layers),))


def test_measured_rates_stand_in_place_of_the_models():
    """The constants that the samples were made with are the engine's columns."""
    found = measured_rates(h200(rate=700e12), "b.json", MACHINE)

    assert found["matmul_rate"] == pytest.approx(700e12, rel=0.02)
    assert found["memory_rate"] == pytest.approx(4.1e12)
    assert found["attention_backward"] == pytest.approx(3.3 / 1.2)
    assert found["optimizer_traffic"] == pytest.approx(1.2e-11 * 4.1e12)
    columns = rates(replace(MACHINE, measured=tuple(found.items())), calibration().values)
    assert {name: columns[name] for name in found} == found
    assert set(columns) == set(rates(MACHINE, calibration().values))


def test_measured_attention_is_predicted_back():
    """A device that is measured by its own model of attention has the model's rate."""
    model = rates(MACHINE, calibration().values)
    tokens, heads, size = 4096, 32, 128
    flop = 2 * heads * 2 * size * (tokens + 1) / 2 * tokens
    ramps = model["attention_ramp"] / tokens + model["attention_fill"] / (heads * tokens)
    seconds = flop / model["attention_rate"] * (1 + ramps)
    samples = attention(seconds, 2 * seconds, "bf16", 1, tokens, heads, size)

    found = measured_rates(document([*products(7e14, 2e-13, 4e-6, "bf16"), *samples]), "b", MACHINE)

    assert found["attention_rate"] == pytest.approx(model["attention_rate"], rel=1e-6)


def test_links_are_those_between_accelerators_and_never_a_loopback():
    """All-gathers over 8 at 350 GB/s and 20 us tell more than the all-reduce beside them."""
    sizes = [1024 * 4**i for i in range(10)]
    found = [*products(7e14, 2e-13, 4e-6, "bf16")]
    found += [exchange(size, 2e-5, 350e9, "all_gather", 8, "nccl") for size in sizes]
    found += [exchange(size, 5e-5, 100e9, "all_reduce", 8, "nccl") for size in sizes]

    on_gpus = measured_rates(document(found, H200), "b", MACHINE)
    on_host = measured_rates(document(found), "b", MACHINE)

    assert on_gpus["scale_up_rate"] == pytest.approx(350e9, rel=0.02)
    assert on_gpus["scale_up_latency"] == pytest.approx(2e-5, rel=0.02)
    assert "scale_up_rate" not in on_host


def test_the_time_of_a_model_is_that_of_its_layers_and_what_is_fixed():
    """Steps of 2 and 4 layers at 10 ms + 20 ms a layer: 32 layers take 650 ms."""
    block = block_of(h200(layer=0.020, fixed=0.010)["samples"], "bf16")
    layer, fixed = block.line()

    assert layer.value == pytest.approx(0.020)
    assert fixed.value == pytest.approx(0.010)
    assert layer.low < layer.value < layer.high
    assert block.seconds(32).value == pytest.approx(0.650)


def test_a_line_that_noise_turned_is_no_line():
    """A step of four layers that is no longer than one of two says nothing of a layer."""
    block = block_of([*step(2, 0.1, 0.2, 0.01), *step(4, 0.09, 0.19, 0.01)], "fp32")

    assert block.line() is None
    assert block.seconds(32) is None


def test_a_step_that_takes_what_its_parts_predict_has_no_residual():
    """The step is made from the prediction: the factor is 1, the interval that of any anchor."""
    data = h200()
    columns = measured_rates(data, "b.json", MACHINE)
    plain = Machine(PART, "bf16", Software("fsdp"), measured=tuple(columns.items()))
    shape = block_of(data["samples"], "bf16").largest
    times = {
        layers: predicted_passes(
            replace(shape, architecture=block_architecture(data, layers)), plain
        )
        for layers in (2, 4)
    }
    layer = (times[4] - times[2]) / 2
    made = h200(layer=layer, fixed=times[2] - 2 * layer)

    residual = residual_of(made["samples"], plain, 32)

    assert residual.factor == pytest.approx(1, rel=1e-6)
    low, high = interval_of(ANCHORED)
    assert residual.interval()[0] == pytest.approx(low, abs=0.01)
    assert residual.interval()[1] == pytest.approx(high, abs=0.01)


def test_the_interval_holds_the_residual():
    """Independent errors add by squares: anchored runs, the residual, the spread of the runs."""
    data = h200(layer=0.05)
    columns = tuple(measured_rates(data, "b.json", MACHINE).items())
    found = residual_of(data["samples"], replace(MACHINE, measured=columns), 32)

    low, high = found.interval()

    gap = log(found.factor)
    assert low < min(found.factor, 1 / found.factor) < max(found.factor, 1 / found.factor) < high
    spread = log(found.measured.high / found.measured.value)
    assert high == pytest.approx(exp(hypot(log(interval_of(ANCHORED)[1]), gap, spread)))


def test_an_anchor_scales_the_step_and_says_by_what(tmp_path):
    data = h200(layer=0.05)
    path = saved(tmp_path, data)
    setting = Setting(block_architecture(data), MACHINE, 8)

    anchor = bench_anchor(data, "bench.json", setting)

    assert anchor.scaled
    assert anchor.factor > 1
    assert "NVIDIA H200, bf16" in anchor.text
    run = estimate("llama-3.1-8b", **SMALL | {"num_gpus": 8}, anchor=path)
    assert run.inputs["gpu"].value == "h200-sxm"
    assert run.inputs["gpu"].origin.kind == "measured"
    assert run.inputs["mfu"].origin.kind == "measured"
    residual = next(one.message for one in run.warnings if one.code == "bench-residual")
    assert f"{anchor.factor - 1:+.0%}" in residual


def test_a_slower_device_is_predicted_slower(tmp_path):
    fast, slow = (
        estimate("llama-3.1-8b", **SMALL, anchor=saved(tmp_path, h200(rate=rate, layer=layer)))
        for rate, layer in ((700e12, 0.02), (350e12, 0.04))
    )

    assert 1.5 < slow.results["gpu_hours"].value / fast.results["gpu_hours"].value < 2.5


def test_without_a_step_rates_are_measured_and_nothing_is_scaled(tmp_path):
    data = h200()
    data["samples"] = [one for one in data["samples"] if one["kind"] != "step"]

    run = estimate("llama-3.1-8b", **SMALL, anchor=saved(tmp_path, data))

    assert run.reports["step"]["situation"] != ANCHORED
    told = next(one.message for one in run.warnings if one.code == "bench-residual")
    assert "no training step" in told


def test_a_processor_is_a_device_of_its_own(tmp_path):
    """Peak: the fastest product; memory and its bandwidth: as measured; no price, no power."""
    data = processor()
    best = max(one["best_value"] for one in data["samples"] if one["kind"] == "gemm")

    part = device_of(data, "b.json")
    run = estimate("pythia-70m", **SMALL, anchor=saved(tmp_path, data))

    assert part.name == "cpu"
    assert part.peak_flop_rates == {"fp32": best}
    assert part.memory_bandwidth == pytest.approx(20e9)
    assert part.memory * 2**30 / 1e9 == pytest.approx(16e9)
    assert run.inputs["gpu"].value == "cpu"
    assert run.inputs["precision"].value == "fp32"
    assert run.inputs["peak_flop_rate"].value == best
    assert 0.01 < run.results["mfu"].value < 0.99
    assert "cost" not in run.results or run.results["cost"].value is None
    assert {"bench-processor", "no-price"} <= {one.code for one in run.warnings}


def test_an_accelerator_that_no_catalogue_holds_is_known_by_its_own_name(tmp_path):
    """A desktop card: its peak is its fastest product, its generation is not known."""
    card = {"kind": "cuda", "name": "NVIDIA Example 4070", "count": 1, "catalogue": None}
    samples = [*products(60e12, 2e-12, 5e-6, "bf16", scale=4), triad(0.45e12)]

    run = estimate("pythia-70m", **SMALL, anchor=saved(tmp_path, document(samples, card)))

    assert run.inputs["gpu"].value == "nvidia-example-4070"
    assert run.inputs["precision"].value == "bf16"
    assert "bench-processor" not in {one.code for one in run.warnings}


def test_the_published_number_of_a_run_is_not_that_of_a_measured_device(tmp_path):
    """Llama 3.1 8B was trained on H100s; without a number there is no prediction on this device."""
    given = {key: value for key, value in SMALL.items() if key != "num_gpus"}

    with pytest.raises(InputError, match="number of accelerators"):
        estimate("llama-3.1-8b", **given, anchor=saved(tmp_path, h200()))


def test_a_processor_costs_what_it_is_said_to_cost(tmp_path):
    path = saved(tmp_path, processor())

    run = estimate("pythia-70m", **SMALL, anchor=path, price="0.5 USD/GPU/hour")

    hours = run.results["gpu_hours"].value
    assert run.results["cost"].value == pytest.approx(0.5 * hours)


def test_a_processor_never_anchors_an_accelerator(tmp_path):
    path = saved(tmp_path, processor())

    with pytest.raises(InputError, match="say nothing of h100-sxm"):
        estimate("llama-3.1-8b", **SMALL, gpu="h100-sxm", anchor=path)


def test_a_bench_of_another_accelerator_is_refused(tmp_path):
    with pytest.raises(InputError, match="measured h200-sxm"):
        estimate("llama-3.1-8b", **SMALL, gpu="h100-sxm", anchor=saved(tmp_path, h200()))


def test_a_precision_that_was_not_measured_is_asked_for(tmp_path):
    with pytest.raises(InputError, match="no matrix product at fp8, only at bf16"):
        estimate("llama-3.1-8b", **SMALL, precision="fp8", anchor=saved(tmp_path, h200()))


def test_a_bench_without_products_has_no_peak(tmp_path):
    with pytest.raises(InputError, match="holds no matrix product"):
        estimate("pythia-70m", **SMALL, anchor=saved(tmp_path, document([triad(20e9)])))


def test_a_processor_whose_memory_was_not_measured_is_not_modelled(tmp_path):
    path = saved(tmp_path, document(products(1e11, 1e-10, 1e-6)))

    with pytest.raises(InputError, match="memory bandwidth is not known"):
        estimate("pythia-70m", **SMALL, anchor=path)


def test_a_step_far_from_its_parts_is_refused(tmp_path):
    """A busy device: fifty times the predicted step is no anchor."""
    with pytest.raises(InputError, match="within ten times"):
        estimate("llama-3.1-8b", **SMALL, anchor=saved(tmp_path, h200(layer=2.0, fixed=1.0)))


def test_disturbed_samples_are_told(tmp_path):
    data = processor()
    data["samples"][0]["disturbed"] = True

    run = estimate("pythia-70m", **SMALL, anchor=saved(tmp_path, data))

    told = next(one.message for one in run.warnings if one.code == "bench-disturbed")
    assert told.startswith(f"1 of {len(data['samples'])}")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["samples"][0].update(median_s=0.0), "median_s is 0.0"),
        (lambda d: d["samples"][0].update(m="x"), "m is 'x'"),
        (lambda d: d["samples"][0].update(p20_s=1e9), "p20_s"),
        (lambda d: d["samples"][0].update(kind="sorcery"), "kind is 'sorcery'"),
        (lambda d: d["device"].update(kind="tpu"), "device.kind"),
        (lambda d: d.pop("samples"), "samples is missing"),
        (lambda d: d.update(schema="llmcost.bench/2"), "llmcost.bench/1"),
    ],
)
def test_a_changed_file_is_refused_with_the_place(tmp_path, change, complaint):
    data = processor()
    change(data)

    with pytest.raises(InputError, match=complaint):
        estimate("pythia-70m", **SMALL, anchor=saved(tmp_path, data))
