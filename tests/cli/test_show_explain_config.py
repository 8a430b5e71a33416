"""``llmcost show``, ``explain``, ``config`` and ``completion`` as a user meets them."""

import csv
import io
import json
import re

import pytest

from llmcost import engine
from llmcost.cli.explain import NAMES
from llmcost.cli.main import COMMANDS
from llmcost.cli.options import FORMATS
from llmcost.cli.show import KINDS
from llmcost.studies.estimation import RESULT_ORDER, RESULT_UNITS
from llmcost.studies.explanation import explanations
from llmcost.studies.tracking.answer import RESULT_UNITS as TRACK_UNITS
from tests.cli.helpers import PINNED, llmcost

CALL = """
env() { printf 'plain,Amazon Web Services\\n'; }
_llmcost_completion llmcost
printf '%s\\n' "${COMPREPLY[@]}"
"""
pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_kind_of_fact_in_every_format(capsys, kind, format_name):
    ran = llmcost(capsys, "show", kind, "--format", format_name)

    assert ran.code == 0
    assert ran.out.strip()
    assert ran.err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_csv_and_json_hold_the_same_rows(capsys, kind):
    rows = list(csv.reader(io.StringIO(llmcost(capsys, "show", kind, "--format", "csv").out)))
    data = llmcost(capsys, "show", kind, "--json").data

    assert data["schema"] == "llmcost.facts/1"
    assert [header.partition(" [")[0] for header in rows[0]] == list(data["results"][0])
    assert len(rows) - 1 == len(data["results"])
    for header in rows[0]:
        name, _, unit = header.partition(" [")
        assert data["units"].get(name, "") == unit.removesuffix("]")


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_fit_80_columns(capsys, kind):
    assert max(map(len, llmcost(capsys, "show", kind).out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("gpus", "h100-sxm", "989.4"),
        ("gpus", "H100 SXM5", "h100-sxm"),
        ("models", "llama-3.1-405b", "405.9B"),
        ("models", "meta-llama/Llama-3.1-405B", "405.9B"),
        ("models", "gpt-4", "not public"),
        ("prices", "mi300x", "mi300x"),
        ("runs", "llama-3.1-405b", "30,840,000"),
        ("prices", "runpod-mi300x-od-20260821", "1.45 USD/GPU/hour"),
        ("claims", "training-cost", "$35M"),
        ("sources", "llama-3-paper", "2407.21783"),
        ("units", "PFLOP", "petaFLOP"),
    ],
)
def test_one_name_shows_everything_about_it(capsys, kind, name, words):
    ran = llmcost(capsys, "show", kind, name)

    assert ran.code == 0, ran.err
    assert words in ran.out


@pytest.mark.parametrize(
    ("kind", "headings"),
    [
        ("gpus", ("peak bf16 (TFLOP/s)", "memory (GB)", "memory bandwidth (TB/s)", "power (W)")),
        ("prices", ("price ($/GPU-h)", "purchase price ($/GPU)")),
        ("models", ("seq length (tokens)", "published tokens")),
    ],
)
@pytest.mark.parametrize("format_name", ["markdown", "html", "latex"])
def test_headings_say_the_unit(capsys, kind, headings, format_name):
    """A number without its unit is not an answer."""
    text = llmcost(capsys, "show", kind, "--format", format_name).out.replace("\\$", "$")

    assert all(heading in text for heading in headings)


def test_the_terminal_says_the_units_too(capsys):
    top = "\n".join(llmcost(capsys, "show", "gpus").out.splitlines()[:6])

    assert top.count("(TFLOP/s)") == 2
    assert "(TB/s)" in top


@pytest.mark.parametrize("kind", ["gpus", "models", "prices", "runs"])
def test_a_list_has_a_line_a_row(capsys, kind):
    """Names that wrap may take a second line; record blocks of many lines never come."""
    lines = llmcost(capsys, "show", kind).out.splitlines()
    rows = llmcost(capsys, "show", kind, "--json").data["results"]

    assert len(lines) < 1.05 * len(rows) + 15


