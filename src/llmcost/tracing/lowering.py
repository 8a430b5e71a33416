"""From the source of a kernel to machine code: its work is run on vectors of LLVM, by numba."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from llmcost.tracing.source import WIDTH
from llmcost.tracing.vectors import BIT, DOUBLE, DOUBLES, INT64, Maker, Vector

__all__ = ["WIDTH", "compiled", "step_of"]

SIGNS: Mapping[str, str] = MappingProxyType(
    {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
)
WHOLE: Mapping[str, str] = MappingProxyType(
    {"floor": "floor", "ceil": "ceil", "sqrt": "sqrt", "abs": "fabs"}
)
METHODS = (
    "quotient",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "pow",
    "mod",
    "floordiv",
    "exponent",
    "mantissa",
)
SIMPLE: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "and": lambda a, b: a & b,
        "or": lambda a, b: a | b,
        "not": lambda a: ~a,
        "isnan": lambda a: a.compared("!=", a),
        "isfinite": lambda a: (a - a).compared("==", 0.0),
    }
)


SIGNATURE = "void(f8[::1], i8[::1], i8[::1], i8)"


def compiled(rows: Callable[..., None], kept: bool) -> Any:  # noqa: ANN401
    """Return the machine code of a loop over rows; `kept` on disk beside its file.

    It takes slots, the addresses of rows and of results, and the rows: a multiple of WIDTH.
    """
    return njit(SIGNATURE, nogil=True, error_model="numpy", cache=kept)(rows)


def step_of(work: Callable[..., None]) -> Any:  # noqa: ANN401
    """Return the work on one vector of rows as a function that compiled code may call."""

    @intrinsic
    def step(typing: Any, slots: Any, inputs: Any, outputs: Any, start: Any) -> Any:  # noqa: ANN401, ARG001
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
            pointers = [
                context.make_array(kind)(context, builder, value).data
                for kind, value in zip(signature.args[:3], args[:3], strict=True)
            ]
            _Writer(builder, pointers, args[3]).write(work)
            return context.get_dummy_value()

        return types.void(slots, inputs, outputs, start), generate

    return step


class _Writer:
    """What the work of a kernel calls: rows, slots, operations and results of one vector."""

    def __init__(self, builder: Any, pointers: list[Any], start: Any) -> None:  # noqa: ANN401
        self.builder, self.start, self.maker = builder, start, Maker(builder)
        self.slots, self.inputs, self.outputs = pointers

    def write(self, work: Callable[..., None]) -> None:
        work(self.operation, self.near, self.row, self.slot, self.result)

    def near(self, op: str, *values: Any) -> Vector:  # noqa: ANN401
        """Return an operation that may round together with one that it feeds."""
        self.maker.fused = True
        made = self.operation(op, *values)
        self.maker.fused = False
        return made

    def row(self, at: int) -> Vector:
        value = self.builder.load(self._address(self.inputs, at), align=8)
        return Vector(self.maker, value)

    def slot(self, at: int) -> Vector:
        return self.maker.spread(self.builder.load(self._at(self.slots, at)))

    def operation(self, op: str, *values: Any) -> Vector:  # noqa: ANN401
        maker = self.maker
        operands = [maker.vector(value) for value in values]
        if op in SIMPLE:
            made = SIMPLE[op](*operands)
        elif op in SIGNS:
            made = operands[0].compared(SIGNS[op], operands[1])
        elif op in WHOLE:
            made = maker.called(WHOLE[op], *operands)
        elif op in METHODS:
            made = getattr(maker, op)(*operands)
        elif op == "where":
            made = maker.select(*operands)
        elif op == "float":
            made = maker.select(operands[0], 1.0, 0.0)
        else:
            made = maker.extreme(op, *values)
        return cast("Vector", made)

    def result(self, at: int, value: Any) -> None:  # noqa: ANN401
        vector = self.maker.vector(value)
        if vector.value.type.element == BIT:
            vector = self.maker.select(vector, 1.0, 0.0)
        self.builder.store(vector.value, self._address(self.outputs, at), align=8)

    def _at(self, pointer: Any, at: int) -> Any:  # noqa: ANN401
        return self.builder.gep(pointer, [ir.Constant(INT64, at)])

    def _address(self, table: Any, at: int) -> Any:  # noqa: ANN401
        whole = self.builder.load(self._at(table, at))
        first = self.builder.inttoptr(whole, ir.PointerType(DOUBLE))
        here = self.builder.gep(first, [self.start])
        return self.builder.bitcast(here, ir.PointerType(DOUBLES))
