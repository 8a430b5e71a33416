"""A measured machine in a report: what it reaches, beside what it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from llmcost.report import Section
from llmcost.studies.benching.answer import bench_of
from llmcost.studies.saved import Saved
from llmcost.studies.tracking.answer import Reading
from llmcost.views.benches import TITLES, bench_document, bench_title, result_text
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part

# What a reader wants first, as far as it was measured.
TOLD = ("best_matmul_rate", "memory_rate", "step_time", "mfu", "residual")
SUPPORT = "Each figure is a median of repeated measurements on the machine itself."


def bench_part(saved: Saved) -> Part:
    """Return what a report says of a measured machine."""
    bench = bench_of(saved.data)
    title = bench_title(bench)
    told = ", ".join(_told(bench.results))
    finding = f"{bench.device} reached: {told}." if told else "Nothing was measured."
    made = bench_document(bench)
    tables = tuple(replace(table, name=f"bench_{table.name}") for table in made.tables)
    return Part(
        title,
        finding,
        SUPPORT,
        Section(saved.kind, title, (finding, SUPPORT), pictures(saved), tables),
        warnings=made.messages,
    )


def _told(results: Mapping[str, Reading]) -> Iterator[str]:
    for name in TOLD:
        one = results[name]
        if one.value is not None:
            title = TITLES[name]
            words = title if title[1:2].isupper() else title[0].lower() + title[1:]
            yield f"{words} {result_text(name, one)}"