@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_tables_at_80_columns(capsys, kind):
    assert any(set(line) == {"─", " "} for line in llmcost(capsys, "show", kind).out.splitlines())


def test_prices_to_rent_and_to_buy_stand_apart(capsys):
    text = llmcost(capsys, "show", "prices").out

    assert re.search(r"\nTo rent\ngpu +provider +terms +price", text)
    assert re.search(r"\nTo buy\ngpu +gpu as listed +purchase", text)
    assert "price_id" not in text
    assert "runpod-mi300x-od-20260821" in llmcost(capsys, "show", "prices", "mi300x").out


@pytest.mark.parametrize(
    ("name", "model"),
    [
        *((name, "gpt-4") for name in ("gpt4", "GPT-4", "gpt 4")),
        *((name, "gpt-3.5") for name in ("gpt 3.5", "chatgpt-3.5", "ChatGPT", "gpt3.5")),
        *((name, "claude-3.5-sonnet") for name in ("claude 3.5 sonnet", "claude-3-5-sonnet")),
        ("Claude 3.5", "claude-3.5-sonnet"),
        *((name, "gemini-1.0-ultra") for name in ("gemini", "gemini ultra", "gemini-ultra")),
        *((name, "gemini-1.0-ultra") for name in ("gemini-1.0-ultra", "Gemini 1.0 Ultra")),
    ],
)
def test_closed_models_by_the_names_people_use(capsys, name, model):
    ran = llmcost(capsys, "show", "models", name)

    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"{model}: what is public")


def test_a_wrong_model_name_is_answered_with_closed_ones_too(capsys):
    assert "gemini-1.0-ultra" in llmcost(capsys, "show", "models", "gemini-2.0-ultra").err
    assert "llama-3.1-8b" in llmcost(capsys, "show", "models", "lama-3.1-8b").err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["nonsense", "", "x" * 10_000])
def test_an_unknown_name_is_one_message(capsys, kind, name):
    ran = llmcost(capsys, "show", kind, name)

    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("Error") == 1


def test_all_26_claims_of_five_essays(capsys):
    rows = llmcost(capsys, "show", "claims", "--json").data["results"]

    assert len(rows) == 26
    assert len({row["file"] for row in rows}) == 5
    assert any(row["low"] == 35e6 and row["high"] == 200e6 for row in rows)


def test_fields_choose_columns(capsys):
    text = llmcost(capsys, "show", "gpus", "--format", "csv", "--fields", "name,memory").out

    assert text.splitlines()[0] == "name,memory [GB]"
    data = llmcost(capsys, "show", "gpus", "--json", "--fields", "name,memory").data
    assert all(set(row) == {"name", "memory"} for row in data["results"])


@pytest.mark.parametrize("name", explanations())
def test_every_explanation_names_its_source(capsys, name):
    data = llmcost(capsys, "explain", name.replace("_", "-"), "--json").data["results"]

    assert data["source"]
    assert data["summary"]
    assert all({"name", "unit"} == set(each) for each in data["inputs"])


@pytest.mark.parametrize("name", [name for name in RESULT_ORDER if name != "tokens"])
def test_every_result_can_be_explained(capsys, name):
    assert llmcost(capsys, "explain", name).code == 0


@pytest.mark.parametrize(("name", "unit"), RESULT_UNITS.items())
def test_the_explained_unit_is_the_unit_of_the_result(capsys, name, unit):
    """What is explained is the number that is printed, not a part of it."""
    assert llmcost(capsys, "explain", name, "--json").data["results"]["unit"] == unit


@pytest.mark.parametrize(("name", "unit"), TRACK_UNITS.items())
def test_every_result_of_a_track_can_be_explained_in_its_unit(capsys, name, unit):
    assert llmcost(capsys, "explain", name, "--json").data["results"]["unit"] == unit


@pytest.mark.parametrize("name", engine.MONEY)
def test_what_goes_into_a_cost_has_a_name_that_can_be_explained(capsys, name):
    inputs = llmcost(capsys, "explain", name, "--json").data["results"]["inputs"]

    assert {each["name"] for each in inputs} <= {*explanations(), "num_gpus", "tokens"}


