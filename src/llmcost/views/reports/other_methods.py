"""Sentences of the methods paragraph on results made of several runs, and on facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import quantity_text, significant
from llmcost.studies.comparison.parts import DOES_NOT_FIT
from llmcost.studies.methods import EPOCH_2024
from llmcost.views.estimates import RESULT_TITLES
from llmcost.views.reports.citations import cites, keys_in, papers_in
from llmcost.views.reports.estimate_methods import (
    input_sentences,
    origin_of,
    run_sentences,
    title_of,
    told_input,
)

Data = Mapping[str, Any]

MOST_NAMED = 12
MOST_CITED = 12
EPOCH = "arXiv 2405.21015"
# What a reconciliation of somebody's own figure says of where its claims are from.
OWN = "own"


def comparison_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on a comparison: its setups, what they share and where they differ."""
    setups = _rows(data, "setups")
    ran = [setup for setup in setups if isinstance(setup.get("estimate"), Mapping)]
    yield _compared(setups, ran)
    yield (
        "Setups are compared draw by draw: what they share is drawn once for all of them, and a "
        "setup is on the front where no other is both cheaper and faster."
    )
    if ran:
        names = list(ran[0]["estimate"]["inputs"])
        apart = [name for name in names if _differs(name, ran)]
        yield from _runs(ran)
        yield from _shared(ran[0]["estimate"], apart)
        told = [text for name in apart if (text := _by_setup(name, ran))]
        if told:
            yield f"By setup: {'; '.join(told)}."


def _runs(ran: Sequence[Data]) -> Iterator[str]:
    """Yield the sentences that hold for every setup, then the others with the setups they are on.

    Those of the first setups stand for all of very many, which differ by their prices.
    """
    names: dict[str, list[str]] = {}
    for one in ran[:MOST_NAMED]:
        for sentence in dict.fromkeys(run_sentences(one["estimate"])):
            names.setdefault(sentence, []).append(str(one.get("name")))
    first = min(len(ran), MOST_NAMED)
    yield from (sentence for sentence, of in names.items() if len(of) == first)
    for sentence, of in names.items():
        if len(of) < first:
            yield f"For {', '.join(of)}: {_inside(sentence)}"
    if rest := len(ran) - first:
        yield (
            f"The other {rest:,} setups went through formulas of the same kinds, each with the "
            "prices of its own accelerator."
        )


def _inside(sentence: str) -> str:
    return sentence if sentence[1:2].isupper() else f"{sentence[:1].lower()}{sentence[1:]}"


