"""`llmcost sensitivity`: the options of estimate, any of its results, and what cannot be asked."""

import csv
import io

import pytest

from llmcost.cli.estimate import estimate
from llmcost.cli.sensitivity import sensitivity
from tests.cli.helpers import llmcost

RUN = ("llama-3.1-405b", "--tokens", "15T", "--gpu", "h100-sxm", "--gpus", "16000")
PINNED = (*RUN, "--as-of", "2026-09-06", "--today", "2026-10-01", "--mfu", "38..43%")


def asked(capsys, *arguments):
    """Run `llmcost sensitivity` on the pinned run."""
    return llmcost(capsys, "sensitivity", *PINNED, *arguments)


def test_what_moves_the_cost_most_comes_first(capsys):
    """With MFU known to a seventh and prices from 2 to 12 dollars, the price leads."""
    ran = asked(capsys, "--json")
    rows = ran.data["rows"]

    assert (ran.code, ran.err) == (0, "")
    assert ran.data["result"]["name"] == "cost"
    assert rows[0]["input"] == "price"
    assert [row["effect"] for row in rows] == sorted((r["effect"] for r in rows), reverse=True)


def test_the_ends_of_a_users_range_are_its_5th_and_95th_percentile(capsys):
    """A user's 38..43% is a 90% interval, and hours go with one over the MFU."""
    data = asked(capsys, "--of", "gpu-hours", "--json").data
    mfu = next(row for row in data["rows"] if row["input"] == "mfu")

    assert (mfu["low"], mfu["high"]) == pytest.approx((0.38, 0.43))
    assert mfu["at_low"] / mfu["at_high"] == pytest.approx(0.43 / 0.38)
    assert mfu["at_low"] == pytest.approx(data["result"]["value"] * mfu["value"] / 0.38)
    assert mfu["origin"] == "user"


def test_the_result_is_that_of_estimate(capsys):
    data = asked(capsys, "--of", "owned-cost", "--json").data
    theirs = llmcost(capsys, "estimate", *PINNED, "--json").data["results"]["owned_cost"]

    assert [data["result"][key] for key in ("value", "low", "high")] == pytest.approx(
        [theirs[key] for key in ("value", "low", "high")]
    )


@pytest.mark.parametrize("name", ["server_lifetime", "failure_rate", "steady_share", "mfu"])
def test_an_end_is_what_estimate_says_with_that_input_fixed_there(capsys, name):
    """The other way to the same number: the whole estimate, once more, with one input given."""
    rows = asked(capsys, "--of", "owned-cost", "--json").data["rows"]
    row = next(row for row in rows if row["input"] == name)

    for end, expected in (("low", row["at_low"]), ("high", row["at_high"])):
        given = f"{row[end]!r} {row['unit']}".strip()
        option = f"--{name.replace('_', '-')}"
        found = llmcost(capsys, "estimate", *PINNED, option, given, "--json").data["results"]
        assert found["owned_cost"]["value"] == pytest.approx(expected, rel=1e-9)


