"""Names of what is measured, as a list or as one text."""

import pytest

from llmcost import InputError, run_bench
from llmcost.studies.benching import answer


def test_names_may_be_one_text(monkeypatch):
    asked = []
    monkeypatch.setattr(answer, "bench", lambda request, compare: asked.append(request))

    run_bench(what="matmul, memory", precisions="fp32")
    run_bench(what=["step"])

    assert [one.what for one in asked] == [("matmul", "memory"), ("step",)]
    assert asked[0].precisions == ("fp32",)


def test_a_wrong_name_is_told_whole():
    with pytest.raises(InputError, match="what: got 'matmull'"):
        run_bench(what="matmull")
