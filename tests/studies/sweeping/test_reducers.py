"""What sweeps keep, against brute force over all rows and NumPy's exact quantiles."""

import json
from itertools import product

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.catalog.architecture import architecture_from_config
from llmcost.enumeration import Limits, enumerate_layouts, to_layout
from llmcost.errors import InputError
from llmcost.layout import layout_text
from llmcost.layout.record import SCHEDULES
from llmcost.studies.sweeping.axes import Axis
from llmcost.studies.sweeping.batch import Batch
from llmcost.studies.sweeping.keeps import Keep
from llmcost.studies.sweeping.plan import Plan
from llmcost.studies.sweeping.reducers import (
    final,
    finals,
    merged,
    needed_results,
    output_rows,
    reducer_of,
    sketch,
)
from llmcost.studies.sweeping.reducers.pareto import front

MODELS = ("llama-3.1-70b", "llama-3.1-405b")
PRICES = (1.5, 2.5, 4.0)
GPUS = (1024, 16384)
MIXTURE = {
    "model_type": "mixtral",
    "hidden_size": 1024,
    "intermediate_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
}
SHARES = (0.05, 0.5, 0.95)


def make_plan(draws=0, more=()):
    """Return a plan with two axes of cases and one inside a case."""
    prices = tuple(f"{price} USD/GPU/hour" for price in PRICES)
    axes = (Axis("model", MODELS), Axis("num_gpus", GPUS), Axis("price", prices))
    return Plan(axes=(*axes, *more), fixed={}, keeps=(), draws=draws, seed=7)


def make_keep(kind, of, **changes):
    """Return a keep of a few shares and bins."""
    usual = {"name": kind, "at": SHARES, "bins": 8}
    return Keep(kind=kind, of=of, **{**usual, **changes})


