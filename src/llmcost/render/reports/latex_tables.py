"""Tables of a report in LaTeX: ``S`` columns for bare numbers, pages where they are long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from llmcost.catalog.sources import source_keys
from llmcost.render.cells import Grid, display_width, grid
from llmcost.render.latex import INDENT, escaped
from llmcost.render.reports.beside import cut, sources_at
from llmcost.render.reports.latex_words import citation, cited, words
from llmcost.table import Table

MOST_ROWS = 500
# A table of more lines than these may break over pages.
LONG = 34
MOST_WEIGHED = 40
# So many characters fit on a line: of the size of the text, and of smaller ones.
SIZES = ((82, ""), (90, r"\small"), (98, r"\footnotesize"), (106, r"\scriptsize"), (132, r"\tiny"))
GAP = 2
LEAST = 9
LONGEST_WORD = 24
_BARE = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its type in LaTeX, how wide it is and may get, whether siunitx sets it."""

    kind: str
    width: int
    least: int
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """Columns of a table that fit side by side: their size and types, and rows of so many lines."""

    size: str
    kinds: str
    head: str
    rows: list[str]
    lines: int

    def text(self, title: str, notes: list[str]) -> str:
        """Return the part as LaTeX; one of many lines may break over pages."""
        return self._long(title, notes) if self.lines > LONG else self._float(title, notes)

    def _float(self, title: str, notes: list[str]) -> str:
        lines = [r"\begin{table}[H]", r"\centering", self.size, r"\setlength{\tabcolsep}{3pt}"]
        lines += [f"\\caption{{{title}}}" if title else ""]
        lines += [f"\\begin{{tabular}}{{@{{}}{self.kinds}@{{}}}}", r"\toprule", f"{self.head} \\\\"]
        lines += [r"\midrule", *self.rows, r"\bottomrule", r"\end{tabular}"]
        lines += [r"\par\smallskip" if notes else "", *notes, r"\end{table}"]
        return "\n".join(filter(None, lines))

    def _long(self, title: str, notes: list[str]) -> str:
        head = [r"\toprule", f"{self.head} \\\\", r"\midrule"]
        lines = ["{", self.size, r"\setlength{\tabcolsep}{3pt}"]
        lines += [f"\\begin{{longtable}}{{@{{}}{self.kinds}@{{}}}}"]
        lines += [f"\\caption{{{title}}}\\\\" if title else "", *head, r"\endfirsthead", *head]
        lines += [r"\endhead", r"\bottomrule", r"\endfoot", *self.rows, r"\end{longtable}", "}"]
        return "\n".join(filter(None, [*lines, *notes]))


def latex_table(table: Table, keys: Mapping[str, str]) -> str:
    """Return a table with the rules of booktabs, its cells of keys as citations."""
    table = cut(table, MOST_ROWS)
    shown = grid(table)
    if not shown.rows:
        return f"\\textbf{{{escaped(shown.title)}:}} no rows." if shown.title else ""
    at = sources_at(table)
    columns = _columns(shown, at)
    groups = _groups(columns)
    parts = [_part(shown, [columns[place] for place in group], group, at, keys) for group in groups]
    notes = [f"{{\\footnotesize {cited(note, keys)}\\par}}" for note in shown.notes]
    last = len(parts)
    return "\n\n".join(
        part.text(_numbered(shown.title, number, last), notes if number == last else [])
        for number, part in enumerate(parts, start=1)
    )


def _groups(columns: list[_Column]) -> list[list[int]]:
    """Return which columns stand together, the first in all parts, where a line is too short."""
    groups, room = [[0]], SIZES[-1][0]
    used = columns[0].least + GAP
    for place, column in enumerate(columns[1:], start=1):
        if used + column.least + GAP > room and len(groups[-1]) > 1:
            groups.append([0])
            used = columns[0].least + GAP
        groups[-1].append(place)
        used += column.least + GAP
    return groups


def _numbered(title: str, number: int, last: int) -> str:
    told = words(title)
    return f"{told} (part {number} of {last})".lstrip() if last > 1 else told


def _part(
    shown: Grid, columns: list[_Column], group: list[int], at: int | None, keys: Mapping[str, str]
) -> _Part:
    """Return those columns of a table that stand together."""
    rows = [tuple(row[place] for place in group) for row in shown.rows]
    heads = [shown.headings[place] for place in group]
    own = group.index(at) if at in group else None
    size, columns, lines = _fitted(columns, [_widths(row, own) for row in rows])
    told = [_row(_cells(row, own, keys), row, columns) for row in rows]
    head = " & ".join(_head(text, column) for text, column in zip(heads, columns, strict=True))
    return _Part(size, "".join(column.kind for column in columns), head, told, lines)


def _cells(row: tuple[str, ...], at: int | None, keys: Mapping[str, str]) -> list[str]:
    """Return the cells of a row as LaTeX; the one at `at` holds keys."""
    made = [_cell(text) for text in row]
    if at is not None and (listed := source_keys(row[at])):
        made[at] = citation(listed, keys)
    return made


