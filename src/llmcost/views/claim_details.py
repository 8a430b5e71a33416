"""One claim in full: what it says and covers, what each end would need, the prices of its time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmcost.figures import quantity_text
from llmcost.studies.reconciliation.bounds import RULES
from llmcost.studies.reconciliation.claimed import AS_CLAIMED
from llmcost.studies.reconciliation.fleet import FLEET
from llmcost.table import Field, Table
from llmcost.views.claim_words import implied_text, money, shown_unit

if TYPE_CHECKING:
    from llmcost.studies.reconciliation.report import Compared

ABOUT = (Field("name", "The claim"), Field("value", "In full"))
IMPLIED = (
    Field("end", "At", align="right"),
    Field("implied", "Implies"),
    Field("meaning", "Which is"),
)
QUOTES = (
    Field("provider", "Provider"),
    Field("terms", "Terms"),
    Field("as_of", "Listed"),
    Field("price", "Price", "USD/GPU/hour", align="right"),
    Field("cost", "Cost", "USD", align="right"),
    Field("inside", "Claim"),
)
HOURS_WORDS = {
    "reported": "reported by those who trained it",
    "counted": "accelerators times hours",
    "computed": "compute over a rate",
    "assumed": "assumed",
    "speculative": "speculative",
    "bound": "an upper bound",
    "from-cost": "worked back from the cost",
}


def detail_tables(row: Compared) -> Iterator[Table]:
    """Yield the tables of one claim: what it is, what it implies, and the listed rentals."""
    facts = tuple(_facts(row))
    yield Table("claim", ABOUT, facts, texts=facts)
    if row.implied:
        yield _implied(row)
    if row.listings:
        yield _quotes(row)


def _facts(row: Compared) -> Iterator[tuple[str, str]]:
    claim = row.claim
    yield "From", f"{claim.title} ({', '.join(claim.sources)})"
    if covers := claim.covers or claim.statement:
        yield "Covers", covers
    if claim.ends:
        yield "Allows", RULES[claim.relation]
    if claim.unit == "USD":
        yield "Scope", f"{_words(claim.scope)}; price basis {_words(claim.price_basis)}"
    if claim.known_hours:
        told = HOURS_WORDS.get(claim.hours_source or "", "not stated how")
        told = "as claimed" if claim.hours_of == AS_CLAIMED else told
        hours = quantity_text(claim.known_hours, "GPU*hour")
        yield "GPU-hours", f"{hours}, {told}{_where(claim.hours_of)}"
    if row.how:
        up_to = row.as_of and claim.quantity != FLEET
        yield "Set beside", row.how + (f", prices up to {row.as_of}" if up_to else "")
    if claim.note:
        yield "Note", claim.note


def _where(hours_of: str) -> str:
    return f" ({hours_of})" if hours_of not in ("", AS_CLAIMED) else ""


def _words(name: str) -> str:
    return name.replace("-", " ") if name == "not-stated" else name


def _implied(row: Compared) -> Table:
    unit = shown_unit(row.claim)
    return Table(
        "implied",
        IMPLIED,
        tuple((one.end, implied_text(one), one.words) for one in row.implied),
        title="What would have to be true",
        texts=tuple(
            (quantity_text(one.end, unit), implied_text(one), one.words) for one in row.implied
        ),
    )


def _quotes(row: Compared) -> Table:
    rows, texts = [], []
    for one in row.listings:
        quote = one.quote
        about = (str(quote.provider), quote.terms, quote.as_of)
        rows.append((*about, quote.rate, one.cost, one.place))
        texts.append((*about, money(quote.rate), quantity_text(one.cost, "USD"), one.place))
    claim = row.claim
    hours = quantity_text(claim.known_hours, "GPU*hour")
    title = f"Rentals of {claim.gpus[0]} listed up to {claim.prices_until}, at {hours}"
    return Table("quotes", QUOTES, tuple(rows), title=title, texts=tuple(texts))
