"""Accelerators by name: exact, in base units, and never guessed."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.catalog import files
from llmcost.catalog.columns import DataFile, folded
from llmcost.catalog.gpus import (
    GPU_ALIASES,
    GPU_SPECS,
    PEAK_OF,
    accelerator,
    accelerator_names,
    accelerators,
    alias,
    aliases,
    measured_accelerator,
    peak,
)
from llmcost.errors import DataError, InputError, UnknownNameError

NAMES = [entry.name for entry in accelerators()]


@pytest.fixture
def overlay(monkeypatch, tmp_path):
    """Write the user's own rows; returns a function that takes a file and its rows."""

    def write(file: DataFile, *rows: dict[str, str]) -> None:
        headers = {column.name: column.header for column in file.columns}
        with Path(tmp_path, file.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, file.headers)
            writer.writeheader()
            writer.writerows({headers[k]: v for k, v in row.items()} for row in rows)
        monkeypatch.setenv("LLMCOST_DATA", str(tmp_path))
        files.clear_cache()

    yield write
    files.clear_cache()


MINE = {
    "name": "mine-1",
    "vendor": "AMD",
    "generation": "mine",
    "form_factor": "oam",
    "peak_bf16": "100",
    "devices_per_card": "1",
    "evidence": "stored",
    "sources": "assumption",
}


@pytest.mark.parametrize(
    ("name", "precision", "expected"),
    [
        ("h100-sxm", "bf16", 989.4e12),  # 528 tensor cores x 512 FMA x 2 x 1.83 GHz
        ("h100-sxm", "fp8", 1978.9e12),
        ("h100-pcie", "bf16", 756e12),
        ("a100-sxm-80gb", "bf16", 312e12),  # 432 x 256 x 2 x 1.41 GHz
        ("mi300x", "bf16", 1307.4e12),  # 1216 x 256 x 2 x 2.1 GHz
        ("b200", "nvfp4", 9000e12),
        ("b200", "mxfp8", 4500e12),
        ("gb200", "bf16", 2500e12),
        ("tpu-v5p", "bf16", 459e12),
        ("v100-sxm-16gb", "fp16", 125e12),
    ],
)
def test_peaks_of_published_sheets_in_base_units(name, precision, expected):
    """As printed: the sheets round to their last digit, hence 1e-12 on the same digits."""
    assert peak(accelerator(name), precision) == pytest.approx(expected, rel=1e-12)


def test_an_accelerator_is_in_base_units():
    """H100 SXM: 80 GB, 3.35 TB/s, NVLink 450 GB/s one way, 400 Gbit/s network, 700 W."""
    h100 = accelerator("h100-sxm")

    assert h100.memory == pytest.approx(80e9)
    assert h100.memory_bandwidth == pytest.approx(3.35e12)
    assert h100.scale_up_bandwidth == pytest.approx(450e9)
    assert h100.scale_up_domain == 8
    assert h100.nic_bandwidth == pytest.approx(50e9)
    assert h100.power == 700
    assert h100.generation == "hopper"
    assert h100.devices_per_card == 1
    assert "stas00-ml-engineering" in h100.sources


def test_a_figure_nobody_published_is_none():
    assert accelerator("tpu-v5e").power is None
    assert accelerator("rubin").launched is None
    assert not accelerator("tpu-8t").peak_flop_rates


@pytest.mark.parametrize("name", NAMES)
def test_every_name_finds_its_own_row(name):
    assert accelerator(name).name == name


@pytest.mark.parametrize(
    "spelling", ["H100 SXM", "h100_sxm", "  H100-SXM ", "H100 SXM5", "H100-SXM5-80GB", "HGX H100"]
)
def test_case_space_underscore_and_dash_do_not_matter(spelling):
    assert accelerator(spelling).name == "h100-sxm"


@pytest.mark.parametrize("spelling", ["h100sxm", "sxm h100", "h100-sxm-", "h100-sxm nvidia"])
def test_matching_is_exact_otherwise(spelling):
    """A trailing dash is a separator with nothing after it, so it changes nothing."""
    if folded(spelling) == "h100-sxm":
        assert accelerator(spelling).name == "h100-sxm"
    else:
        with pytest.raises(UnknownNameError):
            accelerator(spelling)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("h100", "'h100' may be h100-sxm, h100-pcie or h100-nvl: name one"),
        ("A100 PCIe", "'A100 PCIe' may be a100-pcie-40gb or a100-pcie-80gb: name one"),
        ("GH200", "'GH200' may be gh200-96gb or gh200-144gb: name one"),
        (
            "mixed A100-40GB then H100-80GB",
            "'mixed A100-40GB then H100-80GB' is several accelerators, a100-sxm-40gb, h100-sxm: "
            "name one",
        ),
    ],
)
def test_an_ambiguous_name_is_an_error_that_lists_the_candidates(name, message):
    with pytest.raises(InputError) as caught:
        accelerator(name)

    assert str(caught.value) == message


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(UnknownNameError, match=r"Did you mean mi300a, mi300x or") as caught:
        accelerator("mi300")

    assert {"mi300a", "mi300x"} <= set(caught.value.suggestions)


def test_the_hint_of_an_unknown_name_shows_what_names_look_like():
    with pytest.raises(UnknownNameError, match=r"Names look like h100-sxm, mi300x or tpu-v5p"):
        accelerator("quantum abacus")


