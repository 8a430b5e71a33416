"""llmcost: what it takes to train a language model.

The public names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmcost._version import __version__ as __version__

if TYPE_CHECKING:
    from llmcost.amounts import Distribution as Distribution
    from llmcost.catalog.architecture import architecture_from_config as architecture_from_config
    from llmcost.counting import count as count
    from llmcost.errors import DataError as DataError
    from llmcost.errors import InputError as InputError
    from llmcost.errors import LayoutError as LayoutError
    from llmcost.errors import LlmcostError as LlmcostError
    from llmcost.errors import LogFormatError as LogFormatError
    from llmcost.errors import MissingExtraError as MissingExtraError
    from llmcost.errors import UnitError as UnitError
    from llmcost.errors import UnknownNameError as UnknownNameError
    from llmcost.logs.frames import read_log as read_log
    from llmcost.picture import Picture as Picture
    from llmcost.render.drawing import draw as draw
    from llmcost.render.drawing import write_picture as write_picture
    from llmcost.render.reports.writing import write_report as write_report
    from llmcost.studies.answers import Estimate as Estimate
    from llmcost.studies.benching.answer import run_bench as run_bench
    from llmcost.studies.benching.record import Bench as Bench
    from llmcost.studies.comparison.answer import Comparison as Comparison
    from llmcost.studies.comparison.comparing import compare as compare
    from llmcost.studies.comparison.differences import Differences as Differences
    from llmcost.studies.comparison.differences import find_differences as find_differences
    from llmcost.studies.comparison.differences import read_comparison as read_comparison
    from llmcost.studies.estimation import estimate as estimate
    from llmcost.studies.layouts import Layouts as Layouts
    from llmcost.studies.layouts import find_layouts as find_layouts
    from llmcost.studies.reconciliation.report import Reconciliation as Reconciliation
    from llmcost.studies.reconciliation.report import reconcile as reconcile
    from llmcost.studies.saved import Saved as Saved
    from llmcost.studies.saved import read_saved as read_saved
    from llmcost.studies.sensitivity import Sensitivity as Sensitivity
    from llmcost.studies.sensitivity import find_sensitivities as find_sensitivities
    from llmcost.studies.sweeping.driver import run_sweep as run_sweep
    from llmcost.studies.sweeping.plan import Plan as Plan
    from llmcost.studies.sweeping.plan import plan_from as plan_from
    from llmcost.studies.sweeping.plan import read_plan as read_plan
    from llmcost.studies.tracking.answer import Track as Track
    from llmcost.studies.tracking.tracking import track as track
    from llmcost.units import Q as Q
    from llmcost.units import registry as registry

_HOMES = {
    "Bench": "llmcost.studies.benching.record",
    "Comparison": "llmcost.studies.comparison.answer",
    "DataError": "llmcost.errors",
    "Differences": "llmcost.studies.comparison.differences",
    "Distribution": "llmcost.amounts",
    "Estimate": "llmcost.studies.answers",
    "InputError": "llmcost.errors",
    "Layouts": "llmcost.studies.layouts",
    "LayoutError": "llmcost.errors",
    "LlmcostError": "llmcost.errors",
    "LogFormatError": "llmcost.errors",
    "MissingExtraError": "llmcost.errors",
    "Picture": "llmcost.picture",
    "Plan": "llmcost.studies.sweeping.plan",
    "Q": "llmcost.units",
    "Reconciliation": "llmcost.studies.reconciliation.report",
    "Saved": "llmcost.studies.saved",
    "Sensitivity": "llmcost.studies.sensitivity",
    "Track": "llmcost.studies.tracking.answer",
    "UnitError": "llmcost.errors",
    "UnknownNameError": "llmcost.errors",
    "architecture_from_config": "llmcost.catalog.architecture",
    "compare": "llmcost.studies.comparison.comparing",
    "count": "llmcost.counting",
    "draw": "llmcost.render.drawing",
    "estimate": "llmcost.studies.estimation",
    "find_differences": "llmcost.studies.comparison.differences",
    "find_layouts": "llmcost.studies.layouts",
    "find_sensitivities": "llmcost.studies.sensitivity",
    "plan_from": "llmcost.studies.sweeping.plan",
    "read_comparison": "llmcost.studies.comparison.differences",
    "read_log": "llmcost.logs.frames",
    "read_plan": "llmcost.studies.sweeping.plan",
    "read_saved": "llmcost.studies.saved",
    "reconcile": "llmcost.studies.reconciliation.report",
    "registry": "llmcost.units",
    "run_bench": "llmcost.studies.benching.answer",
    "run_sweep": "llmcost.studies.sweeping.driver",
    "track": "llmcost.studies.tracking.tracking",
    "write_picture": "llmcost.render.drawing",
    "write_report": "llmcost.render.reports.writing",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module 'llmcost' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
