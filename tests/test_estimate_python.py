"""``estimate`` from Python: quantities in, quantities out, and the laws that must hold."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import Estimate, InputError, Q, UnitError, UnknownNameError, estimate
from tests.strategies import prices, shares

RUN = {
    "model": "llama-3.1-8b",
    "gpu": "h100-sxm",
    "num_gpus": 512,
    "mfu": 0.4,
    "price": "2 USD/GPU/hour",
}


def test_the_example_of_the_first_page():
    found = estimate(model="llama-3.1-405b", tokens="15T", gpu="h100-sxm", num_gpus=16000)

    assert found.cost.units == Q(1, "USD").units
    assert found.gpu_hours.to("GPU*year").magnitude == pytest.approx(
        found.gpu_hours.magnitude / 8766
    )
    assert found.wall_clock.to("week").magnitude == pytest.approx(found.wall_clock.magnitude / 7)
    low, high = found.interval("cost")
    assert low < found.cost < high
    assert found.inputs["num_gpus"].value == 16000


def test_bare_numbers_where_a_unit_is_declared_are_errors():
    for name, value in (("price", 2.5), ("throughput", 9500), ("price_per_node_hour", 20)):
        given_ = {k: v for k, v in RUN.items() if k not in ("price", "mfu")} | {name: value}
        if name == "price_per_node_hour":
            given_["gpus_per_node"] = 8
        with pytest.raises((UnitError, InputError), match=name):
            estimate(tokens="1T", **given_)


def test_wrong_dimensions_are_unit_errors():
    with pytest.raises(UnitError, match="price"):
        estimate(tokens="1T", **RUN | {"price": Q("2 USD/hour")})
    with pytest.raises(UnitError, match="tokens"):
        estimate(tokens=Q("15T FLOP"), **RUN)


def test_names_are_checked():
    with pytest.raises(UnknownNameError, match=r"llama-3\.1-8b"):
        estimate(tokens="1T", **RUN | {"model": "llama-3.1-8"})
    with pytest.raises(AttributeError, match="gpu_hours"):
        getattr(estimate(tokens="1T", **RUN), "gpu_hour")  # noqa: B009
    with pytest.raises(UnknownNameError):
        estimate(tokens="1T", **RUN).interval("costs")


def test_the_frame_has_units_in_its_headers():
    frame = estimate(tokens="1T", **RUN).to_frame()

    assert len(frame) == 1
    assert {"cost [USD]", "cost_low [USD]", "gpu_hours [GPU*hour]", "parameters"} <= set(frame)
    assert frame["parameters"][0] == 8_030_261_248


def test_the_notebook_view_is_html():
    html = estimate(tokens="1T", **RUN)._repr_html_()

    assert "<table" in html
    assert "8.030B" in html


def test_a_document_that_is_none_is_an_input_error():
    good = estimate(tokens="1T", **RUN).to_dict()
    for broken in (
        {},
        {"schema": "llmcost.estimate/2"},
        good | {"results": []},
        good | {"results": {"cost": 5}},
        good | {"results": {"cost": {"value": "1", "unit": "USD", "low": 1, "high": 1}}},
        good | {"inputs": {"mfu": {"value": 1}}},
        good | {"warnings": [1]},
    ):
        with pytest.raises(InputError):
            Estimate.from_dict(broken)


@given(st.floats(min_value=1e6, max_value=1e16), shares, shares, prices)
def test_doubling_tokens_doubles_flop_hours_and_cost(tokens, mfu, goodput, price):
    run = RUN | {"mfu": mfu, "goodput": goodput, "price": Q(price, "USD/GPU/hour"), "draws": 100}
    one, two = estimate(tokens=tokens, **run), estimate(tokens=2 * tokens, **run)

    for name in (
        "model_flop",
        "model_flop_6nd",
        "hardware_flop",
        "gpu_hours",
        "wall_clock",
        "cost",
    ):
        assert two.results[name].value == pytest.approx(2 * one.results[name].value, rel=1e-12)
    for name in ("mfu", "tokens_per_second", "cost_per_million_tokens"):
        assert two.results[name].value == pytest.approx(one.results[name].value, rel=1e-12)


@given(st.integers(min_value=1, max_value=100_000), st.integers(min_value=1, max_value=200_000))
def test_device_time_is_devices_times_wall_clock(gpus, seq_length):
    found = estimate(tokens="1T", **RUN | {"num_gpus": gpus}, seq_length=seq_length, draws=100)

    held = found.wall_clock * Q(gpus, "GPU")
    assert held.to("GPU*hour").magnitude == pytest.approx(found.gpu_hours.magnitude, rel=1e-12)
    assert found.results["mfu"].value <= found.results["hfu"].value * (1 + 1e-12)


@given(st.sampled_from(["none", "selective", "full"]))
def test_mfu_equals_hfu_exactly_without_recompute(kind):
    found = estimate(tokens="1T", **RUN, recompute=kind, draws=100)
    ratio = found.results["hardware_flop"].value / found.results["model_flop"].value

    assert {"none": ratio == 1, "full": ratio == pytest.approx(4 / 3)}.get(kind, 1 < ratio < 4 / 3)
    assert found.results["hfu"].value == pytest.approx(0.4 * ratio, rel=1e-12)


@given(
    st.floats(min_value=1e-300, max_value=1e300) | st.text(max_size=20) | st.none() | st.booleans(),
    st.sampled_from(["tokens", "num_gpus", "mfu", "goodput", "price", "seq_length", "throughput"]),
)
def test_any_value_gives_an_estimate_or_an_input_error(value, name):
    given_ = RUN | {"tokens": "1T", name: value, "draws": 100}
    if name == "throughput":
        del given_["mfu"]
    try:
        found = estimate(**given_)
    except InputError as error:
        assert str(error).startswith(name)  # noqa: PT017
    else:
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()


def test_a_number_of_thousands_of_digits_is_an_input_error():
    with pytest.raises(InputError, match="thousands of digits"):
        estimate(tokens=10**5000, **RUN)


@pytest.mark.parametrize("name", ["tokens", "num_gpus", "mfu", "price", "parameters", "seq_length"])
@pytest.mark.parametrize(
    "value",
    [10**400, 1e-300, float("nan"), float("inf"), -1, 0, [], {}, (), (1,), (2, 1), object()],
)
def test_a_number_that_cannot_be_used_is_an_input_error(name, value):
    given_ = RUN | {"tokens": "1T"} | ({"model": None} if name == "parameters" else {})

    with pytest.raises(InputError, match=name):
        estimate(**given_ | {name: value})


@settings(max_examples=25)
@given(st.integers(min_value=0, max_value=10**9))
def test_json_round_trip_and_reproducible_by_seed(seed):
    one = estimate(
        model="mixtral-8x7b", tokens="1T", gpu="a100-sxm-80gb", num_gpus=64, seed=seed, draws=200
    )
    two = estimate(
        model="mixtral-8x7b", tokens="1T", gpu="a100-sxm-80gb", num_gpus=64, seed=seed, draws=200
    )
    again = Estimate.from_dict(json.loads(json.dumps(one.to_dict())))

    assert one.to_dict() == two.to_dict() == again.to_dict()


@pytest.mark.parametrize(
    ("phases", "model"),
    [
        (None, "llama-3.1-405b"),
        (None, "deepseek-v3"),
        ([(4096, "1T"), (131072, "1T")], "llama-3.1-8b"),
    ],
)
def test_the_throughput_given_is_the_throughput_of_the_answer(phases, model):
    given_ = phases and [{"seq_length": length, "tokens": tokens} for length, tokens in phases]
    found = estimate(
        model, gpu="h100-sxm", num_gpus=64, throughput="100 token/s/GPU", phases=given_, draws=100
    )

    assert found.results["tokens_per_gpu_second"].value == pytest.approx(100, rel=1e-12)


@pytest.mark.parametrize("seq_length", [4096, 131072, 2_000_000])
@pytest.mark.parametrize("model", ["llama-3.1-8b", "gemma-2-9b", "deepseek-v3"])
def test_hours_by_default_do_not_depend_on_the_attention_convention(model, seq_length):
    run = {"model": model, "tokens": "1T", "gpu": "tpu-v5p", "num_gpus": 64}
    causal, full = (
        estimate(**run, seq_length=seq_length, attention_flop=kind) for kind in ("causal", "full")
    )

    assert full.results["model_flop"].value > causal.results["model_flop"].value
    for name in ("gpu_hours", "wall_clock", "tokens_per_second"):
        assert full.results[name].value == pytest.approx(causal.results[name].value, rel=1e-12)
    ratio = full.results["model_flop"].value / causal.results["model_flop"].value
    assert full.results["mfu"].value == pytest.approx(causal.results["mfu"].value * ratio)


def test_what_a_user_does_to_one_answer_is_not_in_the_next():
    first = estimate(tokens="1T", **RUN)
    known = json.dumps(first.reports["rentals"])
    offer = first.reports["rentals"][0]
    offer["price"] = -1.0
    offer["sources"].append("my own")

    assert json.dumps(estimate(tokens="1T", **RUN).reports["rentals"]) == known
