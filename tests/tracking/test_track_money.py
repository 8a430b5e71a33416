"""What a tracked run cost so far and will cost, and how it differs from its estimate."""

import json

import numpy as np
import pytest
from made_logs import START, chunk, codes, launch, stamped, steps, tracked, values

from llmcost import estimate
from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.counting import count
from llmcost.errors import InputError
from llmcost.logs.record import LAUNCH, Event

HALF = {"num_gpus": 16, "tokens_per_step": 1_000_000, "steps": 400, "price": "2 USD/GPU/hour"}


def half_done(**more):
    """Return a run of 400 steps of 9 s after 200 of them, on 16 devices at 2 USD an hour."""
    return tracked(chunk(stamped(1, 200, each=9.0)), **HALF | more)


def test_cost_so_far_is_that_of_the_reserved_devices():
    found = values(half_done())

    assert found["gpu_hours"] == pytest.approx(16 * 1800 / 3600)
    assert found["cost"] == pytest.approx(16)
    assert found["tokens_done"] == 200e6
    assert found["cost_per_million_tokens"] == pytest.approx(16 / 200)


def test_the_rest_of_the_run_goes_on_at_its_pace():
    found = values(half_done())

    assert found["time_to_finish"] == pytest.approx(1800 / 86400)
    assert found["gpu_hours_to_finish"] == pytest.approx(8)
    assert found["cost_to_finish"] == pytest.approx(16)
    assert found["total_cost"] == pytest.approx(32)


def test_the_pace_ahead_holds_pauses_and_lost_work():
    one, two = stamped(1, 100, each=9.0), stamped(51, 200, each=9.0, start=START + 2000)
    found = values(tracked(chunk(one), chunk(two), sources=[0, 1], **HALF))

    assert found["time_to_finish"] == pytest.approx((2000 + 1350) / 86400)


def test_planned_tokens_are_an_end_too():
    found = values(half_done(steps=None, tokens="500M"))

    assert found["planned_steps"] == 500
    assert found["time_to_finish"] == pytest.approx(2700 / 86400)


def test_the_plan_may_stand_in_the_log():
    found = values(tracked(chunk(steps(0, 99), [launch(planned_steps=150)])))

    assert found["planned_steps"] == 150
    assert found["time_to_finish"] == pytest.approx(50 * 2 / 86400)


def test_a_run_that_is_done_takes_no_more():
    found = values(half_done(steps=200))

    assert (found["time_to_finish"], found["cost_to_finish"]) == (0, 0)


def test_the_day_of_the_end_is_counted_from_the_last_stamp():
    columns = stamped(1, 100, each=8640.0)
    found = tracked(chunk(columns), steps=300)

    assert found.results["finish_date"].value == "2023-12-14"


def test_what_is_missing_names_what_to_give():
    reasons = {name: one.reason for name, one in tracked(chunk(steps(1, 50))).results.items()}

    assert "--gpus" in reasons["num_gpus"]
    assert "--gpus" in reasons["cost"]
    assert "--tokens-per-step" in reasons["tokens_per_second"]
    assert "--steps" in reasons["cost_to_finish"]
    assert "--model" in reasons["model_flop_per_token"]


def test_a_price_is_missing_where_there_are_devices_alone():
    found = tracked(chunk(steps(1, 50)), num_gpus=8)

    assert "--price" in found.results["cost"].reason
    assert "--gpu" in found.results["cost"].reason


def test_every_unknown_result_says_why():
    found = tracked(chunk({"step": [1.0, 2.0, 3.0]}))

    assert all(one.reason for one in found.results.values() if one.value is None)
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_a_range_of_prices_is_a_range_of_costs():
    cost = half_done(price="1.50..2.50 USD/GPU/hour").results["cost"]

    assert 12 < cost.low < cost.value < cost.high < 20


def test_a_price_of_the_catalogue_is_that_of_an_estimate():
    options = {"gpu": "h100-sxm", "num_gpus": 16}
    price = estimate(parameters="1B", tokens="1B", today="2026-11-22", **options).inputs["price"]
    found = tracked(chunk(stamped(1, 50)), **options)

    assert found.inputs["price"].value == price.value
    assert found.inputs["price"].origin == price.origin


def test_flop_of_a_token_are_those_of_an_estimate():
    run = {"model": "llama-3-8b", "seq_length": 4096, "gpu": "h100-sxm"}
    told = estimate(tokens="1B", today="2026-11-22", **run).results["model_flop"].value
    found = tracked(chunk(steps(1, 50)), **run)

    assert found.results["model_flop_per_token"].value == pytest.approx(told / 1e9, rel=1e-12)


