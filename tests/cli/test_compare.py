"""`llmcost compare`: setups on the command line and in files, verdicts, what cannot be asked."""

import csv
import io
import json

import pytest

from llmcost.catalog import files
from llmcost.catalog.price_quotes import GPU_PRICES
from llmcost.cli.compare import compare
from llmcost.cli.estimate import estimate
from tests.cli.helpers import llmcost

RUN = ("llama-3.1-70b", "--tokens", "1T", "--as-of", "2026-09-06", "--today", "2026-10-01")
MFU = ("--mfu", "40%", "--goodput", "90%")
SETUPS = ("--setup", "h100-sxm:1024", "--setup", "b200:512@3 USD/GPU/hour")


def asked(capsys, *arguments):
    """Run `llmcost compare` on the pinned run, fast: with an MFU that is given."""
    return llmcost(capsys, "compare", *RUN, *MFU, "--draws", "200", *arguments)


def by_name(ran):
    """The rows of a JSON answer by the names of the setups."""
    return {row["name"]: row for row in ran.data["rows"]}


def test_a_setup_is_its_estimate(capsys):
    ran = asked(capsys, *SETUPS, "--json")
    single = ("--gpu", "b200", "--gpus", "512", "--price", "3")
    theirs = llmcost(capsys, "estimate", *RUN, *MFU, "--draws", "200", *single, "--json").data
    row = by_name(ran)["b200"]

    assert (ran.code, ran.err) == (0, "")
    for name in ("cost", "wall_clock", "gpu_hours", "energy"):
        assert row[name] == pytest.approx(theirs["results"][name]["value"])
        assert row[f"{name}_low"] == pytest.approx(theirs["results"][name]["low"])


def test_the_price_below_which_a_setup_wins_makes_it_level(capsys):
    """The other way to the same number: rent it at that price, and the costs are the same."""
    data = asked(capsys, *SETUPS, "--json").data
    even = next(one for one in data["break_even"] if one["setup"] == "h100-sxm")
    price = f"h100-sxm:1024@{even['price']['value']!r}"
    rows = by_name(asked(capsys, "--setup", price, "--setup", SETUPS[3], "--json"))

    assert rows["h100-sxm"]["cost"] == pytest.approx(rows["b200"]["cost"], rel=1e-9)


def test_setups_of_a_file_come_before_those_of_the_command_line(capsys, tmp_path):
    table = tmp_path / "setups.csv"
    table.write_text("gpu,num_gpus,price [USD/GPU/hour]\nh100-sxm,1024,2\nmi300x,512,3\n")
    ran = asked(capsys, "--setups", table, "--setup", "b200:512", "--json")

    assert [setup["name"] for setup in ran.data["setups"]] == ["h100-sxm", "mi300x", "b200"]
    assert by_name(ran)["mi300x"]["price"] == 3


def test_a_toml_file_of_setups(capsys, tmp_path):
    table = tmp_path / "setups.toml"
    table.write_text('[[setup]]\nname = "ours"\ngpu = "h100-sxm"\ngpus = 64\nprice = "1..2"\n')
    ran = asked(capsys, "--setups", table, "--json")

    assert by_name(ran)["ours"]["num_gpus"] == 64


def test_sort_where_and_group_by(capsys):
    more = ("--setup", "mi300x:2048")
    found = asked(capsys, *SETUPS, *more, "--sort", "wall-clock", "--group-by", "vendor", "--json")
    days = [row["wall_clock"] for row in found.data["rows"]]
    kept = asked(capsys, *SETUPS, *more, "--where", "num_gpus > 600 GPU", "--json").data

    assert days == sorted(days)
    assert [group["by"] for group in found.data["groups"]] == [
        {"vendor": "AMD"},
        {"vendor": "NVIDIA"},
    ]
    assert {row["name"] for row in kept["rows"]} == {"h100-sxm", "mi300x"}
    assert kept["left_out"] == ["b200"]


def test_a_setup_without_a_price_is_last_and_says_why(capsys):
    ran = asked(capsys, "--setup", "tpu-v5p:1024", *SETUPS)
    text = " ".join(ran.out.split())

    assert ran.code == 0
    assert "Result b200 h100-sxm tpu-v5p" in text
    assert "no price" in text
    assert "no on-demand price for tpu-v5p in the twelve months to 2026-09-06" in text


