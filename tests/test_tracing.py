"""Formulas traced on symbols and compiled: as NumPy answers, to 1e-12, and NaN and inf alike."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost import architecture_from_config, engine
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.errors import InputError, MissingExtraError
from llmcost.inputs import as_columns
from llmcost.machine import Machine
from llmcost.studies.estimation import prepare
from llmcost.studies.searching import folded
from llmcost.studies.stepping import evaluate, rows_of, step_inputs
from llmcost.tracing import compile_kernel, kept, trace

TOLERANCE = 1e-12
PLACE = kept.folder
STEP = ("step_time", "total_memory", "fits")


def same(found, wanted, tolerance=TOLERANCE):
    """Say whether two arrays agree, with NaN and infinities in the same places."""
    found, wanted = np.asarray(found, float), np.broadcast_to(wanted, np.shape(found)).astype(float)
    with np.errstate(all="ignore"):
        near = np.abs(found - wanted) <= tolerance * np.abs(wanted)
    return bool((near | (found == wanted) | (np.isnan(found) & np.isnan(wanted))).all())


def kernel_of(function, columns, rows, outputs=None):
    """Return a kernel of a function, with the rows to call it on."""
    traced = trace(function, columns, rows)
    return compile_kernel(traced, outputs or traced.outputs), {name: columns[name] for name in rows}


def every_operation(c):
    """Return every operation that can be traced, of columns x, y (rows) and a (uniform)."""
    x, y, a = c["x"], c["y"], c["a"]
    fraction, exponent = np.frexp(x)
    return {
        "add": x + y + 1.5,
        "sub": 2 - x,
        "mul": x * y * a,
        "div": x / y,
        "inverse": 1.0 / x,
        "by_uniform": x / a,
        "rounded": np.floor(x / a) + np.ceil(y / 0.1),
        "shared": np.ceil(x / y) + np.floor(a / y),
        "neg": -x,
        "abs": abs(x),
        "max": np.maximum(x, y),
        "min": np.minimum(x, y),
        "max_of_number": np.maximum(x, 1.0),
        "min_of_number": np.minimum(-3.0, x),
        "max_of_uniform": np.maximum(x, a),
        "sqrt": np.sqrt(x),
        "exp": np.exp(x),
        "expm1": np.expm1(x),
        "log": np.log(x),
        "log1p": np.log1p(x),
        "log2": np.log2(x),
        "pow": x**y,
        "power_of_ten": 10.0**x,
        "square": x**2,
        "floor": np.floor(x),
        "ceil": np.ceil(x),
        "mod": np.mod(x, y),
        "floordiv": x // y,
        "fraction": fraction,
        "exponent": exponent - 1.0,
        "isnan": np.isnan(x),
        "isfinite": np.isfinite(x),
        "flags": 1.0 * (x > y) * (x != a) + (x <= a) - 0.5 * (y >= x),
        "logic": (x > 0.0) & ~(y == x) | (y < a),
        "where": np.where(x > y, x, np.where(a > 1.0, y, 0.0)),
        "select": np.select([x > y, a == 2.0], [x, y], a),
        "uniform": a * 2.0,
    }


ORDINARY = st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3) | st.integers(-20, 20).map(float)
EXTREME = st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-150, 1e150, 709.0, -745.0])
COLUMN = st.lists(ORDINARY | EXTREME, min_size=19, max_size=19).map(np.array)


@pytest.fixture(scope="module")
def all_of_them():
    rows = {"x": np.ones(3), "y": np.full(3, 2.0)}
    return kernel_of(every_operation, {**rows, "a": 2.0}, ("x", "y"))[0]


# A rest is told while whole numbers of divisors are: above 2**53 there are only even ones.
MOST_DIVISORS = 2.0**50


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(x=COLUMN, y=COLUMN, a=st.floats(1.01, 900.0))
def test_every_operation_does_what_numpy_does(all_of_them, x, y, a):
    with np.errstate(all="ignore"):
        endless = ~np.isfinite(x) | ~np.isfinite(y) | (y == 0.0)
        y = np.where((np.abs(x / y) < MOST_DIVISORS) | endless, y, x)
        columns = {"x": x, "y": y, "a": a}
        wanted = every_operation(columns)
    held = all_of_them.bind(columns)
    if held is None:  # Decided otherwise: whether a is 2, which a condition asks.
        all_of_them = kernel_of(every_operation, columns, ("x", "y"))[0]
        held = all_of_them.bind(columns)
    found = all_of_them({"x": x, "y": y}, held)

    assert [name for name in found if not same(found[name], wanted[name])] == []


def functions(c):
    """Return functions of one number."""
    x = c["x"]
    names = ("exp", "expm1", "log", "log1p", "log2", "sqrt", "floor", "ceil")
    found = {name: getattr(np, name)(x) for name in names}
    fraction, exponent = np.frexp(x)
    return {**found, "fraction": fraction, "exponent": exponent + 0.5, "tenth": x**0.1}


@pytest.mark.parametrize(
    "x",
    [
        np.array([5e-324, 1e-310, 2.2250738585072014e-308, 1e308, 1.7976931348623157e308]),
        np.concatenate([10.0 ** np.arange(-17, 3), -(10.0 ** np.arange(-17, 3))]),
        np.array([709.7, 709.78271289338, 709.7827128933841, 710.0, -708.5, -744.0, -745.2]),
        np.linspace(0.5, 2.0, 2001),
        np.linspace(-40.0, 40.0, 4001),
        2.0 ** np.arange(-60.0, 60.0),
    ],
    ids=["ends", "sizes", "end of exp", "about 1", "usual", "powers of 2"],
)
def test_functions_of_one_number_are_those_of_numpy(x):
    kernel, rows = kernel_of(functions, {"x": x}, ("x",))
    with np.errstate(all="ignore"):
        wanted = functions({"x": x})
    found = kernel(rows)
    # The smallest of doubles have few digits: e to the power of -744 has one.
    wrong = {
        name: x[~np.isclose(found[name], wanted[name], TOLERANCE, 5e-310, equal_nan=True)]
        for name in found
    }

    assert {name: values.tolist() for name, values in wrong.items() if values.size} == {}


DENSE, MIXTURE, LATENT = "llama-3.1-405b", "mixtral-8x7b", "deepseek-v3"


def layout_columns(name, gpu="h100-sxm", software_rows=4001, fold=True):
    """Return columns of a model with layouts of all kinds, folded or each by itself."""
    architecture = architecture_from_config(model(name).config)[0]
    space = enumerate_layouts(architecture, 2048, 8192, 1024, limits=Limits())
    kinds = len(Limits().recompute)
    layouts = folded(space, kinds) if fold else dict(space)
    every = max(1, layouts["data_parallel"].size // software_rows)
    some = rows_of(layouts, slice(None, None, every))
    rows = [key for key in some if not (fold and key.startswith("recompute"))]
    machine = Machine(accelerator(gpu), "bf16")
    return step_inputs(architecture, machine, some, 2048), rows


def wrong_results(kernel, columns, rows):
    """Return the results of a kernel that are not those of the engine."""
    found = kernel({key: columns[key] for key in rows}, kernel.bind(columns))
    with np.errstate(all="ignore"):
        wanted = evaluate(columns)
    return [name for name in found if not same(found[name], wanted[name])]


@pytest.mark.parametrize("fold", [False, True], ids=["each by itself", "as searched"])
@pytest.mark.parametrize("name", [DENSE, MIXTURE, LATENT])
def test_layouts_take_what_the_engine_says(name, fold):
    columns, rows = layout_columns(name, fold=fold)
    kernel, _ = kernel_of(evaluate, columns, rows, STEP)

    assert wrong_results(kernel, columns, rows) == []
    assert columns["data_parallel"].size % 8 != 0  # The last rows fill no vector.


def test_a_kernel_serves_other_models_of_its_structure_and_refuses_the_rest():
    columns, rows = layout_columns(DENSE)
    kernel, _ = kernel_of(evaluate, columns, rows, STEP)
    other, _ = layout_columns("llama-3.1-8b", gpu="b200-sxm")

    assert wrong_results(kernel, other, rows) == []
    assert kernel.bind(layout_columns(MIXTURE)[0]) is None


def test_columns_that_are_there_or_not_make_kernels_of_their_own():
    def function(c):
        return {"z": c["x"] * c.get("factor", 1.0)}

    kernel, _ = kernel_of(function, {"x": np.ones(2), "a": 1.0}, ("x",))

    assert kernel.bind({"a": 2.0}) is not None
    assert kernel.bind({"a": 2.0, "factor": 3.0}) is None
    assert kernel.bind({}) is None
    assert kernel.bind({"a": np.ones((2, 1))}) is None


def cost_columns(**arguments):
    """Return columns of a run with drawn inputs, and the names of those with a row a draw."""
    run = prepare(**{"tokens": 15e12, "gpu": "h100-sxm", "num_gpus": 16384, **arguments}).model
    drawn = run.draws(1003, 1)
    given = {**run.middle, **run.fixed, **drawn}
    columns = as_columns(run.workload, run.cluster, run.assumptions, given)
    columns["tokens"] = np.linspace(1e11, 15e12, 1003)[None, :]
    rows = [name for name, column in columns.items() if np.shape(column)[-1:] == (1003,)]
    return columns, rows


@pytest.mark.parametrize(
    "arguments",
    [
        {"model": DENSE},
        {"model": MIXTURE, "goodput": "80..95%", "price": "2..3 USD/GPU/hour"},
        {"model": LATENT, "gpu": "h800-sxm", "num_gpus": 2048, "depreciation": "declining"},
        {"model": DENSE, "scope": "development", "staff_share": "30%"},
    ],
    ids=["failures", "goodput given", "latent", "development"],
)
def test_costs_are_those_of_the_engine(arguments):
    columns, rows = cost_columns(**arguments)
    kernel, given = kernel_of(engine.complete, columns, rows)
    found = kernel(given)
    with np.errstate(all="ignore"):
        wanted = engine.complete(columns)

    # A share of time that is lost is what is left of 1: its digits are those of 1.
    losses = {name for name in found if name.endswith("_loss")}
    assert all(np.allclose(found[name], wanted[name], 0.0, TOLERANCE) for name in losses)
    assert [n for n in found if n not in losses and not same(found[n], wanted[n])] == []


def test_lengths_of_sequences_may_differ_by_row():
    columns, rows = cost_columns(model="mistral-7b")
    columns["seq_length"] = np.tile([2048.0, 4096.0, 5000.0, 131072.0], 251)[None, :1003]
    kernel, given = kernel_of(
        engine.complete, columns, [*rows, "seq_length"], ("model_flop", "cost")
    )

    assert same(kernel(given)["model_flop"], engine.complete(columns)["model_flop"])


def test_operations_and_bytes_of_a_row_are_counted():
    traced = trace(
        lambda c: {"z": (c["x"] * c["a"] + c["y"]) / 2.0, "w": c["a"] + 1.0},
        {"x": np.ones(2), "y": np.ones(2), "a": 3.0},
        ("x", "y"),
    )

    assert traced.flop_of(("z", "w")) == {"add": 1, "div": 1, "mul": 1}
    assert traced.bytes_of(("z", "w")) == 3 * 8
    assert 'near("mul", ' in traced.program(("z", "w")).source


def test_equal_work_is_done_once_and_work_that_nothing_needs_not_at_all():
    def function(c):
        unused = np.exp(c["x"])
        return {"z": (c["x"] + c["y"]) * (c["y"] + c["x"]), "unused": unused}

    traced = trace(function, {"x": np.ones(2), "y": np.ones(2)}, ("x", "y"))

    assert traced.flop_of(("z",)) == {"add": 1, "mul": 1}


def test_leading_axes_are_kept():
    columns = {"x": np.arange(5.0), "kinds": np.array([[1.0], [2.0]])}
    kernel, rows = kernel_of(
        lambda c: {"each": c["x"] * c["kinds"], "sum": (c["x"] * c["kinds"]).sum(axis=0)},
        columns,
        ("x",),
    )
    found = kernel(rows)

    assert found["each"].tolist() == [[0, 1, 2, 3, 4], [0, 2, 4, 6, 8]]
    assert found["sum"].tolist() == [0, 3, 6, 9, 12]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16])
def test_any_number_of_rows_will_do(count):
    kernel, _ = kernel_of(lambda c: {"z": c["x"] + 1.0}, {"x": np.ones(2)}, ("x",))

    assert kernel({"x": np.arange(count)})["z"].tolist() == list(range(1, count + 1))


@pytest.mark.parametrize("count", [2, 8, 9])
def test_results_that_no_row_changes_need_no_work_on_rows(count):
    columns = {"x": np.ones(count), "a": 3.0}
    traced = trace(lambda c: {"z": c["x"] * c["a"], "same": c["a"] + 1.0}, columns, ("x",))
    rows = {"x": columns["x"]}

    assert compile_kernel(traced, ("same",))(rows)["same"].tolist() == [4.0] * count
    assert compile_kernel(traced, ())(rows) == {}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda c: {"z": 1.0 if c["x"] > 0.0 else 2.0}, "numpy.where"),
        (lambda c: {"z": np.sum(c["x"])}, "rows stay apart"),
        (lambda c: {"z": np.cumsum(c["x"])}, "cumsum"),
        (lambda c: {"z": np.sin(c["x"])}, "sin"),
        (lambda c: {"z": c["x"] + np.ones(3)}, "last axis of 1"),
        (lambda c: {"z": c["x"][0]}, "single rows"),
        (lambda c: {"z": np.asarray(c["x"])}, "no array"),
    ],
)
def test_what_cannot_be_traced_is_said(function, words):
    with pytest.raises(InputError, match=words):
        trace(function, {"x": np.ones(2)}, ("x",))


def test_rows_that_lack_or_differ_in_length_are_refused():
    columns = {"x": np.ones(2), "y": np.ones(2)}
    kernel, _ = kernel_of(lambda c: {"z": c["x"] + c["y"]}, columns, ("x", "y"))

    with pytest.raises(InputError, match="no rows of 'y'"):
        kernel({"x": np.ones(2)})
    with pytest.raises(InputError, match="needs one length"):
        kernel({"x": np.ones(2), "y": np.ones(3)})


def plus(number):
    """Return a small function of its own source."""
    return lambda c: {"z": c["x"] + float(number)}


def test_a_kernel_is_kept_on_disk_and_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "folder", lambda: tmp_path / "kernels")
    kernel, rows = kernel_of(plus(11), {"x": np.zeros(2)}, ("x",))
    files = sorted(path.name for path in tmp_path.rglob("*.*") if path.suffix in (".py", ".nbc"))
    kept.function_of.cache_clear()
    again, _ = kernel_of(plus(11), {"x": np.zeros(2)}, ("x",))

    assert len(files) == 2
    assert files == sorted(
        path.name for path in tmp_path.rglob("*.*") if path.suffix in (".py", ".nbc")
    )
    assert again(rows)["z"].tolist() == kernel(rows)["z"].tolist() == [11.0, 11.0]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(kept, "folder", lambda: tmp_path / "file" / "kernels")
    kernel, rows = kernel_of(plus(12), {"x": np.zeros(1)}, ("x",))

    assert kernel(rows)["z"].tolist() == [12.0]


def test_a_file_with_another_content_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    kernel_of(plus(13), {"x": np.zeros(1)}, ("x",))
    (path,) = tmp_path.glob("*.py")
    path.write_text("raise SystemExit('run')")
    kept.function_of.cache_clear()
    kernel, rows = kernel_of(plus(13), {"x": np.zeros(1)}, ("x",))

    assert kernel(rows)["z"].tolist() == [13.0]


@pytest.mark.parametrize("broken", ["*.py", "*.nbi", "*.nbc"])
def test_a_broken_file_is_written_anew_by_the_next_process(tmp_path, monkeypatch, broken):
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    kernel_of(plus(16), {"x": np.zeros(1)}, ("x",))
    for path in tmp_path.rglob(broken):
        path.write_bytes(b"what is no code")
    alone = []
    monkeypatch.setattr(kept, "_in_memory", alone.append)
    for _ in range(2):
        kept.function_of.cache_clear()
        kernel_of(plus(16), {"x": np.zeros(1)}, ("x",))

    assert len(alone) <= 1
    assert not list(tmp_path.rglob("*.new"))


def test_a_place_for_caches_that_is_relative_is_left_aside(monkeypatch, tmp_path):
    """Source: the XDG base directory specification: relative paths are to be ignored."""
    monkeypatch.setattr(kept.sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = []
    for place in ("", "near", str(tmp_path / "far")):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        found.append(PLACE())

    usual = tmp_path / ".cache" / "llmcost" / "kernels"
    assert found == [usual, usual, tmp_path / "far" / "llmcost" / "kernels"]


def test_code_on_disk_that_is_cut_short_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "folder", lambda: tmp_path)
    kernel_of(plus(14), {"x": np.zeros(1)}, ("x",))
    for path in tmp_path.rglob("*.nb?"):
        path.write_bytes(path.read_bytes()[:20])
    kept.function_of.cache_clear()
    kernel, rows = kernel_of(plus(14), {"x": np.zeros(1)}, ("x",))

    assert kernel(rows)["z"].tolist() == [14.0]


def test_without_numba_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "numba", None)

    with pytest.raises(MissingExtraError, match=r"llmcost\[fast\]"):
        kernel_of(plus(15), {"x": np.zeros(1)}, ("x",))
