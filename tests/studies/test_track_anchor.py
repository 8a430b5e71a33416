"""A saved track as an anchor of an estimate, and as a row of a validation."""

import json
from pathlib import Path

import pytest

from llmcost import DataError, InputError, estimate
from llmcost.catalog.models import model
from llmcost.studies.validation.report import validate
from llmcost.views import document
from tests.tracked import KNOWN, track

LAYOUT = "tp=2,pp=1,cp=1,mbs=1"
# 512 sequences of 8,192 tokens a step, on 64 devices.
TOKENS = 512 * 8192
RUN = {
    "model": "llama-3.1-8b",
    "tokens": "1T",
    "gpu": "h100-sxm",
    "num_gpus": 64,
    "draws": 100,
    "as_of": "2026-09-06",
    "today": "2026-10-01",
}
INPUTS = {"seq_length": 8192, "layout": LAYOUT}


def saved(folder, name="track.json", *, time=9.0, gpus=64, known=None, **inputs):
    """The file of a track of 64 devices, 512 sequences of 8,192 tokens a step."""
    known = (
        KNOWN
        | {"num_gpus": gpus, "tokens_per_step": TOKENS, "median_step_time": time}
        | (known or {})
    )
    path = folder / name
    data = document(track(known, **INPUTS | inputs)).data
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def test_the_run_itself_takes_what_was_measured(tmp_path):
    """Anchored on a run of its own layout and batch, a step is predicted to take just that."""
    asked = RUN | {"layout": LAYOUT, "global_batch_size": 512}
    found = estimate(**asked, anchor=saved(tmp_path))

    assert found.results["step_time"].value == pytest.approx(9.0, rel=1e-12)
    assert found.results["tokens_per_second"].value == pytest.approx(TOKENS / 9.0, rel=1e-12)
    assert found.inputs["mfu"].origin.kind == "measured"
    assert "track.json (64 h100-sxm, 512 sequences a step): 9 s measured" in (
        found.inputs["mfu"].origin.source
    )
    assert found.inputs["anchor"].value.endswith("track.json")


def test_a_file_and_the_same_run_in_words_are_the_same_anchor(tmp_path):
    words = f"9 s/step on 64 h100-sxm, {LAYOUT},gbs=512, seq=8192"
    by_words = estimate(**RUN | {"num_gpus": 128}, anchor=words)
    by_file = estimate(**RUN | {"num_gpus": 128}, anchor=saved(tmp_path))

    for name in ("step_time", "mfu", "cost"):
        one, two = by_words.results[name], by_file.results[name]
        assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high))


@pytest.mark.parametrize("lacking", ["median_step_time", "tokens_per_step"])
def test_a_rate_alone_is_an_anchor(tmp_path, lacking):
    """A log that prints rates alone: 512 x 8,192 tokens a step in 9 s on 64 devices."""
    rate = TOKENS / 9.0 / 64
    asked = RUN | {"layout": LAYOUT, "global_batch_size": 512}
    known = {lacking: None, "tokens_per_gpu_second": rate}
    found = estimate(**asked, anchor=saved(tmp_path, known=known))

    assert found.results["tokens_per_gpu_second"].value == pytest.approx(rate, rel=1e-9)


def test_a_rate_alone_is_a_row(tmp_path, table):
    known = {"median_step_time": None, "tokens_per_gpu_second": TOKENS / 9.0 / 64}
    row = validate(table, added=[saved(tmp_path, known=known)]).parts[0].rows[-1]

    assert row.scored
    assert row.measured > 0


def test_a_path_may_be_no_text(tmp_path):
    found = estimate(**RUN, anchor=Path(saved(tmp_path)))

    assert found.inputs["mfu"].origin.kind == "measured"


