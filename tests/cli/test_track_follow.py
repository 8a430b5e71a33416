"""Following a log: what is appended is read, however it comes, until its run ends."""

import gzip
import io
import sys
import time
from itertools import count
from types import SimpleNamespace

import pytest

from llmcost.cli.follow import PLAIN, LiveLine, follow, live_text
from llmcost.errors import InputError
from tests.tracked import KNOWN, track

LINE = (
    " [2026-03-01 10:00:{second:02d}] iteration {step:8d}/     100 | consumed samples: "
    "{samples:12d} | elapsed time per iteration (ms): 2000.0 | learning rate: 1.000E-04 | "
    "global batch size:     8 | lm loss: 2.0E+00 |\n"
)
END = "[after training is done] datetime: 2026-03-01 10:00:50 \n"


def lines(*steps):
    """Lines of a made-up run of 100 steps, 2 s each."""
    return "".join(LINE.format(step=n, samples=8 * n, second=2 * n % 60) for n in steps)


class Collected:
    """A tracker that only keeps which steps of which log it was given."""

    def __init__(self):
        self.steps, self.events = [], []

    def add(self, source, chunk):
        """Take in a chunk."""
        if len(chunk):
            self.steps += [(source, int(step)) for step in chunk.columns["step"]]
        self.events += [event.kind for event in chunk.events]


class Writer:
    """Stands for time that passes: each time somebody waits, the next piece is written."""

    def __init__(self, path, *pieces, mode="ab"):
        self.path, self.pieces, self.mode, self.waited = path, list(pieces), mode, []

    def __call__(self, seconds):
        """Write the next piece; a person interrupts when there is none left."""
        self.waited.append(seconds)
        if not self.pieces:
            raise KeyboardInterrupt
        piece = self.pieces.pop(0)
        if callable(piece):
            piece(self.path)
            return
        with self.path.open(self.mode) as stream:
            stream.write(piece if isinstance(piece, bytes) else piece.encode())


def followed(path, *pieces, before=(), **options):
    """What following a file gives that pieces are appended to."""
    writer = Writer(path, *pieces)
    found = follow([*map(str, before), str(path)], Collected, wait=writer, **options)
    return found, writer


@pytest.fixture
def log(tmp_path):
    """A log of two steps."""
    path = tmp_path / "train.log"
    path.write_text(lines(1, 2))
    return path


def test_what_is_appended_is_read_until_the_run_ends(log):
    found, writer = followed(log, lines(3), "", lines(4, 5) + END)

    assert [step for _, step in found.tracker.steps] == [1, 2, 3, 4, 5]
    assert not found.interrupted
    assert found.tracker.events == ["end"]
    assert writer.waited == [1.0] * 3


def test_a_line_that_is_written_in_two_pieces_is_one(log):
    text = lines(3)
    found, _ = followed(log, text[:90], text[90:] + END)

    assert [step for _, step in found.tracker.steps] == [1, 2, 3]


def test_a_person_ends_it_and_keeps_what_was_read(log):
    found, _ = followed(log, lines(3))

    assert found.interrupted
    assert len(found.tracker.steps) == 3


def test_a_person_who_ends_it_before_any_step_is_obeyed(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("starting\n")

    with pytest.raises(KeyboardInterrupt):
        followed(path, "still starting\n")


def test_an_empty_log_is_waited_for(tmp_path):
    path = tmp_path / "train.log"
    path.touch()
    found, _ = followed(path, "", lines(1), END)

    assert found.tracker.steps == [(0, 1)]


def test_a_run_that_ended_and_was_launched_again_goes_on(log):
    log.write_text(lines(1, 2) + END + lines(2, 3))
    found, writer = followed(log, lines(4), END)

    assert [step for _, step in found.tracker.steps] == [1, 2, 2, 3, 4]
    assert len(writer.waited) == 2


def test_a_run_that_had_ended_is_not_waited_for(log):
    log.write_text(lines(1, 2) + END)
    found, writer = followed(log)

    assert not found.interrupted
    assert writer.waited == []


def test_logs_before_the_last_are_read_once(log, tmp_path):
    first = tmp_path / "first.log"
    first.write_text(lines(1))
    found, _ = followed(log, END, before=[first])

    assert found.tracker.steps == [(0, 1), (1, 1), (1, 2)]


def test_a_log_that_is_replaced_is_read_from_its_start(log, capsys):
    def rotated(path):
        path.rename(path.with_suffix(".1"))
        path.write_text(lines(3) + END)

    found, _ = followed(log, rotated)

    assert [step for _, step in found.tracker.steps] == [1, 2, 3]
    assert "began anew" in capsys.readouterr().err


def test_a_log_that_is_cut_is_read_from_its_start(log):
    found, _ = followed(log, lambda path: path.write_text(lines(1) + END))

    assert [step for _, step in found.tracker.steps] == [1, 2, 1]


def test_a_packed_log_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "train.log.gz"
    path.write_bytes(gzip.compress(lines(1).encode()))
    found, _ = followed(path, gzip.compress(lines(2, 3).encode()), "")

    assert [step for _, step in found.tracker.steps] == [1, 2, 3]


def test_a_table_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "steps.csv"
    path.write_text("step,step_time [s]\n1,2.0\n2,2.0\n")
    found, _ = followed(path, "3,2.0\n", "4,2.0\n")

    assert [step for _, step in found.tracker.steps] == [1, 2, 3, 4]


def test_reading_again_takes_a_share_of_the_time(tmp_path, monkeypatch):
    """A read of 5 s is followed by 50 s without one; the end is read in any case."""
    clock = count(0.0, 5.0)
    monkeypatch.setattr("llmcost.cli.follow.monotonic", lambda: next(clock))
    path = tmp_path / "steps.csv"
    path.write_text("step,step_time [s]\n1,2.0\n2,2.0\n")
    made = []
    writer = Writer(path, "3,2.0\n", "4,2.0\n")
    found = follow([str(path)], lambda: made.append(1) or Collected(), wait=writer)

    assert [step for _, step in found.tracker.steps] == [1, 2, 3, 4]
    assert len(made) == 3


def test_a_packed_log_that_is_half_written_waits_for_its_rest(tmp_path):
    path = tmp_path / "train.log.gz"
    path.write_bytes(gzip.compress(lines(1).encode()))
    more = gzip.compress(lines(2, 3).encode())
    found, _ = followed(path, more[:20], more[20:])

    assert [step for _, step in found.tracker.steps] == [1, 2, 3]


@pytest.mark.parametrize("packed", [True, False])
def test_a_log_that_is_read_whole_and_deleted_keeps_what_was_read(tmp_path, packed):
    path = tmp_path / "steps"
    text = lines(1, 2).encode() if packed else b"step,step_time [s]\n1,2.0\n2,2.0\n"
    path.write_bytes(gzip.compress(text) if packed else text)
    found, _ = followed(path, lambda path: path.unlink(), lambda _: None)

    assert [step for _, step in found.tracker.steps] == [1, 2]
    assert found.interrupted


def test_standard_input_is_read_to_its_end(monkeypatch):
    text = io.BytesIO(lines(1, 2, 3).encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=text))
    found = follow(["-"], Collected, wait=Writer(None))

    assert [step for _, step in found.tracker.steps] == [1, 2, 3]
    assert not found.interrupted


