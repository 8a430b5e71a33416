"""CSV files and JSON lines, with made-up numbers under the headers of real ones."""

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError, LogFormatError, UnitError
from llmcost.logs.formats.csv_tables import CSV
from llmcost.logs.formats.json_lines import JSON_LINES
from llmcost.logs.formats.names import KNOWN, known_columns, known_field, read_mapping, unit_scale
from llmcost.logs.formats.rows import number_in
from llmcost.logs.formats.tables import with_columns
from llmcost.logs.gathering import RECORDS_PER_CHUNK
from llmcost.logs.reading import read_chunks
from llmcost.logs.record import FIELDS
from tests.logs.made_files import read_all

OWN = b"step,step_time [ms],tokens_per_second [token/s],note\n1,250,4096,a\n2,500.0,2048,b\n"


def json_lines(*objects):
    """Return a file of JSON lines."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def test_our_own_fields_are_known_with_their_units():
    columns, events, messages = read_all(CSV, OWN)

    assert columns == {
        "line": [2, 3],
        "step": [1, 2],
        "step_time": [0.25, 0.5],
        "tokens_per_second": [4096, 2048],
    }
    assert events == []
    assert messages == []


@pytest.mark.parametrize("delimiter", [b"\t", b";"])
def test_tabs_and_semicolons_delimit_too(delimiter):
    assert read_all(CSV, OWN.replace(b",", delimiter)) == read_all(CSV, OWN)


def test_windows_files_are_the_same():
    assert read_all(CSV, b"\xef\xbb\xbf" + OWN.replace(b"\n", b"\r\n")) == read_all(CSV, OWN)
    assert CSV.claims(b"\xef\xbb\xbf" + OWN.replace(b"\n", b"\r\n"))
    assert CSV.claims(b"\r\n\r\n" + OWN)
    assert read_all(CSV, b"\r\n\n" + OWN)[0]["line"] == [4, 5]


def test_cells_that_are_no_numbers_are_left_out():
    data = b'step,step_time,loss\n1,,nan\n2,N/A,"1,234.5"\n3,0.5,inf\n4\n5,0.25,2.5\n6,0.\n'
    columns, _, _ = read_all(CSV, data)

    assert columns["line"] == [3, 4, 6, 7]
    assert columns["step"] == [2, 3, 5, 6]
    assert columns["loss"][0] == 1234.5
    assert columns["step_time"][1:] == [0.5, 0.25, 0]


def test_rows_of_evaluation_are_no_steps():
    """Lightning's metrics.csv: a row of the same step holds the loss of validation."""
    data = b"epoch,step,train_loss,val_loss\n0,49,2.5,\n0,99,2.25,\n0,99,,2.3\n0,149,2.0,\n"

    assert read_all(CSV, data)[0]["step"] == [49, 99, 149]


def test_steps_and_moments_alone_are_steps():
    data = b"step,timestamp\n10,2026-01-02T03:04:05Z\n20,2026-01-02 03:04:15+00:00\n"

    assert read_all(CSV, data)[0]["time_stamp"] == [1767323045, 1767323055]


def test_micro_steps_of_litgpt_are_not_steps():
    """Its columns step and iter count micro-batches; rows are taken as steps."""
    data = (
        b"epoch,iter,iter_time,learning_rate,loss,remaining_time,step,time,tokens,total_tokens\n"
        b"1,4,0.5,4e-5,7.5,60.0,3,10.0,8192,16384\n1,8,0.5,4e-5,7.25,50.0,7,12.5,16384,32768\n"
    )
    columns, _, messages = read_all(CSV, data)

    assert "step" not in columns
    assert columns["run_clock"] == [10, 12.5]
    assert columns["tokens_total"] == [16384, 32768]
    assert columns["tokens_per_gpu_total"] == [8192, 16384]
    assert columns["micro_step_time"] == [0.5, 0.5]
    assert "micro-steps" in messages[0]
    assert CSV.claims(data)


def test_charts_of_weights_and_biases_are_read_with_a_warning():
    data = (
        b'"Step","run-1 - throughput/device/mfu","run-1 - throughput/device/mfu__MIN",'
        b'"run-1 - throughput/device/mfu__MAX"\n"10","0.375","0.25","0.5"\n"20","0.5","0.5","0.5"\n'
    )
    columns, _, messages = read_all(CSV, data)

    assert CSV.claims(data)
    assert columns["step"] == [10, 20]
    assert columns["stated_mfu"] == [0.375, 0.5]
    assert "sample" in messages[0]