def _cell(text: str) -> str:
    rest = text.lstrip(" ")
    return (INDENT if text != rest else "") + words(rest)


def _columns(shown: Grid, at: int | None) -> list[_Column]:
    return [_column(shown, place, sources=place == at) for place in range(len(shown.headings))]


def _widths(row: tuple[str, ...], at: int | None) -> tuple[int, ...]:
    """Return how many characters each cell takes; a citation takes about four a key."""
    return tuple(
        4 * len(source_keys(text)) if place == at else max(1, display_width(text))
        for place, text in enumerate(row)
    )


def _column(shown: Grid, place: int, *, sources: bool) -> _Column:
    texts = [row[place] for row in shown.rows]
    head = shown.headings[place]
    if sources:
        width = max(LEAST, 4 * max(len(source_keys(text)) for text in texts))
        return _Column("p", width, LEAST)
    width = max(map(display_width, (head, *texts)))
    word = max(display_width(word) for text in (head, *texts) for word in text.split() or [""])
    least = min(width, max(LEAST, word), LONGEST_WORD)
    told = [text for text in texts if _BARE.fullmatch(text)]
    if shown.numeric[place] and told and all(text in told or text in ("", "—") for text in texts):
        return _Column(f"S[table-format={_format(told)}]", width, least, bare=True)
    return _Column("r" if shown.numeric[place] else "l", width, least)


def _format(texts: list[str]) -> str:
    """Return the places that siunitx keeps before and after the point, and for the exponent."""
    parts = [text.replace(",", "").partition("e") for text in texts]
    whole = max(len(number.lstrip("-").partition(".")[0]) for number, _, _ in parts)
    after = max(len(number.partition(".")[2]) for number, _, _ in parts)
    power = max(len(exponent.lstrip("+-")) for _, _, exponent in parts)
    sign = "-" if any(number.startswith("-") for number, _, _ in parts) else ""
    low = "-" if any(exponent.startswith("-") for _, _, exponent in parts) else ""
    tail = f"e{low}{'9' * power}" if power else ""
    return f"{sign}{whole}.{after}{tail}"


def _fitted(columns: list[_Column], rows: list[tuple[int, ...]]) -> tuple[str, list[_Column], int]:
    """Return a size of the text, the columns that fit a line, and how many lines that makes.

    The wide columns become paragraphs; `rows` are the widths of the cells.
    """
    gaps = GAP * len(columns)
    natural = sum(column.width for column in columns) + gaps
    least = sum(column.least for column in columns) + gaps
    fitting = [one for one in SIZES if natural <= one[0]]
    most, size = (fitting or [one for one in SIZES[-2:] if least <= one[0]] or SIZES[-1:])[0]
    widths = narrowed(columns, rows, most - gaps)
    fitted = [
        _paragraph(column, width / most) if width < column.width or column.kind == "p" else column
        for column, width in zip(columns, widths, strict=True)
    ]
    return size, fitted, _lines(rows, widths)


def narrowed(columns: list[_Column], rows: list[tuple[int, ...]], spare: int) -> list[int]:
    """Return widths of columns that fit into `spare`, cut where it adds the fewest lines.

    No column is cut below its least width.
    """
    widths = [column.width for column in columns]
    some = rows[:: len(rows) // MOST_WEIGHED + 1]
    while sum(widths) > spare:
        less = [_less(widths, at, column.least) for at, column in enumerate(columns)]
        cuts = [(_lines(some, cut), -width, cut) for cut, width in zip(less, widths, strict=True)]
        cuts = [cut for cut in cuts if cut[2] != widths]
        if not cuts:
            break
        widths = min(cuts)[2]
    return widths


def _less(widths: list[int], at: int, least: int) -> list[int]:
    step = 1 + widths[at] // 16
    return [*widths[:at], max(least, widths[at] - step), *widths[at + 1 :]]


def _lines(rows: list[tuple[int, ...]], widths: list[int]) -> int:
    """Return how many lines the rows take when each cell is broken at the width of its column."""
    return sum(
        max(-(-cell // width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _paragraph(column: _Column, share: float) -> _Column:
    side = r"\raggedleft" if column.kind == "r" or column.bare else r"\raggedright"
    kind = f">{{{side}\\arraybackslash}}p{{{share:.3f}\\linewidth}}"
    return _Column(kind, column.width, column.least)


def _head(text: str, column: _Column) -> str:
    """Return a heading; siunitx sets as text what stands in braces."""
    return f"{{{escaped(text)}}}" if column.bare else escaped(text)


def _row(cells: list[str], texts: tuple[str, ...], columns: list[_Column]) -> str:
    told = (
        _bare(text) if column.bare else cell
        for cell, text, column in zip(cells, texts, columns, strict=True)
    )
    return " & ".join(told) + r" \\"


def _bare(text: str) -> str:
    return text.replace(",", "") if _BARE.fullmatch(text) else f"{{{escaped(text)}}}"
