"""States and results of the Hugging Face Trainer, of our own making; the numbers are made up."""

import io
import json

import numpy as np
import pytest

from llmcost.errors import LogFormatError
from llmcost.logs.formats import trainer_state
from llmcost.logs.formats.trainer_results import TRAINER_RESULTS
from llmcost.logs.formats.trainer_state import TRAINER_STATE
from llmcost.logs.record import END, EVALUATION, FACT, LAUNCH
from llmcost.studies.tracking.tracking import track


def state(*rows, **more):
    """Return a state with some rows, as the Trainer writes it."""
    content = {
        "best_metric": None,
        "epoch": 1.0,
        "global_step": rows[-1]["step"] if rows else 0,
        "log_history": list(rows),
        "logging_steps": 10,
        "max_steps": 100,
        "num_input_tokens_seen": 0,
        "train_batch_size": 4,
        **more,
    }
    return json.dumps(content, indent=2).encode()


def row(step, **more):
    """Return a row of a record."""
    return {
        "loss": 3.0,
        "grad_norm": 1.5,
        "learning_rate": 1e-4,
        "epoch": 0.1,
        "step": step,
        **more,
    }


def read(data):
    """Return the one chunk that a document says."""
    (chunk,) = TRAINER_STATE.read(io.BytesIO(data), "state.json")
    return chunk


def test_records_and_the_plan():
    chunk = read(state(row(10), row(20, loss=2.5)))

    assert chunk.format == "trainer_state"
    assert chunk.columns["step"].tolist() == [10, 20]
    assert chunk.columns["loss"].tolist() == [3.0, 2.5]
    assert [event.kind for event in chunk.events] == [FACT]
    assert chunk.events[0].values == {
        "planned_steps": 100,
        "log_interval": 10,
        "micro_batch_size": 4,
    }


def test_a_share_of_all_steps_is_no_interval():
    assert "log_interval" not in read(state(row(10), logging_steps=0.05)).events[0].values


def test_version_4_says_no_time_of_a_step():
    assert set(read(state(row(10), row(20))).columns) == {"line", "step", "loss"}


def test_tokens_and_the_clock_of_version_5():
    chunk = read(
        state(
            row(
                10, num_input_tokens_seen=40960, train_runtime=15.5, train_tokens_per_second=2642.6
            ),
            row(20, num_input_tokens_seen=81920, train_runtime="31.0"),
        )
    )

    assert chunk.columns["tokens_total"].tolist() == [40960, 81920]
    assert chunk.columns["run_clock"].tolist() == [15.5, 31.0]


def test_a_clock_that_starts_again_is_a_launch():
    """After a resume train_runtime starts again, and the tokens go on."""
    chunk = read(
        state(
            row(40, num_input_tokens_seen=160, train_runtime=15.79),
            row(45, num_input_tokens_seen=180, train_runtime=3.53),
        )
    )
    launch = next(event for event in chunk.events if event.kind == LAUNCH)

    assert chunk.columns["line"][0] < launch.line < chunk.columns["line"][1]


def test_training_that_goes_on_after_its_end_is_a_launch():
    end = {"train_runtime": 20.0, "train_loss": 2.0, "train_steps_per_second": 5.0, "step": 10}
    chunk = read(state(row(10), end, row(20)))

    assert [event.kind for event in chunk.events] == [FACT, END, LAUNCH]


def test_evaluations():
    evaluation = {"eval_loss": 2.0, "eval_runtime": 12.5, "eval_steps_per_second": 4.0, "step": 10}
    chunk = read(state(row(10), evaluation, row(20)))
    event = chunk.events[1]

    assert event.kind == EVALUATION
    assert event.values == {"evaluation_time": 12.5}
    assert chunk.columns["line"][0] < event.line < chunk.columns["line"][1]


def test_the_end_gives_no_step_time():
    """One real run: 64,358 s of which 61,259 s were evaluation; steps a second are off by 20."""
    end = {"train_runtime": 64358.0, "train_loss": 2.0, "train_steps_per_second": 0.085, "step": 10}
    chunk = read(state(row(10), end))

    assert chunk.events[-1].kind == END
    assert chunk.events[-1].values == {"run_clock": 64358}
    assert "steps_per_second" not in chunk.columns


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), "nan", None, True, [1]])
def test_a_loss_that_is_no_number_is_left_out(loss):
    chunk = read(state(row(10, loss=loss), row(20)))

    assert np.isnan(chunk.columns["loss"][0])
    assert chunk.columns["step"].tolist() == [10, 20]


