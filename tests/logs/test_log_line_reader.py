"""The reader of lines: what stencils, blocks and spans read is what line by line would be read."""

import gzip
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.errors import InputError, LogFormatError, UnknownNameError
from llmcost.logs import spans
from llmcost.logs.blocks import MAX_LINE, Block, record_of
from llmcost.logs.digits import DigitReader, runs_of
from llmcost.logs.formats import LINE_FORMATS, LineFormat
from llmcost.logs.formats.launchers import LAUNCHERS
from llmcost.logs.line_formats import line_formats
from llmcost.logs.line_reader import LineReader
from llmcost.logs.needles import Needles
from llmcost.logs.prefixes import launcher, stamp_of
from llmcost.logs.reading import read_chunks
from llmcost.logs.record import Number, Parsed
from llmcost.logs.stencils import Stencil

LINE = re.compile(rb"made-up step (\d+)/(\d+) took ([-+\d.,eE]+) ms, loss ([-+\d.eE]+)")
FIELDS = (("step", 1.0), ("planned_steps", 1.0), ("step_time", 1e-3), ("loss", 1.0))
MORE = re.compile(rb"    and more: ([\d.]+) tok/s")


def _parse(line):
    found = LINE.search(line)
    if found is not None:
        named = enumerate(FIELDS, 1)
        return Parsed(tuple(Number(f, found.start(i), found.end(i), s) for i, (f, s) in named))
    found = MORE.search(line)
    if found is None:
        return None
    return Parsed((Number("tokens_per_second", *found.span(1)),), opens=False)


MADE_UP = LineFormat("made_up", "Made up", (b"made-up step ", b"and more: "), _parse)


def _read(data, size=None, formats=(MADE_UP,)):
    """Return the columns of all records that a reader finds in bytes, fed `size` at a time."""
    reader = LineReader(list(formats))
    chunks = []
    for at in range(0, len(data), size or max(1, len(data))):
        chunks += reader.feed(data[at : at + (size or len(data))])
    chunks += reader.close()
    return _joined(chunks), chunks


def _joined(chunks):
    names = dict.fromkeys(name for chunk in chunks for name in chunk.columns)
    return {
        name: np.concatenate(
            [chunk.columns.get(name, np.full(len(chunk), np.nan)) for chunk in chunks]
        ).tolist()
        for name in names
    }


def _log(steps, time="123.5"):
    return b"".join(
        b"[rank%d]: 2026-03-01 12:00:%02d made-up step %d/5000 took %s ms, loss %d.25\n"
        % (step % 8, step % 60, step, time.encode(), step % 10)
        for step in range(1, steps + 1)
    )


def test_many_alike_lines_are_read_as_each_alone_would_be():
    columns, _ = _read(_log(3000))

    assert columns["step"] == list(range(1, 3001))
    assert columns["planned_steps"] == [5000.0] * 3000
    assert columns["step_time"] == [123.5 * 1e-3] * 3000
    assert columns["loss"] == [step % 10 + 0.25 for step in range(1, 3001)]
    assert columns["rank"] == [step % 8 for step in range(1, 3001)]
    assert columns["line"] == list(range(1, 3001))
    noon = 1772366400.0  # 2026-03-01 12:00:00 UTC, by `date -d`.
    assert columns["time_stamp"] == [noon + step % 60 for step in range(1, 3001)]


NUMBERS = st.one_of(
    st.integers(0, 10**12).map(str),
    st.floats(0, 1e9, allow_nan=False).map("{:.3f}".format),
    st.floats(1e-12, 1e12).map("{:.6E}".format),
    st.floats(-1e3, 1e3).map("{:+.2f}".format),
    st.integers(0, 10**9).map("{:,}".format),
    st.sampled_from(["1e308", "12345678901234567890", "0.000000000000000000001", "-0.0"]),
)


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_a_stencil_reads_what_python_reads(values, size):
    lines = [
        f"made-up step {i}/9 took {value} ms, loss 1.5e-0{i % 9}\n"
        for i, value in enumerate(values * 20)
    ]

    columns, _ = _read("".join(lines).encode(), size)

    read = [float(value.replace(",", "")) * 1e-3 for value in values * 20]
    assert columns["step_time"] == read
    assert columns["loss"] == [float(f"1.5e-0{i % 9}") for i in range(len(lines))]