def test_the_inputs_of_an_expression_are_the_names_in_it(capsys):
    """A server's price over its life, a year, on the hours in use of a year of 8,766."""
    data = llmcost(capsys, "explain", "owned-servers-cost", "--json").data["results"]

    assert "server_price x 1 / server_lifetime" in data["formula"]
    assert {each["name"]: each["unit"] for each in data["inputs"]} == {
        "gpu_hours": "GPU*hour",
        "server_price": "USD/GPU",
        "server_lifetime": "year",
        "cluster_utilization": "",
    }


def test_model_flop_is_explained_with_attention_and_phases(capsys):
    data = llmcost(capsys, "explain", "model-flop", "--json").data["results"]
    parts = {each["name"]: each["unit"] for each in data["inputs"]}

    assert data["formula"].startswith("sum over phases of tokens x (matmul_flop_per_token + ")
    assert parts["attention_flop_per_token"] == parts["matmul_flop_per_token"] == "FLOP/token"
    assert "causal-halved" in " ".join(data["details"])
    for part, unit in parts.items():
        assert llmcost(capsys, "explain", part, "--json").data["results"]["unit"] == unit


def test_the_rate_of_tokens_says_that_goodput_is_not_in_it(capsys):
    for name in ("tokens-per-second", "tokens-per-gpu-second"):
        assert "Goodput is not in it" in llmcost(capsys, "explain", name).out


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("gpu-hour", "gpu-hours"), ("flops", "model-flop"), ("price-per-gpu", "price")],
)
def test_an_unknown_quantity_gets_suggestions(capsys, name, suggested):
    ran = llmcost(capsys, "explain", name)

    assert ran.code == 2
    assert re.search(rf"(Did you mean|Related:) .*\b{suggested}\b", ran.err)


def test_completion_has_every_explanation():
    assert [name.replace("-", "_") for name in NAMES] == list(explanations())


def test_an_explanation_has_formula_paper_and_units(capsys):
    text = llmcost(capsys, "explain", "gpu-hours").out

    assert "model_flop / (peak_flop_rate x mfu x goodput x steady_share) / 3600" in text
    assert "arXiv 2204.02311" in text
    assert re.search(r"peak_flop_rate\s+FLOP/s/GPU", text)
    assert len(re.findall(r"gpu-hours\b(?!-)", llmcost(capsys, "explain", "gpu-hour").err)) == 1


def test_config_show_names_the_origin_of_each_value(capsys, empty_folder, monkeypatch):
    (empty_folder / "pyproject.toml").write_text('[tool.llmcost.estimate]\ngpu = "h200-sxm"\n')
    monkeypatch.setenv("LLMCOST_ESTIMATE_GPUS", "64")
    rows = llmcost(capsys, "config", "show", "--json").data["results"]
    found = {row["name"]: row for row in rows}

    assert found["gpu"]["value"] == "h200-sxm"
    assert found["gpu"]["origin"].endswith("pyproject.toml")
    assert found["gpus"]["origin"] == "environment variable LLMCOST_ESTIMATE_GPUS"
    assert found["attention-flop"]["origin"] == "default"
    assert all(row["variable"].startswith("LLMCOST_ESTIMATE_") for row in rows)


def test_config_show_tells_what_counts_where_nothing_is_set(capsys):
    """The words are checked against an estimate that leaves everything out."""
    rows = llmcost(capsys, "config", "show", "--json").data["results"]
    found = {row["name"]: row for row in rows}
    bare = ("estimate", "--parameters", "8B", "--tokens", "1T", "--gpu", "h100-sxm", "--json")
    inputs = llmcost(capsys, *bare).data["inputs"]

    assert found["precision"]["value"] == inputs["precision"]["value"] == "bf16"
    assert found["terms"]["value"] == inputs["price"]["detail"]["terms"] == "on-demand"
    assert found["as-of"]["value"] == f"{inputs['price']['origin']['as_of']} (newest price)"
    assert found["recompute"]["value"].startswith(inputs["recompute"]["value"])
    assert found["goodput"]["value"].endswith("86% (66% – 96%) for an unknown number")
    assert inputs["goodput"]["value"] == 0.86
    assert found["strict"]["value"] == "no"
    assert found["mfu"]["value"] == "predicted for the layout"
    assert found["layout"]["value"] == "the fastest that fits"
    assert (found["gpu"]["value"], found["gpu"]["origin"]) == (None, "not set")


