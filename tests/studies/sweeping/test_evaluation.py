"""A configuration of a sweep is the estimate of that configuration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.errors import InputError
from llmcost.studies.estimation import simulate
from llmcost.studies.sweeping.blocks import blocking_of, run_block
from llmcost.studies.sweeping.cases import case_count, prepare_case, scattered
from llmcost.studies.sweeping.evaluating import Needed, batches
from llmcost.studies.sweeping.kernels import kernel_of
from llmcost.studies.sweeping.plan import plan_from

NAMES = (
    *("cost", "wall_clock", "gpu_hours", "mfu", "hfu", "step_time", "owned_cost", "energy"),
    *("tokens", "parameters", "compute_optimal_ratio", "cost_per_million_tokens", "goodput"),
)
KEEP = [{"best": "cost"}]


def plan(grid, draws=0, fixed=None, **more):
    """Return a plan of a grid."""
    table = {"grid": grid, "keep": KEEP, "fixed": fixed or {}, **more}
    return plan_from(table | ({"draws": {"count": draws}} if draws else {}))


def configurations(of_plan, kernel="numpy", names=NAMES):
    """Yield every batch of every case that can run."""
    needed = Needed(names, names if of_plan.draws else ())
    for number in range(case_count(of_plan)):
        case = prepare_case(of_plan, number)
        last = case.layout_count * case.inner_count
        yield from batches(case, of_plan, 0, last, needed, kernel_of(kernel))


def own_estimate(of_plan, batch, row):
    """Return the estimate of one configuration, asked for by itself, with its draws."""
    said = {name: values[0] for name, values in batch.describe([row]).items()}
    if isinstance(said.get("price"), float):
        said["price"] = f"{said['price']} USD/GPU/hour"
    return simulate(**{**of_plan.fixed, **said}, draws=of_plan.draws or 100, seed=of_plan.seed)


def assert_same(of_plan, batch, row):
    """Hold a configuration against its own estimate, at middle values and draw by draw."""
    alone = own_estimate(of_plan, batch, row)
    for name in NAMES:
        result = alone.estimate.results.get(name)
        if result is None or result.value is None:
            assert np.isnan(batch.middle[name][row])
        else:
            assert batch.middle[name][row] == pytest.approx(result.value, rel=1e-10)
    for name in batch.draws.keys() & alone.draws.keys():
        wanted = np.broadcast_to(alone.draws[name], of_plan.draws)
        np.testing.assert_allclose(batch.draws[name][row], wanted, rtol=1e-10)


@settings(max_examples=8, deadline=None)
@given(
    model=st.sampled_from(["llama-3.1-8b", "llama-3.1-70b", "mixtral-8x7b"]),
    gpu=st.sampled_from(["h100-sxm", "b200-sxm", "tpu-v5p"]),
    tokens=st.sampled_from([1e11, 3.3e12, 15e12]),
    pick=st.integers(0, 10**9),
)
def test_any_legal_layout_is_the_estimate_of_that_layout(model, gpu, tokens, pick):
    grid = {
        "model": [model],
        "gpu": [gpu],
        "gpus": [256],
        "tokens": [tokens, "2T"],
        "layout": "all legal",
        "price": ["1.5 USD/GPU/hour", "2.3 USD/GPU/hour"],
    }
    of_plan = plan(grid)
    found = list(configurations(of_plan))
    batch = found[pick % len(found)]

    assert_same(of_plan, batch, pick % len(batch))


@pytest.mark.parametrize(
    "grid",
    [
        {
            "model": ["llama-3.1-8b"],
            "gpu": ["h100-sxm"],
            "gpus": [64],
            "tokens": ["1T"],
            "layout": "all legal",
        },
        {
            "model": ["llama-3.1-405b"],
            "gpu": ["h100-sxm"],
            "gpus": [4096, 16384],
            "price": ["2..3 USD/GPU/hour", "1.5 USD/GPU/hour"],
        },
        {
            "model": ["llama-3.1-8b"],
            "gpu": ["mi300x"],
            "gpus": [64],
            "mfu": ["40%", "30..50%"],
            "tokens": ["1T", "2T"],
        },
        {"model": ["llama-3.1-8b"], "tokens": ["1T", "2T", "3T"]},
        {
            "model": ["llama-3.1-8b"],
            "gpu": ["h100-sxm"],
            "gpus": [64],
            "pue": [1.1, 1.5],
            "goodput": ["90%"],
            "layout": ["tp=2", "tp=4,pp=2"],
        },
    ],
)
def test_draws_are_those_of_the_estimate(grid):
    of_plan = plan(grid, draws=200)
    for batch in configurations(of_plan):
        assert_same(of_plan, batch, len(batch) // 2)


def test_the_fastest_layout_is_what_an_estimate_takes_without_one():
    grid = {"model": ["llama-3.1-8b"], "gpu": ["h100-sxm"], "gpus": [64]}
    (plain,) = configurations(plan(grid))
    named, other = configurations(plan(grid | {"layout": ["fastest", "tp=8"]}))

    assert named.middle["step_time"] == plain.middle["step_time"]
    assert other.middle["step_time"] > plain.middle["step_time"]


def test_published_phases_of_a_run_are_kept_where_no_tokens_are_given():
    of_plan = plan({"model": ["llama-3.1-405b"], "gpu": ["h100-sxm"], "gpus": [16384]})
    (batch,) = configurations(of_plan)

    assert batch.middle["tokens"][0] == pytest.approx(15.6e12, rel=0.02)
    assert_same(of_plan, batch, 0)


def test_a_case_that_cannot_run_is_skipped_with_its_reason():
    grid = {"model": ["llama-3.1-405b"], "gpu": ["h100-sxm"], "gpus": [8, 16384]}
    of_plan = plan(grid)
    blocking = blocking_of(of_plan)
    done = [run_block(of_plan, blocking, number) for number in range(blocking.blocks)]

    skipped = [each for block in done for each in block.skipped]
    assert [each["num_gpus"] for each in skipped] == [8]
    assert "fits" in skipped[0]["reason"]
    assert sum(block.configurations for block in done) == 1


@pytest.mark.parametrize("size", [3_000, 40_000, 10**7])
def test_blocks_cover_the_grid_once_however_it_is_cut(size):
    grid = {
        "model": ["llama-3.1-8b", "llama-3.1-70b"],
        "gpu": ["h100-sxm"],
        "gpus": [128],
        "tokens": ["1T", "2T", "3T"],
        "layout": "all legal",
    }
    rows = {"keep": [{"rows": ["cost"]}], "block": {"size": size}}
    of_plan = plan_from({"grid": grid, **rows})
    blocking = blocking_of(of_plan)
    tables = [run_block(of_plan, blocking, number).tables for number in range(blocking.blocks)]

    keys = [
        (case, config)
        for table in tables
        for case, config in zip(
            next(iter(table.values())).column("_case").to_pylist(),
            next(iter(table.values())).column("_config").to_pylist(),
            strict=True,
        )
    ]
    whole = [
        (batch.case_number, config)
        for batch in configurations(of_plan, names=("cost",))
        for config in batch.config.tolist()
    ]
    assert keys == whole
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("draws", [0, 100])
def test_a_run_that_never_ends_is_skipped_as_an_estimate_refuses_it(draws):
    grid = {
        "model": ["llama-3.1-8b"],
        "gpu": ["h100-sxm"],
        "gpus": [1024],
        "mfu": ["40%"],
        "failure_rate": ["1e-5 1/GPU/hour", "0.05 1/GPU/hour"],
    }
    of_plan = plan(grid, draws)
    (skipped,) = run_block(of_plan, blocking_of(of_plan), 0).skipped

    same = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "num_gpus": 1024, "mfu": "40%"}
    with pytest.raises(InputError) as refused:
        simulate(**same, failure_rate="0.05 1/GPU/hour")
    assert skipped["failure_rate"] == 0.05
    assert skipped["reason"] == str(refused.value)


def test_a_grid_in_which_nothing_runs_is_refused_with_a_reason():
    grid = {"model": ["llama-3.1-405b"], "gpu": ["h100-sxm"], "gpus": [8], "layout": ["tp=3"]}

    with pytest.raises(InputError, match="None of the 1 cases of the grid"):
        blocking_of(plan(grid))


@given(outer=st.integers(1, 10**6), inner=st.integers(1, 12))
def test_cases_that_stand_for_all_have_every_value_of_an_axis(outer, inner):
    found = scattered(outer * inner, 12)

    assert len(set(found)) == len(found) == min(12, outer * inner)
    assert all(0 <= number < outer * inner for number in found)
    assert {number % inner for number in found} == set(range(inner))