def test_a_line_that_is_like_another_but_for_a_letter_is_read_by_itself():
    lines = [b"made-up step %d/99 took 5.0 ms, loss 1.0\n" % step for step in range(10, 60)]
    lines[30] = b"made-up step 4x/99 took 5.0 ms, loss 1.0\n"
    lines[31] = b"made-up step 41/99 took 5.0 mS, loss 1.0\n"

    columns, _ = _read(b"".join(lines))

    assert columns["step"] == [step for step in range(10, 60) if step not in (40, 41)]


def test_a_stencil_wants_digits_where_it_has_digits():
    line = b"made-up step 10/99 took 5.0 ms, loss 1.0"
    stencil = Stencil(line, _parse(line).numbers, None, "kind")
    others = [b"made-up step 2%c/99 took 5.0 ms, loss 1.0" % byte for byte in range(256)]
    block = b"\n".join([*others, b"x" * 8, b""])

    same, columns = stencil.read(block, np.arange(256) * (len(line) + 1))

    assert [byte for byte in range(256) if same[byte]] == list(b"0123456789")
    assert columns["step"].tolist() == list(range(20, 30))


@given(st.lists(st.integers(1, 17), min_size=1, max_size=5), st.integers(0, 2**32))
def test_digits_of_any_length_are_read(sizes, seed):
    numbers = np.random.default_rng(seed)
    texts = ["".join(map(str, numbers.integers(0, 10, size))) for size in sizes]
    line = "a".join(texts).ljust(8).encode()
    columns = tuple(i for i, byte in enumerate(line) if 48 <= byte <= 57)
    runs = runs_of(columns)

    read = DigitReader(runs).read(np.frombuffer(line, np.uint8).reshape(1, -1))

    assert read[:, 0].tolist() == [int(line[run.start : run.end]) for run in runs]
    assert all(run.end - run.start <= 8 for run in runs)


@given(st.integers(1, 700))
@settings(max_examples=25, deadline=None)
def test_where_the_bytes_are_cut_changes_nothing(size):
    data = _log(60) + b"noise\r\nmore noise\r" + _log(40, "1,050.25")

    assert _read(data, size)[0] == _read(data)[0]


def test_colours_and_carriage_returns_are_no_part_of_a_line():
    data = b"\x1b[31m 3%|bar\rmade-up step \x1b[1m7\x1b[0m/9 took 2.0 ms, loss 1.0\x1b[K\r\n"

    columns, _ = _read(data)

    assert columns["step"] == [7]
    assert columns["line"] == [1]


def test_a_record_gets_what_later_lines_add_across_blocks():
    data = b"".join(
        b"made-up step %d/9 took 2.0 ms, loss 1.0\n    and more: %d.5 tok/s\n" % (step, step)
        for step in range(1, 40)
    )

    for size in (None, 37, 64):
        columns, _ = _read(data, size)

        assert columns["step"] == list(range(1, 40))
        assert columns["tokens_per_second"] == [step + 0.5 for step in range(1, 40)]


def test_what_is_added_before_any_record_is_no_record():
    columns, _ = _read(b"    and more: 7.5 tok/s\n")

    assert columns.get("line", []) == []


def test_the_last_line_without_an_end_gives_nothing_that_may_be_cut_off():
    whole = b"made-up step 8/9 took 2.0 ms, loss 1.0\n"

    columns, chunks = _read(whole + b"made-up step 9/9 took 2.0 ms, loss 1.0 rest: 12")
    assert columns["step"] == [8, 9]
    assert "no end" in chunks[-1].messages[0]

    columns, _ = _read(whole + b"made-up step 9/9 took 20")
    assert columns["step"] == [8]


def test_a_line_beyond_all_measure_is_passed_over_and_told():
    line = b"made-up step 1/9 took 2.0 ms, loss 1.0\n"
    data = line + b"x" * (3 * MAX_LINE) + line + line

    columns, chunks = _read(data, 1 << 18)

    assert columns["step"] == [1, 1]
    assert columns["line"] == [1, 3]
    assert "1 lines of more than 1,048,576 bytes" in chunks[-1].messages[0]


def test_words_are_found_at_every_place():
    for word in (b"wanted", b"a wanted word"):
        known = LineFormat("x", "X", (word,), lambda line: None)
        for at in range(9):
            block = Block(b"." * at + word + b"\n" + b"y" * 30 + b"\n" * 200, 1)

            hits = Needles([known]).hits(block.data, block.ends, np.ones(len(block.ends), bool))

            assert hits.lines.tolist() == [0]
            assert Needles([known]).formats(block.line(0), hits.of(0)) == [known]


