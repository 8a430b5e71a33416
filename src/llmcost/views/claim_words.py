"""Claims and what they imply, in the few words that a table has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.catalog.sources import source
from llmcost.figures import EM_DASH, EN_DASH, quantity_text, range_text, significant
from llmcost.studies.reconciliation.bounds import digits
from llmcost.studies.reconciliation.claimed import OWN
from llmcost.studies.reconciliation.ours import ON_DEMAND
from llmcost.studies.reconciliation.products import printed_digits

if TYPE_CHECKING:
    from llmcost.catalog.sources import Source
    from llmcost.studies.reconciliation.claimed import Claimed
    from llmcost.studies.reconciliation.implied import Implied
    from llmcost.studies.reconciliation.ours import Figure
    from llmcost.studies.reconciliation.report import Compared

LEADS = {"about": "about ", "equal": "", "more_than": "over ", "less_than": "under "}
SHARES = ("share_of_fleet", "share", "improvement", "development_share", "licence_share", "mfu")
NAMES = {
    "implied_price": "",
    "implied_mfu": "MFU ",
    "implied_goodput": "goodput ",
    "implied_power": "",
    "implied_carbon_intensity": "",
    "implied_water_intensity": "",
    "implied_ratio": "",
    "implied_post_training_share": "",
    "implied_server_price": "",
    "implied_fleet": "",
}
# Money of more digits than these is written as it is printed.
SHORT = 3
LEAST = 0.1
ONE_PRICE = "one price"
UNSIGNED = "not stated"
AS_SHARE = ("implied_mfu", "implied_goodput", "implied_post_training_share")


def label(claim: Claimed) -> str:
    """Return the name of a claim as a table shows it; essays of the same id are told apart."""
    first, _, rest = claim.name.partition("/")
    if not rest or not first.startswith("essay-"):
        return claim.name.replace("/", ": ")
    essay = first.removeprefix("essay-").removeprefix("llama-")
    return f"{rest} ({essay})"


def shown_unit(claim: Claimed) -> str:
    """Return the unit that a claim's figures are written in."""
    return written_unit(claim.quantity, claim.unit)


def written_unit(quantity: str, unit: str) -> str:
    """Return the unit that figures of a claimed quantity are written in.

    >>> written_unit("mfu", ""), written_unit("cost", "USD")
    ('share', 'USD')
    """
    if quantity in SHARES:
        return "share"
    return "parameter" if quantity == "parameters" else unit


def says(claim: Claimed) -> str:
    """Return what is claimed: a figure, a bound, a range, or the words of a claim without one."""
    unit = shown_unit(claim)
    if claim.relation == "order_of" and claim.low is not None:
        low, high = (quantity_text(end, unit) for end in claim.bounds)
        return f"{bare(low, unit)} {EN_DASH} {high}"
    if claim.relation == "between":
        return range_text(claim.low, claim.high, unit)
    if not claim.ends:
        return claim.statement
    end = claim.ends[0]
    exact = unit == "USD" and digits(end) > SHORT and end >= 1 and not claim.converted
    return (
        f"{LEADS[claim.relation]}{printed_digits(end, end) if exact else quantity_text(end, unit)}"
    )


def bare(text: str, unit: str) -> str:
    """Return a figure without the unit behind it, which the claim beside it says already."""
    tails = {"GPU": " GPUs", "token": " tokens", "GPU*hour": " GPU-hours"}
    return text.removesuffix(tails.get(unit, " "))


def by_whom(claim: Claimed) -> str:
    """Return who published a claim, and in which year: ``Cottier et al. 2024``."""
    if claim.kind == OWN or not claim.sources:
        return "your claim"
    return f"{_authors(source(claim.sources[0]))} {claim.said:%Y}"


def _authors(told: Source) -> str:
    """Return the authors of a source: two by their names, of more the first; else its title."""
    if told.authors == UNSIGNED:
        return "an essay" if told.key.startswith("essay-") else told.title
    first, *others = told.authors.split(", ")
    return f"{first} et al." if len(others) > 1 else " and ".join((first, *others))


def ratio_text(row: Compared) -> str:
    """Return the claim over our estimate, at each end that is claimed."""
    low, high = (None if end is None else _factor(end) for end in row.ratio)
    if row.claim.relation == "order_of" and row.ratio[0] is not None:
        high = _factor(10 * row.ratio[0])
    if low is None and high is None:
        return EM_DASH
    if low is None:
        return f"< {high}"
    if high is None:
        return f"> {low}"
    return low if low == high else f"{low} {EN_DASH} {high}"


def implied_text(one: Implied) -> str:
    """Return an implied value with its unit, and its name where the unit does not tell it."""
    if one.name == "implied_price":
        return f"{money(one.value)}/GPU-hour"
    if one.name == "implied_server_price":
        return f"{quantity_text(one.value, 'USD')}/GPU"
    if one.name == "implied_ratio":
        return f"{significant(one.value, 2)}x the final run"
    if one.name == "implied_post_training_share":
        return f"{quantity_text(one.value, 'share')} of the run"
    if one.name in AS_SHARE:
        return f"{NAMES[one.name]}{one.value:.2f}"
    return quantity_text(one.value, one.unit)


def money(price: float) -> str:
    """Return a price with its cents.

    >>> money(1.1349), money(54_687)
    ('$1.13', '$54,687.00')
    """
    return f"${price:,.2f}"


def verdict_text(row: Compared) -> str:
    """Return the verdict, with the price basis it holds on where that is not on-demand rental.

    One that only repeats the product behind the claim says so.
    """
    told = []
    if row.main is not None and row.main.basis not in ("", ON_DEMAND):
        title = row.main.title
        told.append(title.partition(",")[0] if row.claim.unit == "USD" else title)
    told += ["arithmetic only"] * row.arithmetic_only
    return f"{row.verdict} ({', '.join(told)})" if told else row.verdict


def span_text(low: float, high: float, unit: str, like: float | None) -> str:
    """Return a range; a cost that one listed price gives has none, and is not exact either."""
    return ONE_PRICE if unit == "USD" and low == high else range_text(low, high, unit, like=like)


def share_text(share: float | None) -> str:
    """Return a share of draws in whole percent."""
    return EM_DASH if share is None else f"{share:.0%}"


def basis_words(figure: Figure) -> str:
    """Return the name of a price basis; one that the claim cannot mean stands in brackets."""
    return figure.title if figure.eligible else f"({figure.title})"


def _factor(ratio: float) -> str:
    return f"{ratio:.2f}" if LEAST <= ratio < 10 else significant(ratio, 2)
