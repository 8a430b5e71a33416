"""Columns of partial and final tables: names, units, Arrow types and what the file says of itself.

A partial is what a block leaves behind; its columns are those of the final table under plain names
(`cost.high`), and hidden ones in front that start with an underscore. Final tables have headers
such as `cost_high [USD]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.errors import MissingExtraError
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.sweeping.labels import Label, axis_labels, axis_unit
from llmcost.studies.sweeping.parameters import COUNTS

if TYPE_CHECKING:
    from llmcost.studies.sweeping.axes import Axis
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

SCHEMA = "llmcost.sweep-result/1"
GROUP, CASE, CONFIG = "_group", "_case", "_config"
HIDDEN = (GROUP, CASE, CONFIG)
# A result stands apart from an axis of the same name by this mark in a partial.
RESULT_MARK = "="


def arrow() -> Any:  # noqa: ANN401
    """Return the pyarrow module; raises MissingExtraError where it is not installed."""
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("A sweep (its results are Parquet files)", "sweep") from None
    return pa


def result_unit(of: str) -> str:
    """Return the unit of a result, with or without a statistic of its draws behind a dot."""
    return RESULT_UNITS[of.partition(".")[0]]


def header(name: str, unit: str | None) -> str:
    """Return a column's header, its unit in brackets where it has one."""
    return f"{name} [{unit}]" if unit else name


def labels_of(axis: Axis) -> tuple[Label, ...]:
    """Return the labels of an axis; read once, as every block and every keep asks for them."""
    return _read(axis.name, axis.values, tuple(map(type, axis.values)))[0]


@lru_cache(maxsize=32)
def _read(
    name: str,
    values: tuple[object, ...],
    kinds: tuple[type, ...],  # noqa: ARG001
) -> tuple[tuple[Label, ...], str | None]:
    """Return labels and unit of an axis; 1, 1.0 and true are equal, so their types tell them."""
    return axis_labels(name, values), axis_unit(name, values)


def axis_units(plan: Plan) -> dict[str, str | None]:
    """Return the unit of each axis in the order of the plan, `None` for one of text."""
    kinds = {axis.name: tuple(map(type, axis.values)) for axis in plan.axes}
    return {axis.name: _read(axis.name, axis.values, kinds[axis.name])[1] for axis in plan.axes}


def name_units(plan: Plan) -> dict[str, str | None]:
    """Return the unit of every name that a condition of the plan may use; axes come first."""
    return {**RESULT_UNITS, **axis_units(plan)}


def axis_type(plan: Plan, name: str) -> Any:  # noqa: ANN401
    """Return the Arrow type of an axis: whole counts, other numbers, or text."""
    pa = arrow()
    labels = labels_of(next(axis for axis in plan.axes if axis.name == name))
    if any(isinstance(label, str) for label in labels):
        return pa.string()
    whole = name in COUNTS and all(float(label).is_integer() for label in labels)
    return pa.int64() if whole else pa.float64()


def result_header(of: str, plan: Plan, suffix: str = "") -> str:
    """Return the header of a result: `cost.high` is `cost_high [USD]`.

    Where an axis has the same name, the result is told apart by `_result`.
    """
    name, _, statistic = of.partition(".")
    axes = {axis.name for axis in plan.axes}
    parts = [name, "result" if name in axes and not statistic else "", statistic, suffix]
    return header("_".join(part for part in parts if part), result_unit(of))


def picked_schema(plan: Plan, results: Iterable[str]) -> Any:  # noqa: ANN401
    """Return the Arrow schema of a partial whose rows are configurations."""
    pa = arrow()
    hidden = [(name, pa.int64()) for name in HIDDEN]
    axes = [(axis.name, axis_type(plan, axis.name)) for axis in plan.axes]
    found = [(RESULT_MARK + of, pa.float64()) for of in results]
    return pa.schema([*hidden, *axes, *found])


def described(columns: Sequence[tuple[str, str | None, Any]], keep: Keep, plan: Plan) -> Any:  # noqa: ANN401
    """Return a table of (header, unit, array) columns that says what it holds and where from."""
    pa = arrow()
    fields = [
        pa.field(name, array.type, metadata={"unit": unit} if unit is not None else None)
        for name, unit, array in columns
    ]
    units = {name: unit for name, unit, _ in columns}
    return pa.Table.from_arrays(
        [array for _, _, array in columns],
        schema=pa.schema(fields, metadata=metadata(units, keep, plan)),
    )


def metadata(units: Mapping[str, str | None], keep: Keep, plan: Plan) -> dict[str, str]:
    """Return what a result file says of itself, as text by key.

    `PANDAS_ATTRS` is where pandas looks for the `attrs` of a frame; the other keys are for
    everybody else.
    """
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "keep": keep.name,
        "identity": plan.identity,
        "llmcost_version": __version__,
        "data_version": data_version(),
        "draws": plan.draws,
        "seed": plan.seed,
        "units": dict(units),
    }
    texts = {key: value if isinstance(value, str) else _json(value) for key, value in said.items()}
    return {
        **{f"llmcost.{key}": text for key, text in texts.items()},
        "llmcost.plan": _json(plan.to_dict()),
        "PANDAS_ATTRS": _json(said),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
