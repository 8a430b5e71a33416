"""``llmcost estimate`` as a user meets it."""

import csv
import io
import json
import re
import shlex

import pytest

from llmcost import Estimate, registry
from tests.cli.helpers import HEADLINE, PINNED, llmcost

RESULTS = (
    "parameters active_parameters model_flop model_flop_6nd hardware_flop tokens_per_parameter "
    "compute_optimal_tokens mfu goodput gpu_hours wall_clock tokens_per_second cost "
    "cost_per_million_tokens"
).split()


def results(capsys, *arguments):
    ran = llmcost(capsys, "estimate", *arguments, "--json")
    assert ran.code == 0, ran.err
    return {name: part["value"] for name, part in ran.data["results"].items()}


@pytest.mark.usefixtures("empty_folder")
def test_the_json_contract(capsys):
    data = llmcost(capsys, *PINNED, "--json").data

    assert data["schema"] == "llmcost.estimate/1"
    assert {"llmcost_version", "data_version", "inputs", "results", "warnings"} <= set(data)
    assert set(RESULTS) <= set(data["results"])
    for part in data["results"].values():
        assert set(part) - {"median"} == {"value", "unit", "low", "high"}
        assert part["low"] <= part.get("median", part["value"]) <= part["high"]
        registry().parse_units(part["unit"])
        assert part["low"] <= part["value"] <= part["high"]
    for part in data["inputs"].values():
        assert part["origin"]["kind"] in (
            "user catalogue published measured modelled default".split()
        )
        registry().parse_units(part["unit"])
    assert all(set(w) == {"code", "message"} for w in data["warnings"])
    assert data["interval"] == 0.8


@pytest.mark.usefixtures("empty_folder")
def test_the_headline_by_hand(capsys):
    """15T tokens at 41% of 989.4 TFLOP/s, goodput 0.9, 2 USD an hour, on 16,000 GPUs."""
    found = results(
        capsys,
        "llama-3.1-405b",
        *("--tokens", "15T", "--gpu", "h100-sxm", "--gpus", "16k", "--seq-length", "8192"),
        *("--mfu", "41%", "--goodput", "0.9", "--price", "2"),
    )

    matmul = 405_853_388_800 - 128_256 * 16_384 - 16_384 * (2 * 126 + 1)
    attention = 6 * 126 * 16_384 * 8192
    flop = 15e12 * (6 * matmul + attention)
    hours = flop / (989.4e12 * 0.41 * 0.9) / 3600
    assert found["parameters"] == 405_853_388_800
    assert found["model_flop"] == pytest.approx(flop, rel=1e-12)
    assert found["model_flop_6nd"] == pytest.approx(6 * 405_853_388_800 * 15e12, rel=1e-12)
    assert found["gpu_hours"] == pytest.approx(hours, rel=1e-12)
    assert found["wall_clock"] == pytest.approx(hours / 16_000 / 24, rel=1e-12)
    assert found["cost"] == pytest.approx(2 * hours, rel=1e-12)
    assert found["cost_per_million_tokens"] == pytest.approx(2 * hours / 15e6, rel=1e-12)
    assert found["tokens_per_second"] == pytest.approx(
        16_000 * 989.4e12 * 0.41 / (flop / 15e12), rel=1e-12
    )
    assert found["tokens_per_parameter"] == pytest.approx(15e12 / 405_853_388_800, rel=1e-12)


@pytest.mark.usefixtures("empty_folder")
def test_published_flop_of_llama_3_1_405b(capsys):
    """As printed by Meta (3.8e25), and by hand with attention halved and in full."""
    arguments = ("llama-3.1-405b", "--tokens", "15.6T", "--seq-length", "8192")
    causal = results(capsys, *arguments)
    full = results(capsys, *arguments, "--attention-flop", "full")

    assert causal["model_flop_6nd"] == pytest.approx(3.8e25, abs=0.05e25)
    assert causal["model_flop"] == pytest.approx(3.94e25, abs=0.005e25)
    assert full["model_flop"] == pytest.approx(4.10e25, abs=0.005e25)


