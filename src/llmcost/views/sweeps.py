"""Sweeps to documents: what a plan will take, what a run made, how far a folder is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, quantity_text
from llmcost.studies.sweeping.folder import Folder
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.sweep_previews import preview_table

if TYPE_CHECKING:
    from llmcost.studies.sweeping.axes import Axis
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.merging import Merged
    from llmcost.studies.sweeping.plan import Plan
    from llmcost.studies.sweeping.previews import Preview
    from llmcost.studies.sweeping.running import SweepReport
    from llmcost.studies.sweeping.sizing import Size
    from llmcost.studies.sweeping.statuses import Status

PLAN_SCHEMA = "llmcost.sweep-plan/1"
REPORT_SCHEMA = "llmcost.sweep-report/1"
STATUS_SCHEMA = "llmcost.sweep-status/1"
# What is told of each keep before a run.
KEPT = ("keep", "what", "rows", "bytes")
STEPS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def plan_document(plan: Plan, size: Size, folder: str, workers: int) -> Document:
    """Return the document of a plan that is not run: its grid, its size, and what it would keep."""
    facts = _size_facts(size, workers)
    tables = (
        _axes_table(plan),
        _facts_table("size", "What it would take", facts),
        _keeps(plan, size),
    )
    return Document(
        title=f"{plan.identity} · nothing is run, nothing is written",
        tables=tables,
        flat=tables[2],
        data={
            "schema": PLAN_SCHEMA,
            "identity": plan.identity,
            "folder": folder,
            "workers": workers,
            "plan": plan.to_dict(),
            "size": size.to_dict(),
            "results": [dict(zip(KEPT, row, strict=True)) for row in tables[2].rows],
        },
        footer="Time is measured on a small part of the grid; rows and sizes are upper bounds.",
    )


def size_line(size: Size, workers: int) -> str:
    """Return how large a sweep is, in one sentence."""
    blocking = size.blocking
    about = "at most " if blocking.exact else "about "
    evaluations, blocks = (
        counted(blocking.evaluations, "evaluation"),
        counted(blocking.blocks, "block"),
    )
    time = seconds_text(size.seconds / workers)
    stored = quantity_text(sum(size.bytes.values()), "byte")
    return (
        f"{about}{evaluations} in {blocks}, about {time} on {counted(workers, 'worker')}; "
        f"results of at most {stored}."
    )


def sweep_document(report: SweepReport, previews: Sequence[Preview] = ()) -> Document:
    """Return the document of a run of a sweep: what it did, and the first rows of each result."""
    done = _facts_table("sweep", "What this run did", _report_facts(report))
    files = _files_table(report.merged, report.folder)
    tables = [
        *(preview_table(one) for one in previews),
        *([files] if report.results else []),
        done,
    ]
    return Document(
        title=f"{report.identity} · {report.outcome}",
        tables=tuple(tables),
        flat=files,
        data=_report_data(report),
        messages=tuple(_report_messages(report)),
    )


def shape_of_results() -> Document:
    """Return a document with the fields of results and nothing in it: what a run will tell."""
    return Document("", (), _files_table(None, Path()), {"results": {}})


def merged_document(merged: Merged, folder: Path, previews: Sequence[Preview] = ()) -> Document:
    """Return the document of results that were just written."""
    files = _files_table(merged, folder)
    return Document(
        title=f"{merged.identity} · all blocks are there",
        tables=(*(preview_table(one) for one in previews), files),
        flat=files,
        data={
            "schema": REPORT_SCHEMA,
            "folder": str(folder),
            "identity": merged.identity,
            "evaluations": merged.evaluations,
            "configurations": merged.configurations,
            **_merged_data(merged, folder),
        },
    )


def status_document(status: Status) -> Document:
    """Return the document of how far a sweep is."""
    facts = _facts_table("status", "The folder", _status_facts(status))
    messages = []
    if status.missing:
        messages.append(
            f"Blocks that lack: {_listed(status.missing, status.blocks - status.done)}."
        )
    if status.damaged:
        damaged = _listed(status.damaged, len(status.damaged))
        messages.append(f"Blocks that are damaged, and done again: {damaged}.")
    if status.why_not_here:
        messages.append(status.why_not_here)
    data: dict[str, Any] = {
        name: getattr(status, name)
        for name in (
            *("identity", "kernel", "llmcost_version", "created", "command", "blocks", "done"),
            *("evaluations", "expected", "seconds", "latest", "why_not_here", "complete"),
        )
    }
    data |= {"missing": list(status.missing), "damaged": list(status.damaged)}
    data |= {"hosts": dict(status.hosts), "folder": str(status.folder)}
    return Document(
        title=f"{status.identity} · {status.done:,} of {counted(status.blocks, 'block')}",
        tables=(facts,),
        flat=facts,
        data={"schema": STATUS_SCHEMA, **data},
        messages=tuple(messages),
    )


def seconds_text(seconds: float) -> str:
    """Return a time as people say it.

    >>> seconds_text(75.0), seconds_text(0.2), seconds_text(200_000.0)
    ('1.2 min', '0.2 s', '2.3 d')
    """
    if not isfinite(seconds):
        return EM_DASH
    for step, unit in STEPS:
        if seconds >= step:
            return f"{seconds / step:,.1f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "block"), counted(2_400, "block"), counted(3_200_000, "evaluation")
    ('1 block', '2,400 blocks', '3.2M evaluations')
    """
    text = f"{number:,}" if number < 1_000_000 else quantity_text(float(number))
    return f"{text} {noun}{'' if number == 1 else 's'}"


