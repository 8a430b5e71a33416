"""Lines of GPT-NeoX, with made-up numbers in their own syntax."""

import pytest

from llmcost.logs.formats.gpt_neox import GPT_NEOX
from llmcost.logs.record import EVALUATION, FACT, LAUNCH
from tests.logs.spans import said

STEP = (
    b" samples/sec: 28.125 | iteration       10/  320000 |"
    b" elapsed time per iteration (ms): 9102.2 | learning rate: 1.234E-04 |"
    b" approx flops per GPU: 52.5TFLOPS | MFU: 41.25% | HFU: 55.00% |"
    b" lm_loss: 7.125000E+00 | loss scale: 4096.0 | number of skipped iterations:   2 |"
    b" number of nan iterations:   0 |"
)


def test_a_line_gives_its_time_its_rate_and_both_of_its_shares():
    assert said(GPT_NEOX, STEP) == pytest.approx(
        {
            "samples_per_second": 28.125,
            "step": 10,
            "planned_steps": 320000,
            "step_time": 9.1022,
            "stated_flop_rate": 52.5e12,
            "stated_mfu": 0.4125,
            "loss": 7.125,
            "skipped_steps": 2,
        }
    )


@pytest.mark.parametrize(
    ("unit", "scale"), [(b"FLOPS", 1.0), (b"GFLOPS", 1e9), (b"TFLOPS", 1e12), (b"PFLOPS", 1e15)]
)
def test_the_rate_is_in_its_unit(unit, scale):
    line = STEP.replace(b"52.5TFLOPS", b"52.5" + unit)
    assert said(GPT_NEOX, line)["stated_flop_rate"] == pytest.approx(52.5 * scale)


def test_a_rate_in_a_unit_that_is_not_known_is_left_out():
    assert "stated_flop_rate" not in said(GPT_NEOX, STEP.replace(b"TFLOPS", b"things"))


def test_the_line_of_megatron_is_not_its_own():
    assert GPT_NEOX.parse(STEP.replace(b"approx flops per GPU", b"throughput per GPU")) is None


@pytest.mark.parametrize(
    ("told", "sizes"),
    [
        (b"96 and model-parallel size: 2 ", {"num_gpus": 96, "tensor_parallel": 2}),
        (
            b"96, pipe-parallel size: 0, context-parallel size: 1, and model-parallel size: 2 ",
            {"num_gpus": 96, "context_parallel": 1, "tensor_parallel": 2},
        ),
    ],
)
def test_the_world_size_begins_a_launch(told, sizes):
    line = b"NeoXArgs.configure_distributed_args() using world size: " + told
    assert GPT_NEOX.parse(line).event == LAUNCH
    assert said(GPT_NEOX, line) == sizes


@pytest.mark.parametrize("how", ["default", "updated"])
@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("train_batch_size", 1536, "global_batch_size"),
        ("global_num_gpus", 96, "num_gpus"),
        ("seq_length", 2048, "seq_length"),
        ("train_micro_batch_size_per_gpu", 4, "micro_batch_size"),
        ("gradient_accumulation_steps", 32, "accumulation"),
        ("pipe_parallel_size", 4, "pipeline_parallel"),
        ("train_iters", 320000, "planned_steps"),
        ("log_interval", 100, "log_interval"),
    ],
)
def test_an_argument_is_a_fact(name, value, field, how):
    """In the table a name has 32 columns with its dots, and its value 64 with those behind it."""
    line = f"{f'  {name} '.ljust(34, '.')} {value}".ljust(64, ".") + how
    assert GPT_NEOX.parse(line.encode()).event == FACT
    assert said(GPT_NEOX, line.encode()) == {field: value}


@pytest.mark.parametrize(("word", "name"), [(b"bfloat16", "bf16"), (b"fp16....", "fp16")])
def test_the_precision_is_a_fact(word, name):
    line = b"  precision ....................... " + word + b"....................updated"
    assert GPT_NEOX.parse(line).texts == (("precision", name),)


@pytest.mark.parametrize(
    "line",
    [
        b"  pipe_parallel_size .............. 0...........................default",
        b"  train_batch_size ................ None........................default",
        b"  clip_grad ....................... 1.0.........................default",
        b"  global_num_gpus ................. 96",
        b"  a .......default",
        b" .......updated",
    ],
)
def test_other_arguments_say_nothing(line):
    assert GPT_NEOX.parse(line) is None


@pytest.mark.parametrize(
    "what", [b"validation results at iteration 1000", b"test results at the end"]
)
def test_results_are_an_evaluation(what):
    line = b" " + what + b" | lm_loss value: 2.500000E+00 | lm_loss_ppl value: 1.218249E+01 | "
    assert GPT_NEOX.parse(line).event == EVALUATION