@pytest.mark.usefixtures("empty_folder")
def test_the_published_run_is_within_the_range(capsys):
    """Meta's model card: 30.84M GPU-hours on H100."""
    data = llmcost(capsys, "estimate", "llama-3.1-405b", "--json").data
    hours = data["results"]["gpu_hours"]

    assert data["inputs"]["num_gpus"]["value"] == 16_384
    assert data["inputs"]["num_gpus"]["origin"]["kind"] == "published"
    assert data["results"]["tokens"]["value"] == 15.6e12
    assert len(data["inputs"]["phases"]["value"]) > 3
    assert hours["low"] < 30.84e6 < hours["high"]


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (["--price", "2.5"], 2.5),
        (["--price", "2.50 USD/GPU/hour"], 2.5),
        (["--price", "$2.50/GPU-h"], 2.5),
        (["--price", "60 USD/GPU/day"], 2.5),
        (["--price-per-node-hour", "20", "--gpus-per-node", "8"], 2.5),
        (["--price-per-node-hour", "$20/hour", "--gpus-per-node", "8"], 2.5),
        (["--price", "fixed 2.5"], 2.5),
        (["--price", "uniform 2..3"], 2.5),
        (["--price", "2..3 USD/GPU/hour"], 6**0.5),
        (["--price-per-node-hour", "16..24", "--gpus-per-node", "8"], 6**0.5),
    ],
)
def test_a_price_in_the_users_words(capsys, price, expected):
    data = llmcost(capsys, *HEADLINE, *price, "--json").data

    assert data["inputs"]["price"]["value"] == pytest.approx(expected, rel=1e-12)
    assert data["inputs"]["price"]["origin"]["kind"] == "user"


@pytest.mark.usefixtures("empty_folder")
def test_values_that_a_user_gives_have_no_range_unless_given_one(capsys):
    """The 10th and 90th percentile of a logit-normal with 5% below 35% and above 45%, of scipy."""
    exact = (*HEADLINE, "--mfu", "40%", "--goodput", "90%", "--price", "2", "--json")
    ranged = (*HEADLINE, "--mfu", "35..45%", "--goodput", "90%", "--price", "2", "--json")
    one, two = (llmcost(capsys, *a).data["results"] for a in (exact, ranged))

    assert one["cost"]["low"] == one["cost"]["value"] == one["cost"]["high"]
    assert two["mfu"]["low"] == pytest.approx(0.36058263, rel=1e-3)
    assert two["mfu"]["high"] == pytest.approx(0.43859315, rel=1e-3)
    assert two["cost"]["low"] == pytest.approx(one["cost"]["value"] * 0.40 / 0.43859315, rel=1e-3)
    assert two["cost"]["high"] == pytest.approx(one["cost"]["value"] * 0.40 / 0.36058263, rel=1e-3)


@pytest.mark.usefixtures("empty_folder")
def test_a_measured_throughput_is_an_mfu(capsys):
    """Table 4 of the Llama 3 paper: 400 TFLOP/s/GPU on 16,384 H100 is 41% (40.4% of 989.4)."""
    found = results(capsys, *HEADLINE[1:], "--throughput", "400 TFLOP/s/GPU")
    assert found["mfu"] == pytest.approx(400 / 989.4, rel=1e-12)

    tokens = results(capsys, *HEADLINE[1:], "--throughput", "150 token/s/GPU")
    per_token = tokens["model_flop"] / 15e12
    assert tokens["mfu"] == pytest.approx(150 * per_token / 989.4e12, rel=1e-12)
    assert tokens["tokens_per_gpu_second"] == pytest.approx(150, rel=1e-12)


@pytest.mark.usefixtures("empty_folder")
def test_max_cost_is_a_gate(capsys):
    given = (*HEADLINE, "--mfu", "40%", "--price", "2")

    assert llmcost(capsys, *given, "--max-cost", "$1B").code == 0
    over = llmcost(capsys, *given, "--max-cost", "1M USD")
    assert over.code == 1
    assert "over the 1,000,000 USD" in over.out
    assert llmcost(capsys, *HEADLINE[:4], "--max-cost", "$1B", "--gpu", "tpu-v3").code == 2