def test_terms_fall_through_only_where_several_are_written(capsys):
    one = by_name(asked(capsys, "--setup", "t4:8", "--terms", "capacity-block", "--json"))
    two = by_name(asked(capsys, "--setup", "t4:8", "--terms", "capacity-block,on-demand", "--json"))

    assert one["t4"].get("cost") is None
    assert two["t4"]["cost"] > 0
    assert two["t4"]["terms"] == "on-demand"


def test_as_many_as_meet_a_deadline(capsys):
    rows = by_name(asked(capsys, "--gpus-for", "30", "--gpu", "h100-sxm,b200", "--json"))

    assert rows["b200"]["num_gpus"] < rows["h100-sxm"]["num_gpus"]
    for row in rows.values():
        assert 25 < row["wall_clock"] <= 30


def test_a_deadline_alone_asks_about_the_whole_catalogue(capsys):
    data = asked(capsys, "--gpus-for", "90d", "--json").data

    assert len(data["setups"]) > 40
    assert {"h100-sxm", "b200", "mi300x", "tpu-v5p"} <= set(data["order"])


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_what_is_printed_fits_the_screen(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = asked(capsys, *SETUPS, "--setup", "tpu-v5p:1024").out

    assert max(map(len, text.splitlines())) <= columns
    assert "wins on cost below" in " ".join(text.split())


def test_a_pipe_gets_a_row_a_setup_with_units(capsys):
    rows = list(csv.DictReader(io.StringIO(asked(capsys, *SETUPS, "--format", "csv").out)))

    assert [row["name"] for row in rows] == ["b200", "h100-sxm"]
    assert float(rows[0]["price [USD/GPU/hour]"]) == 3
    assert {"cost [USD]", "wall_clock [day]", "cheapest_share"} <= set(rows[0])


def test_over_the_budget_is_a_verdict_when_every_setup_is(capsys):
    some = asked(capsys, *SETUPS, "--max-cost", "1.2M")
    none = asked(capsys, *SETUPS, "--max-cost", "1")

    assert some.code == 0
    assert (none.code, none.err) == (1, "Every setup is over --max-cost.\n")


def test_settings_of_estimate_count_and_setups_override_its_accelerator(capsys, tmp_path):
    settings = tmp_path / "llmcost.toml"
    settings.write_text('[estimate]\ngpu = "t4"\nelectricity-price = "0.5 USD/kWh"\n')
    ran = asked(capsys, *SETUPS, "--config", settings, "--json")
    inputs = ran.data["setups"][0]["estimate"]["inputs"]

    assert {setup["name"] for setup in ran.data["setups"]} == {"h100-sxm", "b200"}
    assert "setups (command line) overrides gpu" in ran.err
    assert inputs["electricity_price"]["value"] == 0.5


def test_a_price_of_a_setup_takes_the_place_of_shared_terms(capsys):
    rows = by_name(asked(capsys, *SETUPS, "--terms", "spot", "--json"))

    assert rows["b200"]["price"] == 3
    assert rows["h100-sxm"]["terms"] == "spot"


def test_every_option_of_a_run_is_taken():
    """All that describes a run for estimate; only what it adds to one answer is its own."""
    own = {one.name for one in estimate.params} - {one.name for one in compare.params}

    assert own == {"thresholds", "method", "currency", "dollars_of", "by_provider"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Got no setups; needs --setup h100-sxm:16000, once for each"),
        (["--setup", "h100:8"], "'h100' may be h100-sxm, h100-pcie or h100-nvl"),
        (["--setup", "h100-sxm"], "number of accelerators"),
        (["--setup", "h100-sxm:0"], "got '0'; needs a count above 0"),
        (["--setup", "h100-sxm:8,prec=fp8"], "Did you mean precision"),
        (["--setup", "h100-sxm:8", "--setup", "h100-sxm:8"], "twice"),
        (["--setup", "h100-sxm:8", "--where", "cost < 60"], "--where: cost: got 60"),
        (["--setup", "h100-sxm:8", "--where", "exit()"], "--where: "),
        (["--setup", "h100-sxm:8", "--where", "().__class__"], "--where: "),
        (["--setup", "h100-sxm:8", "--sort", "prise"], "--sort: Unknown name 'prise'"),
        (["--setup", "h100-sxm:8", "--group-by", "vendors"], "Did you mean vendor"),
        (["--setup", "h100-sxm:8", "--where", "cost < 1 USD"], "keeps none"),
        (["--setups", "nothing.toml"], "nothing.toml"),
        (["--setup", "h100-sxm:8", "--against", "nothing.json"], "there is no file"),
        (["--setup", "h100-sxm:8", "--terms", "weekly"], "Unknown terms"),
        (["--gpus-for", "soon", "--gpu", "h100-sxm"], "--gpus-for: got 'soon'"),
        (["--gpu", "all"], "number of accelerators"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_message(capsys, arguments, said):
    ran = asked(capsys, *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") <= 2


def saved(capsys, tmp_path, *arguments):
    """The path of a comparison that was saved."""
    path = tmp_path / "saved.json"
    assert asked(capsys, *arguments, "-o", path).code == 0
    return path


def test_nothing_changes_against_itself(capsys, tmp_path):
    path = saved(capsys, tmp_path, *SETUPS)
    ran = asked(capsys, *SETUPS, "--against", path)

    assert "Nothing changed." in ran.out
    assert not asked(capsys, *SETUPS, "--against", path, "--json").data["changed"]


def test_the_one_input_that_changed_is_the_whole_cause(capsys, tmp_path):
    """Cost goes with tokens: from 1T to 3T, three times as much, and two thirds by tokens."""
    path = saved(capsys, tmp_path, "--setup", "b200:512@3")
    data = asked(
        capsys, "--setup", "b200:512@3", "--tokens", "3T", "--against", path, "--json"
    ).data
    setup = data["setups"][0]
    change = next(each for each in setup["changes"] if each["result"] == "cost")

    assert change["ratio"] == pytest.approx(3)
    assert [cause["input"] for cause in setup["causes"]] == ["tokens"]
    effect = setup["causes"][0]["effects"]["cost"]
    assert effect == pytest.approx(change["after"]["value"] * 2 / 3)
    assert setup["rest"]["cost"] == pytest.approx(0, abs=1e-6)


def test_two_inputs_that_multiply_leave_a_rest(capsys, tmp_path):
    """Twice the tokens at twice the price: 1 becomes 4; each alone put back leaves 2, so 2 + 2 - 1.

    The effects are 4 - 2 and 4 - 2, together 4, one more than the change of 3.
    """
    path = saved(capsys, tmp_path, "--setup", "b200:512@3,name=x")
    now = ("--setup", "b200:512@6,name=x", "--tokens", "2T")
    setup = asked(capsys, *now, "--against", path, "--json").data["setups"][0]
    cost = next(each for each in setup["changes"] if each["result"] == "cost")
    one = cost["before"]["value"]

    assert cost["after"]["value"] == pytest.approx(4 * one)
    assert {cause["input"]: cause["effects"]["cost"] for cause in setup["causes"]} == pytest.approx(
        {"tokens": 2 * one, "price": 2 * one}
    )
    assert setup["rest"]["cost"] == pytest.approx(-one)


def test_a_price_that_the_data_say_otherwise_is_told_as_such(capsys, tmp_path, monkeypatch):
    setup = ("--setup", "h100-sxm:1024")
    path = saved(capsys, tmp_path, *setup)
    header = ",".join(GPU_PRICES.headers)
    values = dict.fromkeys(GPU_PRICES.headers, "")
    values |= {
        "price_id": "mine",
        "gpu": "h100-sxm",
        "kind": "rental",
        "provider": "My cloud",
        "provider_class": "neocloud",
        "terms": "on-demand",
        "price [USD/GPU/hour]": "1",
        "as_of": "2026-09-05",
        "date_basis": "report date",
        "source": "assumption",
        "grade": "A",
        "source_detail": "mine",
        "gpu_as_listed": "H100",
    }
    overlay = tmp_path / "facts"
    overlay.mkdir()
    (overlay / GPU_PRICES.name).write_text(f"{header}\n{','.join(values.values())}\n")
    monkeypatch.setenv("LLMCOST_DATA", str(overlay))
    files.clear_cache()
    data = asked(capsys, *setup, "--against", path, "--json").data
    (cause,) = data["setups"][0]["causes"]

    assert (cause["input"], cause["kind"]) == ("price", "data")
    assert cause["after"] < cause["before"]
    assert cause["effects"]["cost"] < 0
    assert data["setups"][0]["rest"]["cost"] == pytest.approx(0, abs=1e-6)
    assert data["before"]["data_version"] != data["after"]["data_version"]
    assert "Price per GPU-hour *" in asked(capsys, *setup, "--against", path).out


def test_a_prediction_that_is_another_today_is_told_as_such(capsys, tmp_path):
    """Cost and wall clock go with one over the MFU: a file that says so leaves no rest."""
    path = tmp_path / "saved.json"
    run = ("compare", *RUN, "--setup", "h100-sxm:64", "--draws", "200")
    assert llmcost(capsys, *run, "-o", path).code == 0
    data = json.loads(path.read_text())
    estimate = data["setups"][0]["estimate"]
    slower = estimate["inputs"]["mfu"]["value"] / 0.4
    estimate["inputs"]["mfu"]["value"] = 0.4
    for name in ("cost", "wall_clock", "gpu_hours"):
        for end in ("value", "low", "high", "median"):
            estimate["results"][name][end] *= slower
    path.write_text(json.dumps(data))
    setup = llmcost(capsys, *run, "--against", path, "--json").data["setups"][0]
    (cause,) = setup["causes"]

    assert (cause["input"], cause["kind"], cause["before"]) == ("mfu", "data", 0.4)
    cost = next(each for each in setup["changes"] if each["result"] == "cost")
    expected = cost["after"]["value"] - cost["before"]["value"]
    assert cause["effects"]["cost"] == pytest.approx(expected)
    assert setup["rest"]["cost"] == pytest.approx(0, abs=1e-6 * abs(expected))


def test_setups_that_come_and_go_are_named(capsys, tmp_path):
    path = saved(capsys, tmp_path, *SETUPS)
    ran = asked(capsys, *SETUPS[:2], "--setup", "mi300x:512", "--against", path)

    assert "New: mi300x." in ran.out
    assert "No longer there: b200." in ran.out


def test_another_spelling_is_no_difference(capsys, tmp_path):
    path = saved(capsys, tmp_path, "--setup", "b200:512@3")
    ran = asked(
        capsys, "--setup", "b200:0.512k@3", "--tokens", "1,000B", "--against", path, "--json"
    )

    assert not ran.data["changed"]


def test_a_difference_is_a_row_in_files(capsys, tmp_path):
    path = saved(capsys, tmp_path, "--setup", "b200:512@3")
    now = ("--setup", "b200:512@3", "--tokens", "3T", "--against", path, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(asked(capsys, *now).out)))

    assert {row["kind"] for row in rows} == {"result", "input, asked", "rest"}
    tokens = next(row for row in rows if row["name"] == "tokens")
    assert float(tokens["cost_effect [USD]"]) > 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "is not JSON"),
        ("[]", "needs 'llmcost.comparison/1'"),
        ('{"schema": "llmcost.estimate/1"}', "needs 'llmcost.comparison/1'"),
        ('{"schema": "llmcost.comparison/1"}', "setups"),
        ("[" * 100_000, "is not JSON"),
        ('{"schema": "llmcost.comparison/1", "setups": NaN}', "is not JSON"),
    ],
)
def test_a_file_that_is_no_comparison_is_refused(capsys, tmp_path, content, said):
    path = tmp_path / "saved.json"
    path.write_text(content)
    ran = asked(capsys, *SETUPS, "--against", path)

    assert (ran.code, ran.out) == (2, "")
    assert "--against: " in ran.err
    assert said in ran.err