def test_charts_of_several_runs_need_to_be_told_which():
    data = (
        b'"Step","a - loss","a - loss__MIN","a - loss__MAX","b - loss","b - loss__MIN",'
        b'"b - loss__MAX"\n1,2,2,2,3,3,3\n'
    )

    assert CSV.claims(data)
    with pytest.raises(LogFormatError, match=r"holds 2 runs .'a', 'b'.: needs one"):
        read_all(CSV, data)
    assert read_all(with_columns({"loss": "b - loss"}), data)[0]["loss"] == [3]


def test_a_table_of_runs_is_no_log_of_one():
    """W&B's list of runs holds the last step and loss of each."""
    data = (
        b'"Name","State","Notes","User","Tags","Created","Runtime","Sweep","iter","train/loss"\n'
        b'"a","finished","-","","","2026-01-02T03:04:05.000Z","60","","5000","1.5"\n'
    )

    assert CSV.claims(data)
    with pytest.raises(LogFormatError, match="is a table of runs, a row each"):
        read_all(CSV, data)


def test_calls_that_logged_are_steps_for_want_of_better():
    """W&B's _step is passed by for the trainer's own number of the step."""
    data = b"_step,_runtime,_timestamp,train/loss,trainer/global_step\n7,60,1000,2.5,140\n"
    columns, _, messages = read_all(CSV, data)

    assert columns["step"] == [140]
    assert columns["run_clock"] == [60]
    assert columns["time_stamp"] == [1000]
    assert messages == []
    assert (
        "_step counts the calls" in read_all(CSV, data.replace(b"trainer/global_step", b"x"))[2][0]
    )


def test_downloads_of_tensorboard_are_samples():
    columns, _, messages = read_all(CSV, b"Wall time,Step,Value\n1000.5,10,2.5\n1010.5,20,2.25\n")

    assert columns["time_stamp"] == [1000.5, 1010.5]
    assert "sample" in messages[0]


def test_columns_of_the_run_are_facts_where_they_change():
    data = b"step,loss,num_gpus [GPU]\n1,2.5,8\n2,2.25,8\n3,2.0,16\n"
    columns, events, _ = read_all(CSV, data)

    assert "num_gpus" not in columns
    assert [(event.line, event.values) for event in events] == [
        (2, {"num_gpus": 8}),
        (4, {"num_gpus": 16}),
    ]
    mapping = {"num_gpus": "n", "step": "it"}
    named, events, messages = read_all(with_columns(mapping), b"it,n,loss\n1,8,2\n")
    assert named["step"] == [1]
    assert events[0].values == {"num_gpus": 8}
    assert messages == []


def test_a_header_again_is_a_launch():
    columns, events, _ = read_all(CSV, OWN + OWN)

    assert columns["step"] == [1, 2, 1, 2]
    assert [(event.line, event.kind) for event in events] == [(4, "launch")]


def test_numbers_at_once_are_those_row_by_row():
    """A quote, or a word, has rows read one by one; the records are the same."""
    rows = b"1,0.25,7\n2,nan,\n\n3,1e-3\n4,.5,1,2\n 5 ,inf,1\n"
    plain = read_all(CSV, b"step,step_time,loss\n" + rows)
    by_word = read_all(CSV, b"step,step_time,loss\n" + rows + b"x,y,z\n")
    by_quote = read_all(CSV, b"step,step_time,loss\n" + rows + b'"","",""\n')

    assert plain[0]["line"] == [2, 5, 6, 7]
    assert repr(plain) == repr(by_word) == repr(by_quote)


@pytest.mark.parametrize("row", [b"1,1e308,2.5\n", b'1,"1e308",2.5\n'])
def test_numbers_that_leave_all_bounds_in_their_unit_are_left_out(row):
    columns, _, _ = read_all(CSV, b"step,run_clock [hour],loss\n" + row)

    assert columns == {"line": [2], "step": [1], "loss": [2.5]}


def test_quoted_line_ends_keep_the_numbers_of_lines():
    data = b'step,loss,note\n1,2.5,"two\nlines"\n2,2.25,x\n'

    assert read_all(CSV, data)[0]["line"] == [3, 4]


def test_a_row_that_does_not_end_is_refused():
    with pytest.raises(LogFormatError, match=r"log, line \d+: is no row of a table: field larger"):
        read_all(CSV, b'step,loss\n1,"' + b"x" * 99 + b"\n" * 200_000)


