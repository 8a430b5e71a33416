"""Where electricity comes from: its price and its carbon, by place and year.

A figure of a place is the latest on or before a day, never a later one and never silently that of
another place. A cloud region or a state without its own figure takes that of the place it lies in,
and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from llmcost.catalog.columns import Column, DataFile, day_from, folded, last_day
from llmcost.catalog.currencies import BASE, to_usd_over
from llmcost.catalog.files import Record, cached_facts, overlay_folder, read
from llmcost.catalog.overheads import default
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, InputError, UnknownNameError, shown

DEFAULT_REGION = "us"
KINDS = ("country", "state", "cloud-region", "area")
PRICE, CARBON = "electricity_price", "carbon_intensity"
UNITS = {PRICE: "USD/kWh", CARBON: "kgCO2e/kWh"}
OLD_YEARS = 3
FACTORS = {PRICE: "electricity_price_factor", CARBON: "carbon_intensity_factor"}

REGIONS = DataFile(
    "regions.csv",
    ("name",),
    (
        Column("name", required=True),
        Column("title", required=True),
        Column("kind", required=True, choices=KINDS),
        Column("within"),
        Column("aliases"),
    ),
)
GRIDS = DataFile(
    "grids.csv",
    ("region", "quantity", "as_of"),
    (
        Column("region", required=True),
        Column("quantity", required=True, choices=(PRICE, CARBON)),
        Column("value", "number", required=True, positive=True),
        Column("unit", required=True),
        Column("as_of", "date", required=True),
        Column("quality", required=True, choices=("A", "B", "C")),
        Column("source", required=True),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class Region:
    """A country, a state of the United States, a cloud region or a part of the world.

    `within` names the region it lies in, where that has figures of its own.
    """

    name: str
    title: str
    kind: str
    within: str | None
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegionFigure:
    """An electricity price [USD/kWh] or a carbon intensity [kgCO2e/kWh] of a region on a day.

    `value`, `low` and `high` (10th and 90th percentile) are `None` where nothing is known on or
    before the day; `reason` then says what there is instead, and else how the figure was found.
    `place` is the region whose figure it is, `as_of` its date. `warnings` say what a reader should
    know: the figure of a larger place, converted from another currency, old, or of poor grade.
    """

    region: str
    quantity: str
    unit: str
    day: date
    value: float | None
    low: float | None
    high: float | None
    place: str
    as_of: str
    sources: tuple[str, ...]
    note: str
    warnings: tuple[str, ...]
    reason: str


def region(name: str) -> Region:
    """Return the region that a name means; case, spaces, dashes and underscores do not matter.

    Raises UnknownNameError with the nearest names.
    """
    known = _spellings(str(overlay_folder() or ""))
    found = known.get(folded(name))
    if found is None:
        hint = "See what is known: llmcost show regions."
        raise UnknownNameError("region", name, known, hint)
    return found


def regions() -> tuple[Region, ...]:
    """Return every region, in file order; raises DataError where one lies in none that is known."""
    found = tuple(_region(row) for row in read(REGIONS))
    names = {one.name for one in found}
    for row, one in zip(read(REGIONS), found, strict=True):
        if one.within is not None and one.within not in names:
            raise DataError(
                f"got {shown(one.within)}; needs the name of another row, or nothing",
                file=row["_file"],
                line=row["_line"],
                column="within",
            )
    return found


def electricity_price(name: str, day: date | str) -> RegionFigure:
    """Return the price of electricity of a region [USD/kWh], latest on or before a day.

    Raises UnknownNameError for an unknown region and InputError for a date that cannot be read.
    """
    return _figure(name, PRICE, day_from(day, "as_of"))


def carbon_intensity(name: str, day: date | str) -> RegionFigure:
    """Return the location-based carbon of a region's electricity [kgCO2e/kWh], as of a day.

    Raises UnknownNameError for an unknown region and InputError for a date that cannot be read.
    """
    return _figure(name, CARBON, day_from(day, "as_of"))


def _figure(name: str, quantity: str, day: date) -> RegionFigure:
    asked = region(name)
    for place in _outwards(asked):
        rows = [row for row in _rows_of(place.name, quantity) if last_day(row["as_of"]) <= day]
        if rows:
            return _known(asked, place, quantity, day, max(rows, key=_dated))
    return _unknown(asked, quantity, day)


def _outwards(asked: Region) -> tuple[Region, ...]:
    """Return a region and those it lies in, the smallest first."""
    chain = [asked]
    while (outer := chain[-1].within) is not None and outer not in [one.name for one in chain]:
        chain.append(region(outer))
    return tuple(chain)


def _known(asked: Region, place: Region, quantity: str, day: date, row: Record) -> RegionFigure:
    value, told = _in_unit(row, quantity)
    factor = default(FACTORS[quantity])
    low, high = factor.ends
    bare = _bare(asked, quantity, day)
    return replace(
        bare,
        value=value,
        low=value * low,
        high=value * high,
        place=place.name,
        as_of=row["as_of"],
        sources=tuple(dict.fromkeys((*source_keys(row["source"]), *factor.sources))),
        note=row["note"] or "",
        warnings=tuple(_warnings(asked, place, day, row, told)),
        reason=f"{place.title} {row['as_of']}, the latest on or before {day}",
    )


def _in_unit(row: Record, quantity: str) -> tuple[float, str]:
    """Return the value of a row in the unit of its quantity, and how it was converted."""
    wanted, unit = UNITS[quantity], row["unit"]
    if unit == wanted:
        return row["value"], ""
    currency, _, per = unit.partition("/")
    if quantity != PRICE or per != "kWh" or currency == BASE:
        raise _not_in_unit(row, wanted)
    try:
        converted = to_usd_over(row["value"], currency, row["as_of"])
    except InputError:
        raise _not_in_unit(row, f"{wanted}, or a currency of exchange_rates.csv") from None
    return converted.usd, f"{row['value']:g} {unit} {converted.told}"


def _not_in_unit(row: Record, needed: str) -> DataError:
    return DataError(
        f"got {shown(row['unit'])}; needs {needed}",
        file=row["_file"],
        line=row["_line"],
        column="unit",
    )


def _warnings(asked: Region, place: Region, day: date, row: Record, told: str) -> list[str]:
    found = []
    if place.name != asked.name:
        found.append(f"{asked.title} has no figure of its own: it takes that of {place.title}")
    if told:
        found.append(told)
    years = day.year - last_day(row["as_of"]).year
    if years >= OLD_YEARS:
        found.append(f"the figure is {years} years old")
    if row["quality"] == "C":
        found.append(f"the figure is of grade C: {row['note'] or 'check it at its source'}")
    return found


def _bare(asked: Region, quantity: str, day: date) -> RegionFigure:
    return RegionFigure(
        region=asked.name,
        quantity=quantity,
        unit=UNITS[quantity],
        day=day,
        value=None,
        low=None,
        high=None,
        place=asked.name,
        as_of="",
        sources=(),
        note="",
        warnings=(),
        reason="",
    )


def _unknown(asked: Region, quantity: str, day: date) -> RegionFigure:
    what = quantity.replace("_", " ")
    text = f"no {what} of {asked.title} on or before {day}"
    later = [row["as_of"] for place in _outwards(asked) for row in _rows_of(place.name, quantity)]
    text += f"; the first is of {min(later)}" if later else ", and none at all: give it yourself"
    return replace(_bare(asked, quantity, day), reason=text)


def _dated(row: Record) -> date:
    return last_day(row["as_of"])


def _rows_of(name: str, quantity: str) -> tuple[Record, ...]:
    return _by_place(str(overlay_folder() or "")).get((name, quantity), ())


@cached_facts
def _by_place(_overlay: str) -> dict[tuple[str, str], tuple[Record, ...]]:
    names = {one.name for one in regions()}
    found: dict[tuple[str, str], tuple[Record, ...]] = {}
    for row in read(GRIDS):
        if row["region"] not in names:
            raise DataError(
                f"got {shown(row['region'])}; needs a name of regions.csv",
                file=row["_file"],
                line=row["_line"],
                column="region",
            )
        key = row["region"], row["quantity"]
        found[key] = (*found.get(key, ()), row)
    return found


def _region(row: Record) -> Region:
    aliases = tuple(a.strip() for a in (row["aliases"] or "").split(";") if a.strip())
    return Region(row["name"], row["title"], row["kind"], row["within"], aliases)


@cached_facts
def _spellings(_overlay: str) -> dict[str, Region]:
    found: dict[str, Region] = {}
    for one in regions():
        for spelling in (*one.aliases, one.title):
            found.setdefault(folded(spelling), one)
    return found | {folded(one.name): one for one in regions()}
