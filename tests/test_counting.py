"""Counts and FLOP of whole models, against published ones."""

import csv
import json
import statistics
from functools import cache
from math import inf
from pathlib import Path

import pytest

from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.models import model
from llmcost.counting import AttentionGroup, count
from llmcost.formulas import flops

CONVENTIONS = Path(__file__).parent / "papers" / "flop_conventions.csv"


def counted(config):
    return count(architecture_from_config(config)[0])


def per_token(counts, seq_length, *, causal):
    return flops.flop_per_token(
        matmul_parameters=counts.matmul_parameters,
        attention=counts.attention,
        seq_length=seq_length,
        causal=causal,
    )


@cache
def rows():
    with CONVENTIONS.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def flop_rates(row):
    """Return our causal and full TFLOP/s of a row, each beside the text of the printed one."""
    counts, rate = counted(json.loads(row["config"])), row["tokens_per_gpu_second [token/s/GPU]"]
    for convention in ("causal", "full"):
        ours = per_token(counts, int(row["seq_length [token]"]), causal=convention == "causal")
        yield ours * float(rate) / 1e12, row[f"{convention} [TFLOP/s/GPU]"]


def half_a_digit(text):
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_flop_rates_of_measured_runs_are_as_printed(row):
    """As printed: half a digit of the token rate and of the FLOP rate; 1e-4 for rates that were
    themselves worked out from a rounded step time."""
    rate = row["tokens_per_gpu_second [token/s/GPU]"]
    for ours, printed in flop_rates(row):
        slack = half_a_digit(rate) / float(rate) + half_a_digit(printed) / float(printed) + 1e-4

        assert ours == pytest.approx(float(printed), rel=slack)


def test_the_median_ratio_to_printed_flop_rates_is_one():
    ratios = [ours / float(printed) for row in rows() for ours, printed in flop_rates(row)]

    assert statistics.median(ratios) == pytest.approx(1, abs=1e-4)


LLAMA_405B_TOKENS = 15.6e12


def test_llama_3_1_405b_by_6nd_is_what_meta_printed():
    """3.8e25 FLOP, arXiv 2407.21783, section 3.2."""
    assert 6 * model("llama-3.1-405b").parameters * LLAMA_405B_TOKENS == pytest.approx(
        3.8e25, abs=0.05e25
    )


@pytest.mark.parametrize(("causal", "expected"), [(True, 3.94e25), (False, 4.10e25)])
def test_llama_3_1_405b_exactly(causal, expected):
    """By hand: 6 x (405.85e9 - 2.10e9) + 6 x 126 x 128 x 256 x (4096 or 8192), x 15.6e12."""
    counts = counted(model("llama-3.1-405b").config)

    assert per_token(counts, 8192, causal=causal) * LLAMA_405B_TOKENS == pytest.approx(
        expected, abs=0.005e25
    )


def test_gpt_3_matches_narayanans_equation():
    """96BSlh^2(1 + S/6h + V/16lh) with recomputation is 72 and V/12lh without: arXiv 2104.04473."""
    counts, hidden, layers, seq, vocab = counted(model("gpt-3-175b").config), 12288, 96, 2048, 50257
    theirs = 72 * layers * hidden**2 * (1 + seq / (6 * hidden) + vocab / (12 * layers * hidden))

    assert per_token(counts, seq, causal=False) == pytest.approx(theirs, rel=1e-12)


def test_deepseek_v3_attends_with_192_wide_keys_and_128_wide_values():
    counts = counted(model("deepseek-v3").config)

    assert counts.attention == (AttentionGroup(61 * 128 * (192 + 128), inf),)


def test_grouped_queries_do_not_change_the_width_of_attention():
    wide = {"model_type": "llama", "num_key_value_heads": 32}

    assert counted(wide).attention == counted(wide | {"num_key_value_heads": 1}).attention


def test_gpt_oss_halves_its_layers_between_window_and_full():
    counts = counted(model("gpt-oss-120b").config)

    assert set(counts.attention) == {
        AttentionGroup(18 * 64 * 128, 128),
        AttentionGroup(18 * 64 * 128, inf),
    }


def test_llama_4_scout_chunks_three_layers_of_four():
    counts = counted(model("llama-4-scout").config)

    assert set(counts.attention) == {
        AttentionGroup(36 * 40 * 256, 8192, chunked=True),
        AttentionGroup(12 * 40 * 256, inf),
    }


def test_matmul_parameters_leave_out_the_look_up_but_not_the_output_matrix():
    """Llama 7B: all parameters less 32000 x 4096 looked up and 65 norms of 4096."""
    counts = counted({"model_type": "llama"})

    assert counts.matmul_parameters == counts.parameters - 32000 * 4096 - 65 * 4096


def test_a_tied_table_multiplies_once():
    tied = counted({"model_type": "llama", "tie_word_embeddings": True})
    apart = counted({"model_type": "llama"})

    assert tied.matmul_parameters == apart.matmul_parameters
    assert apart.parameters - tied.parameters == 32000 * 4096


def test_routers_and_only_chosen_experts_multiply():
    """Mixtral 8x7B: 32 layers of attention, router and 2 of 8 experts, and the output matrix."""
    attention = 4096 * (4096 + 1024 + 1024 + 4096)
    layer = attention + 4096 * 8 + 2 * 3 * 4096 * 14336

    assert counted(model("mixtral-8x7b").config).matmul_parameters == 32 * layer + 32000 * 4096
