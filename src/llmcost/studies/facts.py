"""What is known: the catalogue's rows, as tables of names, units and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from llmcost.catalog import claims as claim_catalog
from llmcost.catalog import closed as closed_catalog
from llmcost.catalog import fleets as fleet_catalog
from llmcost.catalog import gpus as gpu_catalog
from llmcost.catalog import models as model_catalog
from llmcost.catalog import overheads as overhead_catalog
from llmcost.catalog import price_quotes as price_catalog
from llmcost.catalog import regions as region_catalog
from llmcost.catalog import runs as run_catalog
from llmcost.catalog import sources as source_catalog
from llmcost.catalog import thresholds as threshold_catalog
from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import Record, read
from llmcost.errors import InputError, UnknownNameError, one_of
from llmcost.figures import quantity_text, range_text
from llmcost.reading import known_units

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that a narrow table of their own shows, and by which columns."""

    title: str
    short: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of one kind: columns as (name, unit), and which of them a narrow table shows.

    `single` marks the rows of one named thing, to be shown in full; `parts` stand in place of
    `short` where the rows are of different sorts.
    """

    kind: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    short: tuple[str, ...]
    single: bool = False
    parts: tuple[Part, ...] = ()


def facts(kind: str, name: str | None = None) -> Facts:
    """Return all rows of a kind, or those of one name.

    Kinds: gpus, models, prices, runs, claims, regions, defaults, thresholds, fleets, sources and
    units. Raises InputError for another kind and UnknownNameError for a name that is not there.
    """
    if kind not in KINDS:
        raise InputError(f"Unknown kind of facts {kind!r}; needs {one_of(KINDS)}.")
    if name is not None and not name.strip():
        raise InputError(f"name: got an empty name; see: llmcost show {kind}.")
    return KINDS[kind](name)


def _gpus(name: str | None) -> Facts:
    wanted = None if name is None else gpu_catalog.accelerator(name).name
    rows = [row for row in read(gpu_catalog.GPU_SPECS) if wanted in (None, row["name"])]
    short = ("name", "peak_bf16", "peak_fp8", "memory", "memory_bandwidth", "power", "launched")
    return _of_file("gpus", "Accelerators (dense peaks)", gpu_catalog.GPU_SPECS, rows, short, name)


def _models(name: str | None) -> Facts:
    if name is not None and (closed := _closed_name(name)):
        return _closed(closed)
    wanted = None if name is None else _model_name(name)
    rows = [row for row in read(model_catalog.MODELS) if wanted in (None, row["name"])]
    short = ("name", "parameters", "active_parameters", "seq_length", "published_tokens")
    return _of_file("models", "Models", model_catalog.MODELS, rows, short, name)


def _model_name(name: str) -> str:
    try:
        return model_catalog.model(name).name
    except UnknownNameError:
        known = [each for m in model_catalog.models() for each in (m.name, *m.aliases)]
        hint = "See what is known: llmcost show models."
        every = [*known, *closed_catalog.closed_models()]
        raise UnknownNameError("model", name, every, hint) from None


def _closed_name(name: str) -> str | None:
    """Return the closed model of this name; case, spaces, dashes and dots do not matter."""
    asked = _letters(name)
    for fact in closed_catalog.closed_facts():
        if asked in map(_letters, (fact.model, *fact.also_called)):
            return fact.model
    return None


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _closed(wanted: str) -> Facts:
    rows = [row for row in read(closed_catalog.CLOSED) if row["model"] == wanted]
    short = ("quantity", "value", "low", "high", "status", "says_who", "as_of")
    title = f"{wanted}: what is public, and who says so"
    return _of_file("models", title, closed_catalog.CLOSED, rows, short, None)


def _prices(name: str | None) -> Facts:
    file, rows = price_catalog.GPU_PRICES, read(price_catalog.GPU_PRICES)
    if one := [row for row in rows if name and row["price_id"] == name.strip().lower()]:
        return _of_file("prices", "One price", file, one, (), name)
    wanted = None if name is None else gpu_catalog.accelerator(name).name
    rows = [row for row in rows if wanted in (None, row["gpu"])]
    rows.sort(
        key=lambda row: (row["gpu"] is None, row["gpu"] or row["gpu_as_listed"], row["as_of"])
    )
    title = f"Prices of {wanted}" if wanted else "Prices"
    found = _of_file("prices", title, file, rows, (), None)
    return replace(found, parts=tuple(_price_parts(found.rows, of_one=wanted is not None)))


def _price_parts(rows: Iterable[Row], *, of_one: bool) -> Iterator[Part]:
    """Yield rentals and purchases apart; prices of one accelerator with what names each row."""
    rent = ("price_id", "terms") if of_one else ("gpu", "provider", "terms")
    buy = ("price_id",) if of_one else ("gpu", "gpu_as_listed")
    for kind, title, short in (
        ("rental", "To rent", (*rent, "price", "as_of")),
        ("purchase", "To buy", (*buy, "purchase_price", "as_of", "grade")),
    ):
        if found := tuple(row for row in rows if row["kind"] == kind):
            yield Part(title, short, found)


def _runs(name: str | None) -> Facts:
    rows = read(run_catalog.RUNS)
    if name is not None:
        wanted = run_catalog.run(name).id
        rows = [row for row in rows if row["id"] == wanted]
    short = ("id", "model", "gpu", "n_gpus", "tokens", "gpu_hours")
    return _of_file("runs", "Published training runs", run_catalog.RUNS, rows, short, name)


def _claims(name: str | None) -> Facts:
    rows = [_claim_row(claim) for claim in claim_catalog.claims()]
    if name is not None:
        claim = claim_catalog.claim(name)
        rows = [row for row in rows if row["id"] == claim.id and row["file"] == claim.essay.file]
    columns = tuple((column, "") for column in rows[0])
    short = ("id", "subjects", "relation", "value", "statement")
    return Facts("claims", "What five essays claim", columns, tuple(rows), short, name is not None)


def _claim_row(claim: claim_catalog.Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "subjects": "; ".join(claim.subjects),
        "quantity": claim.quantity,
        "relation": claim.relation,
        "value": _bounds(claim),
        "low": _one(claim.lows),
        "high": _one(claim.highs),
        "unit": claim.unit or claim.printed_unit,
        "kind": claim.kind,
        "statement": claim.statement,
        "what_it_covers": claim.what_it_covers,
        "essay": claim.essay.title,
        "essay_date": claim.essay.date,
        "file": claim.essay.file,
    }


def _bounds(claim: claim_catalog.Claim) -> str:
    """Return the figure of a claim as people read it; empty for a statement without one."""
    unit = claim.unit or ("share" if "share" in claim.quantity else "count")
    if claim.lows == claim.highs or len(claim.lows) > 1:
        return "; ".join(quantity_text(value, unit) for value in claim.lows)
    if claim.lows and claim.highs:
        return range_text(claim.lows[0], claim.highs[0], unit)
    return "; ".join(quantity_text(value, unit) for value in claim.lows or claim.highs)


def _one(values: tuple[float, ...]) -> float | str | None:
    return values[0] if len(values) == 1 else "; ".join(f"{v:g}" for v in values) or None


def _regions(name: str | None) -> Facts:
    """Return every region, or what is known of the electricity of one, by year."""
    if name is None:
        file, rows = region_catalog.REGIONS, read(region_catalog.REGIONS)
        return _of_file("regions", "Regions", file, rows, ("name", "title", "within"), None)
    one = region_catalog.region(name)
    rows = [row for row in read(region_catalog.GRIDS) if row["region"] == one.name]
    title = f"Electricity of {one.title}" + f", within {one.within}" * (one.within is not None)
    short = ("quantity", "as_of", "value", "quality", "source")
    return _of_file("regions", title, region_catalog.GRIDS, rows, short, None)


def _defaults(name: str | None) -> Facts:
    wanted = None if name is None else overhead_catalog.default(name).name
    rows = [row for row in read(overhead_catalog.DEFAULTS) if wanted in (None, row["name"])]
    title = "Defaults: used where nobody gives a value"
    short = ("name", "low", "value", "high")
    return _of_file("defaults", title, overhead_catalog.DEFAULTS, rows, short, name)


def _thresholds(name: str | None) -> Facts:
    wanted = None if name is None else threshold_catalog.threshold(name).id
    rows = [row for row in read(threshold_catalog.THRESHOLDS) if wanted in (None, row["id"])]
    title = f"Thresholds that laws name ({threshold_catalog.RE_CHECK})"
    short = ("id", "value", "status", "as_of")
    return _of_file("thresholds", title, threshold_catalog.THRESHOLDS, rows, short, name)


def _fleets(name: str | None) -> Facts:
    wanted = None if name is None else fleet_catalog.fleet(name).id
    rows = [row for row in read(fleet_catalog.FLEETS) if wanted in (None, row["id"])]
    short = ("id", "num_gpus", "gpu", "status", "as_of")
    return _of_file("fleets", "Fleets of accelerators", fleet_catalog.FLEETS, rows, short, name)


def _sources(name: str | None) -> Facts:
    known = source_catalog.sources()
    wanted = known.values() if name is None else [source_catalog.source(name)]
    names = [f.name for f in fields(source_catalog.Source)]
    rows = tuple({n: getattr(source, n) for n in names} for source in wanted)
    short = ("key", "title", "published")
    columns = tuple((n, "") for n in names)
    return Facts("sources", "Sources", columns, rows, short, name is not None)


def _units(name: str | None) -> Facts:
    known = known_units()
    if name is not None:
        by_spelling = {word: unit for unit, words in known.items() for word in words}
        if name not in by_spelling:
            raise UnknownNameError("unit", name, by_spelling, "See: llmcost show units.")
        known = {by_spelling[name]: known[by_spelling[name]]}
    rows = tuple({"unit": unit, "spellings": ", ".join(words)} for unit, words in known.items())
    columns = (("unit", ""), ("spellings", ""))
    return Facts(
        "units", "Units, and how they may be written", columns, rows, ("unit", "spellings")
    )


def _of_file(
    kind: str,
    title: str,
    file: DataFile,
    rows: Iterable[Record],
    short: tuple[str, ...],
    name: str | None,
) -> Facts:
    columns = tuple(_named(column) for column in file.columns)
    return Facts(kind, title, columns, tuple(rows), short, single=name is not None)


def _named(column: Column) -> tuple[str, str]:
    return column.name, column.unit


KINDS: dict[str, Callable[[str | None], Facts]] = {
    "gpus": _gpus,
    "models": _models,
    "prices": _prices,
    "runs": _runs,
    "claims": _claims,
    "regions": _regions,
    "defaults": _defaults,
    "thresholds": _thresholds,
    "fleets": _fleets,
    "sources": _sources,
    "units": _units,
}
