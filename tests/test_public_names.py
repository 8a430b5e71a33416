"""What is public is exported, loads, and is spelled as in the glossary."""

import importlib

import llmcost


def test_every_public_name_loads():
    for name in llmcost.__all__:
        assert getattr(llmcost, name) is not None


def test_the_public_names_are_these():
    assert set(llmcost.__all__) == {
        "Bench",
        "Comparison",
        "DataError",
        "Differences",
        "Distribution",
        "Estimate",
        "InputError",
        "LayoutError",
        "Layouts",
        "LlmcostError",
        "LogFormatError",
        "MissingExtraError",
        "Picture",
        "Plan",
        "Q",
        "Reconciliation",
        "Saved",
        "Sensitivity",
        "Track",
        "UnitError",
        "UnknownNameError",
        "__version__",
        "architecture_from_config",
        "compare",
        "count",
        "draw",
        "estimate",
        "find_differences",
        "find_layouts",
        "find_sensitivities",
        "plan_from",
        "read_comparison",
        "read_log",
        "read_plan",
        "read_saved",
        "reconcile",
        "registry",
        "run_bench",
        "run_sweep",
        "track",
        "write_picture",
        "write_report",
    }


def test_an_exported_function_is_never_replaced_by_a_module_of_its_name():
    importlib.import_module("llmcost.studies.estimation")
    importlib.import_module("llmcost.counting")
    importlib.import_module("llmcost.studies.comparison.comparing")

    assert callable(llmcost.estimate)
    assert callable(llmcost.count)
    assert callable(llmcost.compare)
