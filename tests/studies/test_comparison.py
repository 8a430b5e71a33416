"""Setups side by side: each is its estimate, draws pair up, and break-even prices break even."""

import json
from math import isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import (
    Comparison,
    Distribution,
    InputError,
    Q,
    UnknownNameError,
    compare,
    engine,
    estimate,
    read_comparison,
)
from llmcost.studies.comparison.deadline import MOST_GPUS, count_at, fewest_in_time, place_of
from llmcost.studies.comparison.frontier import front_of, front_shares, on_front
from llmcost.studies.comparison.limits import KINDS
from llmcost.studies.comparison.pairs import win_shares
from llmcost.studies.comparison.parts import COMPARED, LARGEST_IS_BEST, STATUSES
from llmcost.studies.estimation import prepare, simulate

RUN = {"tokens": "15T", "as_of": "2026-09-06", "today": "2026-09-06", "draws": 400}
SMALL = {"parameters": "7B", "tokens": "2T", "goodput": "90%", "draws": 400}
SETUPS = ["h100-sxm:4096", "b200:2048", "mi300x:3072@2.10 USD/GPU/hour", "tpu-v5p:4096"]


@pytest.fixture(scope="module")
def four():
    """Four setups of one model, the last without a price."""
    return compare("llama-3.1-70b", setups=SETUPS, **RUN)


def test_a_setup_is_its_estimate(four):
    alone = estimate("llama-3.1-70b", gpu="b200", num_gpus=2048, **RUN)

    assert four["b200"].estimate.results == alone.results
    assert four["b200"].estimate.inputs["mfu"] == alone.inputs["mfu"]
    assert four["b200"].estimate.warnings == alone.warnings


def test_the_share_that_a_setup_wins_is_of_paired_draws(four):
    drawn = {
        gpu: simulate(model="llama-3.1-70b", gpu=gpu, num_gpus=number, **RUN).draws["cost"]
        for gpu, number in (("h100-sxm", 4096), ("b200", 2048))
    }
    wins = sum(b < a for a, b in zip(drawn["h100-sxm"], drawn["b200"], strict=True)) / 400
    crossed = np.mean(drawn["b200"] < drawn["h100-sxm"][::-1])

    assert four.less_share("b200", "h100-sxm") == wins
    assert four.less_share("h100-sxm", "b200") == 1 - wins
    assert wins != crossed


def test_what_is_dearer_in_every_world_never_wins():
    same = {"gpu": "h100-sxm", "num_gpus": 1024}
    found = compare(
        **SMALL,
        setups=[
            {"name": "two", **same, "price": Q("2 USD/GPU/hour")},
            {"name": "three", **same, "price": "3 USD/GPU/hour"},
            {"name": "two again", **same, "price": "2 USD/GPU/hour"},
        ],
    )

    assert found.less_share("two", "three") == 1
    assert found.less_share("three", "two") == 0
    assert found.less_share("two", "two again") == 0
    assert [found[name].shares.cheapest for name in ("two", "three", "two again")] == [0.5, 0, 0.5]
    # The device time is the same in every draw, so that 3 over 2 holds without any doubt.
    ratio = found["three"].deltas["cost"].ratio
    assert (ratio.low, ratio.high) == pytest.approx((1.5, 1.5), rel=1e-12)
    assert found["three"].deltas["wall_clock"].difference.value == 0


def test_a_break_even_price_by_hand():
    # At the same MFU and goodput, device time is as the peaks: 312 TFLOP/s of an A100 (NVIDIA's
    # data sheet) and 989.5 of an H100 SXM (half of 1,979 with sparsity).
    found = compare(
        **SMALL,
        setups=["h100-sxm:1024@3.00", "a100-sxm-80gb:1024@1.50"],
        mfu="40%",
    )
    [on_h100, on_a100] = found.break_even

    assert (on_h100.setup, on_h100.against) == ("h100-sxm", "a100-sxm-80gb")
    assert on_h100.price.value == pytest.approx(1.50 * 989.5 / 312, rel=2e-4)
    assert on_a100.price.value == pytest.approx(3.00 * 312 / 989.5, rel=2e-4)
    assert (on_h100.price_now, on_a100.price_now) == (3.0, 1.5)
    assert found.order == ("h100-sxm", "a100-sxm-80gb")
    assert found.front == ("h100-sxm",)