def test_what_cannot_be_read_again_is_refused_from_standard_input(monkeypatch):
    text = io.BytesIO(gzip.compress(lines(1).encode()))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=text))

    with pytest.raises(InputError, match=r"follow: standard input .*leave out --follow"):
        follow(["-"], Collected, wait=Writer(None))


@pytest.mark.parametrize(
    ("made", "told"), [(False, "No such file"), (True, "is a folder; needs the file")]
)
def test_what_is_no_file_is_refused(tmp_path, made, told):
    path = tmp_path / "logs"
    if made:
        path.mkdir()

    with pytest.raises(InputError, match=told):
        followed(path)


def test_the_live_line_tells_step_speed_cost_and_end():
    assert live_text(track()) == (
        "step 90 of 1,000, 2.00 s a step, 32.8K tokens/s, MFU 20%, $1.25 so far, ends 2026-11-23"
    )


def test_the_live_line_leaves_out_what_is_not_known():
    assert live_text(track({"last_step": 90})) == "step 90"


class Terminal(io.StringIO):
    """Standard error of a person."""

    def isatty(self):
        """Tell that a person reads."""
        return True


def test_on_a_terminal_the_line_is_drawn_over_itself(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "40")
    clock = iter([0.0, 0.01, 1.0, 1.01])
    monkeypatch.setattr("llmcost.cli.follow.monotonic", lambda: next(clock))
    line = LiveLine()
    for step in (90, 91):
        line(SimpleNamespace(answer=lambda step=step: track(KNOWN | {"last_step": step})))
    line.close()

    drawn = screen.getvalue().split("\r")[1:]
    assert [text.split(",")[0] for text in drawn] == ["step 90 of 1", "step 91 of 1"]
    assert all(len(text.rstrip("\n")) == 39 for text in drawn)
    assert screen.getvalue().endswith("\n")


def test_elsewhere_a_plain_line_comes_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 0.1, 5.0, PLAIN + 1, PLAIN + 1.1, 100.0, 100.1])
    monkeypatch.setattr("llmcost.cli.follow.monotonic", lambda: next(clock))
    line = LiveLine()
    answers = [track(KNOWN | {"last_step": step}) for step in (1, 2, 2)]
    for _ in range(4):
        line(SimpleNamespace(answer=lambda: answers.pop(0)))

    told = capsys.readouterr().err.splitlines()
    assert [text[:7] for text in told] == ["step 1 ", "step 2 "]


def test_answers_that_take_long_are_asked_for_less_often(monkeypatch):
    clock = iter([0.0, 30.0, 100.0, 330.5, 331.0])
    monkeypatch.setattr("llmcost.cli.follow.monotonic", lambda: next(clock))
    asked = []
    line = LiveLine()
    for _ in range(3):
        line(SimpleNamespace(answer=lambda: asked.append(1) or track()))

    assert len(asked) == 2


def test_waiting_is_sleeping():
    """A log that does not grow costs no work: the default wait is sleep itself."""
    assert follow.__kwdefaults__["wait"] is time.sleep


def test_lines_without_a_step_draw_nothing(capsys):
    def answer():
        raise InputError("The log holds no step of a training run yet.")

    LiveLine()(SimpleNamespace(answer=answer))

    assert capsys.readouterr().err == ""