def test_a_measured_table_may_mean_the_sxm_part_by_a_bare_name():
    meant = {name: measured_accelerator(name) for name in ("H100", "A100", "Ascend 910B", "MI300X")}

    assert meant["H100"] is accelerator("h100-sxm")
    assert meant["A100"] is accelerator("a100-sxm-80gb")
    assert meant["Ascend 910B"] is None
    assert meant["MI300X"] is accelerator("mi300x")


def test_candidates_of_a_name():
    assert accelerator_names("h200") == ("h200-sxm", "h200-nvl")
    assert accelerator_names("h200-sxm") == ("h200-sxm",)


def test_a_missing_precision_names_those_there_are():
    with pytest.raises(InputError, match=r"a100-sxm-80gb has no published fp8 peak") as caught:
        peak(accelerator("a100-sxm-80gb"), "fp8")

    assert "it has fp32, tf32, bf16, fp16, int8" in str(caught.value)


def test_no_precision_at_all_is_said():
    with pytest.raises(InputError, match=r"it has none"):
        peak(accelerator("tpu-8t"), "bf16")


def test_an_unknown_precision_suggests_near_ones():
    with pytest.raises(UnknownNameError, match=r"Did you mean fp16"):
        peak(accelerator("h100-sxm"), "fp61")


def test_records_cannot_be_changed():
    h100 = accelerator("h100-sxm")

    with pytest.raises(AttributeError):
        h100.power = 1.0
    with pytest.raises(TypeError):
        h100.peak_flop_rates["fp4"] = 1.0


def test_a_row_of_the_user_is_found(overlay):
    overlay(GPU_SPECS, MINE)

    assert peak(accelerator("Mine 1"), "bf16") == 100e12
    assert accelerator("mine-1").memory is None
    assert accelerator("h100-sxm").power == 700


def test_a_row_of_the_user_replaces_the_shipped_one(overlay):
    overlay(GPU_SPECS, MINE | {"name": "mi300x"})

    assert peak(accelerator("mi300x"), "bf16") == 100e12
    assert len(accelerators()) == len(NAMES)


def test_a_name_that_could_never_be_matched_is_a_fault_of_the_file(overlay):
    overlay(GPU_SPECS, MINE | {"name": "Mine 1"})

    with pytest.raises(DataError, match=r"line 2, column 'name': got 'Mine 1'; needs mine-1"):
        accelerators()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"alias": "x", "names": "nothing", "relation": "one"}, "nothing has no row"),
        ({"alias": "x", "names": "t4; l4", "relation": "one"}, "one needs one name"),
        ({"alias": "x", "names": "t4", "relation": "ambiguous"}, "one needs one name"),
        (
            {"alias": "x", "names": "t4; l4", "relation": "ambiguous", "default": "a10"},
            "a10 is not among",
        ),
        ({"alias": "H100 SXM", "names": "t4", "relation": "one"}, "is already a name"),
        ({"alias": "hgx_h100", "names": "t4", "relation": "one"}, "is already a name"),
    ],
)
def test_a_wrong_alias_is_a_fault_of_the_file(overlay, row, message):
    overlay(GPU_ALIASES, row)

    with pytest.raises(DataError, match=message):
        aliases()


def test_an_alias_tells_what_it_stands_for():
    found = alias("H100")

    assert found.names == ("h100-sxm", "h100-pcie", "h100-nvl")
    assert (found.relation, found.default) == ("ambiguous", "h100-sxm")


def test_a_name_of_a_row_is_no_alias():
    with pytest.raises(UnknownNameError):
        alias("h100-sxm")


@given(st.sampled_from(NAMES), st.sampled_from(" _-"), st.booleans())
def test_any_separator_and_case_finds_the_same_row(name, separator, upper):
    spelling = name.replace("-", separator)

    assert accelerator(spelling.upper() if upper else spelling).name == name


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)


@given(st.sampled_from(NAMES), st.sampled_from(sorted(PEAK_OF)))
def test_a_peak_is_the_figure_of_that_precision_or_an_error(name, precision):
    entry = accelerator(name)
    if PEAK_OF[precision] in entry.peak_flop_rates:
        assert peak(entry, precision) == entry.peak_flop_rates[PEAK_OF[precision]]
    else:
        with pytest.raises(InputError):
            peak(entry, precision)


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA B200", "b200"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("Tesla V100-SXM2-32GB", "v100-sxm-32gb"),
        ("AMD Instinct MI300X", "mi300x"),
        ("tpuv5p", "tpu-v5p"),
        ("v5litepod", "tpu-v5e"),
    ],
)
def test_the_name_that_a_driver_prints_resolves(printed, name):
    assert accelerator(printed).name == name


@pytest.mark.parametrize("printed", ["NVIDIA H200", "H800 80GB", "A800 80GB"])
def test_a_printed_name_without_its_form_factor_is_ambiguous(printed):
    with pytest.raises(InputError, match="may be"):
        accelerator(printed)


@pytest.mark.parametrize("name", ["nvidia", "nvidia-nvidia", "amd h100-sxm-x", ""])
def test_a_makers_word_alone_is_no_name(name):
    with pytest.raises(UnknownNameError):
        accelerator(name)
