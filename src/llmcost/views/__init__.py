"""Results to documents: which rows, in which order, in which words; one module a kind of answer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcost.table import Document

# The class of an answer, and the function that makes its document.
VIEWS: dict[str, str] = {
    "Bench": "llmcost.views.benches:bench_document",
    "Comparison": "llmcost.views.comparisons:comparison_document",
    "Differences": "llmcost.views.differences:differences_document",
    "Estimate": "llmcost.views.estimates:estimate_document",
    "Explanation": "llmcost.views.explanations:explanation_document",
    "Facts": "llmcost.views.facts:facts_document",
    "Layouts": "llmcost.views.layouts:layouts_document",
    "MethodCost": "llmcost.views.methods:method_document",
    "Reconciliation": "llmcost.views.reconciliations:reconciliation_document",
    "Sensitivity": "llmcost.views.sensitivities:sensitivity_document",
    "Status": "llmcost.views.sweeps:status_document",
    "SweepReport": "llmcost.views.sweeps:sweep_document",
    "Track": "llmcost.views.tracks:track_document",
    "Validation": "llmcost.views.validations:validation_document",
}


def document(answer: object) -> Document:
    """Return the document of an answer, by the class of the answer."""
    module, _, function = VIEWS[type(answer).__name__].partition(":")
    made: Document = getattr(import_module(module), function)(answer)
    return made
