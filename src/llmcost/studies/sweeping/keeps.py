"""What a sweep keeps of its configurations: the best, a front, quantiles, a histogram, all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from llmcost.errors import InputError, UnknownNameError, one_of, shown
from llmcost.expressions import read_condition
from llmcost.studies.answers import RESULT_UNITS
from llmcost.units import named

BEST, PARETO, QUANTILES, HISTOGRAM, ROWS = "best", "pareto", "quantiles", "histogram", "rows"
KINDS = (BEST, PARETO, QUANTILES, HISTOGRAM, ROWS)
STATISTICS = ("median", "low", "high", "mean")
# Results of which nobody wants the smallest, so that the order has to be said.
LARGER_IS_BETTER = ("mfu", "hfu", "goodput", "tokens_per_second", "tokens_per_gpu_second")
MAX_TOP = 100_000
MAX_BINS = 10_000
MAX_RESULTS = 100
EXAMPLE = '[[keep]] with best = "cost" and per = ["gpu"]'
_KEYS = {
    BEST: ("name", "largest", "per", "top", "where", "results"),
    PARETO: ("name", "per", "where", "results"),
    QUANTILES: ("name", "per", "at", "where"),
    HISTOGRAM: ("name", "per", "bins", "where"),
    ROWS: ("name", "where", "results"),
}
_NAME = re.compile(r"[a-z0-9-]{1,100}")


@dataclass(frozen=True, slots=True)
class Keep:
    """One result of a sweep: what is kept of each group of configurations, under a name.

    `of` are objectives, results of an estimate, each with a statistic of its draws where one is
    written (``cost.high``); the smallest is best, unless `largest`. `per` are the axes that make
    groups, `where` is a condition on axes and results at middle values, `results` what stands
    beside.
    """

    kind: str
    name: str
    of: tuple[str, ...]
    largest: bool = False
    per: tuple[str, ...] = ()
    top: int = 1
    at: tuple[float, ...] = (0.1, 0.5, 0.9)
    bins: int = 64
    where: str | None = None
    results: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this keep."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in found.items()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Keep:
        """Return the keep that `to_dict` wrote; raises InputError for anything else."""
        known = [field.name for field in fields(cls)]
        if sorted(document) != sorted(known):
            raise InputError(f"Got a keep with {one_of(document or ['nothing'])}; needs {known}.")
        whole: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in document.items()
        }
        return cls(**whole)


@dataclass(frozen=True, slots=True)
class Grid:
    """What keeps may name: axes, whether each makes groups, units of all names, texts, draws."""

    groups: Mapping[str, bool]
    units: Mapping[str, str | None]
    texts: Mapping[str, Collection[str]]
    draws: int
    fixed: Collection[str] = ()


def read_keeps(tables: object, grid: Grid) -> tuple[Keep, ...]:
    """Return the keeps of a plan, from its list of tables.

    Raises InputError and UnknownNameError for none, and for one that the grid cannot answer.
    """
    if isinstance(tables, Mapping):
        raise InputError("keep: got [keep]; needs [[keep]], once for each result.")
    if not isinstance(tables, Sequence) or isinstance(tables, str) or not tables:
        raise InputError(f"keep: got nothing to keep; needs at least one {EXAMPLE}.")
    found: list[Keep] = []
    for number, table in enumerate(tables, 1):
        where = f"[[keep]] {number}"
        if not isinstance(table, Mapping):
            raise InputError(f"{where}: got {shown(table)}; needs a table: {EXAMPLE}.")
        found.append(_read(table, where, grid, [keep.name for keep in found]))
    return tuple(found)


def _read(table: Mapping[str, Any], where: str, grid: Grid, taken: Sequence[str]) -> Keep:
    kind = _kind(table, where)
    allowed = (kind, *_KEYS[kind])
    for key in table:
        if key not in allowed:
            hint = f"Known beside {kind}: {', '.join(_KEYS[kind])}."
            raise UnknownNameError(f"key in {where}", str(key), allowed, hint)
    of = _objectives(kind, table[kind], where, grid)
    largest = _largest(table, of, where) if kind == BEST else False
    if kind == PARETO:
        _refuse_larger(of, where)
    readers: dict[str, Callable[[object], Any]] = {
        "per": lambda value: _per(value, where, grid),
        "top": lambda value: _whole(value, f"{where} top", MAX_TOP),
        "at": lambda value: _at(value, where),
        "bins": lambda value: _whole(value, f"{where} bins", MAX_BINS),
        "where": lambda value: _condition(value, where, grid),
        "results": lambda value: _named_results(value, f"{where} results", grid),
    }
    rest = {key: read(table[key]) for key, read in readers.items() if key in table}
    return Keep(kind, _name(table, kind, of, where, taken), of, largest, **rest)


def _kind(table: Mapping[str, Any], where: str) -> str:
    kinds = [kind for kind in KINDS if kind in table]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise InputError(f"{where}: got {' and '.join(kinds)} together; needs a [[keep]] for each.")
    for key in table:
        if key not in {name for names in _KEYS.values() for name in names}:
            raise UnknownNameError(f"key in {where}", str(key), KINDS, f"Needs {one_of(KINDS)}.")
    raise InputError(f"{where}: says nothing to keep; needs {one_of(KINDS)}, as in {EXAMPLE}.")


def _objectives(kind: str, value: object, where: str, grid: Grid) -> tuple[str, ...]:
    found = _named_results(value, f"{where} {kind}", grid)
    least, most = {BEST: (1, 1), PARETO: (2, 5), HISTOGRAM: (1, 1)}.get(kind, (1, MAX_RESULTS))
    if not least <= len(found) <= most:
        needs = f"{least} result" if most == 1 else f"{least} to {most} results"
        raise InputError(f"{where} {kind}: got {shown(value)}; needs {needs}.")
    dotted = next((of for of in found if "." in of), None)
    if dotted and kind not in (BEST, PARETO):
        name = dotted.partition(".")[0]
        raise InputError(f"{where} {kind}: got {dotted}; needs {name}: all its draws count here.")
    return found


def _named_results(value: object, where: str, grid: Grid) -> tuple[str, ...]:
    found = tuple(_result(text, where, grid) for text in _texts(value, where, "results"))
    if len(found) > MAX_RESULTS:
        raise InputError(f"{where}: got {len(found)} results; needs at most {MAX_RESULTS}.")
    return found


def _texts(value: object, where: str, what: str) -> list[str]:
    """Return one text or a list of them as a list, none twice."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(text, str) for text in found):
        raise InputError(f"{where}: got {shown(value)}; needs names of {what} in a list.")
    twice = next((text for text in found if found.count(text) > 1), None)
    if twice is not None:
        raise InputError(f"{where}: got {shown(twice)} twice; give it once.")
    return [str(text) for text in found]