def test_a_break_even_price_put_back_makes_costs_equal(four):
    for one in four.break_even:
        number = four[one.setup].arguments["num_gpus"]
        price = f"{one.price.value!r} USD/GPU/hour"
        again = compare(
            "llama-3.1-70b", setups=[{"gpu": one.setup, "num_gpus": number, "price": price}], **RUN
        )
        assert again[one.setup].value("cost") == pytest.approx(
            four[one.against].value("cost"), rel=1e-12
        )


def test_deltas_are_from_the_first_setup_and_of_paired_draws(four):
    delta = four["b200"].deltas["gpu_hours"]
    values = [four[name].value("gpu_hours") for name in ("b200", "h100-sxm")]
    drawn = [four.draws[name]["gpu_hours"] for name in ("b200", "h100-sxm")]

    assert four.first == "h100-sxm"
    assert not four["h100-sxm"].deltas
    assert delta.difference.value == values[0] - values[1]
    assert delta.ratio.value == values[0] / values[1]
    assert delta.difference.low == pytest.approx(np.quantile(drawn[0] - drawn[1], 0.1), rel=1e-9)
    assert delta.ratio.high == pytest.approx(np.quantile(drawn[0] / drawn[1], 0.9), rel=1e-9)


def test_the_best_of_each_result_is_marked(four):
    for result, name in four.best.items():
        values = {one.name: one.value(result) for one in four if one.value(result) is not None}
        choose = max if result in LARGEST_IS_BEST else min
        assert four[name].value(result) == choose(values.values())


def test_a_setup_without_a_price_is_last_with_the_reason(four):
    tpu = four["tpu-v5p"]

    assert four.order[-1] == "tpu-v5p"
    assert tpu.runs
    assert tpu.value("cost") is None
    assert "no on-demand price for tpu-v5p" in tpu.no_price
    assert tpu.shares.cheapest is None
    assert tpu.shares.fastest is not None
    # What it would have to cost is known all the same.
    assert {one.setup for one in four.break_even} >= {"tpu-v5p"}


def test_terms_fall_through_only_where_the_user_wrote_several():
    asked = {"setups": ["trainium1:2048", "h100-sxm:2048"], **RUN}
    one = compare("llama-3.1-8b", **asked)
    several = compare("llama-3.1-8b", terms="on-demand,reserved-3y", **asked)

    assert one["trainium1"].value("cost") is None
    assert several["trainium1"].terms == "reserved-3y"
    assert several["trainium1"].value("cost") == pytest.approx(
        several["trainium1"].value("rental_reserved_3y_cost")
    )
    assert "no on-demand price" in several["trainium1"].notes[0].message
    assert several["h100-sxm"].terms == "on-demand"
    assert not several["h100-sxm"].notes


def test_terms_without_any_price_tell_so():
    found = compare("llama-3.1-8b", setups=["tpu-v4:2048"], terms=["on-demand", "spot"], **RUN)[
        "tpu-v4"
    ]

    assert found.value("cost") is None
    assert "on-demand, spot" in found.notes[0].message


def test_what_a_setup_says_itself_counts_before_what_is_shared():
    found = compare(
        "llama-3.1-8b",
        setups=["h100-sxm:512@2.00", "h100-sxm:512,mfu=40%,name=fixed"],
        terms="spot",
        layout="tp=8",
        **RUN,
    )

    assert found["h100-sxm"].estimate.inputs["price"].value == 2.0
    assert found["h100-sxm"].input("layout").startswith("tp=8")
    assert found["fixed"].terms == "spot"
    assert found["fixed"].limits == ()
    assert found["fixed"].estimate.inputs["mfu"].origin.source == "setup 2"


def test_limits_are_shares_of_a_step(four):
    parts = {name.removesuffix("_time") for name in engine.STEP_PARTS}
    for one in four:
        assert isclose(sum(limit.share for limit in one.limits), 1.0, rel_tol=1e-12)
        shares = {limit.name: limit.share for limit in one.limits}
        assert shares[one.limited_by] == max(shares.values())
        rest = {name: share for name, share in shares.items() if name != "compute"}
        assert rest[one.next_limit] == max(rest.values())

    assert {part for kind in KINDS.values() for part in kind} == parts
    assert sum(len(kind) for kind in KINDS.values()) == len(parts)


def test_headroom_is_that_of_the_memory_report(four):
    for one in four:
        assert one.headroom.value == one.estimate.memory["headroom"]["value"]


def test_a_comparison_is_read_back_as_it_was_written(four):
    document = json.loads(json.dumps(four.to_dict(), allow_nan=False))
    again = Comparison.from_dict(document)

    assert again == four
    assert again.to_dict() == document
    assert document["schema"] == "llmcost.comparison/1"
    assert not {"histograms", "rentals"} & set(document["setups"][0]["estimate"])


