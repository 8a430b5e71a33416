"""Megatron-LM's progress.txt, with made-up numbers in its own syntax."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.logs.formats.progress_txt import PROGRESS_TXT
from llmcost.logs.reading import read_chunks
from llmcost.logs.record import CHECKPOINT, LAUNCH
from tests.logs.spans import said

JOB = b"2026-01-02 03:04:05\tJob ID: 1984\t# GPUs: 64\t"
SAVED = (
    b"Iteration: 500\tJob throughput: 364.5 TFLOP/s/GPU\tCumulative throughput: 350.0 "
    b"TFLOP/s/GPU\tFloating-point operations: 6.76e+19\tTokens (in billions): 2.05"
)


@pytest.mark.parametrize("what", [b"Saved checkpoint\t", b"Saving async checkpoint\t"])
def test_a_checkpoint_tells_of_steps_and_tokens(what):
    line = JOB + what + SAVED
    assert PROGRESS_TXT.parse(line).event == ""
    assert said(PROGRESS_TXT, line) == pytest.approx(
        {"step": 500, "stated_flop_rate": 364.5e12, "tokens_total": 2.05e9}
    )


def test_rates_that_forks_add_are_passed_over():
    line = JOB + b"Saved checkpoint\t" + SAVED + b"\tJob tokens/sec/GPU: 7512.5"
    assert said(PROGRESS_TXT, line)["tokens_total"] == pytest.approx(2.05e9)


def test_a_job_that_starts_is_a_launch_with_its_accelerators():
    line = JOB + b"Starting job"
    assert PROGRESS_TXT.parse(line).event == LAUNCH
    assert said(PROGRESS_TXT, line) == {"num_gpus": 64}


def test_an_asynchronous_checkpoint_counts_when_it_was_written():
    parsed = PROGRESS_TXT.parse(JOB + b"Saved async checkpoint\tIteration: 500")
    assert (parsed.event, parsed.numbers) == (CHECKPOINT, ())


@pytest.mark.parametrize(
    "line",
    [
        JOB + b"Saved checkpoint\tIteration: 500\tJob throughput: 364.5",
        JOB + b"Something else",
        b"2026-01-02 03:04:05\tJob ID: 1984\t# GPUs: many\tStarting job",
        b'append_to_progress_log(f"{prefix}\tJob ID: {job}\t# GPUs: {size}\tStarting job")',
    ],
)
def test_a_line_that_is_cut_off_or_another_says_nothing(line):
    assert PROGRESS_TXT.parse(line) is None


def test_a_file_of_two_launches_gives_both_with_their_moments():
    day = b"2026-01-0%d 0%d:00:00\tJob ID: %d\t# GPUs: 8\t"
    tail = b"\tJob throughput: 364.5 TFLOP/s/GPU\tTokens (in billions): %d.00\n"
    log = b"".join(
        [
            day % (2, 1, 7) + b"Starting job\n",
            day % (2, 2, 7) + b"Saved checkpoint\tIteration: 100" + tail % 1,
            day % (2, 3, 7) + b"Saved checkpoint\tIteration: 200" + tail % 2,
            day % (3, 1, 8) + b"Starting job\n",
            day % (3, 2, 8) + b"Saved checkpoint\tIteration: 300" + tail % 3,
        ]
    )
    chunks = [chunk for _, chunk in read_chunks([BytesIO(log)])]
    columns = {
        name: np.concatenate([chunk.columns[name] for chunk in chunks])
        for name in ("step", "tokens_total", "time_stamp")
    }
    assert list(columns["step"]) == [100, 200, 300]
    assert list(columns["tokens_total"]) == [1e9, 2e9, 3e9]
    assert list(np.diff(columns["time_stamp"])) == [3600.0, 23 * 3600.0]
    events = [event for chunk in chunks for event in chunk.events]
    assert [(event.line, event.kind, event.values) for event in events] == [
        (1, LAUNCH, {"num_gpus": 8}),
        (4, LAUNCH, {"num_gpus": 8}),
    ]