def test_mfu_by_hand():
    architecture, _ = architecture_from_config(model("llama-3-8b").config)
    layers, heads, width = 32, 32, 128
    flop = 6 * count(architecture).matmul_parameters + 12 * layers * heads * width * (4096 + 1) / 2
    peak = accelerator("h100-sxm").peak_flop_rates["bf16"]
    found = values(
        tracked(
            chunk(steps(1, 50)),
            model="llama-3-8b",
            seq_length=4096,
            gpu="h100-sxm",
            num_gpus=64,
            global_batch_size=128,
        )
    )

    assert found["mfu"] == pytest.approx(128 * 4096 / 2 / 64 * flop / peak, rel=2e-3)


def test_attention_without_a_sequence_length_is_not_guessed():
    found = tracked(
        chunk(steps(1, 50)), model="llama-3-8b", gpu="h100-sxm", num_gpus=8, tokens_per_step="1M"
    )

    assert "--seq-length" in found.results["mfu"].reason


@pytest.mark.parametrize("named", ["fp8", "int3"])
def test_a_precision_that_the_accelerator_does_not_have_is_told(named):
    """No peak of an A100 is published at FP8: MFU is of 16 bit, and says so."""
    event = Event(0, LAUNCH, texts={"precision": named})
    found = tracked(chunk(steps(1, 50), [event]), gpu="a100-sxm-80gb")
    told = [one.message for one in found.warnings if one.code == "precision-of-log"]

    assert found.inputs["precision"].value == "bf16"
    assert len(told) == 1
    assert named in told[0]
    assert "--precision" in told[0]


def test_the_log_names_model_size_accelerator_and_precision():
    texts = {"accelerator": "NVIDIA H100-SXM", "precision": "torch.bfloat16"}
    event = Event(0, LAUNCH, None, {"parameters": 1e9, "num_gpus": 8.0}, texts)
    found = tracked(chunk(steps(1, 50), [event]), tokens_per_step="500k")

    assert values(found)["mfu"] == pytest.approx(250e3 / 8 * 6e9 / 989.4e12, rel=1e-12)
    assert {found.inputs[name].origin.kind for name in ("gpu", "precision", "parameters")} == {
        "measured"
    }


def test_a_name_that_means_several_accelerators_is_not_guessed():
    event = Event(0, LAUNCH, None, {"parameters": 1e9, "num_gpus": 8.0}, {"accelerator": "H100"})
    found = tracked(chunk(steps(1, 50), [event]), tokens_per_step="500k")

    assert "H100" in found.results["mfu"].reason
    assert "--gpu" in found.results["mfu"].reason


@pytest.fixture(scope="module")
def predicted():
    """Return an estimate of a small model on 64 accelerators."""
    return estimate(
        "llama-3-8b",
        tokens="20B",
        gpu="h100-sxm",
        num_gpus=64,
        seq_length=8192,
        price="2 USD/GPU/hour",
        goodput=0.9,
        today="2026-11-22",
    )


def test_causes_of_a_difference_add_up(predicted):
    one = stamped(1, 60, each=10.0, global_batch_size=256.0)
    two = stamped(41, 100, each=10.0, global_batch_size=256.0, start=START + 900)
    found = tracked(
        chunk(one), chunk(two), sources=[0, 1], estimate=predicted, price="3 USD/GPU/hour"
    )
    report = found.reports["difference"]
    hours = [cause["gpu_hours"] for cause in report["causes"].values()]
    costs = [cause["cost"] for cause in report["causes"].values()]
    measured, before = report["measured"], report["predicted"]

    assert sum(hours) == pytest.approx(measured["gpu_hours"] - before["gpu_hours"], rel=1e-9)
    assert sum(costs) == pytest.approx(measured["cost"] - before["cost"], rel=1e-9)
    assert report["causes"]["lost_work"]["gpu_hours"] == pytest.approx(64 * 200 / 3600)
    assert report["causes"]["price"]["cost"] == pytest.approx(measured["gpu_hours"])
    assert report["causes"]["rest"]["gpu_hours"] == pytest.approx(0, abs=1e-9)
    assert measured["cost"] == pytest.approx(values(found)["cost"])


def test_a_run_as_predicted_differs_in_nothing_but_its_length(predicted):
    rate = predicted.results["tokens_per_second"].value
    columns = stamped(1, 100, each=256 * 8192 / rate, global_batch_size=256.0)
    causes = tracked(chunk(columns), estimate=predicted.to_dict()).reports["difference"]["causes"]

    assert causes["speed"]["gpu_hours"] == pytest.approx(0, abs=1e-6)
    assert causes["price"]["cost"] == 0


