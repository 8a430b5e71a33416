"""Values that a formula of NumPy computes with while it is traced.

A `Known` holds for all rows: NumPy computes it at once, so that it may decide branches, and how it
came about is written down, so that it can be computed again from other columns. A `Row` differs
from row to row: it is a small array of nodes of the graph, one for every entry of its leading axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from llmcost.errors import InputError
from llmcost.tracing.operations import OPERATIONS
from llmcost.tracing.recorder import Recorder, Ref

# How many rows a symbol says that it has: any number but 1 does, and none is ever looked at.
ROWS = 3


class Symbol(NDArrayOperatorsMixin):
    """A value of a formula that is traced."""

    recorder: Recorder
    shape: tuple[int, ...]
    # Left operands that are arrays leave the work to the symbol.
    __array_priority__ = 1000.0

    @property
    def ndim(self) -> int:
        """The number of axes, the rows among them."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if method == "__call__" and not any(isinstance(value, Row) for value in inputs):
            return _known(self.recorder, ufunc, inputs, kwargs)
        if method == "reduce":
            return _reduced(ufunc, inputs[0], **kwargs)
        if method != "__call__" or kwargs:
            raise InputError(f"Tracing knows no {ufunc.__name__}.{method} with {sorted(kwargs)}.")
        return row_operation(self.recorder, ufunc, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:  # noqa: ANN401
        if function in (np.shape, np.ndim, np.size):
            return getattr(args[0], function.__name__)
        if function in (np.broadcast_to, np.sum, np.max, np.min, np.any, np.where, np.select):
            return globals()[f"_{function.__name__}"](self.recorder, *args, **kwargs)
        if _has_rows((args, tuple(kwargs.values()))):
            raise InputError(f"Tracing knows no {function.__name__} of what differs by row.")
        return _known(self.recorder, function, args, kwargs)

    def sum(self, axis: int | None = None) -> Any:  # noqa: ANN401
        """Return the sum over an axis in front of the rows."""
        return _reduced(np.add, self, axis)

    def max(self, axis: int | None = None) -> Any:  # noqa: ANN401
        """Return the largest over an axis in front of the rows."""
        return _reduced(np.maximum, self, axis)

    def min(self, axis: int | None = None) -> Any:  # noqa: ANN401
        """Return the smallest over an axis in front of the rows."""
        return _reduced(np.minimum, self, axis)


class Known(Symbol):
    """A value that holds for all rows, and how it came about."""

    def __init__(self, recorder: Recorder, ref: Ref) -> None:
        self.recorder, self.ref = recorder, ref

    @property
    def value(self) -> Any:  # noqa: ANN401
        """The value itself."""
        return self.recorder.values[self.ref.number]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The lengths of its axes; the last, of rows, is 1."""
        return tuple(np.shape(self.value))

    def any(self) -> bool:
        """Return whether any entry is true: a decision that is written down."""
        return bool(np.any(self))

    def as_floats(self) -> Any:  # noqa: ANN401
        """Return the value as an array of floats."""
        return self.recorder.known(np.asarray, (self, np.float64), {})

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        return self.recorder.known(_item, (self, key), {})

    def __bool__(self) -> bool:
        return bool(self.recorder.decided(self.ref, bool(self.value)))

    def __float__(self) -> float:
        return float(self.recorder.decided(self.ref, float(self.value)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        array = np.array(self.recorder.decided(self.ref, self.value), dtype=dtype)
        return array if copy is not False else np.asarray(array)


class Row(Symbol):
    """A value that differs from row to row: nodes of the graph, one an entry of leading axes."""

    def __init__(self, recorder: Recorder, nodes: NDArray[np.int64]) -> None:
        self.recorder, self.nodes = recorder, nodes
        self.shape = (*nodes.shape, ROWS)

    def as_floats(self) -> Row:
        """Return the value as numbers: 1 for true, 0 for false."""
        return Row(self.recorder, _each(self.recorder.graph.as_number, self.nodes))

    def __getitem__(self, key: Any) -> Row:  # noqa: ANN401
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) >= self.ndim or any(isinstance(one, Symbol) for one in keys):
            raise InputError("Tracing knows no single rows: only leading axes have an index.")
        return Row(self.recorder, np.asarray(self.nodes[keys], dtype=np.int64))

    def __bool__(self) -> bool:
        raise InputError("A branch is taken by what differs by row: write it with numpy.where.")

    __float__ = __bool__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        raise InputError("What differs by row is no array while it is traced.")


def row_operation(recorder: Recorder, ufunc: Any, *inputs: Any) -> Any:  # noqa: ANN401
    """Return a function of NumPy of values of which some differ by row."""
    if ufunc is np.frexp:
        return tuple(_entries(recorder, op, inputs) for op in ("mantissa", "exponent"))
    if ufunc is np.square:
        return _entries(recorder, "mul", (*inputs, *inputs))
    if ufunc is np.positive:
        return inputs[0]
    if ufunc is np.reciprocal:
        return _entries(recorder, "div", (1.0, *inputs))
    if ufunc not in OPERATIONS:
        raise InputError(f"Tracing knows no {ufunc.__name__} of what differs by row.")
    return _entries(recorder, OPERATIONS[ufunc], inputs)


def _entries(recorder: Recorder, op: str, inputs: tuple[Any, ...]) -> Row:
    """Return an operation, made for every entry of the leading axes."""
    operands = [nodes_of(recorder, value) for value in inputs]
    shape = np.broadcast_shapes(*(each.shape for each in operands))
    flat = [np.broadcast_to(each, shape).ravel().tolist() for each in operands]
    made = [_operation(recorder, op, entry) for entry in zip(*flat, strict=True)]
    return Row(recorder, np.array(made, dtype=np.int64).reshape(shape))


def _operation(recorder: Recorder, op: str, operands: tuple[int, ...]) -> int:
    """Return the node of an operation, with what is true or false as NumPy takes it."""
    graph = recorder.graph
    truths = [graph.is_truth(operand) for operand in operands]
    if op in ("and", "or", "not") or (op in ("eq", "ne") and all(truths)):
        if not all(truths):
            raise InputError(f"Tracing knows '{op}' of what is true or false, not of numbers.")
        return _logic(recorder, op, operands)
    if op in ("add", "max", "mul", "min") and all(truths):
        return graph.add("or" if op in ("add", "max") else "and", *operands)
    if op == "where":
        condition, *others = operands
        if not truths[0]:
            condition = graph.add("ne", condition, graph.const(0.0))
        if not all(truths[1:]):
            others = [graph.as_number(other) for other in others]
        return graph.add(op, condition, *others)
    return graph.add(op, *(graph.as_number(operand) for operand in operands))


def _logic(recorder: Recorder, op: str, operands: tuple[int, ...]) -> int:
    graph = recorder.graph
    if op in ("and", "or", "not"):
        return graph.add(op, *operands)
    return graph.add(op, *(graph.as_number(operand) for operand in operands))


def nodes_of(recorder: Recorder, value: Any) -> NDArray[np.int64]:  # noqa: ANN401
    """Return a value as nodes, one an entry of its leading axes."""
    if isinstance(value, Row):
        return value.nodes
    if isinstance(value, Known):
        return _slots(recorder, value)
    array = np.asarray(value)
    if array.ndim == 0:
        return np.array(recorder.graph.const(array.item()), dtype=np.int64)
    consts = [recorder.graph.const(one) for one in _without_rows(array).ravel().tolist()]
    return np.array(consts, dtype=np.int64).reshape(array.shape[:-1])


def _slots(recorder: Recorder, known: Known) -> NDArray[np.int64]:
    """Return a uniform value as slots of a kernel; what is true or false is decided at once."""
    value = np.asarray(known.value)
    if value.dtype == np.bool_:
        return nodes_of(recorder, recorder.decided(known.ref, value))
    if value.ndim:
        _without_rows(value)
    numbers = range(value.size)
    slots = [recorder.graph.leaf("slot", known.ref.number, at) for at in numbers]
    return np.array(slots, dtype=np.int64).reshape(value.shape[:-1] if value.ndim else ())


def _without_rows(array: NDArray[Any]) -> NDArray[Any]:
    if array.shape[-1] != 1:
        raise InputError(
            f"An array of shape {array.shape} meets what differs by row; needs a last axis of 1. "
            "Name the column among the rows if it differs by row."
        )
    return array[..., 0]


def _known(recorder: Recorder, function: Any, args: Any, kwargs: Any) -> Any:  # noqa: ANN401
    return recorder.known(function, args, kwargs)


def _has_rows(values: Any) -> bool:  # noqa: ANN401
    if isinstance(values, list | tuple):
        return any(_has_rows(value) for value in values)
    return isinstance(values, Row)


def _each(function: Any, nodes: NDArray[np.int64]) -> NDArray[np.int64]:  # noqa: ANN401
    made = [function(node) for node in nodes.ravel().tolist()]
    return np.array(made, dtype=np.int64).reshape(nodes.shape)


def _reduced(ufunc: Any, value: Any, axis: int | None = 0, **kwargs: Any) -> Any:  # noqa: ANN401
    """Return a sum or an extreme over a leading axis, entry by entry in its order."""
    given = {name: one for name, one in kwargs.items() if one not in (None, False)}
    if isinstance(value, Known):
        return value.recorder.known(ufunc.reduce, (value,), {"axis": axis, **given})
    if given or not isinstance(axis, int) or not 0 <= axis < value.ndim - 1:
        raise InputError(f"Tracing knows no {ufunc.__name__} over axis {axis}: rows stay apart.")
    parts = [Row(value.recorder, part) for part in np.moveaxis(value.nodes, axis, 0)]
    total = parts[0]
    for part in parts[1:]:
        total = ufunc(total, part)
    return total


def _item(value: Any, key: Any) -> Any:  # noqa: ANN401
    return value[key]


def _sum(recorder: Recorder, value: Any, axis: Any = None) -> Any:  # noqa: ANN401, ARG001
    return _reduced(np.add, value, axis)


def _max(recorder: Recorder, value: Any, axis: Any = None) -> Any:  # noqa: ANN401, ARG001
    return _reduced(np.maximum, value, axis)


def _min(recorder: Recorder, value: Any, axis: Any = None) -> Any:  # noqa: ANN401, ARG001
    return _reduced(np.minimum, value, axis)


def _any(recorder: Recorder, value: Any, axis: Any = None) -> Any:  # noqa: ANN401
    """Return whether anything is true; of what differs by row, that there may be such rows."""
    if isinstance(value, Row):
        consts = [recorder.graph.nodes[node] for node in value.nodes.ravel().tolist()]
        return any(node[0] != "const" or node[1] for node in consts)
    return recorder.known(np.any, (value,), {"axis": axis})


def _broadcast_to(recorder: Recorder, value: Any, shape: tuple[int, ...]) -> Any:  # noqa: ANN401
    """Return a value with more axes in front of its rows; rows themselves need no more."""
    if isinstance(value, Row):
        return Row(recorder, np.broadcast_to(value.nodes, shape[:-1]))
    known = (*shape[:-1], 1) if shape and shape[-1] == ROWS else shape
    return recorder.known(np.broadcast_to, (value, known), {})


def _where(recorder: Recorder, condition: Any, then: Any, other: Any) -> Any:  # noqa: ANN401
    values = (condition, then, other)
    if _has_rows(values):
        return _entries(recorder, "where", values)
    return recorder.known(np.where, values, {})


def _select(recorder: Recorder, conditions: Any, values: Any, default: Any = 0.0) -> Any:  # noqa: ANN401
    if not _has_rows((conditions, values, default)):
        return recorder.known(np.select, (conditions, values, default), {})
    for condition, value in zip(reversed(conditions), reversed(values), strict=True):
        default = _where(recorder, condition, value, default)
    return default