def _result(text: str, where: str, grid: Grid) -> str:
    name, dot, statistic = text.strip().replace("-", "_").partition(".")
    if name not in RESULT_UNITS:
        hint = "Needs a result of an estimate."
        if name in grid.groups:
            hint = "It is an axis; an objective is a result, such as cost or wall_clock."
        raise UnknownNameError(f"result in {where}", text, RESULT_UNITS, hint)
    if dot and statistic not in STATISTICS:
        hint = f"Known: {one_of(STATISTICS)}; low and high are the 10th and 90th percentile."
        raise UnknownNameError(f"statistic in {where}", statistic, STATISTICS, hint)
    if dot and not grid.draws:
        raise InputError(
            f"{where}: got {text} without draws; needs [draws] with count = 1000, or {name} alone."
        )
    return f"{name}{dot}{statistic}"


def _largest(table: Mapping[str, Any], of: tuple[str, ...], where: str) -> bool:
    value = table.get("largest")
    name = of[0].partition(".")[0]
    if value is None and name in LARGER_IS_BETTER:
        raise InputError(
            f"{where}: got best = {name} alone, which would keep the smallest; needs "
            "largest = true beside it, or largest = false."
        )
    if value is not None and not isinstance(value, bool):
        raise InputError(f"{where} largest: got {shown(value)}; needs true or false.")
    return bool(value)


