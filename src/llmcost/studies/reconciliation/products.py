"""Hours times price, set against the cost that was printed."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.catalog.price_quotes import RENTAL_TERMS
from llmcost.formulas import money
from llmcost.studies.reconciliation.bounds import digits, half_unit
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.quotes import quote_of, quote_words


@dataclass(frozen=True, slots=True)
class Product:
    """The cost [USD] that the hours [GPU*hour] behind a claim give at its price [USD/GPU/hour].

    `cites` says where the price stands, `factors` what the hours are made of; `agrees` tells
    whether the product is the printed figure, to its printed digits.
    """

    claim: str
    factors: str
    gpu_hours: float
    price: float
    cites: str
    cost: float
    printed: float
    agrees: bool


def product(claim: Claimed) -> Product | None:
    """Return the product of a cost's hours and price, or `None` where one is not known."""
    if claim.quantity != "cost" or claim.unit != "USD" or not claim.known_hours:
        return None
    priced = _price(claim)
    if priced is None or len(claim.ends) != 1:
        return None
    price, cites = priced
    hours = claim.known_hours
    cost = float(money.rental_cost.kernel(gpu_hours=hours, price=price))
    printed = claim.ends[0]
    agrees = abs(cost - printed) <= half_unit(printed) * (1 + 1e-9)
    return Product(claim.name, _factors(claim), hours, price, cites, cost, printed, agrees)


def _price(claim: Claimed) -> tuple[float, str] | None:
    if claim.price is not None:
        return claim.price, f"stated by {', '.join(claim.sources)}"
    if claim.provider is None or claim.price_basis not in RENTAL_TERMS:
        return None
    quote = quote_of(claim.gpus, claim.provider, claim.price_basis, claim.prices_until)
    if quote is None:
        return None
    return quote.rate, f"gpu_prices.csv {quote.price_id}: {quote_words(quote, claim.gpus[0])}"


def _factors(claim: Claimed) -> str:
    if claim.num_gpus and claim.hours:
        return f"{claim.num_gpus:,} x {claim.hours:,.12g} h"
    return f"{claim.known_hours:,.12g} GPU-hours"


def printed_digits(cost: float, printed: float) -> str:
    """Return a cost on its scale with five digits, or as many as were printed.

    >>> printed_digits(170_559_406.08, 170e6), printed_digits(191.4e6, 191.4e6)
    ('$170.56M', '$191.4M')
    """
    scale, letter = next(s for s in ((1e9, "B"), (1e6, "M"), (1e3, "K"), (1, "")) if cost >= s[0])
    shown = f"{cost / scale:.{max(5, digits(printed))}g}"
    return f"${shown}{letter}"
