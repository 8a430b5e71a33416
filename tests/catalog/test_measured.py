"""Measured throughput is read as text; a typical MFU says when it is pooled."""

import subprocess
import sys

import pytest

from llmcost.catalog import measured
from llmcost.errors import InputError


def test_a_row_keeps_what_its_source_prints():
    """LLM Foundry's README: MPT-70B on 512 H100s, 1,007 tokens/s/GPU at an MFU of 41.25%."""
    row = next(r for r in measured.throughput_rows() if r["id"] == "llm-foundry-001")

    assert (row["n_gpus"], row["reported_tokens_per_s_per_gpu"]) == ("512", "1007")
    assert (row["reported_mfu"], row["recompute"]) == ("0.4125", "full")


def test_what_is_unknown_is_empty_text():
    assert any(row["recompute"] == "" for row in measured.throughput_rows())


def test_the_rows_are_read_only_when_asked():
    """Importing the reader opens no data file."""
    code = (
        "import llmcost.catalog.measured, llmcost.catalog.files as f, sys;"
        "assert f._read.cache_info().currsize == 0;"
        "assert not {'numpy', 'pandas', 'pint'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_measured_generation_is_not_pooled():
    one = measured.typical_mfu("hopper", "bf16")

    assert one.generation == "hopper"
    assert not one.pooled
    assert one.low < one.value < one.high


def test_formats_of_one_peak_share_their_figure():
    assert measured.typical_mfu("blackwell", "mxfp8") == measured.typical_mfu("blackwell", "fp8")
    assert measured.typical_mfu("blackwell", "nvfp4") == measured.typical_mfu("blackwell", "fp4")


def test_a_generation_without_measurements_gets_the_pooled_figure():
    one = measured.typical_mfu("cdna3", "bf16")

    assert one.pooled
    assert one.generation == "any"
    assert "wide" in one.note


def test_a_precision_without_measurements_is_refused():
    with pytest.raises(InputError, match="state the MFU yourself"):
        measured.typical_mfu("hopper", "fp64")
