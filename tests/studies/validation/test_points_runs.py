"""Whole published runs as points."""

import pytest

from llmcost.errors import DataError
from llmcost.studies.validation.run_points import read_runs, run_point_of

RUN = {
    "id": "one",
    "model": "Llama 2 70B",
    "tokens": "2T",
    "gpu": "A100-SXM4-80GB",
    "gpu_hours": "1,720,320",
    "task": "pretrain",
}


def by_id():
    """Return the shipped runs by id."""
    return {run.id: run for run in read_runs()}


def test_every_run_is_scored_or_says_why_not():
    runs = read_runs()

    assert len(runs) == 57
    assert all(run.scored != bool(run.reason) for run in runs)


def test_which_runs_are_not_scored():
    """Without tokens, without device time, post-training, or a sparse model told as a dense one."""
    apart = {run.model: run.reason for run in read_runs() if not run.scored}

    assert {model for model, reason in apart.items() if reason.startswith("tokens")} == {
        "Switch-1.5T (MoE)",
        "gpt-oss-20b",
        "LaMDA 137B",
        "Pangu Ultra MoE 718B",
    }
    assert {model for model, reason in apart.items() if reason.startswith("no device time")} == {
        "SmolLM2 1.7B",
        "OLMo 7B (A100 run)",
        "INTELLECT-1 10B",
        "DBRX 132B",
    }
    assert apart["DeepSeek-R1 (RL + SFT on V3)"].startswith("task")
    assert apart["PanGu-Sigma 1.085T"].startswith("gpu_hours: 6 x parameters x tokens")
    assert len(apart) == 10


def test_a_published_run_in_full():
    """Llama 3.1 405B: 15.6T tokens in 30.84M GPU-hours on 16,384 H100."""
    run = by_id()["run-013"]

    assert run.architecture_basis == "catalogue llama-3.1-405b"
    assert (run.tokens, run.gpu_hours, run.num_gpus) == (15.6e12, 30.84e6, 16384)
    assert (run.accelerator, run.seq_length, run.precision) == ("h100-sxm", 8192, "bf16")


def test_bounds_and_assumptions_are_told_by_flags():
    runs = by_id()

    assert "tokens_lower_bound(15T+)" in runs["run-009"].flags
    assert "pruned_or_distilled" in runs["run-014"].flags
    assert any("upper_bound" in flag for flag in runs["run-082"].flags)
    assert runs["run-082"].accelerator_alternatives == ("h100-pcie", "h100-nvl")


def test_fp8_in_the_remarks_is_the_precision_unless_for_a_part():
    assert by_id()["run-019"].precision == "fp8"
    assert by_id()["run-018"].precision is None


def test_a_model_of_its_size_only_says_so():
    run = by_id()["run-033"]

    assert run.architecture_inferred
    assert run.architecture_basis.startswith("inferred from 2.8e+11 parameters")


def test_device_time_from_days():
    """512 devices for 30 days are 368,640 GPU-hours."""
    run = run_point_of({**RUN, "gpu_hours": "", "n_gpus": "512", "wall_clock_days": "30"})

    assert run.gpu_hours == 368_640
    assert run.measured_basis == "n_gpus x wall_clock_days"
    assert "gpu_hours_from_days" in run.flags


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("tokens", "", "tokens: got nothing"),
        ("tokens", "-2T", "tokens: got '-2T'; needs a number above 0"),
        ("gpu_hours", "", "no device time"),
        ("gpu_hours", "17,203", "gpu_hours: 6 x parameters x tokens in 17,203 GPU-hours"),
        ("gpu", "Quantum Z9", "gpu: got 'Quantum Z9'"),
        ("task", "post-training", "task: got 'post-training'"),
        ("model", "Nemotron 3 Nano", "model_name: got 'Nemotron 3 Nano', whose layers"),
    ],
)
def test_runs_that_cannot_be_scored_say_why(column, cell, reason):
    cells = {**RUN, "n_params_total": "69e9"} if column == "gpu_hours" else RUN
    run = run_point_of({**cells, column: cell})

    assert not run.scored
    assert run.reason.startswith(reason)


def test_numbers_as_people_write_them():
    run = run_point_of(RUN)

    assert run.scored
    assert (run.tokens, run.gpu_hours) == (2e12, 1_720_320)


def test_a_file_of_anyone(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(
        "gpu,id,model,tokens,gpu_hours\nTPU v4,a,PaLM 540B,780B,8.4M\n", encoding="utf-8"
    )

    (run,) = read_runs(path)

    assert run.scored
    assert (run.accelerator, run.tokens, run.gpu_hours) == ("tpu-v4", 780e9, 8.4e6)


def test_a_file_without_its_columns(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("id,model\na,b\n", encoding="utf-8")

    with pytest.raises(DataError, match="has no column gpu"):
        read_runs(path)
