"""What an accelerator costs to rent or buy: dated quotes, and one price chosen from them.

The rule of choice: of all quotes for exactly this accelerator and exactly these terms, dated within
the twelve months up to a day, each provider's latest is taken, and the price is the median over the
providers, with the 10th and 90th percentile as its range. Every grade counts: A (a provider's page
or interface), B (a catalogue that cites the provider) and C (an aggregator, an estimate, a lost
source); how many are C is told, and a price from C alone is a warning. Market aggregates and
indices are kept for show and never counted. Where a provider's latest day has several quotes
(regions, instance types), their median stands for the provider. One provider alone has no spread of
its own: it takes the typical one of the other accelerators, with a warning. A date that names only
a month or a year counts as its last day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from llmcost.catalog.columns import day_from, folded
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.price_quotes import (
    RENTAL_TERMS,
    TERMS,
    Counted,
    PriceQuote,
    newest_price_day,
    price_quotes,
    providers_known,
    rentals,
    rentals_of,
)
from llmcost.errors import UnknownNameError

LOW, HIGH = 0.10, 0.90
FEWEST_PROVIDERS = 3

PROVIDER_ALIASES = {
    "aws": "Amazon Web Services",
    "amazon": "Amazon Web Services",
    "azure": "Microsoft Azure",
    "gcp": "Google Cloud",
    "google": "Google Cloud",
    "oracle": "Oracle Cloud",
    "oci": "Oracle Cloud",
    "vast": "Vast.ai",
    "verda": "Verda (DataCrunch)",
    "datacrunch": "Verda (DataCrunch)",
    "cudo": "Cudo Compute",
    "oblivus": "Oblivus Cloud",
    "latitude": "Latitude.sh",
    "ovh": "OVHcloud",
    "lambda labs": "Lambda",
    "sfcompute": "SF Compute",
}


@dataclass(frozen=True, slots=True)
class PriceSelection(Counted):
    """One price with its range, the quotes behind it and the rule in words.

    `value`, `low` and `high` [USD/GPU/hour] are `None` where no quote fits; `reason` then says
    what there is instead. `quotes` are the ones counted, `not_counted` the others of the window.
    """

    gpu: str
    terms: str
    provider: str | None
    as_of: date
    value: float | None
    low: float | None
    high: float | None
    providers: int
    cheapest: tuple[float, str] | None
    dearest: tuple[float, str] | None
    quotes: tuple[PriceQuote, ...]
    not_counted: tuple[PriceQuote, ...]
    warnings: tuple[str, ...]
    reason: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The bibliography keys behind the price, each once."""
        return tuple(dict.fromkeys(quote.source for quote in self.quotes))


def select_price(
    gpu_name: str,
    *,
    terms: str = "on-demand",
    provider: str | None = None,
    as_of: date | str | None = None,
) -> PriceSelection:
    """Return the rental price of an accelerator [USD/GPU/hour], chosen by the rule above.

    `as_of` defaults to `newest_price_day`. A named provider's latest quote up to that day is
    taken whatever its age, and the range is over its quotes of that day. Raises UnknownNameError
    for an unknown accelerator, terms or provider, and InputError for a date that cannot be read.
    """
    gpu = accelerator(gpu_name).name
    terms = _terms(terms)
    who = None if provider is None else _provider(provider)
    day = newest_price_day() if as_of is None else day_from(as_of, "as_of")
    quotes = [q for q in rentals_of(gpu) if q.terms == terms and q.day <= day]
    if who is not None:
        window = [quote for quote in quotes if quote.provider == who]
    else:
        window = [quote for quote in quotes if quote.day > a_year_before(day)]
    return _selection(gpu, terms, who, day, window)


def price_rows(gpu_name: str, *, terms: str | None = None) -> tuple[PriceQuote, ...]:
    """Return the price history of an accelerator, rentals and purchases, oldest first.

    Raises UnknownNameError for an unknown accelerator or terms.
    """
    gpu = accelerator(gpu_name).name
    wanted = TERMS if terms is None else (_terms(terms, TERMS),)
    rows = (quote for quote in price_quotes() if quote.gpu == gpu and quote.terms in wanted)
    return tuple(sorted(rows, key=lambda quote: (quote.day, quote.price_id)))


def percentile(values: Iterable[float], fraction: float) -> float:
    """Return the value below which `fraction` of the values lie, by linear interpolation.

    The order statistics stand at equal steps from 0 to 1 (definition 7 of Hyndman and Fan 1996).

    >>> percentile([1.0, 2.0, 4.0], 0.75)
    3.0
    """
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 2)
    if below < 0:
        return ordered[0]
    share = place - below
    above = ordered[below + 1]
    return min(above, ordered[below] + share * (above - ordered[below]))


def a_year_before(day: date) -> date:
    """Return the same day of the year before (28 February for the 29th)."""
    if day.year == 1:
        return date.min
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap_day else day.day)


def _selection(
    gpu: str, terms: str, provider: str | None, day: date, window: Sequence[PriceQuote]
) -> PriceSelection:
    offered = [quote for quote in window if quote.provider_class != "aggregate"]
    counted = latest_by_provider(offered)
    quotes = tuple(quote for rows in counted.values() for quote in rows)
    rates = {name: median(quote.rate for quote in rows) for name, rows in counted.items()}
    by_rate = sorted((rate, name) for name, rate in rates.items())
    over = list(rates.values()) if provider is None else [quote.rate for quote in quotes]
    spread = typical_spread(terms, day) if provider is None and len(over) == 1 else (1.0, 1.0)
    return PriceSelection(
        gpu=gpu,
        terms=terms,
        provider=provider,
        as_of=day,
        value=median(over) if over else None,
        low=percentile(over, LOW) * spread[0] if over else None,
        high=percentile(over, HIGH) * spread[1] if over else None,
        providers=len(rates),
        cheapest=by_rate[0] if by_rate else None,
        dearest=by_rate[-1] if by_rate else None,
        quotes=quotes,
        not_counted=tuple(quote for quote in window if quote not in quotes),
        warnings=(*_grade_warning(quotes), *_alone_warning(over, provider, spread)),
        reason=_why(terms, provider, day, counted) or _why_none(gpu, terms, provider, day),
    )