@pytest.mark.usefixtures("empty_folder")
def test_only_parameters(capsys):
    ran = llmcost(
        capsys,
        *("estimate", "--parameters", "671B", "--active-parameters", "37B", "--tokens", "14.8T"),
        *("--gpu", "h800-sxm", "--gpus", "2048", "--json"),
    )
    found = ran.data["results"]

    assert found["model_flop"]["value"] == found["model_flop_6nd"]["value"] == 6 * 37e9 * 14.8e12
    assert "no-architecture" in [w["code"] for w in ran.data["warnings"]]


@pytest.mark.usefixtures("empty_folder")
def test_no_price_is_no_price_and_never_zero(capsys):
    data = llmcost(capsys, *HEADLINE[:4], "--gpu", "tpu-v3", "--gpus", "64", "--json").data

    assert data["results"]["cost"] == {"value": None, "unit": "USD", "low": None, "high": None}
    assert data["results"]["gpu_hours"]["value"] > 0
    assert "no-price" in [w["code"] for w in data["warnings"]]
    table = llmcost(capsys, *HEADLINE[:4], "--gpu", "tpu-v3", "--gpus", "64").out
    assert re.search(r"\$0(\.0+)?(?![\d.])", table) is None


@pytest.mark.usefixtures("empty_folder")
def test_a_stale_price_warns_and_strict_refuses_it(capsys):
    late = (*HEADLINE, "--today", "2027-06-01")

    assert "price-stale" in llmcost(capsys, *late, "--json").out
    strict = llmcost(capsys, *late, "--strict")
    assert strict.code == 3
    assert "days old" in strict.err
    assert "price-stale" not in llmcost(capsys, *PINNED, "--json").out


@pytest.mark.usefixtures("empty_folder")
def test_phases_in_the_settings_file_are_summed(capsys, empty_folder):
    (empty_folder / "llmcost.toml").write_text(
        '[estimate]\nmodel = "llama-3.1-8b"\ngpu = "h100-sxm"\ngpus = 64\nmfu = "40%"\n'
        '[[estimate.phases]]\nname = "short"\ntokens = "1T"\nseq-length = 4096\n'
        '[[estimate.phases]]\nname = "long"\ntokens = "100B"\nseq-length = 131072\n'
    )
    both = results(capsys)
    short = results(
        capsys, "--config", "/dev/null", "llama-3.1-8b", "--tokens", "1T", *("--seq-length", "4096")
    )
    long = results(
        capsys,
        "--config",
        "/dev/null",
        "llama-3.1-8b",
        "--tokens",
        "100B",
        *("--seq-length", "131072"),
    )

    assert both["tokens"] == 1.1e12
    assert both["model_flop"] == pytest.approx(short["model_flop"] + long["model_flop"], rel=1e-12)


@pytest.mark.usefixtures("empty_folder")
def test_a_config_file_is_counted_like_its_catalogue_entry(capsys, empty_folder):
    config = {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "tie_word_embeddings": False,
        "max_position_embeddings": 131072,
    }
    (empty_folder / "config.json").write_text(json.dumps(config))

    own = results(capsys, "./config.json", "--tokens", "1T", "--seq-length", "8192")
    known = results(capsys, "llama-3.1-8b", "--tokens", "1T", "--seq-length", "8192")

    assert own["parameters"] == 8_030_261_248
    assert own["model_flop"] == known["model_flop"]


