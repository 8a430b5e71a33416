"""``xlsx``: a report as a workbook whose costs follow the assumptions that a reader changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.errors import InputError, shown
from llmcost.picture import PALETTE
from llmcost.render.reports.live_sheets import LOOKS, Live, number_format, write_live
from llmcost.render.reports.table_sheets import write_table
from llmcost.render.sheets import Book, as_cell, write_rows
from llmcost.report import Report
from llmcost.studies.answers import Result
from llmcost.table import Cell, Table
from llmcost.views.reports.bases import Basis
from llmcost.views.reports.spreadsheet import Entry, Spreadsheet, spreadsheet

NAME = "report.xlsx"
ESTIMATE = "llmcost.estimate/"
# Tables of an estimate whose numbers are on its live sheets.
LIVE = ("results", "bases", "beyond", "energy", "goodput")
TOLD = (
    *("cost", "cost_per_million_tokens", "owned_cost", "owned_price", "development_cost"),
    *("owned_development_cost", "gpu_hours", "wall_clock", "model_flop", "mfu", "goodput"),
    *("energy", "carbon", "acquisition_cost"),
)
TOLD_HEADERS = ("Result", "Live", "Unit", "As computed", "Low", "High")
UNCHANGED = "Nothing has been changed: every live result is the one computed."
CHANGED = "Cells have been changed: live results differ from those computed (see Results)."
SOURCE_HEADERS = ("Number", "Key", "Title", "Authors", "Published", "Accessed", "Address", "Note")
LONGEST_ADDRESS = 2000
CHART_ROWS = 17
MILLION, MILLIONS = 1e6, '$#,##0.0,,"M"'
LAST_COLUMN, LINE_HEIGHT, CHARACTERS_A_LINE = 8, 15, 150


def workbook(report: Report) -> dict[str, bytes]:
    """Return the report as an Excel file by name: live where it holds estimates.

    Raises MissingExtraError without what writes workbooks, InputError for what a sheet cannot hold.
    """
    book = Book.new(report.title, LOOKS)
    summary = book.sheet("Summary")
    book.names |= {"about", "sources"}
    estimates = [(name, data) for name, data in report.results if _is_estimate(data)]
    models = [
        write_live(book, _spreadsheet(*named), number)
        for number, named in enumerate(estimates, start=1)
    ]
    for title, table in _tables(report):
        write_table(book, title, table)
    book.names -= {"about", "sources"}
    _sources(book, report)
    _about(book, report)
    names = [name for name, _ in estimates]
    _summary(book, summary, report, list(zip(names, models, strict=True)))
    return {NAME: book.done()}


def _spreadsheet(name: str, data: Mapping[str, Any]) -> Spreadsheet:
    """Return the live model of a result; raises InputError that names its file."""
    try:
        return spreadsheet(data)
    except InputError as error:
        raise InputError(f"{shown(name)}: {error}") from error


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    """Yield the tables that get a sheet of their own; live sheets hold the rest."""
    for section in report.sections:
        for table in section.tables:
            if not _is_live(report, section.name, table):
                yield table.title or table.name.replace("_", " ").capitalize(), table


def _is_live(report: Report, section: str, table: Table) -> bool:
    """Return whether the live sheets of an estimate hold a table."""
    if section.partition("-")[0] == "estimate":
        return table.name in LIVE
    names = [name for name, data in report.results if _is_estimate(data)]
    alone = len(names) == len(report.results)
    named = any(table.title.startswith(f"{name}: ") for name in names)
    return section == "assumptions" and (alone or named)


def _notes(report: Report) -> Iterator[str]:
    """Yield the notes of tables whose numbers are on live sheets, each once."""
    told = [
        note
        for section in report.sections
        for table in section.tables
        if _is_live(report, section.name, table)
        for note in table.notes
    ]
    yield from dict.fromkeys(told)


def _is_estimate(data: Mapping[str, Any]) -> bool:
    return str(data["schema"]).startswith(ESTIMATE)


def _summary(
    book: Book,
    sheet: Any,  # noqa: ANN401
    report: Report,
    models: Sequence[tuple[str, Live]],
) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 8, 18)
    sheet.fit_to_pages(1, 0)
    book.put(sheet, 0, 0, report.title, "title")
    row = 1
    for sentence in report.summary:
        row = _sentence(book, sheet, row, sentence)
    for at, (name, live) in enumerate(models, start=1):
        if len(models) > 1:
            ending = f" {at}" if at > 1 else ""
            told = f"{name}: sheets Assumptions{ending}, Model{ending}, Results{ending}"
            book.put(sheet, row + 1, 0, told, "heading")
            row += 1
        row = _model(book, sheet, row + 1, live)
    if report.warnings:
        book.put(sheet, row + 1, 0, "Warnings", "heading")
        row += 2
    for text in report.warnings:
        row = _sentence(book, sheet, row, text)


def _sentence(book: Book, sheet: Any, row: int, text: str) -> int:  # noqa: ANN401
    """Write a sentence over the width of the sheet, as high as it needs; return the next row."""
    told = as_cell(text)
    sheet.merge_range(row, 0, row, LAST_COLUMN, "", book.styles["inert"])
    sheet.write_string(row, 0, str(told or ""), book.styles["inert"])
    sheet.set_row(row, LINE_HEIGHT * max(1, -(-len(text) // CHARACTERS_A_LINE)))
    return row + 1


def _model(book: Book, sheet: Any, row: int, live: Live) -> int:  # noqa: ANN401
    """Write the main live results, and the bases of cost with their charts; return the next row."""
    status = f'=IF(SUMPRODUCT(ABS({live.check}))=0,"{UNCHANGED}","{CHANGED}")'
    sheet.write_formula(row, 0, status, book.styles["loose"], UNCHANGED)
    for column, text in enumerate(TOLD_HEADERS):
        book.put(sheet, row + 1, column, text, "header")
    row += 2
    entries = {one.name: one for one in (*live.sheet.assumptions, *live.sheet.model)}
    results = {one.name: one.result for one in live.sheet.results}
    for name in (name for name in TOLD if name in entries):
        _told(book, sheet, row, entries[name], results.get(name), live)
        row += 1
    for basis in live.sheet.bases:
        row = _basis(book, sheet, row + 1, basis, live)
    return row


def _told(
    book: Book,
    sheet: Any,  # noqa: ANN401
    row: int,
    entry: Entry,
    result: Result | None,
    live: Live,
) -> None:
    """Write a live number beside what it was."""
    form = number_format(entry.value or 0.0, entry.unit, share=entry.share)
    style = book.styles[book.style("live", form)]
    book.put(sheet, row, 0, entry.title)
    sheet.write_formula(row, 1, live.formula(entry.name), style, entry.value)
    book.put(sheet, row, 2, entry.unit)
    if result is None:
        book.put(sheet, row, 3, "not known", "static")
        return
    for column, number in enumerate((result.value, result.low, result.high), start=3):
        book.put(sheet, row, column, number, book.style("static", form))


def _basis(book: Book, sheet: Any, row: int, basis: Basis, live: Live) -> int:  # noqa: ANN401
    """Write the parts of each basis from live cells, and a chart of them; return the next row."""
    headers = (basis.title, *basis.parts, "Total")
    for column, text in enumerate(headers):
        book.put(sheet, row, column, text, "header")
    style = book.styles[book.style("live", "$#,##0")]
    for down, (title, names) in enumerate(basis.rows, start=row + 1):
        book.put(sheet, down, 0, title)
        for column, name in enumerate(names, start=1):
            if name is not None:
                sheet.write_formula(down, column, live.formula(name), style, live.values[name])
        last = "ABCDEFGHIJKLMNOP"[len(names)]
        total = sum(float(live.values[name]) for name in names if name is not None)
        sheet.write_formula(
            down, len(names) + 1, f"=SUM(B{down + 1}:{last}{down + 1})", style, total
        )
    last_row = row + len(basis.rows)
    biggest = max(
        float(live.values[name]) for _, names in basis.rows for name in names if name is not None
    )
    _chart(book, sheet, basis, (row, last_row), "$#,##0" if biggest < MILLION else MILLIONS)
    return last_row + 1 + CHART_ROWS


def _chart(
    book: Book,
    sheet: Any,  # noqa: ANN401
    basis: Basis,
    rows: tuple[int, int],
    form: str,
) -> None:
    """Draw the parts of each basis as stacked bars, below their table."""
    head, last = rows
    name = sheet.get_name()
    chart = book.book.add_chart({"type": "bar", "subtype": "stacked"})
    for column, _ in enumerate(basis.parts, start=1):
        chart.add_series(
            {
                "name": [name, head, column],
                "categories": [name, head + 1, 0, last, 0],
                "values": [name, head + 1, column, last, column],
                "fill": {"color": PALETTE[(column - 1) % len(PALETTE)]},
                "gap": 60,
            }
        )
    chart.set_title({"name": basis.title.partition(" [")[0], "name_font": {"size": 12}})
    chart.set_x_axis({"num_format": form, "name": "Cost [USD]"})
    chart.set_y_axis({"reverse": True, "crossing": "max"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 860, "height": 300})
    told = f"{basis.title}: stacked bars of the table above, one bar a basis."
    sheet.insert_chart(last + 2, 0, chart, {"description": told})


def _sources(book: Book, report: Report) -> None:
    if not report.footnotes:
        return
    rows: list[list[Cell]] = [
        [at, one.key, one.title, one.authors, one.published, one.accessed, one.url,
         "second-hand" if one.second_hand else None]
        for at, one in enumerate(report.footnotes, start=1)
    ]  # fmt: skip
    sheet = book.sheet("Sources")
    write_rows(book, sheet, SOURCE_HEADERS, rows)
    for row, note in enumerate(report.footnotes, start=1):
        if note.url.startswith(("http://", "https://")) and len(note.url) <= LONGEST_ADDRESS:
            sheet.write_url(row, 6, note.url, string=note.url)


def _about(book: Book, report: Report) -> None:
    """Write how the report was made."""
    sheet = book.sheet("About")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 110)
    rows = [*report.made_by, ("Methods", report.methods)]
    rows += [("Note", note) for note in _notes(report)]
    for row, (label, text) in enumerate(rows):
        book.put(sheet, row, 0, label, "header")
        book.put(sheet, row, 1, text)
