"""TensorBoard's event files, with made-up scalars under the tags of real ones."""

from io import BytesIO
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError, LogFormatError
from llmcost.logs.formats import tensorboard
from llmcost.logs.formats.event_files import Written, written
from llmcost.logs.formats.tables import with_columns
from llmcost.logs.formats.tensorboard import TENSORBOARD
from llmcost.logs.reading import read_chunks
from tests.logs.made_files import crc32c, event, event_file, field, read_all, record, varint

MEGATRON = event_file(
    (1000.0, 10, {"iteration-time": 0.5, "throughput": 400.5, "lm loss": 7.5}),
    (1000.0, 640, {"iteration-time vs samples": 0.5, "lm loss vs samples": 7.5}),
    (1005.0, 20, {"iteration-time": 0.25, "throughput": 401.5, "lm loss": 7.25}),
    (1006.0, 20, {"lm loss validation": 7.5, "lm loss validation ppl": 1808.0}),
    (1010.0, 30, {"iteration-time": 0.5, "throughput": 400.0, "batch-size": 64.0}),
)


def test_the_check_of_these_tests_is_that_of_the_standard():
    assert crc32c(b"\0" * 32) == 0x8A9136AA  # RFC 3720, appendix B.4
    assert crc32c(b"123456789") == 0xE3069283


def test_the_first_bytes_of_a_file_that_tensorflow_wrote_are_known():
    head = bytes.fromhex("1800000000000000a37f4b22090af5821a4710d8411a0d") + b"brain.Event:2"

    assert tensorboard.claims(head)
    assert not tensorboard.claims(head[:2] + b"\1" + head[3:])
    assert not tensorboard.claims(head[:5])
    assert not tensorboard.claims(record(b"anything else"))


def test_values_of_a_step_are_one_record_and_curves_by_samples_none():
    columns, events, messages = read_all(TENSORBOARD, MEGATRON)

    assert columns["step"] == [10, 20, 30]
    assert columns["step_time"] == [0.5, 0.25, 0.5]
    assert columns["stated_flop_rate"] == [400.5e12, 401.5e12, 400e12]
    assert columns["time_stamp"] == [1000, 1005, 1010]
    assert columns["loss"][:2] == [7.5, 7.25]
    assert columns["global_batch_size"][2:] == [64]
    assert [(event.kind, event.time_stamp) for event in events] == [("evaluation", 1006)]
    assert columns["line"][1] < events[0].line < columns["line"][2]
    assert messages == []


@pytest.mark.parametrize(
    ("tag", "number", "name", "value"),
    [
        ("throughput(tps)", 5000.0, "tokens_per_gpu_second", 5000),
        ("mfu(%)", 37.5, "stated_mfu", 0.375),
        ("tflops", 350.0, "stated_flop_rate", 350e12),
        ("throughput/device/mfu", 0.375, "stated_mfu", 0.375),
        ("throughput/device/MFU", 37.5, "stated_mfu", 0.375),
        ("time/total", 0.5, "run_clock", 1800),
        ("train_step_timing in s", 2.5, "step_time", 2.5),
        ("throughput/tokens_per_second", 1e6, "tokens_per_second", 1e6),
        ("train/loss", 2.5, "loss", 2.5),
        ("step_time [ms]", 250.0, "step_time", 0.25),
    ],
)
def test_tags_of_frameworks_have_their_units(tag, number, name, value):
    columns, _, _ = read_all(TENSORBOARD, event_file((1000.0, 1, {tag: number})))

    assert columns[name] == [pytest.approx(value)]


def test_evaluations_of_the_hugging_face_trainer_say_how_long_they_took():
    data = event_file(
        (1000.0, 100, {"train/loss": 2.5, "train/epoch": 0.1}),
        (1004.0, 100, {"eval/loss": 2.25, "eval/a_runtime": 3.5, "eval/b_runtime": 0.25}),
        (1010.0, 200, {"train/loss": 2.0}),
        (1014.0, 200, {"eval/loss": 2.0, "eval/runtime": 3.0, "train/train_runtime": 14.0}),
    )
    columns, events, _ = read_all(TENSORBOARD, data)

    assert columns["step"] == [100, 200]
    assert [event.values["evaluation_time"] for event in events] == [3.75, 3]
    assert [event.time_stamp for event in events] == [1004, 1014]
    assert columns["line"][0] < events[0].line < columns["line"][1] < events[1].line


def test_a_throughput_without_megatrons_time_is_not_read():
    columns, _, _ = read_all(TENSORBOARD, event_file((1.0, 1, {"throughput": 9.0, "loss": 2.0})))

    assert set(columns) == {"line", "step", "time_stamp", "loss"}


