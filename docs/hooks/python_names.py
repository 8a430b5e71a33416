"""The page of the Python interface: every public name, from its docstring."""

from __future__ import annotations

import llmcost

HEAD = """# Python

All public names come from `llmcost` itself, and load on first use. A result prints itself, in a
notebook as tables; `to_frame()` gives pandas with units in the headers. Amounts are text
(`"15T"`, `"2 USD/GPU/hour"`), quantities of `Q`, pairs for ranges, or a `Distribution`.

"""
GROUPS = {
    "Questions": (
        "estimate",
        "compare",
        "find_layouts",
        "find_sensitivities",
        "reconcile",
        "plan_from",
        "read_plan",
        "run_sweep",
        "read_comparison",
        "find_differences",
    ),
    "Answers": (
        "Estimate",
        "Comparison",
        "Differences",
        "Layouts",
        "Sensitivity",
        "Reconciliation",
        "Plan",
    ),
    "Pictures and reports": (
        "draw",
        "write_picture",
        "write_report",
        "read_saved",
        "Picture",
        "Saved",
    ),
    "Amounts and models": ("Q", "Distribution", "registry", "architecture_from_config", "count"),
    "Errors": (
        "LlmcostError",
        "InputError",
        "UnitError",
        "UnknownNameError",
        "LayoutError",
        "DataError",
        "LogFormatError",
        "MissingExtraError",
    ),
}
REST = "What else there is"


def page() -> str:
    """Return the page; a public name that no group has stands under the last heading."""
    homes = llmcost._HOMES
    grouped = {name for names in GROUPS.values() for name in names}
    rest = tuple(name for name in homes if name not in grouped)
    groups = {**GROUPS, **({REST: rest} if rest else {})}
    parts = [HEAD]
    for title, names in groups.items():
        parts.append(f"## {title}\n")
        parts.extend(f"::: {homes[name]}.{name}\n" for name in names)
    return "\n".join(parts)
