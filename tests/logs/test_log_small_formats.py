"""What holds for every line format of the smaller trainers: safety, and what lines depend on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.logs.formats import LINE_FORMATS, format_of
from llmcost.logs.formats.figures import SECONDS, noticed, number_at
from llmcost.logs.record import CHECKPOINT, EVALUATION, FACTS, FIELDS, TEXT_FACTS

NAMES = (
    *("torchtitan", "torchtune", "maxtext", "nanogpt", "nanochat", "modded_nanogpt", "llm_c"),
    *("picotron", "nanotron", "litgpt", "fairseq"),
)
LINES = {
    "torchtitan": b"step: 20  loss:  7.12500  memory:  0.57GiB(0.00%)  tps: 5,050  mfu: 41.50%",
    "torchtune": b"Step 12 | loss:1.0625 lr:2e-05 tokens_per_second_per_gpu:1234.5 ",
    "maxtext": b"completed step: 9, seconds: 4.125, Tokens/s/device: 7944.500, loss: 10.250",
    "nanogpt": b"iter 50: loss 7.6250, time 462.50ms, mfu 12.50%",
    "nanochat": b"step 00120/21400 (0.56%) | loss: 3.250000 | dt: 512.50ms | tok/sec: 1,023,000",
    "modded_nanogpt": b"step:1000/3040 train_time:377481ms step_avg:377.48ms",
    "llm_c": b"step   10/19560 | loss 9.125000 (+0.12z)| norm 3.1250 (-0.10z)| 512.50 ms | 1 tok/s",
    "picotron": b"[rank 3] Step: 12    | Loss: 10.1250 | Tokens/s:  12.25K | Tokens/s/GPU:   1.53K",
    "nanotron": b"[INFO|DP=0]: iteration: 12 / 50 | time_per_iteration_ms: 456 | lm_loss: 2.38",
    "litgpt": b"Epoch 1 | iter 240 step 60 | loss train: 7.625 | iter time: 70.75 ms (step)",
    "fairseq": b'{"epoch": 1, "loss": "5.125", "wps": "108250", "num_updates": "500"}',
}


@pytest.mark.parametrize("name", NAMES)
def test_a_format_is_known_by_its_name_and_its_needles_are_long(name):
    log_format = format_of(name)
    assert log_format.name == name
    assert all(len(needle) >= 6 for needle in log_format.needles)
    assert set(log_format.excludes) <= {EVALUATION, CHECKPOINT}


@pytest.mark.parametrize("name", NAMES)
def test_a_line_of_a_format_has_one_of_its_needles_and_fields_there_are(name):
    log_format = format_of(name)
    line = LINES[name]
    assert any(needle in line for needle in log_format.needles)
    parsed = log_format.parse(line)
    fields = [number.field for number in parsed.numbers]
    assert len(fields) == len(set(fields)) >= 2
    assert set(fields) <= set(FIELDS)


@pytest.mark.parametrize("name", NAMES)
def test_no_other_format_takes_a_line(name):
    """So that the order in which they are asked does not matter."""
    taken = [other for other in LINE_FORMATS if format_of(other).parse(LINES[name]) is not None]
    assert taken == [name]


@given(st.sampled_from(NAMES), st.data())
def test_lines_that_differ_in_digits_alone_say_the_same(name, data):
    """The places, fields and scales of numbers stay; the numbers are read from there."""
    line = LINES[name]
    digits = iter(data.draw(st.lists(st.sampled_from(b"0123456789"), min_size=len(line))))
    other = re.sub(rb"[0-9]", lambda _: bytes([next(digits)]), line)
    assert format_of(name).parse(other) == format_of(name).parse(line)


@given(st.sampled_from(NAMES), st.binary(max_size=200))
def test_any_bytes_can_be_asked(name, noise):
    """Alone, before and behind a line of the format."""
    log_format = format_of(name)
    for line in (noise, noise + LINES[name], LINES[name] + noise, LINES[name][: len(noise)]):
        parsed = log_format.parse(line)
        for number in () if parsed is None else parsed.numbers:
            known = FACTS if parsed.event else FIELDS
            assert number.field in known
            float(line[number.start : number.end].replace(b",", b""))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bait", [b"1", b" ", b"1,", b"step: 1", b"| ", b"1 | loss: ", b"iter 1 "])
def test_a_line_without_end_is_passed_over(name, bait):
    """A line of a megabyte is no line of a trainer, whatever it is made of."""
    assert format_of(name).parse(LINES[name] + bait * (1_000_000 // len(bait))) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bait", [b"1", b" ", b"1,", b"| ", b"1.", b"e1", b"=", b'"'])
def test_a_long_line_is_read_all_the_same(name, bait):
    """The longest that is looked at takes no time that matters; texts of it are bounded."""
    line = LINES[name].ljust(200) + bait * (15_000 // len(bait))
    parsed = format_of(name).parse(line)
    assert parsed is not None
    assert all(number.end - number.start < 80 for number in parsed.numbers)


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_line_gives_no_number_that_the_whole_line_does_not(name):
    """What is left of a number at the end may be wrong; the reader takes it off before."""
    line = LINES[name]
    whole = {number.start: number for number in format_of(name).parse(line).numbers}
    for cut in range(1, 40):
        short = line[:-cut].rstrip(b"0123456789.,+-eE")
        parsed = format_of(name).parse(short)
        for number in () if parsed is None else parsed.numbers:
            same = whole[number.start]
            assert (number.end, number.scale) == (same.end, same.scale)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1,234,567.5ms", 1234.5675),
        (b"  12 ms", 0.012),
        (b"3s", 3.0),
        (b"1e3ms,", 1.0),
        (b"nan", None),
        (b"inf s", None),
        (b"12", None),
        (b"12m", None),
        (b"0:01:02", None),
        (b"1.2.3s", None),
    ],
)
def test_a_number_is_read_with_a_unit_that_is_known(text, value):
    found = number_at(text, 0, "step_time", SECONDS)
    if value is None:
        assert found is None
    else:
        digits = text[found.start : found.end].replace(b",", b"")
        assert float(digits) * found.scale == pytest.approx(value)


@pytest.mark.parametrize("name", NAMES)
def test_the_program_that_writes_a_line_says_nothing(name):
    """Some logs begin with the text of the program, and a failure shows lines of it."""
    module = __import__(format_of(name).parse.__module__, fromlist=["NOTICES"])
    for notice in module.NOTICES:
        if not notice.words.endswith((b" ", b"=")):
            continue
        for hole in (b"{value:,}", b"%d"):
            assert noticed(notice.words + hole, module.NOTICES) is None


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_known_facts(name):
    """Every notice that gives a text gives one of the vocabulary."""
    module = __import__(format_of(name).parse.__module__, fromlist=["NOTICES"])
    for notice in module.NOTICES:
        assert {text for text, _, _ in notice.texts} <= set(TEXT_FACTS)
        assert {word.field for word in notice.numbers} <= set(FACTS)