def test_a_price_given_to_the_estimate_comes_from_the_estimate(predicted):
    """A person gave it there, not here."""
    found = tracked(chunk(stamped(1, 50, global_batch_size=64.0)), estimate=predicted)

    assert found.inputs["price"].value == 2
    assert found.inputs["price"].origin.source == found.inputs["model"].origin.source


def test_an_estimate_says_what_the_log_does_not(predicted):
    found = tracked(chunk(stamped(1, 50, global_batch_size=64.0)), estimate=predicted)

    assert found.inputs["num_gpus"].value == 64
    assert "estimate" in found.inputs["num_gpus"].origin.source
    assert found.inputs["model"].value == "llama-3-8b"
    assert values(found)["tokens_planned"] == 20e9


def test_the_log_holds_before_the_estimate(predicted):
    found = tracked(chunk(stamped(1, 50), [launch(num_gpus=32)]), estimate=predicted)

    assert values(found)["num_gpus"] == 32
    assert found.inputs["num_gpus"].origin.kind == "measured"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 10, "tokens": "1B"}, "only one"),
        ({"tokens_per_step": "1M", "global_batch_size": 4}, "only one"),
        ({"num_gpus": 0}, "num_gpus"),
        ({"num_gpus": 1.5}, "whole"),
        ({"seq_length": "long"}, "seq_length"),
        ({"model": "llama-3-8b", "parameters": "1B"}, "only one"),
        ({"active_parameters": "1B"}, "parameters"),
        ({"provider": "aws"}, "gpu"),
        ({"price": "2 USD"}, "price"),
        ({"attention_flop": "half"}, "causal or full"),
        ({"interval": 2}, "interval"),
        ({"estimate": {"schema": "llmcost.facts/1"}}, "needs"),
        ({"estimate": 3}, "estimate"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        tracked(chunk(steps(1, 50)), **options)


def test_a_batch_may_be_in_tokens():
    assert (
        values(tracked(chunk(steps(1, 9)), global_batch_size="4M tokens"))["tokens_per_step"] == 4e6
    )


def test_few_steps_are_told():
    assert "few-steps" in codes(tracked(chunk(steps(1, 5))))


def test_the_saved_track_is_whole():
    from llmcost.studies.saved.kinds import check_result

    document = json.loads(json.dumps(half_done().to_dict(), allow_nan=False))

    assert check_result(document, "track.json")["results"]["steps"]["value"] == 200


def test_intervals_hold_the_value_and_shrink_with_more_steps():
    generator = np.random.default_rng(3)
    widths = []
    for number in (50, 5000):
        columns = steps(1, number)
        columns["step_time"] = np.exp(generator.normal(0, 0.2, number))
        reading = tracked(chunk(columns)).results["median_step_time"]
        widths.append((reading.high - reading.low) / reading.value)

    assert widths[1] < widths[0] / 4


def test_the_rest_as_in_the_last_day_is_told_beside():
    """Two days at 600 s a step, then three at 1,200 s; 100 steps are left."""
    columns = stamped(1, 288 + 216)
    columns["step_time"] = np.r_[np.full(288, 600.0), np.full(216, 1200.0)]
    columns["time_stamp"] = START + np.cumsum(columns["step_time"])
    report = tracked(chunk(columns), steps=604).reports["last_day"]

    assert report["time_to_finish"]["value"] == pytest.approx(100 * 1200 / 86400, rel=0.02)
    assert report["steps"] == pytest.approx(72, abs=1.5)


def test_a_run_shorter_than_a_day_has_no_last_day():
    assert "last_day" not in half_done().reports


def test_the_range_of_the_rest_holds_pauses_that_come_as_they_did():
    """Twenty runs of 400 steps whose pauses are drawn; 80% of the rests should lie in their range.

    The median of steps, which no pause moves, would give a range of less than a hundredth.
    """
    generator = np.random.default_rng(5)

    def drawn(count):
        pauses = np.where(generator.random(count) < 0.02, generator.uniform(20, 100, count), 0.0)
        return generator.lognormal(np.log(2), 0.05, count) + pauses

    inside = 0
    for _ in range(20):
        time, rest = drawn(400), drawn(3600).sum() / 86400
        columns = {"step": np.arange(1.0, 401.0), "step_time": np.full(400, 2.0)}
        columns["time_stamp"] = START + np.cumsum(time)
        found = tracked(chunk(columns), steps=4000, draws=256).results["time_to_finish"]
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= rest <= found.high

    assert 11 <= inside <= 20


def test_the_rest_of_a_run_without_any_spread_has_no_range():
    found = tracked(chunk(stamped(1, 100, 2.0)), steps=200).results["time_to_finish"]

    assert (found.low, found.high) == (None, None)
