"""Plans: what a file says becomes one record, and what cannot be answered is refused whole."""

import json
import pickle
from hashlib import sha256

import pytest

from llmcost import sampling
from llmcost.errors import InputError, UnitError, UnknownNameError
from llmcost.studies.sweeping.axes import Axis
from llmcost.studies.sweeping.keeps import Keep
from llmcost.studies.sweeping.plan import Plan, plan_from, read_plan

PLAN = """
[grid]
model = ["llama-3.1-70b", "llama-3.1-405b"]
tokens = "1T..15T by 7T"
gpu = ["h100-sxm", "b200-sxm"]
gpus = "logspace 1024..4096 by 3"
layout = "all legal"
price = "1.5..2.5 USD/GPU/hour by 0.5"

[fixed]
precision = "bf16"
seq-length = 8192

[draws]
count = 1000
seed = 7

[block]
size = 500_000

[[keep]]
best = "cost"
per = ["model", "gpu", "gpus"]
top = 3
where = "wall_clock < 90 day and gpu == h100-sxm"

[[keep]]
pareto = ["cost.high", "wall-clock"]
per = "model"

[[keep]]
quantiles = ["cost", "energy"]
at = ["5%", 0.5, 0.95]

[[keep]]
histogram = "cost"
bins = 32
name = "money"

[[keep]]
rows = ["cost", "wall_clock", "mfu"]
results = ["gpu_hours"]
"""
TABLE = {
    "grid": {"gpu": ["h100-sxm", "a100-sxm-80gb"], "gpus": [1024, 2048]},
    "fixed": {"model": "llama-3.1-70b", "tokens": "15T"},
    "keep": [{"best": "cost"}],
}


def planned(**changed):
    """Return the plan of a small table with some of its parts changed."""
    return plan_from({**TABLE, **changed})


def grid(**more):
    """Return the small grid with more axes."""
    return TABLE["grid"] | more


def fixed(**more):
    """Return what is fixed in the small plan, with more."""
    return TABLE["fixed"] | more


@pytest.fixture
def written(tmp_path):
    """Return the path of a whole plan."""
    path = tmp_path / "PLAN.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def test_a_plan_is_what_its_file_says(written):
    plan = read_plan(written)

    assert plan.axes == (
        Axis("model", ("llama-3.1-70b", "llama-3.1-405b")),
        Axis("tokens", (10**12, 8 * 10**12, 15 * 10**12)),
        Axis("gpu", ("h100-sxm", "b200-sxm")),
        Axis("num_gpus", (1024, 2048, 4096)),
        Axis("layout", ("all legal",)),
        Axis("price", ("1.5 USD/GPU/hour", "2 USD/GPU/hour", "2.5 USD/GPU/hour")),
    )
    assert plan.fixed == {"precision": "bf16", "seq_length": 8192}
    assert (plan.draws, plan.seed, plan.block_size) == (1000, 7, 500_000)
    assert plan.files == {}
    assert plan.keeps == (
        Keep(
            "best",
            "best-cost",
            ("cost",),
            per=("model", "gpu", "num_gpus"),
            top=3,
            where="wall_clock < 90 day and gpu == h100-sxm",
        ),
        Keep("pareto", "pareto-cost-high-wall-clock", ("cost.high", "wall_clock"), per=("model",)),
        Keep("quantiles", "quantiles-cost-energy", ("cost", "energy"), at=(0.05, 0.5, 0.95)),
        Keep("histogram", "money", ("cost",), bins=32),
        Keep("rows", "rows", ("cost", "wall_clock", "mfu"), results=("gpu_hours",)),
    )


def test_without_draws_and_blocks_a_plan_has_usual_ones():
    plan = planned()

    assert (plan.draws, plan.seed, plan.block_size) == (0, sampling.SEED, 4_000_000)
    assert planned(draws={"count": 0}) == plan


def test_a_plan_survives_json_and_pickling(written):
    plan = read_plan(written)

    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert Plan.from_dict(plan.to_dict()).identity == plan.identity


@pytest.mark.parametrize("document", [{}, {"axes": 5}, {"axes": [{}]}, {"axes": [], "fixed": {}}])
def test_what_is_no_saved_plan_is_refused(document):
    with pytest.raises(InputError, match="plan"):
        Plan.from_dict(document)