def test_a_line_above_a_mebibyte_is_refused():
    with pytest.raises(LogFormatError, match="log, line 2: is longer than 1 MiB"):
        read_all(CSV, b"step,loss\n" + b"1" * (3 << 20) + b",2\n")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n",
        b"step,loss",
        b"step,loss\n",
        b"step,loss\nepoch,one\n",
        b"name,price\na,1\n",
        b"step, then the loss\n1,2\n",
        b"[2026-01-01] iteration 10/ 100 | lm loss: 2.5 |\n1,2\n",
        b"step,loss\n\0,1\n",
        b'{"step": 1, "loss": 2}\n',
    ],
)
def test_what_is_no_table_of_steps_is_not_claimed(head):
    assert not CSV.claims(head)


def test_a_format_that_is_forced_tells_the_columns_there_are():
    with pytest.raises(LogFormatError, match="no column that llmcost knows; its columns: 'a', 'b'"):
        read_all(CSV, b"a,b\n1,2\n")


def test_columns_that_the_user_names_are_read_in_their_units():
    data = b"iter,dt,tps,mfu now\n1,250,4096,37.5\n2,500,2048,40\n"
    mapping = read_mapping(
        "step=iter, step_time=dt [ms],tokens_per_second=tps,stated_mfu=mfu now %"
    )
    columns, _, messages = read_all(with_columns(mapping), data)

    assert columns["step"] == [1, 2]
    assert columns["step_time"] == [0.25, 0.5]
    assert columns["tokens_per_second"] == [4096, 2048]
    assert columns["stated_mfu"] == [0.375, 0.4]
    assert messages == []


def test_a_named_column_without_a_number_is_told():
    _, _, messages = read_all(with_columns({"power": "w"}), b"step,loss,w\n1,2.5,high\n")

    assert messages == ["Column 'w' (power) has no number."]


@pytest.mark.parametrize(
    ("mapping", "error", "message"),
    [
        ({"stepp": "iter"}, InputError, "unknown field 'stepp'. Did you mean step"),
        ({"step": "itr"}, InputError, "log has no column 'itr' .*mean iter.* 'iter', 'dt'"),
        ({"step_time": "dt [kg]"}, UnitError, "unit of step_time: .*'kg'; needs a quantity in s"),
        ({"step_time": "dt [frob]"}, UnitError, "Unknown unit 'frob'"),
        ({"stated_flop_rate": "dt [TFLOP/s]"}, UnitError, "'per GPU' is missing"),
    ],
)
def test_columns_that_cannot_be_are_told(mapping, error, message):
    with pytest.raises(error, match=message):
        read_all(with_columns(mapping), b"iter,dt\n1,2\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("step", "got 'step'; needs FIELD=COLUMN"),
        ("step=", "needs FIELD=COLUMN"),
        ("step=a,step=b", "names step twice"),
    ],
)
def test_mappings_that_say_nothing_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        read_mapping(text)


def test_columns_may_have_commas_and_equals_signs_in_their_names():
    assert read_mapping("loss=a, b,step_time=t=x [ms]") == {"loss": "a, b", "step_time": "t=x [ms]"}


@pytest.mark.parametrize(
    ("field", "unit", "scale"),
    [
        ("step_time", "ms", 1e-3),
        ("run_clock", "hours", 3600),
        ("stated_mfu", "%", 0.01),
        ("stated_flop_rate", "TFLOP/s/GPU", 1e12),
        ("samples_per_second", "samples/s", 1),
        ("samples_per_gpu_second", "sequences/s/GPU", 1),
        ("steps_per_second", "it/s", 1),
        ("tokens_per_gpu_second", "tokens per second per GPU", 1),
        ("power", "kW/GPU", 1000),
        ("step", "", 1),
    ],
)
def test_units_are_those_of_the_registry(field, unit, scale):
    assert unit_scale(field, unit) == pytest.approx(scale)


def test_every_known_name_is_of_a_field_and_of_one_alone():
    names = [name for of_field in KNOWN.values() for name in of_field]

    assert set(KNOWN) <= set(FIELDS)
    assert len(names) == len(set(names))
    assert all(known_field(name) for name in [*names, *FIELDS])
    assert known_field("loss [furlong]") is None


def test_a_batch_beside_nanotrons_tokens_is_not_read():
    """Its global_batch_size is in sequences in one version and in tokens in the next."""
    names = ["iteration", "consumed_tokens", "global_batch_size"]

    assert "global_batch_size" not in known_columns(names)


def test_json_lines_are_read_by_their_keys():
    data = json_lines(
        {"config": {"seq_length": 2048}, "seed": 1},
        {"step": 1, "perf/step_time_seconds": 0.5, "perf/per_device_tflops_per_sec": 250.0},
        {"step": 1, "eval_loss": 2.5},
        {"step": 2, "perf/step_time_seconds": "0.25", "throughput": {"total_tokens": 4096}},
    )
    columns, _, messages = read_all(JSON_LINES, data)

    assert JSON_LINES.claims(data)
    assert columns["line"] == [2, 4]
    assert columns["step_time"] == [0.5, 0.25]
    assert columns["stated_flop_rate"][0] == 250e12
    assert columns["tokens_total"][1] == 4096
    assert messages == []