def test_a_number_too_large_for_any_machine_is_refused(capsys, tmp_path):
    path = saved(capsys, tmp_path, *SETUPS)
    document = json.loads(path.read_text())
    places = (
        document["break_even"][0]["price"],
        document["setups"][0]["estimate"]["results"]["cost"],
    )
    for place in places:
        place["low"], kept = 10**400, place["low"]
        path.write_text(json.dumps(document))
        place["low"] = kept
        ran = asked(capsys, *SETUPS, "--against", path)

        assert ran.code == 2
        assert "needs a finite number" in ran.err


def test_an_input_of_another_kind_in_a_saved_file_has_no_effect_that_is_told(capsys, tmp_path):
    path = saved(capsys, tmp_path, *SETUPS)
    document = json.loads(path.read_text())
    document["setups"][0]["estimate"]["inputs"]["scaling_law"]["value"] = ["x"]
    document["setups"][0]["estimate"]["results"]["cost"]["low"] = 1.0
    path.write_text(json.dumps(document))
    ran = asked(capsys, *SETUPS, "--against", path, "--json")
    causes = [cause for one in ran.data["setups"] for cause in one["causes"]]

    assert [cause["input"] for cause in causes] == ["scaling_law"]
    assert set(causes[0]["effects"].values()) == {None}


