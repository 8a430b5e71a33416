"""Setups as columns by name: for frames, and for what people filter, sort and group by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.gpus import accelerator
from llmcost.errors import InputError, UnknownNameError, one_of, shown
from llmcost.expressions import Expression, read_condition, read_ordering
from llmcost.studies.comparison.limits import KINDS
from llmcost.studies.comparison.parts import RUNS, STATUSES, UNITS, Group, SetupResult, Shares

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ENDS = ("low", "high")
# Of more texts than these a message names the first.
MOST_TEXTS = 6
WORDS: dict[str, Callable[[SetupResult], Any]] = {
    "name": lambda one: one.name,
    "status": lambda one: one.status,
    "gpu": lambda one: one.input("gpu"),
    "vendor": lambda one: _of_part(one, "vendor"),
    "generation": lambda one: _of_part(one, "generation"),
    "precision": lambda one: one.input("precision"),
    "layout": lambda one: one.input("layout"),
    "framework": lambda one: one.input("framework"),
    "recompute": lambda one: one.input("recompute"),
    "terms": lambda one: one.terms,
    "region": lambda one: one.input("region"),
    "limited_by": lambda one: one.limited_by,
    "next_limit": lambda one: one.next_limit,
}
INPUTS = {
    "num_gpus": "GPU",
    "price": "USD/GPU/hour",
    "global_batch_size": "",
    "peak_flop_rate": "FLOP/s/GPU",
}
STEP_SHARES = {f"{name}_step_share": name for name in KINDS}
SHARES = {f"{name}_share": name for name in Shares.__slots__}


def names_and_units() -> dict[str, str | None]:
    """Return every name that setups can be filtered by, with its unit; `None` for text."""
    ends = {f"{name}_{end}": unit for name, unit in UNITS.items() for end in ENDS}
    words: dict[str, str | None] = dict.fromkeys(WORDS)
    return {**words, **INPUTS, **UNITS, **ends, **dict.fromkeys((*STEP_SHARES, *SHARES), "")}


def value_of(setup: SetupResult, name: str) -> Any:  # noqa: ANN401
    """Return what a setup has under a name of `names_and_units`, `None` where nothing is known."""
    if name in WORDS:
        return WORDS[name](setup)
    if name in INPUTS:
        value = setup.input(name) if setup.estimate else None
        return value if isinstance(value, int | float) else None
    if name in SHARES:
        return getattr(setup.shares, SHARES[name])
    if name in STEP_SHARES:
        return {limit.name: limit.share for limit in setup.limits}.get(STEP_SHARES[name])
    result, _, end = name.rpartition("_")
    if end in ENDS and name not in UNITS:
        found = setup.results.get(result)
        return getattr(found, end) if found else None
    return setup.value(name)


def condition_of(where: str) -> Expression:
    """Return a condition on setups; raises InputError where it cannot be read.

    An accelerator is named as the catalogue names it: another spelling would keep nothing.
    """
    condition = read_condition(where, names_and_units())
    for name, text in condition.texts:
        own = _catalogue_name(text) if name == "gpu" else text
        if own != text:
            raise InputError(f"got {shown(text)}; here it is named {own}: gpu == {own}.")
    return condition


def _catalogue_name(text: str) -> str:
    try:
        return accelerator(text).name
    except InputError:
        return text


def kept(setups: Sequence[SetupResult], where: str | None) -> tuple[list[SetupResult], list[str]]:
    """Return the setups that a condition keeps, and the names of those that it does not.

    A condition on something that is not known of a setup does not keep it. Raises InputError for
    a condition that cannot be read, or that keeps none.
    """
    if where is None:
        return list(setups), []
    units = names_and_units()
    condition = condition_of(where)
    columns = {name: _column(setups, name, units[name]) for name in condition.names}
    mask = np.broadcast_to(condition.mask(columns), (len(setups),))
    if not mask.any():
        raise InputError(
            f"where: {where!r} keeps none of {len(setups)} setups; needs a condition that at least "
            f"one of them meets.{_other_texts(condition, columns)}"
        )
    chosen = [one for one, keep in zip(setups, mask, strict=True) if keep]
    return chosen, [one.name for one, keep in zip(setups, mask, strict=True) if not keep]


def _other_texts(condition: Expression, columns: Mapping[str, NDArray[Any]]) -> str:
    """Return which texts a column holds, where a condition names one that none of them is."""
    for name, text in condition.texts:
        known = {str(each) for each in columns[name].tolist() if each is not None}
        if known and text not in known:
            return f" {name} is {one_of(sorted(known)[:MOST_TEXTS])}, never {shown(text)}."
    return ""


def ranked(setups: Sequence[SetupResult], sort: str | None) -> tuple[str, ...]:
    """Return the names of setups, best first: those that run, then others, then by `sort`.

    Without `sort` the cheapest is first, and the fastest of those without a cost. What is not known
    comes last in either direction. Raises InputError for an ordering that cannot be read.
    """
    keys = read_ordering(sort or "cost,wall_clock", list(names_and_units()))
    found = list(setups)
    for name, descending in reversed(keys):
        values = [value_of(one, name) for one in found]
        known = [(value, at) for at, value in enumerate(values) if value is not None]
        known.sort(key=lambda pair: pair[0], reverse=descending)
        rest = [one for one, value in zip(found, values, strict=True) if value is None]
        found = [found[at] for _, at in known] + rest
    found.sort(key=lambda one: STATUSES.index(one.status))
    return tuple(one.name for one in found)


def grouped(
    setups: Sequence[SetupResult], order: Sequence[str], names: Sequence[str]
) -> tuple[Group, ...]:
    """Return setups in groups alike in some names; the group of the best setup is first."""
    if not names:
        return ()
    by_name = {one.name: one for one in setups}
    found: dict[tuple[Any, ...], list[str]] = {}
    for name in order:
        key = tuple(value_of(by_name[name], each) for each in names)
        found.setdefault(key, []).append(name)
    return tuple(
        Group(dict(zip(names, key, strict=True)), tuple(members)) for key, members in found.items()
    )


def frame(setups: Sequence[SetupResult]) -> pd.DataFrame:
    """Return one row a setup as a pandas frame, units in the headers."""
    import pandas as pd

    units = names_and_units()
    known = {name: [value_of(one, name) for one in setups] for name in units}
    told = {name for name, values in known.items() if any(each is not None for each in values)}
    columns: dict[str, list[Any]] = {}
    for name in (name for name in units if name in told):
        unit = units[name]
        columns[f"{name} [{unit}]" if unit else name] = known[name]
    if any(one.status != RUNS or one.no_price for one in setups):
        columns["reason"] = [one.reason or one.no_price or None for one in setups]
    return pd.DataFrame(columns)


def _known(name: str) -> str:
    wanted = name.strip().lower().replace("-", "_")
    if wanted not in names_and_units():
        raise UnknownNameError("name to group by", name, names_and_units(), "Such as gpu, vendor.")
    return wanted


def _column(
    setups: Sequence[SetupResult], name: str, unit: str | None
) -> NDArray[np.object_] | NDArray[np.float64]:
    values = [value_of(one, name) for one in setups]
    if unit is None:
        return np.array(values, dtype=object)
    return np.array([np.nan if each is None else each for each in values], dtype=float)


def _of_part(setup: SetupResult, name: str) -> Any:  # noqa: ANN401
    gpu = setup.input("gpu")
    return getattr(accelerator(str(gpu)), name) if gpu else None


def group_names(group_by: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names to group by, from a list or from text with commas.

    Raises UnknownNameError for a name that setups do not have, InputError for anything but names.
    """
    names = group_by.split(",") if isinstance(group_by, str) else group_by or ()
    if not isinstance(names, list | tuple):
        raise InputError(f"group_by: got {shown(group_by)}; needs names such as gpu, vendor.")
    return tuple(dict.fromkeys(_known(str(name)) for name in names))
