"""The picture of an accelerator's prices: what it was rented and sold for, by terms and day.

Points are quotes. The line of a kind of terms is the price that an estimate as of that day would
take: the median over the providers, of each its latest quote in the twelve months before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any, NamedTuple

from llmcost.catalog.columns import first_day, last_day
from llmcost.catalog.price_quotes import GPU_PRICES, RENTAL_TERMS, PriceQuote
from llmcost.catalog.prices import a_year_before, latest_by_provider
from llmcost.figures import quantity_text, range_text
from llmcost.picture import NEUTRAL, PALETTE, Axis, Line, Mark, Panel, Picture, Points
from llmcost.table import Field
from llmcost.views.pictures.marks import COLOURS, SYMBOLS, WIDE, Cells, numbers_table
from llmcost.views.pictures.spans import scale_of
from llmcost.views.pictures.words import listed, number, source_line

RENT, BUY = "USD/GPU/hour", "USD/GPU"
ON_DEMAND = "on-demand"
RENTED = {ON_DEMAND: "on demand", "spot": "at spot prices", "marketplace": "on marketplaces"}
# What a purchase was of: a board, a chip and the rest of a node differ in what they hold.
SOLD = {
    ("server",): ("Bought in a server", PALETTE[0], "circle"),
    ("board",): ("Bought on a board", PALETTE[1], "square"),
    ("chip",): ("Bought as a chip", PALETTE[2], "diamond"),
    ("cluster", ""): ("Bought in a cluster, or unknown", NEUTRAL, "cross"),
}
# Days beyond the first and the last quote.
ROOM = 30.0
LOOKS = dict(zip(RENTAL_TERMS, zip(COLOURS, SYMBOLS, strict=True), strict=False))
# Counted in no price: indices and market averages.
AGGREGATE = "aggregate"
NOT_COUNTED = "Index or average, not counted"
KNOWN_TO_THE_DAY = len("YYYY-MM-DD")
FIELDS = (
    Field("as_of", "Day"),
    Field("terms", "Terms"),
    Field("provider", "Provider"),
    Field("price", "Rental", RENT, "right"),
    Field("purchase_price", "Purchase", BUY, "right"),
    Field("source", "Source"),
)


class Step(NamedTuple):
    """The price [USD/GPU/hour] that an estimate takes from a day on; 0 where there is none."""

    day: date
    price: float
    providers: int


@dataclass(frozen=True, slots=True)
class History:
    """The quotes of one accelerator: what counts by terms, and the price chosen by day."""

    gpu: str
    quotes: Sequence[PriceQuote]
    newest: date
    counted: Mapping[str, Sequence[PriceQuote]]
    chosen: Mapping[str, Sequence[Step]]

    @property
    def rented(self) -> list[PriceQuote]:
        """The quotes of rentals."""
        return [quote for quote in self.quotes if quote.price]

    @property
    def bought(self) -> list[PriceQuote]:
        """The quotes of purchases."""
        return [quote for quote in self.quotes if not quote.price]

    @property
    def main(self) -> str | None:
        """The terms that the title tells of: on demand, or those with the most quotes."""
        known = [terms for terms, steps in self.chosen.items() if any(s.price for s in steps)]
        if ON_DEMAND in known:
            return ON_DEMAND
        return max(known, key=lambda terms: len(self.counted[terms]), default=None)


def refusal(data: Mapping[str, Any]) -> str:
    """Return why facts cannot be drawn as a history of prices, empty where they can."""
    if data.get("kind") != "prices":
        return f"these facts are {data.get('kind')}, not prices"
    found = {row.get("gpu") for row in data["results"]}
    if len(found) != 1 or None in found:
        return "it takes the prices of one accelerator, as by: llmcost show prices h100-sxm"
    return "" if _quotes(data) else "no row has a price"


def prices(data: Mapping[str, Any]) -> Picture:
    """Return the rental prices [USD/GPU/hour] and purchase prices [USD/GPU] of an accelerator."""
    history = _history(data)
    return Picture(
        "prices",
        _title(history),
        " ".join(_told(history)),
        _source(data, history),
        tuple(_panels(history)),
        numbers_table(
            "prices", f"Prices of {history.gpu}", FIELDS, list(map(_row, history.quotes))
        ),
    )


def _history(data: Mapping[str, Any]) -> History:
    quotes = _quotes(data)
    newest = _newest(quotes)
    counted: dict[str, list[PriceQuote]] = {}
    for quote in quotes:
        if quote.price and quote.provider_class != AGGREGATE:
            counted.setdefault(quote.terms, []).append(quote)
    ordered = dict(sorted(counted.items(), key=lambda item: _place(item[0])))
    chosen = {terms: _chosen(group, newest) for terms, group in ordered.items()}
    return History(str(data["results"][0]["gpu"]), quotes, newest, ordered, chosen)


def _place(terms: str) -> tuple[int, str]:
    """Return where terms stand among all: in the order of the catalogue, unknown ones last."""
    known = RENTAL_TERMS.index(terms) if terms in RENTAL_TERMS else len(RENTAL_TERMS)
    return known, terms


def _quotes(data: Mapping[str, Any]) -> list[PriceQuote]:
    """Return the prices of the rows that have one, the oldest first."""
    found = (_quote(row) for row in data["results"])
    return sorted(
        (q for q in found if q is not None), key=lambda quote: (quote.day, quote.price_id)
    )


def _quote(row: Mapping[str, Any]) -> PriceQuote | None:
    """Return the quote of a row, `None` where it has no price or no day."""
    told: dict[str, Any] = {column.name: row.get(column.name) for column in GPU_PRICES.columns}
    rent, buy = (number(told[name]) or 0.0 for name in ("price", "purchase_price"))
    try:
        day = last_day(str(told["as_of"]))
    except ValueError:
        return None
    if max(rent, buy) <= 0:
        return None
    told |= {
        "price": rent or None,
        "purchase_price": buy or None,
        "price_id": str(told["price_id"]),
    }
    return PriceQuote(day=day, **told)


def _newest(quotes: Sequence[PriceQuote]) -> date:
    """Return the newest day of a quote that is dated to the day, or of any without one."""
    exact = [quote.day for quote in quotes if len(quote.as_of) == KNOWN_TO_THE_DAY]
    return max(exact or [quote.day for quote in quotes])


def _chosen(quotes: Sequence[PriceQuote], newest: date) -> list[Step]:
    """Return the day, price and number of providers at each change of the price of an estimate."""
    changes = {quote.day for quote in quotes}
    changes |= {_a_year_after(day) for day in changes}
    found = [_price_at(quotes, day) for day in sorted(changes) if day <= newest]
    if found and found[-1].day < newest:
        found.append(_price_at(quotes, newest))
    return found


def _a_year_after(day: date) -> date:
    """Return the first day on which a quote of this day is older than twelve months."""
    later = day + timedelta(days=min(365, (date.max - day).days))
    while a_year_before(later) < day and later < date.max:
        later += timedelta(days=1)
    return later


def _price_at(quotes: Sequence[PriceQuote], day: date) -> Step:
    """Return the price as of a day, as `catalog.prices` chooses it; 0 where no quote counts."""
    start = a_year_before(day)
    latest = latest_by_provider(quote for quote in quotes if start < quote.day <= day)
    rates = [median(quote.rate for quote in group) for group in latest.values()]
    return Step(day, median(rates) if rates else 0.0, len(rates))


def _panels(history: History) -> Iterator[Panel]:
    parts = [
        (title, unit, quotes, marks)
        for title, unit, quotes, marks in (
            ("Rental price", RENT, history.rented, _rental_marks(history)),
            ("Purchase price", BUY, history.bought, _purchase_marks(history.bought)),
        )
        if quotes
    ]
    days = [quote.day.toordinal() for _, _, quotes, _ in parts for quote in quotes]
    days += [first_day(quote.as_of).toordinal() for _, _, quotes, _ in parts for quote in quotes]
    limits = (
        max(min(days) - ROOM, date.min.toordinal()),
        min(max(days) + ROOM, date.max.toordinal()),
    )
    for place, (title, unit, quotes, marks) in enumerate(parts, 1):
        heading = "Day of the quote" if place == len(parts) else ""
        yield Panel(
            Axis(heading, scale="date", limits=limits),
            Axis(title, unit, scale_of(map(_amount, quotes), WIDE)),
            tuple(marks),
        )


def _rental_marks(history: History) -> Iterator[Mark]:
    aggregates = [quote for quote in history.rented if quote.provider_class == AGGREGATE]
    if aggregates:
        yield _points((NOT_COUNTED, NEUTRAL, "cross"), aggregates)
    for terms, quotes in history.counted.items():
        look = (_words(terms), *LOOKS.get(terms, (NEUTRAL, "cross")))
        for days, rates in _stretches(history.chosen[terms]):
            yield Line(look[0], look[1], days, rates, steps=True)
        yield _points(look, quotes)


def _purchase_marks(bought: Sequence[PriceQuote]) -> Iterator[Mark]:
    for kinds, look in SOLD.items():
        if quotes := [quote for quote in bought if (quote.unit_kind or "") in kinds]:
            yield _points(look, quotes)


def _unit_sold(quote: PriceQuote) -> str:
    return f"bought as a {quote.unit_kind}" if quote.unit_kind else "bought, unit unknown"


def _points(look: tuple[str, str, str], quotes: Sequence[PriceQuote]) -> Points:
    """Return a point a quote; a bar along days where its date names only a month or a year."""
    firsts = [first_day(quote.as_of).toordinal() for quote in quotes]
    lasts = [quote.day.toordinal() for quote in quotes]
    vague = firsts != lasts
    label, colour, symbol = look
    return Points(
        label,
        colour,
        tuple((first + last) / 2 for first, last in zip(firsts, lasts, strict=True)),
        tuple(map(_amount, quotes)),
        tuple(map(_text, quotes)),
        x_low=tuple(map(float, firsts)) if vague else (),
        x_high=tuple(map(float, lasts)) if vague else (),
        symbol=symbol,
    )


def _stretches(steps: Sequence[Step]) -> Iterator[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Yield days and prices of each stretch of time in which there is a price."""
    days, rates = list[float](), list[float]()
    for step in steps:
        if days:
            days.append(float(step.day.toordinal()))
            rates.append(step.price or rates[-1])
        elif step.price:
            days, rates = [float(step.day.toordinal())], [step.price]
        if days and not step.price:
            yield tuple(days), tuple(rates)
            days, rates = [], []
    if days:
        yield tuple(days), tuple(rates)


