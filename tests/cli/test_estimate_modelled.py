"""``llmcost estimate`` without an MFU: the layout, the step by part, the memory, the exit codes."""

import csv
import io

import pytest

from llmcost import Estimate
from tests.cli.helpers import llmcost

SMALL = ("estimate", "llama-3.1-8b", "--tokens", "1T", "--gpu", "h100-sxm", "--gpus", "64")
LARGE = ("estimate", "llama-3.1-405b", "--tokens", "15.6T", "--gpu", "h100-sxm", "--gpus", "16384")
PEAK = 989.4e12

pytestmark = pytest.mark.usefixtures("empty_folder")


def codes(data):
    return [warning["code"] for warning in data["warnings"]]


def test_the_answer_holds_together(capsys):
    """Hours, MFU and rate worked out again from the time of a step; parts add up; arithmetic."""
    data = llmcost(capsys, *LARGE, "--goodput", "90%", "--json").data
    results = {name: part["value"] for name, part in data["results"].items()}
    step, memory, inputs = data["step"], data["memory"], data["inputs"]
    time, tokens = results["step_time"], inputs["global_batch_size"]["value"] * 8192

    hours = 15.6e12 / tokens * time * 16_384 / 3600 / 0.9
    flop = results["model_flop"] / 15.6e12 * tokens
    assert results["gpu_hours"] == pytest.approx(hours, rel=1e-12)
    assert results["mfu"] == pytest.approx(flop / time / 16_384 / PEAK, rel=1e-12)
    assert results["tokens_per_second"] == pytest.approx(tokens / time, rel=1e-12)
    assert sum(part["value"] for part in step["parts"].values()) == pytest.approx(time, rel=1e-9)
    assert sum(part["share"] for part in step["parts"].values()) == pytest.approx(1, rel=1e-9)
    assert {part["unit"] for part in step["parts"].values()} == {"s"}
    total = sum(part["value"] for part in memory["parts"].values())
    assert total == pytest.approx(memory["total"]["value"], rel=1e-9)
    free = memory["usable"]["value"] - memory["total"]["value"]
    assert memory["headroom"]["value"] == pytest.approx(free, abs=1e-9)
    assert memory["fits"] is (free >= 0)
    assert memory["capacity"] == {"value": 80, "unit": "GB"}


def test_where_the_inputs_come_from(capsys):
    """Llama 3 paper, table 4: 2,048 sequences of 8,192 tokens a step."""
    inputs = llmcost(capsys, *LARGE, "--json").data["inputs"]

    assert inputs["mfu"]["origin"]["kind"] == "modelled"
    assert "calibration.toml" in inputs["mfu"]["origin"]["source"]
    assert inputs["mfu"]["low"] < inputs["mfu"]["value"] < inputs["mfu"]["high"]
    assert inputs["global_batch_size"]["value"] == 2048
    assert inputs["global_batch_size"]["origin"]["kind"] == "published"
    assert inputs["layout"]["origin"]["kind"] == "modelled"
    assert inputs["framework"]["value"] == "megatron"
    assert inputs["framework"]["origin"]["kind"] == "default"
    assert inputs["recompute"]["origin"]["kind"] == "modelled"


@pytest.mark.parametrize(("gpus", "dp", "rate"), [("8192", "64", 430e12), ("16384", "128", 400e12)])
def test_the_published_step_is_within_the_range(capsys, gpus, dp, rate):
    """Llama 3 paper, table 4: 430 and 400 TFLOP/s per GPU, attention causal-halved; empirical."""
    run = [*LARGE[:-1], gpus, "--layout", f"tp=8,pp=16,cp=1,dp={dp},recompute=none"]
    results = llmcost(capsys, *run, "--json").data["results"]

    flop = results["model_flop"]["value"] / 15.6e12 * 2048 * 8192
    published = flop / (int(gpus) * rate)
    assert results["step_time"]["low"] < published < results["step_time"]["high"]


