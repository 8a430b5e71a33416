"""Rates of devices: every accelerator of the catalogue, its power, precision and links."""

from dataclasses import replace
from math import isfinite, sqrt

import pytest

from llmcost.catalog.calibration import calibration
from llmcost.catalog.gpus import PEAK_OF, accelerator, accelerators
from llmcost.catalog.kernels import link_class
from llmcost.errors import InputError
from llmcost.machine import FAMILIES, Machine, Software, peak_rate, power_share, rates
from llmcost.studies.stepping import memory_recipe

RATES = (
    *("matmul_rate", "head_rate", "attention_rate", "memory_rate"),
    *("scale_up_rate", "network_rate", "expert_link_rate", "expert_network_rate"),
)
PRECISIONS = (*PEAK_OF, "fp8-block")
CONSTANTS = calibration().values


def rated(name, precision="bf16", software=None, **wired):
    return rates(Machine(accelerator(name), precision, software or Software(), **wired), CONSTANTS)


def test_the_kind_of_context_exchange():
    """All-to-all lies before and behind attention, which hides nothing of it."""
    found = {
        name: rated("h100-sxm", software=Software(context_exchange=name))
        for name in (None, "all-gather", "ring", "all-to-all")
    }

    assert [one["context_kind"] for one in found.values()] == [0.0, 0.0, 1.0, 2.0]
    assert found[None] == found["all-gather"]
    assert (found["all-to-all"]["context_hidden"], found["all-to-all"]["context_exposed"]) == (0, 1)
    with pytest.raises(InputError, match="context_exchange 'rings'"):
        rated("h100-sxm", software=Software(context_exchange="rings"))


@pytest.mark.parametrize(("name", "twice"), [(None, 0), ("ring", 0), ("all-to-all", 1)])
def test_memory_of_all_to_all_context_parallelism(name, twice):
    """Only all-to-all keeps outputs of attention before and after their exchange."""
    machine = Machine(accelerator("h100-sxm"), "bf16", Software(context_exchange=name))

    assert memory_recipe(machine)["context_all_to_all"] == twice


def modelled(gpu):
    """Whether the catalogue has of an accelerator all that a step needs."""
    wide = any(gpu.peak_flop_rates.get(name) for name in ("bf16", "fp16", "fp32"))
    return bool(gpu.memory and gpu.memory_bandwidth and wide)


@pytest.mark.parametrize("name", [one.name for one in accelerators() if modelled(one)])
def test_every_accelerator_has_finite_rates_at_every_precision_it_has(name):
    """Under every family of frameworks: rates above 0, times and shares at least 0; and for a
    precision that it lacks a message that names all those it has."""
    gpu = accelerator(name)
    has = [peak for peak, rate in gpu.peak_flop_rates.items() if rate]
    for precision in PRECISIONS:
        for family in FAMILIES:
            machine = Machine(gpu, precision, Software(family))
            if PEAK_OF[precision.removesuffix("-block")] in has:
                found = rates(machine, CONSTANTS)
                assert all(isfinite(value) and value >= 0 for value in found.values())
                assert all(found[rate] > 0 for rate in RATES), (precision, family)
                assert found["matmul_rate"] <= peak_rate(gpu, precision)
            else:
                with pytest.raises(InputError) as caught:
                    rates(machine, CONSTANTS)
                assert all(peak in str(caught.value) for peak in (precision, gpu.name, *has))


@pytest.mark.parametrize("name", [one.name for one in accelerators() if not modelled(one)])
def test_an_accelerator_without_figures_is_refused_by_name(name):
    with pytest.raises(InputError, match=name):
        rated(name)


def test_an_accelerator_whose_memory_bandwidth_is_not_known_is_refused():
    gpu = replace(accelerator("h100-sxm"), memory_bandwidth=None)

    with pytest.raises(InputError, match="h100-sxm: its memory bandwidth is not known"):
        rates(Machine(gpu, "bf16"), CONSTANTS)


@pytest.mark.parametrize("precision", ["bf8", "", "float16"])
def test_a_precision_that_nothing_has_is_refused_like_one_that_it_lacks(precision):
    with pytest.raises(InputError, match=r"only fp32, tf32, bf16, fp16, fp8 or int8"):
        rated("h100-sxm", precision)


@pytest.mark.parametrize("part", ["matmul_rate", "head_rate", "attention_rate"])
def test_an_h100_of_500_watts_is_slower_by_the_square_root(part):
    gpu = accelerator("h100-sxm")
    assert gpu.power == 700

    usual = rates(Machine(gpu, "bf16"), CONSTANTS)
    less = rates(Machine(replace(gpu, power=500.0), "bf16"), CONSTANTS)

    assert less[part] / usual[part] == pytest.approx(sqrt(500 / 700), rel=1e-12)
    assert less["memory_rate"] == usual["memory_rate"]


def test_power_counts_per_flop_and_never_speeds_up():
    """An H20 has 400 W for 148 TFLOP/s, far more than an H100; an H100 PCIe 350 for 756."""
    assert power_share(accelerator("h100-sxm")) == pytest.approx(1.0, rel=1e-3)
    assert power_share(accelerator("h20")) == 1
    assert power_share(accelerator("mi300x")) == 1
    assert power_share(accelerator("h100-pcie")) == pytest.approx(
        sqrt(350 / 756 / (700 / 989.4)), rel=1e-6
    )


