"""The shipped constants: all that the rates need, with what a fit leaves; broken files refused."""

import ast
from itertools import product
from math import isfinite
from pathlib import Path

import pytest

import llmcost.machine as rates_module
from llmcost.catalog.calibration import KINDS, calibration, read_calibration
from llmcost.catalog.files import data_folder
from llmcost.errors import DataError, LlmcostError
from llmcost.machine import FAMILIES, GRAPHS

VINTAGES = (*FAMILIES, "legacy", "tpu")
LOOKUPS = {"of", "family", "factor"}
WHOLE = """
[meta]
command = "by hand"
[intervals.any]
low = 0.9
high = 1.1
[constants.sustained]
kind = "fitted"
value = 0.9
standard_error = 0.1
prior = 0.8
prior_width = 0.2
meaning = "A share."
[constants.layer_time]
kind = "fixed"
value = 2.5e-5
meaning = "A time [s]."
"""


def looked_up():
    """Return (method, name) of every constant that machine.py asks for; {} stands for any text."""
    tree = ast.parse(Path(rates_module.__file__).read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOOKUPS
    ]
    return {(call.func.attr, _text(call.args[0])) for call in calls}


def _text(node):
    if isinstance(node, ast.Constant):
        return node.value
    parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return "".join(parts)


def test_every_constant_that_the_rates_ask_for_is_there():
    """Exact names; one common to all families; and every way to fill a name with a setting."""
    known = calibration().values
    exact = {name for method, name in looked_up() if method == "of" and "{}" not in name}
    families = {name for method, name in looked_up() if method == "family"}
    filled = {f"expert_layer_time.{graphs}" for graphs in GRAPHS}
    filled |= {"expert_exposed.plain", "expert_exposed.overlapped"}
    open_names = {name for method, name in looked_up() if method == "of" and "{}" in name}

    assert len(exact) > 30
    assert not exact - set(known)
    assert not {f"{name}.other" for name in families} - set(known)
    assert open_names == {"expert_layer_time.{}", "expert_exposed.{}"}
    assert not filled - set(known)


def test_every_constant_is_asked_for():
    """A constant that nothing reads would be fitted in vain; medians are not for the rates."""
    asked = looked_up()
    names = {name for method, name in asked if method == "of"}
    names |= {
        f"{name}.{vintage}" for (m, name), vintage in product(asked, VINTAGES) if m == "family"
    }
    patterns = [name for _, name in asked if "{}" in name]

    def read(name):
        return name in names or any(
            name.startswith(p.partition("{}")[0]) and p.partition("{}")[0] for p in patterns
        )

    constants = calibration().constants
    assert [
        name for name, one in constants.items() if one.kind != "median" and not read(name)
    ] == []


def test_fitted_constants_have_a_prior_and_errors_and_all_are_positive():
    for name, one in calibration().constants.items():
        assert one.kind in KINDS, name
        assert isfinite(one.value), name
        assert one.value > 0, name
        assert one.meaning.endswith((".", ").")), name
        fitted = (one.standard_error, one.prior, one.prior_width)
        if one.kind == "fitted":
            assert all(value is not None and isfinite(value) and value > 0 for value in fitted), (
                name
            )
        else:
            assert fitted[1:] == (None, None), name
            assert one.kind == "median" or one.standard_error is None, name


def test_no_fit_leaves_a_constant_less_certain_than_its_prior():
    fitted = [one for one in calibration().constants.values() if one.kind == "fitted"]

    assert [one.name for one in fitted if one.standard_error > one.prior_width * 1.001] == []


def test_intervals_lie_on_either_side_of_one():
    intervals = calibration().intervals

    assert intervals
    assert all(0 < ends["low"] < 1 < ends["high"] for ends in intervals.values())


def test_the_shipped_file_says_what_wrote_it():
    text = (data_folder() / "calibration.toml").read_text(encoding="utf-8")

    assert "llmcost calibrate" in text.splitlines()[0]
    assert calibration().meta["command"].startswith("llmcost calibrate")


def test_a_file_of_ones_own_is_read(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(WHOLE, encoding="utf-8")

    found = read_calibration(file)

    assert found.values == {"sustained": 0.9, "layer_time": 2.5e-5}
    assert found.constants["sustained"].prior == 0.8
    assert found.constants["layer_time"].standard_error is None
    assert found.intervals == {"any": {"low": 0.9, "high": 1.1}}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('command = "by hand"', "command = ", "is not TOML"),
        ("[meta]", "[mata]", "meta"),
        ("[intervals.any]", "[interval.any]", "intervals"),
        ('kind = "fixed"', "", "kind"),
        ('kind = "fixed"', 'kind = "guessed"', "sustained|layer_time: kind is 'guessed'"),
        ("value = 2.5e-5", "value = -2.5e-5", "layer_time: value"),
        ("value = 2.5e-5", "value = nan", "layer_time: value"),
        ("value = 2.5e-5", "value = inf", "layer_time: value"),
        ("value = 2.5e-5", "value = true", "layer_time: value"),
        ("value = 2.5e-5", 'value = "2.5e-5"', "layer_time: value"),
        ("value = 2.5e-5", "values = 2.5e-5", "values"),
        ("prior = 0.8", "", "sustained: prior is None"),
        ("prior_width = 0.2", "prior_width = 0", "sustained: prior_width"),
        ("standard_error = 0.1", "", "sustained: standard_error"),
        ('meaning = "A share."', 'meaning = ""', "sustained: meaning"),
        ("low = 0.9", "low = 1.05", "interval any"),
        ("low = 0.9", 'low = "little"', "little"),
        ("[constants.layer_time]", "[[constants.layer_time]]", "constants"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, old, new, says):
    """Each edit of a whole file breaks one thing, which the message names with the file."""
    assert old in WHOLE
    file = tmp_path / "broken.toml"
    file.write_text(WHOLE.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(DataError, match=says) as caught:
        read_calibration(file)

    assert "broken.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LlmcostError, match=r"none\.toml"):
        read_calibration(tmp_path / "none.toml")


def test_a_users_own_constants_replace_the_shipped_ones(tmp_path, monkeypatch):
    """A calibration.toml in the folder of one's own data is the one in use."""
    text = (data_folder() / "calibration.toml").read_text(encoding="utf-8")
    shipped = calibration().values["sustained"]
    own = text.replace(
        f'[constants."sustained"]\nkind = "fitted"\nvalue = {shipped!r}',
        '[constants."sustained"]\nkind = "fitted"\nvalue = 0.5',
    )
    assert own != text
    (tmp_path / "calibration.toml").write_text(own, encoding="utf-8")
    monkeypatch.setenv("LLMCOST_DATA", str(tmp_path))

    assert calibration().values["sustained"] == 0.5