def test_each_phase_has_a_step_of_its_own(capsys):
    """The published phases; GPU-hours are the sum over phases of steps x time; arithmetic."""
    data = llmcost(capsys, "estimate", "llama-3.1-405b", "--goodput", "1", "--json").data
    phases = data["step"]["phases"]
    lengths = {each["seq_length"]: each for each in phases}

    hours = sum(
        each["tokens"]
        / (each["seq_length"] * each["global_batch_size"])
        * each["step_time"]["value"]
        * 16_384
        / 3600
        for each in phases
    )
    assert data["results"]["gpu_hours"]["value"] == pytest.approx(hours, rel=1e-12)
    assert lengths[131_072]["global_batch_size"] == 128
    assert "cp=1," not in lengths[131_072]["layout"]
    assert all(each["fits"] for each in phases)


def test_recomputation_sets_hfu(capsys):
    """Full recomputation repeats the forward pass, a third of the model FLOP."""
    none, full = (
        llmcost(capsys, *SMALL, "--recompute", kind, "--json").data["results"]
        for kind in ("none", "full")
    )

    assert none["hfu"]["value"] == none["mfu"]["value"]
    assert full["hfu"]["value"] == pytest.approx(full["mfu"]["value"] * 4 / 3, rel=1e-12)
    assert full["hardware_flop"]["low"] == full["hardware_flop"]["high"]
    assert full["step_time"]["value"] > none["step_time"]["value"]


def test_a_layout_in_part_is_completed(capsys):
    data = llmcost(capsys, *SMALL, "--layout", "TP 2, CP 2", "--json").data

    assert data["inputs"]["layout"]["value"].startswith("tp=2,pp=")
    assert ",cp=2," in data["inputs"]["layout"]["value"]
    assert data["inputs"]["layout"]["origin"]["kind"] == "user"
    assert "of" in data["inputs"]["layout"]["origin"]["source"]


def test_a_layout_that_does_not_fit_is_estimated_and_leaves_with_1(capsys):
    run = (*LARGE, "--layout", "tp=8,pp=16,dp=128,cp=1,mbs=16,recompute=none,vp=1")
    ran = llmcost(capsys, *run)
    data = llmcost(capsys, *run, "--json").data

    assert ran.code == 1
    assert "Does not fit" in ran.err
    assert data["memory"]["fits"] is False
    assert data["memory"]["headroom"]["value"] < 0
    assert data["results"]["gpu_hours"]["value"] > 0
    text = " ".join(warning["message"] for warning in data["warnings"])
    assert "does-not-fit" in codes(data)
    assert f"{-data['memory']['headroom']['value']:.1f} GB more" in text
    assert "the nearest that fits is tp=8" in text


def test_where_nothing_fits_it_says_how_many_would(capsys):
    ran = llmcost(capsys, *LARGE[:-1], "8", "--json")

    assert ran.code == 0
    assert "does-not-fit" in codes(ran.data)
    assert "h100-sxm hold it" in " ".join(w["message"] for w in ran.data["warnings"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layout", "tp=7"], "Nearest"),
        (["--layout", "tp=8,pp=16,dp=12"], "16384, the cluster"),
        (["--layout", "tq=8"], "Unknown part"),
        (["--layout", ""], "needs parts such as"),
        (["--layout", "tp=8", "--mfu", "41%"], "nothing to predict"),
        (["--anchor", "x", "--throughput", "400 TFLOP/s/GPU"], "nothing to predict"),
        (["--framework", "megatrn"], "megatron, fsdp, xla or other"),
        (["--global-batch-size", "2048.5"], "whole number"),
        (["--global-batch-size", "0"], "above 0"),
        (["--global-batch-size", "2048 GPUs"], "--global-batch-size"),
        (["--global-batch-size", "4", "--layout", "gbs=8"], "only one"),
        (["--global-batch-size", "3", "--layout", "dp=128"], "multiple of 128, such as 128"),
        (["--global-batch-size", "2050", "--layout", "dp=8,mbs=2"], "of 16, such as 2,048"),
        (["--recompute", "full", "--layout", "tp=8,recompute=none"], "only one"),
        (["--recompute", "some"], "none, selective or full"),
        (["--anchor", "soon"], "Needs a run such as"),
        (["--anchor", "41% MFU on 512 h100-sxm"], "--anchor: Unknown unit"),
        (["--precision", "nvfp4"], "--precision: h100-sxm has no published fp4 peak"),
        (["--gpu", "tpu-8t"], "--gpu: got tpu-8t, which has no published peak"),
        (["--layout", "cp=0"], "--layout: cp: got 0"),
        (["--layout", "zero=4"], "--layout: zero: got 4"),
        (["--layout", "tp=eight"], "--layout: tp: got 'eight'"),
    ],
)
def test_what_cannot_be_is_one_message_and_2(capsys, arguments, words):
    ran = llmcost(capsys, *LARGE, *arguments)

    assert ran.code == 2
    assert ran.out == ""
    assert words in ran.err
    assert ran.err.count("Error") == 1


