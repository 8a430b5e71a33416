"""The seeds hold all claims of the five essays, each with a readable unit."""

import csv
from collections import Counter

import pytest

from llmcost.catalog.claims import claims, published_claims
from llmcost.catalog.files import data_folder
from llmcost.catalog.gpus import PRECISIONS
from llmcost.catalog.regions import region
from llmcost.catalog.sources import sources
from llmcost.reading import canonical_unit

ESSAYS = {
    "000_cee2fa1816354991": 8,
    "001_4e049de60b3a02ae": 5,
    "002_f1d8f73ae07b9eae": 3,
    "003_a1bb42e807534511": 6,
    "004_8a9b67c92d123014": 4,
}
# Dollars an hour that published claims imply: the figure, the hours, and the rate as printed.
RATES = [
    ("pc-02", 4.86),
    ("pc-05", 1.20),
    ("pc-09", 0.71),
    ("pc-10", 1.38),
    ("pc-14", 1.48),
    ("pc-15", 1.22),
    ("pc-17", 1.45),
    ("pc-18", 0.23),
    ("pc-19", 1.47),
    ("pc-21", 2.00),
    ("pc-22", 2.00),
    ("pc-26", 0.64),
    ("pc-28a", 1.84),
    ("pc-29", 1.99),
    ("pc-33a", 2.03),
    ("pc-37", 3.97),
    ("pc-42b", 4.86),
    ("pc-43a", 1.99),
    ("pc-47b", 3.00),
]


def test_every_essay_has_its_file_and_all_its_claims():
    found = Counter(claim.essay.file.removesuffix(".txt") for claim in claims())

    assert dict(found) == ESSAYS
    assert {path.stem for path in data_folder("seeds").iterdir()} == set(ESSAYS)


def test_names_of_claims_are_unique():
    names = [claim.name for claim in claims()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.name)
def test_the_unit_can_be_read(claim):
    assert canonical_unit(claim.unit) is not None
    assert claim.kind == "qualitative" or claim.printed_unit


@pytest.mark.parametrize("essay", {c.essay for c in claims()}, ids=lambda essay: essay.key)
def test_the_bibliography_and_the_seed_agree(essay):
    source = sources()[essay.key]

    assert (source.title, source.published) == (essay.title, essay.date)


@pytest.mark.parametrize(("name", "rate"), RATES)
def test_a_published_rate_follows_from_cost_and_hours(name, rate):
    """Half a unit in the last digit of the rate; 0.4% for costs and hours of three digits."""
    one = next(c for c in published_claims() if c.id == name)
    figure = one.low if one.low is not None else one.high

    assert figure / one.gpu_hours == pytest.approx(rate, abs=0.005 + 0.004 * rate)


def test_published_claims_have_readable_units():
    for one in published_claims():
        assert canonical_unit(one.unit) is not None


def test_models_of_published_claims_are_in_the_catalogue():
    with (data_folder() / "models.csv").open(encoding="utf-8", newline="") as stream:
        known = {row["name"] for row in csv.DictReader(stream)}

    assert {c.catalogue_model for c in published_claims()} - {None} <= known


def test_figures_nobody_could_verify_are_marked():
    marked = {c.id for c in published_claims() if c.re_check}

    assert {"pc-14", "pc-29", "pc-30", "pc-32", "pc-39b"} <= marked


def test_hours_that_are_a_product_are_the_product_of_their_factors():
    """To half a unit of the fourth digit, in which the hours are printed."""
    counted = [c for c in published_claims() if c.hours and c.num_gpus and c.gpu_hours]

    assert len(counted) >= 8
    for one in counted:
        assert one.gpu_hours == pytest.approx(one.num_gpus * one.hours, rel=5e-4)


def test_hours_say_where_they_come_from_and_prices_what_they_are():
    for one in published_claims():
        assert (one.gpu_hours is None) == (one.hours_source is None)
        assert one.price is None or one.price_basis == "assumed"
        assert one.derived_from != "cost" or one.hours_source in (None, "from-cost")


def test_a_claim_outside_says_why_and_no_other_does():
    """What is measured in dollars, hours, tokens or parameters of training is never outside."""
    for one in claims():
        money = one.unit in ("USD", "token") or one.quantity in ("parameters", "share_of_fleet")
        assert not (one.outside and money)
        assert one.outside or one.kind in ("training", "adjacent")


def test_precisions_and_regions_of_published_runs_are_known():
    known = {c.region for c in published_claims()} - {None}

    assert all(region(name).name == name for name in known)
    assert {c.precision for c in published_claims()} - {None} <= {"fp8-block", *PRECISIONS}