def test_every_format_has_words_that_can_be_searched_for():
    formats = line_formats()

    assert [each.name for each in formats] == [*LINE_FORMATS, "launcher"]
    Needles(formats)


@pytest.mark.parametrize(
    ("line", "rank", "rest"),
    [
        (b"[rank12]: step", 12, b" step"),
        (b"[rank12]:step", 12, b"step"),
        (b"[default7]:step", 7, b"step"),
        (b"3: step", 3, b"step"),
        (b"[1,5]<stdout>:step", 5, b"step"),
        (b"node-17: step", 17, b"step"),
        (b"(TrainWorker pid=81, ip=10.0.0.7) step", None, b" step"),
        (b"2026-03-01T10:11:12.123456789Z [rank0]: step", 0, b" step"),
        (b"worker-1  | step", None, b"step"),
        (b"[20260301 12:00:00][rank-7/8][INFO ] step", 7, b"[INFO ] step"),
        (b"step: 1 loss: 2", None, b"step: 1 loss: 2"),
    ],
)
def test_what_launchers_write_before_a_line(line, rank, rest):
    at, span = launcher(line)

    assert line[at:] == rest
    assert (None if span is None else int(line[slice(*span)])) == rank


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        # Seconds since 1970 by `date -u -d`.
        (b"[2026-03-01 12:00:00] x", 1772366400.0),
        (b"2026-03-01T12:00:00.250Z x", 1772366400.25),
        (b"x 2026-03-01 12:00:00,250 - x", 1772366400.25),
        (b"2026-03-01T12:00:00+01:00 x", 1772362800.0),
        (b"2026-03-01T12:00:00-0130 x", 1772371800.0),
        (b"03/01/2026 12:00:00 [INFO] x", 1772366400.0),
        (b"[20260301 12:00:00][rank-7/8][INFO ] x", 1772366400.0),
        (b"2026-13-01 12:00:00 x", None),
        (b"2026-02-30 12:00:00 x", None),
    ],
)
def test_when_a_line_was_written(line, moment):
    stamp = stamp_of(line)

    assert stamp.moment(line) == moment
    read = record_of(line, (), stamp, None)["time_stamp"][0]
    assert read == moment or (moment is None and np.isnan(read))


def test_stamps_of_alike_lines_are_moments_too():
    days = ["2024-02-29", "2025-02-29", "2026-12-31", "2026-13-01", "2026-01-00"] * 12
    data = "".join(f"{day} 23:59:59.5 made-up step 1/2 took 3 ms, loss 1.0\n" for day in days)

    columns, _ = _read(data.encode())

    known = {"2024-02-29": 1709251199.5, "2026-12-31": 1798761599.5}  # By `date -u -d`.
    for day, moment in zip(days, columns["time_stamp"], strict=True):
        assert moment == known[day] if day in known else np.isnan(moment)


@pytest.mark.parametrize(
    "line",
    [
        b"slurmstepd: error: *** JOB 4711 ON node-17 CANCELLED AT 2026-03-01T10:00:00 DUE TO TIME",
        b"[2026-03-01 10:00:00] WARNING: Received 15 death signal, shutting down workers",
        b"torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        b"srun: error: node-17: task 3: Killed",
    ],
)
def test_what_launchers_say_of_a_stop_belongs_to_the_steps_before(line):
    step = b"made-up step 8/9 took 2.0 ms, loss 1.0\n"

    for noise, size in ((b"", None), (b"noise\n" * 300, None), (b"noise\n" * 300, 500)):
        _, chunks = _read(step + noise + line + b"\n", size, (MADE_UP, LAUNCHERS))
        events = [(chunk.format, event.kind) for chunk in chunks for event in chunk.events]

        assert events == [("made_up", "stopped")]

    assert _read(line + b"\n", formats=(MADE_UP, LAUNCHERS))[1][0].events == ()