@pytest.mark.parametrize(
    "broken",
    [
        {"schema": "llmcost.estimate/1"},
        {"order": ["h100-sxm"]},
        {"first": "nobody"},
        {"first": ["h100-sxm"]},
        {"setups": [1]},
        {"setups": None},
        {"pairs": [{"a": 1, "b": "x", "result": "cost", "less": 0, "more": 1}]},
        {"break_even": [{"setup": "a", "against": "b", "price_now": float("nan"), "price": {}}]},
        {"best": []},
    ],
)
def test_a_document_that_is_none_is_refused(four, broken):
    with pytest.raises(InputError):
        Comparison.from_dict(four.to_dict() | broken)


def test_a_part_of_another_kind_is_refused(four):
    document = four.to_dict()
    document["setups"][0]["headroom"] = [1]

    with pytest.raises(InputError, match="needs value, unit, low and high"):
        Comparison.from_dict(document)


def test_a_frame_has_a_row_a_setup_and_units_in_its_headers(four):
    frame = four.to_frame()

    assert list(frame["name"]) == list(four.order)
    assert frame["cost [USD]"][0] == four[four.order[0]].value("cost")
    assert frame["wall_clock_high [day]"][1] == four[four.order[1]].results["wall_clock"].high
    assert frame["num_gpus [GPU]"].tolist() == [four[name].input("num_gpus") for name in four.order]
    assert "no on-demand price" in frame["reason"].iloc[-1]
    assert set(frame) >= {"headroom [GB]", "cheapest_share", "network_step_share", "limited_by"}


def test_where_keeps_setups_and_tells_which_it_left_out():
    asked = {"model": "llama-3.1-70b", "setups": SETUPS, **RUN}
    found = compare(**asked, where="cost < 100M USD and gpu != b200")
    values = {one.name: one.value("cost") for one in compare(**asked)}
    wanted = [n for n, cost in values.items() if cost and cost < 100e6 and n != "b200"]

    assert [one.name for one in found] == wanted
    assert sorted(found.left_out) == sorted(set(values) - set(wanted))
    assert set(found.order) == set(wanted)
    assert found.asked["where"] == "cost < 100M USD and gpu != b200"


def test_a_condition_that_keeps_nothing_is_an_error():
    with pytest.raises(InputError, match="keeps none of 1"):
        compare(**SMALL, mfu="40%", setups=["h100-sxm:64"], where="wall_clock < 1 day")


@pytest.mark.parametrize("text", ["cost < 60 day", "mfu.real", "price()", "nothing > 1"])
def test_a_condition_is_checked_before_anything_runs(text):
    with pytest.raises(InputError):
        compare(setups=["h100-sxm:64"], where=text)


def test_sort_and_group():
    found = compare(
        "llama-3.1-70b", setups=SETUPS, sort="-mfu", group_by="vendor, precision", **RUN
    )
    mfu = {one.name: one.value("mfu") for one in found}

    assert found.order == tuple(sorted(mfu, key=mfu.get, reverse=True))
    assert dict(found.groups[0].by) == {"vendor": "Google", "precision": "bf16"}
    assert sorted(name for group in found.groups for name in group.order) == sorted(mfu)
    with pytest.raises(UnknownNameError, match="vendor"):
        compare("llama-3.1-70b", setups=SETUPS, group_by="vendr", **RUN)