def test_a_run_of_a_config_file_anchors_the_same_shape(tmp_path):
    """What counts is the shape of the model, not what it is called."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(dict(model("llama-3.1-8b").config)))
    found = estimate(**RUN, anchor=saved(tmp_path, model=str(config)))

    assert found.inputs["mfu"].origin.kind == "measured"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": "llama-3.1-70b"}, "is a run of llama-3.1-70b; needs one of this model"),
        ({"model": "./gone/config.json"}, "needs one of this model"),
        ({"model": None}, "does not say model; track the log again with --model"),
        ({"gpu": None}, "does not say gpu; track the log again with --gpu"),
        ({"gpu": "b200"}, "got a run on b200; needs the accelerator of this estimate"),
        ({"precision": "fp8"}, "got a run on fp8; needs the precision"),
        ({"known": {"num_gpus": None}}, "does not say num_gpus; track the log again with --gpus"),
        (
            {"known": {"tokens_per_gpu_second": None}},
            "has no tokens per second of a GPU: the log does not say",
        ),
        ({"time": 0.5}, "of the peak; needs a step that takes longer"),
        ({"time": 900.0}, "needs a run within ten times its prediction"),
        ({"time": 0.0}, "results.median_step_time is 0.0 s; needs a number above nought in s"),
        ({"known": {"num_gpus": -8}}, "results.num_gpus is -8 GPU; needs a number above"),
        ({"layout": "tp=3"}, "anchor: "),
        ({"layout": "speed=9"}, "anchor: track.json: "),
    ],
)
def test_a_track_that_cannot_be_used_is_one_message(tmp_path, changes, told):
    with pytest.raises(InputError) as caught:
        estimate(**RUN, anchor=saved(tmp_path, **changes))

    assert told in str(caught.value)
    assert str(caught.value).startswith("anchor: ")


def test_a_track_in_another_unit_is_refused(tmp_path):
    """Its number would be read as seconds."""
    path = Path(saved(tmp_path))
    data = json.loads(path.read_text())
    data["results"]["median_step_time"]["unit"] = "ms"
    path.write_text(json.dumps(data))

    with pytest.raises(InputError, match=r"median_step_time is 9\.0 ms; needs a number .* in s\."):
        estimate(**RUN, anchor=str(path))


def test_another_result_is_no_anchor(tmp_path):
    path = tmp_path / "estimate.json"
    path.write_text(json.dumps(document(estimate(**RUN)).data))

    with pytest.raises(InputError, match=r"anchor: estimate\.json is llmcost\.estimate/1; needs a"):
        estimate(**RUN, anchor=str(path))


@pytest.mark.parametrize("name", ["gone.json", "x" * 5000 + ".json"])
def test_a_file_that_is_not_there_is_told(name):
    with pytest.raises(InputError, match=r"anchor: "):
        estimate(**RUN, anchor=name)


@pytest.fixture
def table(tmp_path):
    """A measured table of one published row, made up."""
    path = tmp_path / "mine.csv"
    path.write_text(
        "id,model_name,gpu,n_gpus,dtype,seq_len,tp,pp,dp,micro_batch,global_batch_seqs,"
        "reported_step_time_s\n"
        "one,llama-3.1-8b,h100-sxm,64,bf16,8192,2,1,32,1,512,8.5\n"
    )
    return str(path)


def test_a_track_is_one_row_more(tmp_path, table):
    """Of the same run as a row of the table, it is predicted the same."""
    track_file = saved(tmp_path, layout="tp=2,pp=1,dp=32,mbs=1")
    part = validate(table, added=[track_file]).parts[0]
    one, own = part.rows

    assert (own.id, own.source, part.added) == ("track.json", "own track", ("track.json",))
    assert own.measured == 9.0
    assert own.predicted == pytest.approx(one.predicted, rel=1e-12)
    assert own.error == pytest.approx(one.predicted / 9.0 - 1, rel=1e-12)


def test_a_track_alone_is_a_validation(tmp_path):
    """Beside whole runs, steps are those of the track alone."""
    runs = tmp_path / "runs.csv"
    runs.write_text(
        "id,model,n_params_total,tokens,gpu,gpu_hours\nr1,Llama 3.1 8B,8.03e9,1.5e13,H100,1.46e6\n"
    )
    parts = validate(None, str(runs), added=[saved(tmp_path)]).parts

    assert [len(part.rows) for part in parts] == [1, 1]
    assert parts[0].rows[0].scored


def test_a_track_of_a_config_file_has_its_shape(tmp_path, table):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(dict(model("llama-3.1-8b").config)))
    by_name = saved(tmp_path, "a.json")
    by_file = saved(tmp_path, "b.json", model=str(config))
    one, two = validate(table, added=[by_name, by_file]).parts[0].rows[-2:]

    assert one.predicted == pytest.approx(two.predicted, rel=1e-12)


def test_an_id_that_the_table_has_is_refused(tmp_path, table):
    with pytest.raises(DataError, match=r"one\.json|is the id of a row already"):
        validate(table, added=[saved(tmp_path, "one")])


def test_a_track_that_says_too_little_is_refused(tmp_path, table):
    with pytest.raises(InputError, match=r"add: track\.json does not say gpu"):
        validate(table, added=[saved(tmp_path, gpu=None)])


def test_the_document_tells_the_own_run_first(tmp_path, table):
    made = document(validate(table, added=[saved(tmp_path)]))

    assert made.title == (f"Predicted against measured: 1 rows of {table} and 1 track of your own")
    assert made.tables[0].name == "added"
    assert made.tables[0].rows[0][0] == "track.json"
    assert made.data["summary"]["throughput"]["added"] == ["track.json"]
    assert "The constants were fitted without the tracks of your own." in made.messages