@pytest.mark.usefixtures("empty_folder")
def test_the_table_fits_80_columns_and_is_the_same_in_a_pipe_and_without_colour(
    capsys, monkeypatch
):
    plain = llmcost(capsys, *PINNED)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = llmcost(capsys, *PINNED)
    monkeypatch.setenv("NO_COLOR", "1")
    again = llmcost(capsys, *PINNED)

    assert plain.code == 0
    assert max(map(len, plain.out.splitlines())) <= 80
    assert "\x1b" not in plain.out
    assert "\x1b" in coloured.out
    assert again.out == plain.out
    for code in ("\x1b[1m", "\x1b[2m", "\x1b[0m"):
        coloured = coloured._replace(out=coloured.out.replace(code, ""))
    assert coloured.out == plain.out


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("suffix", ["md", "csv", "tsv", "json", "jsonl", "tex", "html", "txt"])
def test_a_file_gets_the_format_of_its_suffix(capsys, empty_folder, suffix):
    path = empty_folder / f"out.{suffix}"
    ran = llmcost(capsys, *PINNED, "-o", path)

    assert ran.code == 0
    assert ran.out == ""
    assert path.read_text()
    assert [p.name for p in empty_folder.iterdir()] == [path.name]


@pytest.mark.usefixtures("empty_folder")
def test_csv_holds_full_numbers(capsys):
    rows = list(csv.DictReader(io.StringIO(llmcost(capsys, *PINNED, "--format", "csv").out)))
    data = llmcost(capsys, *PINNED, "--json").data["results"]

    for row in rows:
        if row["kind"] == "result":
            assert float(row["value"]) == data[row["name"]]["value"]
            assert row["unit"] == data[row["name"]]["unit"]


@pytest.mark.usefixtures("empty_folder")
def test_fields_keeps_only_what_was_asked_for(capsys):
    data = llmcost(capsys, *PINNED, "--json", "--fields", "cost,gpu-hours").data
    assert set(data["results"]) == {"cost", "gpu_hours"}

    wrong = llmcost(capsys, *PINNED, "--json", "--fields", "costs")
    assert wrong.code == 2
    assert "cost" in wrong.err


@pytest.mark.usefixtures("empty_folder")
def test_the_saved_json_is_the_estimate_again(capsys):
    data = llmcost(capsys, *PINNED, "--json").data
    command = data.pop("command")

    assert Estimate.from_dict(data).to_dict() == data
    assert shlex.split(command) == ["llmcost", *PINNED, "--json"]


@pytest.mark.usefixtures("empty_folder")
def test_an_environment_variable_and_a_file_set_options_and_are_named_as_origins(
    capsys, monkeypatch, empty_folder
):
    (empty_folder / "llmcost.toml").write_text('[estimate]\ngpu = "h100-sxm"\nmfu = 0.4\n')
    monkeypatch.setenv("LLMCOST_ESTIMATE_GPUS", "512")
    monkeypatch.setenv("LLMCOST_ESTIMATE_MFU", "38%")
    data = llmcost(capsys, "estimate", "llama-3.1-8b", "--tokens", "1T", "--json").data
    inputs = data["inputs"]

    assert inputs["num_gpus"]["value"] == 512
    assert inputs["num_gpus"]["origin"]["source"] == "environment variable LLMCOST_ESTIMATE_GPUS"
    assert inputs["mfu"]["value"] == 0.38
    assert inputs["gpu"]["origin"]["source"].endswith("llmcost.toml")
    assert inputs["tokens"]["origin"]["source"] == "command line"


@pytest.mark.usefixtures("empty_folder")
def test_csv_keeps_every_origin_warning_and_the_seed(capsys):
    rows = list(csv.DictReader(io.StringIO(llmcost(capsys, *PINNED, "--format", "csv").out)))
    data = llmcost(capsys, *PINNED, "--json").data
    found = {row["name"]: row for row in rows}

    assert found["parameters"]["value"] == "405853388800"
    for name, part in data["inputs"].items():
        assert found[f"input.{name}"]["kind"] == part["origin"]["kind"]
        assert found[f"input.{name}"]["source"] == (part["origin"]["source"] or "")
    for warning in data["warnings"]:
        assert found[f"warning.{warning['code']}"]["value"] == warning["message"]
    assert found["meta.seed"]["value"] == str(data["seed"])
