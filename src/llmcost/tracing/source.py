"""Python source of a kernel, from a graph: one line an operation on a vector of rows.

The source holds no value of a column: what holds for all rows is read from slots. Kernels of the
same structure have the same source, and are compiled once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmcost.tracing.cheaper import cheaper, exact_nodes
from llmcost.tracing.graph import LEAVES, Graph

# Rows that are done at once: doubles in the widest registers of today.
WIDTH = 8
# Operations that round; near others they may round once together.
ROUNDED = ("add", "sub", "mul")
HEAD = '''"""Work on rows, written by llmcost.tracing from formulas of NumPy."""

from llmcost.tracing.lowering import WIDTH, compiled, step_of

inf, nan = float("inf"), float("nan")


def work(do, near, row, slot, result):
'''
FOOT = """

step = step_of(work)


def rows(slots, inputs, outputs, count):
    for start in range(0, count, WIDTH):
        step(slots, inputs, outputs, start)


kernel = compiled(rows, kept="__file__" in globals())
"""


# A uniform value, an entry of it, and "inverse" where one over it is wanted.
Slot = tuple[Any, ...]


@dataclass(frozen=True)
class Program:
    """The source of a kernel; its inputs, slots and outputs in the order of its arrays."""

    source: str
    inputs: tuple[tuple[str, int], ...]
    slots: tuple[Slot, ...]
    outputs: tuple[tuple[str, int], ...]
    shapes: Mapping[str, tuple[int, ...]]
    truths: frozenset[str]
    used: tuple[int, ...]


def program_of(
    graph: Graph, roots: Mapping[str, NDArray[np.int64]], rows: Sequence[str]
) -> Program:
    """Return the source of a kernel that makes the roots from the rows."""
    flat = [
        (name, at, node)
        for name, nodes in roots.items()
        for at, node in enumerate(nodes.ravel().tolist())
    ]
    used = graph.used(node for _, _, node in flat)
    work = tuple(used)
    graph, places = cheaper(graph, used)
    flat = [(name, at, places[node]) for name, at, node in flat]
    used = graph.nearest_first(node for _, _, node in flat)
    leaves = [graph.nodes[number] for number in used if graph.nodes[number][0] in LEAVES]
    order = {name: at for at, name in enumerate(rows)}
    inputs = sorted(
        {node[1:] for node in leaves if node[0] == "in"}, key=lambda key: (order[key[0]], key[1])
    )
    slots = [node[1:] for node in leaves if node[0] == "slot"]
    return Program(
        source=_source(graph, used, inputs, slots, [node for _, _, node in flat]),
        inputs=tuple(inputs),
        slots=tuple(slots),
        outputs=tuple((name, at) for name, at, _ in flat),
        shapes={name: nodes.shape for name, nodes in roots.items()},
        truths=frozenset(
            name
            for name, nodes in roots.items()
            if _all_truths(graph, [places[node] for node in nodes.ravel().tolist()])
        ),
        used=work,
    )


def _all_truths(graph: Graph, nodes: list[int]) -> bool:
    return all(graph.is_truth(node) for node in nodes)


def _source(
    graph: Graph, used: list[int], inputs: list[Any], slots: list[Any], roots: list[int]
) -> str:
    places = {("in", *key): f"row({at})" for at, key in enumerate(inputs)}
    places |= {("slot", *key): f"slot({at})" for at, key in enumerate(slots)}
    names: dict[int, str] = {}
    exact, lines = exact_nodes(graph, used), []
    for number in used:
        node = graph.nodes[number]
        if node[0] == "const":
            names[number] = repr(node[1])
            continue
        names[number] = f"v{len(names)}"
        operands = ", ".join(names[operand] for operand in graph.operands(number))
        call = "do" if number in exact or node[0] not in ROUNDED else "near"
        text = places.get(node) or f'{call}("{node[0]}", {operands})'
        lines.append(f"    {names[number]} = {text}")
    results = [f"    result({at}, {names[root]})" for at, root in enumerate(roots)]
    return HEAD + "\n".join([*lines, *results, "    return"]) + "\n" + FOOT