def _file(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


TITAN = b"".join(
    b"[titan] 2026-11-21 22:23:%02d,264 - root - INFO - step: %2d  loss:  7.64970  grad_norm:  "
    b"0.5418  memory:  0.57GiB(0.00%%)  tps: 5,%03d  tflops: 0.04  mfu: 71.91%%\n"
    % (step % 60, step, step)
    for step in range(1, 31)
)


def _steps(*logs, **options):
    columns = _joined([chunk for _, chunk in read_chunks(logs, **options)])
    return columns["step"]


def test_packed_wide_and_streamed_logs_read_alike(tmp_path, monkeypatch):
    plain = _steps(_file(tmp_path, "a.log", TITAN))
    packed = _steps(_file(tmp_path, "a.txt", gzip.compress(TITAN)))
    wide = _steps(_file(tmp_path, "b.log", TITAN.decode().encode("utf-16")))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TITAN)))

    assert plain == packed == wide == _steps("-") == _steps(io.BytesIO(TITAN))
    assert plain == list(range(1, 31))


def test_a_packed_log_that_is_cut_off_is_named(tmp_path):
    log = _file(tmp_path, "a.gz", gzip.compress(TITAN)[:200])

    with pytest.raises(LogFormatError, match=r"a\.gz: is packed \(gzip\) and damaged or cut off"):
        _steps(log)


def test_a_log_without_steps_says_what_can_be_read(tmp_path):
    with pytest.raises(LogFormatError, match="has no training step in its 2 lines"):
        _steps(_file(tmp_path, "a.log", b"hello\nworld\n"))
    with pytest.raises(LogFormatError, match="is empty"):
        _steps(_file(tmp_path, "b.log", b""))
    with pytest.raises(LogFormatError, match="is binary"):
        _steps(_file(tmp_path, "c.log", bytes(range(256)) * 50))
    with pytest.raises(InputError, match="is a folder"):
        _steps(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        _steps(tmp_path / "none.log")
    with pytest.raises(UnknownNameError, match="Did you mean torchtitan"):
        _steps(_file(tmp_path, "d.log", TITAN), format_name="torchtitn")
    with pytest.raises(LogFormatError, match="has no step of MaxText"):
        _steps(tmp_path / "d.log", format_name="maxtext")


@pytest.fixture
def shared(monkeypatch):
    """Make logs of any length worth several processes."""
    monkeypatch.setattr(spans, "LONG", 0)
    monkeypatch.setattr(spans, "SPAN", 4000)
    monkeypatch.setattr(spans, "BLOCK", 1500)
    monkeypatch.setattr(spans.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


def test_spans_say_what_the_whole_says(tmp_path, shared):
    data = b"".join(TITAN + b"noise %d\n" % i + b"\x1b[0m\xff\n" for i in range(20))
    log = _file(tmp_path, "a.log", data + b"noise" * 2000 + b"\n" + TITAN)
    alone = _joined([chunk for _, chunk in read_chunks([io.BytesIO(log.read_bytes())])])

    together = _joined([chunk for _, chunk in read_chunks([log])])

    assert together == alone
    assert len(together["step"]) == 630


def test_spans_of_a_worker_that_died_are_read_here(tmp_path, shared, monkeypatch):
    log = _file(tmp_path, "a.log", TITAN * 20)
    monkeypatch.setattr(spans, "WORKER", "llmcost.no_such_module")
    monkeypatch.setattr(spans.sys, "executable", "/bin/false")

    assert _steps(log) == list(range(1, 31)) * 20


def test_a_span_reader_passes_over_a_line_beyond_all_measure(tmp_path):
    data = TITAN + b"x" * (2 * MAX_LINE + 5) + b"\n" + TITAN
    half = len(data) // 2
    with _file(tmp_path, "a.log", data).open("rb") as stream:
        reader = spans.SpanReader(stream, None)
        first, at = reader.read(spans.Span(0, half))
        second, end = reader.read(spans.Span(half, len(data)))

    assert sum(read.found.too_long for read in first) == 1
    assert sum(read.lines for read in first) == 31
    assert (at, end) == (len(data) - len(TITAN), len(data))
    assert sum(read.lines for read in second) == 30


@pytest.mark.parametrize("time", ["1e400", "1E+400", "-1e400"])
def test_many_numbers_beyond_all_numbers_are_read_without_a_warning(time):
    """Warnings are errors in tests; on a terminal they would stand between the answer's lines."""
    text = "".join(
        f" iteration {n:5d}/  99 | elapsed time per iteration (ms): {time} | lm loss: 2.0 |\n"
        for n in range(1, 60)
    )
    chunks = list(read_chunks([io.BytesIO(text.encode())]))

    assert sum(len(chunk) for _, chunk in chunks) == 59
