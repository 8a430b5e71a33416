"""Saved results: the JSON that commands write, read back and checked before anything is drawn."""

from __future__ import annotations

from llmcost.studies.saved.reading import read_results, read_saved, saved_results
from llmcost.studies.saved.record import Saved

__all__ = ["Saved", "read_results", "read_saved", "saved_results"]
