"""``zip``: every table of a report as CSV in full, the results, and a description of them all.

The description is a Data Package (datapackage.json), which many programs read. The same report
gives the same bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from llmcost.errors import InputError
from llmcost.render.delimited import csv_text
from llmcost.render.reports.beside import Names, file_name
from llmcost.render.reports.bibtex import address, bibtex
from llmcost.report import Report
from llmcost.table import Cell, Document, Field, Table

EARLIEST = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
UNIX = 3
README = """{title}
{rule}

{summary}

tables/    one CSV a table, UTF-8: the first line has the names of the columns, with units in
           [brackets]; numbers are in full and a missing value is empty. Text that a spreadsheet
           would run as a formula has an apostrophe before it.
results/   the results that the report was made from, as JSON; llmcost report reads them again.
sources.bib, methods.txt
           what was done, and the entries of the sources it cites.
datapackage.json
           describes every file: https://specs.frictionlessdata.io/data-package/

{made_by}
{warnings}"""
SOURCES = (
    *(Field(name) for name in ("key", "title", "authors", "published", "accessed", "url")),
    Field("second_hand"),
)


def bundle(report: Report, stem: str = "report") -> dict[str, bytes]:
    """Return the report as ``STEM.zip``, with all rows of all tables."""
    files = dict(_files(report, stem))
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(_entry(path), text.encode("utf-8", "backslashreplace"))
    return {f"{stem}.zip": stream.getvalue()}


def _entry(path: str) -> ZipInfo:
    """Return an entry of an archive that is the same on every day and system."""
    entry = ZipInfo(path, EARLIEST)
    entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, READABLE, UNIX
    return entry


def _files(report: Report, stem: str) -> Iterator[tuple[str, str]]:
    tables = dict(_tables(report))
    results = dict(_results(report))
    yield "README.txt", _readme(report)
    yield "datapackage.json", _json(_package(report, stem, tables, results), indent=2)
    for path, table in tables.items():
        yield path, csv_text(Document(table.title, (), table, {}))
    yield "methods.txt", f"{report.methods}\n"
    yield "sources.bib", bibtex(report.footnotes)
    for path, data in results.items():
        yield path, _json(data)


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    """Yield every table under the path of its file: those of sections, of pictures, the sources."""
    names = Names()
    for section in report.sections:
        for table in section.tables:
            apart = table.name.startswith(section.name)
            name = table.name if apart else f"{section.name}-{table.name}"
            yield f"tables/{names.unique(name.lower(), '.csv')}", table
        for picture in section.pictures:
            name = f"{section.name}-picture-{picture.name}".lower()
            yield f"tables/{names.unique(name, '.csv')}", picture.table
    if report.footnotes:
        yield f"tables/{names.unique('sources', '.csv')}", _source_table(report)


def _source_table(report: Report) -> Table:
    names = [field.name for field in SOURCES]
    rows = tuple(
        tuple(getattr(note, name) if name != "url" else note.url or None for name in names)
        for note in report.footnotes
    )
    return Table("sources", SOURCES, rows, title="Sources")


def _results(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    names = Names()
    for name, data in report.results:
        plain = file_name(name.rpartition("/")[2].removesuffix(".json"), "result")
        yield f"results/{names.unique(plain, '.json')}", data


def _readme(report: Report) -> str:
    made_by = "\n".join(f"{label}: {text}" for label, text in report.made_by)
    told = "\n".join(f"- {warning}" for warning in report.warnings)
    return README.format(
        title=report.title,
        rule="=" * min(80, max(1, len(report.title))),
        summary="\n".join(report.summary),
        made_by=made_by,
        warnings=f"\nWarnings\n{told}\n" if told else "",
    )


def _package(
    report: Report,
    stem: str,
    tables: Mapping[str, Table],
    results: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the description of the bundle; it claims no licence for facts of others."""
    package = {
        "profile": "data-package",
        "name": file_name(stem).lower(),
        "title": report.title,
        "description": " ".join(report.summary),
        "resources": [
            *(_table_resource(path, table) for path, table in tables.items()),
            *(_result_resource(path) for path in results),
        ],
    }
    sources = [
        {"title": note.title or note.key} | ({"path": url} if (url := address(note.url)) else {})
        for note in report.footnotes
    ]
    return package | ({"sources": sources} if sources else {})


def _table_resource(path: str, table: Table) -> dict[str, Any]:
    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.fields)
    return {
        "profile": "tabular-data-resource",
        "name": _resource_name(path),
        "path": path,
        "title": table.title or table.name,
        "description": " ".join(table.notes),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [
                _field(field, tuple(cells))
                for field, cells in zip(table.fields, columns, strict=True)
            ],
            "missingValues": [""],
        },
    }


def _resource_name(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].lower().replace("_", "-")


def _result_resource(path: str) -> dict[str, Any]:
    return {
        "name": f"result-{_resource_name(path)}",
        "path": path,
        "format": "json",
        "mediatype": "application/json",
        "encoding": "utf-8",
    }


def _field(field: Field, cells: tuple[Cell, ...]) -> dict[str, Any]:
    kind = _kind(cells)
    flags = {"trueValues": ["yes"], "falseValues": ["no"]} if kind == "boolean" else {}
    unit = {"unit": field.unit} if field.unit else {}
    return {"name": field.header, "type": kind, "title": field.title or field.name} | unit | flags


def _kind(cells: tuple[Cell, ...]) -> str:
    """Return what every value of a column is, by the names of Table Schema."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"


def _json(data: object, indent: int | None = None) -> str:
    """Return data as JSON; on one line it takes a tenth of the time, which large results need."""
    try:
        return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise InputError(f"A result cannot be written as JSON: {error}.") from error
