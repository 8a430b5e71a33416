"""Other currencies in US dollars, by a dated table: the latest month on or before a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from statistics import fmean

from llmcost.catalog.columns import Column, DataFile, day_from, last_day
from llmcost.catalog.files import Record, cached_facts, overlay_folder, read
from llmcost.errors import InputError, UnknownNameError, one_of

BASE = "USD"
EXCHANGE_RATES = DataFile(
    "exchange_rates.csv",
    ("currency", "as_of"),
    (
        Column("currency", required=True),
        Column("as_of", "date", required=True),
        Column("usd_per_unit", "number", required=True, positive=True),
        Column("source", required=True),
    ),
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """An amount in another currency and in US dollars, with the rate [USD for one unit] behind it.

    `as_of` is the month of the rate as the table names it, `day` its last day; both are of the day
    asked for where the amount was in US dollars already.
    """

    amount: float
    currency: str
    usd: float
    rate: float
    as_of: str
    day: date
    source: str

    @property
    def told(self) -> str:
        """The conversion in words, to stand beside every converted figure."""
        if self.currency == BASE:
            return "in US dollars"
        return f"converted at {self.rate:.5g} USD for 1 {self.currency} ({self.as_of})"


def currencies_known() -> tuple[str, ...]:
    """Return the currencies that the table holds, US dollars first."""
    return (BASE, *_rates())


def to_usd(amount: float, currency: str, day: date | str) -> Conversion:
    """Return an amount in US dollars by the latest rate on or before a day, never a later one.

    Raises UnknownNameError for a currency that the table does not hold, and InputError for a date
    that cannot be read or that is before the first rate.
    """
    code, when = _code(currency), day_from(day, "as_of")
    if code == BASE:
        return Conversion(amount, BASE, amount, 1.0, str(when), when, "")
    rows = _rates()[code]
    known = [row for row in rows if row[0] <= when]
    if not known:
        raise InputError(
            f"No exchange rate of {code} on or before {when}; the first is of {rows[0][1]}. "
            "Give the amount in USD."
        )
    last, as_of, rate, source = known[-1]
    return Conversion(amount, code, amount * rate, rate, as_of, last, source)


def to_usd_over(amount: float, currency: str, period: str) -> Conversion:
    """Return an amount of a whole period (a year, YYYY-MM or a day) by the mean of its months.

    Raises UnknownNameError for a currency that the table does not hold, and InputError for a period
    that cannot be read or that begins before the table.
    """
    code, end = _code(currency), day_from(period, "period")
    month = period[: len("YYYY-MM")]
    rows = [row for row in _rates().get(code, []) if row[1].startswith(month)]
    if code == BASE or not rows:
        return to_usd(amount, code, end)
    rate = fmean(row[2] for row in rows)
    return Conversion(amount, code, amount * rate, rate, period, end, rows[-1][3])


def _code(currency: str) -> str:
    code = currency.strip().upper()
    known = currencies_known()
    if code not in known:
        raise UnknownNameError("currency", currency, known, f"Known: {one_of(known)}.")
    return code


Rate = tuple[date, str, float, str]


def _rates() -> dict[str, list[Rate]]:
    return _by_currency(str(overlay_folder() or ""))


@cached_facts
def _by_currency(_overlay: str) -> dict[str, list[Rate]]:
    found: dict[str, list[Rate]] = {}
    for row in read(EXCHANGE_RATES):
        found.setdefault(row["currency"].upper(), []).append(_rate(row))
    return {code: sorted(rates) for code, rates in found.items()}


def _rate(row: Record) -> Rate:
    return last_day(row["as_of"]), row["as_of"], row["usd_per_unit"], row["source"]
