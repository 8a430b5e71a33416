"""Training logs as data frames."""

from io import BytesIO

import pandas as pd
import pytest

from llmcost.errors import InputError, LogFormatError, UnknownNameError
from llmcost.logs.deriving import HOWS
from llmcost.logs.frames import UNITS, read_log
from llmcost.logs.record import FIELDS
from tests.logs.made_files import event_file, mllog

TABLE = (
    b"step,step_time [ms],tokens_total [token],loss\n"
    b"10,250,40960,3.0\n20,500,81920,2.5\n30,250,122880,2.25\n20,250,81920,2.4\n30,500,122880,2.2\n"
)


def test_a_row_is_a_record_and_a_column_says_its_unit():
    frame = read_log(BytesIO(TABLE))

    assert frame["step"].tolist() == [10, 20, 30, 20, 30]
    assert frame["step_time [s]"].tolist() == [0.25, 0.5, 0.25, 0.25, 0.5]
    assert frame["line"].tolist() == [2, 3, 4, 5, 6]
    assert frame["loss"].tolist() == [3, 2.5, 2.25, 2.4, 2.2]
    assert set(frame["format"]) == {"csv"}
    assert set(frame["step_time_how"]) == {HOWS[0]}


def test_a_step_that_does_not_grow_is_another_segment():
    assert read_log(BytesIO(TABLE))["segment"].tolist() == [1, 1, 1, 2, 2]


def test_columns_are_in_the_order_of_the_fields():
    names = [header.split(" [")[0] for header in read_log(BytesIO(TABLE)).columns]
    fields = [name for name in names if name in FIELDS]

    assert names[:3] == ["segment", "line", "format"]
    assert names[-1] == "step_time_how"
    assert fields == [name for name in FIELDS if name in fields]
    assert set(names[3:-1]) <= set(UNITS)


def test_what_records_do_not_say_is_derived():
    """Ten steps a second apart of 4,096 tokens, of which the log tells moments and totals."""
    rows = [b"%d,%d.5,%d\n" % (n, 1000 + n, 4096 * n) for n in range(1, 11)]
    frame = read_log(BytesIO(b"step,time_stamp [s],tokens_total [token]\n" + b"".join(rows)))

    assert frame["step_time [s]"].tolist()[1:] == [1] * 9
    assert frame["tokens_per_step [token]"].tolist()[1:] == [4096] * 9
    assert frame["tokens_per_second [token/s]"].tolist()[1:] == [4096] * 9
    assert set(frame["step_time_how"][1:]) == {"from time stamps"}
    assert frame["step_time_how"][0] == "unknown"


def test_columns_may_be_named_as_text_or_as_a_mapping():
    data = b"it,dt\n1,250\n2,500\n"
    by_text = read_log(BytesIO(data), columns="step=it,step_time=dt [ms]")
    by_mapping = read_log(BytesIO(data), columns={"step": "it", "step_time": "dt [ms]"})

    assert by_text["step_time [s]"].tolist() == [0.25, 0.5]
    pd.testing.assert_frame_equal(by_text, by_mapping)


def test_headers_and_messages_are_attributes():
    log = b"".join(
        [
            mllog(1000, "init_start"),
            mllog(1001, "submission_benchmark", "llama2_70b_lora"),
            mllog(1001, "global_batch_size", 8),
            mllog(1001, "run_start"),
            mllog(1011, "train_loss", 2.5, samples_count=80),
            mllog(1026, "train_loss", 2.25, samples_count=160),
            b":::MLLOG {cut",
        ]
    )
    frame = read_log(BytesIO(log))

    assert frame["step_time [s]"].tolist() == [1, 1.5]
    assert frame["global_batch_size"].tolist() == [8, 8]
    assert frame.attrs["texts"]["model"] == "llama2_70b_lora"
    assert frame.attrs["facts"]["global_batch_size"] == 8
    assert "cut off" in frame.attrs["messages"][0]


def test_lines_of_a_framework_are_read_and_copies_left_out():
    line = (
        " [2026-03-04 05:06:{:02d}] iteration {:8d}/    100 | consumed samples: {} | "
        "elapsed time per iteration (ms): 1500.0 | global batch size: 64 | lm loss: 2.{}E+00 | "
    )
    lines = [line.format(n, n, 64 * n, n) for n in (10, 11, 11, 12)]
    frame = read_log(BytesIO("\n".join(lines).encode()))

    assert frame["step"].tolist() == [10, 11, 12]
    assert frame["step_time [s]"].tolist() == [1.5] * 3
    assert set(frame["format"]) == {"megatron"}


def test_event_files_are_read():
    frame = read_log(BytesIO(event_file((10.0, 1, {"loss": 2.5}), (12.0, 2, {"loss": 2.25}))))

    assert frame["step_time [s]"][1] == 2
    assert frame["time_stamp [s]"].tolist() == [10, 12]


def test_a_path_is_read_in_the_format_that_is_named(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(TABLE)

    assert len(read_log(path, format="csv")) == 5
    with pytest.raises(UnknownNameError, match=r"Unknown log format 'cvs'. Did you mean csv"):
        read_log(path, format="cvs")
    with pytest.raises(LogFormatError, match=r"log\.txt"):
        read_log(path, format="megatron")
    with pytest.raises(InputError):
        read_log(tmp_path / "other.txt")


def test_a_frame_can_be_written_and_read_back(tmp_path):
    """Its own headers are known: what is written as CSV is a log again."""
    frame = read_log(BytesIO(TABLE))
    frame.to_csv(tmp_path / "log.csv", index=False)
    again = read_log(tmp_path / "log.csv")

    for name in ("step", "step_time [s]", "tokens_total [token]", "loss", "segment"):
        assert again[name].tolist() == frame[name].tolist()
