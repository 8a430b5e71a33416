"""``table`` and ``plain``: aligned columns that fit the width of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from llmcost.render import bars as bar
from llmcost.render.ascii_text import in_ascii
from llmcost.render.cells import Grid, display_width, grid, visible, wrapped
from llmcost.table import Document, Table

GAP = "  "
NARROWEST = 20
WIDEST_WORD = 16
NOTHING = "(no rows)"
WARNINGS = "Warnings"
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Style:
    """How lines are drawn: the characters allowed, the rule under headings, colour or none."""

    width: int
    text: Callable[[str], str]
    rule: str
    colour: bool = False

    def marked(self, lines: Sequence[str], mark: str) -> list[str]:
        """Return lines made bold or dim, where colour is wanted."""
        if not self.colour:
            return list(lines)
        return [f"{mark}{line}{RESET}" if line else line for line in lines]


def table(document: Document, *, width: int, colour: bool) -> str:
    """Return the answer as Unicode text of at most `width` columns; headings bold on request."""
    return _laid_out(document, Style(max(width, NARROWEST), str, "─", colour))


def plain(document: Document, *, width: int, colour: bool) -> str:
    """Return the answer as ASCII text without rules or colour, whatever `colour` says."""
    del colour
    return _laid_out(document, Style(max(width, NARROWEST), in_ascii, ""))


def _laid_out(document: Document, style: Style) -> str:
    title = style.text(visible(document.title))
    blocks = [style.marked(wrapped(title, style.width), BOLD)]
    for one in document.tables:
        shown = _without_title(grid(one), document.title)
        blocks.append(_block(shown, style, one if one.bars else None))
    blocks.append(_messages(document.messages, style))
    blocks.append(style.marked(_paragraph(document.footer, style), DIM))
    return "\n\n".join("\n".join(block) for block in blocks if any(block)) + "\n"


def _without_title(shown: Grid, title: str) -> Grid:
    return replace(shown, title="") if shown.title == visible(title) else shown


def _paragraph(text: str, style: Style) -> list[str]:
    return wrapped(style.text(visible(text)), style.width) if text else []


def _messages(messages: Sequence[str], style: Style) -> list[str]:
    if not messages:
        return []
    lines = style.marked([f"{WARNINGS}:"], BOLD)
    for message in messages:
        lines += _hanging("- ", style.text(visible(message)), style.width)
    return lines


def _hanging(lead: str, text: str, width: int) -> list[str]:
    first, *rest = wrapped(text, width - len(lead))
    return [lead + first, *(" " * len(lead) + line for line in rest)]


def _block(shown: Grid, style: Style, barred: Table | None) -> list[str]:
    """Return the lines of one table: its title, its columns or stacked rows, its notes."""
    lines = style.marked(_paragraph(shown.title, style), BOLD)
    body = _restyled(shown, style)
    if not body.rows:
        lines.append(NOTHING)
    elif barred and (beside := _bars_beside(body, barred, style)):
        lines += beside
    else:
        under = _bars(barred, min(style.width, bar.WIDEST), style) if barred else ()
        if widths := column_widths(body, style.width):
            lines += _columns(body, widths, style, under)
        else:
            lines += _stacked(body, style, under)
        lines += _paragraph(barred.bars.title, style) if barred and barred.bars else []
    if shown.notes:
        lines.append("")
    for note in shown.notes:
        lines += style.marked(_paragraph(note, style), DIM)
    return lines


def _restyled(shown: Grid, style: Style) -> Grid:
    return replace(
        shown,
        headings=tuple(map(style.text, shown.headings)),
        rows=tuple(tuple(map(style.text, row)) for row in shown.rows),
    )


def _bars(barred: Table, width: int, style: Style) -> tuple[str, ...]:
    return tuple(style.text(line) for line in bar.bar_lines(barred, width))


def _bars_beside(body: Grid, barred: Table, style: Style) -> list[str]:
    """Return rows with their bars as a last column, or no lines where that is too narrow."""
    widths = _widths_beside(body, style.width - len(GAP))
    if not widths:
        return []
    used = sum(widths) + len(GAP) * len(widths)
    bars = _bars(barred, min(style.width - used, bar.WIDEST), style)
    title = style.text(visible(barred.bars.title)) if barred.bars else ""
    whole = replace(
        body,
        headings=(*body.headings, title),
        numeric=(*body.numeric, False),
        rows=tuple((*row, line) for row, line in zip(body.rows, bars, strict=True)),
    )
    return _columns(whole, [*widths, display_width(bars[0])], style)


def _widths_beside(body: Grid, width: int) -> list[int]:
    """Return the widths of columns that leave room for bars, the most with every row on one line.

    Rows that wrap anyway have bars of some width beside them, or none.
    """
    for room in range(bar.WIDEST, bar.NARROWEST - 1, -1):
        widths = column_widths(body, width - room)
        if widths and _on_one_line(body, widths):
            return widths
    return column_widths(body, width - bar.BESIDE_WRAPPED)


def _on_one_line(body: Grid, widths: Sequence[int]) -> bool:
    return all(
        display_width(cell) <= width
        for row in body.rows
        for cell, width in zip(row, widths, strict=True)
    )


def column_widths(shown: Grid, width: int) -> list[int]:
    """Return the width of each column, or none at all when the columns cannot stand side by side.

    A column of numbers is never narrower than its widest number; columns of text share the rest.
    Cells grow first, so that rows stay on one line; headings take what is left.
    """
    least, wanted, headed = [], [], []
    for heading, numeric, cells in zip(
        shown.headings, shown.numeric, zip(*shown.rows, strict=True), strict=True
    ):
        widest = max(map(display_width, cells))
        narrowest = widest if numeric else min(_longest_word(cells), WIDEST_WORD)
        least.append(max(narrowest, _longest_word([heading]), 1))
        wanted.append(max(widest, least[-1]))
        headed.append(max(display_width(heading), wanted[-1]))
    room = width - len(GAP) * (len(least) - 1)
    if sum(least) > room:
        return []
    grown = _grown(least, wanted, room - sum(least))
    for at, have in enumerate(grown):
        if sum(grown) - have + headed[at] <= room:
            grown[at] = headed[at]
    return grown


def _longest_word(texts: Sequence[str]) -> int:
    return max((display_width(word) for text in texts for word in text.split()), default=0)


def _grown(widths: list[int], wanted: list[int], spare: int) -> list[int]:
    """Return the widths after sharing `spare` evenly among the columns that want more."""
    widths = list(widths)
    while spare and (hungry := [i for i, have in enumerate(widths) if have < wanted[i]]):
        share = max(1, spare // len(hungry))
        for i in hungry:
            given = min(share, wanted[i] - widths[i], spare)
            widths[i] += given
            spare -= given
    return widths


def _columns(
    shown: Grid, widths: Sequence[int], style: Style, under: Sequence[str] = ()
) -> list[str]:
    """Return headings and rows in columns; under each row its line of `under`, if there are any."""
    headings = list(_row(shown.headings, shown.numeric, widths))
    lines = style.marked(headings, BOLD)
    if style.rule:
        lines.append(GAP.join(style.rule * width for width in widths))
    for at, row in enumerate(shown.rows):
        lines += _row(row, shown.numeric, widths)
        lines += [line.rstrip() for line in under[at : at + 1]]
    return lines


def _row(cells: Sequence[str], numeric: Sequence[bool], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of one row, each cell wrapped in its own column."""
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, columns))):
        pieces = [column[number] if number < len(column) else "" for column in columns]
        padded = map(_padded, pieces, widths, numeric)
        yield GAP.join(padded).rstrip()


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def _stacked(shown: Grid, style: Style, under: Sequence[str] = ()) -> list[str]:
    """Return each row as lines of heading and value, for a table too wide for the page."""
    widest = max(map(display_width, shown.headings))
    left = min(widest, (style.width - len(GAP)) // 2)
    widths = (left, style.width - len(GAP) - left)
    blocks = [
        "\n".join(
            [
                line
                for pair in zip(shown.headings, row, strict=True)
                for line in _row(pair, (False, False), widths)
            ]
            + [line.rstrip() for line in under[at : at + 1]]
        )
        for at, row in enumerate(shown.rows)
    ]
    return "\n\n".join(blocks).split("\n")
