"""Does a published figure hold, and under what assumptions?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llmcost._version import __version__
from llmcost.catalog.columns import day_from
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, UnknownNameError, one_of, shown
from llmcost.studies.notebooks import ShownInNotebooks
from llmcost.studies.reconciliation.beside import others_of
from llmcost.studies.reconciliation.bounds import (
    CONSISTENT,
    HIGH,
    LOW,
    NOT_COMPARABLE,
    judged,
    ratios,
    share_inside,
)
from llmcost.studies.reconciliation.claimed import (
    ESSAYS,
    OWN,
    PUBLISHED,
    Claimed,
    essay_claims,
    in_dollars,
    published,
)
from llmcost.studies.reconciliation.conflicts import Conflict, about, conflicts
from llmcost.studies.reconciliation.energies import on_power_basis
from llmcost.studies.reconciliation.fleet import FLEET, Fleet, later_words, share_of_fleet
from llmcost.studies.reconciliation.hours import APART, Hours, hours_beside
from llmcost.studies.reconciliation.implied import Implied, closes, implied, same_arithmetic
from llmcost.studies.reconciliation.listings import Listed, listings
from llmcost.studies.reconciliation.methods import with_method
from llmcost.studies.reconciliation.ours import Bench, Figure, Ours, of_claim, ours
from llmcost.studies.reconciliation.own import file_claims, own_claims
from llmcost.studies.reconciliation.products import Product, product
from llmcost.studies.reconciliation.staff import STAFF_COST, staff_cost

ARITHMETIC = "same hours, same price: this confirms the arithmetic only, not the run"
RE_CHECK = "nobody could verify this figure: check it before relying on it"


@dataclass(frozen=True, slots=True)
class BasisVerdict:
    """A claim under one price basis: our figure, the verdict and the share of draws inside it.

    `at_published` is our figure at the published hours, where those are known beside ours.
    """

    figure: Figure
    verdict: str
    inside: float | None
    at_published: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A claim beside our estimate of the same scope.

    `main` is the figure of the headline, `bases` every figure, `ratio` each end of the claim over
    the main value, `gap` the one number that closes the gap at each end, `implied` all of them,
    `listings` the rentals listed by then at the hours of the claim. `arithmetic_only` tells that
    both are the same hours at the same price. `published` is what others say of the same.
    """

    claim: Claimed
    verdict: str
    reason: str = ""
    how: str = ""
    as_of: str = ""
    main: Figure | None = None
    inside: float | None = None
    ratio: tuple[float | None, ...] = (None, None)
    bases: tuple[BasisVerdict, ...] = ()
    implied: tuple[Implied, ...] = ()
    product: Product | None = None
    listings: tuple[Listed, ...] = ()
    notes: tuple[str, ...] = ()
    arithmetic_only: bool = False
    published: tuple[Claimed, ...] = ()

    @property
    def gap(self) -> tuple[Implied, ...]:
        """The number that closes the gap, one for each end of the claim."""
        return closes(self.implied)

    @property
    def in_conflict(self) -> bool:
        """Whether the claim is out of our range, or is not its own hours times its own price."""
        wrong = self.product is not None and not self.product.agrees
        return wrong or self.verdict in (LOW, HIGH)


