"""Reports that are one file: the page and the workbook."""

from __future__ import annotations

from llmcost.render.reports.page import page
from llmcost.report import Report


def html(report: Report, stem: str) -> dict[str, bytes]:
    """Return the page of a report, by its name; raises MissingExtraError without its parts."""
    return {f"{stem}.html": page(report).encode("utf-8")}


def xlsx(report: Report, stem: str) -> dict[str, bytes]:
    """Return the workbook of a report, by its name; raises MissingExtraError without its parts."""
    from llmcost.render.reports.workbook import workbook

    (content,) = workbook(report).values()
    return {f"{stem}.xlsx": content}
