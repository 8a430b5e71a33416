"""Which dated prices of the catalogue stand behind a price, or on either side of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log

from llmcost.catalog.price_quotes import RENTAL_TERMS, PriceQuote, price_quotes
from llmcost.catalog.prices import a_year_before
from llmcost.figures import quantity_text

CLOSE = 0.02
MATCHES, BELOW, ABOVE, BETWEEN, NONE = "matches", "below all", "above all", "between", "no quotes"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a price [USD/GPU/hour] stands among the rentals listed up to a day.

    `place` is matches (within 2% of a quote), below all, above all, between, or no quotes;
    `nearest` holds the quote that it matches, or its neighbours; `listed` counts the quotes.
    """

    price: float
    day: date
    gpus: tuple[str, ...]
    place: str
    nearest: tuple[PriceQuote, ...]
    listed: int

    @property
    def words(self) -> str:
        """The standing as a person would say it."""
        told = self._told
        if self.place == MATCHES:
            return f"matches {told[0]}"
        if self.place == BETWEEN:
            return f"between {told[0]} and {told[1]}"
        if self.place == NONE:
            names = " or ".join(self.gpus[:1]) or "the accelerator"
            return f"no rental of {names} is listed up to {self.day}"
        if self.listed == 1:
            return f"{self.place.split()[0]} the one rental listed up to {self.day}: {told[0]}"
        return f"{self.place} {self.listed} rentals listed up to {self.day}; {self._end}: {told[0]}"

    @property
    def short(self) -> str:
        """The standing without the day up to which a longer text counts."""
        told = self._told
        if self.place == MATCHES:
            return told[0]
        if self.place == BETWEEN:
            return f"between {told[0]} and {told[1]}"
        if self.place == NONE:
            return "no rental listed by then"
        if self.listed == 1:
            return f"{self.place.split()[0]} the only listed rental: {told[0]}"
        return f"{self.place} {self.listed} listed rentals; {self._end}: {told[0]}"

    @property
    def _told(self) -> list[str]:
        """The nearest quotes in words, with their accelerator where the claim means another."""
        return [quote_words(quote, self.gpus[0]) for quote in self.nearest]

    @property
    def _end(self) -> str:
        return "lowest" if self.place == BELOW else "highest"


def standing(
    price: float,
    gpus: Sequence[str],
    day: date,
    terms: str | None = None,
    near: date | None = None,
) -> Standing:
    """Return where a price [USD/GPU/hour] stands among the rentals of accelerators up to a day.

    Indices and market aggregates are no offers and are left out. Where several quotes match, one
    on the same `terms` comes before others, then the one listed closest to the day `near`.
    """
    quotes = offers(gpus, day)
    if not quotes:
        return Standing(price, day, tuple(gpus), NONE, (), 0)
    matching = [quote for quote in quotes if abs(quote.rate / price - 1) <= CLOSE]
    nearest: tuple[PriceQuote, ...]
    if matching:
        place, nearest = (
            MATCHES,
            (min(matching, key=lambda q: _rank(q, price, terms, near or day)),),
        )
    else:
        place, nearest = _neighbours(quotes, price)
    return Standing(price, day, tuple(gpus), place, nearest, len(quotes))


def offers(gpus: Iterable[str], day: date) -> list[PriceQuote]:
    """Return every rental quote of the accelerators up to a day, in file order."""
    wanted = set(gpus)
    return [
        quote
        for quote in price_quotes()
        if quote.kind == "rental"
        and quote.gpu in wanted
        and quote.day <= day
        and quote.provider_class != "aggregate"
    ]


def quote_of(gpus: Sequence[str], provider: str, terms: str, day: date) -> PriceQuote | None:
    """Return a provider's newest quote on these terms up to a day, the likeliest part first."""
    for gpu in gpus:
        fits = [q for q in offers([gpu], day) if (q.provider, q.terms) == (provider, terms)]
        if fits:
            return max(fits, key=lambda quote: quote.day)
    return None


def nearest_day(gpu: str, day: date, terms: str, *, bought: bool = False) -> str:
    """Return when the price was listed that a day lacks: the first after it, or one too old for it.

    Only rentals on `terms` count where those are terms of rental; purchases where `bought`.
    """
    kind, what = ("purchase", "purchase price") if bought else ("rental", "rental")
    listed = [quote for quote in price_quotes() if (quote.kind, quote.gpu) == (kind, gpu)]
    if terms in RENTAL_TERMS:
        what = f"{terms} {what}"
        listed = [quote for quote in listed if quote.terms == terms]
    if not listed:
        return f"no {what} of {gpu} is in the catalogue"
    before = [quote for quote in listed if quote.day <= day]
    if before:
        newest = max(before, key=lambda quote: quote.day)
        old = ", more than twelve months before" * (newest.day <= a_year_before(day))
        return f"the newest {what} of {gpu} by then is of {newest.as_of}{old}"
    first = min(listed, key=lambda quote: quote.day)
    return f"the first {what} of {gpu} was listed on {first.as_of}"


def quote_words(quote: PriceQuote, gpu: str = "") -> str:
    """Return a quote with its provider, terms and date, and its accelerator if it is not `gpu`."""
    rate = quantity_text(quote.rate, "USD")
    other = f", {quote.gpu}" if gpu and quote.gpu != gpu else ""
    return f"{quote.provider} {quote.terms} {rate} ({quote.as_of}{other})"


def _rank(
    quote: PriceQuote, price: float, terms: str | None, near: date
) -> tuple[bool, int, float]:
    other = terms in RENTAL_TERMS and quote.terms != terms
    return other, abs((quote.day - near).days), abs(log(quote.rate / price))


def _neighbours(quotes: Sequence[PriceQuote], price: float) -> tuple[str, tuple[PriceQuote, ...]]:
    under = [quote for quote in quotes if quote.rate < price]
    over = [quote for quote in quotes if quote.rate > price]
    closest_under = max(under, key=lambda q: (q.rate, q.day), default=None)
    closest_over = min(over, key=lambda q: (q.rate, -q.day.toordinal()), default=None)
    if closest_under and closest_over:
        return BETWEEN, (closest_under, closest_over)
    if closest_over:
        return BELOW, (closest_over,)
    return ABOVE, tuple(quote for quote in (closest_under,) if quote)
