"""The methods paragraph says what exactly these results rest on, and cites where it is from."""

import json
import re

import pytest

from llmcost import compare, estimate, find_sensitivities, reconcile
from llmcost.catalog.sources import sources
from llmcost.errors import UnknownNameError
from llmcost.views import document
from llmcost.views.reports.citations import LLMCOST, cited, cites, footnote, keys_in, papers_in
from llmcost.views.reports.methods import METHODS, methods_text

DAY = {"as_of": "2026-09-06", "today": "2026-09-06"}
SMALL = {"draws": 100, **DAY}
GIVEN = {"parameters": "7B", "tokens": "2T", "gpu": "h100-sxm", "num_gpus": 512, "mfu": "35..45%"}


def saved(answer):
    """An answer as it is saved."""
    return json.loads(json.dumps(document(answer).data))


@pytest.fixture(scope="module")
def given():
    return saved(estimate(**GIVEN, price="2 USD/GPU/hour", **SMALL))


@pytest.fixture(scope="module")
def modelled():
    return saved(estimate(model="llama-3.1-8b", gpu="h100-sxm", num_gpus=64, **SMALL))


def sentence(text, start):
    """The one sentence of a paragraph that starts so."""
    (found,) = re.findall(rf"(?:^|\. ){re.escape(start)}[^§]*?\.(?= [A-Z]|$)", text)
    return found


def test_every_citation_is_a_source_or_llmcost_itself(given, modelled):
    keys = cited(methods_text([given, modelled]))

    assert LLMCOST in keys
    assert not set(keys) - set(sources()) - {LLMCOST}
    assert "assumption" not in keys


def test_given_inputs_are_told_apart_from_labelled_defaults(given):
    text = methods_text([given])

    told = sentence(text, "Given: ")
    assert "parameters 7B" in told
    assert "2T tokens" in told
    assert "price per GPU-hour $2.00" in told
    assert "MFU" in told
    assert "restart 10 minutes (5 – 20 minutes) [@megascale-paper]" in text
    assert text.index("Labelled defaults: ") < text.index("restart 10 minutes")


def test_versions_draws_seed_and_interval_are_those_of_the_run(given):
    text = methods_text([given])

    assert f"llmcost {given['llmcost_version']} from its data of version" in text
    assert given["data_version"] in text
    assert (
        f"80% intervals of 100 draws of all inputs that have a range, by Latin hypercube "
        f"sampling [@mckay-1979], with the seed {given['seed']}" in text
    )


def test_flop_without_an_architecture_are_those_of_kaplan(given):
    """6 x 7e9 x 2e12 = 8.4e22 FLOP."""
    text = methods_text([given])

    assert "6 a token and active parameter [@kaplan-2020], without attention: 8.4e22 FLOP." in text
    assert "attention FLOP" not in text
    assert "MFU was modelled" not in text


def test_flop_of_an_architecture_count_attention_as_asked(modelled):
    full = saved(
        estimate(
            model="llama-3.1-8b",
            gpu="h100-sxm",
            num_gpus=64,
            mfu="40%",
            attention_flop="full",
            **SMALL,
        )
    )

    assert "to the positions before it [@dao-2022]" in methods_text([modelled])
    assert "to every position of its sequence [@palm-paper]" in methods_text([full])


def test_a_modelled_rate_tells_what_its_constants_were_fitted_to(modelled):
    text = methods_text([modelled])

    assert "MFU was modelled from the time of one step" in text
    assert re.search(r"constants were fitted to [\d,]+ measured steps \(\d{4}-\d\d-\d\d\)", text)
    assert "[@daly-2006]" in text
    assert "[@rajbhandari-2020] [@korthikanti-2022]" in text


def test_the_rule_of_the_price_and_its_day_are_told(modelled):
    text = methods_text([modelled])

    assert "the price is the median over" in text
    assert "latest price in the twelve months to 2026-09-06" in text


def test_results_of_one_run_tell_each_sentence_once(given):
    assert methods_text([given, given]) == methods_text([given])


def test_a_comparison_tells_what_setups_share_and_where_they_differ():
    asked = {"parameters": "7B", "tokens": "2T", "mfu": "40%", **SMALL}
    text = methods_text([saved(compare(gpu=["h100-sxm", "b200"], num_gpus=512, **asked))])

    assert "We compared 2 setups for one training run: h100-sxm, b200." in text
    apart = sentence(text, "By setup: ")
    assert "accelerator h100-sxm, b200" in apart
    assert "989 TFLOP/s/GPU (h100-sxm)" in apart
    assert "accelerators 512" in sentence(text, "Given: ")
    assert "restart" not in apart


def test_a_price_of_one_setup_is_not_told_of_another():
    asked = {"parameters": "7B", "tokens": "2T", "mfu": "40%", **SMALL}
    setups = saved(compare(gpu=["h100-sxm", "b200", "tpu-v5p"], num_gpus=512, **asked))
    text = methods_text([setups])

    assert "For h100-sxm: rental cost is GPU-hours times the price" in text
    assert "For b200: rental cost is GPU-hours times the price" in text
    assert "For h100-sxm, b200: the cost of owning is" in text
    assert ". Rental cost is" not in text
    assert ". GPU-hours are training FLOP" in text


def test_setups_that_do_not_fit_are_counted():
    told = {"name": "tiny", "status": "does not fit", "estimate": {"inputs": {}, "results": {}}}
    text = methods_text([{"schema": "llmcost.comparison/1", "setups": [told]}])

    assert "We compared 1 setup for one training run: tiny; 1 without the memory for it." in text


