"""What the same hours would cost to rent: every provider and terms with a price on the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from llmcost.catalog.files import cached_by_folder
from llmcost.catalog.gpus import MEASURED, Accelerator, accelerator
from llmcost.catalog.price_quotes import RENTAL_TERMS, price_name, rentals_of
from llmcost.catalog.prices import PriceSelection, select_price
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.choosing import Chosen
from llmcost.studies.choices.cluster import PRICE_UNIT


def choose_rentals(
    gpu: Accelerator, day: date
) -> tuple[Mapping[str, Chosen], tuple[Mapping[str, Any], ...]]:
    """Return the price on each terms that has one, by name, and the offers behind them as rows.

    Both are remembered and shared: only to read.
    """
    return ({}, ()) if gpu.evidence == MEASURED else _rentals(gpu.name, day)


@cached_by_folder
def _rentals(name: str, day: date) -> tuple[Mapping[str, Chosen], tuple[Mapping[str, Any], ...]]:
    gpu = accelerator(name)
    found: dict[str, Chosen] = {}
    offers: list[dict[str, Any]] = []
    for terms in RENTAL_TERMS:
        picked = select_price(gpu.name, terms=terms, as_of=day)
        if picked.value is None:
            offers += _none(gpu, terms, day)
            continue
        found[price_name(terms)] = _chosen(picked)
        offers += [_row(picked, None), *_providers(gpu, terms, day, picked)]
    return found, tuple(offers)


def _none(gpu: Accelerator, terms: str, day: date) -> list[dict[str, Any]]:
    """Return the row of terms without a price now, where there was one before."""
    before = [
        quote
        for quote in rentals_of(gpu.name)
        if quote.terms == terms and quote.day <= day and quote.provider_class != "aggregate"
    ]
    if not before:
        return []
    newest = max(quote.day for quote in before)
    nothing = dict.fromkeys(("provider", "price", "low", "high"))
    told = {"terms": terms, "providers": 0, "unit": PRICE_UNIT, "newest": str(newest)}
    return [{**told, **nothing, "grades": "", "price_ids": [], "sources": []}]


def _chosen(picked: PriceSelection) -> Chosen:
    value = picked.value or 0.0
    spread = Spread(picked.low or value, value, picked.high or value)
    origin = Origin("catalogue", f"gpu_prices.csv: {picked.reason}", str(picked.as_of))
    return Chosen(spread, InputValue.of(spread, PRICE_UNIT, origin))


def _providers(
    gpu: Accelerator, terms: str, day: date, picked: PriceSelection
) -> list[dict[str, Any]]:
    names = sorted({str(quote.provider) for quote in picked.quotes}, key=str.casefold)
    rows = [select_price(gpu.name, terms=terms, provider=name, as_of=day) for name in names]
    return [_row(row, name) for row, name in zip(rows, names, strict=True)]


def _row(picked: PriceSelection, provider: str | None) -> dict[str, Any]:
    return {
        "terms": picked.terms,
        "provider": provider,
        "providers": picked.providers,
        "price": picked.value,
        "low": picked.low,
        "high": picked.high,
        "unit": PRICE_UNIT,
        "newest": str(picked.newest),
        "grades": "".join(sorted({quote.grade for quote in picked.quotes})),
        "price_ids": list(picked.price_ids),
        "sources": list(picked.sources),
    }