def test_keys_may_come_late():
    early = [{"step": n, "loss": 2.5} for n in range(300)]
    data = json_lines(*early, {"step": 300, "loss": 2.5, "tokens_per_second_per_gpu": 1000})

    assert read_all(JSON_LINES, data)[0]["tokens_per_gpu_second"][300] == 1000


def test_lines_that_are_no_objects_are_counted():
    data = json_lines({"step": 1, "loss": 2.5}) + b'[1]\nnull\n\n{"step": 2, "loss": 2.25}\n{"st'
    columns, _, messages = read_all(JSON_LINES, data)

    assert columns["step"] == [1, 2]
    assert messages == ["3 lines are no JSON object and left out."]


def test_values_that_are_no_numbers_are_left_out():
    data = (
        b'{"step": 1, "loss": NaN, "step_time": true}\n{"step": 2, "loss": 1e999}\n'
        + json_lines(
            {"step": 3, "loss": [2.5]}, {"step": 4, "loss": "2.5"}, {"step": 5, "loss": 10**400}
        )
    )

    assert read_all(JSON_LINES, data)[0]["step"] == [4]


def test_keys_that_the_user_names_are_read():
    data = json_lines({"it": 1, "t": {"dt": 250}}, {"it": 2, "t": {"dt": 500}})
    columns, _, _ = read_all(with_columns({"step": "it", "step_time": "t/dt ms"}), data)

    assert columns["step"] == [1, 2]
    assert columns["step_time"] == [0.25, 0.5]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{\n",
        b'{"a": 1}\n',
        b'{"step": 1}\n',
        b'{"loss": 1, "wps": "108212", "wpb": "2.09e+06"}\n',
        b"[1, 2]\n",
        b"{'loss': 2.5, 'step': 1}\n",
        b"{" * 50_000,
    ],
)
def test_what_is_no_json_of_steps_is_not_claimed(head):
    assert not JSON_LINES.claims(head)


def test_a_file_without_json_is_refused():
    with pytest.raises(LogFormatError, match="has no JSON object"):
        read_all(JSON_LINES, b"{\n[\n")


@pytest.mark.parametrize("log_format", [CSV, JSON_LINES])
def test_long_files_come_in_chunks(log_format):
    steps = range(1, 10 * RECORDS_PER_CHUNK + 11)
    if log_format is CSV:
        data = b"step,loss\n" + b"".join(b"%d,2.5\n" % n for n in steps)
    else:
        data = b"".join(b'{"step": %d, "loss": 2.5}\n' % n for n in steps)
    chunks = [chunk for _, chunk in read_chunks([BytesIO(data)])]
    told = [step for chunk in chunks if len(chunk) for step in chunk.columns["step"].tolist()]

    assert told == [*steps]
    assert len(chunks) > 1
    assert sum(chunk.lines for chunk in chunks) == data.count(b"\n")
    assert {chunk.format for chunk in chunks} == {log_format.name}


def test_the_reader_gives_the_columns_of_the_user_to_any_table():
    (_, chunk), *_ = read_chunks(
        [BytesIO(b"it,dt\n1,250\n")], columns={"step": "it", "step_time": "dt ms"}
    )

    assert chunk.columns["step_time"].tolist() == [0.25]


@given(st.text(max_size=40))
def test_any_cell_is_a_finite_number_or_none(text):
    value = number_in(text, moment=True)

    assert value is None or abs(value) < float("inf")


@given(st.binary(max_size=300))
def test_any_bytes_are_claimed_or_not(data):
    assert CSV.claims(data) in (True, False)
    assert JSON_LINES.claims(b"{" + data) in (True, False)


@pytest.mark.parametrize(
    ("last", "steps", "times"),
    [(b"2.5,3", [1, 2], [2.5, 2.5]), (b'2.5,"3', [1, 2], [2.5, 2.5]), (b"2.", [1, 2], [2.5, 2.5])],
)
def test_the_number_that_a_cut_off_table_ends_in_is_left_out(last, steps, times):
    """A 30 cut to a 3 would be a step that is done again."""
    data = b"step_time [s],step\n2.5,1\n2.5,2\n" + last
    columns, _, messages = read_all(CSV, data)

    assert columns["step"][:2] == steps
    assert columns["step_time"][:2] == times
    assert not [step for step in columns["step"][2:] if step == 3]
    assert messages == ["The last line has no end: what may be cut off in it was left out."]
