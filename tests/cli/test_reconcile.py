"""``llmcost reconcile`` as a user meets it: tables, files, exit codes, claims of one's own."""

import csv
import io

import pytest

from llmcost.cli.options import FORMATS
from llmcost.views.claim_records import ROW_KEYS
from tests.cli.helpers import llmcost

FEW = ("--draws", "400")
OWN = ("--model", "deepseek-v3", "--cost", "5.576M USD", "--tokens", "14.8T", "--gpu", "h800-sxm")
FILE = """[[claim]]
id = "v3"
model = "deepseek-v3"
gpu = "h800-sxm"
tokens = "14.8T"
cost = "5.576M USD"
gpu-hours = "2.788M"
price = "2 USD/GPU/hour"
date = "2024-12"

[[claim]]
id = "mine"
parameters = "70B"
tokens = "1.4T"
gpu = "h100-sxm"
gpus = 1024
quantity = "cost"
value = "< $3M"
"""


@pytest.fixture
def mine(empty_folder):
    path = empty_folder / "mine.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_the_essays_in_eighty_columns(capsys):
    ran = llmcost(capsys, "reconcile", *FEW)

    assert ran.code == 0
    assert ran.out.startswith("What five essays claim")
    assert "26 claims" in ran.out.splitlines()[0]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "$1.13/GPU-hour" in ran.out
    assert "$6.49/GPU-hour" in ran.out
    assert "Outside the scope of llmcost" in ran.out
    assert "Inside: share of draws that lie within $35M – $200M." in ran.out


def test_what_lies_outside_and_what_is_not_compared_are_told_apart(capsys):
    """A term of a licence is no quantity of training; a circular cost is one."""
    outside = llmcost(capsys, "reconcile", "variants", *FEW).out
    circular = llmcost(capsys, "reconcile", "pc-38", *FEW).out

    assert "Outside the scope of llmcost\nClaim" in outside
    assert "Not compared" not in outside
    assert "Not compared\nClaim" in circular
    assert "Outside the scope" not in circular


def test_one_claim_is_shown_in_full(capsys):
    ran = llmcost(capsys, "reconcile", "training-cost", *FEW)

    assert ran.code == 0
    assert "What would have to be true" in ran.out
    assert "Rentals of h100-sxm listed up to 2024-07-31, at 30.8M GPU-hours" in ran.out
    assert "Oblivus Cloud  reserved-3y  2024-02-26" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_published_products_are_printed_to_their_digits(capsys):
    ran = llmcost(capsys, "reconcile", "--claims", "published", *FEW)

    for text in ("$170.56M", "$191.4M", "$5.576M", "$294K", "16,384 x 2,142 h"):
        assert text in ran.out
    assert "0.48 against 0.19" in " ".join(ran.out.split())
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_json_document_has_everything(capsys):
    ran = llmcost(capsys, "reconcile", "--json", *FEW)

    assert ran.data["schema"] == "llmcost.reconciliation/1"
    assert len({one["name"].partition("/llama-3")[0] for one in ran.data["rows"]}) == 26
    first = ran.data["rows"][0]
    assert first["name"] == "training-cost"
    assert (first["low"], first["high"], first["unit"]) == (35e6, 200e6, "USD")
    assert {basis["basis"] for basis in first["bases"]} >= {"on-demand", "owner", "purchase"}
    assert first["implied"][0]["value"] == pytest.approx(35e6 / 30.84e6)
    assert ran.data["draws"] == 400
    assert sum(ran.data["verdicts"].values()) == len(ran.data["rows"])


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_prints(capsys, form):
    ran = llmcost(capsys, "reconcile", "training-cost", "num-gpus", "--format", form, *FEW)

    assert ran.code == 0
    assert "training" in ran.out


def test_a_file_has_one_row_a_claim(capsys):
    ran = llmcost(capsys, "reconcile", "--claims", "published", "--format", "csv", *FEW)

    header, *rows = list(csv.reader(io.StringIO(ran.out)))
    assert [name.partition(" [")[0] for name in header] == list(ROW_KEYS)
    assert len(rows) == 68
    at = header.index("matches")
    matched = {row[0]: row[at] for row in rows}
    assert matched["pc-02"] == "gcp-h100-sxm-3y-20250317"