def test_the_identity_follows_from_everything_that_numbers_depend_on(monkeypatch):
    plan = planned()
    changed = [
        planned(fixed=fixed(tokens="14T")),
        planned(grid=grid(gpus=[1024])),
        planned(draws={"count": 100}),
        planned(keep=[{"best": "wall_clock"}]),
        planned(block={"size": 10}),
    ]

    assert len({plan.identity, *(other.identity for other in changed)}) == 6
    assert len(plan.identity) == 16
    assert planned().identity == plan.identity
    for name in ("__version__", "data_version", "calibration_digest"):
        with monkeypatch.context() as patch:
            place = f"llmcost.studies.sweeping.plan.{name}"
            patch.setattr(place, "0.0" if name == "__version__" else lambda: "other")
            assert plan.identity != changed[0].identity
            other = plan.identity
        assert plan.identity != other


def test_the_content_of_a_config_file_is_part_of_a_plan(tmp_path):
    config = {
        "model_type": "llama",
        "hidden_size": 512,
        "intermediate_size": 2048,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "vocab_size": 32000,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    models = ["llama-3.1-8b", str(path)]

    plan = planned(grid=grid(model=models), fixed={"tokens": "1T"})

    assert plan.files == {str(path): sha256(path.read_bytes()).hexdigest()}
    plan.check_files()
    path.write_text(json.dumps(config | {"vocab_size": 64000}), encoding="utf-8")
    assert planned(grid=grid(model=models), fixed={"tokens": "1T"}).identity != plan.identity
    with pytest.raises(InputError, match=r"config\.json.*same content"):
        plan.check_files()
    path.unlink()
    with pytest.raises(InputError, match=r"config\.json.*same content"):
        plan.check_files()


def test_names_that_nobody_wrote_are_told_apart():
    plan = planned(keep=[{"best": "cost"}, {"best": "cost", "top": 2}, {"best": "cost", "top": 3}])

    assert [keep.name for keep in plan.keeps] == ["best-cost", "best-cost-2", "best-cost-3"]


def test_single_combinations_that_cannot_run_are_no_error():
    plan = planned(fixed=fixed(precision="fp8"))

    assert plan.axes[0].values == ("h100-sxm", "a100-sxm-80gb")


def test_an_uncertain_value_is_one_value_of_a_plan_with_draws():
    plan = planned(grid=grid(price=["2..3 USD/GPU/hour"]), draws={"count": 100})

    assert plan.axes[-1].values == ("2..3 USD/GPU/hour",)


def test_conditions_read_axes_and_results():
    keep = {"best": "cost", "where": "gpus > 1k and gpu == h100-sxm or mfu > 40%"}

    assert planned(keep=[keep]).keeps[0].where == keep["where"]


def test_an_axis_with_two_units_holds_text_for_a_condition():
    rates = ["9,500 token/s/GPU", "430 TFLOP/s/GPU"]
    keep = {"best": "cost", "where": "throughput > 400 TFLOP/s/GPU"}

    for order in (rates, rates[::-1]):
        with pytest.raises(InputError, match="text"):
            planned(grid=grid(throughput=order), keep=[keep])


REFUSED = {
    "nothing": ({"grid": {}, "keep": []}, "no axis"),
    "no keep": ({"keep": []}, r"\[\[keep\]\]"),
    "a keep that is no list": ({"keep": {"best": "cost"}}, r"\[\[keep\]\]"),
    "an empty axis": ({"grid": {"gpu": []}}, "at least one"),
    "a table that is none": ({"draws": 1000}, r"\[draws\]"),
    "an axis that is fixed": ({"grid": grid(tokens="15T")}, r"\[fixed\]"),
    "an axis in two spellings": ({"grid": grid(num_gpus=[8])}, "spelling"),
    "a fixed list": ({"fixed": fixed(precision=["bf16"])}, r"\[grid\]"),
    "all legal fixed": ({"fixed": fixed(layout="all legal")}, r"\[grid\]"),
    "phases in the grid": ({"grid": grid(phases=[{}])}, r"\[fixed\]"),
    "an option of an answer": ({"fixed": fixed(max_cost="$5")}, "where"),
    "mfu and layout": ({"grid": grid(layout=["tp=8"], mfu=[0.4])}, "contradict"),
    "mfu and throughput": (
        {"fixed": fixed(mfu=0.4, throughput="400 TFLOP/s/GPU")},
        "contradict",
    ),
    "mfu and batch": ({"grid": grid(global_batch_size=[8]), "fixed": fixed(mfu=0.4)}, "contradict"),
    "price and terms": (
        {"grid": grid(terms=["spot"], price=["2 USD/GPU/hour"])},
        "contradict",
    ),
    "model and parameters": ({"fixed": fixed(parameters="70B")}, "contradict"),
    "all legal without tokens": (
        {"grid": grid(layout="all legal"), "fixed": {"model": "llama-3.1-70b"}},
        "tokens",
    ),
    "all legal of no model": (
        {"grid": grid(layout="all legal"), "fixed": {"parameters": "70B", "tokens": "1T"}},
        "model",
    ),
    "a range without draws": ({"grid": grid(price=["2..3 USD/GPU/hour"])}, r"\[draws\]"),
    "a fixed range without draws": ({"fixed": fixed(pue="1.1..1.3")}, r"\[draws\]"),
    "few draws": ({"draws": {"count": 5}}, "from 100"),
    "draws as text": ({"draws": {"count": "5"}}, "from 100"),
    "draws as a flag": ({"draws": {"count": True}}, "whole numbers"),
    "a seed alone": ({"draws": {"seed": 5}}, "count"),
    "a negative seed": ({"draws": {"count": 100, "seed": -1}}, "0 or more"),
    "no block": ({"block": {"size": 0}}, "from 1"),
    "nothing that runs": (
        {"grid": {"gpu": ["a100-sxm-80gb"]}, "fixed": fixed(precision="fp8")},
        "fp8",
    ),
    "no model": ({"fixed": {"tokens": "1T"}}, "parameters 405B"),
    "people of a final run": ({"fixed": fixed(staff=5, staff_time="1 year")}, "development"),
}


@pytest.mark.parametrize(("changed", "told"), REFUSED.values(), ids=REFUSED)
def test_a_plan_that_cannot_be_answered_is_refused(changed, told):
    with pytest.raises(InputError, match=told):
        planned(**changed)


KEEPS = {
    "no kind": ({"per": ["gpu"]}, "best, pareto"),
    "two kinds": ({"best": "cost", "rows": ["cost"]}, "for each"),
    "two bests": ({"best": ["cost", "energy"]}, "1 result"),
    "a front of one": ({"pareto": ["cost"]}, "2 to 5"),
    "a number": ({"best": 5}, "names of results"),
    "a result twice": ({"rows": ["cost", "cost"]}, "twice"),
    "no rows": ({"rows": []}, "results"),
    "a statistic without draws": ({"best": "cost.high"}, r"\[draws\]"),
    "the smallest mfu": ({"best": "mfu"}, "largest = true"),
    "a front of mfu": ({"pareto": ["cost", "mfu"]}, "more is better"),
    "largest as text": ({"best": "cost", "largest": "yes"}, "true or false"),
    "an axis twice": ({"best": "cost", "per": ["gpus", "num_gpus"]}, "twice"),
    "no top": ({"best": "cost", "top": 0}, "from 1"),
    "top as a flag": ({"best": "cost", "top": True}, "from 1"),
    "half a bin": ({"histogram": "cost", "bins": 0.5}, "from 1"),
    "falling shares": ({"quantiles": "cost", "at": [0.5, 0.1]}, "rising"),
    "a share above 1": ({"quantiles": "cost", "at": [50]}, "0 to 1"),
    "a share of words": ({"quantiles": "cost", "at": ["half%"]}, "number"),
    "a share with a unit": ({"quantiles": "cost", "at": ["50 USD"]}, "0 to 1"),
    "no shares": ({"quantiles": "cost", "at": []}, "rising"),
    "a name of a path": ({"best": "cost", "name": "../x"}, "small letters"),
    "an empty name": ({"best": "cost", "name": ""}, "small letters"),
    "where a call": ({"best": "cost", "where": "print(cost) < $1"}, "calls"),
    "where a number": ({"best": "cost", "where": 5}, "condition"),
    "no table": ("cost", "needs a table"),
}


@pytest.mark.parametrize(("keep", "told"), KEEPS.values(), ids=KEEPS)
def test_a_keep_that_cannot_be_is_refused_by_its_number(keep, told):
    with pytest.raises(InputError, match=told) as caught:
        planned(keep=[{"best": "cost"}, keep])

    assert str(caught.value).startswith("[[keep]] 2")


@pytest.mark.parametrize(
    ("changed", "suggested"),
    [
        ({"keeps": []}, "keep"),
        ({"gird": {}}, "grid"),
        ({"grid": {"gpuz": ["x"]}}, "gpu"),
        ({"fixed": {"tokenz": 1}}, "tokens"),
        ({"draws": {"counts": 5}}, "count"),
        ({"block": {"sizes": 5}}, "size"),
        ({"keep": [{"best": "costs"}]}, "cost"),
        ({"keep": [{"bset": "cost"}]}, "best"),
        ({"keep": [{"best": "cost", "tops": 1}]}, "top"),
        ({"keep": [{"best": "cost", "per": ["gpuu"]}]}, "gpu"),
        ({"keep": [{"best": "cost.hihg"}], "draws": {"count": 100}}, "high"),
        ({"keep": [{"best": "cost", "where": "wall_clok < 5 day"}]}, "wall_clock"),
        ({"keep": [{"best": "cost", "where": "gpu == h100-sxmm"}]}, "h100-sxm"),
    ],
)
def test_an_unknown_key_or_name_comes_with_the_nearest(changed, suggested):
    with pytest.raises(UnknownNameError) as caught:
        planned(**changed)

    assert suggested in caught.value.suggestions


def test_a_group_of_what_is_fixed_or_of_layouts_is_refused():
    with pytest.raises(UnknownNameError, match=r"\[fixed\]"):
        planned(keep=[{"best": "cost", "per": ["tokens"]}])
    keep = {"best": "cost", "per": ["layout"]}
    with pytest.raises(InputError, match="all legal"):
        planned(grid=grid(layout="all legal"), keep=[keep])


def test_a_unit_that_is_missing_in_a_condition_is_a_unit_error():
    with pytest.raises(UnitError, match=r"\[\[keep\]\] 1 where.*60 day"):
        planned(keep=[{"best": "cost", "where": "wall_clock < 60"}])


# A thousand and one values each: 1001 ** 3 is 1,003,003,001 points.
MANY = {"tokens": "1T..11T by 10B", "seq_length": "1k..2k by 1", "gpus": "8..8008 by 8"}
ONE_MODEL = {"model": "llama-3.1-70b", "gpu": "h100-sxm"}


def test_more_points_than_anybody_can_evaluate_are_refused_with_their_number():
    huge = MANY | {"pue": "1.1..2 by 0.001", "restart_time": "1..12 min by 1"}

    # 1001 ** 3 x 901 x 12 is 1.0844e13.
    with pytest.raises(InputError, match=r"1,001 tokens x 1,001 seq_length x .*1\.08e13"):
        planned(grid=huge, fixed=ONE_MODEL)


def test_the_seed_of_no_draws_is_no_part_of_a_plan():
    assert planned(draws={"count": 0, "seed": 5}).identity == planned().identity


def test_more_groups_than_can_be_held_are_refused_before_anything_runs():
    # 1001 ** 3, and 1001 of one axis alone.
    assert planned(grid=MANY, fixed=ONE_MODEL, keep=[{"best": "cost", "per": ["gpus"]}]).keeps
    with pytest.raises(InputError, match=r"1,003,003,001 groups.*fewer axes"):
        planned(grid=MANY, fixed=ONE_MODEL, keep=[{"best": "cost", "per": list(MANY)}])


def test_all_rows_of_many_points_are_refused_with_their_size():
    assert planned(grid=MANY, fixed=ONE_MODEL).axes
    # Three axes and one result of 8 bytes each: 32.1 GB.
    with pytest.raises(InputError, match=r"32\.1 GB.*pareto"):
        planned(grid=MANY, fixed=ONE_MODEL, keep=[{"rows": ["cost"]}])


def test_draws_count_towards_what_is_too_much():
    with pytest.raises(InputError, match="1,000,000 draws"):
        planned(grid=MANY, fixed=ONE_MODEL, draws={"count": 1_000_000})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no such file"),
        ("a = = 1", "line 1"),
        ("", "no axis"),
        ('[grid]\ngpu = "h100-sxmm"', "Did you mean h100-sxm"),
        ("[grid]\ntokens = '1T..2T'", "by"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_an_error_begins_with_the_path_of_the_plan(tmp_path, content, told):
    path = tmp_path / "plan.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(InputError, match=told) as caught:
        read_plan(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count(str(path)) == 1


def test_a_folder_is_no_plan(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_plan(tmp_path)


def test_a_date_of_the_file_is_taken_as_text(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace("seq-length = 8192", "as_of = 2026-01-01").replace("price =", "#"))

    assert read_plan(path).fixed["as_of"] == "2026-01-01"