def _compared(setups: Sequence[Data], ran: Sequence[Data]) -> str:
    names = [str(setup.get("name")) for setup in setups]
    told = ", ".join(names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    failed = len(setups) - len(ran)
    full = sum(setup.get("status") == DOES_NOT_FIT for setup in ran)
    left = f"; {failed:,} of them cannot run it" if failed else ""
    left += f"; {full:,} without the memory for it" if full else ""
    count = f"{len(names):,} setup{'s' if len(names) != 1 else ''}"
    return f"We compared {count} for one training run: {told}{more}{left}."


def _shared(first: Data, apart: Sequence[str]) -> Iterator[str]:
    """Yield the inputs that are the same in every setup."""
    same = {name: item for name, item in first["inputs"].items() if name not in apart}
    yield from input_sentences({**first, "inputs": same})


def _differs(name: str, ran: Sequence[Data]) -> bool:
    first = _item(name, ran[0])
    told = _raw(first)
    items = (_item(name, one) for one in ran[1:])
    return any(item != first and _raw(item) != told for item in items)


def _raw(item: Data) -> tuple[object, ...]:
    """Return what is told of an input, whoever chose the value."""
    kind, source = origin_of(item)
    told = (item.get(part) for part in ("value", "low", "high"))
    return (*told, "" if kind == "user" else source)


def _by_setup(name: str, ran: Sequence[Data]) -> str:
    texts = dict.fromkeys(origin_of(_item(name, one))[1] for one in ran)
    keys = dict.fromkeys(key for text in texts for key in keys_in(text))
    mark = cites(keys) if len(keys) <= MOST_CITED else ""
    if len(ran) > MOST_NAMED:
        return f"{title_of(name)} {_spread(name, ran)}{mark}"
    values = {str(one.get("name")): told_input(name, _item(name, one)) for one in ran}
    apart = dict.fromkeys(filter(None, values.values()))
    if len(apart) < 2:
        return f"{title_of(name)} {next(iter(apart))}{mark}" if apart else ""
    named = ((setup, value) for setup, value in values.items() if value)
    told = (f"{value} ({setup})" if value != setup else value for setup, value in named)
    return f"{title_of(name)} {', '.join(told)}{mark}"


def _spread(name: str, ran: Sequence[Data]) -> str:
    """Return what an input is over more setups than can be named one by one."""
    items = [_item(name, one) for one in ran]
    values = [item["value"] for item in items if isinstance(item.get("value"), int | float)]
    if not values:
        return f"of {len({repr(item.get('value')) for item in items}):,} kinds"
    low, high = min(values), max(values)
    bare = [{**items[0], "value": end, "low": None, "high": None} for end in (low, high)]
    ends = [told_input(name, item) for item in bare]
    return f"{ends[0]} to {ends[1]}" if low != high else ends[0]


def _item(name: str, setup: Data) -> Data:
    item = setup["estimate"].get("inputs", {}).get(name)
    return item if isinstance(item, Mapping) else {}


def sensitivity_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on a sensitivity: how inputs were moved, and how far."""
    result = data.get("result") or {}
    low, high = data.get("percentiles") or (0.05, 0.95)
    name = str(result.get("name"))
    what = title_of(name) if name not in RESULT_TITLES else RESULT_TITLES[name].strip().lower()
    yield (
        f"For the sensitivity of {what}, each input was moved alone from its "
        f"{significant(100 * low)}th to its {significant(100 * high)}th percentile, with all "
        "others held at their estimates; rank correlations are those of the same draws."
    )
    told = [_moved(row) for row in _rows(data, "rows")]
    if told:
        yield f"Moved were {'; '.join(told)}."


def _moved(row: Data) -> str:
    """Return one input that was moved, with both ends and its sources."""
    item = {part: row.get(part) for part in ("value", "low", "high")}
    item["unit"] = row.get("unit") or ""
    name = str(row.get("input"))
    return f"{title_of(name)} {told_input(name, item)}{cites(keys_in(row.get('source')))}"


def reconciliation_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on claims that were set against estimates of the runs they are about."""
    rows = _rows(data, "rows")
    keys = dict.fromkeys(str(key) for row in rows for key in row.get("sources") or ())
    kind = "" if data.get("claims") == OWN else "published "
    claims = f"One {kind}claim was" if len(rows) == 1 else f"{len(rows):,} {kind}claims were"
    yield (
        f"{claims} set against an estimate of the same run with what was "
        f"known on the day of the claim{cites(keys)}: a claim holds where its range meets the "
        "interval of the estimate on a basis that it can mean."
    )
    bases = {str(basis.get("basis")) for row in rows for basis in row.get("bases") or ()}
    if "owner" in bases:
        yield "Costs were counted as rented on each of the terms listed then, and as owned."
    if any(basis.startswith(EPOCH_2024) for basis in bases):
        yield f"Beside them stands the method of Cottier et al.{cites(papers_in(EPOCH))}."


def validation_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on predictions that were set against measurements."""
    summary = data.get("summary") or {}
    for name, what in (("throughput", "step times"), ("runs", "GPU-hours of whole runs")):
        part = summary.get(name)
        if isinstance(part, Mapping):
            yield from _validated(what, part, [r for r in _rows(data, "rows") if _is_in(r, name)])
    yield from (str(note) for note in summary.get("notes") or ())


def _is_in(row: Data, table: str) -> bool:
    return bool(row.get("table") == table and row.get("scored"))


def _validated(what: str, part: Data, rows: Sequence[Data]) -> Iterator[str]:
    overall = part.get("overall") or {}
    named = list(dict.fromkeys(str(row.get("source")) for row in rows))
    keys = [key for name in named for key in keys_in(name)]
    told = cites(keys) if len(named) <= MOST_CITED else ""
    sources = f"{len(named)} source{'s' if len(named) != 1 else ''}"
    yield (
        f"Predicted {what} were set against {part.get('scored', 0):,} of {part.get('rows', 0):,} "
        f"published measurements in {part.get('file')}, of {sources}{told}; the error is "
        "predicted over measured, less one."
    )
    if isinstance(overall.get("median"), float):
        yield (
            f"Half of the {what} of {overall.get('configurations', 0):,} configurations "
            f"({overall.get('rows', 0):,} rows) are within "
            f"{quantity_text(overall['median'], 'share')}, nine in ten within "
            f"{quantity_text(overall['p90'], 'share')}."
        )


def layouts_sentences(data: Data) -> Iterator[str]:
    """Yield the sentences on a search of parallel layouts."""
    yield (
        f"All {data.get('space', 0):,} legal layouts were enumerated and the step time of the "
        f"{data.get('fitting', 0):,} that fit the memory"
        f"{cites(papers_in('arXiv 1910.02054; arXiv 2205.05198'))} was modelled, the pipeline's "
        f"bubble by its schedule{cites(papers_in('arXiv 2104.04473'))}."
    )
    yield from input_sentences(data)


def facts_sentences(data: Data) -> Iterator[str]:
    """Yield the sentence on facts of the catalogue, and where they were read."""
    rows = _rows(data, "results")
    texts = [str(row.get("sources") or row.get("source") or "") for row in rows]
    keys = dict.fromkeys(key for text in texts for key in keys_in(text))
    days = sorted(str(row["as_of"]) for row in rows if row.get("as_of"))
    dated = f", dated {days[0]} to {days[-1]}" if days else ""
    yield f"The {data.get('kind')} are {len(rows):,} rows of the catalogue{dated}{cites(keys)}."


def method_sentences(data: Data) -> Iterator[str]:
    """Yield the sentence on a published method that was followed as its authors describe it."""
    steps = _rows(data, "results")
    keys = dict.fromkeys(str(key) for step in steps for key in step.get("sources") or ())
    yield (
        f"The cost was counted by the published method {data.get('method')}"
        f"{cites([*papers_in(EPOCH), *keys])}."
    )


def _rows(data: Data, name: str) -> Sequence[Data]:
    return [row for row in data.get(name) or () if isinstance(row, Mapping)]
