"""Setups that cross with several numbers of accelerators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost import InputError, compare
from llmcost.studies.comparison.counts import counts_in
from llmcost.studies.comparison.setups import MAX_SETUPS, read_setups

SMALL = {"parameters": "7B", "tokens": "2T", "mfu": "40%", "goodput": "90%", "draws": 100}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1024,4096,16384", (1024, 4096, 16384)),
        ("1024, 4096", (1024, 4096)),
        ("16k,32k", (16000, 32000)),
        ("256, 512", (256, 512)),
        ("1,024, 2,048", (1024, 2048)),
        ([8, 16], (8, 16)),
        (("16k", 8), (16000, 8)),
        ("16000", ()),
        ("16,000", ()),
        ("1,000,000", ()),
        ("16k", ()),
        (16000, ()),
        (None, ()),
    ],
)
def test_what_is_a_list_of_counts(written, meant):
    assert counts_in(written) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("256,512", "one number or 2; needs one as 256512, or several as '256, 512'"),
        ("64,128,256", "one number or 3"),
        ("1024,x", "Got 'x'"),
        ("1024,", "Got ''"),
        ("1,024,2,048,4096", "a space between two"),
        ("1024,-8", "Got '-8'"),
        ([], "an empty list"),
        ([8, None], "got None in a list"),
        ([[8]], "in a list"),
        (["8,16"], "Got|one number"),
    ],
)
def test_what_reads_two_ways_or_none_is_refused(written, told):
    with pytest.raises(InputError, match=told):
        compare(gpu="h100-sxm", num_gpus=written, **SMALL)


@given(st.lists(st.integers(1, 10**7), min_size=2, max_size=6))
def test_counts_with_spaces_between_are_read_as_written(counts):
    assert counts_in(", ".join(map(str, counts))) == tuple(counts)
    assert counts_in(", ".join(f"{count:,}" for count in counts)) == tuple(counts)


def test_setups_without_a_number_cross_and_the_others_stay():
    found = read_setups(
        ["b200:8", "mi300x@2", "tpu-v5p,name=mine"], gpu="h100-sxm", counts=(1024, 2048)
    )

    assert [setup.name for setup in found] == [
        *("b200", "mi300x:1024", "mi300x:2048", "mine:1024", "mine:2048"),
        *("h100-sxm:1024", "h100-sxm:2048"),
    ]
    assert [setup.arguments["num_gpus"] for setup in found] == ["8", *(1024, 2048) * 3]


def test_one_count_twice_and_too_many_setups_are_refused():
    with pytest.raises(InputError, match="h100-sxm:8 twice"):
        read_setups(None, gpu="h100-sxm", counts=(8, 8))
    with pytest.raises(InputError, match=f"at most {MAX_SETUPS:,}"):
        read_setups(None, gpu="all", counts=range(1, 500))


def test_each_count_is_the_comparison_of_that_count():
    crossed = compare(gpu=["h100-sxm", "b200"], num_gpus=[64, 128], **SMALL)
    single = compare(gpu=["h100-sxm", "b200"], num_gpus=128, **SMALL)

    assert [one.input("num_gpus") for one in crossed] == [64, 128, 64, 128]
    for gpu in ("h100-sxm", "b200"):
        assert crossed[f"{gpu}:128"].estimate.results == single[gpu].estimate.results


def test_a_deadline_marks_the_counts_that_miss_it():
    """7B on 2T tokens at 40% of 989.4 TFLOP/s and 90% goodput: 65,500 GPU-hours, 43 days on 64."""
    found = compare(gpu="h100-sxm", num_gpus=[64, 128], gpus_for="30 day", **SMALL)

    assert [one.status for one in found] == ["too slow", "runs"]