def _listed(numbers: Sequence[int], count: int) -> str:
    """Return the first of so many numbers."""
    told = numbers[:20]
    more = count - len(told)
    return ", ".join(map(str, told)) + (f" and {more:,} more" if more else "")


def _facts_table(name: str, title: str, facts: Mapping[str, tuple[Cell, str]]) -> Table:
    fields = (Field("name", title), Field("value", "Value"))
    rows = tuple((label, value) for label, (value, _) in facts.items())
    texts = tuple((label, text) for label, (_, text) in facts.items())
    return Table(name, fields, rows, texts=texts)


def _size_facts(size: Size, workers: int) -> dict[str, tuple[Cell, str]]:
    blocking = size.blocking
    about = "at most " if blocking.exact else "about "
    return {
        "Cases": (blocking.cases, f"{blocking.cases:,}"),
        "Configurations": (blocking.configurations, about + f"{blocking.configurations:,}"),
        "Evaluations": (blocking.evaluations, about + f"{blocking.evaluations:,}"),
        "Blocks": (blocking.blocks, f"{blocking.blocks:,}"),
        "Rate of one worker (evaluations/s)": (size.rate, quantity_text(size.rate)),
        "Time of one worker": (size.seconds, seconds_text(size.seconds)),
        f"Time of {counted(workers, 'worker')}": (
            size.seconds / workers,
            seconds_text(size.seconds / workers),
        ),
    }


def _report_facts(report: SweepReport) -> dict[str, tuple[Cell, str]]:
    rate = report.evaluations / report.seconds if report.seconds else 0.0
    found: dict[str, tuple[Cell, str]] = {
        "Folder": (str(report.folder), str(report.folder)),
        "Engine": (report.engine, f"{report.engine}, {counted(report.workers, 'worker')}"),
        "Kernel": (report.kernel, report.kernel),
        "Blocks done": (report.done, f"{report.done:,} of {report.blocks:,}"),
        "of them by this run": (report.computed, f"{report.computed:,}"),
        "Evaluations": (report.evaluations, f"{report.evaluations:,}"),
        "Time": (report.seconds, seconds_text(report.seconds)),
    }
    if report.computed:
        found["Rate (evaluations/s)"] = rate, quantity_text(rate)
        found["Workers' time outside of blocks"] = report.overhead, f"{report.overhead:.0%}"
    if report.merged is not None and report.merged.skipped:
        skipped = report.merged.skipped
        found["Cases that cannot run"] = skipped, f"{skipped:,}, see skipped.csv"
    return found


def _report_messages(report: SweepReport) -> Iterator[str]:
    yield from report.lost
    if not report.complete:
        yield f"{report.outcome}."


def _report_data(report: SweepReport) -> dict[str, Any]:
    names = (
        *("identity", "engine", "kernel", "workers", "blocks", "done", "computed", "evaluations"),
        *(
            "configurations",
            "seconds",
            "working_seconds",
            "block_seconds",
            "peak_memory",
            "interrupted",
        ),
    )
    data: dict[str, Any] = {"schema": REPORT_SCHEMA, "folder": str(report.folder)}
    data |= {name: getattr(report, name) for name in names}
    data["complete"] = report.complete
    return data | _merged_data(report.merged, report.folder)