def _refuse_larger(of: tuple[str, ...], where: str) -> None:
    for each in of:
        if each.partition(".")[0] in LARGER_IS_BETTER:
            raise InputError(
                f"{where} pareto: got {each}, of which more is better; needs results of which less "
                "is, such as cost, wall_clock, gpu_hours or step_time."
            )


def _per(value: object, where: str, grid: Grid) -> tuple[str, ...]:
    spelled = {"gpus": "num_gpus"}
    texts = [text.strip().replace("-", "_") for text in _texts(value, f"{where} per", "axes")]
    found = [spelled.get(text, text) for text in texts]
    for name in found:
        if name not in grid.groups:
            hint = f"The axes are {', '.join(grid.groups)}."
            if name in grid.fixed:
                hint = "It has one value for all, in [fixed], and makes no groups."
            raise UnknownNameError(f"axis in {where} per", name, grid.groups, hint)
        if not grid.groups[name]:
            raise InputError(
                f"{where} per: got {name}, of which all legal ones are one group each."
            )
    if len(set(found)) < len(found):
        raise InputError(f"{where} per: got an axis twice, {shown(value)}; give it once.")
    return tuple(found)


def _at(value: object, where: str) -> tuple[float, ...]:
    pieces = value if isinstance(value, list | tuple) else [value]
    found = [_share(piece, f"{where} at") for piece in pieces]
    if not found or any(one >= two for one, two in pairwise(found)):
        raise InputError(f"{where} at: got {shown(value)}; needs rising shares: [0.1, 0.5, 0.9].")
    if len(found) > MAX_RESULTS:
        raise InputError(f"{where} at: got {len(found)} shares; needs at most {MAX_RESULTS}.")
    return tuple(found)


def _share(value: object, where: str) -> float:
    if isinstance(value, str) and value.strip().endswith("%"):
        value = _percent(value, where)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(value) <= 1:  # type: ignore[arg-type]
        raise InputError(f"{where}: got {shown(value)}; needs shares from 0 to 1, such as 0.5.")
    return float(value)  # type: ignore[arg-type]


def _percent(text: str, where: str) -> float:
    from llmcost.reading import read_quantity

    try:
        return read_quantity(text)[0] / 100
    except InputError as error:
        raise named(where, error) from None


def _whole(value: object, where: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InputError(f"{where}: got {shown(value)}; needs a whole number from 1 to {most:,}.")
    return value


def _condition(value: object, where: str, grid: Grid) -> str:
    try:
        condition = read_condition(value, grid.units)  # type: ignore[arg-type]
    except UnknownNameError as error:
        error.args = (f"{where} where: {error}",)
        raise
    except InputError as error:
        raise named(f"{where} where", error) from None
    for axis, text in condition.texts:
        known = grid.texts.get(axis, ())
        if text not in known and grid.groups.get(axis):
            raise UnknownNameError(f"{axis} in {where} where", text, known, "Name it as in [grid].")
    return condition.text


def _name(
    table: Mapping[str, Any], kind: str, of: tuple[str, ...], where: str, taken: Sequence[str]
) -> str:
    """Return the name of a keep: as written, or its kind and objectives, numbered when taken."""
    if "name" in table:
        name = table["name"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            needs = "small letters, digits and dashes, as it names a file"
            raise InputError(f"{where} name: got {shown(name)}; needs {needs}.")
        if name in taken:
            raise InputError(f"{where} name: got {name} a second time; needs a name of its own.")
        return name
    words = () if kind == ROWS else of
    plain = re.sub(r"[^a-z0-9]+", "-", "-".join([kind, *words]).lower())[:80]
    numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    return plain if plain not in taken else next(name for name in numbered if name not in taken)