def latest_by_provider(quotes: Iterable[PriceQuote]) -> dict[str, list[PriceQuote]]:
    """Return each provider's quotes of its latest day; one without a provider stands alone."""
    grouped: defaultdict[str, list[PriceQuote]] = defaultdict(list)
    for quote in quotes:
        grouped[quote.provider or quote.price_id].append(quote)
    latest = {name: max(quote.day for quote in group) for name, group in grouped.items()}
    return {name: [q for q in grouped[name] if q.day == latest[name]] for name in sorted(grouped)}


def _grade_warning(quotes: Sequence[PriceQuote]) -> tuple[str, ...]:
    if not quotes or any(quote.grade != "C" for quote in quotes):
        return ()
    ids = ", ".join(quote.price_id for quote in quotes)
    return (f"only prices of grade C (aggregators, estimates, lost sources) were found: {ids}",)


def _alone_warning(
    over: Sequence[float], provider: str | None, spread: tuple[float, float]
) -> tuple[str, ...]:
    if len(over) != 1 or provider is not None:
        return ()
    return (
        f"only one provider has such a price, so its range is the typical one of other "
        f"accelerators on the same terms: {spread[0]:.2f} to {spread[1]:.2f} of the price",
    )


def typical_spread(terms: str, day: date) -> tuple[float, float]:
    """Return the 10th and 90th percentile of provider prices over their median, typically.

    The median over the accelerators that have at least three providers with a price on these terms
    in the twelve months to the day; (1, 1) where there is none.
    """
    rates: defaultdict[str, defaultdict[str, list[PriceQuote]]]
    rates = defaultdict(lambda: defaultdict(list))
    for quote in rentals():
        fits = quote.terms == terms and a_year_before(day) < quote.day <= day
        if fits and quote.gpu and quote.provider_class != "aggregate":
            rates[quote.gpu][str(quote.provider)].append(quote)
    spreads = []
    for offers in rates.values():
        latest = latest_by_provider(quote for group in offers.values() for quote in group)
        over = [median(quote.rate for quote in rows) for rows in latest.values()]
        if len(over) >= FEWEST_PROVIDERS:
            middle = median(over)
            spreads.append((percentile(over, LOW) / middle, percentile(over, HIGH) / middle))
    if not spreads:
        return 1.0, 1.0
    return median(low for low, _ in spreads), median(high for _, high in spreads)


def _why(
    terms: str, provider: str | None, day: date, counted: dict[str, list[PriceQuote]]
) -> str | None:
    if not counted:
        return None
    if provider is not None:
        rows = counted[provider]
        text = f"{provider}, {terms}, {rows[0].as_of}: the latest up to {day}"
        return text + (f"; median of {len(rows)} rows of that day" if len(rows) > 1 else "")
    poor = sum(quote.grade == "C" for rows in counted.values() for quote in rows)
    several = [name for name, rows in counted.items() if len(rows) > 1]
    text = (
        f"median over {len(counted)} provider{'s' if len(counted) > 1 else ''}, {terms}, each "
        f"provider's latest price in the twelve months to {day}"
    )
    text += "; range: 10th to 90th percentile" * (len(counted) > 1)
    text += f"; {poor} of grade C" * bool(poor)
    return text + (f"; median of several rows of one day for {', '.join(several)}" * bool(several))


def _why_none(gpu: str, terms: str, provider: str | None, day: date) -> str:
    rows = list(rentals_of(gpu))
    if provider is not None:
        rows = [quote for quote in rows if quote.provider == provider]
    by = f" at {provider}" if provider else ""
    when = f"up to {day}" if provider else f"in the twelve months to {day}"
    text = f"no {terms} price for {gpu}{by} {when}"
    if not rows:
        return f"{text}; there is no rental price for it at all: give a price yourself"
    same = [quote for quote in rows if quote.terms == terms] or rows
    newest = max(same, key=lambda quote: quote.day)
    first = min(same, key=lambda quote: quote.day)
    seen = [quote for quote in rows if a_year_before(day) < quote.day <= day]
    has = [known for known in RENTAL_TERMS if any(quote.terms == known for quote in seen)]
    then = f"terms with prices then: {', '.join(has)}" if has else "nor one on other terms"
    nearest = f"the newest is {newest.as_of} ({newest.terms})"
    if first.day > day:
        nearest = f"the first is {first.as_of} ({first.terms})"
    return f"{text}; {nearest}; {then}"


def _terms(text: str, known: tuple[str, ...] = RENTAL_TERMS) -> str:
    name = folded(text)
    if name not in known:
        raise UnknownNameError("terms of rental", text, known, f"Known: {', '.join(known)}.")
    return name


def _provider(text: str) -> str:
    known = {name.casefold(): name for name in providers_known()}
    name = " ".join(text.casefold().split())
    found = known.get(PROVIDER_ALIASES.get(name, name).casefold())
    if found is None:
        names = (*known.values(), *PROVIDER_ALIASES)
        raise UnknownNameError("provider", text, names, f"Known: {', '.join(known.values())}.")
    return found
