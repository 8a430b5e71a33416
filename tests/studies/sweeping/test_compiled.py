"""The compiled kernel of a sweep answers what the engine in NumPy answers, to 1e-12."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.sweeping.cases import case_count, prepare_case
from llmcost.studies.sweeping.compiled import CompiledKernel
from llmcost.studies.sweeping.driver import kernel_for
from llmcost.studies.sweeping.evaluating import Needed, batches
from llmcost.studies.sweeping.kernels import NumpyKernel
from llmcost.studies.sweeping.plan import plan_from

TOLERANCE = 1e-12
NAMES = tuple(RESULT_UNITS)
RUN = {"model": ["llama-3.1-8b"], "gpu": ["h100-sxm"], "gpus": [64]}
TOKENS = {"tokens": ["100B", "1T", "15T"]}


def plan(grid, draws=0, fixed=None):
    """Return a plan of a grid."""
    table = {"grid": grid, "fixed": fixed or {}, "keep": [{"best": "cost"}]}
    return plan_from(table | ({"draws": {"count": draws}} if draws else {}))


def answers(of_plan, kernel, names=NAMES):
    """Return every result of every configuration, at middle values and drawn."""
    needed = Needed(names, names if of_plan.draws else ())
    cases = (prepare_case(of_plan, number) for number in range(case_count(of_plan)))
    found = [
        batch
        for case in cases
        for batch in batches(case, of_plan, 0, case.layout_count * case.inner_count, needed, kernel)
    ]
    return {
        (kind, name): np.concatenate([getattr(batch, kind)[name] for batch in found])
        for kind in ("middle", "draws")
        for name in getattr(found[0], kind)
    }


def differing(found, wanted):
    """Return the results that differ, or are missing in one alone.

    A share of time that is lost is what is left of 1: its digits are those of 1.
    """
    return [
        (kind, name)
        for (kind, name), values in wanted.items()
        if not np.allclose(
            found[kind, name],
            values,
            TOLERANCE,
            TOLERANCE if name.endswith("_loss") else 0.0,
            equal_nan=True,
        )
    ]


@pytest.mark.parametrize(
    ("grid", "draws", "fixed"),
    [
        (RUN | TOKENS | {"layout": "all legal"}, 0, {}),
        (RUN | {"gpu": ["a10g", "ascend-910b1"], "mfu": ["40%"]} | TOKENS, 0, {}),
        (RUN | {"price": ["1..3 USD/GPU/hour", "2 USD/GPU/hour"]}, 100, {"goodput": "90%"}),
        (RUN | {"region": ["virginia"]}, 100, {"depreciation": "declining", "embodied": True}),
        (RUN | TOKENS, 100, {"scope": "development", "staff_share": "30%"}),
    ],
    ids=["layouts", "without prices", "goodput given", "declining", "development"],
)
def test_every_result_is_that_of_the_engine(grid, draws, fixed):
    of_plan = plan(grid, draws, fixed)
    wanted = answers(of_plan, NumpyKernel())

    assert differing(answers(of_plan, CompiledKernel()), wanted) == []
    assert not all(np.isnan(values).all() for values in wanted.values())


def test_results_of_which_no_row_changes_any_are_answered():
    of_plan = plan(RUN | {"price": ["1 USD/GPU/hour", "2 USD/GPU/hour"]}, 100)

    for names in ((), ("model_flop",)):
        wanted = answers(of_plan, NumpyKernel(), names)
        assert differing(answers(of_plan, CompiledKernel(), names), wanted) == []


def test_cases_that_branch_otherwise_share_no_kernel():
    models = {"model": ["llama-3.1-8b", "mixtral-8x7b", "deepseek-v3"]}
    frameworks = {"framework": ["megatron", "fsdp"], "layout": "all legal"}
    of_plan = plan(RUN | TOKENS | models | {"gpus": [1024]} | frameworks)

    assert differing(answers(of_plan, CompiledKernel()), answers(of_plan, NumpyKernel())) == []


def test_threads_may_share_a_kernel():
    of_plan = plan(RUN | TOKENS, 100)
    kernel, wanted = CompiledKernel(), answers(of_plan, NumpyKernel())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: answers(of_plan, kernel), range(8)))

    assert [differing(each, wanted) for each in found] == [[]] * 8


@pytest.mark.parametrize("trouble", ["", "raise ImportError('Numba needs NumPy 2.4 or less')"])
def test_the_kernel_is_chosen_by_what_works_here(tmp_path, monkeypatch, trouble):
    (tmp_path / "numba.py").write_text(trouble)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numba", None)
        del sys.modules["numba"]
        chosen = kernel_for("auto", 10**9)

    assert chosen == ("numpy" if trouble else "compiled")
    assert kernel_for("auto", 1000) == "numpy"