def test_a_cut_down_part_is_as_much_slower_as_its_peak():
    """H20 has 148 of the 989.4 TFLOP/s of an H100; H800 has its peak and 200 of its 450 GB/s."""
    h100, h20, h800 = rated("h100-sxm"), rated("h20"), rated("h800-sxm")

    assert h20["matmul_rate"] / h100["matmul_rate"] == pytest.approx(148 / 989.4, rel=1e-6)
    assert h800["matmul_rate"] == h100["matmul_rate"]
    assert h800["scale_up_rate"] / h100["scale_up_rate"] == pytest.approx(200 / 450, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "domain"), [("h100-sxm", 8), ("gb200", 72), ("tpu-v5p", 8960), ("l40s", 1)]
)
def test_domains_are_those_of_the_reference_design(name, domain):
    assert rated(name)["scale_up_domain"] == domain


@pytest.mark.parametrize(
    ("name", "gpus_per_node", "domain"),
    [("h100-sxm", 4, 4), ("a100-sxm-80gb", 16, 16), ("l40s", 8, 8), ("gb200", 4, 72)],
)
def test_a_stated_node_overrides_small_domains_only(name, gpus_per_node, domain):
    """Trays of 4 GB200 lie in one rack of 72."""
    assert rated(name, gpus_per_node=gpus_per_node)["scale_up_domain"] == domain


def test_a_slice_is_the_domain_of_a_torus_whatever_its_hosts():
    assert rated("tpu-v5e", slice_size=16)["scale_up_domain"] == 16
    assert rated("tpu-v5e", slice_size=16, gpus_per_node=4)["scale_up_domain"] == 16


@pytest.mark.parametrize(
    ("wired", "factor"),
    [
        ({"node_bandwidth": 400e9}, 1.0),
        ({"node_bandwidth": 200e9}, 0.5),
        ({"node_bandwidth": 200e9, "gpus_per_node": 4}, 1.0),
    ],
)
def test_the_bandwidth_of_a_node_is_shared_by_its_devices(wired, factor):
    """The reference design of an H100 has a NIC of 400 Gbit/s, 50 GB/s, for each."""
    usual, other = rated("h100-sxm"), rated("h100-sxm", **wired)

    for part in ("network_rate", "expert_network_rate"):
        assert other[part] == pytest.approx(factor * usual[part], rel=1e-12)
    assert other["scale_up_rate"] == usual["scale_up_rate"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("v100-sxm-32gb", "nvlink3"),
        ("a100-sxm-80gb", "nvlink3"),
        ("h100-sxm", "nvlink4"),
        ("gb200", "nvlink5"),
        ("l40s", "pcie"),
        ("rtx-5090", "pcie"),
        ("mi300x", "xgmi"),
        ("tpu-v5p", "ici"),
        ("gaudi3", "any"),
        ("ascend-910b1", "any"),
    ],
)
def test_links_are_known_by_the_classes_of_the_kernel_rates(name, expected):
    assert link_class(accelerator(name)) == expected


def test_pcie_has_its_own_share_and_not_that_of_fast_links():
    """Cards on PCIe reach 0.31 of it in a gather, NVLink 0.94 (kernel_rates.csv)."""
    card, node = rated("l40s"), rated("h100-sxm")

    assert card["scale_up_rate"] / 31.5e9 == pytest.approx(
        node["scale_up_rate"] / 450e9 * 0.3137 / 0.9445, rel=1e-3
    )


def test_one_axis_of_a_torus_has_its_share_of_the_links():
    """A 3D torus has three axes; the catalogue counts all links of a chip."""
    flat = replace(accelerator("tpu-v5p"), scale_up_link="ICI")
    torus = rated("tpu-v5p")

    assert 3 * torus["scale_up_rate"] == pytest.approx(
        rates(Machine(flat, "bf16"), CONSTANTS)["scale_up_rate"], rel=1e-12
    )


def test_software_without_fused_attention_writes_scores():
    """Megatron-LM before FlashAttention; PyTorch code of that date may have had it."""
    old, new = rated("a100-sxm-80gb", software=Software("megatron", 2021.0)), rated("a100-sxm-80gb")

    assert (old["fused_attention"], new["fused_attention"]) == (0, 1)
    assert old["score_bytes"] > 0 == new["score_bytes"]
    assert rated("a100-sxm-80gb", software=Software("fsdp", 2021.0))["fused_attention"] == 1


def test_what_is_known_not_to_overlap_is_seen_in_whole():
    apart = Software(overlap_tensor=False, overlap_data=False, overlap_pipeline=False)
    found = rated("h100-sxm", software=apart)

    seen = ("tensor_exposed", "data_exposed", "shard_exposed", "pipeline_exposed")
    assert [found[name] for name in seen] == [1.0] * 4
    assert found["data_hidden"] == 0
    assert all(0 < rated("h100-sxm")[name] < 1 for name in seen)


def test_low_precision_quantises_and_moves_less():
    """Only narrow formats quantise; 4-bit ones hold their scales too: 16 or 32 to a byte."""
    bf16, fp8, nvfp4 = (rated("b200", precision) for precision in ("bf16", "fp8", "nvfp4"))

    assert bf16["quantise_bytes"] == 0
    assert fp8["quantise_bytes"] > 0
    assert rated("b200", "mxfp4")["quantise_bytes"] > 0
    assert bf16["matmul_rate"] < fp8["matmul_rate"] < nvfp4["matmul_rate"]
    assert bf16["head_rate"] == fp8["head_rate"] == nvfp4["head_rate"]
