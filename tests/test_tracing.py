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
STEP = ("step_time", "total_memory", "fits")


@pytest.fixture(autouse=True, scope="module")
def own_folder(tmp_path_factory):
    """Keep the kernels of these tests apart from those of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "folder", lambda: tmp_path_factory.getbasetemp() / "kernels")
        kept.function_of.cache_clear()
        yield
        kept.function_of.cache_clear()


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
