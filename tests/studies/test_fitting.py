"""The fit of the constants finds what made the data, and says how sure it is."""

from dataclasses import replace

import numpy as np
import pytest

from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.calibration import calibration, read_calibration
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.layout import Layout, as_columns
from llmcost.machine import Machine, Software
from llmcost.studies import calibration as study
from llmcost.studies.fitting import Batch, Sample, Watched, fit
from llmcost.studies.intervals import interval_of, situation_of

TOLD = calibration()


def architecture_of(name):
    """Return the architecture of a catalogue model."""
    return architecture_from_config(dict(model(name).config))[0]


def samples(constants, gpus=("h100-sxm", "a100-sxm-80gb", "gb200")):
    """Steps of two models in several layouts, timed by the model itself under some constants."""
    made = []
    for gpu in gpus:
        for tensor in (1, 2, 4, 8):
            for micro in (1, 2, 4):
                layout = Layout(
                    tensor_parallel=tensor,
                    data_parallel=8 // tensor,
                    micro_batch_size=micro,
                    global_batch_size=64,
                    zero_stage=1,
                    sequence_parallel=tensor > 1,
                )
                for name in ("llama-3-8b", "llama-2-13b"):
                    made.append(
                        Sample(
                            architecture=architecture_of(name),
                            machine=Machine(accelerator(gpu), "bf16", Software("megatron", 2025.0)),
                            layout=as_columns(layout, 4096),
                            num_gpus=8,
                            measured=1.0,
                            source=gpu,
                            configuration=(gpu, tensor, micro, name),
                            mixture=False,
                        )
                    )
    times = Batch(made).predict(constants)
    return [replace(one, measured=float(time)) for one, time in zip(made, times, strict=True)]


def test_data_made_with_the_priors_leave_the_priors():
    """Nothing to learn: every fitted constant stays where it started."""
    start = study._at_priors(TOLD)

    found = fit(samples(start.values), start)

    for name, one in found.constants.items():
        assert one.value == pytest.approx(start.constants[name].value, rel=1e-6), name


def test_a_slower_generation_is_found():
    """Hopper made 20% slower at products: its own factor falls most, and predictions follow."""
    start = study._at_priors(TOLD)
    slower = {**start.values, "matmul.hopper.bf16": 0.8}
    data = samples(slower)

    found = fit(data, start)

    assert found.values["matmul.hopper.bf16"] < 0.9
    assert found.values["matmul.ampere.bf16"] > 0.97
    errors = np.abs(Batch(data).predict(found.values) / [one.measured for one in data] - 1)
    assert errors.max() < 0.03


def test_constants_that_no_row_reads_keep_their_prior_width_as_error():
    found = fit(samples(study._at_priors(TOLD).values), study._at_priors(TOLD))

    unread = found.constants["early_flash.ampere"]
    assert unread.value == pytest.approx(unread.prior)
    assert unread.standard_error == pytest.approx(unread.prior_width)
    read = found.constants["matmul.hopper.bf16"]
    assert read.standard_error < read.prior_width


def test_one_changed_constant_is_worked_out_as_all_anew():
    data = samples(TOLD.values)
    batch = Batch(data)
    base = batch.predict(TOLD.values)
    for name in ("matmul.hopper.bf16", "sustained", "elementwise.megatron", "early_flash.ampere"):
        nudged = {**TOLD.values, name: TOLD.values[name] * 1.1}
        np.testing.assert_allclose(
            batch.nudged(base, nudged, name), batch.predict(nudged), rtol=1e-12
        )


def test_watched_constants_tell_what_was_read():
    watched = Watched({"a": 1.0, "b": 2.0})

    assert watched["a"] == 1.0
    assert watched.get("c", 3.0) == 3.0
    assert watched.read == {"a", "c"}


def test_the_ends_of_an_interval_are_those_of_split_conformal_prediction():
    """Of 19 ratios the 2nd smallest and 2nd largest: floor(0.1 x 20) = 2 (Lei et al. 2018)."""
    ratios = [1 + (i - 9) / 20 for i in range(19)]

    ends = study._ends(ratios)

    assert ends["low"] == pytest.approx(ratios[1])
    assert ends["high"] == pytest.approx(ratios[17])


def test_an_interval_always_holds_the_prediction():
    ends = study._ends([1.3] * 20)

    assert ends["low"] <= 0.97
    assert ends["high"] == pytest.approx(1.3)


def test_what_is_written_reads_back_the_same(tmp_path):
    path = tmp_path / "calibration.toml"
    path.write_text(study.toml_text(TOLD), encoding="utf-8")

    again = read_calibration(path)

    assert again.intervals == TOLD.intervals
    for name, one in TOLD.constants.items():
        assert again.constants[name] == one, name
    assert study.toml_text(again) == study.toml_text(TOLD)


def test_a_combined_situation_is_as_wide_as_its_widest_part():
    known, mixture = interval_of("known"), interval_of("mixture of experts")

    both = interval_of("known, mixture of experts")

    assert both == (min(known[0], mixture[0]), max(known[1], mixture[1]))


@pytest.mark.parametrize(
    ("gpu", "family", "year", "mixture", "layout_known", "situation"),
    [
        ("h100-sxm", "megatron", 2025.0, False, True, "known"),
        ("h100-sxm", "other", 2025.0, False, True, "new framework"),
        ("mi300x", "megatron", 2025.0, False, True, "new accelerator"),
        ("a100-sxm-80gb", "megatron", 2021.0, False, True, "early software"),
        ("b200", "megatron", 2026.0, True, True, "mixture of experts"),
        ("h100-sxm", "megatron", 2025.0, True, False, "mixture of experts, layout missing"),
    ],
)
def test_the_situation_of_a_prediction(gpu, family, year, mixture, layout_known, situation):
    machine = Machine(accelerator(gpu), "bf16", Software(family, year))

    assert situation_of(machine, mixture=mixture, layout_known=layout_known) == situation