@dataclass(frozen=True, slots=True, repr=False)
class Reconciliation(ShownInNotebooks):
    """Claims beside our estimates, and claims that contradict each other."""

    kind: str
    rows: tuple[Compared, ...]
    conflicts: tuple[Conflict, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_conflict(self) -> bool:
        """Whether any claim is out of our range, or contradicts itself or another."""
        return bool(self.conflicts) or any(row.in_conflict for row in self.rows)

    def __repr__(self) -> str:
        counts = Counter(row.verdict for row in self.rows)
        told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
        return f"Reconciliation({self.kind}: {told})"


def reconcile(
    names: Sequence[str] | str = (),
    *,
    claims: str | None = None,
    own: Mapping[str, object] | None = None,
    as_of: str | None = None,
    method: str | None = None,
    fleet_hours: object = None,
    period: object = None,
    options: Mapping[str, object] | None = None,
) -> Reconciliation:
    """Return claims set against estimates of the same quantity and scope.

    `claims` is ``essays`` (the default), ``published``, or the path of a TOML file of one's own;
    `names` picks some of them, and says which of the first two where `claims` does not; `own` is
    one claim of a user instead, by field name. `as_of` sets the day of all prices, `options` holds
    further arguments of `estimate` for all runs, `method` names a published method whose figures
    come before ours (``epoch-2024``). A share of a fleet counts over `fleet_hours` [GPU*hour], or
    over the published fleets for a `period`. Raises InputError, UnitError and UnknownNameError for
    what cannot be used, and DataError for a wrong data file.
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    kind, every = _claims(claims or (None if own else _source_of(names)), own)
    chosen = tuple(map(_in_dollars, _named(every, names)))
    bench = Bench(options or {}, as_of)
    bench.check()
    if as_of is not None:
        chosen = tuple(replace(claim, until=day_from(as_of, "as_of")) for claim in chosen)
    fleet = Fleet.of(fleet_hours, period)
    known = published()
    rows = tuple(
        replace(_compared(claim, bench, fleet, method), published=others_of(claim, known))
        for claim in chosen
    )
    drawn = {name: bench.drawn[name] for name in ("interval", "draws", "seed")}
    meta = {"llmcost_version": __version__, "data_version": data_version(), **drawn}
    return Reconciliation(kind, rows, about(conflicts(every), chosen), meta)


def _claims(
    claims: str | None, own: Mapping[str, object] | None
) -> tuple[str, tuple[Claimed, ...]]:
    if own:
        if claims is not None:
            raise InputError("claims: got it beside a claim of your own; give only one.")
        return OWN, own_claims(own)
    if claims in (None, ESSAYS):
        return ESSAYS, essay_claims()
    if claims == PUBLISHED:
        return PUBLISHED, published()
    if not str(claims).endswith(".toml"):
        raise InputError(
            f"claims: got {shown(claims)}; needs {one_of((ESSAYS, PUBLISHED))}, or a TOML file."
        )
    return OWN, file_claims(str(claims))


def _in_dollars(claim: Claimed) -> Claimed:
    try:
        return in_dollars(claim)
    except InputError as error:
        raise of_claim(claim, error) from None


def _source_of(names: Sequence[str]) -> str | None:
    """Return where claims of these names are: among the published ones only if all are there."""
    essays, others = (
        {name for one in every for name in _names(one)} for every in (essay_claims(), published())
    )
    wanted = {name.strip().casefold() for name in names}
    return PUBLISHED if not wanted <= essays and wanted <= others else None


def _named(every: Sequence[Claimed], names: Iterable[str]) -> tuple[Claimed, ...]:
    """Return the claims of these names, ids or models, in their order; all where none is named."""
    wanted = [name.strip().casefold() for name in names]
    known = {name: one for one in every for name in _names(one)}
    for name in wanted:
        if name not in known:
            raise UnknownNameError("claim", name, known, "See: llmcost reconcile.")
    chosen = [one for one in every if not wanted or set(_names(one)) & set(wanted)]
    return tuple(chosen)


def _names(claim: Claimed) -> tuple[str, ...]:
    parts = claim.name.split("/")
    every = (claim.name, *parts, claim.model or "", claim.subject)
    return tuple(name.casefold() for name in every if name)


def _compared(claim: Claimed, bench: Bench, fleet: Fleet, method: str | None) -> Compared:
    if claim.quantity == FLEET and not claim.outside:
        found = share_of_fleet(claim, fleet)
    elif claim.quantity == STAFF_COST:
        found = staff_cost(claim)
    else:
        found = with_method(claim, on_power_basis(claim, ours(claim, bench)), method)
    if found.reason:
        return _not_comparable(claim, found)
    hours = hours_beside(claim, found)
    bases = tuple(_judged(claim, figure, hours) for figure in found.figures)
    main, every = _main(bases), implied(claim, found)
    same = same_arithmetic(claim, found, main.figure, every)
    return Compared(
        claim,
        main.verdict,
        how=found.how,
        as_of=found.as_of,
        main=main.figure,
        inside=main.inside,
        ratio=ratios(claim.low, claim.high, main.figure.value),
        bases=bases,
        implied=every,
        product=product(claim),
        listings=listings(claim),
        notes=((ARITHMETIC,) * same + _notes(claim, hours)),
        arithmetic_only=same,
    )


def _not_comparable(claim: Claimed, found: Ours) -> Compared:
    return Compared(
        claim,
        NOT_COMPARABLE,
        found.reason,
        how=found.how,
        as_of=found.as_of,
        implied=implied(claim, found),
        product=product(claim),
        listings=() if claim.outside else listings(claim),
        notes=tuple(note for note in (RE_CHECK * claim.re_check, claim.converted) if note),
    )


def _judged(claim: Claimed, figure: Figure, hours: Hours | None) -> BasisVerdict:
    verdict = judged(claim.bounds, figure.low, figure.high)
    inside = None if figure.draws is None else share_inside(figure.draws, claim.bounds)
    at_published = hours.at_published(figure) if hours else None
    return BasisVerdict(figure, verdict, inside, at_published)


def _main(bases: Sequence[BasisVerdict]) -> BasisVerdict:
    """Return the figure that stands for ours: on the claim's basis, or the first that fits it."""
    eligible = [one for one in bases if one.figure.eligible and one.figure.asked]
    fitting = [one for one in eligible if one.verdict == CONSISTENT]
    return (fitting or eligible)[0]


def _notes(claim: Claimed, hours: Hours | None) -> tuple[str, ...]:
    notes = [RE_CHECK] if claim.re_check else []
    if claim.stands_for:
        notes.append(f"{claim.stands_for} stands for {claim.subject}")
    if claim.converted:
        notes.append(claim.converted)
    if claim.hours_source == "speculative":
        notes.append("the published hours are speculative")
    if claim.hours_source == "bound":
        notes.append("the published hours are an upper bound, and so is what they cost")
    if claim.quantity == FLEET and (later := later_words(claim)):
        notes.append(later)
    if hours is not None and hours.apart:
        notes.append(APART)
    return tuple(notes)
