"""Errors, repeats, intervals and groups, against values worked out by hand."""

import pytest

from llmcost.studies.validation.families import source_family
from llmcost.studies.validation.groups import cluster_size, grouped
from llmcost.studies.validation.rows import run_row, step_row
from llmcost.studies.validation.scoring import distinct, score
from tests.validation_fakes import FakePoint, FakePrediction, FakeRun

ARITHMETIC = 1e-12


def row(name, measured, predicted, low=None, high=None, **point):
    """Return a row of a fake point and its prediction."""
    return step_row(
        FakePoint(name, measured, **point), FakePrediction(predicted, low=low, high=high)
    )


def test_errors_of_four_rows():
    """Errors -10%, 0, +20%, +50%: absolute 0, 0.1, 0.2, 0.5; the P90 lies 0.7 of the way up."""
    found = score([row("a", 10, 9), row("b", 4, 4), row("c", 5, 6), row("d", 2, 3)])

    assert found.configurations == found.rows == 4
    assert found.median == pytest.approx((0.1 + 0.2) / 2, rel=ARITHMETIC)
    assert found.mean == pytest.approx(0.8 / 4, rel=ARITHMETIC)
    assert found.p90 == pytest.approx(0.2 + 0.7 * 0.3, rel=ARITHMETIC)
    assert found.bias == pytest.approx((0 + 0.2) / 2, rel=ARITHMETIC)
    assert found.mean_bias == pytest.approx((-0.1 + 0 + 0.2 + 0.5) / 4, rel=ARITHMETIC)
    assert found.within_10 == 2 / 4
    assert found.within_20 == 3 / 4
    assert (found.coverage, found.width, found.spread) == (None, None, None)


def test_coverage_and_width_of_intervals():
    """10 lies in 8..12; 10 does not lie in 11..22; the third row has no interval."""
    rows = [row("a", 10, 10, 8, 12), row("b", 10, 16, 11, 22), row("c", 10, 10)]
    found = score(rows)

    assert found.coverage == 1 / 2
    assert found.width == pytest.approx((4 / 10 + 11 / 16) / 2, rel=ARITHMETIC)
    assert found.spread == pytest.approx((12 / 8 + 22 / 11) / 2, rel=ARITHMETIC)


def test_an_end_of_the_interval_is_inside():
    assert score([row("a", 8, 10, 8, 12), row("b", 12, 10, 8, 12)]).coverage == 1


def test_repeats_count_once_at_their_median():
    """Measured 10, 12 and 11 of one configuration are 11; beside it 4 against 5."""
    measured = {"a": 10, "b": 12, "c": 11}
    repeats = [row(name, time, 11, configuration="one") for name, time in measured.items()]
    found = score([*repeats, row("d", 4, 5)])

    assert (found.rows, found.configurations) == (4, 2)
    assert found.median == pytest.approx((0 + 0.25) / 2, rel=ARITHMETIC)


def test_rows_without_a_configuration_stand_alone():
    assert len(distinct([row("a", 1, 1), row("b", 1, 1)])) == 2


def test_rows_that_are_not_scored_count_nowhere():
    unmeasured = row("b", None, 1, scored=False, reason="no step time")
    unpredicted = step_row(FakePoint("c"), FakePrediction(None, reason="does not fit"))
    found = score([row("a", 1, 1), unmeasured, unpredicted])

    assert found.rows == 1
    assert unmeasured.reason == "no step time"
    assert unpredicted.reason == "does not fit"
    assert score([unmeasured, unpredicted]) is None


@pytest.mark.parametrize(
    ("point", "apart"),
    [
        ({}, ""),
        ({"token_drop": True}, "token-dropping"),
        ({"flags": ("rounded", "suspicious_reread_at_source")}, "suspicious"),
        ({"task": "lora"}, "fine-tuning"),
        ({"task": "sft"}, "fine-tuning"),
        ({"flags": ("repeat_measurement",)}, ""),
    ],
)
def test_what_is_kept_out_of_the_headline(point, apart):
    assert row("a", 1, 1, **point).apart == apart


def test_the_ideal_time_of_a_step_and_of_a_run():
    """3.2e16 FLOP on 8 devices of 1e15 FLOP/s take 4 s; 3.6e21 FLOP take 1,000 GPU-hours."""
    step = row("a", 10, 8)
    whole = run_row(FakeRun("r", 2500.0), FakePrediction(gpu_hours=3000.0, model_flop=3.6e21))

    assert step.ideal == pytest.approx(4, rel=ARITHMETIC)
    assert step.mfu == pytest.approx(0.4, rel=ARITHMETIC)
    assert whole.ideal == pytest.approx(1000, rel=ARITHMETIC)
    assert whole.mfu == pytest.approx(0.4, rel=ARITHMETIC)
    assert whole.error == pytest.approx(0.2, rel=ARITHMETIC)


@pytest.mark.parametrize(
    ("source", "family"),
    [
        ("bloom-prequel", "bloom-prequel"),
        ("dgxc-v24.11.1", "nemo"),
        ("nemo-24.07", "nemo"),
        ("nemo-longseq", "nemo"),
        ("mbridge-26.04.01", "mbridge"),
        ("llm-foundry", "llm-foundry"),
        ("maxtext-v5e", "maxtext"),
        ("maxtext-a3", "maxtext"),
        ("megatron2020", "megatron"),
        ("megatron-sc21-t2", "megatron"),
        ("megatron-readme", "megatron"),
        ("simumax-b200", "simumax"),
        ("torchtitan-2024-10", "torchtitan"),
        ("OLMo core v1.2", "olmo-core"),
        ("2024", "2024"),
        ("nemotron-paper", "nemotron-paper"),
    ],
)
def test_releases_of_a_source_are_one_family(source, family):
    assert source_family(source) == family


@pytest.mark.parametrize(
    ("num_gpus", "name"),
    [
        *((1, "1"), (2, "2-8"), (8, "2-8"), (9, "9-64"), (64, "9-64"), (65, "65-512")),
        *((512, "65-512"), (513, "513-4096"), (4096, "513-4096"), (4097, ">4096")),
        (None, "not stated"),
    ],
)
def test_classes_of_size(num_gpus, name):
    assert cluster_size(num_gpus) == name


def test_groups_are_in_order_and_hold_every_row():
    rows = [row(str(n), 1, 1, num_gpus=n) for n in (8192, 1, 64, None, 2)]

    assert list(grouped(rows, "size")) == ["1", "2-8", "9-64", ">4096", "not stated"]
    assert sum(map(len, grouped(rows, "size").values())) == len(rows)


def test_the_generation_is_that_of_the_catalogue():
    assert list(grouped([row("a", 1, 1), row("b", 1, 1, accelerator="b200")], "generation")) == [
        "blackwell",
        "hopper",
    ]
    assert row("a", 1, 1, accelerator="abacus").generation == ""


class Rate:
    """A measurement of 100 token/s/GPU that needs a batch to be a time."""

    def step_times(self, batch, seq_length, num_gpus):
        seconds = batch * seq_length / num_gpus / 100
        return seconds, seconds / 2, seconds * 2


def test_a_rate_without_a_batch_is_the_time_of_the_predicted_batch():
    """16 sequences of 4,096 tokens on 8 devices at 100 token/s each take 81.92 s."""
    found = step_row(FakePoint("a", None, measurement=Rate()), FakePrediction(81.92))

    assert found.measured == pytest.approx(81.92, rel=ARITHMETIC)
    assert (found.measured_low, found.measured_high) == pytest.approx((40.96, 163.84))
    assert found.scored