@pytest.mark.parametrize(
    ("given", "sequences"),
    [
        ("512", 512),
        ("512 sequences", 512),
        ("4,194,304 tokens", 512),
        ("4M tokens", 512),
        (None, 512),
    ],
)
def test_the_global_batch_in_the_users_words(capsys, given, sequences):
    """Sequences of 8,192 tokens; by rule 4,194,304 tokens."""
    more = [] if given is None else ["--global-batch-size", given]
    part = llmcost(capsys, *SMALL, *more, "--json").data["inputs"]["global_batch_size"]

    assert part["value"] == sequences
    assert part["origin"]["kind"] == ("default" if given is None else "user")


def test_without_an_architecture_or_a_number_the_mfu_is_typical(capsys):
    bare = ("estimate", "--parameters", "8B", "--tokens", "1T", "--gpu", "h100-sxm", "--gpus", "64")
    for run in (bare, SMALL[:-2]):
        data = llmcost(capsys, *run, "--json").data

        assert data["inputs"]["mfu"]["origin"]["kind"] == "default"
        assert "mfu-typical" in codes(data)
        assert "step" not in data
        assert "step_time" not in data["results"]


def test_a_layout_needs_what_a_prediction_needs(capsys):
    ran = llmcost(capsys, *SMALL[:-2], "--layout", "tp=2")

    assert ran.code == 2
    assert "--gpus" in ran.err


def test_phases_may_have_a_batch_and_a_layout_each(capsys, empty_folder):
    (empty_folder / "llmcost.toml").write_text(
        '[estimate]\nmodel = "llama-3.1-8b"\ngpu = "h100-sxm"\ngpus = 64\nlayout = "tp=1,cp=1"\n'
        '[[estimate.phases]]\nname = "short"\ntokens = "1T"\nseq-length = 8192\n'
        'global-batch-tokens = "8,388,608"\n'
        '[[estimate.phases]]\nname = "long"\ntokens = "10B"\nseq-length = 131072\n'
        'layout = "tp=2,cp=8"\n'
        '[[estimate.phases]]\nname = "longest"\ntokens = "1B"\nseq-length = 262144\n'
    )
    data = llmcost(capsys, "estimate", "--json").data
    short, long, longest = data["step"]["phases"]

    assert short["global_batch_size"] == 1024
    assert short["layout"].startswith("tp=1,")
    assert long["global_batch_size"] == 32
    assert long["layout"].startswith("tp=2,")
    assert ",cp=8," in long["layout"]
    assert ",cp=1," not in longest["layout"]
    assert "phase-layout" in codes(data)


def test_an_mfu_that_is_nearer_overrides_a_layout_in_the_settings(capsys, empty_folder):
    (empty_folder / "llmcost.toml").write_text('[estimate]\nlayout = "tp=2"\n')
    ran = llmcost(capsys, *SMALL, "--mfu", "40%", "--json")

    assert ran.code == 0
    assert "overrides layout" in ran.err
    assert ran.data["results"]["mfu"]["value"] == 0.4