def _amount(quote: PriceQuote) -> float:
    return quote.price or quote.purchase_price or 0.0


def _words(terms: str) -> str:
    return terms.replace("-", " ").capitalize()


def _text(quote: PriceQuote) -> str:
    """Return everything about a quote, for who points at it."""
    price = quantity_text(_amount(quote), RENT if quote.price else BUY)
    how = quote.terms if quote.price else _unit_sold(quote)
    return f"{quote.provider or 'Unnamed seller'}, {quote.as_of}, {how}: {price} ({quote.source})"


def _title(history: History) -> str:
    """Return the finding: the price as of the newest day, and that of a year before."""
    main = history.main
    if main is None and history.rented:
        rates = [_amount(quote) for quote in history.rented]
        told = f"{_span_text(rates, RENT)} in {_count(history.rented)}"
        return f"{history.gpu} rents at {told}, all of them indices or averages"
    if main is None:
        rates = [_amount(quote) for quote in history.bought]
        return f"{history.gpu} sells at {_span_text(rates, BUY)} in {_count(history.bought)}"
    last = next(step for step in reversed(history.chosen[main]) if step.price)
    before = _price_at(history.counted[main], a_year_before(last.day))
    then = f"; a year before {quantity_text(before.price, RENT)}" if before.price else ""
    return (
        f"{history.gpu} rents {RENTED.get(main, main)} at {quantity_text(last.price, RENT)}, "
        f"{_providers(last)} on {last.day}{then}"
    )