def test_numbers_that_are_none_are_left_out():
    data = event_file(
        (1.0, 1, {"loss": float("nan"), "step_time": 0.5}),
        (2.0, 2, {"loss": 2.0, "step_time": float("inf")}),
        (3.0, 3, {"loss": float("inf")}),
    )
    columns, _, _ = read_all(TENSORBOARD, data)

    assert columns["step"] == [1, 2]
    assert columns["step_time"][0] == 0.5
    assert columns["loss"][1] == 2


@pytest.mark.parametrize(
    "tensor",
    [
        b"\x08\x01" + field(5, pack("<f", 0.5)),
        b"\x08\x01" + field(4, pack("<f", 0.5)),
        b"\x08\x02" + field(4, pack("<d", 0.5)),
        b"\x08\x02" + field(2, b"") + field(6, pack("<d", 0.5)),
        b"\x08\x01\x2d" + pack("<f", 0.5),
    ],
)
def test_scalars_may_be_tensors_of_one_number(tensor):
    columns, _, _ = read_all(TENSORBOARD, event_file((1.0, 7, {"step_time": tensor})))

    assert columns["step_time"] == [0.5]


def test_a_tensor_of_text_is_no_number():
    text = event_file((1.0, 7, {"step_time": b"\x08\x07" + field(8, b"words"), "loss": 1.0}))

    assert "step_time" not in read_all(TENSORBOARD, text)[0]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_file_that_ends_within_a_record_is_read_so_far(cut):
    columns, _, messages = read_all(TENSORBOARD, MEGATRON[:-cut])

    assert columns["step"][:2] == [10, 20]
    assert len(messages) == 1
    assert "is cut off after" in messages[0]


def test_what_is_damaged_in_the_middle_is_read_up_to_there():
    at = MEGATRON.index(b"iteration-time vs samples") - 60
    columns, _, messages = read_all(TENSORBOARD, MEGATRON[:at] + b"\xff" * 100 + MEGATRON[at:])

    assert columns["step"] == [10]
    assert "damaged" in messages[0]


def test_a_damaged_beginning_is_refused():
    with pytest.raises(LogFormatError, match="log: is an event file, cut off from its start"):
        read_all(TENSORBOARD, MEGATRON[:20])


def test_without_a_known_tag_its_tags_are_told():
    with pytest.raises(LogFormatError, match=r"its tags: 'reward', 'return'. .* 'loss=TAG'"):
        read_all(TENSORBOARD, event_file((1.0, 1, {"reward": 1.0, "return": 2.0})))


def test_tags_that_the_user_names_are_read_in_their_unit():
    data = event_file((1.0, 1, {"my/dt": 250.0, "loss": 3.0}), (2.0, 2, {"my/dt": 500.0}))
    columns, _, _ = read_all(with_columns({"step_time": "my/dt [ms]"}), data)

    assert columns["step_time"] == [0.25, 0.5]
    assert columns["loss"][0] == 3


def test_a_tag_that_is_not_there_is_told():
    with pytest.raises(InputError, match=r"no column 'dt' for step_time.* Its columns: 'loss'"):
        read_all(with_columns({"step_time": "dt"}), event_file((1.0, 1, {"loss": 3.0})))


@given(st.binary(max_size=200))
def test_any_message_is_an_event_or_is_refused(data):
    """A record whose bytes are no protocol buffer ends the file, with a message."""
    whole = event_file((1.0, 1, {"loss": 3.0})) + record(data)

    assert read_all(TENSORBOARD, whole)[0]["loss"][0] == 3


@given(st.integers(0, (1 << 62)))
def test_steps_of_any_size_are_read(step):
    columns, _, _ = read_all(TENSORBOARD, event_file((1.0, step, {"loss": 3.0})))

    assert columns["step"] == [float(step)]
    assert varint(step)[-1] < 0x80


@given(
    st.integers(0, (1 << 63) - 1),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=150),
    st.floats(width=32, allow_nan=False),
    st.floats(0, 2e9),
)
def test_an_event_is_read_as_it_was_written(step, tag, number, moment):
    found = written(event(moment, step, tag, number))

    assert found == Written(moment, step, ((tag, number),))


def test_the_reader_finds_the_format():
    (_, chunk), *_ = read_chunks([BytesIO(MEGATRON)])

    assert chunk.format == "tensorboard"
    assert chunk.stamps == (1000, 1010)


def test_a_record_whose_bytes_changed_is_not_read():
    whole = event_file(*[(1000.0 + step, step, {"train/loss": 2.5}) for step in (1, 2, 3)])
    place = whole.rfind(b"\x10\x03")
    flipped = whole[: place + 1] + b"\x43" + whole[place + 2 :]

    columns, _, messages = read_all(TENSORBOARD, flipped)

    assert columns["step"] == [1, 2]
    assert "damaged after 3 events: read so far" in messages[0]