def test_a_comparison_of_more_setups_than_can_be_named_tells_their_spread():
    one = saved(compare(gpu=["h100-sxm"], num_gpus=512, **{**GIVEN_APART, **SMALL}))
    setups = []
    for at in range(40):
        setup = json.loads(json.dumps(one["setups"][0]))
        setup["name"] = f"setup-{at}"
        setup["estimate"]["inputs"]["num_gpus"]["value"] = 100 + at
        setups.append(setup)
    text = methods_text([{**one, "setups": setups}])

    assert "We compared 40 setups" in text
    assert "and 28 more" in text
    assert "accelerators 100 to 139" in text
    assert "The other 28 setups went through formulas of the same kinds" in text


GIVEN_APART = {"parameters": "7B", "tokens": "2T", "mfu": "40%"}


def test_a_run_of_several_phases_says_so():
    """The published run of 405B went up to 131,072 tokens a sequence."""
    run = saved(estimate(model="llama-3.1-405b", mfu="40%", **SMALL))
    told = sentence(methods_text([run]), "The run has")

    assert "10 phases, from 4,096 to 131,072 tokens a sequence" in told
    assert "[@llama-3-paper]" in told


def test_slow_steps_and_wall_clock_are_told_where_they_count():
    """A goodput that is given for all of the clock leaves no slow steps apart."""
    bare = saved(estimate(parameters="7B", tokens="2T", gpu="h100-sxm", goodput="90%", **SMALL))
    one = sentence(methods_text([bare]), "GPU-hours are")

    assert one.endswith(
        "GPU-hours are training FLOP over dense peak, MFU and goodput [@palm-paper]."
    )


def test_a_development_tells_the_lines_that_it_has():
    whole = saved(
        estimate(
            parameters="7B",
            tokens="2T",
            gpu="h100-sxm",
            num_gpus=64,
            mfu="40%",
            scope="development",
            data_cost="$10M",
            **SMALL,
        )
    )
    assert (
        "Development adds experiments, post-training, staff, add-ons to the rent and data [@"
        in (methods_text([whole]))
    )


def test_half_are_within_the_median_of_configurations_not_of_rows():
    told = {"overall": {"configurations": 6, "rows": 9, "median": 0.05, "p90": 0.2}}
    text = methods_text(
        [{"schema": "llmcost.validation/1", "summary": {"throughput": told}, "rows": []}]
    )

    assert "Half of the step times of 6 configurations (9 rows) are within 5%" in text


def test_a_claim_of_your_own_is_not_called_published():
    own = {"schema": "llmcost.reconciliation/1", "claims": "own", "rows": [{"name": "own"}]}

    assert "One claim was set against" in methods_text([own])


def test_a_sensitivity_tells_how_far_each_input_was_moved():
    text = methods_text([saved(find_sensitivities(**GIVEN, **SMALL))])

    assert "For the sensitivity of cost" in text
    assert "from its 5th to its 95th percentile" in text
    assert "slow steps and phases 93%" in text
    assert "The range of the result is an 80% interval of 100 draws" in text
    assert "Ranges are" not in text


def test_a_reconciliation_cites_the_claim():
    text = methods_text([saved(reconcile("training-cost", options={"draws": 100}))])

    assert "One published claim was set against" in text
    assert "[@essay-llama-case-study]" in text
    assert "[@cottier-2024]" in text


@pytest.mark.parametrize("kind", METHODS)
def test_a_result_of_which_nothing_is_known_is_told_without_failing(kind):
    """A saved result may lack what it was cut down by."""
    assert methods_text([{"schema": f"{kind}/1"}]).startswith(
        "All figures were computed by llmcost"
    )


def test_a_result_of_another_kind_adds_nothing():
    assert (
        methods_text([{"schema": "other/1"}]) == "All figures were computed by llmcost [@llmcost]."
    )


def test_origins_list_keys_and_other_words_are_none():
    assert keys_in("training_phases.csv: llama-3-paper: 16,777,216 tokens, rounded") == (
        "llama-3-paper",
    )
    assert keys_in("defaults.csv: 4,194,304 tokens a step (llama-2-paper, gpt-3-paper)") == (
        "llama-2-paper",
        "gpt-3-paper",
    )
    assert keys_in("the usual training precision") == ()
    assert keys_in(None) == ()


def test_papers_are_found_by_arxiv_or_doi():
    assert papers_in("Daly 2006 (doi 10.1016/j.future.2004.11.016), the factor") == ("daly-2006",)
    assert papers_in("Kaplan et al. 2020 (arXiv 2001.08361), section 2.1") == ("kaplan-2020",)
    assert papers_in("by definition") == ()


def test_marks_are_one_a_key():
    assert cites(["a", "b", "a", "assumption"]) == " [@a] [@b]"
    assert cited("x [@a] y [@b] [@a]") == ("a", "b")


def test_a_footnote_is_the_entry_of_the_bibliography():
    assert footnote("palm-paper").title == "PaLM: Scaling Language Modeling with Pathways"
    assert footnote("palm-paper").second_hand
    assert footnote(LLMCOST).url == ""
    with pytest.raises(UnknownNameError):
        footnote("no-such-work")


def test_a_price_of_one_provider_and_a_measured_rate_are_told_as_such():
    asked = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "num_gpus": 64, **SMALL}
    text = methods_text(
        [
            saved(
                estimate(**asked, throughput="430 TFLOP/s/GPU", provider="Lambda", recompute="full")
            )
        ]
    )

    assert "MFU follows from a measured rate: throughput 430 TFLOP/s/GPU" in text
    assert "the price is that of Lambda, on-demand, 2026-08-21: the latest up to" in text
    assert "counted in hardware FLOP only [@korthikanti-2022]" in text
