"""``xlsx``: a workbook with a sheet for each table that people read, and all numbers in `data`."""

from __future__ import annotations

from llmcost.render.sheets import Book, shown_rows, write_rows
from llmcost.table import Document, Table

DATA, ABOUT = "data", "about"


def workbook(document: Document) -> bytes:
    """Return the answer as an Excel file; raises MissingExtraError without what writes it.

    Raises InputError for an answer of more rows than a sheet has.
    """
    book = Book.new(document.title)
    book.names |= {DATA, ABOUT}
    for table in document.tables:
        _people_sheet(book, table)
    book.names -= {DATA, ABOUT}
    headers = [field.header for field in document.flat.fields]
    write_rows(book, book.sheet(DATA), headers, document.flat.rows)
    _about(book, document)
    return book.done()


def _people_sheet(book: Book, table: Table) -> None:
    """Write a table as people read it, its title as the sheet's name and its notes below."""
    sheet = book.sheet(table.title or table.name)
    kept = [
        at
        for at, field in enumerate(table.fields)
        if not table.people_fields or field.name in table.people_fields
    ]
    rows = shown_rows(table)
    fields = [table.fields[at] for at in kept]
    headers = [f"{f.title or f.name} [{f.unit}]" if f.unit else f.title or f.name for f in fields]
    styles = ["right" if field.align == "right" else "" for field in fields]
    chosen = [[row[at] for at in kept] for row in rows]
    below = write_rows(book, sheet, headers, chosen, [styles] * len(chosen))
    for number, note in enumerate(table.notes, start=below + 1):
        book.put(sheet, number, 0, note, "loose")
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{below + 1}"})


def _about(book: Book, document: Document) -> None:
    """Write what the answer is about: title, warnings, what made it."""
    sheet = book.sheet(ABOUT)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 100)
    rows = [("answer", document.title)]
    rows += [("warning", message) for message in document.messages]
    rows += [("made by", document.footer), *document.meta.items()]
    for number, (name, text) in enumerate(row for row in rows if row[1]):
        book.put(sheet, number, 0, name, "header")
        book.put(sheet, number, 1, text)