def test_tpus_run_xla_and_fsdp_shards_weights(capsys):
    tpu = ("estimate", "llama-3.1-8b", "--tokens", "1T", "--gpu", "tpu-v5p", "--gpus", "64")
    assert llmcost(capsys, *tpu, "--json").data["inputs"]["framework"]["value"] == "xla"
    data = llmcost(capsys, *SMALL, "--framework", "fsdp", "--json").data

    assert ",zero=3," in data["inputs"]["layout"]["value"]


def test_fp8_scaled_by_blocks_runs_at_the_fp8_peak(capsys):
    runs = [llmcost(capsys, *SMALL, "--precision", p, "--json").data for p in ("fp8", "fp8-block")]

    assert len({run["inputs"]["peak_flop_rate"]["value"] for run in runs}) == 1
    assert runs[1]["inputs"]["precision"]["value"] == "fp8-block"
    assert runs[1]["step"]["parts"]["matmul"] != runs[0]["step"]["parts"]["matmul"]


def test_precision_without_a_peak_is_the_same_error_as_with_an_mfu(capsys):
    for more in ([], ["--mfu", "40%"]):
        ran = llmcost(capsys, *SMALL, "--precision", "fp4", *more)

        assert ran.code == 2
        assert "no published fp4 peak" in ran.err


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_people_see_the_step_and_the_memory_at_any_width(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    ran = llmcost(capsys, *SMALL)

    assert max(map(len, ran.out.splitlines())) <= int(width)
    words = " ".join(ran.out.split())
    for title in ("Matrix products", "Optimizer state", "Headroom", "One step"):
        assert title in words


@pytest.mark.parametrize("name", ["markdown", "html", "latex", "plain", "csv", "tsv", "jsonl"])
def test_every_format_has_the_step_and_the_memory(capsys, name):
    out = llmcost(capsys, *SMALL, "--format", name).out.casefold().replace("\\_", "_")

    for people, programs in (("matrix products", "step.matmul"), ("headroom", "memory.headroom")):
        assert people in out or programs in out


def test_csv_and_fields_know_the_parts(capsys):
    rows = csv.DictReader(io.StringIO(llmcost(capsys, *SMALL, "--format", "csv").out))
    found = {row["name"]: row for row in rows}
    data = llmcost(capsys, *SMALL, "--json").data

    matmul = data["step"]["parts"]["matmul"]["value"]
    assert float(found["step.matmul"]["value"]) == matmul
    assert found["step.matmul"]["unit"] == "s"
    assert found["memory.weights"]["unit"] == "GB"
    assert "Matrix products" in llmcost(capsys, *SMALL, "--fields", "step.matmul").out
    only = llmcost(capsys, *SMALL, "--json", "--fields", "step-time").data["results"]
    assert set(only) == {"step_time"}


def test_the_saved_json_is_the_estimate_again(capsys):
    data = llmcost(capsys, *SMALL, "--json").data
    del data["command"]

    assert Estimate.from_dict(data).to_dict() == data


@pytest.mark.parametrize("more", ["", "cp=1,"])
def test_replicas_that_do_not_fill_the_cluster_name_what_was_given(capsys, more):
    """128 x 100 is no 16,384; nobody gave a cp, and the published batch is 2,048 sequences."""
    layout = f"tp=8,pp=16,{more}dp=100"
    model = ("llama-3.1-405b", "--tokens", "1T", "--gpu", "h100-sxm", "--gpus", "16384")
    ran = llmcost(capsys, "estimate", *model, "--layout", layout)

    assert "is 12800 GPUs; needs 16384, the cluster" in ran.err
    assert "Nearest legal: dp=128. Nearest that keeps every rule: tp=8,pp=16,dp=128" in ran.err
    assert "cp=8" not in ran.err