def test_what_changed_is_not_written_over_the_comparison_it_is_against(capsys, tmp_path):
    path = saved(capsys, tmp_path, *SETUPS)
    before = path.read_bytes()
    ran = asked(capsys, *SETUPS, "--against", path, "-o", path)

    assert ran.code == 2
    assert "--against: " in ran.err
    assert path.read_bytes() == before


def test_a_file_without_an_end_is_refused(capsys, monkeypatch):
    monkeypatch.setattr("llmcost.studies.comparison.differences.MAX_BYTES", 1000)
    ran = asked(capsys, *SETUPS, "--against", "/dev/zero")

    assert ran.code == 2
    assert "too large for a comparison" in ran.err


def test_a_saved_comparison_reads_back(capsys, tmp_path):
    path = saved(capsys, tmp_path, *SETUPS)
    first = json.loads(path.read_text())
    again = asked(capsys, *SETUPS, "--json").data

    assert first.pop("command").endswith(str(path))
    assert again.pop("command").endswith("--json")
    assert first == again


def test_another_spelling_of_an_accelerator_in_a_condition_is_told(capsys):
    setups = ("--setup", "b200:64", "--setup", "h100-sxm:64", "--draws", "200")
    condition = "gpu in (h100-sxm, b200-sxm)"
    ran = llmcost(capsys, "compare", "llama-3.1-8b", *setups, "--where", condition)

    assert ran.code == 2
    assert "named b200" in ran.err