def test_numbers_of_a_thousand_digits_are_left_out():
    data = state(row(10)).replace(b'"loss": 3.0', b'"loss": 1' + b"0" * 1000)

    assert "loss" not in read(data).columns


def test_other_rows_say_nothing():
    assert len(read(state(row(10), {"memory": 1.0, "step": 10}, row(20)))) == 2


def test_many_rows_come_in_chunks():
    data = state(*(row(step) for step in range(1, 40_001)))
    chunks = list(TRAINER_STATE.read(io.BytesIO(data), "state.json"))

    assert len(chunks) > 1
    steps = np.concatenate([chunk.columns["step"] for chunk in chunks if len(chunk)])
    assert steps.tolist() == list(range(1, 40_001))


RESULTS = {
    "epoch": 3.0,
    "total_flos": 1.5e18,
    "train_loss": 2.1,
    "train_runtime": 1530.14,
    "train_samples_per_second": 3.144,
    "train_steps_per_second": 0.196,
}


def results(**other):
    return json.dumps(RESULTS | other).encode()


@pytest.mark.parametrize("indent", [None, 4])
def test_results_say_how_long_and_about_how_many_steps(indent):
    """0.196 steps a second for 1530.14 s are 299.9 steps."""
    data = json.dumps(RESULTS, indent=indent).encode()
    (chunk,) = TRAINER_RESULTS.read(io.BytesIO(data), "all_results.json")

    assert TRAINER_RESULTS.claims(data)
    assert not TRAINER_STATE.claims(data)
    assert chunk.columns["step"].tolist() == [300.0]
    assert chunk.columns["run_clock"].tolist() == [1530.14]
    assert "step_time" not in chunk.columns
    assert "ran (1,530 s" in chunk.messages[0]


@pytest.mark.parametrize("rate", [None, 0.0, "nan"])
def test_results_without_a_rate_ask_for_the_state(rate):
    data = results(train_steps_per_second=rate)
    with pytest.raises(LogFormatError, match=r"ran 1,530 s; needs .* trainer_state\.json"):
        list(TRAINER_RESULTS.read(io.BytesIO(data), "all_results.json"))


def test_results_give_the_time_and_the_cost_of_a_run_and_no_step_time():
    found = track(io.BytesIO(results()), num_gpus=8, price="2 USD/GPU/hour").results

    assert (found["steps"].value, found["steps_executed"].value) == (300, 300)
    assert found["median_step_time"].value is None
    assert found["goodput"].value is None
    assert found["wall_clock"].value * 86400 == pytest.approx(1530.14)
    assert found["cost"].value == pytest.approx(8 * 2 * 1530.14 / 3600)


def test_results_beside_their_state_or_twice_count_once():
    log = state(row(10), row(20), row(30))
    beside = track(io.BytesIO(results()), io.BytesIO(log), io.BytesIO(results()))

    assert beside.results == track(io.BytesIO(log)).results
    assert track(io.BytesIO(results()), io.BytesIO(results())).results["launches"].value == 1


def test_it_claims_states():
    assert TRAINER_STATE.claims(state(row(10)))
    assert TRAINER_STATE.claims(b"\xef\xbb\xbf" + state(row(10)))
    assert TRAINER_STATE.claims(json.dumps(json.loads(state(row(10)))).encode())


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[1, 2]",
        b'{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.9}\n',
        (json.dumps(RESULTS) + "\n" + json.dumps(RESULTS) + "\n").encode(),
        b"{'loss': 2.0, 'epoch': 1.0}\n",
    ],
)
def test_it_claims_nothing_else(head):
    assert not TRAINER_STATE.claims(head)
    assert not TRAINER_RESULTS.claims(head)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (state(row(10))[:-20], "no whole JSON document"),
        (b'{"log_history": [' + b"[" * 100_000, "no whole JSON document"),
        (b'{"log_history": [\xff]}', "no whole JSON document"),
        (b"[1]", "no JSON object"),
        (b'{"log_history": {"a": 1}}', "must be a list"),
        (b'{"log_history": [1]}', "row 1 of log_history must be an object"),
    ],
)
def test_what_cannot_be_read_is_told(data, message):
    with pytest.raises(LogFormatError, match=message) as caught:
        list(TRAINER_STATE.read(io.BytesIO(data), "state.json"))

    assert caught.value.file == "state.json"


def test_a_file_that_is_too_large_is_told(monkeypatch):
    monkeypatch.setattr(trainer_state, "MAX_BYTES", 1 << 20)

    with pytest.raises(LogFormatError, match="above 1 MiB"):
        list(TRAINER_STATE.read(io.BytesIO(b"{" + b" " * (1 << 20)), "state.json"))
