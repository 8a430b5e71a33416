"""Published rates of matrix products, to set a measurement beside."""

import pytest

from llmcost.catalog import files
from llmcost.catalog.achieved import ONE_SHAPE, SEARCHED, achieved_matmul, best_achieved
from llmcost.catalog.gpus import accelerator, peak
from llmcost.catalog.sources import sources
from llmcost.errors import DataError, UnknownNameError


@pytest.mark.parametrize(
    ("gpu", "precision", "tera"),
    [
        ("a100-sxm-80gb", "bf16", 271.2),
        ("h100-sxm", "bf16", 794.5),
        ("h200-sxm", "bf16", 794.5),
        ("b200", "fp8", 3432.5),
        ("mi300x", "bf16", 668.4),
        ("h100-sxm", "fp8", 1402.6),
    ],
)
def test_the_best_is_that_of_the_published_table(gpu, precision, tera):
    """The MAMF tables of the Machine Learning Engineering book, bf16 and fp8."""
    found = best_achieved(gpu, precision)

    assert found.rate == pytest.approx(tera * 1e12)
    assert found.kind == SEARCHED


def test_a_list_of_shapes_is_told_from_a_search():
    """Azure lists 253.7 TFLOP/s at 8192 on an A100 in fp16."""
    rows = {one.shape: one for one in achieved_matmul("a100-sxm-80gb") if one.precision == "fp16"}

    assert rows["8192x8192x8192"].rate == pytest.approx(253.7e12)
    assert rows["8192x8192x8192"].kind == ONE_SHAPE


def test_no_product_is_faster_than_the_peak():
    for one in achieved_matmul():
        assert one.rate <= peak(accelerator(one.gpu), one.precision), one


def test_every_row_names_a_source_that_is_known():
    assert {key for one in achieved_matmul() for key in one.sources} <= set(sources())


def test_what_nobody_published_is_none():
    assert best_achieved("t4", "fp16") is None
    with pytest.raises(UnknownNameError):
        best_achieved("h100-sxn", "bf16")


def test_a_row_of_an_unknown_accelerator_is_refused(tmp_path, monkeypatch):
    header = (
        "gpu,gpu_as_listed,precision,shape,rate [TFLOP/s/GPU],kind,software,measured,note,source"
    )
    row = "h900,H900,bf16,1x1x1,1,one shape,mine,2026,,assumption"
    (tmp_path / "achieved_matmul.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))

    with pytest.raises(DataError, match="h900"):
        achieved_matmul()
