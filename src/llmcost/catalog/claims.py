"""What others say that training costs: the essays' claims and the published cost figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import data_folder, read, read_toml
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, InputError, UnknownNameError, one_of, shown

RELATIONS = ("between", "about", "equal", "more_than", "less_than", "order_of", "qualitative")
KINDS = ("training", "adjacent", "context", "qualitative")
BASES = ("rental", "amortised", "acquisition", "self-reported", "vague", "stated")
PRICE_BASES = (
    *("on-demand", "spot", "reserved-1y", "reserved-3y", "capacity-block", "marketplace"),
    *("contract-1y", "rental", "owner", "purchase", "assumed", "not-stated", "none"),
)
SCOPES = (
    *("final-run", "run-and-post-training", "post-training", "development", "staff", "cluster"),
    *("several-models", "programme", "fleet", "not-stated"),
)
# Whose energy an energy or carbon claim counts, where it is not that of the site.
POWER_BASES = ("rated", "accelerators")
HOURS_SOURCES = (
    *("reported", "counted", "computed", "assumed", "speculative", "bound", "from-cost"),
    "not-stated",
)
BOUNDS = {
    "between": "low high",
    "about": "low high",
    "equal": "low high",
    "more_than": "low",
    "less_than": "high",
    "order_of": "low",
    "qualitative": "",
}
CLAIM_TEXTS = ("id", "quantity", "relation", "unit", "kind", "what_it_covers", "statement")

PUBLISHED = DataFile(
    "published_claims.csv",
    ("id",),
    (
        Column("id", required=True),
        Column("model", required=True),
        Column("catalogue_model"),
        Column("date", "date", required=True),
        Column("quantity", required=True),
        Column("relation", required=True, choices=RELATIONS),
        Column("low", "number"),
        Column("high", "number"),
        Column("unit"),
        Column("basis", required=True, choices=BASES),
        Column("price_basis", required=True, choices=PRICE_BASES),
        Column("provider"),
        Column("price", "number", "USD/GPU/hour", positive=True),
        Column("scope", required=True, choices=SCOPES),
        Column("gpu_hours", "number", "GPU*hour", positive=True),
        Column("hours_source", choices=HOURS_SOURCES),
        Column("num_gpus", "count", "GPU", positive=True),
        Column("hours", "number", "hour", positive=True),
        Column("gpu"),
        Column("precision"),
        Column("region"),
        Column("power_basis", choices=POWER_BASES),
        Column("model_flop", "number", "FLOP", positive=True),
        Column("includes"),
        Column("source", required=True),
        Column("derived_from"),
        Column("re_check", "flag", required=True),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class Essay:
    """One essay: the key of its source, its title, date and file."""

    key: str
    title: str
    date: str
    file: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure or statement of an essay.

    `lows` and `highs` hold one bound, or one a subject where the claim names several figures; a
    bound that the relation does not give is absent. `order_of` names a power of ten by its lower
    end ("hundreds" is 100). `kind` is training (a figure of a training run), adjacent (money or
    machines around it), context (not about training) or qualitative (no figure). `scope` and
    `price_basis` say what an estimate must cover to be set against it, `stand_in` names a model of
    the catalogue where the subject is none, and `outside` says why nothing can be.
    """

    essay: Essay
    id: str
    subjects: tuple[str, ...]
    quantity: str
    relation: str
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    unit: str
    printed_unit: str
    kind: str
    what_it_covers: str
    statement: str
    scope: str = "not-stated"
    price_basis: str = "not-stated"
    stand_in: str | None = None
    outside: str | None = None

    @property
    def name(self) -> str:
        """The name that no other claim has: the essay's key and the claim's id."""
        return f"{self.essay.key}/{self.id}"

    @property
    def low(self) -> float | None:
        """The lower bound, the least of several, or `None`."""
        return min(self.lows, default=None)

    @property
    def high(self) -> float | None:
        """The upper bound, the largest of several, or `None`."""
        return max(self.highs, default=None)


@dataclass(frozen=True, slots=True)
class PublishedClaim:
    """One published cost or compute figure, with the hours [GPU*hour] behind it where known.

    `derived_from` names the quantity that the figure was worked out from: compute worked back from
    a cost cannot confirm that cost. `hours_source` says how the hours are known, `price_basis` and
    `price` [USD/GPU/hour] what an hour was priced at, `num_gpus` and `hours` [hour] the factors of
    the hours where they are, `precision` and `region` what the run is known to have had where it
    is not the usual, `power_basis` that energy is rated power times hours, or that of accelerators
    without their servers. `re_check` marks a figure that nobody could verify.
    """

    id: str
    model: str
    catalogue_model: str | None
    date: str
    quantity: str
    relation: str
    low: float | None
    high: float | None
    unit: str
    basis: str
    price_basis: str
    provider: str | None
    price: float | None
    scope: str
    gpu_hours: float | None
    hours_source: str | None
    num_gpus: int | None
    hours: float | None
    gpu: str | None
    precision: str | None
    region: str | None
    power_basis: str | None
    model_flop: float | None
    includes: str | None
    sources: tuple[str, ...]
    derived_from: str | None
    re_check: bool
    note: str | None


def claims() -> tuple[Claim, ...]:
    """Return every claim of the essays, in the order of the files.

    Raises DataError for a claim whose fields are missing, or do not fit its relation.
    """
    return _claims(data_folder("seeds"))


