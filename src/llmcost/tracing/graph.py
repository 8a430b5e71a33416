"""A graph of operations on the numbers of one row: equal work is one node, known work is none.

A node is a tuple of its operation and operands, which are numbers of earlier nodes. Leaves are
inputs ("in"), uniform values that are known when a kernel is called ("slot"), and numbers that
stand in a formula ("const").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from llmcost.tracing.operations import NUMBERS

Node = tuple[Any, ...]
LEAVES = ("in", "slot", "const")
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
LOGIC = ("and", "or", "not")
# Operations whose results are true or false.
TRUTHS = frozenset((*COMPARISONS, *LOGIC, "isnan", "isfinite"))
COMMUTATIVE = frozenset(("add", "mul", "max", "min", "and", "or", "eq", "ne"))
# The last operand that leaves the first as it is.
NEUTRAL: Mapping[str, float] = MappingProxyType(
    {"add": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0, "pow": 1.0}
)
# What an operation counts as, where it is not one: libraries count as the work that they stand for.
FLOP: Mapping[str, int] = MappingProxyType(
    {"exp": 22, "expm1": 24, "log": 26, "log1p": 30, "log2": 28, "pow": 50, "float": 0}
)


class Graph:
    """Nodes in the order of making, which is an order of work; no two are equal."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}

    def leaf(self, kind: str, *key: object) -> int:
        """Return the number of an input or a slot."""
        return self._made((kind, *key))

    def const(self, value: float | bool) -> int:
        """Return the number of a number that is written in a formula."""
        if isinstance(value, bool):
            return self._made(("const", value))
        return self._made(("const", float(value), math.copysign(1.0, value)))

    def is_truth(self, number: int) -> bool:
        """Return whether a node is true or false, not a number."""
        op, *key = self.nodes[number]
        return op in TRUTHS or (op == "const" and isinstance(key[0], bool))

    def add(self, op: str, *operands: int) -> int:
        """Return the number of an operation on nodes, simplified where no row can tell."""
        values = [self._const(operand) for operand in operands]
        if all(value is not None for value in values):
            return self.const(NUMBERS[op](*values))
        simpler = self._simpler(op, operands, values)
        if simpler is not None:
            return simpler
        ordered = tuple(sorted(operands)) if op in COMMUTATIVE else operands
        return self._made((op, *ordered))

    def as_number(self, operand: int) -> int:
        """Return a node as a number: 1 for true, 0 for false."""
        return self.add("float", operand) if self.is_truth(operand) else operand

    def used(self, roots: Iterable[int]) -> list[int]:
        """Return the nodes that roots need, in an order of work."""
        waiting = list(roots)
        needed = set(waiting)
        while waiting:
            for operand in self.operands(waiting.pop()):
                if operand not in needed:
                    needed.add(operand)
                    waiting.append(operand)
        return sorted(needed)

    def nearest_first(self, roots: Iterable[int]) -> list[int]:
        """Return the nodes that roots need, each as late as its first use allows.

        Little is then kept at any time, and less than in the order of making leaves registers.
        """
        order: dict[int, None] = {}
        waiting = [(root, False) for root in reversed(list(roots))]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                order.setdefault(node)
            elif node not in order:
                waiting.append((node, True))
                waiting.extend((one, False) for one in reversed(self.operands(node)))
        return list(order)

    def operands(self, number: int) -> tuple[int, ...]:
        """Return the nodes that a node reads."""
        op, *operands = self.nodes[number]
        return () if op in LEAVES else tuple(operands)

    def _made(self, node: Node) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return number

    def _const(self, number: int) -> Any:  # noqa: ANN401
        node = self.nodes[number]
        return node[1] if node[0] == "const" else None

    def _simpler(self, op: str, operands: tuple[int, ...], values: list[Any]) -> int | None:
        """Return the operand that an operation leaves as it is, or a cheaper operation."""
        if op in ("and", "or", "where"):
            return _by_truth(op, operands, values)
        first, last = operands[0], operands[-1]
        if op == "pow" and values[-1] == 2.0:
            return self.add("mul", first, first)
        if op in ("add", "mul") and values[0] == (op == "mul"):
            return last
        neutral = NEUTRAL.get(op)
        same = op in ("max", "min") and first == last
        return first if same or (neutral is not None and values[-1] == neutral) else None


def _by_truth(op: str, operands: tuple[int, ...], values: list[Any]) -> int | None:
    """Return the operand that a known condition, or two equal operands, leave."""
    if op == "where":
        if values[0] is not None:
            return operands[1] if values[0] else operands[2]
        return operands[1] if operands[1] == operands[2] else None
    neutral = op == "and"
    for own, other in ((0, 1), (1, 0)):
        if values[own] is not None:
            return operands[other] if bool(values[own]) == neutral else operands[own]
    return operands[0] if operands[0] == operands[1] else None


def flop_by_kind(graph: Graph, used: Iterable[int]) -> dict[str, int]:
    """Return the arithmetic operations of a row by kind, with functions as the work of each."""
    counts: dict[str, int] = {}
    for number in used:
        op = graph.nodes[number][0]
        if op not in LEAVES and op != "float":
            counts[op] = counts.get(op, 0) + FLOP.get(op, 1)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
