"""Published runs and their phases are looked up by id, catalogue name or printed name."""

import pytest

from llmcost.catalog import runs
from llmcost.errors import UnknownNameError


def test_a_run_is_found_by_each_of_its_names():
    by_id = runs.run("run-013")

    assert runs.run("llama-3.1-405b") == by_id
    assert runs.run("Llama 3.1 405B") == by_id
    assert runs.published_run("llama-3.1-405b") == by_id


def test_a_run_carries_what_the_model_card_prints():
    """Llama 3.1 model card: 30.84M GPU-hours and 8,930 tCO2e for the 405B."""
    one = runs.run("llama-3.1-405b")

    assert (one.gpu_hours, one.carbon, one.tokens) == (30.84e6, 8930, 15.6e12)
    assert one.cost is None
    assert one.source_keys == ("llama-3-1-card", "llama-3-paper")


def test_pre_training_alone_is_preferred_to_the_whole_effort():
    """DeepSeek-V3, Table 1: 2,664K hours of pre-training, 2,788K with all that followed."""
    assert runs.published_run("deepseek-v3").gpu_hours == 2_664_000
    assert runs.run("run-020").gpu_hours == 2_788_000


def test_a_model_without_a_published_run_has_none():
    assert runs.published_run("gpt-4") is None


def test_an_unknown_run_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match=r"llama-3\.1-405b"):
        runs.run("llama-3.1-405")


def test_phases_come_in_order_and_say_what_is_assumed():
    """arXiv:2407.21783, section 3.4: batch 4M, 8M, 16M; six long-context stages; annealing."""
    found = runs.phases("llama-3.1-405b")

    assert [p.global_batch_tokens for p in found[:3]] == [4 * 2**20, 8 * 2**20, 16 * 2**20]
    assert [p.seq_length for p in found[:3]] == [4096, 8192, 8192]
    assert [p.basis for p in found] == ["published"] * 3 + ["assumption"] * 6 + ["published"]
    assert found[0].tokens == 252_000_000
    assert found[-1].tokens == 40_000_000
    assert found == runs.phases("run-013")


def test_a_model_without_published_phases_has_none():
    assert runs.phases("mpt-7b") == ()
