"""A report for terminals and for programs: its parts as documents, and the whole as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from llmcost.picture import Picture
from llmcost.report import SOURCES, Report, Section
from llmcost.table import Document, Field, Table

SCHEMA = "llmcost.report/1"
# Of longer tables a terminal shows the first rows.
MOST_ROWS = 24


def section_documents(report: Report) -> Iterator[tuple[Document, tuple[Picture, ...]]]:
    """Yield the documents that a terminal shows, each with the pictures to draw under it."""
    yield _document(report.title, (_words("summary", "Summary", report.summary),)), ()
    for section in report.sections:
        tables = tuple(_short(table) for table in section.tables)
        paragraphs = tuple(text for text in section.paragraphs if text not in report.summary)
        words = (_words(section.name, section.title, paragraphs),) if paragraphs else ()
        heading = "" if paragraphs or section.title == report.title else section.title
        yield _document(heading, words), section.pictures[:1]
        yield _document("", tables), ()
    yield _last(report), ()


def _last(report: Report) -> Document:
    """Return what ends a report: its sources, what made it, and every warning."""
    tables = []
    if report.footnotes:
        tables.append(_source_table(report))
    fields = (Field("label", "Made by"), Field("text", ""))
    tables.append(Table("made_by", fields, report.made_by, texts=report.made_by))
    return replace(_document("", tuple(tables)), messages=report.warnings)


def _source_table(report: Report) -> Table:
    fields = (Field("key", "Source"), Field("title", "Is"))
    rows = tuple(
        (note.key, ", ".join(part for part in (note.authors, note.title, note.published) if part))
        for note in report.footnotes
    )
    return Table("sources", fields, rows, texts=rows)


def _document(title: str, tables: tuple[Table, ...]) -> Document:
    return Document(title, tables, Table("report", (), ()), {})


def _words(name: str, title: str, sentences: tuple[str, ...]) -> Table:
    rows = tuple((text,) for text in sentences)
    return Table(name, (Field("words", title),), rows, texts=rows)


def _short(table: Table) -> Table:
    """Return a table without its column of sources, and of a long one the first rows."""
    shown = table.people_fields or tuple(field.name for field in table.fields)
    repeated = bool(table.fields) and table.fields[0].title == table.title
    table = replace(
        table,
        people_fields=tuple(name for name in shown if name != SOURCES),
        title="" if repeated else table.title,
    )
    left = len(table.rows) - MOST_ROWS
    if left <= 0:
        return table
    return replace(
        table,
        rows=table.rows[:MOST_ROWS],
        texts=None if table.texts is None else table.texts[:MOST_ROWS],
        notes=(*table.notes, f"{left:,} more rows in files: -o report.html, report.xlsx, ..."),
    )


def report_document(report: Report) -> Document:
    """Return a report as one document; its data holds everything, for programs."""
    tables = tuple(table for section in report.sections for table in section.tables)
    flat = tables[0] if tables else Table("report", (), ())
    return Document(report.title, tables, flat, report_data(report), report.warnings)


def report_data(report: Report) -> dict[str, Any]:
    """Return the JSON document of a report."""
    return {
        "schema": SCHEMA,
        **plain_report(report, _table),
        "results": [{"name": name, "data": data} for name, data in report.results],
    }


def plain_report(report: Report, plain_table: Callable[[Table], dict[str, Any]]) -> dict[str, Any]:
    """Return a report but for its results as plain data, its tables as `plain_table` makes them."""
    return {
        "title": report.title,
        "summary": list(report.summary),
        "sections": [_section(section, plain_table) for section in report.sections],
        "methods": report.methods,
        "footnotes": [asdict(note) for note in report.footnotes],
        "warnings": list(report.warnings),
        "made_by": [{"label": label, "text": text} for label, text in report.made_by],
    }


def _section(section: Section, plain_table: Callable[[Table], dict[str, Any]]) -> dict[str, Any]:
    told = ("name", "title", "description", "source")
    return {
        "name": section.name,
        "title": section.title,
        "paragraphs": list(section.paragraphs),
        "pictures": [
            {key: getattr(each, key) for key in told} | {"table": plain_table(each.table)}
            for each in section.pictures
        ],
        "tables": [plain_table(table) for table in section.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "fields": [{"name": field.name, "unit": field.unit} for field in table.fields],
        "rows": [list(row) for row in table.rows],
        "notes": list(table.notes),
    }