def claim(name: str) -> Claim:
    """Return the claim of this name: ``essay-economics/gpt-4-cost``, or an id that is unique.

    Raises UnknownNameError, or InputError where two essays use the same id.
    """
    every = claims()
    found = [c for c in every if name in (c.name, c.id)]
    if not found:
        raise UnknownNameError("claim", name, [c.name for c in every] + [c.id for c in every])
    if len(found) > 1:
        names = one_of(one.name for one in found)
        raise InputError(f"{shown(name)} names several claims: say {names}.")
    return found[0]


def published_claims() -> tuple[PublishedClaim, ...]:
    """Return the published cost and compute figures, in the order of the file."""
    return tuple(_published(row) for row in read(PUBLISHED))


def _published(row: Mapping[str, Any]) -> PublishedClaim:
    _check_bounds(row["relation"], row["low"], row["high"], row["_file"], row["_line"])
    if (row["gpu_hours"] is None) != (row["hours_source"] is None):
        raise DataError(
            "gpu_hours and hours_source stand together: give both or neither",
            file=row["_file"],
            line=row["_line"],
            column="hours_source",
        )
    values = {column.name: row[column.name] for column in PUBLISHED.columns}
    keys = source_keys(values.pop("source"))
    return PublishedClaim(**values | {"unit": row["unit"] or "", "sources": keys})


def _claims(folder: Path) -> tuple[Claim, ...]:
    every = [claim for path in sorted(folder.glob("*.toml")) for claim in _essay_claims(path)]
    if not every:
        raise DataError("holds no claims: install llmcost again", file=str(folder))
    return tuple(every)


def _essay_claims(path: Path) -> Iterator[Claim]:
    content = read_toml(path.name, path.parent.name)
    head, body = content.get("source"), content.get("claim")
    if not isinstance(head, dict) or not isinstance(body, list):
        raise DataError("needs a [source] table and [[claim]] tables", file=str(path))
    texts = {name: _text(head, name, path, "[source]") for name in ("key", "title", "date", "file")}
    essay = Essay(**texts)
    seen: set[str] = set()
    for entry in body:
        one = _checked(essay, entry, path)
        if one.id in seen:
            raise DataError(f"claim {one.id!r} is there twice: keep one", file=str(path))
        seen.add(one.id)
        yield one


def _checked(essay: Essay, entry: Mapping[str, Any], path: Path) -> Claim:
    texts = {name: _text(entry, name, path, "[[claim]]") for name in CLAIM_TEXTS}
    _choice(texts["relation"], RELATIONS, "relation", path)
    _choice(texts["kind"], KINDS, "kind", path)
    meant = _meant(entry, path)
    if (texts["kind"] == "qualitative") != (texts["relation"] == "qualitative"):
        raise DataError(f"claim {texts['id']!r}: kind and relation disagree", file=str(path))
    subjects = entry.get("subjects")
    if not isinstance(subjects, list) or not all(isinstance(s, str) and s for s in subjects):
        raise DataError(f"got {shown(subjects)}; needs a list of names", file=str(path))
    lows, highs = _numbers(entry.get("low"), path), _numbers(entry.get("high"), path)
    _check_bounds(texts["relation"], lows, highs, str(path), None)
    if any(count not in (0, 1, len(subjects)) for count in (len(lows), len(highs))):
        raise DataError("a list of figures needs one for each subject", file=str(path))
    return Claim(
        essay=essay,
        subjects=tuple(subjects),
        lows=lows,
        highs=highs,
        printed_unit=str(entry.get("printed_unit", texts["unit"])),
        **texts,
        **meant,
    )


def _meant(entry: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Return what a claim says of its own comparison: scope, price basis, stand-in or reason."""
    names = [name for name in ("scope", "price_basis", "stand_in", "outside") if name in entry]
    meant = {name: _text(entry, name, path, "[[claim]]") for name in names}
    _choice(meant.get("scope", "not-stated"), SCOPES, "scope", path)
    _choice(meant.get("price_basis", "not-stated"), PRICE_BASES, "price_basis", path)
    return meant


def _text(table: Mapping[str, Any], name: str, path: Path, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or (not value and name != "unit"):
        raise DataError(f"{where} got {name} = {shown(value)}; needs a text", file=str(path))
    return value


def _choice(value: str, choices: tuple[str, ...], name: str, path: Path) -> None:
    if value not in choices:
        needed = f"got {shown(value)}; needs {one_of(choices)}"
        raise DataError(needed, file=str(path), column=name)


def _numbers(value: object, path: Path) -> tuple[float, ...]:
    values: list[Any] = value if isinstance(value, list) else [] if value is None else [value]
    for one in values:
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise DataError(f"got {shown(one)}; needs a number", file=str(path))
    return tuple(float(one) for one in values)


def _check_bounds(relation: str, low: object, high: object, file: str, line: int | None) -> None:
    given = {name for name, bound in (("low", low), ("high", high)) if bound not in (None, ())}
    needed = set(BOUNDS[relation].split())
    fits = given == needed and (relation not in ("about", "equal") or low == high)
    if not fits or (relation == "between" and not low < high):  # type: ignore[operator]
        rule = BOUNDS[relation].replace(" ", " and ") or "no bound"
        same = ", the same twice" if relation in ("about", "equal") else ""
        message = f"low {shown(low)} and high {shown(high)} do not fit {relation!r}"
        raise DataError(f"{message}; it needs {rule}{same}", file=file, line=line)
