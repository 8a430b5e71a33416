"""Claims beside estimates of the same scope: expected figures by hand from what is published."""

import numpy as np
import pytest

from llmcost.catalog.claims import claims
from llmcost.errors import InputError, UnitError, UnknownNameError
from llmcost.studies.estimation import simulate
from llmcost.studies.reconciliation.bounds import CONSISTENT, HIGH, LOW, NOT_COMPARABLE
from llmcost.studies.reconciliation.report import reconcile

DRAWS = {"draws": 400}
HOURS = {"gpu": "h100-sxm", "gpu_hours": "1M", "cost": "3M USD"}


@pytest.fixture(scope="module")
def essays():
    return reconcile(options=DRAWS)


@pytest.fixture(scope="module")
def published():
    return reconcile(claims="published", options=DRAWS)


def row(found, name):
    return next(one for one in found.rows if one.claim.name == name)


def implied(one, name):
    return [each.value for each in one.implied if each.name == name]


def test_every_claim_of_the_essays_has_a_row(essays):
    names = {one.claim.name for one in essays.rows}
    asked = [claim.id for claim in claims()]

    for claim in claims():
        name = claim.name if asked.count(claim.id) > 1 else claim.id
        assert any(found == name or found.startswith(f"{name}/") for found in names)


def test_what_is_not_compared_says_why(essays, published):
    for found in (essays, published):
        for one in found.rows:
            assert bool(one.reason) == (one.verdict == NOT_COMPARABLE)
            assert (one.main is None) == bool(one.reason)


def test_licences_ranks_and_counts_of_variants_are_outside(essays):
    outside = {one.claim.quantity for one in essays.rows if one.verdict == NOT_COMPARABLE}

    assert outside >= {"licence_threshold", "licence_share", "capability", "openness", "variants"}
    assert not outside & {"cost", "development_cost", "tokens", "parameters", "share_of_fleet"}


def test_the_range_of_the_essay_is_two_prices_of_one_number_of_hours(essays):
    """35M and 200M USD over Meta's 30.84M hours: 1.135 and 6.485 USD/GPU/hour."""
    one = row(essays, "training-cost")

    assert implied(one, "implied_price") == pytest.approx([35 / 30.84, 200 / 30.84])
    assert one.gap[0].words.startswith("at the published 30.8M GPU-hours: below all")
    assert "an owner's cost of an hour" in one.gap[0].words
    assert one.verdict == CONSISTENT


def test_the_share_inside_is_counted_on_each_price_basis(essays):
    """Counted again from an estimate of the same run and day."""
    one = row(essays, "training-cost")
    simulation = simulate(model="llama-3.1-405b", as_of="2024-07-31", **DRAWS)
    results = {"on-demand": "rental_on_demand_cost", "owner": "owned_cost"}

    for basis, name in results.items():
        draws = np.asarray(simulation.draws[name])
        inside = np.mean((draws >= 35e6) & (draws <= 200e6))
        found = next(each for each in one.bases if each.figure.basis == basis)
        assert found.inside == pytest.approx(float(inside))
        assert 0 < found.inside < 1


def test_the_purchase_of_the_cluster_is_told_but_is_not_what_the_range_means(essays):
    """16,384 devices in servers with network: the method's authors print 896 to 928M USD."""
    one = row(essays, "training-cost")
    bought = next(each for each in one.bases if each.figure.basis == "purchase")

    assert not bought.figure.eligible
    assert bought.figure.value == pytest.approx(912e6, rel=0.25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num-gpus", 16_384),
        ("tokens", 15.6e12),
        ("llama3-sizes/llama-3-8b", 8_030_261_248),
        ("llama3-sizes/llama-3-70b", 70_553_706_496),
        ("essay-economics/parameters", 405_853_388_800),
    ],
)
def test_counts_stand_beside_what_the_authors_published(essays, name, value):
    one = row(essays, name)

    assert one.main.value == pytest.approx(value)
    assert one.verdict == CONSISTENT


