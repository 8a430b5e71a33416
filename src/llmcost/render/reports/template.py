"""A report by a user's own jinja2 template, run apart from this program and within limits.

A template is a stranger's program, so it runs in jinja2's sandbox, in a process of its own that
has so much time and memory and no more. It gets plain data:

- ``report``: ``title``, ``summary``, ``sections``, ``methods``, ``footnotes``, ``warnings`` and
  ``made_by``, as the record of a report has them;
- ``tables``: each table by its name, with ``title``, ``fields``, ``rows`` (full values by the name
  of the field), ``texts`` (the same as people read them) and ``notes``;
- ``results``: the JSON of each result by the name of its file;

and the filters ``quantity(unit)``, ``span(high, unit)``, ``latex``, ``markdown`` and ``cited``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

from llmcost.errors import InputError, MissingExtraError, shown
from llmcost.render.cells import own_texts
from llmcost.report import Report
from llmcost.table import Table
from llmcost.views.reports.documents import plain_report

WORKER = "llmcost.render.reports.template_worker"
# What one template may take: seconds, and bytes of its own text.
MOST_SECONDS = 30.0
MOST_BYTES = 2_000_000
ESCAPED = frozenset({".html", ".htm", ".xhtml", ".xml", ".svg"})


def from_template(
    report: Report, path: str | os.PathLike[str], name: str, *, seconds: float = MOST_SECONDS
) -> dict[str, bytes]:
    """Return what the template at `path` makes of a report, as the file `name`.

    Text is escaped where the suffix of `name` is of HTML or XML. Raises MissingExtraError where
    jinja2 is not installed, InputError with file and line for a template that cannot be read, is
    wrong, or takes more than `seconds` [s] or the memory allowed.
    """
    if find_spec("jinja2") is None:
        raise MissingExtraError("A template", "report")
    template = Path(path)
    _check(template)
    asked = {
        "folder": str(template.resolve().parent),
        "name": template.name,
        "escape": PurePath(name).suffix.lower() in ESCAPED,
        "context": context(report),
    }
    told = _run(template, json.dumps(asked), seconds)
    if "text" not in told:
        raise InputError(_complaint(template, told))
    return {name: str(told["text"]).encode("utf-8", "backslashreplace")}


def context(report: Report) -> dict[str, Any]:
    """Return a report as plain data, as templates get it."""
    tables = [table for section in report.sections for table in section.tables]
    told = plain_report(report, _table)
    footnotes = [{"number": at, **note} for at, note in enumerate(told["footnotes"], start=1)]
    return {
        "report": {**told, "footnotes": footnotes},
        "tables": _by_name(tables),
        "results": dict(report.results),
    }


def _by_name(tables: list[Table]) -> dict[str, dict[str, Any]]:
    """Return tables by their names; the second of a name is ``NAME_2``."""
    named: dict[str, dict[str, Any]] = {}
    for table in tables:
        name, number = table.name, 2
        while name in named:
            name, number = f"{table.name}_{number}", number + 1
        named[name] = _table(table)
    return named


def _table(table: Table) -> dict[str, Any]:
    names = [field.name for field in table.fields]
    texts = table.texts if table.texts is not None else own_texts(table)
    shown_names = table.people_fields or tuple(names)
    return {
        "name": table.name,
        "title": table.title,
        "fields": [
            {
                "name": field.name,
                "title": field.title or field.name,
                "unit": field.unit,
                "numeric": field.align == "right",
                "shown": field.name in shown_names,
            }
            for field in table.fields
        ],
        "rows": table.records(),
        "texts": [dict(zip(names, row, strict=True)) for row in texts],
        "notes": list(table.notes),
    }


def _check(template: Path) -> None:
    try:
        if template.exists() and not (template.is_file() or template.is_dir()):
            raise InputError(
                f"template: {shown(str(template))} is a pipe or a device; needs a file, whose "
                "folder holds what it includes."
            )
        size = template.stat().st_size
        template.read_bytes().decode("utf-8")
    except IsADirectoryError:
        raise InputError(f"template: {shown(str(template))} is a folder; needs a file.") from None
    except UnicodeDecodeError:
        raise InputError(f"template: {shown(str(template))} is not UTF-8 text.") from None
    except InputError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"template: cannot read {shown(str(template))}: {why}.") from error
    if size > MOST_BYTES:
        raise InputError(
            f"template: {shown(str(template))} has {size:,} bytes; needs at most {MOST_BYTES:,}."
        )


def _run(template: Path, asked: str, seconds: float) -> Mapping[str, Any]:
    """Return what the process that runs a template tells; raises InputError where it dies."""
    command = [sys.executable, "-P", "-m", WORKER]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=asked.encode("utf-8"), capture_output=True, timeout=seconds, check=False
        )
        told: Mapping[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{template}: it was stopped after {seconds:g} s; needs loops that end sooner."
        ) from None
    except ValueError:
        raise InputError(
            f"{template}: it took more memory than a template may; needs smaller texts."
        ) from None
    return told


def _complaint(template: Path, told: Mapping[str, Any]) -> str:
    file = str(template.parent / str(told.get("file") or template.name))
    line = f", line {told['line']}" if told.get("line") else ""
    return f"{file}{line}: {told.get('error')}"