def test_as_many_accelerators_as_meet_a_deadline():
    found = compare("llama-3.1-70b", gpu=["h100-sxm", "b200"], gpus_for="60 day", **RUN)
    for one in found:
        number = int(one.input("num_gpus"))
        shares = found.draws[one.name]["wall_clock"] <= 60
        assert number % 8 == 0
        assert one.runs
        assert one.value("wall_clock") <= 60
        assert one.shares.deadline == shares.mean()
        fewer = estimate("llama-3.1-70b", gpu=one.name, num_gpus=number // 2, **RUN)
        assert fewer.results["wall_clock"].value > 60


def test_a_given_mfu_meets_a_deadline_by_hand():
    # 6 x 7e9 x 2e12 FLOP is what this counts, at 40% of 989.5 TFLOP/s and a goodput of 90%.
    days = 6 * 7e9 * 2e12 / (0.4 * 989.5e12 * 0.9) / 86400
    [one] = compare(**SMALL, gpu="h100-sxm", mfu="40%", gpus_for="10 day", price="2 USD/GPU/hour")

    # Counts rise by eight nodes a doubling: 8 x 8..16, then 16 x 8..16, ...
    counts = sorted({8 * nodes << octave for octave in range(12) for nodes in range(1, 17)})
    assert one.input("num_gpus") == next(n for n in counts if n >= days / 10)


def test_a_deadline_that_no_number_meets_keeps_the_reason():
    found = compare("llama-3.1-405b", gpu="a100-sxm-80gb,h100-sxm", gpus_for="30 day", **RUN)
    slow = found["a100-sxm-80gb"]

    assert slow.status == "too slow"
    assert "30 days" in slow.reason
    assert f"{slow.input('num_gpus'):,.0f}" in slow.reason
    assert slow.value("wall_clock") > 30
    assert slow.shares.cheapest is None


def test_a_model_that_fits_on_no_number_tells_so():
    found = compare("llama-3.1-405b", gpu="t4,h100-sxm", gpus_for="90 day", **RUN)

    assert found["t4"].status == "cannot run"
    assert "t4" in found["t4"].reason
    assert found.order == ("h100-sxm", "t4")


def test_a_number_of_its_own_is_held_against_the_deadline():
    found = compare("llama-3.1-70b", setups=["h100-sxm:256", "b200"], gpus_for="60 day", **RUN)

    assert found["h100-sxm"].status == "too slow"
    assert "more than the 60 days" in found["h100-sxm"].reason
    assert found["b200"].runs


def test_what_does_not_fit_takes_no_part():
    found = compare("llama-3.1-405b", setups=["h100-sxm:64", "h100-sxm:8192"], **RUN)
    small = found["h100-sxm:64"]

    assert small.status == "does not fit"
    assert "does not fit" in small.reason
    assert found.first == "h100-sxm:8192"
    assert found.order == ("h100-sxm:8192", "h100-sxm:64")
    assert not found.best
    assert not found.pairs


def test_every_accelerator_of_the_catalogue_is_told_of():
    found = compare("llama-3.1-8b", gpu="all", num_gpus=1024, tokens="15T", draws=100)
    statuses = [STATUSES.index(one.status) for one in found.ranked]

    assert len(found) >= 71
    assert statuses == sorted(statuses)
    assert "no published peak" in found["tpu-8t"].reason
    assert found["tpu-8t"].status == "cannot run"
    costs = [one.value("cost") for one in found.ranked if one.runs]
    known = [cost for cost in costs if cost is not None]
    assert known == sorted(known) == costs[: len(known)]
    wins = [one.shares.cheapest for one in found if one.shares.cheapest is not None]
    assert sum(wins) == pytest.approx(1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "setups: got none"),
        ({"setups": []}, "setups: got none"),
        ({"setups": [3]}, "setup 1: got 3"),
        ({"setups": 3}, "setups: got 3"),
        ({"setups": {"num_gpus": 8}}, "setup 1: got no accelerator"),
        ({"setups": [{"num_gpus": 8}]}, "got no accelerator"),
        ({"setups": ["h100-sxm"]}, "Setup h100-sxm: got no number"),
        ({"setups": ["h100-sxm:8", "h100-sxm:8"]}, "h100-sxm:8 twice"),
        ({"setups": ["h100-sxm:8"], "gpus_for": "2..3 day"}, "gpus_for: got"),
        ({"setups": ["h100-sxm:8"], "gpus_for": "8 GPU"}, "gpus_for: got"),
        ({"setups": ["h100-sxm:many"]}, "Setup h100-sxm: num_gpus: got 'many'"),
        ({"setups": ["h100-sxm:8"], "terms": "on-demand,free"}, "Unknown terms of rental 'free'"),
        ({"setups": ["h100-sxm:8"], "colour": "red"}, "Unknown assumption 'colour'"),
        ({"setups": ["h100-xsm:8"]}, "h100-sxm"),
        ({"gpu": "all", "num_gpus": 8, "precision": "bf17"}, "bf17"),
        ({"setups": ["h100-sxm:8"] * 1001}, "at most 1,000"),
        ({"gpu": "all", "num_gpus": 8, "draws": 1_000_000}, "^draws: got 1,000,000 for each of"),
        ({"setups": ["h100-sxm:8"], "where": "cost < 5 day"}, "^where: cost: got 5 day"),
        ({"setups": ["h100-sxm:8"], "sort": "prise"}, "^sort: Unknown name 'prise'"),
        ({"setups": ["h100-sxm:8"], "group_by": 5}, "^group_by: got 5"),
        ({"setups": ["h100-sxm:8"], "group_by": ["gpu", 5]}, "Unknown name to group by '5'"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked, told):
    with pytest.raises(InputError, match=told):
        compare("llama-3.1-8b", **asked)


def test_what_an_accelerator_cannot_do_leaves_its_setup_in():
    setups = ["h100-sxm:512", "a100-sxm-80gb:512,precision=fp8", "tpu-8t:512"]
    found = compare("llama-3.1-8b", setups=setups, **RUN)

    assert [one.status for one in found] == ["runs", "cannot run", "cannot run"]
    assert "no published fp8 peak" in found["a100-sxm-80gb"].reason
    assert Comparison.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(InputError, match="Setup a100-sxm-80gb: mfu: got '140%'"):
        compare("llama-3.1-8b", setups=["h100-sxm:512", "a100-sxm-80gb:512,mfu=140%"], **RUN)


def test_a_mistake_in_what_is_shared_names_no_setup():
    with pytest.raises(InputError, match=r"^mfu: got '140%'"):
        compare("llama-3.1-8b", gpu="all", num_gpus=512, mfu="140%", draws=100)


def test_a_text_that_no_setup_has_is_told_with_those_there_are():
    with pytest.raises(InputError, match="vendor is AMD or NVIDIA, never 'nvidia'"):
        compare(**SMALL, setups=["h100-sxm:8", "mi300x:8"], where="vendor == nvidia")


@pytest.mark.parametrize("path", [5, None, "\0"])
def test_what_is_no_file_holds_no_comparison(path):
    with pytest.raises(InputError, match="against: "):
        read_comparison(path)


@pytest.mark.parametrize(
    ("shared", "told"),
    [
        ({"max_cost": "5 furlong"}, "^max_cost: "),
        ({"price": "2 USD/hour"}, "^price: "),
        ({"precision": "bf17"}, "^Unknown precision"),
    ],
)
def test_a_unit_or_a_name_in_what_is_shared_names_no_setup(shared, told):
    with pytest.raises(InputError, match=told):
        compare("llama-3.1-8b", setups=["h100-sxm:512", "b200:512"], **shared)


def test_a_name_that_a_setup_has_wrong_names_it():
    with pytest.raises(UnknownNameError, match=r"^Setup b200: Unknown precision 'bf17'"):
        compare("llama-3.1-8b", setups=["h100-sxm:512", "b200:512,precision=bf17"])


def test_the_fastest_of_many_is_set_against_those_that_come_closest():
    """Of thirteen setups the dearest is the fastest; the cheapest and the first are far behind."""
    setups = [f"h100-sxm:{64 * (at + 1)}@{2 + at} USD/GPU/hour,name={at}" for at in range(13)]
    found = compare(**SMALL, setups=setups, mfu="40%")

    assert (found.best["cost"], found.best["wall_clock"]) == ("0", "12")
    assert found.less_share("12", "11", "wall_clock") == 1


def test_a_budget_is_for_setups_with_a_cost():
    found = compare("llama-3.1-70b", setups=SETUPS, max_cost="1M USD", **RUN)

    assert found.over_budget
    assert found["tpu-v5p"].runs
    assert not compare("llama-3.1-70b", setups=SETUPS, max_cost="1B USD", **RUN).over_budget


def test_the_price_that_wins_is_against_the_cheapest_other(four):
    costs = {one.name: one.value("cost") for one in four if one.value("cost") is not None}
    for name in four.order:
        others = {each: cost for each, cost in costs.items() if each != name}
        assert four.wins_below(name).against == min(others, key=others.get)


def test_arguments_of_any_type_are_kept_as_text():
    found = compare(
        setups=[{"gpu": "h100-sxm", "num_gpus": Q("512 GPU"), "pue": (1.1, 1.3)}],
        price=Distribution.triangular("2 USD/GPU/hour", "3 USD/GPU/hour"),
        mfu=Distribution.fixed("40%"),
        parameters="7B",
        tokens=Q("2T token"),
    )
    kept = found["h100-sxm"].arguments
    again = compare(setups=[kept])

    assert kept["num_gpus"] == "512 GPU"
    assert kept["pue"] == [1.1, 1.3]
    assert json.loads(json.dumps(kept)) == kept
    assert again["h100-sxm"].estimate.results == found["h100-sxm"].estimate.results


floats = st.floats(0, 5).map(round)


@given(st.lists(st.tuples(floats, floats), min_size=1, max_size=9))
def test_the_front_is_that_of_all_pairs(points):
    def beaten(one):
        return any(other[0] <= one[0] and other[1] <= one[1] and other != one for other in points)

    costs, times = (np.array([[point[axis]] for point in points]) for axis in (0, 1))
    names = [str(at) for at in range(len(points))]
    front = front_of(
        {name: float(cost[0]) for name, cost in zip(names, costs, strict=True)},
        {name: float(time[0]) for name, time in zip(names, times, strict=True)},
    )

    assert on_front(costs, times)[:, 0].tolist() == [not beaten(point) for point in points]
    assert set(front) == {name for name, one in zip(names, points, strict=True) if not beaten(one)}
    assert [points[int(name)][0] for name in front] == sorted(points[int(n)][0] for n in front)


@settings(max_examples=50)
@given(
    st.integers(1, 5).flatmap(
        lambda rows: st.lists(
            st.lists(st.integers(0, 3), min_size=rows, max_size=rows), min_size=1, max_size=20
        )
    )
)
def test_wins_and_front_shares_are_counted_draw_by_draw(draws):
    stacked = np.array(draws, dtype=float).T
    names = [str(at) for at in range(len(stacked))]
    drawn = dict(zip(names, stacked, strict=True))
    wins = dict.fromkeys(names, 0.0)
    for draw in draws:
        least = [at for at, value in enumerate(draw) if value == min(draw)]
        for at in least:
            wins[str(at)] += 1 / len(least) / len(draws)

    assert win_shares(names, drawn) == pytest.approx(wins)
    # Against itself as the time, a setup is on the front where it is among the least.
    least = {str(at): np.mean([d[at] == min(d) for d in draws]) for at in range(len(names))}
    assert front_shares(names, drawn, drawn) == pytest.approx(least)


def test_no_setups_win_nothing():
    assert win_shares([], {}) == {}
    assert front_shares([], {}, {}) == {}
    assert front_of({}, {}) == ()


def test_what_is_compared_is_among_the_results():
    from llmcost.studies.comparison.parts import UNITS

    assert set(COMPARED) <= set(UNITS)
    assert set(LARGEST_IS_BEST) <= set(COMPARED)


@given(st.integers(1, MOST_GPUS))
def test_counts_rise_by_whole_nodes_and_by_at_most_an_eighth(number):
    place = place_of(number)
    found = count_at(place)

    assert found % 8 == 0
    assert found >= number
    if place:
        below = count_at(place - 1)
        assert below < number
        assert found - below <= max(8, below / 8)


def days_of(number, **asked):
    """The wall clock of a number at middle values [day]."""
    run = prepare(**asked, num_gpus=number)
    return float(run.model.evaluate()["wall_clock"].flat[0])


@pytest.mark.parametrize("deadline", [108.5, 151.9])
def test_where_memory_is_scarce_fewer_are_still_found(deadline):
    """Of a mixture of experts 24 h100-sxm need a quarter less device time than 8."""
    asked = {"model": "qwen3-30b-a3b", "gpu": "h100-sxm", "tokens": "2T"}
    least = next(number for number in range(8, 65, 8) if days_of(number, **asked) <= deadline)

    assert fewest_in_time(asked, deadline).num_gpus == least


def test_one_doubling_without_a_gain_is_not_the_end():
    """For 4,096 gh200-144gb there is no better layout than for 2,048, but for 8,192 there is."""
    asked = {"model": "llama-3.1-70b", "gpu": "gh200-144gb", "tokens": "15T"}
    two, four = (days_of(number, **asked) for number in (2048, 4096))
    few = fewest_in_time(asked, 90)

    assert four > 0.95 * two > 90
    assert not few.reason
    assert days_of(few.num_gpus, **asked) <= 90


@pytest.mark.parametrize(("gpu", "deadline"), [("b200", 20), ("h100-sxm", 45)])
def test_no_count_below_the_fewest_meets_the_deadline(gpu, deadline):
    asked = {"model": "llama-3.1-70b", "gpu": gpu, "tokens": "15T"}
    few = fewest_in_time(asked, deadline)
    place = place_of(few.num_gpus)
    clocks = [
        float(prepare(**asked, num_gpus=count_at(at)).model.evaluate()["wall_clock"].flat[0])
        for at in range(place - 9, place + 1)
    ]

    assert [clock <= deadline for clock in clocks] == [False] * 9 + [True]