def test_a_row_has_what_both_ends_of_a_claim_imply(capsys):
    """35M and 200M USD over 30.84M hours; 3.8e25 FLOP without attention in 200M / 3.99 hours."""
    ran = llmcost(capsys, "reconcile", "training-cost", "tokens", "--format", "csv", *FEW)

    first, other = csv.DictReader(io.StringIO(ran.out))
    one = {name.partition(" [")[0]: value for name, value in first.items()}
    mfu = 3.8e25 / (200e6 / 3.99 * 3600 * 989.5e12)
    assert float(one["implied_price"]) == pytest.approx(35 / 30.84)
    assert float(one["implied_price_high"]) == pytest.approx(200 / 30.84)
    assert one["matches_high"] == "databricks-h100-sxm-od-20230622; oracle-h100-sxm-od-20231023"
    assert float(one["implied_mfu"]) > 1
    assert float(one["implied_mfu_high"]) == pytest.approx(mfu, rel=0.06)
    assert one["implied_goodput"] == ""
    assert float(one["implied_goodput_high"]) == pytest.approx(mfu / 0.42, rel=0.06)
    assert other["implied_mfu_high"] == ""


def test_fields_choose_columns(capsys):
    ran = llmcost(
        capsys, "reconcile", "training-cost", "--fields", "verdict,implied-price", "--json", *FEW
    )

    assert set(ran.data["rows"][0]) == {"verdict", "implied_price"}


def test_a_claim_of_ones_own(capsys):
    ran = llmcost(capsys, "reconcile", *OWN, *FEW)

    assert ran.code == 0
    assert ran.out.startswith("Your claim of deepseek-v3")
    assert "$2.00/GPU-hour" in ran.out
    assert "$5.576M" in ran.out


def test_a_file_of_claims(capsys, mine):
    ran = llmcost(capsys, "reconcile", "--claims", mine, "--json", *FEW)

    rows = {one["name"]: one for one in ran.data["rows"]}
    assert set(rows) == {"v3/cost", "v3/gpu_hours", "mine"}
    assert rows["v3/cost"]["implied_price"] == 2.0
    assert rows["v3/cost"]["product_agrees"]
    assert rows["v3/cost"]["said"] == "2024-12-31"
    assert (rows["mine"]["relation"], rows["mine"]["high"]) == ("less_than", 3e6)


@pytest.mark.parametrize(
    ("was", "now", "complaint"),
    [
        ('cost = "5.576M USD"', 'costs = "5.576M USD"', "Did you mean cost?"),
        ('cost = "5.576M USD"', 'cost = "5.576M parsec"', "parsec"),
        ('quantity = "cost"', 'quantity = "fame"', "Unknown quantity 'fame'"),
        ('id = "mine"', 'id = "v3/cost"', "twice"),
        ('value = "< $3M"', "", "needs one value"),
        ("[[claim]]", "[claim]", "TOML"),
        ("gpus = 1024", "gpus = 1024\nmfu = '200%'", "mine.toml, claim 2 (mine): mfu: got '200%'"),
        ('date = "2024-12"', 'date = "soon"', "date"),
        ("gpus = 1024", "gpus = 1024\nnum_gpus = 8", "num_gpus: got it twice"),
        ('price = "2 USD/GPU/hour"', "price = 2", "price: got 2 without a unit; needs"),
        ('value = "< $3M"', "value = 5", "cost: got 5 without a unit; needs an amount in USD"),
        ('value = "< $3M"', "value = '<3M'", "cost: got '<3M' without a unit"),
        ('value = "< $3M"', "value = '3M..5M'", "cost: got '3M..5M' without a unit"),
        ('quantity = "cost"\nvalue = "< $3M"', "energy = '433'", "energy: got '433' without"),
        (
            '"< $3M"',
            '"< 3M EUR"\ndate = "1990-01"',
            "mine.toml, claim 2 (mine): No exchange rate of EUR",
        ),
    ],
)
def test_a_faulty_file_is_one_message_that_names_it(capsys, mine, was, now, complaint):
    mine.write_text(FILE.replace(was, now), encoding="utf-8")

    ran = llmcost(capsys, "reconcile", "--claims", mine, *FEW)

    assert ran.code == 2
    assert complaint in ran.err
    assert "mine" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("value", ["'$35M..200M'", "'20M EUR'", "'3..4M USD'", "'>100M USD'"])
def test_a_unit_can_stand_at_either_end_and_be_any_currency(capsys, mine, value):
    mine.write_text(FILE.replace('"< $3M"', value), encoding="utf-8")

    assert llmcost(capsys, "reconcile", "--claims", mine, *FEW).code == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("region = 'mars'", "Unknown region 'mars'"),
        ("model = 'nope'", "Unknown model 'nope'"),
        ("mfu = '200%'", "mfu: got '200%'"),
        ("cost = '3M EUR'\ndate = '1990-01'", "No exchange rate of EUR"),
    ],
)
def test_the_id_of_a_claim_is_never_shown_as_an_option(capsys, mine, line, complaint):
    run = "parameters = '70B'\ntokens = '1.4T'\ngpu = 'h100-sxm'\n"
    run = run.replace("parameters = '70B'\n", "") if line.startswith("model") else run
    cost = "" if line.startswith("cost") else "cost = '3M USD'\n"
    mine.write_text(f"[[claim]]\nid = 'x'\n{run}{cost}{line}\n", encoding="utf-8")

    ran = llmcost(capsys, "reconcile", "--claims", mine, *FEW)

    assert ran.code == 2
    assert "--" not in ran.err.replace("--parameters", "")
    assert f"mine.toml, claim 1 (x): {complaint}" in ran.err


