"""Measured throughput: a sane file, and the table of typical MFU worked out from it again."""

import csv
from collections import defaultdict
from statistics import median, quantiles

import pytest

from llmcost.catalog.files import data_folder
from llmcost.catalog.measured import TYPICAL, throughput_rows

ROWS = throughput_rows()
SPECS_NAMES = {
    "V100-SXM3-32GB (DGX-2)": "v100-sxm3-32gb",
    "A100-SXM4-40GB": "a100-sxm-40gb",
    "A100-SXM4-80GB": "a100-sxm-80gb",
    "H100-SXM5-80GB": "h100-sxm",
    "B200": "b200",
    "GB200": "gb200",
    "B300": "b300",
    "GB300": "gb300",
    "TPU v4": "tpu-v4",
    "TPU v5e": "tpu-v5e",
    "TPU v5p": "tpu-v5p",
}
PRECISION = {"mxfp8": "fp8", "nvfp4": "fp4"}
DISQUALIFYING = ("reduced_layers", "columns_probably_swapped", "suspicious")
FULL_ATTENTION_ONLY = ("maxtext-v5e", "maxtext-v5p")


def table(name):
    with (data_folder() / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


SPECS = {row["name"]: row for row in table("gpu_specs.csv")}


def causal_rate(row):
    """TFLOP/s with causal attention; MaxText's, which count it full, less half of it."""
    if row["calc_tflops_causal_attn"]:
        return float(row["calc_tflops_causal_attn"])
    if row["source_short"] not in FULL_ATTENTION_ONLY:
        return None
    width = float(row["n_heads"]) * float(row["head_dim"])
    weights = 6 * float(row["n_params_total"])
    attention = 12 * float(row["n_layers"]) * width * float(row["seq_len"])
    full = float(row["reported_tflops_per_gpu"])
    return full * (weights + attention / 2) / (weights + attention)


def usable(row):
    flagged = any(flag in row["quality_flag"] for flag in DISQUALIFYING)
    return row["task"] == "pretrain" and row["token_drop"] != "yes" and not flagged


def measured_mfu():
    """MFU by (generation or any, precision): triples of MFU, series and source."""
    points = defaultdict(list)
    for row in filter(usable, ROWS):
        rate = causal_rate(row)
        if rate is None:
            continue
        spec = SPECS[SPECS_NAMES[row["gpu"]]]
        precision = PRECISION.get(row["dtype"], row["dtype"])
        mfu = rate / float(spec[f"peak_{precision} [TFLOP/s/GPU]"])
        for generation in (spec["generation"], "any"):
            points[generation, precision].append((mfu, row["series_id"], row["source_short"]))
    return {key: found for key, found in points.items() if len(found) >= 5}


def summary(points):
    """Tenth percentile, median, ninetieth: of the medians of series where there are five."""
    series = defaultdict(list)
    for mfu, name, _ in points:
        series[name].append(mfu)
    of_series = [median(found) for found in series.values()]
    values = of_series if len(of_series) >= 5 else [mfu for mfu, *_ in points]
    deciles = quantiles(values, n=10, method="inclusive")
    return deciles[0], median(values), deciles[8], len(points), len(series)


def test_all_rows_are_there():
    assert len(ROWS) == 996
    assert {row["task"] for row in ROWS} == {"pretrain", "sft", "lora"}


def test_every_device_is_in_the_catalogue():
    assert {row["gpu"] for row in ROWS} == set(SPECS_NAMES)
    assert set(SPECS_NAMES.values()) <= set(SPECS)


def test_layouts_fill_the_cluster_or_are_flagged():
    for row in ROWS:
        degrees = [row[name] for name in ("tp", "pp", "dp")]
        if all(degrees) and "layout_product" not in row["quality_flag"]:
            tensor, pipeline, data = map(int, map(float, degrees))
            context = int(float(row["cp"] or 1))
            assert tensor * pipeline * context * data == float(row["n_gpus"]), row["id"]


def test_step_time_and_rate_agree_where_both_are_printed():
    """3%: both are rounded, some rates to a whole step."""
    for row in ROWS:
        cells = [row[k] for k in ("reported_step_time_s", "reported_tokens_per_s_per_gpu")]
        batch = [row[k] for k in ("global_batch_seqs", "seq_len", "n_gpus")]
        if all(cells + batch) and "tok_vs_step_mismatch" not in row["quality_flag"]:
            step, rate = map(float, cells)
            sequences, length, gpus = map(float, batch)
            assert sequences * length / step / gpus == pytest.approx(rate, rel=0.03), row["id"]


def test_a_slice_of_a_model_is_flagged():
    for row in ROWS:
        if row["source_short"] == "simumax-b200":
            assert "reduced_layers" in row["quality_flag"]


def test_the_typical_mfu_table_covers_what_was_measured():
    printed = {(row["generation"], row["precision"]) for row in table(TYPICAL.name)}

    assert printed == set(measured_mfu())


@pytest.mark.parametrize(
    "row", table(TYPICAL.name), ids=lambda row: f"{row['generation']} {row['precision']}"
)
def test_the_typical_mfu_follows_from_the_rows(row):
    """To the four printed digits."""
    points = measured_mfu()[row["generation"], row["precision"]]
    low, value, high, count, series = summary(points)

    for name, expected in (("low", low), ("value", value), ("high", high)):
        assert float(row[name]) == pytest.approx(expected, rel=5.01e-4)
    assert (int(row["rows"]), int(row["series"])) == (count, series)
    assert set(row["source"].split("; ")) == {source for *_, source in points}


def test_no_measured_mfu_beats_the_peak():
    """Nothing published comes near: 0.75 is a bound for sanity."""
    assert max(mfu for found in measured_mfu().values() for mfu, *_ in found) < 0.75
