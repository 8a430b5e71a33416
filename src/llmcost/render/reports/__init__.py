"""Reports as files: one module a format, imported when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from llmcost.errors import UnknownNameError, one_of
from llmcost.render.suffixes import by_suffix

if TYPE_CHECKING:
    from os import PathLike

    from llmcost.report import Report

# Each function takes a report and the stem of the file that it is for, and returns the bytes of
# every file by its name, the main one first; the others lie in the folder STEM_files beside it.
REPORT_FORMATS: dict[str, str] = {
    "html": "llmcost.render.reports.single:html",
    "markdown": "llmcost.render.reports.markdown:markdown",
    "latex": "llmcost.render.reports.latex:latex",
    "xlsx": "llmcost.render.reports.single:xlsx",
    "zip": "llmcost.render.reports.bundle:bundle",
}
REPORT_SUFFIXES: dict[str, str] = {
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".tex": "latex",
    ".xlsx": "xlsx",
    ".zip": "zip",
}
STEM = "report"


def render_report(report: Report, format_name: str, stem: str = STEM) -> dict[str, bytes]:
    """Return the files of a report in the named format, the main one first.

    `stem` is the name of the main file without its suffix. Raises UnknownNameError for a format
    that does not exist, MissingExtraError where what writes it is not installed.
    """
    if format_name not in REPORT_FORMATS:
        hint = f"Choose {one_of(REPORT_FORMATS)}."
        raise UnknownNameError("format of a report", format_name, REPORT_FORMATS, hint)
    module, _, function = REPORT_FORMATS[format_name].partition(":")
    made: dict[str, bytes] = getattr(import_module(module), function)(report, stem)
    return made


def report_format_of(path: str | PathLike[str]) -> str:
    """Return the format of a report that a file's suffix asks for.

    Raises InputError when there is no suffix or an unknown one.
    """
    return by_suffix(path, REPORT_SUFFIXES, "Rename the file or name a format.")