def test_config_show_tells_the_defaults_behind_costs(capsys):
    """By name in defaults.csv, or as an estimate that leaves everything out has them."""
    rows = llmcost(capsys, "config", "show", "--json").data["results"]
    found = {row["name"]: row for row in rows}
    bare = ("--gpu", "h100-sxm", "--gpus", "8", "--scope", "development", "--json")
    given = ("--mfu", "40%", "--staff", "5", "--staff-time", "1 year")
    inputs = llmcost(capsys, "estimate", "llama-3.1-8b", *bare, *given).data["inputs"]

    assert found["pue"]["value"] == "1.15 (1.08 – 1.56)"
    assert found["server-lifetime"]["value"] == "5 years (3 – 6 years)"
    assert found["restart-time"]["value"] == "10 minutes (5 – 20 minutes)"
    assert found["cluster-utilization"]["value"] == "80% (60% – 95%)"
    assert found["rental-add-ons"]["value"] == "40% (30% – 50%)"
    for name in ("region", "depreciation"):
        assert found[name]["value"] == inputs[name]["value"]
    assert found["scope"]["value"] == "final-run"
    defaults = {n.replace("_", "-") for n, v in inputs.items() if v["origin"]["kind"] == "default"}
    named = [name for name in defaults & set(found) if found[name]["value"] is not None]
    assert set(named) == defaults & set(found)
    assert {found[name]["origin"] for name in named} == {"default"}


@pytest.mark.parametrize("columns", ["80", "60"])
def test_config_show_breaks_no_names(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    text = llmcost(capsys, "config", "show").out

    assert re.search(r"^gpu +not set +not set$", text, re.MULTILINE)
    assert re.search(r"^price-per-node-hour +not set", text, re.MULTILINE)
    assert "LLMCOST_ESTIMATE_<OPTION>" in text
    assert "—" not in text


def test_fields_choose_columns_of_the_settings(capsys):
    text = llmcost(capsys, "config", "show", "--fields", "name,variable").out

    assert re.search(r"^gpus-per-node +LLMCOST_ESTIMATE_GPUS_PER_NODE$", text, re.MULTILINE)
    data = llmcost(capsys, "config", "show", "--fields", "name,value", "--json").data
    assert {tuple(row) for row in data["results"]} == {("name", "value")}


def test_every_option_has_its_variable(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_ESTIMATE_MODEL", "llama-3.1-8b")
    monkeypatch.setenv("LLMCOST_ESTIMATE_TOKENS", "1T")
    monkeypatch.setenv("LLMCOST_ESTIMATE_FORMAT", "json")
    monkeypatch.setenv("LLMCOST_ESTIMATE_SEQ_LENGTH", "4096")
    data = json.loads(llmcost(capsys, "estimate").out)

    assert data["inputs"]["seq_length"]["value"] == 4096
    assert data["inputs"]["model"]["value"] == "llama-3.1-8b"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script(capsys, shell):
    ran = llmcost(capsys, "completion", shell)

    assert ran.code == 0
    assert "_LLMCOST_COMPLETE" in ran.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("llmcost estimate llama-3.1-4", "llama-3.1-405b"),
        ("llmcost estimate --gpu h100-s", "h100-sxm"),
        ("llmcost estimate --terms reser", "reserved-1y"),
        ("llmcost show gpus mi3", "mi300x"),
        ("llmcost explain gpu", "gpu-hours"),
        ("llmcost est", "estimate"),
        ("llmcost estimate --provider amaz", "Amazon Web Services"),
        ("llmcost estimate --recompute s", "selective"),
        ("llmcost estimate --precision bf", "bf16"),
        ("llmcost estimate --attention-flop c", "causal"),
        ("llmcost estimate --scaling-law hoff", "hoffmann-2022-approach-1"),
        ("llmcost estimate --format ma", "markdown"),
        ("llmcost estimate --fields gpu-h", "gpu_hours"),
        ("llmcost estimate --fields cost,wall", "cost,wall_clock"),
        ("llmcost estimate --fields pri", "price"),
        ("llmcost show gpus --fields mem", "memory"),
        ("llmcost config show --fields or", "origin"),
        ("llmcost show models ", "gpt-4"),
        ("llmcost show runs run-01", "run-013"),
        ("llmcost show claims gpt", "gpt-4-cost"),
        ("llmcost show sources llama-3-p", "llama-3-paper"),
    ],
)
def test_completion_knows_models_and_accelerators(words, expected):
    *given, incomplete = words.split(" ")[1:]

    assert expected in [item.value for item in completions(given, incomplete)]


