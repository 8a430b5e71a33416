"""Reconciliations to documents: verdicts, the numbers that close each gap, and what is outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmcost.figures import EM_DASH, quantity_text
from llmcost.studies.methods import EPOCH_2024
from llmcost.studies.reconciliation.bounds import NOT_COMPARABLE
from llmcost.studies.reconciliation.fleet import FLEET
from llmcost.studies.reconciliation.products import printed_digits
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.claim_details import detail_tables
from llmcost.views.claim_records import FLAT, data_of, flat_row
from llmcost.views.claim_words import (
    bare,
    basis_words,
    implied_text,
    label,
    money,
    ratio_text,
    says,
    share_text,
    shown_unit,
    span_text,
    verdict_text,
)
from llmcost.views.estimates import percentiles_text

if TYPE_CHECKING:
    from llmcost.studies.reconciliation.claimed import Claimed
    from llmcost.studies.reconciliation.implied import Implied
    from llmcost.studies.reconciliation.products import Product
    from llmcost.studies.reconciliation.report import Compared, Reconciliation

TITLES = {
    "essays": "What five essays claim, beside estimates of the same scope",
    "published": "Published cost figures, beside estimates of the same scope",
    "own": "Your claim, beside an estimate of the same scope",
}
VERDICTS = (
    Field("name", "Claim"),
    Field("says", "Says"),
    Field("estimate", "Estimate", align="right"),
    Field("interval", "Low – high", align="right"),
    Field("ratio", "Ratio", align="right"),
    Field("verdict", "Verdict"),
)
GAPS = (
    Field("name", "Claim"),
    Field("end", "At", align="right"),
    Field("implied", "Implies"),
    Field("meaning", "Which is"),
)
BASES = (
    Field("basis", "Price basis"),
    Field("value", "Cost", "USD", align="right"),
    Field("interval", "Low – high", align="right"),
    Field("at_published_hours", "Their hours", "USD", align="right"),
    Field("inside", "Inside", align="right"),
    Field("verdict", "Verdict"),
)
BASES_OF_QUANTITIES = (
    Field("basis", "Counted as"),
    Field("value", "Estimate", align="right"),
    BASES[2],
    Field("at_published_hours", "Their hours", align="right"),
    *BASES[4:],
)
BASES_OF_FLEETS = (
    Field("basis", "Fleet"),
    Field("value", "Share", align="right"),
    *BASES[2:],
)
PRODUCTS = (
    Field("name", "Claim"),
    Field("factors", "Hours", align="right"),
    Field("price", "Price", "USD/GPU/hour", align="right"),
    Field("cost", "Product", "USD", align="right"),
    Field("printed", "Printed", "USD", align="right"),
    Field("cites", "Price from"),
)
OUTSIDE = (Field("name", "Claim"), Field("says", "Says"), Field("reason", "What it is"))
NOT_COMPARED = (*OUTSIDE[:2], Field("reason", "Not compared because"))
HOW = (
    "Ratio: the claim over our estimate. Consistent: the range that the claim allows meets ours; "
    "low (high): all of it is below (above) ours. A claim that states no price basis is set "
    "against each, on-demand rental first."
)
MANY_BASES = 2


def reconciliation_document(found: Reconciliation) -> Document:
    """Return the document of a reconciliation; a single claim is shown in full."""
    details = len({_name(row.claim) for row in found.rows}) == 1
    return Document(
        title=_title(found, details=details),
        tables=tuple(_tables(found, details=details)),
        flat=Table("reconciliation", FLAT, tuple(flat_row(row) for row in found.rows)),
        data=data_of(found, histograms=details),
        messages=tuple(_messages(found)),
        footer=f"{HOW} {_drawn(found)}",
    )


def _drawn(found: Reconciliation) -> str:
    ends = f"{percentiles_text(float(found.meta['interval']))} percentile"
    return f"Low and high: {ends} of {found.meta['draws']:,} draws (seed {found.meta['seed']})."


def _title(found: Reconciliation, *, details: bool) -> str:
    if details:
        claim = found.rows[0].claim
        if claim.kind == "own":
            whose = f" of {claim.model}" if claim.model else ""
            return f"Your claim{whose}, beside an estimate of the same scope"
        told = claim.statement if claim.kind == "essays" else claim.title
        return f"{label(claim)}: {told} ({claim.said:%Y-%m})"
    names = {_name(row.claim) for row in found.rows}
    several = len(names) if found.kind == "essays" else len(found.rows)
    what = "figures" if found.kind == "published" else "claims"
    return f"{TITLES[found.kind]}: {several} {what}" if several > 1 else TITLES[found.kind]


def _name(claim: Claimed) -> str:
    """Return the name under which a claim is counted: one that names several figures is one."""
    first = claim.name.partition("/")[0]
    return claim.name if first.startswith("essay-") else first


def _tables(found: Reconciliation, *, details: bool) -> Iterator[Table]:
    compared = [row for row in found.rows if row.verdict != NOT_COMPARABLE]
    missing = [row for row in found.rows if row.verdict == NOT_COMPARABLE]
    outside = [row for row in missing if row.claim.outside]
    missing = [row for row in missing if not row.claim.outside]
    if compared:
        yield _verdicts(compared)
    if details:
        for row in found.rows:
            yield from detail_tables(row)
    elif gaps := [row for row in found.rows if row.gap]:
        yield _gaps(gaps)
    for row in compared:
        ranged = row.claim.relation == "between" and found.kind != "published"
        if len(row.bases) >= MANY_BASES and (details or ranged):
            yield _bases(row)
    if products := [row.product for row in found.rows if row.product]:
        yield _products(products)
    if missing:
        yield _reasons(missing, "not_compared", NOT_COMPARED, "Not compared")
    if outside:
        yield _reasons(outside, "outside", OUTSIDE, "Outside the scope of llmcost")


def _verdicts(rows: Sequence[Compared]) -> Table:
    return Table(
        "claims",
        VERDICTS,
        tuple(_verdict_cells(row) for row in rows),
        texts=tuple(_verdict_texts(row) for row in rows),
    )


def _verdict_cells(row: Compared) -> tuple[Cell, ...]:
    value = row.main.value if row.main else None
    return (*(row.claim.name, says(row.claim), value), _interval(row), ratio_text(row), row.verdict)


def _verdict_texts(row: Compared) -> tuple[str, ...]:
    claim = row.claim
    unit = shown_unit(claim)
    value = bare(quantity_text(row.main.value, unit), unit) if row.main else EM_DASH
    return (label(claim), says(claim), value, _interval(row), ratio_text(row), verdict_text(row))


def _interval(row: Compared) -> str:
    if row.main is None:
        return ""
    main, unit = row.main, shown_unit(row.claim)
    like = main.value if main.low > main.value / 20 else None
    return bare(span_text(main.low, main.high, unit, like), unit)


def _gaps(rows: Sequence[Compared]) -> Table:
    pairs = [(row, one) for row in rows for one in row.gap]
    return Table(
        "gaps",
        GAPS,
        tuple((row.claim.name, one.end, implied_text(one), one.short) for row, one in pairs),
        title="The number that closes the gap",
        texts=tuple(_gap_texts(row, one) for row, one in pairs),
    )


def _gap_texts(row: Compared, one: Implied) -> tuple[str, ...]:
    end = quantity_text(one.end, shown_unit(row.claim))
    return (label(row.claim), end, implied_text(one), one.short)


def _bases(row: Compared) -> Table:
    unit = shown_unit(row.claim)
    rows, texts = [], []
    for one in row.bases:
        figure = one.figure
        span = span_text(figure.low, figure.high, unit, figure.value)
        theirs = one.at_published
        at = EM_DASH if theirs is None else quantity_text(theirs, unit)
        rows.append((figure.basis, figure.value, span, theirs, one.inside, one.verdict))
        value = quantity_text(figure.value, unit)
        ends = (at, share_text(one.inside), one.verdict)
        texts.append((basis_words(figure), value, span, *ends))
    fields, each = _fields_of(row)
    told = f"{label(row.claim)} {each}, as known on {row.as_of}"
    shown = tuple(field.name for field in fields if _has(row, field.name))
    return Table(
        "bases",
        fields,
        tuple(rows),
        title=told,
        texts=tuple(texts),
        notes=tuple(_base_notes(row)),
        people_fields=shown,
    )


def _fields_of(row: Compared) -> tuple[tuple[Field, ...], str]:
    """Return the columns of the bases of a claim, and what they are in words."""
    if row.claim.quantity == FLEET:
        return BASES_OF_FLEETS, f"of each fleet, {row.how.rpartition(', ')[2]}"
    if row.claim.unit == "USD":
        return BASES, "on each price basis"
    return BASES_OF_QUANTITIES, "by what is counted"


def _has(row: Compared, name: str) -> bool:
    """Return whether a column of the bases says anything of this claim."""
    if name == "at_published_hours":
        return any(one.at_published is not None for one in row.bases)
    return name != "inside" or any(one.inside is not None for one in row.bases)


def _base_notes(row: Compared) -> Iterator[str]:
    if any(one.at_published is not None for one in row.bases):
        hours = quantity_text(row.claim.known_hours, "GPU*hour")
        yield f"Their hours: our estimate at the published {hours} instead of ours."
    if any(one.inside is not None for one in row.bases):
        yield f"Inside: share of draws that lie within {says(row.claim)}."
    methods = [one.figure for one in row.bases if one.figure.basis.startswith(EPOCH_2024)]
    if not all(one.figure.eligible for one in row.bases):
        ours = f"our own figures, as {EPOCH_2024} was asked for, and "
        asked = any(figure.asked for figure in methods)
        yield f"In brackets: {ours * asked}what the claim does not mean."
    if methods:
        yield f"{EPOCH_2024}: a published method, with its authors' 90% interval."


def _products(products: Sequence[Product]) -> Table:
    rows, texts = [], []
    for one in products:
        rows.append((one.claim, one.factors, one.price, one.cost, one.printed, one.cites))
        cost = printed_digits(one.cost, one.printed)
        cost = cost if one.agrees else f"{cost} (not as printed)"
        printed = printed_digits(one.printed, one.printed)
        texts.append(
            (one.claim.replace("/", ": "), one.factors, money(one.price), cost, printed, one.cites)
        )
    title = "Hours times price, against what is printed"
    return Table("products", PRODUCTS, tuple(rows), title=title, texts=tuple(texts))


def _reasons(rows: Sequence[Compared], name: str, fields: tuple[Field, ...], title: str) -> Table:
    cells = tuple((row.claim.name, says(row.claim), row.reason) for row in rows)
    texts = tuple((label(row.claim), says(row.claim), row.reason) for row in rows)
    return Table(name, fields, cells, title=title, texts=texts)


def _messages(found: Reconciliation) -> Iterator[str]:
    yield from (one.words for one in found.conflicts)
    told: dict[str, list[str]] = {}
    for row in found.rows:
        for note in row.notes:
            told.setdefault(note, []).append(label(row.claim))
    for note, names in told.items():
        yield f"{', '.join(names)}: {note}."
