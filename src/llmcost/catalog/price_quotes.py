"""Prices as somebody listed them: one record a row of the price file, checked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from llmcost.catalog.columns import Column, DataFile, last_day
from llmcost.catalog.files import Record, cached_by_folder, read
from llmcost.catalog.gpus import accelerators
from llmcost.errors import DataError, InputError, shown

RENTAL_TERMS = (
    *("on-demand", "spot", "reserved-1y", "reserved-3y"),
    *("capacity-block", "marketplace", "contract-1y"),
)
TERMS = (*RENTAL_TERMS, "purchase")
PROVIDER_CLASSES = ("hyperscaler", "neocloud", "marketplace", "aggregate", "purchase")
GRADES = ("A", "B", "C")
UNIT_KINDS = ("chip", "board", "server", "cluster")

GPU_PRICES = DataFile(
    "gpu_prices.csv",
    key=("price_id",),
    columns=(
        Column("price_id", required=True),
        Column("gpu"),
        Column("gpu_as_listed", required=True),
        Column("kind", required=True, choices=("rental", "purchase")),
        Column("provider"),
        Column("provider_class", required=True, choices=PROVIDER_CLASSES),
        Column("terms", required=True, choices=TERMS),
        Column("price", "number", "USD/GPU/hour", positive=True),
        Column("purchase_price", "number", "USD/GPU", positive=True),
        Column("as_of", "date", required=True),
        Column("date_basis"),
        Column("region"),
        Column("unit_kind", choices=UNIT_KINDS),
        Column("gpus_in_unit", "count", "GPU", minimum=1),
        Column("source", required=True),
        Column("source_detail"),
        Column("grade", required=True, choices=GRADES),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class PriceQuote:
    """One price as somebody listed it on a day.

    `price` [USD/GPU/hour] of a rental or `purchase_price` [USD/GPU]; `gpu` is `None` where the
    listing fits several accelerators, and such a quote is never used for any of them. `day` is the
    last day that `as_of` can mean. `unit_kind` says what a purchase is of: a chip (module or card),
    a board of several, a whole server, or a cluster with its network; `None` where nobody knows.
    """

    price_id: str
    gpu: str | None
    gpu_as_listed: str
    kind: str
    provider: str | None
    provider_class: str
    terms: str
    price: float | None
    purchase_price: float | None
    as_of: str
    day: date
    date_basis: str | None
    region: str | None
    unit_kind: str | None
    gpus_in_unit: int | None
    source: str
    source_detail: str | None
    grade: str
    note: str | None

    @property
    def rate(self) -> float:
        """The rental price [USD/GPU/hour]; raises InputError for a purchase."""
        if self.price is None:
            raise InputError(f"{self.price_id} is a purchase price: it has no price per hour")
        return self.price


class Counted:
    """What the quotes that were counted for a price say together."""

    __slots__ = ()
    quotes: tuple[PriceQuote, ...]

    @property
    def rows(self) -> int:
        """How many quotes were counted."""
        return len(self.quotes)

    @property
    def newest(self) -> date | None:
        """The day of the newest quote counted."""
        return max((quote.day for quote in self.quotes), default=None)

    @property
    def price_ids(self) -> tuple[str, ...]:
        """The rows of the price file that were counted."""
        return tuple(quote.price_id for quote in self.quotes)

    def age_days(self, today: date) -> int | None:
        """Return how many days before `today` the newest quote is; below 0 when it is later."""
        return None if self.newest is None else (today - self.newest).days


def price_name(terms: str) -> str:
    """Return the name of the price on these terms.

    >>> price_name("reserved-1y")
    'price_reserved_1y'
    """
    return f"price_{terms.replace('-', '_')}"


def rental_name(terms: str) -> str:
    """Return the name of the cost of renting on these terms.

    >>> rental_name("reserved-1y")
    'rental_reserved_1y_cost'
    """
    return f"rental_{terms.replace('-', '_')}_cost"


def price_quotes() -> tuple[PriceQuote, ...]:
    """Return every quote, in file order; raises DataError for a faulty file."""
    return tuple(map(_quote, _rows()))


def rentals() -> Iterator[PriceQuote]:
    """Yield every rental quote, in file order; raises DataError for a faulty file."""
    return map(_quote, _rental_rows())


@cached_by_folder
def newest_price_day() -> date:
    """Return the newest day on which a rental price was seen, of those dated to the day."""
    days = [row["as_of"] for row in _rental_rows() if len(row["as_of"]) == len("YYYY-MM-DD")]
    if not days:
        raise InputError("no rental price is dated to the day: say as of which day")
    return last_day(max(days))


@cached_by_folder
def first_price_day() -> date:
    """Return the last day that the date of the oldest price can mean, rentals and purchases."""
    return min(last_day(row["as_of"]) for row in _rows())


def terms_known() -> tuple[str, ...]:
    """Return the terms of rental that have a price, the commonest kinds first."""
    found = {row["terms"] for row in _rental_rows()}
    return tuple(terms for terms in RENTAL_TERMS if terms in found)


@cached_by_folder
def providers_known() -> tuple[str, ...]:
    """Return the names of the providers with a rental price, in alphabetical order."""
    offers = (row for row in _rental_rows() if row["provider_class"] != "aggregate")
    return tuple(sorted({row["provider"] for row in offers}, key=str.casefold))


def _rental_rows() -> Iterator[Record]:
    return (row for row in _rows() if row["kind"] == "rental")


@cached_by_folder
def purchases() -> tuple[PriceQuote, ...]:
    """Return every purchase quote, in file order; raises DataError for a faulty file."""
    return tuple(_quote(row) for row in _rows() if row["kind"] == "purchase")


@cached_by_folder
def rentals_of(gpu: str) -> tuple[PriceQuote, ...]:
    """Return the rental quotes of one accelerator, in file order."""
    return tuple(_quote(row) for row in _rental_rows() if row["gpu"] == gpu)


@cached_by_folder
def _rows() -> tuple[Record, ...]:
    names = {entry.name for entry in accelerators()}
    rows = tuple(read(GPU_PRICES))
    for row in rows:
        for column, message in _faults(row, names):
            raise DataError(message, file=row["_file"], line=row["_line"], column=column)
    return rows


def _faults(row: Record, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the columns that contradict the rest of a row, each with what would fit."""
    rental = row["kind"] == "rental"
    if row["gpu"] is not None and row["gpu"] not in names:
        yield "gpu", f"got {shown(row['gpu'])}; needs a name of gpu_specs.csv, or nothing"
    if rental and row["provider"] is None:
        yield "provider", "is empty, but every rental needs it"
    if rental and row["unit_kind"] is not None:
        yield "unit_kind", f"got {row['unit_kind']} in a rental; only a purchase has one"
    if rental == (row["terms"] == "purchase"):
        yield "terms", f"got {row['terms']} in a row of kind {row['kind']}"
    for column, of_rental in (("price", True), ("purchase_price", False)):
        if (row[column] is not None) != (rental is of_rental):
            yield column, "needs a price in a rental and a purchase_price in a purchase, not both"


def _quote(row: Record) -> PriceQuote:
    fields = {column.name: row[column.name] for column in GPU_PRICES.columns}
    return PriceQuote(day=last_day(row["as_of"]), **fields)
