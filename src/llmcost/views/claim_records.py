"""Reconciliations as programs read them: one flat row a claim, one object with everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from llmcost.studies.reconciliation.beside import bins_of
from llmcost.table import Cell, Field
from llmcost.views.claim_words import by_whom, label, says

if TYPE_CHECKING:
    from llmcost.studies.reconciliation.claimed import Claimed
    from llmcost.studies.reconciliation.implied import Implied
    from llmcost.studies.reconciliation.listings import Listed
    from llmcost.studies.reconciliation.ours import Figure
    from llmcost.studies.reconciliation.report import BasisVerdict, Compared, Reconciliation

SCHEMA = "llmcost.reconciliation/1"
ROW_KEYS = (
    *("name", "subject", "quantity", "relation", "low", "high", "unit"),
    *("scope", "price_basis", "said", "estimate", "estimate_low", "estimate_high", "basis"),
    *("as_of", "how", "ratio_low", "ratio_high", "share_inside", "verdict", "reason"),
    *("gpu_hours", "hours_source", "implied_price", "implied_mfu", "matches"),
    *("product", "product_agrees", "derived_from", "re_check", "sources"),
    *("implied_goodput", "implied_price_high", "implied_mfu_high", "implied_goodput_high"),
    "matches_high",
)
UNITS = {
    "gpu_hours": "GPU*hour",
    **dict.fromkeys(("implied_price", "implied_price_high"), "USD/GPU/hour"),
    "product": "USD",
}
FLAT = tuple(Field(name, unit=UNITS.get(name, "")) for name in ROW_KEYS)


def flat_row(row: Compared) -> tuple[Cell, ...]:
    """Return the cells of one claim, in the order of `ROW_KEYS`."""
    record = _summary(row)
    return tuple(record[name] for name in ROW_KEYS)


def data_of(found: Reconciliation, *, histograms: bool = False) -> dict[str, Any]:
    """Return the JSON document of a reconciliation; with `histograms` the bins of all draws too."""
    return {
        "schema": SCHEMA,
        **found.meta,
        "claims": found.kind,
        "conflict": found.in_conflict,
        "verdicts": dict(Counter(row.verdict for row in found.rows)),
        "rows": [_record(row, histograms=histograms) for row in found.rows],
        "conflicts": [asdict(one) for one in found.conflicts],
    }


def _summary(row: Compared) -> dict[str, Cell]:
    claim, main, product = row.claim, row.main, row.product
    ratios = [_rounded(end) for end in row.ratio]
    return {
        **_claim(claim),
        "sources": "; ".join(claim.sources),
        "estimate": main.value if main else None,
        "estimate_low": main.low if main else None,
        "estimate_high": main.high if main else None,
        "basis": main.basis or None if main else None,
        "as_of": row.as_of or None,
        "how": row.how or None,
        "ratio_low": ratios[0],
        "ratio_high": ratios[1],
        "share_inside": row.inside,
        "verdict": row.verdict,
        "reason": row.reason or None,
        **_implied_ends(row),
        "product": product.cost if product else None,
        "product_agrees": product.agrees if product else None,
    }


def _implied_ends(row: Compared) -> dict[str, Cell]:
    """Return what a claim implies: at its one end or the lower one, and at the higher one."""
    ends = (*row.claim.limits, None, None)[:2]
    found: dict[str, Cell] = {}
    for end, which in zip(ends, ("", "_high"), strict=True):
        for name in ("implied_price", "implied_mfu", "implied_goodput"):
            one = _first(row, name, end)
            found[f"{name}{which}"] = one.value if one else None
        price = _first(row, "implied_price", end)
        quotes = price.standing.nearest if price and price.standing else ()
        found[f"matches{which}"] = "; ".join(quote.price_id for quote in quotes) or None
    return found


def _claim(claim: Claimed) -> dict[str, Any]:
    return {
        "name": claim.name,
        "subject": claim.subject,
        "quantity": claim.quantity,
        "relation": claim.relation,
        "low": claim.low,
        "high": claim.high,
        "unit": claim.unit,
        "scope": claim.scope,
        "price_basis": claim.price_basis,
        "said": str(claim.said),
        "gpu_hours": claim.gpu_hours,
        "hours_source": claim.hours_source,
        "derived_from": claim.derived_from,
        "re_check": claim.re_check,
    }


def _record(row: Compared, *, histograms: bool) -> dict[str, Any]:
    claim = row.claim
    allowed = [end if isfinite(end) else None for end in claim.bounds]
    return {
        **_summary(row),
        "sources": list(claim.sources),
        "label": label(claim),
        "says": says(claim),
        "title": claim.title,
        "by": by_whom(claim),
        "statement": claim.statement,
        "covers": claim.covers or None,
        "allowed": allowed if claim.ends else None,
        "bases": [_basis(one, histograms=histograms) for one in row.bases],
        "implied": [_implied(one) for one in row.implied],
        "product": asdict(row.product) if row.product else None,
        "listings": [_listed(one) for one in row.listings],
        "notes": list(row.notes),
        "arithmetic_only": row.arithmetic_only,
        "published": [_published(one) for one in row.published],
    }


def _published(claim: Claimed) -> dict[str, Any]:
    """Return what others say of the same; `value` is the one figure stated, where it is one."""
    return {
        "name": claim.name,
        "title": claim.title,
        "by": by_whom(claim),
        "says": says(claim),
        "relation": claim.relation,
        "low": claim.low,
        "high": claim.high,
        "value": claim.ends[0] if len(claim.ends) == 1 else None,
        "unit": claim.unit,
        "price_basis": claim.price_basis,
        "source": "; ".join(claim.sources),
        "said": str(claim.said),
    }


def _basis(one: BasisVerdict, *, histograms: bool) -> dict[str, Any]:
    """Return one of our figures; the bins of its draws where they are asked for and known."""
    figure = one.figure
    bins = bins_of(figure.draws) if histograms else None
    record = _figure(one, figure)
    return {**record, "histogram": bins} if bins else record


def _figure(one: BasisVerdict, figure: Figure) -> dict[str, Any]:
    return {
        "basis": figure.basis or None,
        "title": figure.title or None,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "at_published_hours": one.at_published,
        "can_be_meant": figure.eligible,
        "share_inside": one.inside,
        "verdict": one.verdict,
    }


def _implied(one: Implied) -> dict[str, Any]:
    record = {"end": one.end, "name": one.name, "value": one.value, "unit": one.unit}
    record["words"] = one.words
    if one.standing is None:
        return record
    where = one.standing
    ids = [quote.price_id for quote in where.nearest]
    return record | {"place": where.place, "price_ids": ids, "listed": where.listed}


def _listed(one: Listed) -> dict[str, Any]:
    quote = one.quote
    return {
        "price_id": quote.price_id,
        "provider": quote.provider,
        "terms": quote.terms,
        "as_of": quote.as_of,
        "price": quote.price,
        "cost": one.cost,
        "place": one.place,
    }


def _first(row: Compared, name: str, end: float | None) -> Implied | None:
    return next((one for one in row.implied if (one.name, one.end) == (name, end)), None)


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else float(f"{ratio:.6g}")