@pytest.mark.parametrize(
    ("given", "incomplete"),
    [
        (["estimate"], "conf"),
        (["estimate", "-o"], ""),
        (["estimate", "--output"], "out/a"),
        (["estimate", "--config"], "x"),
        (["show", "gpus", "--output"], ""),
        (["config", "show", "--config"], ""),
    ],
)
def test_completion_asks_the_shell_for_files(given, incomplete):
    (asked,) = (item for item in completions(given, incomplete) if item.type == "file")

    assert asked.value == incomplete


def test_a_config_file_is_completed_beside_models(empty_folder):
    """bash looks for files itself only where no name fits, so those at hand are named."""
    (empty_folder / "llama-mine.json").write_text("{}")
    found = completions(["estimate"], "llama-")

    assert found[0].type == "file"
    assert {"llama-mine.json", "llama-3.1-8b"} <= {item.value for item in found}


def test_bash_quotes_names_with_spaces(capsys):
    import subprocess

    script = llmcost(capsys, "completion", "bash").out
    assert "COMPREPLY+=($value)" not in script
    found = subprocess.run(
        ["bash", "-c", script.replace("complete -o nosort", "true") + CALL],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "Amazon\\ Web\\ Services\n"


def completions(given, incomplete):
    """Return what bash would be offered."""
    from click.shell_completion import BashComplete

    from llmcost.cli.main import cli

    return BashComplete(cli, {}, "llmcost", "_LLMCOST_COMPLETE").get_completions(given, incomplete)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["config", "show"]])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_of_every_command_fits_80_columns(capsys, command, flag):
    ran = llmcost(capsys, *command, flag)

    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80


def test_help_names_what_exit_code_1_stands_for(capsys):
    text = " ".join(llmcost(capsys, "--help").out.split())

    assert "over --max-cost, a layout does not fit, or a claim in conflict" in text


def test_version(capsys):
    assert re.fullmatch(r"llmcost \d+\.\d+\.\d+\n", llmcost(capsys, "--version").out)


def test_a_closed_pipe_is_no_error(capsys):
    import subprocess
    import sys

    done = subprocess.run(
        f"{sys.executable} -m llmcost show prices --format csv | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("price_id")


def test_a_reader_that_left_before_the_first_line_is_no_verdict(capsys):
    import os
    import subprocess
    import sys

    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "llmcost", "show", "prices", "--format", "csv"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_estimate_in_every_format(capsys, format_name):
    ran = llmcost(capsys, *PINNED, "--format", format_name)

    assert ran.code == 0
    assert "llama-3.1-405b" in ran.out.replace("\\-", "-")


@pytest.mark.parametrize("format_name", FORMATS)
def test_fields_choose_parts_of_an_explanation(capsys, format_name):
    ran = llmcost(
        capsys, "explain", "gpu-hours", "--fields", "formula,source", "--format", format_name
    )

    assert ran.code == 0, ran.err
    assert "3600" in ran.out
    assert "restarts" not in ran.out
