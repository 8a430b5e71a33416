"""Ranges that a user states, from the command line to the answer."""

from pathlib import Path

import pytest

from llmcost import Distribution, Estimate, Q, estimate
from llmcost.errors import InputError
from tests.cli.helpers import HEADLINE, llmcost

GUIDE = Path(__file__).parents[2] / "docs" / "uncertainty.md"
pytestmark = pytest.mark.usefixtures("empty_folder")
GIVEN = (*HEADLINE, "--goodput", "90%", "--steady-share", "100%")
RUN = {"model": "llama-3.1-405b", "tokens": "15T", "gpu": "h100-sxm", "num_gpus": 16000}


def price_of(capsys, text, *more):
    """Return the price among the inputs of an estimate, and the results."""
    data = llmcost(capsys, *GIVEN, "--mfu", "40%", "--price", text, *more, "--json").data
    return data["inputs"]["price"], data["results"]


@pytest.mark.parametrize(
    ("text", "low", "value", "high"),
    [
        ("2..3", 2.09159121, 2.44948974, 2.86862939),
        ("lognormal 2..2.2..3", None, 2.2, None),
        ("uniform 2..3 USD/GPU/hour", 2 + 1 / 18, 2.5, 3 - 1 / 18),
        ("uniform($2..$3/GPU-h)", 2 + 1 / 18, 2.5, 3 - 1 / 18),
        ("triangular 2..2.4..3", 2.08750427, 2.46166758, 2.89687514),
        ("pert 2..2.4..3", 2.07652835, 2.45437521, 2.8910155),
    ],
)
def test_a_price_is_the_median_of_what_was_stated(capsys, text, low, value, high):
    """Percentiles by hand or of scipy, as in tests/sampling/test_spreads.py."""
    price, results = price_of(capsys, text)

    assert price["value"] == pytest.approx(value, abs=1e-8)
    if low is not None:
        hours = results["gpu_hours"]["value"]
        assert (price["low"], price["high"]) == pytest.approx((low, high), abs=1e-8)
        assert results["cost"]["low"] == pytest.approx(hours * low, rel=1e-3)
        assert results["cost"]["high"] == pytest.approx(hours * high, rel=1e-3)


def test_an_origin_says_how_a_range_was_read(capsys):
    price, _ = price_of(capsys, "pert 2..2.4..3")

    assert price["origin"]["kind"] == "user"
    assert price["origin"]["source"].endswith("90% interval 2..3 USD/GPU/hour, pert with mode 2.4")
    assert price["distribution"] == {"kind": "pert", "p5": 2, "p95": 3, "mode": 2.4}


def test_a_single_value_has_no_distribution(capsys):
    price, _ = price_of(capsys, "fixed 2.5")

    assert "distribution" not in price
    assert "interval" not in price["origin"]["source"]


def test_a_throughput_keeps_its_distribution_as_an_mfu(capsys):
    """Uniform rates are uniform shares: 90% from 360 to 440 of the 989.4 TFLOP/s/GPU of an H100."""
    rate = "uniform 360..440 TFLOP/s/GPU"
    mfu = llmcost(capsys, *GIVEN, "--throughput", rate, "--json").data["inputs"]["mfu"]

    assert mfu["distribution"]["kind"] == "uniform"
    assert mfu["value"] == pytest.approx(400 / 989.4, rel=1e-3)
    assert mfu["low"] == pytest.approx((360 + 80 / 18) / 989.4, rel=1e-3)


def test_a_saved_distribution_is_read_back():
    one = estimate(**RUN, mfu="beta 35..45%", price=("2 USD/GPU/hour", "3 USD/GPU/hour"))

    again = Estimate.from_dict(one.to_dict())

    assert again.inputs["mfu"] == one.inputs["mfu"]
    assert again.inputs["mfu"].stated.kind == "beta"
    assert again.inputs["price"] == one.inputs["price"]


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "normal", "p5": 1, "p95": 2},
        {"kind": "uniform", "p5": 1},
        {"kind": "uniform", "p5": 2, "p95": 1},
        {"kind": "uniform", "p5": 1, "p95": float("inf")},
        {"kind": "pert", "p5": 1, "p95": 2, "mode": "x"},
        "uniform",
        None,
    ],
)
def test_a_saved_distribution_that_is_none_is_refused(broken):
    document = estimate(**RUN, mfu="35..45%").to_dict()
    document["inputs"]["mfu"]["distribution"] = broken

    with pytest.raises(InputError, match="inputs: mfu"):
        Estimate.from_dict(document)


def test_python_states_a_distribution_as_text_does():
    text = estimate(**RUN, price="triangular 2..2.2..3 USD/GPU/hour")
    low, mode, high = (Q(end, "USD/GPU/hour") for end in (2, 2.2, 3))

    python = estimate(**RUN, price=Distribution.triangular(low, high, mode=mode))

    assert python.results["cost"] == text.results["cost"]


def test_the_same_seed_gives_the_same_bytes(capsys):
    arguments = (*GIVEN, "--price", "uniform 2..3", "--seed", "7", "--json")

    assert llmcost(capsys, *arguments).out == llmcost(capsys, *arguments).out


def test_the_script_in_the_guide_says_how_the_price_was_read(capsys):
    text = GUIDE.read_text(encoding="utf-8")
    script = text.split("```python\n")[1].split("```")[0]

    exec(compile(script, GUIDE.name, "exec"), {})

    assert capsys.readouterr().out.endswith("90% interval 2..3 USD/GPU/hour, pert with mode 2.4\n")


WRONG = {
    "3..2": "price: got '3..2'; needs the lower end first.",
    "normal 2..3": "needs lognormal, uniform, triangular, pert, beta or fixed before a range.",
    "pert 2..4..3": "needs the middle number between both ends.",
    "uniform 0.1..10": "a 90% interval: with 5% beyond each end it reaches -0.45..10.55; needs",
    "beta 2..3": "price: got beta 2..3; needs a share",
    "uniform 2": "needs its numbers as in uniform 2..3.",
    "2..inf": "needs",
    "nan": "needs",
    "-3..-2": "above 0",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_range_that_cannot_be_is_one_message_and_exit_code_2(capsys, text):
    done = llmcost(capsys, *HEADLINE, f"--price={text}")

    assert WRONG[text] in " ".join(done.err.split())
    assert done.code == 2
