"""Start-up imports nothing that it does not need (asserted on modules, not on a clock)."""

import json
import subprocess
import sys

import pytest

DRAWING = ("matplotlib", "plotly", "jinja2", "xlsxwriter")
HEAVY = ("numpy", "pandas", "pint", "tabulate", "torch", *DRAWING)
PROBE = """
import contextlib, io, json, sys
with contextlib.redirect_stdout(io.StringIO()):
    {code}
print(json.dumps(sorted(sys.modules)))
"""


def loaded_after(code, *, whole=False):
    """Return the modules, top-level ones or `whole` names, loaded by code in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], capture_output=True, text=True, check=True
    )
    names = json.loads(done.stdout.splitlines()[-1])
    return set(names) if whole else {name.partition(".")[0] for name in names}


def run(*arguments):
    """Return code that runs the command line."""
    return f"from llmcost.cli.main import run; run({list(arguments)!r})"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["estimate", "--help"],
        ["compare", "--help"],
        ["track", "--help"],
        ["bench", "--help"],
        [],
    ],
)
def test_help_and_version_import_no_heavy_library(arguments):
    assert loaded_after(run(*arguments)).isdisjoint(HEAVY)


def test_importing_the_package_imports_no_heavy_library():
    assert loaded_after("import llmcost").isdisjoint(HEAVY)


@pytest.mark.parametrize("kind", ["gpus", "models", "prices", "runs", "claims", "sources", "units"])
def test_showing_facts_needs_neither_numpy_nor_pint(kind):
    assert loaded_after(run("show", kind)).isdisjoint({"numpy", "pandas", "pint"})


MODEL = ("llmcost.machine", "llmcost.layout", "llmcost.enumeration", "llmcost.studies.modelling")


@pytest.mark.parametrize("more", [["--mfu", "41%"], ["--throughput", "400 TFLOP/s/GPU"], []])
def test_an_mfu_that_is_given_or_typical_loads_no_model_of_a_step(more):
    arguments = ["estimate", "llama-3.1-405b", "--tokens", "15T", "--gpu", "h100-sxm", *more]

    assert loaded_after(run(*arguments), whole=True).isdisjoint(MODEL)


MEASURING = (
    "llmcost.logs",
    "llmcost.bench",
    "llmcost.studies.tracking",
    "llmcost.studies.benching",
)


def test_an_estimate_reads_no_log_and_measures_nothing():
    arguments = ["estimate", "llama-3.1-405b", "--tokens", "15T", "--gpu", "h100-sxm"]

    assert loaded_after(run(*arguments), whole=True).isdisjoint({*MEASURING, "torch"})


def test_a_log_is_tracked_without_pandas_and_without_torch(tmp_path):
    log = tmp_path / "train.log"
    log.write_text("".join(f"iter {n}: loss 2.5, time 462.17ms, mfu 0.01%\n" for n in range(1, 30)))

    assert loaded_after(run("track", str(log))).isdisjoint({"pandas", "torch", *DRAWING})


def test_an_estimate_imports_neither_pandas_nor_masked_arrays():
    """numpy.quantile would import numpy.ma: 25 ms that no answer needs."""
    arguments = ["estimate", "llama-3.1-405b", "--tokens", "15T", "--gpu", "h100-sxm"]

    loaded = loaded_after(run(*arguments), whole=True)

    assert loaded.isdisjoint({"pandas", "numpy.ma", *DRAWING})
    assert "numpy" in loaded


def test_a_picture_in_the_terminal_needs_no_library_of_pictures():
    arguments = ["estimate", "llama-3.1-8b", "--tokens", "1T", "--gpu", "h100-sxm", "--gpus", "64"]

    assert loaded_after(run(*arguments, "--mfu", "40%", "--plot", "-")).isdisjoint(DRAWING)
