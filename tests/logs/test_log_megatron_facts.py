"""What Megatron logs say besides steps: launches, arguments, evaluation, checkpoints, ends."""

from io import BytesIO

import pytest

from llmcost.logs.formats.megatron import MEGATRON
from llmcost.logs.reading import read_chunks
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH, STOPPED
from llmcost.logs.segments import Segmenter
from tests.logs.spans import said


@pytest.mark.parametrize(
    ("line", "sizes"),
    [
        (
            b"using world size: 64 and model-parallel size: 8 ",
            {"num_gpus": 64, "tensor_parallel": 8},
        ),
        (
            b"using world size: 64, data-parallel-size: 4, tensor-model-parallel size: 2, "
            b"pipeline-model-parallel size: 8 ",
            {"num_gpus": 64, "data_parallel": 4, "tensor_parallel": 2, "pipeline_parallel": 8},
        ),
        (
            b"using world size: 8, data-parallel size: 1, context-parallel size: 2 "
            b"tensor-model-parallel size: 2, encoder-tensor-model-parallel size: 0, "
            b"pipeline-model-parallel size: 2, encoder-pipeline-model-parallel size: 0",
            {
                "num_gpus": 8,
                "data_parallel": 1,
                "context_parallel": 2,
                "tensor_parallel": 2,
                "pipeline_parallel": 2,
            },
        ),
        (
            b"using world size: 16, data-parallel size: 16, context-parallel size: 1, "
            b"hierarchical context-parallel sizes: None, tensor-model-parallel size: 1, "
            b"pipeline-model-parallel size: 1",
            {
                "num_gpus": 16,
                "data_parallel": 16,
                "context_parallel": 1,
                "tensor_parallel": 1,
                "pipeline_parallel": 1,
            },
        ),
    ],
)
def test_the_world_size_of_each_version_begins_a_launch(line, sizes):
    assert MEGATRON.parse(line).event == LAUNCH
    assert said(MEGATRON, line) == sizes


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        (b"  seq_length ...................................... 4096", {"seq_length": 4096}),
        (b"  global_batch_size ............................... 512", {"global_batch_size": 512}),
        (b"  micro_batch_size ................................ 2", {"micro_batch_size": 2}),
        (b"  batch_size ...................... 4", {"micro_batch_size": 4}),
        (b"  train_iters ..................................... 1000", {"planned_steps": 1000}),
        (b"  log_interval .................................... 10", {"log_interval": 10}),
        (b"  world_size ...................................... 64", {"num_gpus": 64}),
        (b"  expert_model_parallel_size ...................... 8", {"expert_parallel": 8}),
    ],
)
def test_an_argument_is_a_fact(line, fact):
    assert MEGATRON.parse(line).event == FACT
    assert said(MEGATRON, line) == fact


@pytest.mark.parametrize(
    ("line", "precision"),
    [
        (b"  bf16 ............................................ True", "bf16"),
        (b"  fp16 ............................................ True", "fp16"),
        (b"  fp8 ............................................. hybrid", "fp8"),
        (b"  fp8 ............................................. e4m3", "fp8"),
    ],
)
def test_an_argument_tells_the_precision(line, precision):
    assert MEGATRON.parse(line).texts == (("precision", precision),)


@pytest.mark.parametrize(
    "line",
    [
        b"  bf16 ............................................ False",
        b"  fp8 ............................................. None",
        b"  decoder_seq_length .............................. None",
        b"  encoder_seq_length .............................. 1024",
        b"  seq_length ...................................... 4096x",
        b"  retriever_seq_length ............................ 256",
        b"    save-checkpoint ................................: (1234.50, 1240.25)",
        b"[2026-01-02 03:04:05,947] [INFO] [config.py:904:print]   world_size ............... 1",
        b"Downloading ....................... 41",
    ],
)
def test_other_lines_with_dots_say_nothing(line):
    assert MEGATRON.parse(line) is None


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            b" validation loss at iteration 10 | lm loss value: 1.5E+00 | lm loss PPL: 4.4 | ",
            EVALUATION,
        ),
        (b" validation loss at iteration 10 on test set | lm loss value: 1.5E+00 | ", EVALUATION),
        (b"  successfully saved checkpoint at iteration      10 to /c", CHECKPOINT),
        (
            b"  successfully saved checkpoint from iteration      10 to /c [ t 1/2, p 1/1 ]",
            CHECKPOINT,
        ),
        (
            b"  [2026-01-02 03:04:05.678901] successfully saved checkpoint from iteration 10",
            CHECKPOINT,
        ),
        (b"[after megatron is initialized] datetime: 2026-01-02 03:04:05 ", LAUNCH),
        (b"[after training is done] datetime: 2026-01-02 03:04:05 ", END),
        (b"[exiting program at iteration 1000] datetime: 2026-01-02 03:04:05 ", END),
        (b"[exiting program after 690.25 minutes] datetime: 2026-01-02 03:04:05 ", END),
        (b"rank: 0 | time: 2026-01-02 03:04:05 | exiting the program at iteration 1000", END),
        (b"[exiting program after receiving SIGTERM.] datetime: 2026-01-02 03:04:05 ", STOPPED),
    ],
)
def test_events_are_told_from_each_other(line, event):
    parsed = MEGATRON.parse(line)
    assert (parsed.event, parsed.numbers) == (event, ())


@pytest.mark.parametrize(
    "line",
    [
        b"    evaluate .......................................: (2000.25, 2500.50)",
        b"    evaluate .......................................: 2500.50",
    ],
)
def test_an_evaluation_takes_as_long_as_its_slowest_rank(line):
    assert MEGATRON.parse(line).event == EVALUATION
    assert said(MEGATRON, line) == pytest.approx({"evaluation_time": 2.5005})


@pytest.mark.parametrize(
    "line",
    [
        b"saving checkpoint at iteration      10 to /c in torch_dist format",
        b"  successfully loaded checkpoint from /c [ t 0, p 0 ] at iteration 100",
        b"  scheduled an async checkpoint save at iteration     100 to /c",
        b"[before the start of training step] datetime: 2026-01-02 03:04:05 ",
    ],
)
def test_what_is_not_yet_or_no_longer_a_checkpoint_says_nothing(line):
    assert MEGATRON.parse(line) is None


def test_a_launch_of_megatron_lm_begins_with_its_first_line_alone():
    """Both lines of a launch stand before its first step: the second begins no other."""
    begin = (
        b"using world size: 8, data-parallel size: 8\n"
        b"[after megatron is initialized] datetime: 2026-01-02 03:04:05 \n"
    )
    step = b" iteration %8d/     100 | elapsed time per iteration (ms): 2000.0 | lm loss: 5.0 |\n"
    log = begin + step % 1 + step % 2 + begin + step % 3 + step % 4
    segmenter = Segmenter()
    for _, chunk in read_chunks([BytesIO(log)]):
        segmenter.add(chunk)
    assert [(one.first_step, one.last_step) for one in segmenter.segments] == [(1, 2), (3, 4)]