def _merged_data(merged: Merged | None, folder: Path) -> dict[str, Any]:
    """Return the results by keep; none while blocks lack, and then nobody knows what is skipped."""
    files = merged.files if merged else {}
    return {
        "results": {keep: str(Folder(folder).result(keep)) for keep in files},
        "rows": {keep: one.rows for keep, one in files.items()},
        "skipped": merged.skipped if merged else None,
    }


def _status_facts(status: Status) -> dict[str, tuple[Cell, str]]:
    lacks = status.blocks - status.done
    left = lacks / status.done * status.seconds if status.done else float("nan")
    hosts = ", ".join(f"{host} ({blocks:,})" for host, blocks in status.hosts.items())
    return {
        "Folder": (str(status.folder), str(status.folder)),
        "Begun": (status.created, status.created),
        "By": (status.command, status.command or EM_DASH),
        "Blocks done": (status.done, f"{status.done:,} of {status.blocks:,}"),
        "Evaluations done": (status.evaluations, f"{status.evaluations:,}"),
        "Time in blocks": (status.seconds, seconds_text(status.seconds)),
        "Time in blocks that is left": (left if isfinite(left) else None, seconds_text(left)),
        "Machines": (hosts, hosts or EM_DASH),
        "Last block": (status.latest, status.latest or EM_DASH),
        "Results": (status.merged is not None, "written" if status.merged else "not yet"),
    }


def _axes_table(plan: Plan) -> Table:
    fields = (
        Field("axis", "Axis"),
        Field("values", "Values", align="right"),
        Field("which", "Which"),
    )
    rows = tuple((axis.name, len(axis.values), _values_text(axis)) for axis in plan.axes)
    texts = tuple((name, f"{count:,}", text) for name, count, text in rows)
    return Table("axes", fields, rows, title="The grid", texts=texts)


def _values_text(axis: Axis) -> str:
    shown = [_value_text(value) for value in axis.values]
    if len(shown) > 6:
        shown = [*shown[:3], "...", shown[-1]]
    return ", ".join(shown)


def _value_text(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if 1000 <= value < 1e6 else quantity_text(float(value))


def _keeps(plan: Plan, size: Size) -> Table:
    fields = (
        Field("keep", "Keep"),
        Field("what", "What"),
        Field("rows", "Rows at most", align="right"),
        Field("bytes", "Size at most", "byte", align="right"),
    )
    rows = tuple(
        (keep.name, keep_text(keep), size.rows[keep.name], size.bytes[keep.name])
        for keep in plan.keeps
    )
    texts = tuple(
        (name, what, f"{count:,}", quantity_text(stored, "byte"))
        for name, what, count, stored in rows
    )
    return Table("keeps", fields, rows, title="What is kept", texts=texts)


def keep_text(keep: Keep) -> str:
    """Return what is kept in words."""
    of, per = ", ".join(keep.of), f" per {', '.join(keep.per)}" if keep.per else ""
    where = f" where {keep.where}" if keep.where else ""
    count = f"{keep.top} " if keep.top > 1 else ""
    kinds = {
        "best": f"the {count}{'largest' if keep.largest else 'smallest'} by {of}",
        "pareto": f"the Pareto front of {of}",
        "quantiles": f"quantiles of {of}",
        "histogram": f"histogram of {of}",
        "rows": f"every row of {of}",
    }
    return f"{kinds[keep.kind]}{per}{where}"


def _files_table(merged: Merged | None, folder: Path) -> Table:
    fields = (
        Field("keep", "Result"),
        Field("rows", "Rows", align="right"),
        Field("bytes", "Size", "byte", align="right"),
        Field("file", "File"),
    )
    files = merged.files if merged else {}
    rows = tuple(
        (keep, one.rows, one.bytes, _near(Folder(folder).result(keep)))
        for keep, one in files.items()
    )
    texts = tuple((keep, f"{n:,}", quantity_text(b, "byte"), file) for keep, n, b, file in rows)
    return Table("results", fields, rows, title="Results", texts=texts)


def _near(path: Path) -> str:
    """Return a path as seen from here, where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