def test_a_share_of_compute_is_hours_over_a_fleet_and_a_period(essays):
    """1.3M and 6.4M hours of Llama 3 over two clusters of 24,576 for a year of 8,766 hours.

    Two clusters are not Meta's compute: that is 150,000 bought in 2023, and what was planned.
    """
    one = row(essays, "share-of-compute")
    clusters = one.bases[0].figure

    assert clusters.low == pytest.approx(7.7e6 / (2 * 24_576 * 8766))
    assert clusters.low < clusters.value < clusters.high
    assert not clusters.eligible
    assert one.main.low == pytest.approx(7.7e6 / (150_000 * 8766))
    assert one.verdict == HIGH
    assert implied(one, "implied_fleet") == pytest.approx([77e6])


def test_models_that_were_in_training_when_a_share_was_claimed_are_told(essays):
    """Llama 3.1 405B came out in July 2024: 30.84M hours beside 7.7M are 5.0 times as many."""
    (note,) = row(essays, "share-of-compute").notes

    assert "training: llama-3.1-405b;" in note
    assert "30.8M GPU-hours" in note
    assert f"{1 + 30.84 / 7.7:.1f} times" in note


def test_the_period_and_the_hours_of_a_fleet_can_be_changed():
    quarter = reconcile(["share-of-compute"], period="90 days", options=DRAWS)
    given = reconcile(["share-of-compute"], fleet_hours="77M GPU-hours", options=DRAWS)

    assert quarter.rows[0].main.low == pytest.approx(7.7e6 / (150_000 * 90 * 24))
    assert quarter.rows[0].verdict == CONSISTENT
    assert given.rows[0].main.low == pytest.approx(0.1)


def test_development_is_set_against_development(essays):
    """Its estimate is the whole development, which is never below the final run."""
    whole, run = row(essays, "development-cost"), row(essays, "training-cost")

    assert whole.main.value > run.bases[0].figure.value
    assert whole.verdict == CONSISTENT


def test_circular_figures_are_never_compared(published):
    """Mistral Large and Claude 3.5 Sonnet: their compute or hours were worked back from a cost."""
    for name in ("pc-38", "pc-39a", "pc-39b", "pc-40"):
        one = row(published, name)
        assert one.verdict == NOT_COMPARABLE
        assert one.reason.startswith("circular")
        assert one.implied == ()
        assert one.main is None


def test_a_method_does_not_compare_circular_figures_either():
    found = reconcile(["pc-39a", "pc-40"], claims="published", method="epoch-2024", options=DRAWS)

    assert {one.verdict for one in found.rows} == {NOT_COMPARABLE}


def test_two_counts_of_hours_for_falcon_are_told_apart_by_their_mfu(published):
    """3.76e24 FLOP over 7.0M and 17.7M hours at 312 TFLOP/s: 0.48 and 0.19."""
    (one,) = published.conflicts

    assert one.model == "Falcon-180B"
    assert one.mfus[0] == pytest.approx(3.76e24 / (7.0e6 * 3600 * 312e12))
    assert one.mfus[1] == pytest.approx(3.76e24 / (17.7e6 * 3600 * 312e12))
    assert "0.48 against 0.19" in one.words
    assert published.in_conflict


def test_the_power_behind_an_energy_claim_is_seen(published):
    """BLOOM: 433 MWh over 1,082,990 hours are 399.8 W, the rated 400 W of an A100."""
    one = row(published, "pc-27b")

    assert implied(one, "implied_power") == pytest.approx([433e6 / 1_082_990])
    assert "its rated power of 400 W" in one.gap[0].words


def test_the_french_grid_is_taken_where_the_run_was(published):
    """433 MWh, rated, on a grid of 50 to 70 g/kWh: 22 to 30 t; 25 t are 58 g/kWh."""
    one = row(published, "pc-27c")

    assert 22 < one.bases[0].at_published < 30
    assert implied(one, "implied_carbon_intensity") == pytest.approx([25 / 433.196])


