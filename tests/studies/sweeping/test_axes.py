"""Axes: what lists, steps, equal ratios and words stand for, and what is refused."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError, UnitError, UnknownNameError
from llmcost.studies.choices.given import Given
from llmcost.studies.estimation import prepare
from llmcost.studies.sweeping.axes import axis_of
from llmcost.studies.sweeping.parameters import (
    COUNTS,
    FLAGS,
    PARAMETERS,
    QUANTITIES,
    WORDS,
    parameter_named,
)


def values(name, written):
    """Return the values of an axis."""
    return axis_of(name, written)[0].values


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("tokens", "1T..7T by 2T", (10**12, 3 * 10**12, 5 * 10**12, 7 * 10**12)),
        ("tokens", "1T..8T by 2T", (10**12, 3 * 10**12, 5 * 10**12, 7 * 10**12)),
        ("tokens", "1T..3T tokens by 1T", (10**12, 2 * 10**12, 3 * 10**12)),
        ("tokens", ["1T", 2e12, "4T..8T by 4T"], (10**12, 2 * 10**12, 4 * 10**12, 8 * 10**12)),
        ("tokens", "15 trillion", (15 * 10**12,)),
        ("num_gpus", "logspace 1024..16384 by 5", (1024, 2048, 4096, 8192, 16384)),
        ("num_gpus", "logspace 1..4 by 10", (1, 2, 3, 4)),
        ("num_gpus", "8..32 GPUs by 8", (8, 16, 24, 32)),
        ("num_gpus", [8, "16k"], (8, 16_000)),
        ("num_gpus", np.array([8, 16]), (8, 16)),
        ("seq_length", "4096..12288 by 4096", (4096, 8192, 12288)),
        ("mfu", "35..45% by 5%", (0.35, 0.4, 0.45)),
        ("mfu", "0.35..0.45 by 0.02", (0.35, 0.37, 0.39, 0.41, 0.43, 0.45)),
        ("pue", "1.1..1.5 by 0.2", (1.1, 1.3, 1.5)),
        (
            "price",
            "1.5..2.5 USD/GPU/hour by 0.5",
            ("1.5 USD/GPU/hour", "2 USD/GPU/hour", "2.5 USD/GPU/hour"),
        ),
        ("price", "$1..$2/GPU/hour by $1/GPU/hour", ("1 USD/GPU/hour", "2 USD/GPU/hour")),
        ("price", "$1..2/GPU/hour by 0.5", tuple(f"{p} USD/GPU/hour" for p in (1, 1.5, 2))),
        ("price", "USD 1..2/GPU/hour by 1", ("1 USD/GPU/hour", "2 USD/GPU/hour")),
        (
            "price",
            "logspace 1..4 USD/GPU/hour by 3",
            ("1 USD/GPU/hour", "2 USD/GPU/hour", "4 USD/GPU/hour"),
        ),
        ("restart_time", "1..2 hour by 30 min", ("1 hour", "1.5 hour", "2 hour")),
        ("throughput", "400..500 TFLOP/s/GPU by 100", ("400 TFLOP/s/GPU", "500 TFLOP/s/GPU")),
        ("gpu", ["h100-sxm", "B200"], ("h100-sxm", "B200")),
        ("layout", "All  Legal", ("all legal",)),
        ("layout", ["tp=8", "fastest"], ("tp=8", "fastest")),
        ("global_batch_size", [2048, "16M tokens"], (2048, "16M tokens")),
        ("embodied", [True, False], (True, False)),
        ("staff", [5, "10 people"], ("5 person", "10 people")),
        ("staff", "5..15 by 10", ("5 person", "15 person")),
        ("throughput", ["430 TFLOP/s/GPU", "9,500 token/s/GPU"], None),
    ],
)
def test_values_are_what_was_written(name, written, expected):
    found = values(name, written)

    assert found == (tuple(written) if expected is None else expected)
    assert [type(one) for one in found] == [type(one) for one in (expected or written)]


@given(st.integers(1, 99), st.integers(1, 30), st.integers(2, 40))
def test_steps_reach_every_multiple_without_rounding(start, step, many):
    stop = start + step * (many - 1)
    written = f"{start / 100}..{stop / 100} USD/GPU/hour by {step / 100}"

    found = values("price", written)

    cents = [start + step * at for at in range(many)]
    assert found == tuple(f"{cent / 100:.15g} USD/GPU/hour" for cent in cents)


@given(st.integers(1, 1000), st.integers(2, 50), st.integers(2, 12))
def test_equal_ratios_keep_their_ends_and_rise(start, factor, many):
    found = values("num_gpus", f"logspace {start}..{start * factor} by {many}")

    assert (found[0], found[-1]) == (start, start * factor)
    assert all(one < two for one, two in pairwise(found))
    assert len(found) <= many
    exact = [start * factor ** (at / (many - 1)) for at in range(many)]
    assert all(min(abs(one - each) for each in exact) <= 0.5 + 1e-9 * one for one in found)


def test_a_range_without_by_is_one_uncertain_value():
    axis, found = axis_of("price", ["2..3 USD/GPU/hour", "4 USD/GPU/hour"])

    assert axis.values == ("2..3 USD/GPU/hour", "4 USD/GPU/hour")
    assert [one.exact for one in found] == [False, True]


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("tokens", [], "at least one"),
        ("tokens", "1T..15T", "by"),
        ("tokens", "15T..1T by 1T", "lower end first"),
        ("tokens", "1T..15T by 0", "above 0"),
        ("tokens", "1T..15T by 20T", "smaller than the range"),
        ("tokens", "1T..15T by 2", "magnitude"),
        ("tokens", "1T..15T step 2T", "by 2T"),
        ("tokens", "linspace 1T..15T 5", "logspace"),
        ("tokens", "logspace 1T..15T by 1", "from 2"),
        ("tokens", "logspace 1T..15T by 2.5", "whole"),
        ("tokens", "logspace 0..15T by 5", "above 0"),
        ("tokens", "1T..15T by 2 USD", "plain number"),
        ("tokens", "1..2 USD by 1", "counts"),
        ("tokens", True, "count"),
        ("tokens", None, "count"),
        ("tokens", [[1]], "one list"),
        ("tokens", "0", "above 0"),
        ("tokens", ["1T", "1e12"], "the same"),
        ("num_gpus", "1..2 by 0.5", "whole"),
        ("num_gpus", "8..1e9 by 1e8", "at most"),
        ("price", 2.5, "2.5 USD/GPU/hour"),
        ("price", "1..2 by 1", "USD/GPU/hour"),
        ("price", "1..2 USD by 1", "per GPU"),
        ("price", ["2 USD/GPU/hour", "$2/GPU-hour"], "the same"),
        ("price", "uniform 1..2 USD/GPU/hour by 1", "start and a stop"),
        ("price", "0..2 USD/GPU/hour by 1", "above 0"),
        ("mfu", "90..110% by 10%", "at most 100%"),
        ("mfu", ["30%", 0.3], "the same"),
        ("mfu", True, "share"),
        ("gpu", ["h100-sxm", "H100-SXM"], "the same"),
        ("gpu", "a..b by c", "no steps"),
        ("gpu", "h100", "name one"),
        ("gpu", 5, "text"),
        ("gpu", "", "text"),
        ("layout", ["all legal", "tp=8"], "among them"),
        ("layout", "all", "all legal"),
        ("layout", ["tp=8,pp=2", "PP=2, tp=8"], "the same"),
        ("price", "linspace 1..3 USD/GPU/hour by 3", "logspace"),
        ("embodied", ["yes"], "true or false"),
        ("today", "tomorrow", "date"),
    ],
)
def test_what_is_no_axis_says_why(name, written, told):
    with pytest.raises(InputError, match=told) as caught:
        axis_of(name, written)

    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "written", "suggested"),
    [
        ("gpu", "h100-sxmm", "h100-sxm"),
        ("model", "llama-3.1-70", "llama-3.1-70b"),
        ("precision", "bf61", "bf16"),
        ("terms", "sport", "spot"),
        ("region", "frence", "france"),
        ("recompute", "ful", "full"),
        ("scope", "final", "final-run"),
        ("depreciation", "declinin", "declining"),
        ("attention_flop", "casual", "causal"),
    ],
)
def test_an_unknown_word_comes_with_the_nearest(name, written, suggested):
    with pytest.raises(UnknownNameError) as caught:
        axis_of(name, written)

    assert suggested in caught.value.suggestions


def test_a_wrong_unit_is_a_unit_error():
    with pytest.raises(UnitError):
        axis_of("price", "5 USD")


def test_every_parameter_of_a_run_is_read_in_one_way():
    kinds = [set(COUNTS), set(QUANTITIES), set(FLAGS), set(WORDS), {"phases"}]

    assert set().union(*kinds) == set(PARAMETERS)
    assert sum(map(len, kinds)) == len(PARAMETERS)


def test_names_of_parameters_are_those_of_the_command_line():
    assert parameter_named("gpus", "[grid]") == "num_gpus"
    assert parameter_named("seq-length", "[grid]") == "seq_length"
    with pytest.raises(InputError, match=r"\[draws\]"):
        parameter_named("draws", "[grid]")
    with pytest.raises(UnknownNameError, match="Did you mean tokens"):
        parameter_named("token", "[grid]")


@pytest.mark.parametrize(
    ("name", "written"),
    [("tokens", "1T..3T by 1T"), ("mfu", "30..40% by 5%"), ("price", "1..3 USD/GPU/hour by 1")],
)
def test_every_value_is_taken_by_an_estimate(name, written):
    usual = {"model": "llama-3.1-8b", "tokens": "1T", "gpu": "h100-sxm", "num_gpus": 8, "mfu": 0.4}

    for value in values(name, written):
        assert prepare(**(usual | {name: value})).given.has(name)
        assert Given.of({name: value}).has(name)
