"""What follows from other cells: the batch, the length, the micro-batch of XLA, the depth."""

import pytest

from llmcost.studies.validation.hints import read_hints
from llmcost.studies.validation.points import point_of

LLAMA = {
    "id": "a",
    "framework": "Megatron-LM",
    "model_name": "Llama 3.1 8B",
    "gpu": "H100-SXM5-80GB",
    "n_gpus": "8",
    "dtype": "bf16",
    "tp": "1",
    "pp": "1",
    "cp": "1",
    "seq_len": "8192",
    "micro_batch": "1",
    "global_batch_seqs": "128",
    "reported_tokens_per_s_per_gpu": "10000",
}
TPU = LLAMA | {"framework": "MaxText", "gpu": "TPU v5p", "n_gpus": "64", "tp": "4"}


def row(**cells: str) -> dict[str, str]:
    return LLAMA | cells


def test_a_batch_follows_from_a_step_time_and_a_token_rate() -> None:
    """13.1 s x 10,000 token/s x 8 devices are 127.9 sequences of 8,192: 128 on 8 replicas."""
    point = point_of(row(reported_step_time_s="13.1", global_batch_seqs=""))
    assert point.global_batch_size == 128
    assert point.measured_step_time == pytest.approx(13.1)


def test_a_sequence_length_follows_from_a_step_time_a_token_rate_and_a_batch() -> None:
    """The same figures, with the batch known and the length not."""
    point = point_of(row(reported_step_time_s="13.1", seq_len=""))
    assert point.seq_length == 8192


def test_a_step_time_alone_says_nothing_of_a_batch_that_is_not_known() -> None:
    """A step of an unknown number of sequences cannot be compared with any prediction."""
    point = point_of(
        row(reported_step_time_s="13.1", reported_tokens_per_s_per_gpu="", global_batch_seqs="")
    )
    assert not point.scored
    assert point.reason.startswith("global_batch_seqs: got nothing; a step time needs")


def test_a_token_rate_needs_no_batch() -> None:
    """A rate can be compared at the batch that the prediction takes."""
    point = point_of(row(global_batch_seqs=""))
    assert point.scored
    assert point.global_batch_size is None


def test_xla_counts_micro_batches_by_device_also_where_the_replicas_are_not_known() -> None:
    """2 x 64 devices make 128: one pass a step, and no 2 sequences for a replica of 4 devices."""
    point = point_of(TPU | {"micro_batch": "2", "cp": "", "dp": ""})
    assert point.micro_batch_size is None
    assert point.hints.micro_batches == 1


def test_xla_states_its_batch_by_device() -> None:
    """2 sequences a device on 64 devices are a batch of 128, 8 for each of the 16 replicas."""
    point = point_of(TPU | {"micro_batch": "2", "global_batch_seqs": ""})
    assert (point.global_batch_size, point.micro_batch_size) == (128, 8)


def test_a_depth_beyond_the_layers_cannot_be() -> None:
    """32 layers on 4 stages hold 8 chunks a stage at most, and room for an embedding and a loss."""
    reason = point_of(row(pp="4", dp="2", vpp="100")).reason
    assert reason == "vpp: got 100; needs at most 9 for 32 layers on pp 4"
    assert point_of(row(pp="4", dp="2", vpp="8")).scored


@pytest.mark.parametrize(
    ("text", "expected"), [("GA=32", 32), ("GA=32 (64)", None), ("gas = 8; x", 8), ("none", None)]
)
def test_accumulation_is_read_whole_or_not_at_all(text: str, expected: int | None) -> None:
    """Two figures for one knob say neither."""
    assert read_hints(text, "", "").micro_batches == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"source_date": "2024-03", "source_short": "nemo-25.09"}, 2024 + 2.5 / 12),
        ({"source_url_or_repo_path": "arXiv:2104.04473 table 1"}, 2021 + 3.5 / 12),
        ({"source_short": "nemo-24.07"}, 2024 + 6.5 / 12),
        ({"framework": "Megatron-Bridge (NeMo 25.09 container)"}, 2025 + 8.5 / 12),
        (
            {"source_url_or_repo_path": "blog.example.com/2023-11-02-speed"},
            2023 + (10 + 2 / 31) / 12,
        ),
        ({"framework": "PyTorch 2.10, CUDA 12.8, driver 535.104.05"}, None),
        ({}, None),
    ],
)
def test_a_date_is_that_of_the_row_or_of_its_source(cells, expected: float | None) -> None:
    """Papers and releases are numbered by year and month; other versions are no dates."""
    assert point_of(LLAMA | cells).source_date == (expected and pytest.approx(expected))