def test_water_and_embodied_carbon_are_estimated_for_the_claims_that_need_them(published):
    """Options of an estimate: counted again from one of the same run and day."""
    labelled = {"water": True, "embodied": True}
    again = simulate(model="llama-3.1-405b", as_of="2024-07-31", **labelled, **DRAWS).estimate
    run = {"model": "llama-3.1-405b", "date": "2024-12"}
    claims = {"water": "4 ML", "embodied_carbon": "900 tCO2e"}

    for quantity, figure in claims.items():
        one = reconcile(own={**run, quantity: figure}, options=DRAWS).rows[0]
        assert one.main.value == pytest.approx(again.results[quantity].value)
        assert one.verdict != NOT_COMPARABLE
    grok = row(published, "pc-43d")
    energy = row(published, "pc-43b").main.value
    assert grok.verdict != NOT_COMPARABLE
    assert implied(grok, "implied_water_intensity") == pytest.approx([754e6 / energy / 1000])


def test_a_region_that_is_asked_for_counts_for_runs_whose_own_is_known(published):
    """The grid of the United States has about 370 g/kWh, that of France well under 100."""
    (moved,) = reconcile(["pc-27c"], options={**DRAWS, "region": "us"}).rows

    assert moved.main.value > 4 * row(published, "pc-27c").main.value


def test_rated_power_times_hours_is_held_against_rated_power_times_hours(published):
    """Llama 3.1 405B: 700 W over 30.84M hours are 21.588 GWh; 8,930 t are 414 g/kWh of that."""
    one = row(published, "pc-08a")
    figure = one.main
    grid = one.bases[1].figure.value / (1.821 * 0.75 * 1.15)

    assert figure.basis == "rated"
    assert figure.value == pytest.approx(grid)
    assert one.verdict == CONSISTENT
    assert implied(one, "implied_carbon_intensity") == pytest.approx([8930 / 21_588])
    assert not one.bases[1].figure.eligible


def test_accelerators_alone_draw_no_more_than_they_are_rated_at(published):
    """OLMo 3 7B: 234,000 hours at 700 W are 163.8 MWh; 146 MWh are 89% of that."""
    one = row(published, "pc-44c")

    assert one.main.basis == "accelerators"
    assert one.main.high == pytest.approx(163.8)
    assert one.main.value == pytest.approx(0.75 * 163.8)
    assert one.verdict == CONSISTENT


def test_our_figure_is_seen_at_the_published_hours_too(published):
    """BLOOM: 1,082,990 hours at 400 W are 433.2 MWh; ours are fewer hours by far, which is said."""
    energy, cost = row(published, "pc-27b"), row(published, "pc-28a")

    assert energy.bases[0].at_published == pytest.approx(433.196)
    assert any("outside our range" in note for note in energy.notes)
    hours = cost.bases[0].figure.value / cost.bases[0].at_published * 1.078e6
    assert 5e5 < hours < 8e5
    assert row(published, "pc-17").bases[0].at_published is None


def test_a_purchase_and_a_published_method_do_not_move_with_our_hours(published):
    moved = {b.figure.basis: b.at_published for b in row(published, "pc-02").bases}

    assert moved["purchase"] is None
    assert moved["epoch-2024-owner"] is None
    assert moved["reserved-3y"] is not None


def test_hours_that_are_only_supposed_have_a_range(published):
    """132M TPU hours at 0.8 to 1.25 of themselves (90%): 80% within 0.84 to 1.19 of 191.4M USD."""
    one = row(published, "pc-17").main

    assert one.value == pytest.approx(191.4e6)
    assert one.low == pytest.approx(0.84 * 191.4e6, rel=0.02)
    assert one.high == pytest.approx(1.19 * 191.4e6, rel=0.02)


def test_a_conflict_is_told_by_either_of_its_claims():
    for name in ("pc-34", "pc-35a", "pc-35b"):
        assert reconcile([name], options=DRAWS).conflicts, name
    assert not reconcile(["pc-21"], options=DRAWS).conflicts


def test_a_figure_of_a_model_is_judged_as_the_published_one_is(published):
    """DeepSeek-V3 trained in FP8, also where a user states its cost."""
    own = reconcile(own={"model": "deepseek-v3", "cost": "5.576M USD"}, options=DRAWS).rows[0]

    assert own.main.value == pytest.approx(row(published, "pc-21").main.value)
    assert own.verdict == row(published, "pc-21").verdict