def test_the_same_seed_gives_the_same_bytes(capsys):
    first, second = asked(capsys, "--json"), asked(capsys, "--json")
    other = asked(capsys, "--json", "--seed", "1")

    assert first.out == second.out
    assert first.out != other.out


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_bars_fit_the_screen(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = asked(capsys, "--top", "4").out

    assert max(map(len, text.splitlines())) <= columns
    assert sum("│" in line for line in text.splitlines()) == 4
    assert "█" in text


def test_bars_are_ascii_where_that_is_asked_for(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    text = asked(capsys).out

    assert text.isascii()
    assert "|##" in text
    assert "= at its 5th, # at its 95th" in " ".join(text.split())


def test_a_pipe_gets_every_row(capsys):
    rows = list(csv.DictReader(io.StringIO(asked(capsys, "--top", "1", "--format", "csv").out)))

    assert len(rows) > 5
    assert {row["result_unit"] for row in rows} == {"USD"}


def test_a_price_on_other_terms_tells_its_range_and_source(capsys):
    """Spot prices of gpu_prices.csv, which an estimate lists as offers."""
    data = asked(capsys, "--of", "rental-spot-cost", "--json").data
    spot = next(row for row in data["rows"] if row["input"] == "price_spot")

    assert spot["unit"] == "USD/GPU/hour"
    assert spot["origin"] == "catalogue"
    assert "gpu_prices.csv" in spot["source"]
    assert spot["at_high"] / spot["at_low"] == pytest.approx(spot["high"] / spot["low"])


def test_a_development_has_more_inputs_than_its_final_run(capsys):
    last = asked(capsys, "--json").data["rows"]
    whole = asked(capsys, "--json", "--scope", "development", "--of", "development-cost").data[
        "rows"
    ]

    assert {row["input"] for row in whole} > {row["input"] for row in last}
    assert "experiments_ratio" in {row["input"] for row in whole}


def test_fields_choose_columns(capsys):
    text = asked(capsys, "--fields", "input,rank-correlation", "--format", "csv").out

    assert text.splitlines()[0] == "input,rank_correlation"


def test_settings_of_estimate_count_here_too(capsys, tmp_path):
    settings = tmp_path / "llmcost.toml"
    settings.write_text('[estimate]\nprice = "2..4 USD/GPU/hour"\nmax-cost = "$1"\n')
    data = asked(capsys, "--config", settings, "--json").data
    price = next(row for row in data["rows"] if row["input"] == "price")

    assert (price["low"], price["high"]) == pytest.approx((2, 4))
    assert str(settings) in price["source"]


def test_a_wrong_setting_is_found_here_too(capsys, tmp_path):
    settings = tmp_path / "llmcost.toml"
    settings.write_text('[estimate]\nprise = "2 USD/GPU/hour"\n')
    ran = asked(capsys, "--config", settings)

    assert ran.code == 2
    assert "[estimate] has no setting 'prise'. Did you mean price" in ran.err


def test_every_option_of_a_run_is_taken():
    """All that describes a run for estimate; only what it prints and judges is its own."""
    own = {one.name for one in estimate.params} - {one.name for one in sensitivity.params}

    assert own <= {"max_cost", "thresholds", "method", "currency", "dollars_of", "by_provider"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--of", "gpuhours"], "Unknown result 'gpuhours'. Did you mean gpu_hours"),
        (["--of", "nothing-like-it"], "Choose cost, owned_cost, development_cost"),
        (["--of", "development-cost"], "ask with --scope development"),
        (["--of", "step-time"], "only where no MFU or throughput is given"),
        (["--of", "tokens"], "needs a result that uncertain inputs move"),
        (["--of", "tokens-per-parameter"], "needs a result that uncertain inputs move"),
        (["--draws", "10"], "draws: got 10; needs a whole number from 100"),
        (["--interval", "2"], "interval: got '2'"),
        (["--top", "0"], "--top"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_message(capsys, arguments, said):
    ran = asked(capsys, *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") <= 4


def test_a_cost_without_an_accelerator_says_what_is_missing(capsys):
    ran = llmcost(capsys, "sensitivity", "--parameters", "7B", "--tokens", "1T")

    assert ran.code == 2
    assert "cost is not known for this run. No accelerator given" in ran.err


def test_a_run_without_any_range_says_how_to_give_one(capsys):
    fixed = ("--mfu", "40%", "--goodput", "90%", "--price", "2.5")
    ran = llmcost(capsys, "sensitivity", *RUN, *fixed)

    assert ran.code == 2
    assert "give an input as a range, such as --mfu 35..45%" in ran.err


@pytest.mark.parametrize("columns", ["40", "80"])
def test_ascii_keeps_columns_and_width(capsys, monkeypatch, columns):
    """An arrow is one column, and two in ASCII: widths are those of what is printed."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LC_ALL", "C")
    lines = asked(capsys, "--of", "owned-cost").out.splitlines()
    rule = next(i for i, line in enumerate(lines) if line.startswith("---"))
    ranks = lines[rule].split("  ")
    starts = len(ranks[0]) + 2 + len(ranks[1]) + 2
    row = lines[rule + 1]

    assert all(line.isascii() and len(line) <= int(columns) for line in lines)
    assert "->" in row
    assert row[:starts].endswith("  ")
    assert row[starts : starts + len(ranks[2])].strip()[0] in "+-"
