"""Overheads and defaults are looked up, and refused where a range does not hold its value."""

import pytest

from llmcost.catalog import files, overheads
from llmcost.errors import DataError, UnknownNameError

HEADER = "name,low,value,high,unit,distribution,source,note\n"


def test_one_category_is_a_part_of_all():
    pue = overheads.overheads("pue")

    assert set(pue) < set(overheads.overheads())
    assert {one.unit for one in pue} == {""}


def test_an_overhead_has_a_unit_a_date_and_a_source():
    """A DGX H100 draws 10.2 kW at most, by its data sheet."""
    one = overheads.overhead("server-power-dgx-h100-8-gpu")

    assert (one.value, one.unit, one.as_of) == (10.2, "kW", "2022")
    assert one.sources == ("nvidia-dgx-datasheets",)


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="reliability"):
        overheads.overheads("reliabilty")
    with pytest.raises(UnknownNameError, match="goodput"):
        overheads.default("godput")
    with pytest.raises(UnknownNameError, match="pue-meta"):
        overheads.overhead("pue-meta")


def test_the_default_goodput_covers_the_published_ones():
    one = overheads.default("goodput")

    assert (one.low, one.value, one.high, one.unit) == (0.66, 0.86, 0.96, "")


@pytest.mark.parametrize("cells", ["0.9,0.85,0.95", "0.6,0.85,0.8"])
def test_a_range_without_its_value_is_refused(tmp_path, monkeypatch, cells):
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))
    (tmp_path / "defaults.csv").write_text(HEADER + f"goodput,{cells},,share,assumption,x\n")

    with pytest.raises(DataError, match="rising order"):
        overheads.default("goodput")


def test_the_users_own_default_replaces_ours(tmp_path, monkeypatch):
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))
    (tmp_path / "defaults.csv").write_text(HEADER + "goodput,,0.9,,,share,assumption,ours\n")

    assert overheads.default("goodput").value == 0.9
    assert overheads.default("pue").value == 1.15