def test_an_implied_goodput_is_of_the_peak_that_our_mfu_is_of(published):
    """3.4e24 FLOP over 5.576M USD / 3.42 = 1.630M hours at 1,978.9 TFLOP/s in FP8: 0.293."""
    one = row(published, "pc-21")
    mfu = 3.4e24 / (5.576e6 / 3.42 * 3600 * 1978.9e12)

    assert implied(one, "implied_mfu")[-1] == pytest.approx(mfu)
    assert implied(one, "implied_goodput") == pytest.approx([mfu / 0.1771], rel=2e-3)


def test_an_upper_bound_of_hours_is_said_to_be_one(published):
    assert any("upper bound" in note for note in row(published, "pc-37").notes)


def test_grok_4_is_set_against_what_its_source_says_agrees(published):
    """Its source gives 490M USD as what rental and owning both come to."""
    one = row(published, "pc-43a")

    assert one.main.basis == "owner"
    assert one.verdict == CONSISTENT


def test_published_hours_are_priced_on_the_basis_that_the_claim_states(published):
    """Gemini 1.0 Ultra: 132M TPU hours at Google's 1.45 on three years are 191.4M USD."""
    one = row(published, "pc-17")

    assert (one.main.basis, one.main.value) == ("reserved-3y", pytest.approx(191.4e6))
    assert one.verdict == CONSISTENT


def test_the_same_hours_at_the_same_price_are_said_to_confirm_only_the_arithmetic(published):
    """132M x 1.45 and 240M x 4.86: both are how the claim was made. Others have their own hours."""
    for name in ("pc-17", "pc-42b"):
        one = row(published, name)
        assert (one.verdict, one.ratio[0]) == (CONSISTENT, pytest.approx(1, rel=1e-3))
        assert one.arithmetic_only
        assert any("the arithmetic only" in note for note in one.notes)
    for name in ("pc-02", "pc-21", "pc-10", "pc-19"):
        one = row(published, name)
        assert not one.arithmetic_only
        assert not any("arithmetic" in note for note in one.notes)


def test_a_stated_price_is_held_against_our_hours_not_against_its_own(published):
    one = row(published, "pc-21")

    assert one.main.basis == "stated"
    assert one.main.value != pytest.approx(5.576e6)
    assert implied(one, "implied_price") == [2.0]


def test_a_price_of_the_next_year_does_not_explain_a_claim_on_the_prices_of_its_time(published):
    """The AI Index takes Google's price of March 2025 for a run that ended in July 2024."""
    one = row(published, "pc-02")

    assert one.verdict == HIGH
    assert one.gap[0].short.startswith("Google Cloud reserved-3y $4.86 (2025-03-17)")


def test_the_published_method_can_stand_for_us():
    """Llama 3.1 405B: 51.0M USD of 2023 by its authors; the tolerance is that of its own test."""
    found = reconcile(["pc-03a"], claims="published", method="epoch-2024", options=DRAWS)

    assert found.rows[0].main.basis == "epoch-2024-owner"
    assert found.rows[0].main.value == pytest.approx(51.0e6, rel=0.1)


def test_no_price_after_the_day_that_is_asked_for_is_used():
    found = reconcile(claims="published", as_of="2023-06-30", options=DRAWS)

    standings = [each.standing for one in found.rows for each in one.implied if each.standing]
    quotes = [quote for standing in standings for quote in standing.nearest]
    assert quotes
    assert all(str(quote.day) <= "2023-06-30" for quote in quotes)
    assert all(one.as_of <= "2023-06-30" for one in found.rows)
    assert row(found, "pc-02").product is None


def test_a_claim_of_our_own_estimate_has_ratio_one():
    """Reconciling an estimate with itself."""
    run = {"parameters": "70B", "tokens": "1.4T", "gpu": "h100-sxm", "mfu": "40%"}
    cost = simulate(**run, as_of="2026-09-06", **DRAWS).estimate.results["cost"].value
    own = {**run, "cost": f"{cost!r} USD", "price_basis": "on-demand"}

    one = reconcile(own=own, as_of="2026-09-06", options=DRAWS).rows[0]

    assert one.ratio == pytest.approx((1, 1))
    assert one.verdict == CONSISTENT


