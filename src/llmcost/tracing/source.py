"""Python source of a kernel, from a graph: straight lines over stripes of rows.

A stripe is short enough for all that is kept between two parts of the work to stay in a cache, and
a part is small enough for a compiler to be done with it soon. There is no branch in it: what a
condition decides is selected, so that a compiler can do several rows at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmcost.tracing.graph import LEAVES, Graph

STRIPE = 64
PART = 400

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "abs": "abs({0})",
        "floor": "np.floor({0})",
        "ceil": "np.ceil({0})",
        "sqrt": "sqrt({0})",
        "isnan": "{0} != {0}",
        "isfinite": "{0} - {0} == 0.0",
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} != {1}",
        "and": "{0} & {1}",
        "or": "{0} | {1}",
        "not": "not {0}",
        "where": "{1} if {0} else {2}",
        "float": "1.0 if {0} else 0.0",
    }
)
# Functions of llmcost.tracing.functions, by the operation that each is.
CALLS = ("exp", "expm1", "log", "log1p", "log2", "pow", "mod", "floordiv", "exponent", "mantissa")


@dataclass(frozen=True)
class Program:
    """The source of a kernel; its inputs, slots and outputs in the order of its arrays."""

    source: str
    inputs: tuple[tuple[str, int], ...]
    slots: tuple[tuple[int, int], ...]
    outputs: tuple[tuple[str, int], ...]
    shapes: Mapping[str, tuple[int, ...]]
    truths: frozenset[str]
    used: tuple[int, ...]


def program_of(
    graph: Graph,
    roots: Mapping[str, NDArray[np.int64]],
    rows: Sequence[str],
    part: int = PART,
    stripe: int = STRIPE,
) -> Program:
    """Return the source of a kernel that makes the roots from the rows."""
    flat = [(name, at, node) for name, nodes in roots.items() for at, node in _entries(nodes)]
    used = graph.used(node for _, _, node in flat)
    leaves = [graph.nodes[number] for number in used if graph.nodes[number][0] in LEAVES]
    order = {name: at for at, name in enumerate(rows)}
    inputs = sorted({node[1:] for node in leaves if node[0] == "in"}, key=lambda k: (order[k[0]], k[1]))
    slots = [node[1:] for node in leaves if node[0] == "slot"]
    writer = _Writer(graph, inputs, slots, stripe)
    return Program(
        source=writer.source(used, [node for _, _, node in flat], part),
        inputs=tuple(inputs),
        slots=tuple(slots),
        outputs=tuple((name, at) for name, at, _ in flat),
        shapes={name: nodes.shape for name, nodes in roots.items()},
        truths=frozenset(
            name for name, nodes in roots.items() if all(map(graph.is_truth, nodes.ravel().tolist()))
        ),
        used=tuple(used),
    )


def _entries(nodes: NDArray[np.int64]) -> list[tuple[int, int]]:
    return list(enumerate(nodes.ravel().tolist()))


class _Writer:
    """Writes parts, and keeps what passes from one to the next in places of a workspace."""

    def __init__(self, graph: Graph, inputs: list[Any], slots: list[Any], stripe: int) -> None:
        self.graph, self.stripe = graph, stripe
        self.inputs = {("in", *key): at for at, key in enumerate(inputs)}
        self.slots = {("slot", *key): at for at, key in enumerate(slots)}
        self.names: dict[int, str] = {}

    def source(self, used: list[int], roots: list[int], size: int) -> str:
        work = [number for number in used if self.graph.nodes[number][0] not in LEAVES]
        for number in used:
            self.names[number] = f"v{len(self.names)}"
        parts = [work[at : at + size] for at in range(0, len(work), size)] or [[]]
        last_use = self._last_uses(parts, roots)
        places: dict[int, int] = {}
        free: list[int] = []
        count = 0
        texts = []
        for number, part in enumerate(parts):
            read = self._read(part, roots if number == len(parts) - 1 else [])
            kept = [node for node in part if last_use[node] > number]
            ins = {node: places[node] for node in read if node in places}
            for node in list(places):
                if last_use[node] <= number and node in places and number < len(parts) - 1:
                    pass
            new = {}
            for node in kept:
                if free:
                    new[node] = free.pop()
                else:
                    new[node] = count
                    count += 1
            final = roots if number == len(parts) - 1 else None
            texts.append(self._part(number, part, ins, new, final))
            places.update(new)
            for node in [n for n in places if last_use[n] <= number]:
                free.append(places.pop(node))
        return self._whole(texts, count, len(roots))

    def _last_uses(self, parts: list[list[int]], roots: list[int]) -> dict[int, int]:
        last: dict[int, int] = {}
        for number, part in enumerate(parts):
            for node in part:
                last.setdefault(node, number)
                for operand in self.graph.operands(node):
                    last[operand] = number
        for root in roots:
            last[root] = len(parts)  - 1 if root in parts[-1] else len(parts) - 1
        return last

    def _read(self, part: list[int], roots: list[int]) -> list[int]:
        own = set(part)
        needed = {operand for node in part for operand in self.graph.operands(node)} | set(roots)
        return sorted(needed - own)

    def _part(self, number, part, ins, new, roots):
        own = set(part)
        needed = self._read(part, roots or [])
        before, lines = [], []
        for node in needed:
            kind, *rest = self.graph.nodes[node]
            name = self.names[node]
            if kind == "slot":
                before.append(f"    {name} = u[{self.slots[self.graph.nodes[node]]}]")
            elif kind == "in":
                lines.append(f"        {name} = x[{self.inputs[self.graph.nodes[node]]}, i]")
            elif kind != "const":
                text = f"w[{ins[node]}, i]"
                truth = " != 0.0" if self.graph.is_truth(node) else ""
                lines.append(f"        {name} = {text}{truth}")
        for node in part:
            lines.append(f"        {self.names[node]} = {self._expression(node)}")
        for node, place in new.items():
            lines.append(f"        w[{place}, i] = {self._stored(node)}")
        for at, root in enumerate(roots or []):
            lines.append(f"        y[{at}, i] = {self._stored(root)}")
        head = f"def part_{number}(u, x, w, y):"
        loop = f"    for i in range({self.stripe}):"
        return "\n".join([DECORATOR, head, *before, loop, *(lines or ["        pass"])])

    def _stored(self, node: int) -> str:
        name = self._operand(node)
        return f"1.0 if {name} else 0.0" if self.graph.is_truth(node) else name

    def _operand(self, node: int) -> str:
        kind, *rest = self.graph.nodes[node]
        return _number(rest[0]) if kind == "const" else self.names[node]

    def _expression(self, node: int) -> str:
        op, *operands = self.graph.nodes[node]
        names = [self._operand(operand) for operand in operands]
        if op in ("max", "min"):
            return self._extreme(op, operands, names)
        if op in CALLS:
            return f"{op}({', '.join(names)})"
        return TEMPLATES[op].format(*names)

    def _extreme(self, op, operands, names):
        sign = ">" if op == "max" else "<"
        for own, other in ((0, 1), (1, 0)):
            node = self.graph.nodes[operands[other]]
            if node[0] == "const" and node[1] == node[1]:
                a, b = names[other], names[own]
                return f"{a} if {a} {sign} {b} else {b}"
        a, b = names
        return f"{a} if ({a} {sign} {b}) | ({a} != {a}) else {b}"

    def _whole(self, texts, places, outputs):
        s = self.stripe
        calls = "\n".join(f"        part_{at}(u, x, w, y)" for at in range(len(texts)))
        return (
            HEAD
            + "\n\n\n".join(texts)
            + f"""


{DECORATOR_MAIN}
def kernel(u, rows, y_all, n):
    x = np.ones(({max(len(self.inputs), 1)}, {s}))
    w = np.empty(({max(places, 1)}, {s}))
    y = np.empty(({max(outputs, 1)}, {s}))
    for start in range(0, n, {s}):
        m = min({s}, n - start)
        for k in range({len(self.inputs)}):
            for i in range(m):
                x[k, i] = rows[k, start + i]
{calls}
        for k in range({outputs}):
            for i in range(m):
                y_all[k, start + i] = y[k, i]
"""
        )


HEAD = """import numpy as np
from numba import njit
from math import sqrt

from llmcost.tracing.functions import *

"""
DECORATOR = '@njit(nogil=True, error_model="numpy")'
DECORATOR_MAIN = DECORATOR


def _number(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value)
    if np.isfinite(value):
        return repr(float(value))
    return "nan" if np.isnan(value) else ("inf" if value > 0 else "(-inf)")
