"""What laws name as thresholds, and how many accelerators organisations say they have."""

import pytest

from llmcost.catalog import files
from llmcost.catalog.columns import last_day
from llmcost.catalog.fleets import fleet, fleets
from llmcost.catalog.thresholds import RE_CHECK, threshold, thresholds
from llmcost.errors import DataError, InputError, UnknownNameError


@pytest.mark.parametrize(
    ("name", "quantity", "value"),
    [
        ("eu-ai-act-systemic-risk", "model_flop", 1e25),
        ("us-eo-14110", "model_flop", 1e26),
        ("ca-sb-53", "model_flop", 1e26),
        ("ca-sb-1047-cost", "cost", 100e6),
        ("ny-raise-2025-cost", "cost", 100e6),
        ("ny-raise-2025-distilled", "cost", 5e6),
        ("ny-raise-2026", "model_flop", 1e26),
    ],
)
def test_a_threshold_is_as_the_law_has_it(name, quantity, value):
    found = threshold(name)

    assert (found.quantity, found.value) == (quantity, value)


def test_which_laws_hold():
    """The EU's act and SB 53 are in force; SB 1047 was vetoed, EO 14110 rescinded."""
    assert threshold("eu-ai-act-systemic-risk").holds
    assert threshold("ca-sb-53").holds
    assert not threshold("ca-sb-1047-cost").holds
    assert not threshold("us-eo-14110").holds


def test_money_and_compute_have_units_of_their_own():
    assert {one.unit for one in thresholds("cost")} == {"USD"}
    assert {one.unit for one in thresholds("model_flop")} == {"FLOP", "operations"}
    assert len(thresholds("cost")) + len(thresholds("model_flop")) == len(thresholds())


def test_a_law_in_force_says_since_when_and_every_reader_is_sent_to_the_law():
    assert all(one.in_force_from for one in thresholds() if one.holds)
    assert RE_CHECK == "re-check the law"


def test_unknown_thresholds_and_quantities_are_refused():
    with pytest.raises(UnknownNameError, match="ca-sb-53"):
        threshold("ca-sb-54")
    with pytest.raises(UnknownNameError, match="cost"):
        thresholds("costs")


@pytest.mark.parametrize(
    ("name", "gpu", "number"),
    [
        ("meta-cluster-a-2024", "h100-sxm", 24_576),
        ("meta-h100-2024", "h100-sxm", 350_000),
        ("meta-fleet-2024", "h100-sxm", 600_000),
        ("meta-rsc-2022", "a100-sxm-80gb", 16_000),
        ("meta-fleet-2025", None, 1_300_000),
        ("deepseek-v3-2024", "h800-sxm", 2_048),
    ],
)
def test_a_fleet_is_as_published(name, gpu, number):
    found = fleet(name)

    assert (found.gpu, found.num_gpus) == (gpu, number)


@pytest.mark.parametrize("day", ["2018-01-01", "2024-03-11", "2024-03-12", "2026-11-22"])
def test_no_fleet_was_unknown_on_the_day(day):
    assert all(one.day <= last_day(day) for one in fleets(as_of=day))


def test_a_plan_is_known_from_the_day_it_was_told():
    """Meta said on 12 March 2024 what it would have at the end of the year."""
    assert "meta-fleet-2024" not in {one.id for one in fleets("Meta", as_of="2024-03-11")}
    assert "meta-fleet-2024" in {one.id for one in fleets("meta", as_of="2024-03-12")}


def test_fleets_are_found_by_organisation_and_kind():
    found = fleets("META", kind="cluster")

    assert {one.organisation for one in found} == {"Meta"}
    assert {one.kind for one in found} == {"cluster"}
    assert [one.day for one in found] == sorted(one.day for one in found)


def test_unknown_organisations_fleets_and_dates_are_refused():
    with pytest.raises(UnknownNameError, match="Meta"):
        fleets("Metta")
    with pytest.raises(UnknownNameError, match="meta-fleet-2024"):
        fleet("meta-fleet-204")
    with pytest.raises(InputError, match="as_of"):
        fleets(as_of="lately")


def test_a_fleet_of_an_unknown_accelerator_is_refused(monkeypatch, tmp_path):
    header = (files.data_folder() / "fleets.csv").read_text(encoding="utf-8").splitlines()[0]
    row = "mine,Me,h1000,8,fleet,equal,in service,2026,,stored,assumption,"
    (tmp_path / "fleets.csv").write_text(f"{header}\n{row}\n")
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))

    with pytest.raises(DataError, match="gpu_specs"):
        fleets()
