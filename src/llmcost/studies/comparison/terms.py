"""On which terms a setup is rented: the first of a list, written by the user, that has a price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost.catalog.columns import folded
from llmcost.catalog.price_quotes import RENTAL_TERMS
from llmcost.catalog.prices import select_price
from llmcost.errors import InputError, UnknownNameError, one_of, shown
from llmcost.studies.answers import Warned

FELL_THROUGH = "terms"


def terms_in(value: object) -> tuple[str, ...]:
    """Return the terms of a list, or of text with commas, in order.

    Raises UnknownNameError for terms that nobody rents on, InputError for anything but names.
    """
    if value is None:
        return ()
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise InputError(f"terms: got {shown(value)}; needs names such as on-demand,reserved-1y.")
    found = tuple(folded(str(name)) for name in names)
    for name in found:
        if name not in RENTAL_TERMS:
            known = f"Known: {', '.join(RENTAL_TERMS)}."
            raise UnknownNameError("terms of rental", name, RENTAL_TERMS, known)
    return tuple(dict.fromkeys(found))


def on_one_terms(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Warned, ...]]:
    """Return the arguments of an estimate with one terms of those asked for, and what to tell.

    It is the first with a price for the accelerator, else the first of all, and never one that
    nobody wrote. Raises as `terms_in` and `select_price` do.
    """
    wanted = terms_in(arguments.get("terms"))
    if not wanted:
        return dict(arguments), ()
    chosen = next((terms for terms in wanted if _on(arguments, terms)), None)
    found = {**arguments, "terms": chosen or wanted[0]}
    if len(wanted) == 1 or chosen == wanted[0]:
        return found, ()
    if chosen is None:
        return found, (Warned(FELL_THROUGH, f"No price on any terms of {', '.join(wanted)}."),)
    before = one_of(wanted[: wanted.index(chosen)])
    text = f"There is no {before} price, so this one is {chosen}, the next of the terms asked for."
    return found, (Warned(FELL_THROUGH, text),)


def has_price(arguments: Mapping[str, Any]) -> bool:
    """Return whether the arguments of an estimate give a price, or the catalogue has one."""
    if any(arguments.get(name) is not None for name in ("price", "price_per_node_hour")):
        return True
    return _on(arguments, str(arguments.get("terms") or "on-demand"))


def _on(arguments: Mapping[str, Any], terms: str) -> bool:
    picked = select_price(
        str(arguments["gpu"]),
        terms=terms,
        provider=arguments.get("provider"),
        as_of=arguments.get("as_of"),
    )
    return picked.value is not None