def test_what_moves_energy_alone_is_a_cause_of_it(capsys, tmp_path):
    run = ("compare", "llama-3.1-8b", "--tokens", "1T", "--setup", "h100-sxm:64", "--draws", "200")
    saved = tmp_path / "old.json"
    llmcost(capsys, *run, "-o", saved)
    ran = llmcost(capsys, *run, "--pue", "1.6", "--against", saved, "--json")

    (cause,) = ran.data["setups"][0]["causes"]
    (energy,) = (one for one in ran.data["setups"][0]["changes"] if one["result"] == "energy")
    assert cause["input"] == "pue"
    assert cause["effects"]["cost"] == 0
    moved = energy["after"]["value"] - energy["before"]["value"]
    assert cause["effects"]["energy"] == pytest.approx(moved, rel=1e-9)


def test_predictions_that_err_apart_leave_less_sure(capsys):
    """By hand: wall clocks of 1:1.1 with errors of ten percent each are not ordered for certain."""
    setups = ("--setup", "h100-sxm:64", "--setup", "h200-sxm:64")
    ran = llmcost(capsys, "compare", "llama-3.1-8b", "--tokens", "1T", *setups, "--json")

    pairs = [pair for pair in ran.data["pairs"] if pair["result"] == "wall_clock"]
    (pair,) = pairs
    assert max(pair["less_apart"], pair["more_apart"]) < max(pair["less"], pair["more"])
    alike = ("--setup", "h100-sxm:64", "--setup", "h100-sxm:128")
    same = llmcost(capsys, "compare", "llama-3.1-8b", "--tokens", "1T", *alike, "--json")
    assert same.data["pairs"][0]["less_apart"] is None
