"""One report from saved results: summary, a section each, assumptions, footnotes, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from math import isclose
from typing import Any

from llmcost._version import __version__
from llmcost.catalog.sources import source_keys, sources
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, LlmcostError, shown
from llmcost.report import SOURCES, Footnote, Report, Section
from llmcost.studies.saved import Saved
from llmcost.studies.saved.collection import no_collection
from llmcost.studies.saved.record import file_text
from llmcost.table import Table
from llmcost.views.reports.citations import LLMCOST, cited, footnote
from llmcost.views.reports.methods import methods_text
from llmcost.views.reports.parts import Part

PARTS: dict[str, str] = {
    "estimate": "llmcost.views.reports.estimates:estimate_part",
    "comparison": "llmcost.views.reports.comparisons:comparison_part",
    "sensitivity": "llmcost.views.reports.sensitivities:sensitivity_part",
    "reconciliation": "llmcost.views.reports.claims:claim_part",
    "validation": "llmcost.views.reports.validations:validation_part",
    "layouts": "llmcost.views.reports.others:layouts_part",
    "facts": "llmcost.views.reports.others:facts_part",
    "method": "llmcost.views.reports.others:method_part",
    "track": "llmcost.views.reports.tracks:track_part",
    "bench": "llmcost.views.reports.benches:bench_part",
}
LONGEST_TITLE = 200
ASSUMPTIONS = Section(
    "assumptions",
    "Assumptions",
    ("Every value that the numbers rest on, its range, and where it comes from.",),
)


@no_collection()
def build_report(saved: Sequence[Saved], *, title: str | None = None) -> Report:
    """Return the report of some saved results, in their order.

    Raises InputError where there is none, or where one of them cannot be told.
    """
    if not saved:
        raise InputError("Got no result; needs one or more to report. Give the file of a result.")
    parts = [part_of(one) for one in saved]
    summary = _summary(parts, saved)
    sections = tuple(_sections(parts, saved, summary))
    methods = methods_text([one.data for one in saved])
    return Report(
        title=_title(parts, title),
        summary=summary,
        sections=sections,
        methods=methods,
        footnotes=tuple(_footnotes(sections, methods)),
        warnings=(*_differing(saved), *_warnings(parts, saved)),
        made_by=tuple(_made_by(saved)),
        results=tuple((one.name, one.data) for one in saved),
    )


def part_of(one: Saved) -> Part:
    """Return what a report says of one result; raises InputError that names its file."""
    module, _, function = PARTS[one.kind].partition(":")
    try:
        made: Part = getattr(import_module(module), function)(one)
    except LlmcostError as error:
        raise InputError(f"{file_text(one.name)}: {error}") from error
    return made


def _title(parts: Sequence[Part], title: str | None) -> str:
    if title is None:
        return parts[0].title
    words = " ".join(title.split())
    if not words or len(words) > LONGEST_TITLE:
        raise InputError(f"title: got {shown(title)}; needs from 1 to {LONGEST_TITLE} characters.")
    return words


def _summary(parts: Sequence[Part], saved: Sequence[Saved]) -> tuple[str, str]:
    """Return what was found first, and what moves it most, which setup is best, or its support."""
    others = list(zip(parts, saved, strict=True))[1:]
    for kind in ("sensitivity", "comparison"):
        for part, one in others:
            said = part.driver if kind == "sensitivity" else part.finding
            if one.kind == kind and said and _of_this_run(saved[0], one):
                return parts[0].finding, said
    return parts[0].finding, parts[0].support


def _of_this_run(first: Saved, other: Saved) -> bool:
    """Whether a sensitivity moves a number of the first estimate, or its training is compared."""
    if first.kind != "estimate":
        return False
    if other.kind == "sensitivity":
        result = other.data["result"]
        return _same(first.data["results"].get(result["name"]), result)
    flop = first.data["results"].get("model_flop")
    compared = (one["estimate"] for one in other.data["setups"])
    return any(one and _same(flop, one["results"].get("model_flop")) for one in compared)


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    if one is None or other is None or None in (one["value"], other["value"]):
        return False
    return isclose(one["value"], other["value"], rel_tol=1e-9)


def _sections(
    parts: Sequence[Part], saved: Sequence[Saved], summary: Sequence[str]
) -> Iterator[Section]:
    """Yield the section of each result, without what the summary says, and the assumptions."""
    used: list[str] = []
    titles = [part.section.title for part in parts]
    for part, one in zip(parts, saved, strict=True):
        used.append(part.section.name)
        number = used.count(part.section.name)
        name = part.section.name if number == 1 else f"{part.section.name}-{number}"
        words = tuple(text for text in part.section.paragraphs if text not in summary)
        own = part.section.title
        title = own if titles.count(own) == 1 else f"{own} ({one.name})"
        yield replace(part.section, name=name, title=title, paragraphs=words)
    tables = [
        (one.name, table)
        for part, one in zip(parts, saved, strict=True)
        for table in part.assumptions
    ]
    if tables:
        yield replace(ASSUMPTIONS, tables=tuple(_named(tables, several=len(parts) > 1)))


def _named(tables: Sequence[tuple[str, Table]], *, several: bool) -> Iterator[Table]:
    """Yield tables, named for their files where there is more than one result."""
    for at, (name, table) in enumerate(tables, start=1):
        told = f"{name}: {table.title}" if several and table.title else table.title or name
        yield replace(table, title=told, name=table.name if at == 1 else f"{table.name}-{at}")


def _footnotes(sections: Sequence[Section], methods: str) -> Iterator[Footnote]:
    known = sources()
    for key in dict.fromkeys([*_keys(sections), *cited(methods)]):
        if key in known or key == LLMCOST:
            yield footnote(key)


def _keys(sections: Sequence[Section]) -> Iterator[str]:
    """Yield the keys that sections name, in the order of reading."""
    for section in sections:
        for paragraph in section.paragraphs:
            yield from cited(paragraph)
        for table in section.tables:
            names = [field.name for field in table.fields]
            if SOURCES in names:
                at = names.index(SOURCES)
                cells = (row[at] for row in table.rows)
                yield from (key for cell in cells if cell for key in source_keys(str(cell)))


def _warnings(parts: Sequence[Part], saved: Sequence[Saved]) -> Iterator[str]:
    """Yield every warning once, with the files it is about where there are several."""
    about: dict[str, list[str]] = {}
    for part, one in zip(parts, saved, strict=True):
        for warning in dict.fromkeys(part.warnings):
            about.setdefault(warning, []).append(one.name)
    for warning, names in about.items():
        yield f"{', '.join(names)}: {warning}" if len(parts) > 1 else warning


def _differing(saved: Sequence[Saved]) -> Iterator[str]:
    """Yield which results another version of the program or of its data made."""
    own = {"llmcost_version": __version__, "data_version": data_version()}
    words = {"llmcost_version": "llmcost", "data_version": "data"}
    alike: dict[str, list[str]] = {}
    for one in saved:
        told = " and ".join(
            f"{words[key]} {one.data[key]} (this report: {value})"
            for key, value in own.items()
            if one.data.get(key, value) != value
        )
        alike.setdefault(told, []).append(one.name)
    for told, names in alike.items():
        if told:
            made = f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} made with {told}"
            yield f"{made}: the same command may give other numbers now."


def _made_by(saved: Sequence[Saved]) -> Iterator[tuple[str, str]]:
    several = len(saved) > 1
    for one in saved:
        label = f"Command of {one.name}" if several else "Command"
        yield label, str(one.data.get("command") or "not told by the file")
    alike = {_versions(one.data) for one in saved if _versions(one.data)}
    for one in saved:
        if told := _versions(one.data):
            yield ("Made by" if len(alike) == 1 else f"{one.name} made by"), told
            if len(alike) == 1:
                break
    yield "Report by", f"llmcost {__version__}, data {data_version()}"


def _versions(data: Mapping[str, object]) -> str:
    """Return the versions, seed, draws and interval behind a result, as far as it tells them."""
    told = []
    if "llmcost_version" in data:
        told.append(f"llmcost {data['llmcost_version']}, data {data.get('data_version')}")
    if isinstance(data.get("draws"), int) and isinstance(data.get("interval"), float):
        told.append(
            f"{data['draws']:,} draws, seed {data['seed']}, {data['interval']:.0%} intervals"
        )
    return "; ".join(told)
