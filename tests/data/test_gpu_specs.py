"""The accelerator file: every figure plausible for its class, every peak dense."""

import pytest

from llmcost.catalog.columns import first_day
from llmcost.catalog.files import read
from llmcost.catalog.gpus import (
    GPU_ALIASES,
    GPU_SPECS,
    PRECISIONS,
    accelerator_names,
    accelerators,
    alias,
    measured_accelerator,
)

ROWS = {row["name"]: row for row in read(GPU_SPECS)}
ALIASES = read(GPU_ALIASES)
UNRELEASED = {"rubin", "mi455x", "tpu-8t", "ascend-950dt"}

# Spellings met in published measurement tables; each must have a row or a stated ambiguity.
MEASURED = """
A100; A100 (SKU not stated); A100-SXM4-40GB; A100-SXM4-80GB; A800; A800-SXM4-80GB; Ascend 910;
Ascend 910B; B200; B300; GB200; GB300; GH200; Gaudi2; H100;
H100-SXM-96GB-HBM2e (Meta Grand Teton, 500W); H100-SXM5-80GB; H200-NVL-141GB; H200-SXM5-141GB;
H800-SXM5-80GB; L40S; MI300X; MI325X; MI350X; MI355X; TPU v3; TPU v4; TPU v5e; TPU v5p; TPU v6e;
TPU v7x (Ironwood); V100-SXM2-32GB; V100-SXM3-32GB (DGX-2); mixed A100-40GB then H100-80GB;
TPU7x; H200 SXM5; H100 (p5); B200 (P6-B200); A100 80GB (p4de); Gaudi 2; Gaudi 3; GB200 NVL72;
GH200 144GB 900W; A100 PCIe; A100 PCIe 80GB; H100 PCIe; H800; MI100; MI210; L40; H200 (p5en)
"""

# Dense peaks [TFLOP/s] and the sparse figure that the maker prints beside or instead of each.
SPARSE = [
    ("a100-sxm-80gb", "bf16", 312, 624),
    ("a100-pcie-80gb", "int8", 624, 1248),
    ("h100-sxm", "tf32", 494.7, 989),
    ("h100-sxm", "bf16", 989.4, 1979),
    ("h100-sxm", "fp8", 1978.9, 3958),
    ("h100-nvl", "bf16", 835.5, 1671),
    ("h200-nvl", "fp8", 1671, 3341),
    ("b200", "bf16", 2250, 4500),
    ("b200", "fp4", 9000, 18000),
    ("gb200", "bf16", 2500, 5000),
    ("l4", "bf16", 121, 242),
    ("l40s", "fp8", 733, 1466),
    ("rtx-4090", "bf16", 165.2, 330.3),
    ("rtx-5090", "bf16", 209.5, 838),
    ("mi300x", "bf16", 1307.4, 2614.9),
    ("mi355x", "fp8", 5033.2, 10066.3),
    ("trainium2", "fp8", 1299, 2563),
    ("trainium3", "bf16", 671, 2517),
]


def test_there_are_enough_rows_and_each_reads():
    assert len(accelerators()) == len(ROWS) >= 60


@pytest.mark.parametrize(("name", "precision", "dense", "sparse"), SPARSE)
def test_peaks_are_dense(name, precision, dense, sparse):
    """The dense figure of the data sheet stands there, not its 2:4 sparse one."""
    figure = ROWS[name][f"peak_{precision}"]

    assert figure == pytest.approx(dense, rel=5e-4)
    assert figure < 0.6 * sparse


def test_no_peak_is_below_that_of_a_wider_precision():
    for name, row in ROWS.items():
        for wide, narrow in [("fp32", "bf16"), ("tf32", "bf16"), ("bf16", "fp8"), ("fp8", "fp4")]:
            if row[f"peak_{wide}"] and row[f"peak_{narrow}"]:
                assert row[f"peak_{wide}"] <= row[f"peak_{narrow}"], (name, wide, narrow)


def test_eight_bits_are_at_most_twice_sixteen_and_four_at_most_twice_eight():
    """A larger step is the sign of a sparse figure; 2.03 allows for rounding."""
    exceptions = {("trainium3", "fp8"), ("rubin", "fp8"), ("b300", "fp4"), ("gb300", "fp4")}
    exceptions.add(("rtx-5090", "fp4"))  # GeForce halves FP8 with FP32 accumulation, not FP4
    for name, row in ROWS.items():
        for wide, narrow in [("fp16", "fp8"), ("bf16", "fp8"), ("fp8", "fp4")]:
            if row[f"peak_{wide}"] and row[f"peak_{narrow}"] and (name, narrow) not in exceptions:
                assert row[f"peak_{narrow}"] <= 2.03 * row[f"peak_{wide}"], (name, narrow)


def test_sixteen_bit_formats_have_one_rate():
    """Except on the MI100, whose BF16 is half of its FP16."""
    for name, row in ROWS.items():
        if row["peak_bf16"] and row["peak_fp16"] and name != "mi100":
            assert row["peak_bf16"] == row["peak_fp16"], name