def _providers(step: Step) -> str:
    return f"the median of {step.providers} providers" if step.providers > 1 else "of one provider"


def _span_text(rates: Sequence[float], unit: str) -> str:
    low, high = min(rates), max(rates)
    return quantity_text(low, unit) if low == high else range_text(low, high, unit)


def _told(history: History) -> Iterator[str]:
    """Yield the sentences of the description."""
    if history.rented:
        yield (
            "Points are rental quotes; a line is the price that an estimate takes as of each day: "
            "the median over providers, of each its latest quote in the twelve months before."
        )
    for terms, quotes in history.counted.items():
        rates, days = [quote.rate for quote in quotes], [quote.as_of for quote in quotes]
        yield (
            f"{_words(terms)}: {_count(quotes)} from {days[0]} to {days[-1]}, "
            f"{_span_text(rates, RENT)}{_chosen_text(history.chosen[terms])}."
        )
    if history.bought:
        rates = [_amount(quote) for quote in history.bought]
        yield f"To buy: {_count(history.bought)}, {_span_text(rates, BUY)}."


def _chosen_text(steps: Sequence[Step]) -> str:
    """Return the last price that an estimate takes, and when it is too old for one."""
    places = [place for place, step in enumerate(steps) if step.price]
    if not places:
        return ""
    last, gone = steps[places[-1]], steps[places[-1] + 1 :]
    since = f" until {gone[0].day}" if gone else ""
    return f", last taken as {quantity_text(last.price, RENT)}{since}"


def _count(quotes: Sequence[PriceQuote]) -> str:
    return f"{len(quotes):,} quote{'' if len(quotes) == 1 else 's'}"


def _source(data: Mapping[str, Any], history: History) -> str:
    keys = sorted({quote.source for quote in history.quotes})
    told = f"{_count(history.quotes)} up to {history.newest} from {listed(keys)}"
    return ", ".join(filter(None, (source_line(data), told)))


def _row(quote: PriceQuote) -> Cells:
    return (
        *(quote.as_of, quote.terms, quote.provider),
        *(quote.price, quote.purchase_price, quote.source),
    )
