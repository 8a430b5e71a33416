"""The arithmetic of a spreadsheet's formulas, so that each cell shows its number before a viewer.

Only what the equations of a workbook use: numbers, names, + - * / ^, comparisons, and the functions
below. Names are in small letters, functions in capitals.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from llmcost.errors import InputError, shown

Value = float | Sequence[float]
NAME = re.compile(r"(?<![A-Za-z0-9_])[a-z][a-z0-9_]*")
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "MAX": max,
    "MIN": min,
    "SQRT": math.sqrt,
    "EXP": math.exp,
    "LN": math.log,
    "ROWS": len,
    "INDEX": lambda numbers, place: numbers[int(place) - 1],
    # The place of the last number that is not above the one sought, in numbers that rise.
    "MATCH": lambda sought, numbers, _: bisect_right(numbers, sought),
}
SIGNS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Lt: operator.lt,
}


def references(formula: str) -> tuple[str, ...]:
    """Return the names that a formula refers to, in order.

    >>> references("gpu_hours*price/MAX(1000,tokens)")
    ('gpu_hours', 'price', 'tokens')
    """
    return tuple(dict.fromkeys(NAME.findall(formula)))


def value_of(formula: str, names: Mapping[str, Value]) -> float:
    """Return the number of a formula, from those of the names it refers to.

    Raises InputError where it has none, as for a division by zero.

    >>> value_of("IF(a<2,a*10^(-1),b)", {"a": 1.0, "b": 7.0})
    0.1
    """
    try:
        number = float(_of(_tree(formula), names))
    except (ArithmeticError, TypeError, ValueError) as error:
        raise InputError(
            f"Got numbers for which {shown(formula)} has no value: {error}; needs other numbers."
        ) from error
    if not math.isfinite(number):
        raise InputError(f"Got {number} for {shown(formula)}; needs a finite number.")
    return number


@cache
def _tree(formula: str) -> ast.expr:
    return ast.parse(formula.replace("^", "**"), mode="eval").body


def _of(node: ast.expr, names: Mapping[str, Value]) -> Any:  # noqa: ANN401
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_of(operand, names)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments, names)
        case ast.BinOp(op=sign) | ast.Compare(ops=[sign]):
            return SIGNS[type(sign)](*(_of(side, names) for side in _sides(node)))
    raise InputError(f"Got {shown(ast.unparse(node))}; needs arithmetic that a sheet has.")


def _sides(node: ast.expr) -> tuple[ast.expr, ast.expr]:
    if isinstance(node, ast.Compare):
        return node.left, node.comparators[0]
    return (node.left, node.right) if isinstance(node, ast.BinOp) else (node, node)


def _called(name: str, arguments: Sequence[ast.expr], names: Mapping[str, Value]) -> Any:  # noqa: ANN401
    """Return what a function gives; IF works out only the side that it takes."""
    if name == "IF":
        test, then, otherwise = arguments
        return _of(then if _of(test, names) else otherwise, names)
    return FUNCTIONS[name](*(_of(each, names) for each in arguments))
