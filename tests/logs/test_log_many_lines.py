"""Records of many lines, read whole; and what holds for every line of the formats with them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spans import value_of

from llmcost.logs.formats import format_of
from llmcost.logs.line_reader import LineReader

MEGABYTE = 1 << 20
LINES = {
    "hugging_face": (
        b"{'loss': '2.125', 'grad_norm': '1.5', 'num_input_tokens_seen': '40960', 'epoch': '1.5'}",
        b"{'loss': 1.5, 'epoch': 0.96, 'global_step/max_steps': '90/94', 'memory(GiB)': 6.5}",
        " 68%|██████▊   | 205/300 [17:22<08:05,  5.11s/it]".encode(),
        b'{"current_steps": 10, "total_steps": 93, "loss": 4.125, "total_tokens": 3189568}',
        b"  Total train batch size (w. parallel, distributed & accumulation) = 1,024",
        b"{'eval_loss': 2.5, 'eval_runtime': 12.25, 'epoch': 1.0}",
    ),
    "deepspeed": (
        b"[2025-03-04 05:06:07,089] [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=7, "
        b"lr=[5e-05], mom=[(0.9, 0.95)]",
        b"[2025-03-04 05:06:07,089] [INFO] [timer.py:260:stop] epoch=0/micro_step=80/"
        b"global_step=20, RunningAvgSamplesPerSec=24.5, CurrSamplesPerSec=25.625, MemAlloc=4.3GB",
        b"steps: 200 loss: 5.5508 iter time (s): 0.936 samples/sec: 136.706",
        b"[2025-03-04 05:06:07,089] [INFO] [config.py:1001:print]   world_size .......... 16",
    ),
    "composer": (
        b"[batch=10/60]:",
        b"\t Train time/token: 421888",
        b"\t Train throughput/device/mfu: 0.4125",
    ),
    "levanter": (
        b'{"tracker": "json_logger", "event": "log", "step": 7, "metrics": {"train/loss": 3.25}}',
        b'{"tracker": "json_logger", "event": "log", "step": 7, "metrics": '
        b'{"throughput/duration": 0.5, "throughput/mfu": 43.75}}',
        b"Progress on:train 19.0it/70.0it rate:76.8s/it remaining:1:05:15 elapsed:31:40 "
        b"postfix:loss=2.125",
    ),
    "olmo": (
        b"[2025-03-04 05:06:07] INFO     [olmo.train:816, rank=0] [step=120/7393,epoch=0]",
        b"    throughput/device/tokens_per_second=45,538",
        b"    throughput/device/flopsPS=441.5T",
    ),
}
EACH = [(name, line) for name, lines in LINES.items() for line in lines]


@pytest.mark.parametrize(("name", "line"), EACH)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_other_digits_stand_in_the_same_places(name, line, seed):
    draw = random.Random(seed)
    other = bytes(draw.choice(b"0123456789") if 48 <= byte <= 57 else byte for byte in line)

    assert format_of(name).parse(line).numbers
    assert format_of(name).parse(other) == format_of(name).parse(line)


@pytest.mark.parametrize(("name", "line"), EACH)
def test_lines_are_found_by_a_needle(name, line):
    assert any(needle in line for needle in format_of(name).needles)


@pytest.mark.parametrize("name", LINES)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_nothing_or_numbers(name, data):
    """Pieces of true lines and needles, put together anyhow, with anything between."""
    known = format_of(name)
    line = b" ".join(LINES[name])
    cuts = st.tuples(st.integers(0, len(line)), st.integers(0, len(line)))
    pieces = st.one_of(
        cuts.map(lambda ends: line[min(ends) : max(ends)]),
        st.sampled_from(known.needles),
        st.binary(max_size=8),
    )
    torn = b"".join(data.draw(st.lists(pieces)))
    parsed = known.parse(torn)
    for number in parsed.numbers if parsed is not None else ():
        value_of(torn, number)


@pytest.mark.parametrize("name", LINES)
def test_a_megabyte_of_bait_is_passed_over(name):
    """Words and digits without end, in which a search that tries again and again would hang."""
    known = format_of(name)
    for word in (*known.needles, *LINES[name]):
        for bait in (
            word * (MEGABYTE // len(word)),
            word + b"1" * MEGABYTE,
            b" " * MEGABYTE + word,
        ):
            known.parse(bait[:MEGABYTE])


def columns(name, *lines):
    """Return what the reader of lines makes of a log, by field, `None` where nothing is said."""
    reader = LineReader([format_of(name)])
    chunks = [*reader.feed(b"\n".join(lines) + b"\n"), *reader.close()]
    found = {}
    for chunk in chunks:
        for field, values in chunk.columns.items():
            found.setdefault(field, []).extend(None if v != v else float(v) for v in values)
    return found


def test_the_three_lines_of_deepspeed_are_one_record():
    """Before version 0.8 the second line says nothing that can be relied on."""
    step = b"[2025-03-04 05:06:%02d,000] [INFO] [Rank 0] step=%d, skipped=1, lr=[0.1], mom=[0.9]"
    timer = b"[timer.py:260:stop] epoch=0/micro_step=80/global_step=%d, CurrSamplesPerSec=25.5, "
    pipeline = b"steps: %d loss: 5.5 iter time (s): 2.5 samples/sec: 25.5"
    lines = [
        text
        for k in (1, 2, 3)
        for text in (step % (k, 10 * k), timer % (10 * k), pipeline % (10 * k))
    ]
    found = columns("deepspeed", *lines)

    assert found["step"] == [10, 20, 30]
    assert found["skipped_total"] == [1, 1, 1]
    assert found["samples_per_second"] == [25.5, 25.5, 25.5]
    assert found["step_time"] == [2.5, 2.5, 2.5]
    assert found["line"] == [1, 4, 7]


def test_a_batch_of_composer_is_one_record():
    """The header of an epoch counts its own batches: those of all epochs are in time/batch."""
    lines = []
    for epoch, batch, done in ((1, 99, 98), (1, 100, 99), (2, 1, 100)):
        lines += [
            b"[epoch=%d][batch=%d/100]:" % (epoch, batch),
            b"\t Train time/batch: %d" % done,
            b"\t Train time/token: %d" % (2048 * done),
            b"\t Train loss/train/total: 2.5",
            b"[Eval batch=1/2] Eval on eval data",
        ]
    found = columns("composer", *lines)

    assert found["step"] == [98, 99, 100]
    assert found["tokens_total"] == [2048 * 98, 2048 * 99, 2048 * 100]
    assert found["loss"] == [2.5, 2.5, 2.5]


def test_a_step_of_levanter_is_one_record():
    lines = []
    for step in (0, 1):
        lines += [
            b'{"tracker": "json", "event": "log", "step": %d, "metrics": {%s}}' % (step, metrics)
            for metrics in (b'"train/loss": 3.5', b'"optim/lr": 0.1', b'"throughput/duration": 0.5')
        ]

    assert columns("levanter", *lines) == {
        "line": [1, 4],
        "step": [0, 1],
        "loss": [3.5, 3.5],
        "step_time": [0.5, 0.5],
    }


def test_values_before_the_first_header_are_of_no_record():
    """A log may begin in the middle of a record."""
    header = b"[2025-03-04 05:06:07] INFO     [olmo.train:816, rank=0] [step=%d/7393,epoch=0]"
    rate = b"    throughput/device/tokens_per_second=%d"
    found = columns("olmo", rate % 11, header % 5, rate % 22, header % 6, rate % 33)

    assert found["step"] == [5, 6]
    assert found["tokens_per_gpu_second"] == [22, 33]


def test_a_hundred_records_of_olmo():
    """Enough lines alike that they are read together."""
    header = b"[2025-03-04 05:06:07] INFO     [olmo.train:816, rank=0] [step=%d/7393,epoch=0]"
    lines = []
    for step in range(101, 201):
        lines += [
            header % step,
            b"    train/CrossEntropyLoss=11.25",
            f"    throughput/total_tokens={4_194_304 * step:,}".encode(),
            f"    throughput/device/tokens_per_second={45_000 + step:,}".encode(),
        ]
    found = columns("olmo", *lines)

    assert found["step"] == list(range(101, 201))
    assert found["tokens_total"] == [4_194_304 * step for step in range(101, 201)]
    assert found["tokens_per_gpu_second"] == [45_000 + step for step in range(101, 201)]
    assert found["line"] == list(range(1, 401, 4))