@pytest.mark.parametrize(
    ("text", "relation", "low", "high"),
    [
        ("5.576M USD", "about", 5.576e6, 5.576e6),
        ("$35M..$200M", "between", 35e6, 200e6),
        (">100M USD", "more_than", 100e6, None),
        ("< 3M USD", "less_than", None, 3e6),
        ("~3M USD", "about", 3e6, 3e6),
        (3_000_000, "about", 3e6, 3e6),
    ],
)
def test_a_figure_of_ones_own_is_read_with_its_sign(text, relation, low, high):
    own = {"gpu": "h100-sxm", "gpu_hours": "1M GPU-hours", "cost": text}

    claim = reconcile(own=own, options=DRAWS).rows[0].claim

    assert (claim.relation, claim.low, claim.high) == (relation, low, high)


def test_a_figure_that_is_published_brings_its_hours():
    """DeepSeek-V3's 5.576M USD: 2.788M hours at 2 USD, as in its paper."""
    own = {"model": "deepseek-v3", "cost": "5.576M USD", "tokens": "14.8T", "gpu": "h800-sxm"}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert implied(one, "implied_price") == [2.0]
    assert one.product.agrees
    assert one.verdict == CONSISTENT


def test_what_was_published_for_another_accelerator_says_nothing():
    own = {"model": "deepseek-v3", "cost": "5.576M USD", "tokens": "14.8T", "gpu": "h100-sxm"}

    assert reconcile(own=own, options=DRAWS).rows[0].claim.known_hours is None


def test_hours_worked_back_from_the_cost_confirm_nothing():
    own = {"gpu": "h100-sxm", "gpu_hours": "1M", "cost": "3M USD", "derived_from": "cost"}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert one.verdict == NOT_COMPARABLE
    assert one.reason.startswith("circular")


def test_fewer_hours_than_a_number_are_an_upper_bound():
    one = reconcile(own={**HOURS, "gpu_hours": "<1M"}, options=DRAWS).rows[0]

    assert (one.claim.gpu_hours, one.claim.hours_source) == (1e6, "bound")
    assert any("upper bound" in note for note in one.notes)


def test_a_claim_far_below_is_low_and_one_far_above_high():
    run = {"gpu": "h100-sxm", "gpu_hours": "1M GPU-hours", "price_basis": "on-demand"}
    verdicts = [
        reconcile(own={**run, "cost": cost}, options=DRAWS).rows[0].verdict
        for cost in ("1000 USD", "1B USD")
    ]

    assert verdicts == [LOW, HIGH]


