"""Every legal layout of a model on a cluster, as columns for the engine."""

from llmcost.enumeration.layouts import enumerate_layouts, nearest_legal
from llmcost.enumeration.rows import to_layout
from llmcost.enumeration.search import Columns, Limits

__all__ = ["Columns", "Limits", "enumerate_layouts", "nearest_legal", "to_layout"]
