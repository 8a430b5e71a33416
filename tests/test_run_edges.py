"""What a run is told at the edges: shares in both conventions, unusual goodput, what is missing."""

import pytest

from llmcost import InputError, estimate
from llmcost.studies.sensitivity import find_sensitivities

SMALL = {"model": "llama-3.1-8b", "tokens": "1T", "gpu": "h100-sxm", "as_of": "2025-01-15"}
CLUSTER = {**SMALL, "num_gpus": 64}


@pytest.mark.parametrize("rate", ["600 token/s/GPU", "500..600 token/s/GPU"])
def test_a_rate_of_tokens_takes_as_long_however_attention_is_counted(rate):
    """At a million tokens most of the FLOP of the full convention are of masked attention."""
    run = {**CLUSTER, "seq_length": 1_048_576, "throughput": rate}
    causal, full = (estimate(**run, attention_flop=kind) for kind in ("causal", "full"))
    more = full.results["model_flop"].value / causal.results["model_flop"].value

    for name in ("gpu_hours", "cost", "owned_cost"):
        one, other = causal.results[name], full.results[name]
        found = (other.low, other.value, other.high)
        assert found == pytest.approx((one.low, one.value, one.high), rel=1e-9)
    told = full.inputs["mfu"].value
    assert told == pytest.approx(full.results["mfu"].value, rel=1e-9)
    assert told == pytest.approx(causal.results["mfu"].value * more, rel=1e-9)
    above = [one for one in full.warnings if one.code == "mfu-above-peak"]
    assert bool(above) == (told > 1)


@pytest.mark.parametrize("level", ["80%", "90%", "98%"])
@pytest.mark.parametrize("num_gpus", [64, None])
def test_the_mfu_told_is_the_one_drawn_in_the_full_convention(num_gpus, level):
    """Modelled and typical: an input's ends are those of its draws, up to the steps of 4,096."""
    run = {**SMALL, "num_gpus": num_gpus, "seq_length": 131072}
    found = estimate(**run, attention_flop="full", interval=level)
    told, drawn = found.inputs["mfu"], found.results["mfu"]

    assert told.value == pytest.approx(drawn.value, rel=1e-12)
    assert (told.low, told.high) == pytest.approx((drawn.low, drawn.high), rel=5e-3)


def test_a_sensitivity_tells_the_mfu_in_the_convention_of_the_run():
    """Both ends of the input stand on either side of the MFU that the estimate prints."""
    run = {**CLUSTER, "seq_length": 131072, "attention_flop": "full"}
    printed = estimate(**run).results["mfu"].value
    [mfu] = [one for one in find_sensitivities(**run).influences if one.input == "mfu"]

    assert mfu.value == pytest.approx(printed, rel=1e-12)
    assert mfu.low < printed < mfu.high


def test_the_widest_interval_of_the_message_is_an_interval():
    found = estimate(**CLUSTER, mfu="35..45%", interval="99.9%")

    assert found.meta["interval"] == 0.999


def test_a_tiny_goodput_that_is_given_is_taken():
    """Nobody said anything of failures; the time is that of a goodput of 1, times 100,000."""
    whole = estimate(**CLUSTER, mfu="40%", goodput=1)
    tiny = estimate(**CLUSTER, mfu="40%", goodput="0.001%")

    hours = whole.results["gpu_hours"].value
    assert tiny.results["gpu_hours"].value == pytest.approx(hours * 1e5, rel=1e-12)
    assert not [one for one in tiny.warnings if one.code == "goodput-poor"]


def test_a_usual_goodput_is_no_reason_to_warn_of_failures():
    found = estimate(**SMALL, mfu="40%")

    assert not [one for one in found.warnings if one.code == "goodput-poor"]


def test_slow_steps_are_not_counted_twice():
    """The usual goodput of a run of unknown size holds slow steps already."""
    with pytest.raises(InputError, match="steady_share: got it without"):
        estimate(**SMALL, mfu="40%", steady_share="90%")

    both = estimate(**SMALL, mfu="40%", goodput="90%", steady_share="90%")
    assert both.results["steady_share"].value == 0.9


def test_a_development_without_an_owners_cost_says_what_it_lacks():
    """Nobody lists a price of an L40S server; people are a share of the owner's cost."""
    run = {**CLUSTER, "gpu": "l40s", "mfu": "40%", "scope": "development"}
    found = estimate(**run)
    [told] = [one for one in found.warnings if one.code == "no-development-cost"]

    assert found.development_cost is None
    assert "--staff" in told.message
    with pytest.raises(InputError, match="--staff"):
        find_sensitivities(**run, of="development_cost")


@pytest.mark.parametrize(
    "known", [{"staff": 100, "staff_time": "1 year"}, {"server_price": "15,000 USD/GPU"}]
)
def test_a_development_with_what_it_lacked_is_known(known):
    run = {**CLUSTER, "gpu": "l40s", "mfu": "40%", "scope": "development"}
    found = estimate(**run, **known)

    assert found.results["development_cost"].value > found.results["cost"].value
    assert not [one for one in found.warnings if one.code == "no-development-cost"]


@pytest.mark.parametrize(
    "salary", ["100 USD/person/hour", "$100/person/h", "100 USD per person per hour"]
)
def test_pay_by_the_hour_is_refused(salary):
    """A year has 8,766 hours, and nobody works all of them."""
    run = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "num_gpus": 64, "mfu": 0.4}
    with pytest.raises(InputError, match="hours that people work"):
        estimate(**run, scope="development", staff=9, staff_time="1 year", salary=salary)


def test_a_server_draws_no_less_than_its_chips():
    with pytest.raises(InputError, match="at least 1"):
        estimate(model="llama-3.1-8b", gpu="h100-sxm", num_gpus=64, mfu=0.4, server_power_ratio=0.5)


def test_an_anchor_faster_than_the_peak_is_refused():
    """70B parameters, 8,192 tokens, 128 sequences: 4.6e17 FLOP in 6.3 s on 64 is 1,140 TFLOP/s."""
    run = {"model": "llama-3.1-70b", "gpu": "h100-sxm", "num_gpus": 512}
    with pytest.raises(InputError, match="of the peak"):
        estimate(**run, anchor="6.3 s/step on 64 h100-sxm, tp=4,pp=4,gbs=128")


def test_whether_equity_counts_is_told():
    run = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "num_gpus": 64, "mfu": 0.4}
    for given, told in (({}, "counted"), ({"equity": False}, "not counted")):
        found = estimate(**run, scope="development", **given)
        assert found.inputs["equity"].value == told


def test_dollars_of_no_year_name_the_option():
    with pytest.raises(InputError, match=r"^dollars_of: "):
        estimate(model="llama-3.1-8b", gpu="h100-sxm", num_gpus=64, mfu=0.4, dollars_of="abc")