@pytest.mark.parametrize(
    ("own", "kind", "complaint"),
    [
        ({"model": "deepseek-v3"}, InputError, "states no figure"),
        ({"cost": "5M USD"}, InputError, "too little of the run"),
        ({"model": "deepseek-v3", "cost": "-5M USD"}, InputError, "above 0"),
        ({"model": "deepseek-v3", "cost": "nan USD"}, InputError, "cost"),
        ({"model": "deepseek-v3", "cost": "200M..35M USD"}, InputError, "lower end first"),
        ({"model": "deepseek-v3", "cost": "5 parsec"}, UnitError, "parsec"),
        ({"model": "deepseek-v3", "cost": "5 MWh"}, UnitError, "cost"),
        ({"model": "deepseek-v3", "fame": "5"}, UnknownNameError, "fame"),
        ({"parameters": "7B", "tokens": "1T", "cost": "1M USD"}, InputError, "gpu: nothing given"),
        ({"model": "no-such-model", "cost": "5M USD"}, UnknownNameError, "no-such-model"),
        ({"model": "deepseek-v3", "cost": ">3M..5M USD"}, InputError, "not both"),
        ({"model": "deepseek-v3", "cost": "5M USD", "price_basis": "x"}, UnknownNameError, "spot"),
        ({"model": "deepseek-v3", "cost": "5M USD", "scope": "x"}, UnknownNameError, "final-run"),
        ({"model": "deepseek-v3", "cost": "5M USD", "price": "1..2"}, InputError, "one number"),
        ({**HOURS, "gpu_hours": "1M..2M"}, InputError, "gpu_hours: .*one number"),
        ({**HOURS, "gpu_hours": ">1M"}, InputError, "gpu_hours: .*one number"),
        ({**HOURS, "tokens": "5T"}, InputError, "tokens: .*without a model"),
        ({**HOURS, "mfu": "40%"}, InputError, "mfu: .*without a model"),
        ({**HOURS, "derived_from": "x"}, UnknownNameError, "gpu_hours"),
        ({**HOURS, "cost": "1e308 USD"}, InputError, "cost: .*1e\\+19 USD"),
        ({**HOURS, "gpu_hours": "1e-30"}, InputError, "gpu_hours: .*1e-09"),
        ({**HOURS, "id": ""}, InputError, "id: .*one line"),
        ({**HOURS, "id": "a\nb"}, InputError, "id: .*one line"),
    ],
)
def test_a_claim_that_cannot_be_read_is_one_clear_message(own, kind, complaint):
    with pytest.raises(kind, match=complaint):
        reconcile(own=own, options=DRAWS)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"names": ["no-such-claim"]}, "Unknown claim"),
        ({"claims": "nothing"}, "essays or published"),
        ({"as_of": "1999-01-01"}, "as_of"),
        ({"options": {"region": "atlantis"}}, "atlantis"),
        ({"options": {"interval": "200%"}}, "interval"),
        ({"period": "-3 days"}, "period"),
        ({"period": "3 days", "fleet_hours": "1M GPU-hours"}, "give one"),
        ({"claims": "published", "own": {"cost": "5M USD"}}, "give only one"),
        ({"method": "alchemy"}, "alchemy"),
    ],
)
def test_options_that_cannot_be_used_are_said_at_once(arguments, complaint):
    with pytest.raises(InputError, match=complaint):
        reconcile(**{"options": DRAWS, **arguments})


def test_claims_can_be_picked_by_name_id_or_model():
    by_model = reconcile(["falcon-180b"], claims="published", options=DRAWS)
    by_name = reconcile(["pc-34", "pc-35a"], claims="published", options=DRAWS)

    assert {one.claim.name for one in by_model.rows} == {"pc-34", "pc-35a", "pc-35b"}
    assert {one.claim.name for one in by_name.rows} == {"pc-34", "pc-35a"}
    assert by_name.conflicts


def test_a_name_that_only_the_published_figures_have_is_found_there():
    assert reconcile("pc-21", options=DRAWS).kind == "published"
    assert reconcile("llama-3.1-405b", options=DRAWS).kind == "essays"


def test_each_listed_rental_is_priced_at_the_hours_of_the_claim(essays):
    """RunPod's 3.99 of July 2024 over 30.84M hours are 123.05M USD; Oracle's 10 are 308.4M."""
    found = {one.quote.provider: one for one in row(essays, "training-cost").listings}

    assert found["RunPod"].cost == pytest.approx(3.99 * 30.84e6)
    assert found["RunPod"].place == "inside"
    assert (found["Oracle Cloud"].cost, found["Oracle Cloud"].place) == (
        pytest.approx(308.4e6),
        "above",
    )


def test_a_reconciliation_shows_itself_in_a_notebook():
    found = reconcile(["pc-34", "pc-35a"], claims="published", options=DRAWS)

    assert repr(found) == "Reconciliation(published: 2 consistent)"
    assert "<table" in found._repr_html_()


def test_hours_alone_imply_a_price_and_no_mfu():
    """Nobody stated any FLOP."""
    own = {"gpu": "h100-sxm", "gpu_hours": "1M GPU-hours", "cost": "3M USD"}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert implied(one, "implied_price") == [3.0]
    assert not implied(one, "implied_mfu")


def test_the_hours_of_a_cost_show_their_net_mfu(published):
    one = row(published, "pc-35b")

    assert implied(one, "implied_mfu")[0] == pytest.approx(3.76e24 / (17.7e6 * 3600 * 312e12))
    assert "measured runs have" in one.implied[1].words


