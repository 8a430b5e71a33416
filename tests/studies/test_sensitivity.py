"""Which input moves a result most, on a run small enough to follow by hand."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError, UnknownNameError
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.sensitivity import weigh

UNITS = {
    "gpu_hours": "GPU*hour",
    "cost": "USD",
    "tokens": "token",
    "owned_cost": "USD",
    "hardware_flop": "FLOP",
    "hump": "",
    "still": "",
}
YOU = Origin("user", "--price")
INPUTS = {"price": InputValue(2.0, "USD/GPU/hour", YOU, 1.0, 4.0)}


def between(low, middle, high, share=False):
    """A range with these 5th, 50th and 95th percentiles and nothing else."""
    points = {0.05: low, 0.5: middle, 0.95: high}
    return SimpleNamespace(value=middle, share=share, quantile=points.__getitem__)


@dataclass
class Run:
    """100 hours at full MFU: hours = 100 / mfu, cost = hours x price; recompute adds to FLOP."""

    spreads: dict = field(
        default_factory=lambda: {
            "price": between(1.0, 2.0, 4.0),
            "mfu": between(0.4, 0.5, 0.8, share=True),
            "pue": between(1.1, 1.2, 1.3),
        }
    )
    recompute: bool = False

    def draws(self, count, seed):
        """Uniform between the two percentiles, each input on its own."""
        rng = np.random.default_rng(seed)
        drawn = {
            name: rng.uniform(one.quantile(0.05), one.quantile(0.95), count)
            for name, one in self.spreads.items()
        }
        if self.recompute:
            level = rng.permutation(np.resize([0, 0, 0, 1, 2], count))
            drawn["recompute_selective"] = (level == 1).astype(float)
            drawn["recompute_full"] = (level == 2).astype(float)
        return drawn

    def evaluate(self, drawn=None):
        """Every result: arrays of one number a row."""
        at = {name: np.array([one.value]) for name, one in self.spreads.items()}
        at |= {"recompute_selective": 0.0, "recompute_full": 0.0} | dict(drawn or {})
        hours = 100 / at["mfu"]
        return {
            "gpu_hours": hours,
            "cost": hours * at["price"],
            "tokens": np.array([15e12]),
            "owned_cost": hours * np.nan,
            "hardware_flop": 3e3 + 0.1e3 * at["recompute_selective"] + 1e3 * at["recompute_full"],
            "hump": 5 - (at["price"] - 2) ** 2,
            "still": np.array([7.0]),
            "unlisted": hours,
        }


def weighed(model=None, of="cost", **more):
    """The sensitivity of one result of the small run."""
    return weigh(model or Run(), of, UNITS, draws=1000, seed=7, inputs=INPUTS, **more)


def test_each_input_goes_to_its_ends_while_the_others_stay():
    """Cost 400 in the middle; price alone 200..800, MFU alone 500..250."""
    found = weighed()

    assert (found.of, found.unit, found.value) == ("cost", "USD", 400.0)
    assert [(one.input, one.at_low, one.at_high, one.effect) for one in found.influences] == [
        ("price", 200.0, 800.0, 600.0),
        ("mfu", pytest.approx(500.0), pytest.approx(250.0), pytest.approx(250.0)),
    ]


def test_an_influence_tells_its_own_range_unit_and_origin():
    price, mfu = weighed().influences

    assert (price.low, price.value, price.high) == (1.0, 2.0, 4.0)
    assert (price.unit, price.origin, price.share) == ("USD/GPU/hour", YOU, False)
    assert (mfu.unit, mfu.origin, mfu.share) == ("", None, True)


def test_inputs_without_effect_are_named_and_not_ranked():
    found = weighed(of="gpu_hours")

    assert [one.input for one in found.influences] == ["mfu"]
    assert set(found.without_effect) == {"price", "pue"}


def test_rank_correlations_have_the_sign_of_the_effect():
    """Hours fall as the MFU rises, and nothing else moves them: exactly -1."""
    (alone,) = weighed(of="gpu_hours").influences
    price, mfu = weighed().influences

    assert alone.rank_correlation == pytest.approx(-1.0)
    assert price.rank_correlation > 0.7
    assert -0.7 < mfu.rank_correlation < -0.2


def test_the_interval_is_that_of_the_draws():
    found = weighed(of="gpu_hours")
    drawn = 100 / Run().draws(1000, 7)["mfu"]

    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.1, 0.9])))


def test_an_effect_that_is_largest_in_the_middle_counts_from_there():
    """A result of 5 in the middle, 4 and 1 at the ends, moves by 4."""
    (price,) = weighed(of="hump").influences

    assert (price.at_low, price.at_high, price.effect) == (4.0, 1.0, 4.0)


def test_the_kind_of_recomputation_is_a_choice_from_least_to_most():
    """Three in five draws recompute nothing, one in five everything: from none to full."""
    (kind,) = weighed(Run(recompute=True), of="hardware_flop").influences

    assert (kind.input, kind.low, kind.value, kind.high) == ("recompute", "none", "none", "full")
    assert (kind.at_low, kind.at_high, kind.effect) == (3000.0, 4000.0, 1000.0)
    assert kind.rank_correlation == pytest.approx(1.0)


def test_other_results_do_not_see_the_kind_of_recomputation():
    assert "recompute" in weighed(Run(recompute=True)).without_effect


@pytest.mark.parametrize("of", ["GPU-Hours", " gpu_hours "])
def test_a_result_is_found_under_any_spelling(of):
    assert weighed(of=of).of == "gpu_hours"


@pytest.mark.parametrize("of", ["gpu_hour", "unlisted"])
def test_an_unknown_result_names_the_nearest(of):
    with pytest.raises(UnknownNameError, match=f"Unknown result '{of}'.*gpu_hours"):
        weighed(of=of)


def test_a_result_that_is_not_known_says_why_and_what_is():
    why = "No server price of this accelerator."
    with pytest.raises(
        InputError,
        match=r"of: owned_cost is not known for this run\. No server price.*Known: gpu_hours,",
    ):
        weighed(of="owned_cost", why=lambda name: why)


def test_a_result_that_nothing_moves_says_what_is_uncertain():
    with pytest.raises(InputError, match=r"got 'still'; .*uncertain here \(price, mfu, pue\) does"):
        weighed(of="still")


def test_a_result_of_the_model_alone_is_exact():
    with pytest.raises(InputError, match=r"'tokens'.*from the model and its tokens alone"):
        weighed(of="tokens")


def test_a_run_without_ranges_says_how_to_give_one():
    fixed = Run({"price": between(2.0, 2.0, 2.0), "mfu": between(0.5, 0.5, 0.5)})
    with pytest.raises(InputError, match=r"give an input as a range, such as --mfu 35\.\.45%"):
        weighed(fixed)


@pytest.mark.filterwarnings("error")
def test_a_range_that_reaches_no_progress_is_one_clear_message():
    """At an MFU of nothing the hours are without end."""
    endless = Run(Run().spreads | {"mfu": between(0.0, 0.5, 0.8, share=True)})
    with pytest.raises(InputError, match=r"no finite value .*\(mfu\).*Give narrower ranges"):
        weighed(endless, of="gpu_hours")


@given(st.floats(0.01, 0.99), st.floats(1.01, 100), st.floats(1e-3, 1e6))
def test_a_proportional_input_moves_the_result_in_proportion(down, up, price):
    """Cost goes with the price, whatever its range: the ends are those of the price."""
    spreads = Run().spreads | {"price": between(price * down, price, price * up)}
    found = weighed(Run(spreads))
    one = next(each for each in found.influences if each.input == "price")

    assert one.at_low / found.value == pytest.approx(down)
    assert one.at_high / found.value == pytest.approx(up)


def test_ranges_of_the_package_are_ranges_here():
    """A lognormal range from 1 to 4 as 10th and 90th percentile reaches further at 5 and 95."""
    found = weighed(Run(Run().spreads | {"price": Spread(1.0, 2.0, 4.0)}))
    price = found.influences[0]

    assert price.low < 1 < 4 < price.high
    assert price.low * price.high == pytest.approx(4.0)
