"""Simpler methods on the same rows, against values worked out by hand."""

import sys
from types import ModuleType

import pytest

from llmcost.errors import MissingExtraError
from llmcost.studies.validation.baselines import best_constant_mfu, teachers, with_baselines
from llmcost.studies.validation.rows import step_row
from llmcost.studies.validation.scoring import score
from tests.validation_fakes import FakePoint, FakePrediction

ARITHMETIC = 1e-12
SIDES = {"x": 0.2, "y": 0.5}


def row(name, mfu, source, **point):
    """Return a row whose measured step has an MFU: 4 s at the peak over the measured time."""
    return step_row(FakePoint(name, 4 / mfu, source=source, **point), FakePrediction(8.0))


def told(rows, name, wanted="mfu"):
    """Return the MFU that a baseline takes for each row."""
    found, _ = with_baselines(rows, wanted)
    times = [each.baselines[name] for each in found]
    return [None if time is None else pytest.approx(4 / time, rel=1e-9) for time in times]


def test_forty_percent_is_ten_seconds():
    """4 s at the peak are 10 s at an MFU of 40%."""
    found, _ = with_baselines([row("a", 0.5, "x")])

    assert found[0].baselines["mfu_40"] == pytest.approx(10, rel=ARITHMETIC)


def test_the_best_constant_has_the_least_median_error():
    """Of 0.2, 0.4, 0.5 the closest pair is 0.4 and 0.5: 0.45 is wrong by a ninth for both."""
    mfus = [0.2, 0.4, 0.5]
    best = best_constant_mfu(mfus)
    upper_median = sorted(abs(mfu / best - 1) for mfu in mfus)[1]

    assert best == pytest.approx(0.45, rel=ARITHMETIC)
    assert upper_median == pytest.approx(1 / 9, rel=1e-9)
    for other in (x / 1000 for x in range(50, 950)):
        assert sorted(abs(mfu / other - 1) for mfu in mfus)[1] >= upper_median - 1e-12


def test_a_median_leaves_the_own_family_of_sources_out():
    """A row of NeMo sees neither its own release nor another one of the family."""
    rows = [
        row("a", 0.5, "nemo-24.07"),
        row("b", 0.52, "dgxc-v25.02"),
        row("c", 0.3, "llm-foundry"),
        row("d", 0.4, "maxtext-a3"),
    ]

    assert told(rows, "median_mfu") == [0.35, 0.35, 0.5, 0.5]


def test_what_no_other_family_measured_is_pooled_and_counted():
    """Only x measured an A100, so its row takes the median over all rows of the others."""
    rows = [
        row("a", 0.5, "x", accelerator="a100-sxm-80gb"),
        row("b", 0.3, "y"),
        row("c", 0.4, "z"),
    ]
    _, baselines = with_baselines(rows)
    pooled = {each.name: each.pooled for each in baselines}

    assert told(rows, "median_mfu") == [0.35, 0.4, 0.3]
    assert pooled["median_mfu"] == 1


def test_precision_and_density_tell_rows_apart():
    rows = [
        row("a", 0.5, "x", mixture=True),
        row("b", 0.2, "y", mixture=True),
        row("c", 0.4, "z"),
        row("d", 0.6, "z", precision="fp8"),
    ]

    assert told(rows, "median_mfu")[0] == pytest.approx(0.3)
    assert told(rows, "median_mfu_density")[0] == pytest.approx(0.2)


def test_without_its_like_a_mixture_takes_the_median_of_the_device():
    """No other family measured a mixture on an H100: the dense rows there stand in, not b200."""
    rows = [
        row("a", 0.5, "x", mixture=True),
        row("b", 0.3, "y"),
        row("c", 0.1, "z", accelerator="b200"),
    ]

    assert told(rows, "median_mfu_density")[0] == pytest.approx(0.3)


def test_one_family_alone_has_no_median():
    rows = [row("a", 0.5, "x-1"), row("b", 0.4, "x-2")]
    _, baselines = with_baselines(rows)

    assert told(rows, "median_mfu") == [None, None]
    assert {each.name: each.silent for each in baselines}["median_mfu"] == 2


def test_repeats_and_rows_kept_apart_teach_once_or_not():
    rows = [
        *(row(name, 0.5, "x", configuration="one") for name in "ab"),
        row("c", 0.4, "x"),
        row("d", 0.1, "x", token_drop=True),
        row("e", 0.1, "x", task="lora"),
    ]

    assert [round(each.mfu, 6) for each in teachers(rows)] == [0.5, 0.4]


def test_rivals_are_judged_on_the_same_rows():
    """The model says 8 s; at an MFU of 0.5 that is right, and 40% says 10 s: 25% off."""
    found, _ = with_baselines([row("a", 0.5, "x"), row("b", 0.5, "y")])
    rival = score(found).baselines["mfu_40"]

    assert rival.median == pytest.approx(0.25, rel=1e-9)
    assert rival.ours == pytest.approx(0, abs=1e-12)
    assert rival.configurations == 2


def test_no_baselines_when_none_are_wanted():
    found, baselines = with_baselines([row("a", 0.5, "x")], "none")

    assert baselines == ()
    assert found[0].baselines == {}


def test_boosting_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    rows = [row(str(n), 0.4, f"s{n % 2}x") for n in range(60)]

    with pytest.raises(MissingExtraError, match=r"llmcost\[calibrate\]"):
        with_baselines(rows, "boosting")


class Mean:
    """A regressor that says the mean of what it was fitted on."""

    def __init__(self, **options):
        self.value = None

    def fit(self, table, values):
        self.value = sum(values) / len(values)
        return self

    def predict(self, table):
        return [self.value] * len(table)


def test_boosting_is_fitted_without_the_own_family(monkeypatch):
    """With a mean for a regressor, the rows at 0.2 are told 0.5, and the other way round."""
    library = ModuleType("sklearn.ensemble")
    library.HistGradientBoostingRegressor = Mean
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", library)
    rows = [row(f"{source}{n}", mfu, source) for source, mfu in SIDES.items() for n in range(20)]

    assert told(rows, "boosting", "boosting") == [0.5] * 20 + [0.2] * 20
    assert told(rows[1:], "boosting", "boosting")[-1] is None
