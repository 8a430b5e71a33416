"""``html``: one small page that asks for nothing from outside, and its body alone for notebooks."""

from __future__ import annotations

from html import escape

from llmcost.render.cells import Grid, grid, visible
from llmcost.table import Document

STYLE = """\
.llmcost { color: inherit; font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; }
.llmcost table { border-collapse: collapse; margin: 1rem 0; }
.llmcost caption { font-weight: 600; text-align: left; padding: .3rem 0; }
.llmcost th, .llmcost td { border-bottom: 1px solid rgba(127, 127, 127, .45);
  padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top;
  font-weight: normal; overflow-wrap: anywhere; }
.llmcost thead th { font-weight: 600; overflow-wrap: normal; }
.llmcost th[scope=row] { white-space: pre-wrap; }
.llmcost .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.llmcost .note, .llmcost footer { opacity: .75; font-size: .9em; }
"""


def page(document: Document) -> str:
    """Return the answer as a whole HTML page, readable on light and dark screens."""
    title = _text(document.title or "llmcost")
    described = "".join(
        f'<meta name="{_text(name)}" content="{_text(value)}">\n'
        for name, value in document.meta.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{described}<title>{title}</title>\n"
        "<style>:root { color-scheme: light dark; }</style>\n"
        f"</head>\n<body>\n{fragment(document)}</body>\n</html>\n"
    )


def fragment(document: Document) -> str:
    """Return the answer as one HTML element with its own style, to stand inside another page."""
    heading = f"<h1>{_text(document.title)}</h1>\n" if document.title else ""
    tables = "".join(_table(grid(table)) for table in document.tables)
    footer = f"<footer>{_text(document.footer)}</footer>\n" if document.footer else ""
    return (
        f'<section class="llmcost">\n<style>\n{STYLE}</style>\n'
        f"{heading}{tables}{_messages(document)}{footer}</section>\n"
    )


def _table(shown: Grid) -> str:
    caption = f"<caption>{_text(shown.title)}</caption>\n" if shown.title else ""
    columns = zip(shown.headings, shown.numeric, strict=True)
    headings = "".join(_cell("th", text, numeric, "col") for text, numeric in columns)
    rows = "".join(_row(row, shown.numeric) for row in shown.rows)
    notes = "".join(f'<p class="note">{_text(note)}</p>\n' for note in shown.notes)
    return (
        f"<table>\n{caption}<thead>\n<tr>{headings}</tr>\n</thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>\n{notes}"
    )


def _row(row: tuple[str, ...], numeric: tuple[bool, ...]) -> str:
    first, *rest = zip(row, numeric, strict=True)
    cells = "".join(_cell("td", *cell) for cell in rest)
    return f"<tr>{_cell('th', *first, 'row')}{cells}</tr>\n"


def _cell(tag: str, text: str, numeric: bool, scope: str = "") -> str:
    attributes = f' scope="{scope}"' if scope else ""
    attributes += ' class="number"' if numeric else ""
    return f"<{tag}{attributes}>{_text(text)}</{tag}>"


def _messages(document: Document) -> str:
    if not document.messages:
        return ""
    items = "".join(f"<li>{_text(message)}</li>\n" for message in document.messages)
    return f"<h2>Warnings</h2>\n<ul>\n{items}</ul>\n"


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
