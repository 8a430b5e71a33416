"""Saved results to a report: what they say in words, pictures and tables, with every source."""

from __future__ import annotations

from llmcost.views.reports.builder import build_report

__all__ = ["build_report"]
