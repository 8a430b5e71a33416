"""``llmcost layouts`` as a user meets it."""

import csv
import io

import pytest

import llmcost as package
from llmcost.cli.options import FORMATS
from llmcost.layout import read_layout
from tests.cli.helpers import llmcost

pytestmark = pytest.mark.usefixtures("empty_folder")

LLAMA_405B = ("layouts", "llama-3.1-405b", "--gpu", "h100-sxm", "--gpus", "16384")
SMALL = ("layouts", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "8")


def test_the_published_run_is_searched_with_its_own_batch(capsys):
    """2,048 sequences of 8,192: Llama Team 2024 (arXiv 2407.21783), table 4."""
    ran = llmcost(capsys, *LLAMA_405B, "--json")

    assert ran.code == 0
    inputs = ran.data["inputs"]
    assert inputs["global_batch_size"]["value"] == 2048
    assert inputs["global_batch_size"]["origin"]["kind"] == "published"
    assert inputs["seq_length"]["value"] == 8192


def test_json_holds_what_was_searched_and_the_best(capsys):
    data = llmcost(capsys, *SMALL, "--json", "--best", "3").data

    assert data["schema"] == "llmcost.layouts/1"
    assert len(data["results"]) == 3
    assert 3 <= data["fitting"] <= data["space"]
    for row in data["results"]:
        degrees = ("tensor_parallel", "pipeline_parallel", "context_parallel", "data_parallel")
        devices = 1
        for name in degrees:
            devices *= row[name]
        assert devices == 8
        assert row["low"] < row["step_time"] < row["high"]
        assert row["fits"] is True
        assert read_layout(row["layout"]).tensor_parallel == row["tensor_parallel"]
    assert data["units"]["step_time"] == "s"
    assert data["units"]["memory"] == "byte"


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format(capsys, format_name):
    ran = llmcost(capsys, *SMALL, "--format", format_name)

    assert ran.code == 0
    assert ran.out.strip()
    assert ran.err == ""


def test_csv_and_json_hold_the_same_layouts(capsys):
    rows = list(csv.DictReader(io.StringIO(llmcost(capsys, *SMALL, "--format", "csv").out)))
    data = llmcost(capsys, *SMALL, "--json").data

    assert [row["layout"] for row in rows] == [row["layout"] for row in data["results"]]
    assert float(rows[0]["step_time [s]"]) == data["results"][0]["step_time"]
    assert float(rows[0]["memory [byte]"]) == data["results"][0]["memory"]


@pytest.mark.parametrize("command", [SMALL, LLAMA_405B, (*SMALL[:-1], "1"), ("layouts", "--help")])
def test_the_tables_and_the_help_fit_80_columns(capsys, command):
    assert max(map(len, llmcost(capsys, *command).out.splitlines())) <= 80


def test_the_obvious_layouts_lose_for_a_reason(capsys):
    """A replica of 16,384 devices each needs a sequence of its own, of which there are 2,048."""
    data = llmcost(capsys, *LLAMA_405B, "--json").data

    rivals = {one["name"]: one for one in data["rivals"]}
    assert "smaller than" in rivals["sharded data parallel alone (ZeRO-3)"]["verdict"]
    short = rivals["tensor parallel 8 alone, no pipeline"]
    assert short["verdict"] == f"does not fit by {-short['headroom'] / 1e9:,.3g} GB"
    deep = rivals["pipeline parallel alone, not interleaved"]
    assert f"the pipeline bubble, {deep['bubble_fraction']:.0%} of its step" in deep["verdict"]
    best = data["results"][0]["step_time"]
    assert f"{deep['step_time'] / best:.1f}x slower" in deep["verdict"]


def test_the_fewest_gpus_hold_what_half_of_them_do_not(capsys):
    """18 bytes for each of 405.9B parameters over 84.8 GB are 87 devices at the very least."""
    few = llmcost(capsys, *LLAMA_405B, "--json").data["fewest_gpus"]

    assert few["num_gpus"] >= 87
    assert few["fits"] is True
    half = str(few["num_gpus"] // 2)
    assert llmcost(capsys, *LLAMA_405B[:-1], half).code == 1


def test_where_nothing_fits_it_says_by_how_much_and_what_would(capsys):
    ran = llmcost(capsys, *LLAMA_405B[:-1], "16", "--layout", "recompute=none", "--json")

    assert ran.code == 1
    assert ran.data["results"] == []
    short = -ran.data["tightest"]["headroom"] / 1e9
    assert f"lacks {short:,.3g} GB a GPU" in ran.err
    assert f"It fits on {ran.data['fewest_gpus']['num_gpus']} GPUs" in ran.err


def test_a_part_that_stands_in_the_way_is_named(capsys):
    asked = ("layouts", "llama-3.1-70b", "--gpu", "h100-sxm", "--gpus", "64")
    ran = llmcost(capsys, *asked, "--layout", "tp=2,pp=1,recompute=none", "--json")

    assert ran.code == 1
    freed = {one["freed"] for one in ran.data["relaxed"]}
    assert {"tensor_parallel", "pipeline_parallel"} <= freed
    assert "With tensor-parallel left free, this fits" in ran.err


def test_given_parts_and_the_framework_are_kept(capsys):
    asked = ("--layout", "tp=2", "--framework", "fsdp", "--json")
    data = llmcost(capsys, *SMALL, *asked).data

    assert {row["tensor_parallel"] for row in data["results"]} == {2}
    assert {row["zero_stage"] for row in data["results"]} == {3}


def test_the_batch_may_be_tokens_or_sequences(capsys):
    sequences = llmcost(capsys, *SMALL, "--global-batch-size", "128", "--json").data
    tokens = llmcost(capsys, *SMALL, "--global-batch-size", "1,048,576 tokens", "--json").data

    assert tokens["inputs"]["global_batch_size"]["value"] == 128
    assert tokens["results"] == sequences["results"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gpu", "h100"), "h100-sxm"),
        (("--layout", "tp=3"), "tp=2 or tp=4"),
        (("--layout", "tp=2,pp=2,dp=4,cp=1"), "16 GPUs; needs 8"),
        (("--layout", "pp=64"), "pp"),
        (("--precision", "nvfp4"), "--precision: "),
        (("--gpu", "tpu-8t"), "--gpu: got tpu-8t, which has no published peak"),
        (("--global-batch-size", "7", "--layout", "dp=4"), "such as 8"),
        (("--precision", "fp4"), "h100-sxm has no published fp4 peak"),
        (("--framework", "jax"), "megatron, fsdp, xla or other"),
        (("--global-batch-size", "0"), "--global-batch-size"),
        (("--best", "0"), "--best"),
    ],
)
def test_bad_input_is_one_message(capsys, arguments, words):
    ran = llmcost(capsys, *SMALL, *arguments)

    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_the_function_answers_as_the_command(capsys):
    data = llmcost(capsys, *SMALL, "--json").data
    found = package.find_layouts("llama-3.1-8b", gpu="h100-sxm", num_gpus=8)

    assert found
    assert found.to_dict()["results"] == data["results"]
    assert found.best[0].layout.devices == 8
    assert "<table" in found._repr_html_()
