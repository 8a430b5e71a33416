"""``markdown``: tables as GitHub and most other places read them."""

from __future__ import annotations

import re

from llmcost.render.cells import Grid, grid, visible
from llmcost.table import Document

ALWAYS = re.compile(r"[\\`*|~#]|\](?=[(\[])|!(?=\[)|(?<![^\W_])_|_(?![^\W_])")
ENTITY = re.compile(r"&(?=[#\w])")
LINE_START = re.compile(r"^(\d*)([+\-=]|(?<=\d)[.)])")


def markdown(document: Document) -> str:
    """Return the answer as GitHub Markdown, every character of its text shown as it is."""
    blocks = [f"## {escaped(document.title)}" if document.title else ""]
    for table in document.tables:
        shown = grid(table)
        title = "" if shown.title == visible(document.title) else shown.title
        blocks.append(f"**{escaped(title)}**" if title else "")
        blocks.append(_rows(shown))
        blocks += [_paragraph(note) for note in shown.notes]
    if document.messages:
        blocks.append("**Warnings**")
        blocks.append("\n".join(f"- {_paragraph(message)}" for message in document.messages))
    blocks.append(_paragraph(document.footer))
    return "\n\n".join(block for block in blocks if block) + "\n"


def escaped(text: str) -> str:
    """Return text on one line with everything that Markdown or HTML would act on made plain.

    >>> escaped("a|b <i> h100_sxm *x*")
    'a\\\\|b &lt;i&gt; h100_sxm \\\\*x\\\\*'
    """
    marked = ALWAYS.sub(lambda match: "\\" + match[0], visible(text))
    return ENTITY.sub("&amp;", marked).replace("<", "&lt;").replace(">", "&gt;")


def _paragraph(text: str) -> str:
    """Return text that starts a line, where a dash or a number would start a list."""
    return LINE_START.sub(r"\1\\\2", escaped(text.strip()))


def _rows(shown: Grid) -> str:
    from tabulate import tabulate

    headings = [escaped(heading) for heading in shown.headings]
    rows = [[_cell(cell) for cell in row] for row in shown.rows]
    if not rows:
        return "(no rows)"
    alignment = ["right" if numeric else "left" for numeric in shown.numeric]
    return str(tabulate(rows, headings, tablefmt="pipe", disable_numparse=True, colalign=alignment))


def _cell(text: str) -> str:
    """Return a cell that keeps its indent, which Markdown would drop."""
    rest = text.lstrip(" ")
    return "&nbsp;" * (len(text) - len(rest)) + escaped(rest)
