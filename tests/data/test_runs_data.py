"""Published runs: figures of the model cards, and figures that must follow from each other."""

import csv
import re

import pytest

from llmcost.catalog import gpus
from llmcost.catalog.files import data_folder
from llmcost.catalog.runs import phases, run, runs

# GPU-hours and tCO2e as the model cards print them.
CARDS = [
    ("llama-2-13b", 368_640, 62.44),
    ("llama-3-8b", 1.3e6, 390),
    ("llama-3-70b", 6.4e6, 1900),
    ("llama-3.1-405b", 30.84e6, 8930),
    ("llama-3.2-1b", 370e3, 107),
    ("llama-3.2-3b", 460e3, 133),
]
# Hours that are not devices x days, because the cluster changed size on the way.
CHANGED_SIZE = {"run-032", "run-065"}


def ids(one):
    return one.id


def test_all_runs_are_there():
    assert len(runs()) == 57


@pytest.mark.parametrize(("name", "hours", "carbon"), CARDS)
def test_a_run_agrees_with_its_model_card(name, hours, carbon):
    assert (run(name).gpu_hours, run(name).carbon) == (hours, carbon)


@pytest.mark.parametrize("one", [r for r in runs() if r.implied_mfu_6nd], ids=ids)
def test_the_implied_mfu_follows_from_the_hours(one):
    """6 x parameters x tokens over the hours at the bf16 peak (fp16 on V100), as printed."""
    gpu = gpus.measured_accelerator(one.gpu)
    peak = gpus.peak(gpu, "fp16" if "V100" in one.gpu else "bf16")
    flop = 6 * (one.active_parameters or one.parameters) * one.tokens

    assert flop / (one.gpu_hours * 3600 * peak) == pytest.approx(one.implied_mfu_6nd, abs=6e-4)


@pytest.mark.parametrize("one", [r for r in runs() if r.implied_tokens_per_gpu_second], ids=ids)
def test_the_implied_rate_follows_from_the_hours(one):
    rate = one.tokens / one.gpu_hours / 3600

    assert rate == pytest.approx(one.implied_tokens_per_gpu_second, abs=0.051)


@pytest.mark.parametrize("one", [r for r in runs() if r.gpu_hours and r.wall_clock], ids=ids)
def test_hours_are_devices_times_days_or_the_row_says_why_not(one):
    """3%: days are printed to a whole number, or as a part of one."""
    if one.num_gpus and one.id not in CHANGED_SIZE and "conflicts" not in (one.flag or ""):
        assert one.num_gpus * one.wall_clock * 24 == pytest.approx(one.gpu_hours, rel=0.03)


@pytest.mark.parametrize("one", runs(), ids=ids)
def test_the_accelerator_has_a_row_or_an_alias(one):
    assert gpus.accelerator_names(one.gpu)


def test_palm_hours_are_the_sum_of_its_two_stretches():
    """PaLM, page 66: 6,144 chips for 1,200 hours and 3,072 for 336."""
    assert run("run-032").gpu_hours == 6144 * 1200 + 3072 * 336


@pytest.mark.parametrize("one", runs(), ids=ids)
def test_the_model_is_in_the_catalogue(one):
    with (data_folder() / "models.csv").open(encoding="utf-8", newline="") as stream:
        known = {row["name"] for row in csv.DictReader(stream)}

    assert one.catalogue_model is None or one.catalogue_model in known


def test_the_phases_of_llama_sum_to_its_tokens():
    """arXiv:2407.21783: 15.6T tokens, of which about 800B in the six long-context stages."""
    found = phases("llama-3.1-405b")

    assert sum(p.tokens for p in found) == 15_600_000_000_000
    assert sum(p.tokens for p in found if p.basis == "assumption") == 800_000_000_000
    assert found[0].tokens + found[1].tokens == 2_870_000_000_000


def test_the_phases_of_deepseek_sum_to_its_tokens():
    """arXiv:2412.19437: 14.8T tokens, then 1,000 steps at 32K and 1,000 at 128K."""
    found = phases("deepseek-v3")

    assert sum(p.tokens for p in found[:2]) == 14_800_000_000_000
    assert [p.tokens for p in found[2:]] == [
        1000 * 1920 * 32 * 1024,
        1000 * 480 * 128 * 1024,
    ]


@pytest.mark.parametrize("model", ["llama-3.1-405b", "deepseek-v3"])
def test_a_batch_is_a_whole_number_of_sequences_or_the_row_is_an_assumption(model):
    for one in phases(model):
        assert one.global_batch_tokens % one.seq_length == 0 or one.basis == "assumption"


def test_flags_are_words_for_programs():
    for one in runs():
        for flag in filter(None, (one.flag or "").split("; ")):
            assert re.fullmatch(r"[a-z_0-9]+(\(.*\))?", flag), one.id