def test_a_file_that_is_not_there(capsys, empty_folder):
    ran = llmcost(capsys, "reconcile", "--claims", empty_folder / "none.toml")

    assert (ran.code, ran.out) == (2, "")
    assert "cannot be opened" in ran.err


def test_a_converted_bound_has_no_more_digits_than_it_was_stated_with(capsys):
    """20M EUR at 1.0793 USD are 21.6M USD."""
    ran = llmcost(capsys, "reconcile", "pc-38", *FEW)

    assert "under $21.6M" in ran.out


def test_a_verdict_that_is_arithmetic_says_so(capsys):
    out = llmcost(capsys, "reconcile", "pc-17", *FEW).out

    assert "consistent (reserved-3y, arithmetic only)" in " ".join(out.split())
    assert "same hours, same price: this confirms the arithmetic only" in " ".join(out.split())


def test_brackets_mean_what_is_said_of_them(capsys):
    """A claim without a price basis can mean each; where a method is asked for, ours are beside."""
    plain = llmcost(capsys, "reconcile", "gpt-4-cost", *FEW).out
    asked = llmcost(capsys, "reconcile", "gpt-4-cost", "--method", "epoch-2024", *FEW).out

    assert "In brackets: what the claim does not mean." in plain
    assert "In brackets: what the claim does not mean." not in asked
    words = " ".join(asked.split())
    assert "(on-demand)" in words
    assert "In brackets: our own figures, as epoch-2024 was asked for, and what the claim" in words


def test_one_price_is_not_called_exact(capsys):
    ran = llmcost(capsys, "reconcile", "pc-17", *FEW)

    assert "one price" in ran.out
    assert "exact" not in ran.out


def test_fail_on_conflict_leaves_with_one(capsys):
    fails = ("--fail-on", "conflict", *FEW)

    low = llmcost(
        capsys, "reconcile", "--gpu", "h100-sxm", "--gpu-hours", "1M", "--cost", "1K", *fails
    )
    both = llmcost(capsys, "reconcile", "--claims", "published", "falcon-180b", *fails)
    fine = llmcost(capsys, "reconcile", *OWN, *fails)

    assert (low.code, both.code, fine.code) == (1, 1, 0)
    assert low.err == "A claim is in conflict.\n"
    assert llmcost(capsys, "reconcile", "--claims", "published", "falcon-180b", *FEW).code == 0


def test_an_unknown_claim_is_a_usage_error_with_near_names(capsys):
    ran = llmcost(capsys, "reconcile", "training-costs")

    assert ran.code == 2
    assert "training-cost" in ran.err


def test_the_same_seed_gives_the_same_bytes(capsys):
    first, second = (
        llmcost(capsys, "reconcile", "training-cost", "gpt-4-cost", "--json", *FEW).out
        for _ in range(2)
    )

    assert first == second


def test_an_option_can_be_set_by_its_variable(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_RECONCILE_CLAIMS", "published")

    ran = llmcost(capsys, "reconcile", "pc-21", *FEW)

    assert ran.code == 0
    assert ran.out.startswith("pc-21")


def test_the_figures_of_a_published_method_are_made_again(capsys):
    """Cottier et al. 2024: 40.59M USD for GPT-4, 52.88M for Llama 3.1 405B in mid-2025 dollars."""
    names = ("gpt-4", "llama-3.1-405b")
    ran = llmcost(capsys, "reconcile", "--claims", "epoch-2024", *names, "--json")

    assert ran.code == 0
    rows = [one for one in ran.data["results"] if one["quantity"] == "owned_cost"]
    assert {one["model"] for one in rows} == {"GPT-4", "Llama 3.1 405B"}
    assert [one["ours"] / one["figure"] for one in rows] == pytest.approx([1] * len(rows), rel=0.1)
    assert all(one["inputs"] for one in rows)


def test_a_method_takes_no_options_of_our_estimates(capsys):
    more = ("--as-of", "2024-07", "--gpus", "8")
    ran = llmcost(capsys, "reconcile", "--claims", "epoch-2024", *more)

    assert (ran.code, ran.out) == (2, "")
    assert "leave out --gpus and --as-of" in ran.err


def test_the_footer_names_percentiles_as_people_do(capsys):
    ran = llmcost(capsys, "reconcile", "training-cost", "--interval", "96%", "--draws", "200")

    assert "2nd and 98th percentile" in " ".join(ran.out.split())
