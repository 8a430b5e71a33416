"""Lines of OLMo and OLMo-core, and what is read of them. The numbers are made up."""

import pytest
from spans import said

from llmcost.logs.formats.olmo import OLMO
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH, STOPPED

OLD = b"[2025-03-04 05:06:07] INFO     [olmo.train:816, rank=0] "
CORE = b"2025-03-04 05:06:07.089\tnode-1:0\tolmo_core.train."
CONSOLE = CORE + b"callbacks.console_logger:67\tINFO\t"


@pytest.mark.parametrize("text", [b"[step=120/7393]", b"[step=120/7393,epoch=0]"])
def test_the_header_of_olmo(text):
    assert said(OLMO, OLD + text) == {"step": 120, "planned_steps": 7393, "rank": 0}
    assert OLMO.parse(OLD + text).opens


def test_the_header_of_olmo_core():
    line = CONSOLE + b"[step=120/7393,epoch=1,eta=1 day10 hours30 minutes]"

    assert said(OLMO, line) == {"step": 120, "planned_steps": 7393}


def test_an_unknown_end():
    assert said(OLMO, CONSOLE + b"[step=120/???,epoch=1,eta=10 minutes]") == {"step": 120}


def test_headers_of_olmo_core_without_values_are_not_read():
    """Values of step 5 may come after the header of step 6, which would look like a new launch."""
    assert OLMO.parse(CONSOLE + b"[step=6/7393,epoch=1]") is None


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"    throughput/total_tokens=4,194,304", {"tokens_total": 4194304}),
        (b"    throughput/device/tokens_per_second=45,538", {"tokens_per_gpu_second": 45538}),
        (b"    throughput/device/batches_per_second=0.0869", {"steps_per_second": 0.0869}),
        (b"    train/CrossEntropyLoss=11.25", {"loss": 11.25}),
        (b"    train/CE loss=6.445", {"loss": 6.445}),
        (b"    throughput/device/TPS=258,163", {"tokens_per_gpu_second": 258163}),
        (b"    throughput/device/BPS=3.939", {"steps_per_second": 3.939}),
        (b"    throughput/device/flopsPS=441.0T", {"stated_flop_rate": 441e12}),
        (b"    throughput/device/flopsPS=1.250P", {"stated_flop_rate": 1.25e15}),
        (b"    throughput/total tokens=52,428,800", {"tokens_total": 52428800}),
    ],
)
def test_values_add_to_the_record(line, value):
    assert said(OLMO, line) == pytest.approx(value)
    assert not OLMO.parse(line).opens


def test_the_mfu_is_in_percent():
    assert said(OLMO, b"    throughput/device/MFU=44.50") == pytest.approx({"stated_mfu": 0.445})


@pytest.mark.parametrize(
    "line",
    [
        b"    throughput/device/TPS (actual avg)=195,922",
        b"    throughput/device/MFU (actual avg)=33.82",
        b"    throughput/device/data loading (%)=0.0701",
        b"    throughput/total tokens=1.234B",
        b"    throughput/total flops=89.56P",
        b"    train/CE loss=nan",
        b"    train/Perplexity=76,631",
        b"    System/Peak GPU Memory (MB)=42,133",
    ],
)
def test_other_values_are_not_read(line):
    """Neither averages since the start, nor totals of four digits, which hide single steps."""
    assert OLMO.parse(line) is None


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (OLD + b"Saving checkpoint...", CHECKPOINT),
        (OLD + b"Running evaluation for 'piqa'...", EVALUATION),
        (OLD.replace(b"olmo.train", b"train") + b"Starting training...", LAUNCH),
        (OLD + b"Run canceled", STOPPED),
        (CORE + b"trainer:970\tINFO\tSaving checkpoint for step 500 to 'out'...", CHECKPOINT),
        (CORE + b"trainer:764\tINFO\tTraining complete", END),
        (CORE + b"trainer:750\tERROR\tTraining failed due to:", STOPPED),
    ],
)
def test_events(line, event):
    assert OLMO.parse(line).event == event


def test_the_launch_of_olmo_core_plans_its_steps():
    line = CORE + b"trainer:710\tINFO\tTraining for 7,393 steps"

    assert OLMO.parse(line).event == LAUNCH
    assert said(OLMO, line) == {"planned_steps": 7393}


def test_the_evaluation_of_olmo_core_says_how_long_it_took():
    line = (
        CORE
        + b"callbacks.evaluator_callback:170\tINFO\tFinished LM evals in 12.5 seconds. Metrics:"
    )

    assert OLMO.parse(line).event == EVALUATION
    assert said(OLMO, line) == {"evaluation_time": 12.5}


def test_the_device():
    line = (
        CORE
        + b"callbacks.speed_monitor:110\tINFO\t"
        + b"Device: NVIDIA H100 80GB HBM3, Device peak Flops/s: 989500000000000"
    )

    assert OLMO.parse(line).event == FACT
    assert said(OLMO, line) == {"peak_flop_rate": 989.5e12}
    assert OLMO.parse(line).texts == (("accelerator", "NVIDIA H100 80GB HBM3"),)


def test_the_parameters():
    line = OLD.replace(b"olmo.train", b"train") + b"Total number of parameters: 1,176,764,416"

    assert said(OLMO, line) == {"parameters": 1_176_764_416}


def test_the_same_words_of_another_program_are_not_read():
    assert OLMO.parse(b"INFO: Training complete") is None
