"""What a claim's hours cost at each rental that was listed by then."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.catalog.price_quotes import PriceQuote
from llmcost.formulas import money
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.quotes import offers

INSIDE, ABOVE, BELOW = "inside", "above", "below"


@dataclass(frozen=True, slots=True)
class Listed:
    """A listed rental, what the claim's hours cost at it [USD], and where the claim has that."""

    quote: PriceQuote
    cost: float
    place: str


def listings(claim: Claimed) -> tuple[Listed, ...]:
    """Return each provider's newest rental on each terms up to the claim's day, cheapest first.

    None where the claim is no cost in USD, or where no hours of it are known.
    """
    if claim.quantity != "cost" or claim.unit != "USD" or not claim.known_hours or claim.circular:
        return ()
    newest: dict[tuple[str, ...], PriceQuote] = {}
    for quote in sorted(offers(claim.gpus[:1], claim.prices_until), key=lambda one: one.day):
        newest[str(quote.provider), quote.terms] = quote
    ordered = sorted(newest.values(), key=lambda one: (one.rate, str(one.provider)))
    return tuple(_listed(claim, quote, claim.known_hours) for quote in ordered)


def _listed(claim: Claimed, quote: PriceQuote, hours: float) -> Listed:
    cost = float(money.rental_cost.kernel(gpu_hours=hours, price=quote.rate))
    low, high = claim.bounds
    return Listed(quote, cost, INSIDE if low <= cost <= high else ABOVE if cost > high else BELOW)
