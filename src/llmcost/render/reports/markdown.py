"""``markdown``: a report as GitHub reads it, with its pictures as SVG in a folder beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmcost.catalog.sources import source_keys
from llmcost.picture import Picture
from llmcost.render.cells import Grid, grid, visible
from llmcost.render.markdown import escaped
from llmcost.render.reports.beside import (
    cut,
    drawn,
    folder_of,
    pictures_beside,
    sources_at,
)
from llmcost.render.reports.bibtex import address, entry_keys, remarks
from llmcost.render.reports.citations import BETWEEN_KEYS, CITED
from llmcost.report import Footnote, Report, Section
from llmcost.table import Table

MOST_ROWS = 200
BRACKETS = re.compile(r"(?<!\\)[\[\]]")
CODE_FENCE = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class _Marks:
    """The footnotes that a text may name, by the label of each."""

    labels: dict[str, str]

    def of_keys(self, keys: Iterable[str]) -> str:
        """Return the marks of footnotes, and the bare key where there is none of it."""
        return " ".join(self._mark(key) for key in keys)

    def _mark(self, key: str) -> str:
        return f"[^{self.labels[key]}]" if key in self.labels else escaped(f"({key})")

    def in_words(self, text: str) -> str:
        """Return a text as Markdown, whose ``[@key]`` are footnotes right after their word."""
        pieces: list[str] = []
        end = 0
        for match in CITED.finditer(text):
            keys = BETWEEN_KEYS.split(match[1])
            before = escaped(text[end : match.start()])
            pieces.append(before.removesuffix(" ") if keys[0] in self.labels else before)
            pieces.append(self.of_keys(keys))
            end = match.end()
        return "".join([*pieces, escaped(text[end:])])

    def of_row(self, row: tuple[str, ...], at: int | None) -> tuple[str, ...]:
        """Return the cells of a row as Markdown; the one at `at` holds keys."""
        cells = [_cell(text) for text in row]
        if at is not None and (keys := source_keys(row[at])):
            cells[at] = self.of_keys(keys)
        return tuple(cells)


def markdown(report: Report, name: str = "report") -> dict[str, bytes]:
    """Return the report as ``NAME.md`` and one SVG a picture in ``NAME_files``.

    Raises MissingExtraError where matplotlib is not installed.
    """
    folder = folder_of(name)
    text = markdown_text(report, folder)
    return {f"{name}.md": text.encode("utf-8", "backslashreplace"), **drawn(report, folder, "svg")}


def markdown_text(report: Report, folder: str) -> str:
    """Return the report as Markdown that finds its pictures in `folder`."""
    marks = _Marks(dict(entry_keys(report.footnotes)))
    paths = iter([path for path, _ in pictures_beside(report, folder, "svg")])
    blocks = [f"# {escaped(report.title)}", *map(marks.in_words, report.summary)]
    blocks += _warnings(report.warnings, marks)
    for section in report.sections:
        blocks += _section(section, paths, marks)
    blocks += ["## Methods", marks.in_words(report.methods)] if report.methods else []
    blocks += ["## Made by", *_made_by(report.made_by)] if report.made_by else []
    blocks += ["\n".join(_footnote(marks.labels[note.key], note) for note in report.footnotes)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def in_markdown(text: str, notes: Sequence[Footnote]) -> tuple[str, str]:
    """Return a text as Markdown and the footnotes that it names."""
    marks = _Marks(dict(entry_keys(notes)))
    return marks.in_words(text), "\n".join(
        _footnote(marks.labels[note.key], note) for note in notes
    )


def _warnings(warnings: Iterable[str], marks: _Marks) -> list[str]:
    told = [f"> - {marks.in_words(warning)}" for warning in warnings]
    return ["\n".join(["> **Warnings**", ">", *told])] if told else []


def _section(section: Section, paths: Iterator[str], marks: _Marks) -> Iterator[str]:
    yield f"## {escaped(section.title)}"
    yield from map(marks.in_words, section.paragraphs)
    for picture in section.pictures:
        yield from _picture(picture, next(paths), marks)
    for table in section.tables:
        yield from _table(cut(table, MOST_ROWS), marks)


def _picture(picture: Picture, path: str, marks: _Marks) -> Iterator[str]:
    """Yield a picture, which shows its own title and source, and its text alternative."""
    words = BRACKETS.sub(r"\\\g<0>", escaped(picture.title))
    yield f"![{words}]({path})"
    yield marks.in_words(picture.description)


def _table(table: Table, marks: _Marks) -> Iterator[str]:
    shown = grid(table)
    if shown.title:
        yield f"**{escaped(shown.title)}**"
    yield _rows(shown, sources_at(table), marks)
    yield from map(marks.in_words, shown.notes)


def _rows(shown: Grid, at: int | None, marks: _Marks) -> str:
    if not shown.rows:
        return "(no rows)"
    rule = f"|{'|'.join('---:' if numeric else ':---' for numeric in shown.numeric)}|"
    head, *rows = [
        f"| {' | '.join(cells)} |"
        for cells in (map(escaped, shown.headings), *(marks.of_row(row, at) for row in shown.rows))
    ]
    return "\n".join([head, rule, *rows])


def _cell(text: str) -> str:
    """Return a cell that keeps its indent, which Markdown would drop."""
    rest = text.lstrip(" ")
    return "&nbsp;" * (len(text) - len(rest)) + escaped(rest)


def _made_by(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "\n".join(f"- {escaped(label)}: {_code(text)}" for label, text in told)


def _code(text: str) -> str:
    """Return text as code, in a fence longer than any inside it."""
    plain = visible(text) or " "
    longest = max(map(len, CODE_FENCE.findall(plain)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{blank}{plain}{blank}{fence}"


def _footnote(label: str, note: Footnote) -> str:
    authors = f"{escaped(note.authors.removesuffix('.'))}. " if note.authors else ""
    dated = f", {escaped(note.published)}" if note.published else ""
    url = address(note.url)
    where = f" <{url}>." if url else ""
    read = f" {escaped(remarks(note))}." if remarks(note) else ""
    return f"[^{label}]: {authors}*{escaped(note.title or note.key)}*{dated}.{where}{read}"
