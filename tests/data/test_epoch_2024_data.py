"""The facts of the method epoch-2024: prices that its rule picks, rules in rising order."""

import pytest

from llmcost.catalog.epoch_2024 import (
    DEVICES,
    device,
    figures,
    listed_runs,
    price_list,
    rules,
    value_of,
)
from llmcost.catalog.files import read
from llmcost.catalog.gpus import accelerators
from llmcost.errors import InputError

NAMES = [row["gpu"] for row in read(DEVICES)]
GPUS = [name for name in NAMES if not name.startswith("tpu")]


def purchases(family):
    """Return what the authors' list says of buying a family, oldest first."""
    letters = family.upper()
    rows = [q for q in price_list() if q.kind == "purchase" and letters in q.gpu_as_listed]
    return sorted(rows, key=lambda quote: quote.day)


@pytest.mark.parametrize("name", GPUS)
def test_the_price_is_the_earliest_of_a_dgx_system(name):
    """Of several on one day it is the dearer, which is the server and not the workstation."""
    found = device(name)
    systems = [q for q in purchases(found.family) if "DGX" in (q.note or "")]
    first = [q for q in systems if q.day == systems[0].day]

    assert found.price_id == max(first, key=lambda quote: quote.purchase_price).price_id


def test_every_device_is_in_the_catalogue():
    assert set(NAMES) <= {entry.name for entry in accelerators()}


def test_what_the_authors_do_not_list_is_an_error_that_names_what_they_do():
    with pytest.raises(InputError, match="h100-sxm"):
        device("h200-sxm")


def test_the_ends_of_an_interval_stand_on_both_sides():
    for one in rules():
        if one.range_of == "value" and one.value is not None:
            assert one.low <= one.value <= one.high
        elif one.range_of == "factor":
            assert 0 < one.low < 1 < one.high


def test_the_rate_of_writing_off_is_the_printed_one():
    """0.14 ln 10 = 32.24% a year."""
    assert value_of("hardware_price_decline") * 2.302585093 == pytest.approx(0.3224, abs=5e-5)


@pytest.mark.parametrize(
    ("family", "ratio"), [("h100", 1.82), ("a100", 2.03), ("v100", 1.67), ("tpu-v4", 1.56)]
)
def test_power_of_a_server_over_its_chips_as_printed(family, ratio):
    assert value_of("server_power_ratio", family) == pytest.approx(ratio, abs=5e-3)


def test_every_figure_is_of_a_listed_run():
    assert {one.model for one in figures()} == {run.model for run in listed_runs()}