def test_a_card_is_slower_than_the_module_of_its_chip():
    assert ROWS["h100-pcie"]["peak_bf16"] < 0.8 * ROWS["h100-sxm"]["peak_bf16"]
    assert ROWS["h100-nvl"]["peak_bf16"] < 0.9 * ROWS["h100-sxm"]["peak_bf16"]
    assert ROWS["h200-nvl"]["peak_bf16"] < 0.9 * ROWS["h200-sxm"]["peak_bf16"]
    assert ROWS["v100-pcie-16gb"]["peak_fp16"] < ROWS["v100-sxm-16gb"]["peak_fp16"]
    assert ROWS["a100-pcie-80gb"]["memory_bandwidth"] < ROWS["a100-sxm-80gb"]["memory_bandwidth"]


def test_export_variants_have_slower_links_only():
    for name, of in [("a800-sxm-80gb", "a100-sxm-80gb"), ("h800-sxm", "h100-sxm")]:
        assert ROWS[name]["scale_up_bandwidth"] < ROWS[of]["scale_up_bandwidth"]
        assert ROWS[name]["peak_bf16"] == ROWS[of]["peak_bf16"]


def test_a_superchip_row_is_one_gpu():
    """A GB200 superchip has 5 PFLOP/s in BF16 and 372 GB; a row holds half of it."""
    assert ROWS["gb200"]["peak_bf16"] == 2500
    assert ROWS["gb200"]["memory"] == 186
    assert ROWS["gb300"]["peak_bf16"] == 2500


def test_two_dies_on_a_card_are_said():
    double = {name for name, row in ROWS.items() if row["devices_per_card"] == 2}

    assert double == {"mi250", "mi250x", "ascend-910c", "tpu-v7"}


RANGES = {
    "peak_bf16": (40, 6000),
    "memory": (16, 450),
    "memory_bandwidth": (0.3, 25),
    "scale_up_bandwidth": (15, 2000),
    "nic_bandwidth": (10, 1600),
    "power": (70, 1400),
}


@pytest.mark.parametrize(("column", "low", "high"), [(k, *v) for k, v in RANGES.items()])
def test_figures_lie_in_the_range_of_real_parts(column, low, high):
    for name, row in ROWS.items():
        assert row[column] is None or low <= row[column] <= high, name


def test_memory_bandwidth_fits_the_kind_of_memory():
    """HBM2 gives 0.7 to 1.6 TB/s, HBM3 1.6 to 5.3, HBM3e 4.8 to 8, GDDR at most 1.8."""
    limits = {"HBM2": (0.7, 1.6), "HBM3": (1.6, 5.3), "HBM3e": (4.8, 8.0), "GDDR": (0.3, 1.8)}
    for name, row in ROWS.items():
        kind = (row["memory_type"] or "").replace("GDDR6X", "GDDR").rstrip("67")
        if kind in limits and row["memory_bandwidth"]:
            low, high = limits[kind]
            assert low <= row["memory_bandwidth"] <= high, name


def test_memory_in_a_name_is_the_memory_of_the_row():
    for name, row in ROWS.items():
        if name.endswith("gb"):
            assert row["memory"] == float(name.rsplit("-", 1)[1].removesuffix("gb"))


def test_every_released_part_has_a_launch_and_every_other_says_announced():
    for name, row in ROWS.items():
        assert (row["launched"] is None) == (name in UNRELEASED), name
        assert (row["evidence"] == "announced") == (name in UNRELEASED), name
        if row["launched"]:
            assert 2017 <= first_day(row["launched"]).year <= 2026


def test_generations_of_one_vendor_only():
    vendors: dict[str, set[str]] = {}
    for row in ROWS.values():
        vendors.setdefault(row["generation"], set()).add(row["vendor"])

    assert all(len(names) == 1 for names in vendors.values())


def test_every_evidence_but_stored_has_a_note():
    for name, row in ROWS.items():
        assert row["evidence"] == "stored" or row["note"], name


@pytest.mark.parametrize("spelling", [part.strip() for part in MEASURED.split(";")])
def test_spellings_of_measured_tables_resolve(spelling):
    names = accelerator_names(spelling)

    assert names
    assert len(names) == 1 or alias(spelling).note


@pytest.mark.parametrize(
    ("bare", "meant"),
    [("H100", "h100-sxm"), ("A100 (SKU not stated)", "a100-sxm-80gb"), ("H100 80GB", None)],
)
def test_a_bare_name_in_a_measured_table_is_the_sxm_part(bare, meant):
    found = measured_accelerator(bare)

    assert (found and found.name) == meant


def test_every_alias_names_rows_of_the_file():
    for row in ALIASES:
        assert set(row["names"].split("; ")) <= set(ROWS), row["alias"]


def test_peaks_named_in_records_are_the_precisions_of_the_file():
    assert {p for a in accelerators() for p in a.peak_flop_rates} == set(PRECISIONS)
