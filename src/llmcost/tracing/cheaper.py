"""Dividing costs as much as sixteen products: what divides by the same is made from one inverse.

Where a result decides something (a rounding up, a comparison), the quotient is the one that
NumPy's division rounds to, to the last bit. Elsewhere it may be a unit in the last place away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from llmcost.tracing.graph import COMPARISONS, LEAVES, Graph

# What a last bit can turn over.
DECIDING = frozenset((*COMPARISONS, "floor", "ceil", "mod", "floordiv", "exponent", "mantissa"))


def exact_nodes(graph: Graph, used: Iterable[int]) -> set[int]:
    """Return the nodes whose last bit may decide something."""
    waiting: list[int] = []
    for number in used:
        if graph.nodes[number][0] in DECIDING:
            waiting.extend(graph.operands(number))
    found = set(waiting)
    while waiting:
        for operand in graph.operands(waiting.pop()):
            if operand not in found:
                found.add(operand)
                waiting.append(operand)
    return found


def cheaper(graph: Graph, used: list[int]) -> tuple[Graph, dict[int, int]]:
    """Return a graph with fewer divisions, and which of its nodes stands for each of the old."""
    exact = exact_nodes(graph, used)
    divisors = Counter(graph.nodes[number][2] for number in used if graph.nodes[number][0] == "div")
    made, places = Graph(), {}
    for number in used:
        op, *operands = graph.nodes[number]
        if op == "const":
            places[number] = made.const(operands[0])
        elif op in LEAVES:
            places[number] = made.leaf(op, *operands)
        elif op == "div":
            shared = divisors[operands[1]] > 1
            upper, lower = places[operands[0]], places[operands[1]]
            places[number] = _quotient(made, upper, lower, shared, number in exact)
        else:
            places[number] = made.add(op, *(places[operand] for operand in operands))
    return made, places


def _quotient(graph: Graph, upper: int, lower: int, shared: bool, exact: bool) -> int:
    kind, *key = graph.nodes[lower]
    if kind == "slot":
        inverse = graph.leaf("slot", *key[:2], "inverse")
    elif kind == "const":
        inverse = graph.const(float(np.divide(1.0, key[0])))
    elif shared:
        inverse = graph.add("div", graph.const(1.0), lower)
    else:
        return graph.add("div", upper, lower)
    if graph.nodes[upper] == graph.nodes[graph.const(1.0)]:
        return inverse
    if exact and not (kind == "const" and abs(np.frexp(key[0])[0]) == 0.5):
        return graph.add("quotient", upper, lower, inverse)
    return graph.add("mul", upper, inverse)
