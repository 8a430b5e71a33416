"""The plan of a sweep: its grid, what is fixed, its draws, what is kept; checked whole.

::

    [grid]                                   # axes: any parameter of `llmcost estimate`
    model = ["llama-3.1-70b", "llama-3.1-405b"]
    tokens = "1T..15T by 2T"
    gpu = ["h100-sxm", "b200-sxm"]
    gpus = "logspace 1024..16384 by 5"
    layout = "all legal"                     # or a list: ["tp=8", "fastest"]
    price = "1.5..4 USD/GPU/hour by 0.5"

    [fixed]                                  # one value for all
    precision = "bf16"

    [draws]                                  # none: every input at its middle
    count = 1000

    [[keep]]
    best = "cost"
    per = ["model", "gpu", "gpus"]
    where = "wall_clock < 90 day"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from llmcost import sampling
from llmcost._version import __version__
from llmcost.catalog.calibration import calibration
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.estimation import check_draws
from llmcost.studies.sweeping.axes import Axis, axis_of
from llmcost.studies.sweeping.keeps import Grid, Keep, read_keeps
from llmcost.studies.sweeping.labels import axis_unit
from llmcost.studies.sweeping.limits import Planned, check_plan
from llmcost.studies.sweeping.parameters import (
    ALL_LEGAL,
    Checked,
    checked,
    config_path,
    parameter_named,
)

MAX_BYTES = 10_000_000
BLOCK_SIZE, MAX_BLOCK_SIZE = 4_000_000, 1_000_000_000
TABLES = ("grid", "fixed", "draws", "block", "keep")
__all__ = ["ALL_LEGAL", "Plan", "calibration_digest", "plan_from", "read_plan"]
EXAMPLE = '[grid] with gpu = ["h100-sxm", "b200-sxm"]'


@dataclass(frozen=True, slots=True)
class Plan:
    """A sweep, checked whole: axes in the order of the grid (the first is slowest), and keeps.

    `fixed` holds arguments of `estimate` that are one value for all, `files` the SHA-256 of each
    config.json that is named as a model. Without `draws` every input is at its middle.
    `block_size` is how many evaluations a block aims at, of a large grid.
    """

    axes: tuple[Axis, ...]
    fixed: Mapping[str, object]
    keeps: tuple[Keep, ...]
    draws: int = 0
    seed: int = sampling.SEED
    block_size: int = BLOCK_SIZE
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """A digest of everything that the numbers depend on: plan, program, data, calibration."""
        whole = {
            "plan": self.to_dict(),
            "llmcost_version": __version__,
            "data_version": data_version(),
            "calibration": calibration_digest(),
        }
        return _digest(whole)[:16]

    def check_files(self) -> None:
        """Raise InputError for a config.json that is not, here, what it was when this was read."""
        for text, known in self.files.items():
            if _digest_of_file(text) != known:
                raise InputError(
                    f"model: {text} is not the file that it was when the plan was read, or "
                    "is not here; needs the same content at the same path wherever blocks run."
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this plan."""
        return {
            "axes": [{"name": axis.name, "values": list(axis.values)} for axis in self.axes],
            "fixed": dict(self.fixed),
            "keeps": [keep.to_dict() for keep in self.keeps],
            "draws": self.draws,
            "seed": self.seed,
            "block_size": self.block_size,
            "files": dict(self.files),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_dict` wrote; raises InputError for anything else."""
        try:
            axes = tuple(Axis(one["name"], tuple(one["values"])) for one in document["axes"])
            keeps = tuple(Keep.from_dict(one) for one in document["keeps"])
            rest = {name: document[name] for name in ("draws", "seed", "block_size")}
            return cls(axes, dict(document["fixed"]), keeps, **rest, files=dict(document["files"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            raise InputError(
                f"Got {shown(why)} in a plan; needs what a plan was saved as."
            ) from None


def read_plan(path: Path | str) -> Plan:
    """Return the plan in a TOML file, checked whole.

    Raises InputError, UnitError and UnknownNameError that begin with the path.
    """
    place = Path(path)
    try:
        return plan_from(_document(place))
    except UnknownNameError as error:
        error.args = (f"{place}: {error}",)
        raise
    except InputError as error:
        if str(error).startswith(f"{place}: "):
            raise
        raise type(error)(f"{place}: {error}") from None


def plan_from(table: Mapping[str, Any]) -> Plan:
    """Return the plan in a table such as PLAN.toml holds, checked whole.

    Raises InputError, UnitError and UnknownNameError for what cannot be used: unknown keys and
    names, wrong units, an empty grid, contradictions, and more than can be evaluated or kept.
    """
    _check_tables(table)
    fixed = _fixed(_table(table, "fixed"))
    axes = _axes(_table(table, "grid"), fixed)
    draws, seed = _draws(_table(table, "draws"))
    grid = Grid(
        {axis.name: axis.values != (ALL_LEGAL,) for axis, _ in axes},
        {**RESULT_UNITS, **{axis.name: _unit(axis.name, found) for axis, found in axes}},
        {axis.name: tuple(map(str, axis.values)) for axis, _ in axes},
        draws,
        tuple(fixed),
    )
    keeps = read_keeps(table.get("keep", ()), grid)
    whole = tuple(axis for axis, _ in axes)
    values = {name: each.value for name, each in fixed.items()}
    known = {**{axis.name: found for axis, found in axes}, **_each_alone(fixed)}
    check_plan(Planned(whole, values, keeps, draws, known))
    size = _block_size(_table(table, "block"))
    return Plan(whole, values, keeps, draws, seed, size, _files(axes, fixed))


def calibration_digest() -> str:
    """Return a short digest of the constants of the model of a step that are in use."""
    known = calibration()
    values = {name: repr(value) for name, value in known.values.items()}
    return _digest({"constants": values, "intervals": known.intervals})[:12]


def _digest(whole: object) -> str:
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), default=dict)
    return sha256(text.encode()).hexdigest()


def _document(path: Path) -> dict[str, Any]:
    needs = "needs a plan, a TOML file with [grid] and [[keep]]"
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: holds more than {MAX_BYTES:,} bytes; {needs}.")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {needs}.") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; {needs}.") from None
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"{path}: cannot be read: {why}; {needs}.") from None


def _check_tables(table: Mapping[str, Any]) -> None:
    if not isinstance(table, Mapping):
        raise InputError(f"Got {shown(table)}; needs tables: {EXAMPLE}.")
    for name in table:
        if name not in TABLES:
            hint = "A plan has [grid], [fixed], [draws], [block] and [[keep]]."
            raise UnknownNameError("table of a plan", str(name), TABLES, hint)


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, Mapping):
        raise InputError(f"{name}: got {shown(found)}; needs a table, [{name}].")
    return found


def _axes(
    table: Mapping[str, Any], fixed: Mapping[str, Checked]
) -> list[tuple[Axis, tuple[Checked, ...]]]:
    if not table:
        raise InputError(f"grid: got no axis; needs at least one, such as {EXAMPLE}.")
    found: dict[str, tuple[Axis, tuple[Checked, ...]]] = {}
    for key, written in table.items():
        name = parameter_named(key, "[grid]")
        if name in found or name in fixed:
            where = "[fixed]" if name in fixed else "[grid] under another spelling"
            raise InputError(f"{name}: got it in [grid] and in {where}; needs one of the two.")
        if name == "phases":
            raise InputError("phases: got them in [grid]; needs them in [fixed], one list for all.")
        found[name] = axis_of(name, written)
    return list(found.values())


def _unit(name: str, found: Sequence[Checked]) -> str | None:
    """Return the unit of an axis of numbers, `None` for one of text."""
    sorts = {(type(each.value), each.exact, _sort(each)): each.value for each in found}
    return axis_unit(name, tuple(sorts.values()))


def _sort(each: Checked) -> object:
    """Return the unit of a quantity: those of an axis may have two."""
    return each.same_as[0] if isinstance(each.same_as, tuple) else None


def _fixed(table: Mapping[str, Any]) -> dict[str, Checked]:
    found: dict[str, Checked] = {}
    for key, value in table.items():
        name = parameter_named(key, "[fixed]")
        if name in found:
            raise InputError(f"{name}: got it twice in [fixed], spelled in two ways.")
        if isinstance(value, list | tuple) and name != "phases":
            raise InputError(f"{name}: got {shown(value)} in [fixed]; a list belongs in [grid].")
        found[name] = checked(name, value)
        if found[name].value == ALL_LEGAL:
            raise InputError(f"layout: got {ALL_LEGAL!r} in [fixed]; it belongs in [grid].")
    return found


def _draws(table: Mapping[str, Any]) -> tuple[int, int]:
    _check_keys(table, "draws", ("count", "seed"))
    if table and "count" not in table:
        raise InputError("[draws]: got no count; needs how many draws, such as count = 1000.")
    count, seed = table.get("count", 0), table.get("seed", sampling.SEED)
    if isinstance(count, bool) or isinstance(seed, bool):
        raise InputError("[draws]: got true or false; needs whole numbers.")
    if count == 0:
        return 0, sampling.SEED
    check_draws(count, seed)
    return int(count), int(seed)


def _block_size(table: Mapping[str, Any]) -> int:
    _check_keys(table, "block", ("size",))
    size = table.get("size", BLOCK_SIZE)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MAX_BLOCK_SIZE:
        most = f"a whole number of evaluations from 1 to {MAX_BLOCK_SIZE:,}"
        raise InputError(f"[block] size: got {shown(size)}; needs {most}, such as {BLOCK_SIZE:_}.")
    return size


def _check_keys(table: Mapping[str, Any], name: str, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise UnknownNameError(
                f"key in [{name}]", str(key), known, f"Known: {', '.join(known)}."
            )


def _files(
    axes: list[tuple[Axis, tuple[Checked, ...]]], fixed: Mapping[str, Checked]
) -> dict[str, str]:
    """Return the SHA-256 of each config.json that is named as a model, by its path as written."""
    axis = next((axis.values for axis, _ in axes if axis.name == "model"), ())
    models = [*axis, *(each.value for name, each in fixed.items() if name == "model")]
    found = {str(model): _digest_of_file(str(model)) for model in models}
    return {text: digest for text, digest in found.items() if digest}


def _digest_of_file(model: str) -> str:
    """Return the SHA-256 of the config.json that a model is, empty where there is no such file."""
    try:
        path = config_path(model)
        return sha256(path.read_bytes()).hexdigest() if path else ""
    except (OSError, InputError):
        return ""


def _each_alone(fixed: Mapping[str, Checked]) -> dict[str, tuple[Checked, ...]]:
    return {name: (each,) for name, each in fixed.items()}
