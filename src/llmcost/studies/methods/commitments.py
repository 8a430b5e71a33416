"""What the method epoch-2024 takes for renting: a three-year commitment near the day of purchase.

The cloud of the organisation that trained comes first (Amazon Web Services where it has none), then
the other large clouds, then any other; a TPU is at Google Cloud alone. At each, the latest day of
the list up to the day of purchase counts, or else the earliest after it; a day without these terms
sends on to the next cloud. Where no cloud has the terms, a price on other terms is turned into them
by fixed discounts. A part that a cloud does not list is taken for its kind in general.

Source: Cottier et al. 2024 (arXiv 2405.21015) and its authors' script at commit 263c40a.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from llmcost.catalog.epoch_2024 import price_list, rules, value_of
from llmcost.catalog.price_quotes import PriceQuote
from llmcost.studies.methods.cases import Case

TERMS = ("reserved-3y", "reserved-1y", "on-demand")
CLOUDS = ("Amazon Web Services", "Microsoft Azure", "Google Cloud")
CLOUD_OF = {
    "google": "Google Cloud",
    "deepmind": "Google Cloud",
    "microsoft": "Microsoft Azure",
    "openai": "Microsoft Azure",
}


@dataclass(frozen=True, slots=True)
class Commitment:
    """A price for a three-year commitment [USD/GPU/hour] and the quote that it comes from.

    `value` is `None` where the list has no price; `how` then says so.
    """

    value: float | None
    quote: PriceQuote | None
    how: str


def commitment(case: Case, as_of: date | None = None) -> Commitment:
    """Return the price of a three-year commitment; quotes after `as_of` are not looked at."""
    if case.price is not None:
        return Commitment(case.price, None, "as given")
    day = case.training_start - timedelta(days=value_of("purchase_to_training"))
    quotes = [one for one in price_list() if one.price and (as_of is None or one.day <= as_of)]
    for terms in TERMS:
        for cloud in _clouds(case, quotes):
            factor = _factor(cloud, terms)
            found = _nearest(_offers(case, cloud, quotes), day, terms)
            if found is not None and factor is not None:
                return Commitment(found.rate * factor, found, _how(case, found, factor))
    until = f" up to {as_of}" if as_of else ""
    return Commitment(None, None, f"no rental price for {case.device.gpu} in its list{until}")


def _clouds(case: Case, quotes: list[PriceQuote]) -> tuple[str, ...]:
    if case.device.kind == "TPU":
        return ("Google Cloud",)
    name = case.organisation.casefold()
    own = next((cloud for word, cloud in CLOUD_OF.items() if word in name), CLOUDS[0])
    others = (one.provider for one in quotes if one.provider)
    return tuple(dict.fromkeys((own, *CLOUDS, *others)))


def _factor(cloud: str, terms: str) -> float | None:
    """Return what turns a price on some terms into a three-year one; `None` where unknown."""
    if terms == TERMS[0]:
        return 1.0
    if cloud not in {one.applies_to for one in rules("reserved_3y_discount")}:
        return None
    given = 0.0 if terms == "on-demand" else value_of("reserved_1y_discount", cloud)
    return (1.0 - value_of("reserved_3y_discount", cloud)) / (1.0 - given)


def _offers(case: Case, cloud: str, quotes: list[PriceQuote]) -> list[PriceQuote]:
    """Return what a cloud lists under the accelerator's own name, else under its general one."""
    for name in case.device.listed_as:
        named = [one for one in quotes if (one.provider, one.gpu_as_listed) == (cloud, name)]
        if named:
            return named
    return []


def _nearest(offers: list[PriceQuote], day: date, terms: str) -> PriceQuote | None:
    """Return the quote of the nearest day, `None` where that day has none on these terms."""
    days = [one.day for one in offers]
    before = [one for one in days if one <= day]
    nearest = max(before) if before else min(days, default=None)
    return next((one for one in offers if (one.day, one.terms) == (nearest, terms)), None)


def _how(case: Case, quote: PriceQuote, factor: float) -> str:
    text = f"{quote.provider}, {quote.terms}, {quote.as_of}"
    text += f", {quote.gpu}" * (quote.gpu != case.device.gpu)
    return text + (f", times {factor:.3f}" if factor != 1 else "")