def make_batch(case_number, results, config=None, draws=None, price=None):
    """Return a batch of one case: `results` are columns at middle values."""
    size = len(next(iter(results.values())))
    labels = {"model": MODELS[case_number // 2], "num_gpus": float(GPUS[case_number % 2])}
    config = np.arange(size) if config is None else np.asarray(config)
    price = np.asarray(PRICES)[config % 3] if price is None else price
    return Batch(
        axes=("model", "num_gpus", "price"),
        case=labels,
        inner={"price": np.asarray(price)},
        layouts=None,
        middle={name: np.asarray(column, dtype=float) for name, column in results.items()},
        draws=draws or {},
        config=config,
        case_number=case_number,
    )


def reduced(keep, plan, batches):
    """Return the partial of one reducer over batches."""
    reducer = reducer_of(keep, plan)
    for batch in batches:
        reducer.add(batch)
    return reducer.table()


def as_bytes(table):
    """Return a table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def rows_of(batches, names):
    """Return every row of batches as dictionaries, for brute force."""
    found = []
    for batch in batches:
        for at in range(len(batch)):
            row = {"price": float(batch.inner["price"][at]), **batch.case}
            row |= {name: float(batch.middle[name][at]) for name in names}
            found.append(row | {"order": (batch.case_number, int(batch.config[at]))})
    return found


def groups_of(rows, per):
    """Return rows by group, groups in the order of the grid."""
    axes = {"model": MODELS, "num_gpus": GPUS, "price": PRICES}
    names = [name for name in axes if name in per]
    for key in product(*(axes[name] for name in names)):
        chosen = [r for r in rows if all(r[n] == v for n, v in zip(names, key, strict=True))]
        if chosen:
            yield key, chosen


# Few different numbers, so that ties are common; some are not known or not finite.
NUMBERS = st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0, 1e9, 0.0, -4.0, np.nan, np.inf])
PER = st.sampled_from([(), ("model",), ("price",), ("num_gpus", "price"), ("price", "model")])


@st.composite
def some_batches(draw, names=("cost", "wall_clock")):
    """Return batches of all four cases, each case in one or two parts."""
    found = []
    for case in range(4):
        for start in range(draw(st.integers(0, 2))):
            size = draw(st.integers(1, 12))
            columns = {n: draw(st.lists(NUMBERS, min_size=size, max_size=size)) for n in names}
            found.append(make_batch(case, columns, config=np.arange(size) + 100 * start))
    return found


@st.composite
def split(draw, batches):
    """Return batches in several lists, in any order."""
    shuffled = draw(st.permutations(batches))
    cuts = sorted(draw(st.lists(st.integers(0, len(batches)), max_size=3)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(batches)], strict=True)]


@given(st.data(), PER, st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_best_is_that_of_a_sorted_list(data, per, top, largest):
    """The rows of each group sorted by value, case and configuration; the first ones."""
    batches = data.draw(some_batches())
    keep = make_keep("best", ("cost",), per=per, top=top, largest=largest)
    plan = make_plan()

    table = final(keep, plan, merged(keep, plan, [reduced(keep, plan, batches)]))

    sign = -1 if largest else 1
    expected = []
    for _, rows in groups_of(rows_of(batches, ["cost"]), per):
        known = [row for row in rows if np.isfinite(row["cost"])]
        chosen = sorted(known, key=lambda row: (sign * row["cost"], row["order"]))[:top]
        expected += [(r["cost"], r["model"], r["num_gpus"], r["price"]) for r in chosen]
    names = ["cost [USD]", "model", "num_gpus [GPU]", "price [USD/GPU/hour]"]
    assert list(zip(*(table[name].to_pylist() for name in names), strict=True)) == expected


@given(st.data(), PER, st.sampled_from([("cost",), ("cost", "wall_clock")]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_front_is_that_of_all_pairs(data, per, of, third):
    """Every row that no other of its group is at least as good as; of equal ones the first."""
    names = ("cost", "wall_clock", "gpu_hours")
    of = (*of, "gpu_hours") if third else of
    batches = data.draw(some_batches(names))
    keep, plan = make_keep("pareto", of, per=per), make_plan()

    table = final(keep, plan, reduced(keep, plan, batches))

    expected = []
    for _, rows in groups_of(rows_of(batches, names), per):
        known = [row for row in rows if all(np.isfinite(row[name]) for name in of)]
        points = [(tuple(row[name] for name in of), row["order"], row["price"]) for row in known]
        expected += sorted(p for p in points if not any(_beats(q, p) for q in points))
    headers = {"cost": "cost [USD]", "wall_clock": "wall_clock [day]"}
    columns = [table[headers.get(name, "gpu_hours [GPU*hour]")].to_pylist() for name in of]
    assert list(zip(*columns, strict=True)) == [point for point, _, _ in expected]
    assert table["price [USD/GPU/hour]"].to_pylist() == [price for _, _, price in expected]


def _beats(one, other):
    (a, first, _), (b, second, _) = one, other
    return all(x <= y for x, y in zip(a, b, strict=True)) and (a != b or first < second)


@pytest.mark.parametrize(
    "keep",
    [
        make_keep("best", ("cost",), per=("price",), top=3),
        make_keep("best", ("cost",), largest=True, top=2),
        make_keep("pareto", ("cost", "wall_clock"), per=("model",)),
        make_keep("pareto", ("cost", "wall_clock", "gpu_hours")),
        make_keep("quantiles", ("cost", "wall_clock"), per=("price", "num_gpus")),
        make_keep("quantiles", ("cost",)),
        make_keep("histogram", ("cost",), per=("model",)),
        make_keep("rows", ("cost", "wall_clock")),
    ],
    ids=lambda keep: f"{keep.kind}-{'-'.join(keep.of)}-{'-'.join(keep.per)}",
)
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_partials_of_any_split_make_one_pass_to_the_byte(keep, data):
    batches = data.draw(some_batches(("cost", "wall_clock", "gpu_hours")))
    plan = make_plan()
    whole = reduced(keep, plan, batches)

    parts = [reduced(keep, plan, some) for some in data.draw(split(batches))]
    once = merged(keep, plan, parts)
    half = len(parts) // 2
    twice = merged(keep, plan, [merged(keep, plan, parts[half:]), merged(keep, plan, parts[:half])])

    assert as_bytes(once) == as_bytes(whole)
    assert as_bytes(twice) == as_bytes(whole)
    assert as_bytes(final(keep, plan, once)) == as_bytes(final(keep, plan, whole))


@given(
    st.lists(
        st.floats(1e-300, 1e300) | st.floats(0.5, 4.0) | st.just(0.0), min_size=1, max_size=60
    ),
    st.sampled_from([1.0, -1.0]),
)
@settings(max_examples=100, deadline=None)
def test_quantiles_are_within_a_thousandth_of_exact_ones(values, sign):
    """NumPy's exact quantiles (linear interpolation), for numbers of one sign of any size."""
    at = (0.0, 0.1, 0.25, 0.5, 0.9, 0.999, 1.0)
    counts = sketch.Sketch()
    exact = sign * np.array(values)
    counts.add(np.array([3]), None, exact)

    _, found = sketch.quantiles(counts.content(), at)

    for share in at:
        expected = np.quantile(exact, share)
        assert found[repr(share)][0] == pytest.approx(expected, rel=1e-3, abs=1e-300)
    assert (found["min"][0], found["max"][0]) == (exact.min(), exact.max())


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
@settings(max_examples=100, deadline=None)
def test_the_middle_of_a_bucket_is_near_every_value_inside_and_keys_rise(values):
    numbers = np.array(values)
    keys = sketch.keys(numbers)

    middles = sketch.middles(keys)

    tiny = np.abs(numbers) < sketch.TINY
    assert (middles[tiny] == 0).all()
    assert (np.abs(middles - numbers)[~tiny] <= sketch.ACCURACY * np.abs(numbers[~tiny])).all()
    order = np.argsort(numbers)
    assert (np.diff(keys[order]) >= 0).all()


def test_values_that_are_not_known_or_not_finite_are_counted_apart():
    """Of 1, 2, infinity and two unknown ones: three count, the median is 2, the 95% infinite."""
    plan, keep = make_plan(), make_keep("quantiles", ("cost",), at=(0.5, 0.95))
    batch = make_batch(0, {"cost": [np.nan, 2.0, np.inf, -np.nan, 1.0]})

    row = final(keep, plan, reduced(keep, plan, [batch])).to_pylist()[0]

    assert (row["cost_count"], row["cost_missing"]) == (3, 2)
    assert row["cost_p50 [USD]"] == pytest.approx(2.0, rel=sketch.ACCURACY)
    assert (row["cost_min [USD]"], row["cost_max [USD]"]) == (1.0, np.inf)
    assert row["cost_p95 [USD]"] == np.inf


def test_a_group_with_nothing_known_has_no_quantiles():
    plan, keep = make_plan(), make_keep("quantiles", ("cost",), at=(0.5,), per=("model",))
    batches = [make_batch(0, {"cost": [np.nan]}), make_batch(2, {"cost": [3.0]})]

    rows = final(keep, plan, reduced(keep, plan, batches)).to_pylist()

    assert [row["model"] for row in rows] == list(MODELS)
    assert [row["cost_p50 [USD]"] for row in rows] == [None, 3.0]
    assert [row["cost_missing"] for row in rows] == [1, 0]


@pytest.mark.parametrize("per", [(), ("model",), ("price",)])
def test_quantiles_over_draws_are_those_of_all_draws_of_a_group(per):
    """Draws of every configuration of a group pooled; NumPy's quantiles of them."""
    generator = np.random.default_rng(3)
    drawn = [generator.lognormal(12, 2, (90, 400)) for _ in range(4)]
    batches = [
        make_batch(at, {"cost": np.ones(90)}, draws={"cost": values})
        for at, values in enumerate(drawn)
    ]
    plan, keep = make_plan(draws=400), make_keep("quantiles", ("cost",), per=per)

    table = final(keep, plan, reduced(keep, plan, batches))

    models = [np.concatenate(drawn[:2]), np.concatenate(drawn[2:])]
    prices = [np.concatenate([values[at::3] for values in drawn]) for at in range(3)]
    groups = {(): [np.concatenate(drawn)], ("model",): models, ("price",): prices}[per]
    for share in SHARES:
        found = table[f"cost_p{share * 100:g} [USD]"].to_pylist()
        expected = [np.quantile(values, share) for values in groups]
        assert found == pytest.approx(expected, rel=sketch.ACCURACY)
    assert table["cost_count"].to_pylist() == [values.size for values in groups]


@pytest.mark.parametrize("kind", ["best", "pareto", "quantiles", "histogram", "rows"])
def test_only_rows_that_meet_the_condition_are_kept(kind):
    """Axes inside and outside a case, results with units, and a result that is not known."""
    where = "wall_clock < 1 week and price >= 2 USD/GPU/hour and model == llama-3.1-405b"
    of = ("cost", "wall_clock") if kind == "pareto" else ("cost",)
    keep, plan = make_keep(kind, of, where=where, top=9, at=(0.0, 1.0)), make_plan()
    results = {"cost": [1.0, 9, 8, 2, 3, 4], "wall_clock": [1.0, 2, 3, 4, np.nan, 7]}
    batches = [make_batch(case, results) for case in (0, 2)]

    rows = final(keep, plan, reduced(keep, plan, batches)).to_pylist()

    found = {
        "best": [row.get("cost [USD]") for row in rows],
        "pareto": [row.get("cost [USD]") for row in rows],
        "quantiles": [row.get(f"cost_{end} [USD]") for row in rows for end in ("max", "min")],
        "histogram": [row.get("cost_to [USD]") for row in rows if row.get("count")][::-1],
        "rows": [row.get("cost [USD]") for row in rows],
    }[kind]
    expected = {"best": [8, 9], "pareto": [8, 9], "histogram": [9, pytest.approx(8, rel=0.02)]}
    assert found == expected.get(kind, [9, 8])


def test_statistics_of_draws_are_numpys_and_choose_the_best():
    """`cost.high` is the 90th percentile over the draws of a configuration."""
    drawn = np.random.default_rng(5).lognormal(3, 1, (500, 31))
    drawn[7, 4] = np.nan
    batch = make_batch(1, {"cost": np.arange(500.0)}, draws={"cost": drawn})
    plan = make_plan(draws=31)
    of = tuple(f"cost.{name}" for name in ("low", "median", "high", "mean"))
    rows = final(keep := make_keep("rows", of), plan, reduced(keep, plan, [batch])).to_pandas()
    best = final(
        keep := make_keep("best", ("cost.high",), top=3), plan, reduced(keep, plan, [batch])
    ).to_pandas()

    for name, share in (("low", 0.1), ("median", 0.5), ("high", 0.9)):
        expected = np.quantile(drawn, share, axis=1)
        assert rows[f"cost_{name} [USD]"].to_numpy() == pytest.approx(expected, nan_ok=True)
    assert rows["cost_mean [USD]"].to_numpy() == pytest.approx(drawn.mean(axis=1), nan_ok=True)
    high = np.quantile(drawn, 0.9, axis=1)
    assert best["cost [USD]"].tolist() == np.argsort(high)[:3].tolist()
    assert best["rank"].tolist() == [1, 2, 3]


def test_draws_are_left_as_they_are():
    """Statistics sort copies: what comes after in the same block sees the same draws."""
    drawn = np.random.default_rng(1).random((20, 50))
    before = drawn.copy()
    batch = make_batch(0, {"cost": np.ones(20)}, draws={"cost": drawn})
    plan = make_plan(draws=50)
    for keep in (make_keep("best", ("cost.low",)), make_keep("quantiles", ("cost",))):
        reduced(keep, plan, [batch])

    assert (drawn == before).all()


def test_picked_rows_have_the_interval_of_their_objective_with_draws():
    drawn = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    batch = make_batch(0, {"cost": [2.0, 5.0]}, draws={"cost": drawn})
    plan, keep = make_plan(draws=3), make_keep("best", ("cost",))

    row = final(keep, plan, reduced(keep, plan, [batch])).to_pylist()[0]

    ends = [row[f"cost_{name} [USD]"] for name in ("low", "median", "high")]
    assert ends == pytest.approx([1.2, 2.0, 2.8])
    assert row["mfu"] is None


@given(st.lists(st.floats(1e-3, 1e9) | st.sampled_from([0.0, -2.0, -50.0, np.inf, np.nan])))
@settings(max_examples=80, deadline=None)
def test_bins_hold_every_value_once_and_what_they_say(values):
    """Each finite value other than zero lies in the one bin whose count it is part of."""
    numbers = np.array([1.0, *values])
    keep, plan = make_keep("histogram", ("cost",), bins=6), make_plan()
    table = final(keep, plan, reduced(keep, plan, [make_batch(0, {"cost": numbers})]))

    low, high, count = (table[n].to_pylist() for n in ("cost_from [USD]", "cost_to [USD]", "count"))

    assert sum(count) == numbers.size
    assert len(count) <= 6 + 4
    finite = numbers[np.isfinite(numbers)]
    ends = [(a, b, c) for a, b, c in zip(low, high, count, strict=True) if a is not None]
    assert ends[0][0] == np.nanmin(numbers)
    assert ends[-1][1] == np.nanmax(numbers)
    for at, (a, b, c) in enumerate(ends):
        closed = at == len(ends) - 1 or a == b or ends[at + 1][0] != b
        if b < np.inf and a >= 0:
            inside = (finite >= a) & ((finite <= b) if closed else (finite < b))
            assert int(inside.sum()) == c


def test_bins_are_equally_wide_on_a_log_scale():
    """From 1 to 10,000 in four bins: edges at 10, 100 and 1,000 to a bucket's width."""
    keep, plan = make_keep("histogram", ("cost",), bins=4), make_plan()
    batch = make_batch(0, {"cost": np.logspace(0, 4, 4001)})

    table = final(keep, plan, reduced(keep, plan, [batch]))

    assert table["cost_to [USD]"].to_pylist() == pytest.approx([10, 100, 1000, 10_000], rel=0.002)
    assert table["count"].to_pylist() == pytest.approx([1000, 1000, 1000, 1001], abs=1)


def test_many_rows_and_groups_are_reduced_as_a_few_are():
    """Enough rows that what is held is tidied on the way, and both ways of counting are used."""
    generator = np.random.default_rng(9)
    plan = make_plan()
    batches = [
        make_batch(
            case,
            {"cost": -np.sort(-generator.random(40_000)), "wall_clock": np.arange(40_000)},
            config=np.arange(40_000) + 40_000 * part,
        )
        for part, case in product(range(2), range(4))
    ]
    everything = np.concatenate([batch.middle["cost"] for batch in batches])
    front_keep = make_keep("pareto", ("cost", "wall_clock"))
    quantile_keep = make_keep("quantiles", ("cost",), per=("price",))

    points = reduced(front_keep, plan, batches)
    parts = [reduced(front_keep, plan, [batch]) for batch in batches]
    rows = reduced(make_keep("rows", ("cost",)), plan, batches)
    shares = final(quantile_keep, plan, reduced(quantile_keep, plan, batches))

    assert as_bytes(merged(front_keep, plan, parts)) == as_bytes(points)
    assert points.num_rows == len({float(x) for x in points["=cost"].to_pylist()})
    assert rows.num_rows == everything.size
    assert sum(shares["cost_count"].to_pylist()) == everything.size


def test_groups_whose_values_lie_far_apart_are_counted_as_others_are():
    """From 1e-300 to 1e300 in batches of one octave each: more than one array of counts holds."""
    plan, keep = make_plan(), make_keep("quantiles", ("cost",), per=("price",), at=(0.5,))
    octaves = np.logspace(-300, 300, 41)
    values = [np.linspace(1, 2, 30) * scale for scale in octaves]
    batches = [make_batch(at % 4, {"cost": each}) for at, each in enumerate(values)]

    table = final(keep, plan, reduced(keep, plan, batches))

    expected = [np.median(np.concatenate([each[at::3] for each in values])) for at in range(3)]
    assert table["cost_p50 [USD]"].to_pylist() == pytest.approx(expected, rel=1e-3)
    assert table["cost_count"].to_pylist() == [410, 410, 410]


def test_texts_of_many_layouts_are_those_of_each():
    """Every schedule, share of recomputation, shard group and ZeRO stage of a mixture."""
    architecture = architecture_from_config(MIXTURE)[0]
    limits = Limits(
        schedules=SCHEDULES,
        recompute=("none", "selective", "full", 0.25),
        shard_groups=(2,),
        distinct_depths=False,
        expert_tensor_parallel=(1, 2),
    )
    space = enumerate_layouts(architecture, 8, 4096, 16, limits=limits)
    size = space["data_parallel"].size
    chosen = np.sort(np.random.default_rng(2).choice(size, 1500, replace=False))
    plan = make_plan(more=(Axis("layout", ("all legal",)),))
    plain = make_batch(0, {"cost": np.arange(1500.0)})
    batch = Batch(
        axes=(*plain.axes, "layout"),
        case=plain.case,
        inner=plain.inner,
        layouts={name: column[chosen] for name, column in space.items()},
        middle=plain.middle,
        draws={},
        config=plain.config,
        case_number=0,
    )
    keep = make_keep("rows", ("cost",), where="cost >= 100 USD")

    found = final(keep, plan, reduced(keep, plan, [batch]))["layout"].to_pylist()

    assert len({words for text in found for words in text.split(",")[-2:]}) >= 8
    assert found == [layout_text(to_layout(space, row)) for row in chosen[100:]]
    one = make_keep("rows", ("cost",), where=f'layout == "{found[7]}"')
    assert final(one, plan, reduced(one, plan, [batch]))["cost [USD]"].to_pylist() == [107.0]


def test_uncertain_prices_are_groups_by_their_text():
    """A price that is a range cannot stand in a column of numbers: all prices are text then."""
    prices = ("2 USD/GPU/hour", "2..3 USD/GPU/hour")
    plan = Plan(axes=(Axis("price", prices),), fixed={}, keeps=())
    inner = {"price": np.array(prices)[[1, 0, 1, 0]]}
    middle = {"cost": np.array([5.0, 4.0, 3.0, 6.0])}
    batch = Batch(("price",), {}, inner, None, middle, {}, np.arange(4), 0)
    for keep in (make_keep("best", ("cost",), per=("price",)), make_keep("rows", ("cost",))):
        table = final(keep, plan, reduced(keep, plan, [batch]))
        rows = list(zip(table["price"].to_pylist(), table["cost [USD]"].to_pylist(), strict=True))

        assert dict(sorted(rows, reverse=True)) == {prices[0]: 4.0, prices[1]: 3.0}


def test_a_front_of_three_keeps_rows_that_only_differ_in_the_last():
    group = np.zeros(4, dtype=np.int64)
    values = [np.array([1.0, 1, 2, 1]), np.array([1.0, 1, 1, 1]), np.array([3.0, 2, 1, 2])]

    assert front(group, values, (np.arange(4),)).tolist() == [1, 2]


def test_a_plan_without_any_result_has_a_table_without_rows():
    """Every case was skipped: the files are there, with their columns."""
    plan = make_plan()
    for kind in ("best", "pareto", "quantiles", "histogram", "rows"):
        keep = make_keep(kind, ("cost",), per=("model",))
        table = final(keep, plan, merged(keep, plan, [reduced(keep, plan, [])]))

        assert table.num_rows == 0
        assert table.column_names[0] == "model"
        assert final(keep, plan, merged(keep, plan, [])).schema.equals(table.schema)


def test_rows_are_written_piece_by_piece():
    plan, keep = make_plan(), make_keep("rows", ("cost",))
    batches = [make_batch(case, {"cost": [1.0, np.nan]}) for case in range(4)]
    parts = [reduced(keep, plan, [batch]) for batch in batches]

    pieces = list(finals(keep, plan, iter(parts)))

    assert pa.concat_tables(pieces).equals(final(keep, plan, reduced(keep, plan, batches)))
    assert pa.concat_tables(pieces)["cost [USD]"].to_pylist() == [1.0, None] * 4


def test_needed_results_are_what_keeps_read():
    keeps = [
        make_keep("best", ("cost.high",), where="wall_clock < 60 day and tokens-per-second > 0"),
        make_keep("rows", ("mfu",)),
        make_keep("pareto", ("energy", "cost"), results=("carbon.mean",)),
    ]

    middle, drawn = needed_results(keeps)

    defaults = {"cost", "wall_clock", "gpu_hours", "mfu", "step_time"}
    assert set(middle) == defaults | {"tokens_per_second", "energy", "carbon"}
    assert set(drawn) == {"cost", "mfu", "energy", "carbon"}


def test_the_size_of_a_result_is_bounded_before_a_run():
    """2 models x 3 prices = 6 groups."""
    plan, per = make_plan(), ("model", "price")

    assert output_rows(make_keep("best", ("cost",), per=per, top=5), plan, 1000) == 30
    assert output_rows(make_keep("best", ("cost",), per=per, top=5), plan, 12) == 12
    assert output_rows(make_keep("quantiles", ("cost",), per=per), plan, 1000) == 6
    assert output_rows(make_keep("histogram", ("cost",), per=per), plan, 1000) == 6 * (8 + 4)
    assert output_rows(make_keep("rows", ("cost",)), plan, 1000) == 1000


def test_groups_that_cannot_be_are_refused():
    plan = make_plan(more=(Axis("layout", ("all legal",)),))
    with pytest.raises(InputError, match=r"per layout.*Leave layout out"):
        reducer_of(make_keep("best", ("cost",), per=("layout",)), plan)
    with pytest.raises(InputError, match="histogram of 2 results; needs one"):
        reducer_of(make_keep("histogram", ("cost", "mfu")), plan)


def test_a_result_and_an_axis_of_one_name_are_told_apart():
    plan = make_plan(more=(Axis("mfu", (0.3, 0.4)),))
    batch = make_batch(0, {"cost": [3.0, 2.0], "mfu": [0.3, 0.4]})
    batch = Batch(
        (*batch.axes, "mfu"), {**batch.case, "mfu": 0.3}, batch.inner, None, batch.middle, {},
        batch.config, 0,
    )  # fmt: skip
    asked = make_keep("best", ("mfu",), largest=True)
    beside = make_keep("best", ("cost",))

    assert final(asked, plan, reduced(asked, plan, [batch]))["mfu_result"].to_pylist() == [0.4]
    assert "mfu_result" not in final(beside, plan, reduced(beside, plan, [batch])).column_names


def test_units_and_the_plan_are_read_in_one_line_by_three_libraries(tmp_path):
    plan, keep = make_plan(), make_keep("best", ("cost",), top=2)
    batch = make_batch(0, {"cost": [3.0, 1.0, 2.0]})
    path = str(tmp_path / "best.parquet")
    pq.write_table(final(keep, plan, reduced(keep, plan, [batch])), path)

    in_pandas = pd.read_parquet(path).attrs
    in_polars = pl.read_parquet_metadata(path)
    in_duckdb = dict(
        duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{path}')")
        .fetchall()
    )  # fmt: skip

    units = in_pandas["units"]
    assert units["cost [USD]"] == "USD"
    assert units["price [USD/GPU/hour]"] == "USD/GPU/hour"
    assert units["model"] is None
    assert json.loads(in_polars["llmcost.units"]) == units
    assert json.loads(in_duckdb["llmcost.units"]) == units
    assert in_pandas["identity"] == in_polars["llmcost.identity"] == plan.identity
    assert Plan.from_dict(json.loads(in_polars["llmcost.plan"])) == plan
    assert in_pandas["seed"] == 7
    assert pd.read_parquet(path)["cost [USD]"].tolist() == [1.0, 2.0]
    assert pl.read_parquet(path)["cost [USD]"].to_list() == [1.0, 2.0]
    assert duckdb.sql(f"select \"cost [USD]\" from '{path}'").fetchall() == [(1.0,), (2.0,)]


@pytest.mark.parametrize("per", [(), ("price",)])
def test_numbers_near_the_end_of_their_range_are_compared_without_a_warning(per):
    """Warnings are errors here; the front is (1, 1e308) and (1e308, 1e-300)."""
    columns = {"cost": [1e308, 1e308, 1.0], "gpu_hours": [1e-300, 1e308, 1e308]}
    batch = make_batch(0, columns, price=[1.0, 1.0, 1.0])

    keep = make_keep("pareto", ("cost", "gpu_hours"), per=per)
    table = final(keep, make_plan(), reduced(keep, make_plan(), [batch]))
    assert table["cost [USD]"].to_pylist() == [1.0, 1e308]

    draws = {"cost": np.array([[-1e308] * 50 + [1e308] * 50] * 3)}
    keep = make_keep("best", ("cost.median",))
    found = reduced(keep, make_plan(100), [make_batch(0, columns, draws=draws)])
    assert found.num_rows == 0  # The middle between -1e308 and 1e308 is beyond what a float holds.