def test_another_currency_is_converted_by_the_rate_of_the_month_and_says_so():
    """The euro's average of February 2024 at the ECB: 1.0795 USD; the table's to 0.1%."""
    own = {"gpu": "h100-sxm", "gpu_hours": "1M", "cost": "3M EUR", "date": "2024-02"}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert one.claim.low == pytest.approx(3e6 * 1.0795, rel=1e-3)
    assert any("USD for 1 EUR (2024-02)" in note for note in one.notes)


def test_a_currency_without_a_rate_is_not_guessed():
    with pytest.raises(UnitError, match="XYZ"):
        reconcile(own={"gpu": "h100-sxm", "gpu_hours": "1M", "cost": "3M XYZ"}, options=DRAWS)


def test_the_staff_of_gpt_4_follows_from_published_people_time_and_pay(published):
    """284 people for a year at 28.5% of their time: 81 full-time years at 451,000 USD, by hand.

    The lognormal of 5% to 80% has a mean of 28.5%; pay is 140 to 270 thousand (mean 198) times
    1.324, and 35 to 500 thousand of equity (184), as 90% intervals: within 3%. Its source prints
    35M (27 to 44).
    """
    one = row(published, "pc-13")

    assert one.main.value == pytest.approx(284 * 0.285 * (198.4e3 * 1.324 + 183.7e3), rel=0.03)
    assert one.verdict == CONSISTENT


def test_the_unit_that_a_figure_is_written_in_changes_nothing():
    run = {"gpu": "a100-sxm-80gb", "gpu_hours": "1.08299M"}
    one, other = (
        reconcile(own={**run, "energy": energy}, options=DRAWS).rows[0]
        for energy in ("433 MWh", "433000 kWh")
    )

    assert other.ratio == pytest.approx(one.ratio)
    assert implied(other, "implied_power") == pytest.approx(implied(one, "implied_power"))


def test_the_figure_of_a_published_method_is_recognised(published):
    """51.0M USD is what the method's authors print for Llama 3.1 405B; held to a tenth."""
    one = row(published, "pc-03a")

    assert "epoch-2024, amortised: $51.3M" in one.gap[0].words
    assert "epoch-2024" not in row(published, "pc-05").gap[0].words


def test_a_purchase_takes_accelerators_and_no_hours():
    """900M USD for 16,384 accelerators are 54,932 USD each."""
    own = {"gpu": "h100-sxm", "num_gpus": "16,384", "cost": "900M USD", "price_basis": "purchase"}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert one.main.basis == "purchase"
    assert implied(one, "implied_server_price") == pytest.approx([900e6 / 16_384])


def test_a_claim_from_before_every_price_is_not_compared():
    own = {"gpu": "v100-sxm-32gb", "gpu_hours": "1M", "cost": "3M USD", "date": "1990"}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert one.verdict == NOT_COMPARABLE
    assert one.reason == (
        "no price was listed by then: the first in the catalogue is of 2017-05-31; the first "
        "rental of v100-sxm-32gb was listed on 2020-03-09"
    )


@pytest.mark.parametrize(
    ("claim", "when"),
    [
        (
            {"gpu": "b200", "date": "2023"},
            "; the first on-demand rental of b200 was listed on 2026-03-17",
        ),
        ({"gpu": "b200", "date": "2023", "price_basis": "owner"}, "the first purchase price of b2"),
        (
            {"gpu": "v100-sxm-32gb", "date": "2021"},
            "is of 2020-03-09, more than twelve months before",
        ),
        (
            {"gpu": "b200", "date": "2026-03", "price_basis": "spot"},
            "the first spot rental of b200 was listed on 2026-05-24",
        ),
    ],
)
def test_a_claim_without_a_price_names_the_day_of_the_nearest(claim, when):
    """The price file: b200 on demand in March 2026, V100s in March 2020 and then in 2022."""
    own = {"gpu_hours": "1M", "cost": "3M USD", "price_basis": "on-demand", **claim}

    one = reconcile(own=own, options=DRAWS).rows[0]

    assert one.verdict == NOT_COMPARABLE
    assert when in one.reason
