"""A report as the page shows it: what the template writes out, with nothing left to decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from llmcost.picture import Picture
from llmcost.render.cells import visible
from llmcost.render.reports.citations import Citations, Piece
from llmcost.render.reports.embedded import (
    MOST_EMBEDDED,
    Embedded,
    embedded,
    json_for_page,
)
from llmcost.render.reports.page_tables import PageTable, page_table
from llmcost.render.reports.plotly_figures import figure
from llmcost.report import Footnote, Report, Section

COMMANDS = ("llmcost ", "python ")


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture: its words, the `figure` that the script draws as JSON, and its numbers."""

    identity: str
    title: str
    description: str
    source: str
    figure: str
    table: PageTable


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section of the page under its own heading."""

    identity: str
    title: str
    paragraphs: tuple[list[Piece], ...]
    pictures: tuple[PagePicture, ...]
    tables: tuple[PageTable, ...]


@dataclass(frozen=True, slots=True)
class PageFootnote:
    """A source: its words, the address that may be followed, the anchors that lead back."""

    number: int
    title: str
    about: str
    url: str
    second_hand: bool
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything that the page says, in its order."""

    title: str
    summary: tuple[list[Piece], ...]
    warnings: tuple[list[Piece], ...]
    sections: tuple[PageSection, ...]
    methods: tuple[list[Piece], ...]
    footnotes: tuple[PageFootnote, ...]
    made_by: tuple[tuple[str, str, bool], ...]
    results: tuple[Embedded, ...]

    @property
    def tables(self) -> list[PageTable]:
        """Return every table of the page, those behind pictures too."""
        sections = self.sections
        behind = [picture.table for section in sections for picture in section.pictures]
        return behind + [table for section in sections for table in section.tables]


def page_content(report: Report) -> PageContent:
    """Return what the page says of a report, its sources numbered."""
    citations = Citations(report)
    said = _paragraphs(report.summary, citations)
    warnings = _paragraphs(report.warnings, citations)
    numbers = count(1)
    sections = tuple(
        _section(section, at, numbers, citations)
        for at, section in enumerate(report.sections, start=1)
    )
    methods = _paragraphs(filter(None, report.methods.split("\n\n")), citations)
    return PageContent(
        title=visible(report.title),
        summary=said,
        warnings=warnings,
        sections=sections,
        methods=methods,
        footnotes=tuple(
            _footnote(note, at, citations) for at, note in enumerate(report.footnotes, start=1)
        ),
        made_by=tuple(_made_by(label, text) for label, text in report.made_by),
        results=_results(report.results),
    )


def _paragraphs(texts: Iterable[str], citations: Citations) -> tuple[list[Piece], ...]:
    return tuple(citations.in_words(text) for text in texts)


def _section(
    section: Section, at: int, numbers: Iterator[int], citations: Citations
) -> PageSection:
    identity = f"section-{at}"
    return PageSection(
        identity=identity,
        title=visible(section.title),
        paragraphs=_paragraphs(section.paragraphs, citations),
        pictures=tuple(
            _picture(picture, f"picture-{next(numbers)}", citations) for picture in section.pictures
        ),
        tables=tuple(
            page_table(table, f"{identity}-table-{number}", citations)
            for number, table in enumerate(section.tables, start=1)
        ),
    )


def _picture(picture: Picture, identity: str, citations: Citations) -> PagePicture:
    return PagePicture(
        identity=identity,
        title=visible(picture.title),
        description=visible(picture.description),
        source=visible(picture.source),
        figure=json_for_page(figure(picture)),
        table=page_table(picture.table, f"{identity}-numbers", citations),
    )


def _footnote(note: Footnote, number: int, citations: Citations) -> PageFootnote:
    accessed = f"read {note.accessed}" if note.accessed else ""
    about = [visible(text) for text in (note.authors, note.published, accessed) if text]
    return PageFootnote(
        number=number,
        title=visible(note.title or note.key),
        about=", ".join(about),
        url=visible(note.url) if _may_be_followed(note.url) else "",
        second_hand=note.second_hand,
        anchors=tuple(citations.anchors.get(number, ())),
    )


def _may_be_followed(url: str) -> bool:
    """Return whether an address leads to a page of the web, and not to a script or a file."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _made_by(label: str, text: str) -> tuple[str, str, bool]:
    """Return a line of how the page was made, and whether its text is a command to copy."""
    return visible(label), visible(text), text.startswith(COMMANDS)


def _results(results: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Embedded, ...]:
    left = MOST_EMBEDDED
    made = []
    for number, (name, data) in enumerate(results, start=1):
        each = embedded(data, visible(name), number, left)
        left = each.room_left
        made.append(each)
    return tuple(made)
