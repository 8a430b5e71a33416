"""How many accelerators an organisation says it has, or is said to have, on a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from llmcost.catalog.columns import Column, DataFile, day_from, folded, last_day
from llmcost.catalog.files import Record, read
from llmcost.catalog.gpus import accelerators
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, UnknownNameError, shown

FLEETS = DataFile(
    "fleets.csv",
    ("id",),
    (
        Column("id", required=True),
        Column("organisation", required=True),
        Column("gpu"),
        Column("num_gpus", "count", "GPU", required=True, minimum=1),
        Column("kind", required=True, choices=("fleet", "cluster", "purchases")),
        Column("relation", required=True, choices=("equal", "about", "more_than", "less_than")),
        Column("status", required=True, choices=("in service", "planned", "estimate")),
        Column("as_of", "date", required=True),
        Column("said_on", "date"),
        Column("evidence", required=True, choices=("stored", "from memory")),
        Column("source", required=True),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """One published number of accelerators [GPU] of an organisation.

    `gpu` is `None` where several kinds are counted together; `kind` is fleet (all that there is),
    cluster (one machine of it) or purchases (of one year). `as_of` is the date that the number is
    of, `said_on` that of the statement where the two differ, and `day` the last day that the latter
    can mean: from then on the number was known.
    """

    id: str
    organisation: str
    gpu: str | None
    num_gpus: int
    kind: str
    relation: str
    status: str
    as_of: str
    said_on: str | None
    day: date
    evidence: str
    sources: tuple[str, ...]
    note: str | None


def fleets(
    organisation: str | None = None, *, kind: str | None = None, as_of: date | str | None = None
) -> tuple[Fleet, ...]:
    """Return the fleets of an organisation and kind that were known on a day, oldest first.

    Raises UnknownNameError for an organisation without any, and InputError for a date that cannot
    be read.
    """
    every = tuple(sorted(_fleets(), key=lambda one: one.day))
    known = {folded(one.organisation): one.organisation for one in every}
    if organisation is not None and folded(organisation) not in known:
        raise UnknownNameError("organisation", organisation, known.values())
    wanted = None if organisation is None else known[folded(organisation)]
    day = date.max if as_of is None else day_from(as_of, "as_of")
    return tuple(
        one
        for one in every
        if wanted in (None, one.organisation) and kind in (None, one.kind) and one.day <= day
    )


def fleet(name: str) -> Fleet:
    """Return one fleet by its id; raises UnknownNameError when there is none."""
    known = {one.id: one for one in _fleets()}
    if name not in known:
        raise UnknownNameError("fleet", name, known)
    return known[name]


def _fleets() -> tuple[Fleet, ...]:
    names = {entry.name for entry in accelerators()}
    return tuple(_fleet(row, names) for row in read(FLEETS))


def _fleet(row: Record, gpus: Collection[str]) -> Fleet:
    if row["gpu"] is not None and row["gpu"] not in gpus:
        raise DataError(
            f"got {shown(row['gpu'])}; needs a name of gpu_specs.csv, or nothing",
            file=row["_file"],
            line=row["_line"],
            column="gpu",
        )
    names = [column.name for column in FLEETS.columns if column.name != "source"]
    return Fleet(
        day=last_day(row["said_on"] or row["as_of"]),
        sources=source_keys(row["source"]),
        **{name: row[name] for name in names},
    )
