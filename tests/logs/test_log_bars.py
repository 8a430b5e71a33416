"""What holds for every line between bars: places of numbers do not depend on digits."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.logs.formats import format_of
from llmcost.logs.formats.bars import numbers, plain
from tests.logs.spans import value_of

NAMES = ("gpt_neox", "nemo", "megatron", "megatron_progress")
RECORDS = {
    "gpt_neox": b" samples/sec: 28.125 | iteration       10/  320000 | "
    b"elapsed time per iteration (ms): 9102.2 | learning rate: 1.234E-04 | "
    b"approx flops per GPU: 52.5TFLOPS | MFU: 41.25% | lm_loss: 7.125000E+00 |",
    "nemo": b"Training epoch 0, iteration 97/99 | lr: 1.469e-05 | global_step: 97 | "
    b"train_step_timing in s: 12.25 | tokens_per_sec_per_gpu: 1.075e+04",
    "megatron": b" [2026-03-04 05:06:07.123456] iteration       20/    5000 | "
    b"consumed samples:         5120 | elapsed time per iteration (ms): 2500.5/2600.5 | "
    b"throughput per GPU (TFLOP/s/GPU): 401.5 (avg 399.5) | global batch size:   256 | "
    b"lm loss: 8.500000E+00 | number of skipped iterations:   1 |",
    "megatron_progress": b"2026-01-02 03:04:05\tJob ID: 1984\t# GPUs: 64\tSaved checkpoint\t"
    b"Iteration: 500\tJob throughput: 364.5 TFLOP/s/GPU\tTokens (in billions): 2.05",
}


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_other_digits_stand_in_the_same_places(name, seed):
    known, line = format_of(name), RECORDS[name]
    draw = random.Random(seed)
    other = bytes(draw.choice(b"0123456789") if 48 <= byte <= 57 else byte for byte in line)
    assert known.parse(line).numbers
    assert known.parse(other) == known.parse(line)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_nothing_or_numbers(name, data):
    """Pieces of a true line and of its words, put together anyhow, with anything between."""
    known, line = format_of(name), RECORDS[name]
    cuts = st.tuples(st.integers(0, len(line)), st.integers(0, len(line)))
    piece = cuts.map(lambda ends: line[min(ends) : max(ends)])
    pieces = st.lists(st.one_of(piece, st.sampled_from(known.needles), st.binary(max_size=8)))
    torn = b"".join(data.draw(pieces))
    parsed = known.parse(torn)
    for number in () if parsed is None else parsed.numbers:
        assert 0 <= number.start < number.end <= len(torn)
        value_of(torn, number)


def test_a_line_is_divided_and_its_first_word_on_a_field_counts():
    found = numbers(b"a: 1 | b: 2x | a: 3 | c: 4", {b"a": plain("one"), b"c": plain("two", 10.0)})
    assert {name: (one.start, one.end) for name, one in found.items()} == {"one": (3, 4)}
    whole = numbers(b"c=4,b=2", {b"c": plain("two", 10.0)}, bar=b",", sign=b"=", closed=False)
    assert (whole["two"].start, whole["two"].end, whole["two"].scale) == (2, 3, 10.0)
